"""Thresholds, one for each label or one for all, learned from out-of-fold probabilities."""

from dataclasses import dataclass
from numbers import Real
from typing import Literal

import numpy as np
from sklearn.utils._param_validation import StrOptions

from sklearn_ctran._utils.names import listed
from sklearn_ctran._utils.typing import Estimator, RandomState, Splits
from sklearn_ctran._utils.warnings import warn
from sklearn_ctran.model_selection._meta import (
    LearnedOutOfFold,
    usable_entries,
    warn_nothing_learned,
)

_FLOORS = {"precision": "recall", "recall": "precision"}


class TunedThresholds(LearnedOutOfFold):
    """A multi-label classifier with a tuned threshold for each label.

    Thresholds are the best for out-of-fold probabilities of the training data, predicted without
    known labels (SCut of Yang: A Study on Thresholding Strategies for Text Categorization, SIGIR
    2001). Then the estimator is fitted on all training data. Of equally good thresholds the one
    closest to 0.5 is taken. Labels that exclude each other by the estimator's rules may both be
    above their thresholds. `score` is mean average precision, which does not depend on thresholds.

    For a 1-D `y`, one class a sample, the most probable class is predicted: there is no threshold
    to tune, and `fit` warns.

    Parameters
    ----------
    estimator : estimator
        An estimator of this package, a multi-label classifier of scikit-learn with
        ``predict_proba``, or a Pipeline that ends in one. It is cloned.
    metric : {"f1", "micro_f1", "precision", "recall", "cost"}, default="f1"
        What a label's threshold optimizes. "f1"; "precision", while recall is at least `floor`;
        "recall", while precision is at least `floor`; "cost", the least cost of errors.

        "micro_f1": one threshold for all labels, with the best F1 of all their entries, OF1
        (:func:`sklearn_ctran.metrics.overall_f1`), in which frequent labels weigh most. If
        probabilities are calibrated, separate thresholds cannot do better (Koyejo et al.:
        Consistent Multilabel Classification, NIPS 2015), and one is learned from all entries. "f1"
        treats labels alike.
    floor : float, default=None
        In (0, 1]; required by "precision" and "recall", not allowed otherwise. A label that cannot
        reach it gets the threshold at which it comes closest, and a warning.
    costs : (float, float), default=None
        Cost of a false positive and of a false negative, at least 0 and not both 0; required by
        "cost", not allowed otherwise.
    cv : int, splitter, iterable of (train, test) or "prefit", default=5
        Number of shuffled, stratified folds (:class:`MultilabelStratifiedKFold`), or how to split;
        each row must be held out exactly once. None is 5. "prefit": `estimator` is already fitted
        and is neither cloned nor changed; pass samples to `fit` that it was not fitted on. The
        columns of `y` must then be its labels. Those of a DataFrame are matched by name if the
        estimator has ``label_names_``; estimators of scikit-learn have none, and need their order.
    n_jobs : int, default=None
        Folds to fit at a time; None means 1, -1 all cores.
    random_state : int, RandomState instance or None, default=None
        Seeds the folds if `cv` is a number; the estimator has its own.
    verbose : int, default=0
        Above 0, `fit` shows on standard error how many folds are done.

    Attributes
    ----------
    thresholds_ : ndarray of shape (n_labels,), float64
        In [0, 1]. A label is positive if its probability is above its threshold; at 1 it is never
        positive. 0.5, with a warning, for labels without positives or without negatives. NaN for a
        1-D `y`.
    estimator_ : estimator
        The fitted estimator.
    label_names_, extra_label_names_ : ndarray of shape (n_labels,), (n_extra_labels,)
        Names, as in the fitted estimator.
    n_labels_ : int
    classes_ : ndarray
        As in the fitted estimator.
    label_groups_ : dict
        As in the fitted estimator, if it has groups.
    n_features_in_, feature_names_in_ : int, ndarray
        As in the fitted estimator, if it has them.

    See Also
    --------
    MultilabelCalibrator : Calibrates the probabilities themselves.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_ctran.model_selection import TunedThresholds
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> TunedThresholds(KNeighborsClassifier(), random_state=0).fit(X, Y).thresholds_
    array([0.1, 0.3, 0.5, 0.1, 0.3])
    """

    _parameter_constraints: dict = {
        **LearnedOutOfFold._parameter_constraints,
        "metric": [StrOptions({"f1", "micro_f1", "precision", "recall", "cost"})],
        "floor": [Real, None],
        "costs": [tuple, list, None],
    }

    thresholds_: np.ndarray

    def __init__(
        self,
        estimator: Estimator,
        *,
        metric: Literal["f1", "micro_f1", "precision", "recall", "cost"] = "f1",
        floor: float | None = None,
        costs: tuple[float, float] | None = None,
        cv: Splits | Literal["prefit"] = 5,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.metric = metric
        self.floor = floor
        self.costs = costs
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _check_params(self):
        for name, value, metrics in (
            ("floor", self.floor, tuple(_FLOORS)),
            ("costs", self.costs, ("cost",)),
        ):
            if (value is not None) != (self.metric in metrics):
                needs = "needs" if value is None else "does not use"
                raise ValueError(f"metric={self.metric!r} {needs} {name}, got {name}={value!r}.")
        if self.floor is not None and not 0 < self.floor <= 1:
            raise ValueError(f"floor must be above 0 and at most 1, got {self.floor!r}.")
        if self.costs is not None and not _are_costs(self.costs):
            raise ValueError(
                "costs must be two finite numbers, the cost of a false positive and of a false "
                f"negative, at least 0 and not both 0; got {self.costs!r}."
            )

    def _learn(self, samples, held_out):
        names = samples.targets.names
        if samples.targets.exclusive:
            warn(
                "y is 1-D, one class a sample: predict takes the most probable class, and no "
                "threshold is tuned. For thresholds, give y one column of 0 and 1 for each class; "
                "for two classes there is sklearn.model_selection.TunedThresholdClassifierCV."
            )
            return {"thresholds_": np.full(len(names), np.nan)}
        by_label = usable_entries(held_out(), samples)
        usable = {label: each for label, each in enumerate(by_label) if each is not None}
        pools = [list(usable)] if self.metric == "micro_f1" else [[label] for label in usable]
        thresholds, reaches = np.full(len(names), 0.5), np.ones(len(names), dtype=bool)
        for labels in filter(None, pools):
            parts = zip(*(usable[label] for label in labels), strict=True)
            cuts = _Cuts.of(*(np.concatenate(part) for part in parts))
            thresholds[labels], reaches[labels] = self._best(cuts)
        warn_nothing_learned(np.delete(names, list(usable)), "their threshold is 0.5")
        self._warn_below(names[~reaches])
        return {"thresholds_": thresholds}

    def _best(self, cuts):
        """The best threshold, and False if the floor is reached at no threshold."""
        reaches = True
        if self.metric in ("f1", "micro_f1"):
            goals = [2 * cuts.tp / (2 * cuts.tp + cuts.fp + cuts.fn)]
        elif self.metric == "cost":
            goals = [-(self.costs[0] * cuts.fp + self.costs[1] * cuts.fn)]
        else:
            bounded, maximised = (getattr(cuts, m) for m in (_FLOORS[self.metric], self.metric))
            reaches = bool((bounded >= self.floor).any())
            goals = [np.minimum(bounded, self.floor), maximised, bounded]
        return cuts.thresholds[cuts.best(*goals)], reaches

    def _warn_below(self, names):
        if len(names):
            bounded = _FLOORS[self.metric]
            warn(
                f"Label(s) {listed(names)} reach {bounded} {self.floor:g} at no threshold: their "
                f"threshold is where {bounded} is highest. Lower floor, or improve the estimator."
            )

    def _transform(self, probas):
        return probas[0]

    @property
    def _cuts(self):
        return 0.5 if self.task_.exclusive else self.thresholds_


def _are_costs(costs):
    numbers = all(isinstance(cost, Real) and 0 <= cost < np.inf for cost in costs)
    return len(costs) == 2 and numbers and any(costs)


@dataclass(frozen=True)
class _Cuts:
    """All ways to divide a label's probabilities by a threshold, the highest first.

    Attributes
    ----------
    thresholds : ndarray of shape (n_cuts,), float64
        In [0, 1].
    tp, fp, fn : ndarray of shape (n_cuts,), float64
        Weights of true positives, false positives and false negatives at each threshold.
    """

    thresholds: np.ndarray
    tp: np.ndarray
    fp: np.ndarray
    fn: np.ndarray

    @classmethod
    def of(cls, proba, truth, weight):
        """Cuts of probabilities (n,), float, with truth (n,), bool, and weights (n,), float."""
        order = np.argsort(-proba, kind="stable")
        proba, truth, weight = proba[order], truth[order], weight[order]
        # How many entries are above: none, then one more run of equal probabilities at a time.
        # Probabilities of 0 are above no threshold.
        n_above = np.append(0, np.flatnonzero(np.diff(proba[proba > 0], append=-1.0)) + 1)
        thresholds = _between(np.append(proba, 0.0)[n_above], np.append(1.0, proba)[n_above])
        tp, fp = (np.append(0.0, (weight * mask).cumsum()) for mask in (truth, ~truth))
        return cls(thresholds, tp[n_above], fp[n_above], tp[-1] - tp[n_above])

    def best(self, *goals):
        """Index of the cut that maximizes the first goal, (n_cuts,); ties go by the next goals.

        Ties in all goals go to the threshold nearest to 0.5.
        """
        nearness = -np.abs(self.thresholds - 0.5)
        return np.lexsort([nearness, *goals[::-1]])[-1]

    @property
    def precision(self):
        """Precision of each cut; 0 where nothing is above the threshold."""
        above = self.tp + self.fp
        return self.tp / np.where(above > 0, above, 1.0)

    @property
    def recall(self):
        """Recall of each cut."""
        return self.tp / (self.tp + self.fn)


def _between(lower, upper):
    """A threshold in [lower, upper) for each pair: 0.5 if inside, else the middle."""
    middle = (lower + upper) / 2
    middle = np.where(middle < upper, middle, lower)
    return np.where((lower <= 0.5) & (upper > 0.5), 0.5, middle)
