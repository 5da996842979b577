"""Classifier chains: each label given the features and the labels before it."""

from numbers import Integral, Real
from typing import Literal

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_ctran._rules.reading import Labels
from sklearn_ctran._utils.names import as_names
from sklearn_ctran._utils.sklearn_compat import WholeNumber
from sklearn_ctran._utils.typing import Estimator, LabelNames, RandomState
from sklearn_ctran.baselines._base import Baseline, check_wrapped
from sklearn_ctran.baselines._single_label import SingleLabelClassifier
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN


class ClassifierChain(Baseline):
    """Labels predicted one after the other, each given the ones before it; or several such chains.

    A chain [1]_ has one classifier per label, whose inputs are the features and all labels before
    it in the chain: the true ones in training, the predicted ones in prediction. Known labels
    replace predictions, so they change the labels behind them, but not the labels before them.
    Extra labels come first in every chain.

    With nothing known, one chain equals :class:`sklearn.multioutput.ClassifierChain`, with two
    differences: samples that nobody annotated for a label are left out for this label, and have
    its mean as input of later labels; and a label that always had one state gets this state with
    probability 1. Several chains, in random orders and on random samples, are an ensemble of
    classifier chains [2]_, which averages their probabilities.

    Of a 1-D `y`, each class is predicted given that it is none of those before it.

    Parameters
    ----------
    estimator : classifier, default=None
        With ``predict_proba``; a clone is fitted for each label of each chain. None for
        ``LogisticRegression(max_iter=1000)``.
    order : "auto", "random" or list of labels, default="auto"
        Order of the targets. A list has each of them once, by name, or by position where no name
        is an integer. "auto": as in `y` for a single chain, random for several.
    known_first : list of labels or None, default=None
        Targets that move to the front of every chain, in this order, because they will be known:
        there they change the predictions of all others.
    n_chains : int, default=1
        More than one are an ensemble.
    max_samples : float or None, default=None
        The share of the samples, in (0, 1], that each chain is fitted on, drawn without
        replacement. None: all.
    chain_method : {"predict", "predict_proba"}, default="predict"
        Whether predicted labels are passed on along the chain as 0 or 1, or as probabilities.
    random_state : int, RandomState instance or None, default=None
        Seeds orders and samples. `estimator` has a seed of its own.

    Attributes
    ----------
    estimators_ : list of list of SingleLabelClassifier
        For each chain, one for each label, in its order; the fitted clone is ``estimator_`` of
        each, except for labels that always had one state.
    order_ : ndarray of shape (n_chains, n_labels + n_extra_labels), int64
        The labels along each chain, numbered from 0, targets first, then extra labels.
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

    References
    ----------
    .. [1] J. Read, B. Pfahringer, G. Holmes, E. Frank: Classifier Chains for Multi-label
       Classification. ECML PKDD 2009.
    .. [2] J. Read, B. Pfahringer, G. Holmes, E. Frank: Classifier Chains for Multi-label
       Classification. Machine Learning 85(3), 2011.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import ClassifierChain
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> chain = ClassifierChain(known_first=[3]).fit(X, Y)
    >>> chain.order_.tolist()
    [[3, 0, 1, 2, 4]]
    >>> chain.predict_proba(X, known_labels={3: Y[:, 3]}).shape
    (100, 5)
    """

    _parameter_constraints = {
        "estimator": "no_validation",
        "order": [StrOptions({"auto", "random"}), "array-like"],
        "known_first": ["array-like", None],
        "n_chains": [WholeNumber(Integral, 1, None, closed="left")],
        "max_samples": [Interval(Real, 0, 1, closed="right"), None],
        "chain_method": [StrOptions({"predict", "predict_proba"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Estimator = None,
        *,
        order: LabelNames = "auto",
        known_first: LabelNames | None = None,
        n_chains: int = 1,
        max_samples: float | None = None,
        chain_method: Literal["predict", "predict_proba"] = "predict",
        random_state: RandomState = None,
    ) -> None:
        self.estimator = estimator
        self.order = order
        self.known_first = known_first
        self.n_chains = n_chains
        self.max_samples = max_samples
        self.chain_method = chain_method
        self.random_state = random_state

    def _fit_labels(self, X, states, sample_weight):
        single = SingleLabelClassifier(check_wrapped(self.estimator, sample_weight))
        rng = check_random_state(self.random_state)
        orders = [self._draw_order(rng, states.shape[1]) for _ in range(self.n_chains)]
        self.order_ = np.array(orders)
        self.estimators_ = []
        for order in orders:
            rows = self._draw_rows(rng, states)
            weight = None if sample_weight is None else sample_weight[rows]
            self.estimators_.append(_fit_chain(single, X[rows], states[rows][:, order], weight))

    def _draw_order(self, rng, n_all):
        n_labels = self.n_labels_
        extra = list(range(n_labels, n_all))
        first = [] if self.known_first is None else self._positions(self.known_first, "known_first")
        if not isinstance(self.order, str):
            order = self._positions(self.order, "order")
            if len(order) != n_labels:
                raise ValueError(f"order has {len(order)} labels, but y has {n_labels}: list all.")
            if self.n_chains > 1 and self.max_samples is None:
                raise ValueError(
                    f"All of n_chains={self.n_chains} would be the same: for an ensemble use "
                    "order='random', or let each see a part of the samples by max_samples."
                )
        elif self.order == "random" or self.n_chains > 1:
            order = rng.permutation(n_labels).tolist()
        else:
            order = range(n_labels)
        return extra + first + [label for label in order if label not in first]

    def _positions(self, labels, what):
        return list(Labels(self.label_names_).members(as_names(labels), what))

    def _draw_rows(self, rng, states):
        """Rows that a chain is fitted on."""
        if self.max_samples is None:
            return slice(None)
        n_rows = max(1, round(self.max_samples * len(states)))
        rows = np.sort(rng.choice(len(states), n_rows, replace=False))
        annotated = (states[rows] != UNKNOWN).any(axis=0)
        if not annotated.all():
            raise ValueError(
                f"max_samples={self.max_samples} leaves a chain without a sample that is annotated "
                f"for {self.task_.all_names[~annotated].tolist()[0]!r}: raise it."
            )
        return rows

    def _label_probabilities(self, X, states):
        chains = zip(self.order_, self.estimators_, strict=True)
        return np.mean([self._follow(X, states, *chain) for chain in chains], axis=0)

    def _follow(self, X, states, order, classifiers):
        """Probabilities of labels, (n_samples, n_labels + n_extra_labels), of one chain."""
        proba = np.empty(states.shape)
        inputs = np.hstack([X, np.zeros(states.shape)])
        none_so_far = np.ones(len(X))  # probability that a class is none of those before it
        for position, (label, classifier) in enumerate(zip(order, classifiers, strict=True)):
            seen = inputs[:, : X.shape[1] + position]
            known = states[:, label] != UNKNOWN
            own = classifier.predict_proba(seen)[:, POSITIVE]
            passed_on = own if self.chain_method == "predict_proba" else classifier.predict(seen)
            if label < self.task_.n_classes:
                # Exactly one class applies: the last if none before it does, and this one only if
                # none before it does, whatever a classifier says.
                own = 1.0 if position == len(order) - 1 else own
                own = np.where(known, states[:, label], own)
                proba[:, label] = none_so_far * own
                none_so_far = none_so_far * (1 - own)
            else:
                proba[:, label] = own
                inputs[:, seen.shape[1]] = np.where(known, states[:, label], passed_on)
        return self.task_.scale_classes(proba, states)


def _fit_chain(single, X, states, sample_weight):
    """Fitted classifiers of a chain of labels, whose states are in the order of the chain."""
    inputs = np.hstack([X, states.astype(np.float64)])  # Means of labels are no integers.
    for column in inputs.T[X.shape[1] :]:
        missing = column == UNKNOWN
        if missing.any():
            weight = None if sample_weight is None else sample_weight[~missing]
            column[missing] = np.average(column[~missing], weights=weight)
    n_inputs = range(X.shape[1], inputs.shape[1])
    return [
        clone(single).fit(inputs[:, :n], column, sample_weight)
        for n, column in zip(n_inputs, states.T, strict=True)
    ]
