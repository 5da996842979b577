"""The label powerset: each set of labels is a class."""

from numbers import Real

import numpy as np
from sklearn.base import clone
from sklearn.utils._param_validation import Interval

from sklearn_ctran._utils.typing import Estimator
from sklearn_ctran._utils.warnings import warn
from sklearn_ctran.baselines._base import Baseline, check_wrapped
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN


class LabelPowerset(Baseline):
    """One multiclass classifier, whose classes are the label sets of the training samples [1]_.

    The probability of a label is the sum of those of all label sets that have it. Known labels
    condition exactly: sets that contradict them are dropped, and the probabilities of the rest are
    scaled to sum to 1. If all sets contradict the known labels (or have a probability of exactly
    0), the sets that contradict the fewest known labels are kept. With `smoothing` above 0 no set
    is dropped, and label sets that training has not seen are possible.

    Samples with a missing entry have no label set and are left out; a warning says how many.

    Parameters
    ----------
    estimator : classifier, default=None
        With ``predict_proba``; a clone is fitted to tell the label sets apart. None for
        ``LogisticRegression(max_iter=1000)``.
    prune : float, default=0
        Label sets of at most this number of samples (or sum of `sample_weight`) are pruned [2]_.
        0 keeps all.
    reintroduce : bool, default=True
        Whether samples of a pruned set are used again under disjoint kept subsets of it: the
        largest first, and the more frequent one of equally large ones [2]_. Otherwise they are
        left out.
    smoothing : float, default=0.0
        The probability, in [0, 0.5), with which each label differs from that of the label set that
        the classifier predicts, independently of the others. Each known label that a set
        contradicts then divides the set's probability by ``(1 - smoothing) / smoothing``.

    Attributes
    ----------
    estimator_ : classifier or None
        The fitted clone; its classes are rows of `label_sets_`. None if there is only one label
        set, which then has probability 1.
    label_sets_ : ndarray of shape (n_sets, n_labels + n_extra_labels), int8
        The label sets, targets first, then extra labels.
    classes_ : ndarray
        ``[[0, 1]] * n_labels``; for a 1-D `y` the classes, of shape (n_classes,).
    n_labels_ : int
        Number of labels; of classes for a 1-D `y`.
    label_names_ : ndarray of shape (n_labels,)
        The columns of a data frame `y`, else 0, 1, ...; the classes of a 1-D `y`.
    extra_label_names_ : ndarray of shape (n_extra_labels,)
        The columns of a data frame or dict `extra_labels`, else "extra0", "extra1", ...
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Only if `X` was a data frame.

    Notes
    -----
    ``predict`` sets each label by its own probability; ``predict(decoding="beam")`` looks for the
    most probable label set.

    References
    ----------
    .. [1] M. Boutell, J. Luo, X. Shen, C. Brown: Learning Multi-Label Scene Classification.
       Pattern Recognition 37(9), 2004.
    .. [2] J. Read: A Pruned Problem Transformation Method for Multi-label Classification. New
       Zealand Computer Science Research Student Conference 2008.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import LabelPowerset
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> model = LabelPowerset(prune=2).fit(X, Y)
    >>> model.predict_proba(X, known_labels={0: 1}).shape
    (100, 5)
    """

    _parameter_constraints = {
        "estimator": "no_validation",
        "prune": [Interval(Real, 0, None, closed="left")],
        "reintroduce": ["boolean"],
        "smoothing": [Interval(Real, 0, 0.5, closed="left")],
    }

    def __init__(
        self,
        estimator: Estimator = None,
        *,
        prune: float = 0,
        reintroduce: bool = True,
        smoothing: float = 0.0,
    ) -> None:
        self.estimator = estimator
        self.prune = prune
        self.reintroduce = reintroduce
        self.smoothing = smoothing

    def _fit_labels(self, X, states, sample_weight):
        estimator = check_wrapped(self.estimator, sample_weight)
        complete = _complete_rows(states)
        sets, codes = np.unique(states[complete], axis=0, return_inverse=True)
        codes = codes.reshape(-1)
        weight = None if sample_weight is None else sample_weight[complete]
        sizes = np.bincount(codes, weights=weight)
        kept = np.flatnonzero(sizes > self.prune)
        if not len(kept):
            raise ValueError(
                f"prune={self.prune} prunes all label sets, the largest of which has "
                f"{sizes.max():g} samples: lower it."
            )
        becomes = [[] for _ in sets]
        for number, code in enumerate(kept):
            becomes[code] = [number]
        if self.reintroduce:
            for code in np.flatnonzero(sizes <= self.prune):
                becomes[code] = _disjoint_subsets(sets[code], sets[kept], sizes[kept])
        pairs = [
            (row, number)
            for row, code in zip(complete, codes, strict=True)
            for number in becomes[code]
        ]
        rows, numbers = np.array(pairs).T
        self.label_sets_ = sets[kept]
        self.estimator_ = None
        if len(kept) > 1:
            weight = {} if sample_weight is None else {"sample_weight": sample_weight[rows]}
            self.estimator_ = clone(estimator).fit(X[rows], numbers, **weight)

    def _label_probabilities(self, X, states):
        if self.estimator_ is None:
            proba = np.ones((len(X), 1))
        else:
            proba = self.estimator_.predict_proba(X).astype(np.float64)
        sets = self.label_sets_.astype(np.float64)
        contradicted = (states == POSITIVE) @ (1 - sets).T + (states == NEGATIVE) @ sets.T
        # A set of probability 0 stays impossible, whatever it agrees with.
        contradicted[proba == 0] = np.inf
        surplus = contradicted - contradicted.min(axis=1, keepdims=True)
        e = self.smoothing
        proba *= (e / (1 - e)) ** surplus  # 0 ** 0 is 1
        # A sum over all sets may exceed 1 by a rounding error.
        proba = np.minimum(proba @ sets / proba.sum(axis=1, keepdims=True), 1.0)
        proba = e + (1 - 2 * e) * proba
        # It may be that no set agrees with the known classes.
        return self.task_.scale_classes(proba, states)


def _complete_rows(states):
    """Positions of the rows without a missing entry; warn of the others, raise if all have one."""
    complete = np.flatnonzero((states != UNKNOWN).all(axis=1))
    if not len(complete):
        raise ValueError(
            "Every sample has a missing entry (-1 or NaN), so that no label set is known: use "
            "another baseline, or leave out labels that few samples are annotated for."
        )
    if len(complete) < len(states):
        warn(
            f"LabelPowerset leaves out {len(states) - len(complete)} of {len(states)} rows, which "
            "have a missing entry (-1 or NaN) and therefore no label set. Leave out labels that "
            "few samples are annotated for, or use a baseline that learns from all rows, such as "
            "MaskedLinear.",
            topic="LabelPowerset leaves out rows",
        )
    return complete


def _disjoint_subsets(pruned, sets, sizes):
    """Positions of disjoint subsets of a pruned set, large ones first."""
    rest = pruned.copy()
    chosen = []
    for number in np.lexsort((-sizes, -sets.sum(axis=1))):
        candidate = sets[number]
        if candidate.any() and (candidate <= rest).all():
            chosen.append(int(number))
            rest = rest - candidate
    return chosen
