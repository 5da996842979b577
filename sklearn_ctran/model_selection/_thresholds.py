"""One threshold for each label, or one for all, learned from out-of-fold probabilities."""

from dataclasses import dataclass
from numbers import Real

import numpy as np
from sklearn.utils._param_validation import StrOptions

from sklearn_ctran._utils.names import listed
from sklearn_ctran._utils.warnings import warn
from sklearn_ctran.model_selection._meta import (
    LearnedOutOfFold,
    usable_entries,
    warn_nothing_learned,
)

_FLOORS = {"precision": "recall", "recall": "precision"}


class TunedThresholds(LearnedOutOfFold):
    """A multi-label classifier whose labels are positive above thresholds of their own.

    The thresholds are the best for out-of-fold probabilities of the training data, nothing being
    known of the labels (SCut of Yang: A Study on Thresholding Strategies for Text Categorization,
    SIGIR 2001); then the estimator is fitted on all of them. Of equally good thresholds the one
    closest to 0.5 is taken. Labels that exclude each other by the estimator's rules may both
    be above theirs. `score` is mean average precision, which does not depend on thresholds.

    Of a 1-D `y`, one class a sample, the most probable class is predicted: there is no threshold to
    tune, which `fit` warns of.

    Parameters
    ----------
    estimator : estimator
        Has ``fit`` and ``predict_proba``: an estimator of this package, a multi-label classifier of
        scikit-learn's, or a Pipeline that ends in one. It is cloned.
    metric : {"f1", "micro_f1", "precision", "recall", "cost"}, default="f1"
        What a label's threshold makes best: "f1"; "precision", while recall is at least `floor`;
        "recall", while precision is at least `floor`; "cost": least cost of errors.

        "micro_f1": one threshold for all labels, that makes the F1 of all their entries best, OF1
        (:func:`sklearn_ctran.metrics.overall_f1`), where frequent labels count most. Of
        probabilities that are right no thresholds label by label do better (Koyejo et al.:
        Consistent Multilabel Classification, NIPS 2015), and one is learned from all entries. "f1"
        treats labels alike.
    floor : float, default=None
        In (0, 1]; for "precision" and "recall", which need it, only. A label that cannot reach it
        gets the threshold at which it comes closest, and a warning.
    costs : (float, float), default=None
        What a false positive and a false negative cost, at least 0 and not both 0; for "cost",
        which needs it, only.
    cv : int, splitter, iterable of (train, test) or "prefit", default=5
        Number of shuffled, stratified folds (:class:`MultilabelStratifiedKFold`), or how to split;
        each row must be held out exactly once. None is 5. "prefit": `estimator` is fitted already,
        is neither cloned nor changed, and `fit` gets samples that it was not fitted on. The columns
        of `y` are then the labels in its order: where it has ``label_names_``, those of a DataFrame
        are checked; estimators of scikit-learn's keep no names of labels.
    n_jobs : int, default=None
        Folds to fit at a time; None means 1, -1 all cores.
    random_state : int, RandomState instance or None, default=None
        Seeds the folds if `cv` is a number; the estimator has its own.

    Attributes
    ----------
    thresholds_ : ndarray of shape (n_labels,), float64
        In [0, 1]; a label is positive if its probability is above: never, at 1. 0.5 for labels
        that have nothing to learn from, with a warning. NaN for a 1-D `y`.
    estimator_ : estimator
        Fitted.
    label_names_, extra_label_names_ : ndarray of shape (n_labels,), (n_extra_labels,)
        Names, as of the estimator's protocol.
    n_labels_ : int
    classes_ : ndarray
        As of the estimator's protocol.
    label_groups_ : dict
        The estimator's, if it has groups.
    n_features_in_, feature_names_in_ : int, ndarray
        The estimator's, if it has any.

    See Also
    --------
    MultilabelCalibrator : Makes the probabilities themselves right.
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
        estimator,
        *,
        metric="f1",
        floor=None,
        costs=None,
        cv=5,
        n_jobs=None,
        random_state=None,
    ):
        self.estimator = estimator
        self.metric = metric
        self.floor = floor
        self.costs = costs
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state

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
                "costs must be what a false positive and a false negative cost, two finite numbers "
                f"of at least 0 that are not both 0; got {self.costs!r}."
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
        thresholds = np.full(len(names), 0.5)
        empty, below, usable = [], [], {}
        for label, entries in enumerate(usable_entries(held_out(), samples)):
            if entries is None:
                empty.append(label)
                continue
            usable[label] = entries
            if self.metric != "micro_f1":
                thresholds[label], reaches = self._best(_Cuts.of(*entries))
                if not reaches:
                    below.append(label)
        if self.metric == "micro_f1" and usable:
            # As if they all were entries of one label.
            together = [np.concatenate(of) for of in zip(*usable.values(), strict=True)]
            thresholds[list(usable)], _ = self._best(_Cuts.of(*together))
        warn_nothing_learned(names[empty], "their threshold is 0.5")
        self._warn_below(names[below])
        return {"thresholds_": thresholds}

    def _best(self, cuts):
        """The best threshold of a label, and whether it reaches the floor, if there is one."""
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
                f"Label(s) {listed(names)} reach {bounded} {self.floor:g} at no threshold: "
                f"theirs is where {bounded} is highest. Lower floor, or improve the estimator."
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
    """All ways to cut a label's probabilities in two, highest first.

    Attributes
    ----------
    thresholds : ndarray of shape (n_cuts,), float64
        In [0, 1].
    tp, fp, fn : ndarray of shape (n_cuts,), float64
        Weights of true positives, false positives and false negatives above each.
    """

    thresholds: np.ndarray
    tp: np.ndarray
    fp: np.ndarray
    fn: np.ndarray

    @classmethod
    def of(cls, proba, truth, weight):
        """Cuts of probabilities (n,), of entries that are true or not, bool (n,), weights (n,)."""
        order = np.argsort(-proba, kind="stable")
        proba, truth, weight = proba[order], truth[order], weight[order]
        # Nothing, then one more run of equal probabilities at a time; no threshold is below 0.
        n_above = np.append(0, np.flatnonzero(np.diff(proba[proba > 0], append=-1.0)) + 1)
        thresholds = _between(np.append(proba, 0.0)[n_above], np.append(1.0, proba)[n_above])
        tp, fp = (np.append(0.0, (weight * of).cumsum()) for of in (truth, ~truth))
        return cls(thresholds, tp[n_above], fp[n_above], tp[-1] - tp[n_above])

    def best(self, *goals):
        """Index of the cut that is highest in the first goal (n_cuts,), among equals in the next.

        Among equals in all of them the one nearest to 0.5.
        """
        nearness = -np.abs(self.thresholds - 0.5)
        return np.lexsort([nearness, *goals[::-1]])[-1]

    @property
    def precision(self):
        """Of each cut, 0 where nothing is above."""
        above = self.tp + self.fp
        return self.tp / np.where(above > 0, above, 1.0)

    @property
    def recall(self):
        """Of each cut."""
        return self.tp / (self.tp + self.fn)


def _between(lower, upper):
    """A threshold in [lower, upper) for each pair: 0.5, or else the middle."""
    middle = (lower + upper) / 2
    middle = np.where(middle < upper, middle, lower)
    return np.where((lower <= 0.5) & (upper > 0.5), 0.5, middle)
