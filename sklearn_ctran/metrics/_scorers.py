"""Scorers for scikit-learn's searches and cross-validation, made of this package's metrics."""

import functools
import inspect
from typing import Any

import numpy as np
from sklearn.utils.metadata_routing import MetadataRequest

from sklearn_ctran._adapters.probabilities import label_probabilities
from sklearn_ctran._adapters.unwrap import unwrap
from sklearn_ctran._labels.states import column_order, in_order
from sklearn_ctran._utils.frames import columns_of, take
from sklearn_ctran._utils.rows import check_rows
from sklearn_ctran._utils.typing import Metric
from sklearn_ctran.metrics._inputs import label_names, read_truth, table_shape
from sklearn_ctran.metrics._known import check_known_fraction, check_seed, draw_known_labels
from sklearn_ctran.metrics._own_threshold import with_own_threshold

#: A metric whose name ends like this is better when lower, as in scikit-learn.
_LOSSES = ("_loss", "_error", "_deviance")


def make_multilabel_scorer(
    metric: Metric, *, greater_is_better: bool | None = None, **kwargs: Any
) -> Metric:
    """Make a scorer of a metric, for ``GridSearchCV(scoring=...)`` or ``cross_validate``.

    Parameters
    ----------
    metric : callable
        A function of :mod:`sklearn_ctran.metrics` that returns one number, or another
        ``metric(y_true, y_score, **kwargs)``. It needs a parameter `sample_weight` if scores are
        to be weighted.
    greater_is_better : bool, default=None
        If False, scores are negated. None: False if the name of `metric` ends in "_loss",
        "_error" or "_deviance", as in scikit-learn, else True.
    **kwargs : object
        Further arguments of the metric, such as ``top_k=3``.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y, sample_weight=None)`` returns a float, higher is better, from
        ``estimator.predict_proba(X)``, which may be an array or, as ``MultiOutputClassifier``
        returns it, a list of arrays. A metric with a parameter `threshold` uses the one given in
        `kwargs`, or else the thresholds of a fitted
        :class:`~sklearn_ctran.model_selection.TunedThresholds`.

    Raises
    ------
    TypeError
        If `metric` is not callable or does not take these arguments, or `greater_is_better` is
        neither a boolean nor None.

    Notes
    -----
    scikit-learn cannot make folds from an integer `cv` if `y` holds NaN ("Input y contains NaN"):
    pass :class:`~sklearn_ctran.model_selection.MultilabelStratifiedKFold`, or -1 in place of NaN.

    The columns of a data frame `y` are matched by name with the labels of an estimator of this
    package. scikit-learn's keep no names, so columns must be in the order of `fit`.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_ctran.metrics import hamming_loss, make_multilabel_scorer
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> scorer = make_multilabel_scorer(hamming_loss)
    >>> round(scorer(KNeighborsClassifier().fit(X, Y), X, Y), 2)
    -0.2
    """
    return _LabelScorer(metric, greater_is_better, kwargs)


def partial_label_scorer(
    metric: Metric,
    known_fraction: float = 0.5,
    random_state: int = 0,
    *,
    greater_is_better: bool | None = None,
    **kwargs: Any,
) -> Metric:
    """Make a scorer that predicts with a share of each row's labels known.

    In each row, `known_fraction` of the annotated labels, drawn at random, are passed to
    ``predict_proba`` as `known_labels`; only the others are scored (paper, section 4.2). The draw
    depends only on `y` and `random_state`, so all estimators are scored on the same entries, even
    those that cannot use known labels; and the labels drawn for a fraction are among those drawn
    for a larger one. Entries implied by known ones through an estimator's rules are scored like
    all others.

    Parameters
    ----------
    metric : callable
        As in :func:`make_multilabel_scorer`; it must take `known_labels`.
    known_fraction : float, default=0.5
        In [0, 1). Rounded down in each row, so that every annotated row keeps a label to score.
    random_state : int, default=0
        Determines which labels are known.
    greater_is_better : bool, default=None
        As in :func:`make_multilabel_scorer`.
    **kwargs : object
        Further arguments of the metric.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y, sample_weight=None)`` returns a float, higher is better. In a
        pipeline or a search, `known_labels` reaches the final estimator without metadata routing.
        It is not passed if ``predict_proba`` has no such parameter.

    Raises
    ------
    TypeError
        As :func:`make_multilabel_scorer`, and if `metric` has no parameter `known_labels`.
    ValueError
        If `known_fraction` or `random_state` cannot be used.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_ctran.baselines import LabelPowerset
    >>> from sklearn_ctran.metrics import hamming_loss, partial_label_scorer
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> model = LabelPowerset(KNeighborsClassifier()).fit(X, Y)
    >>> round(partial_label_scorer(hamming_loss, known_fraction=0.0)(model, X, Y), 2)
    -0.2
    >>> round(partial_label_scorer(hamming_loss, known_fraction=0.5)(model, X, Y), 2)
    -0.11
    """
    return _PartialLabelScorer(metric, greater_is_better, kwargs, known_fraction, random_state)


class _LabelScorer:
    """What :func:`make_multilabel_scorer` returns."""

    _needed: tuple[str, ...] = ()
    _factory = "make_multilabel_scorer"

    def __init__(self, metric, greater_is_better, kwargs):
        if not callable(metric):
            raise TypeError(f"metric must be a function, got {metric!r}.")
        reserved = {"known_labels", "sample_weight"} & kwargs.keys()
        if reserved:
            raise TypeError(
                f"{reserved.pop()} cannot be fixed in a scorer: it has one value for each row."
            )
        # Raised here, because a search turns errors of its scorer into scores of NaN.
        try:
            inspect.signature(metric).bind(None, None, **kwargs, **dict.fromkeys(self._needed))
        except TypeError as error:
            raise TypeError(f"{_name(metric)} does not take these arguments: {error}.") from error
        if not isinstance(greater_is_better, (bool, np.bool_, type(None))):
            raise TypeError(f"greater_is_better must be a boolean, got {greater_is_better!r}.")
        is_loss = _is_loss(metric)
        if greater_is_better is None:
            greater_is_better = not is_loss
        self._metric, self._kwargs = metric, kwargs
        self._sign = 1 if greater_is_better else -1
        self._is_direction_given = bool(greater_is_better) == is_loss
        self._requests = {}

    def __call__(self, estimator, X, y, sample_weight=None):
        """Score predictions for `X` against `y`.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``predict_proba``.
        X : array-like of length n_samples
        y : array-like, sparse matrix or DataFrame of shape (n_samples, n_labels)
            0, 1, and -1 or NaN where nobody annotated the label.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        score : float
            Higher is better.
        """
        check_rows(X=X, y=y, sample_weight=sample_weight)
        shape = table_shape(y, "y")
        names = label_names(y, n_labels=shape[1])
        known = self._known(y, names)
        final, _ = unwrap(estimator)
        own_names = getattr(final, "label_names_", None)
        columns = columns_of(y)
        if columns is not None and own_names is not None:
            known = None if known is None else known[:, column_order(columns, own_names)]
            y = in_order(y, own_names)
        kwargs = {**self._kwargs, **({} if known is None else {"known_labels": known})}
        if sample_weight is not None:
            kwargs["sample_weight"] = sample_weight
        proba = label_probabilities(estimator, X, shape[1], known)
        y, proba, kwargs = _without_unreadable(final, y, proba, kwargs)
        metric = functools.partial(self._metric, **kwargs)
        score = with_own_threshold(metric, final)(y, proba)
        if np.ndim(score) != 0:
            raise ValueError(
                f"{_name(self._metric)} returned an array of shape {np.shape(score)}; a scorer "
                "needs one number, such as that of average='macro'."
            )
        return self._sign * float(score)

    def set_score_request(self, *, sample_weight):
        """Request the `sample_weight` that is passed to a search or cross-validation.

        Parameters
        ----------
        sample_weight : bool, str or None
            As for scikit-learn's scorers, with metadata routing enabled.

        Returns
        -------
        self : object
        """
        self._requests = {"sample_weight": sample_weight}
        return self

    def get_metadata_routing(self):
        """The metadata that this scorer requests.

        Returns
        -------
        request : :class:`~sklearn.utils.metadata_routing.MetadataRequest`
        """
        request = MetadataRequest(owner=self)
        for name, alias in self._requests.items():
            request.score.add_request(param=name, alias=alias)
        return request

    def _known(self, y, names):
        return None

    def _accept_sample_weight(self):
        # scikit-learn calls this before it passes weights to one of several scorers.
        return "sample_weight" in inspect.signature(self._metric).parameters

    def _arguments(self):
        return {}

    def __repr__(self):
        arguments = {**self._arguments(), **self._kwargs}
        if self._is_direction_given:
            arguments["greater_is_better"] = self._sign > 0
        texts = [_name(self._metric), *(f"{key}={value!r}" for key, value in arguments.items())]
        return f"{self._factory}({', '.join(texts)})"


class _PartialLabelScorer(_LabelScorer):
    """What :func:`partial_label_scorer` returns."""

    _needed = ("known_labels",)
    _factory = "partial_label_scorer"

    def __init__(self, metric, greater_is_better, kwargs, known_fraction, random_state):
        super().__init__(metric, greater_is_better, kwargs)
        check_known_fraction(known_fraction)
        check_seed(random_state)
        self._known_fraction, self._random_state = known_fraction, random_state

    def _known(self, y, names):
        states = read_truth(y, names, None)
        return draw_known_labels(states, self._known_fraction, self._random_state)

    def _arguments(self):
        return {"known_fraction": self._known_fraction, "random_state": self._random_state}


def _without_unreadable(estimator, y, proba, kwargs):
    """Leave out rows that `on_error` left without a prediction, as the estimator's `score` does."""
    is_missing = np.isnan(proba).all(axis=1)
    if getattr(estimator, "on_error", "raise") == "raise" or not is_missing.any():
        return y, proba, kwargs
    rows = np.flatnonzero(~is_missing)
    by_row = {"known_labels", "sample_weight"} & kwargs.keys()
    kwargs = kwargs | {name: take(kwargs[name], rows) for name in by_row}
    return take(y, rows), proba[rows], kwargs


def _is_loss(metric):
    while isinstance(metric, functools.partial):
        metric = metric.func
    return getattr(metric, "__name__", "").endswith(_LOSSES)


def _name(metric):
    if isinstance(metric, functools.partial):
        return repr(metric)
    return getattr(metric, "__name__", repr(metric))
