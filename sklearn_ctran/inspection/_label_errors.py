"""Given labels that are probably wrong, and probabilities in place of missing ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from numbers import Integral, Real

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.model_selection import KFold, check_cv
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils.validation import _num_samples, check_consistent_length, check_is_fitted

from sklearn_ctran._adapters.questions import Questions
from sklearn_ctran._adapters.unwrap import fit_arguments, unwrap
from sklearn_ctran._labels.states import check_columns
from sklearn_ctran._labels.targets import encode_extra_labels, encode_targets
from sklearn_ctran._rules.reading import read_rules
from sklearn_ctran._utils.checks import check_count
from sklearn_ctran._utils.frames import to_frame
from sklearn_ctran._utils.names import as_names
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN


@dataclass(frozen=True, eq=False)
class LabelErrors:
    """Given labels that a model disagrees with, the most suspicious first.

    The first six attributes have one element for each given label that is not the predicted one
    (the ones that cleanlab's ``find_label_issues`` calls ``predicted_neq_given``); ``len`` is their
    number. The matrices cover all labels.

    Attributes
    ----------
    rows : ndarray of shape (n_errors,), int64
        Position in `X` and `y`.
    labels : ndarray of shape (n_errors,)
        Name of the label.
    label_quality : ndarray of shape (n_errors,), float32
        Probability of the given label, in [0, 0.5]: cleanlab's self-confidence. Ascending, first
        of the labels where `breaks_rules`, then of the others. Equal ones are in the order of `y`.
    given_label, predicted_label : ndarray of shape (n_errors,), int64
        0 or 1; one is always the other's opposite.
    breaks_rules : ndarray of shape (n_errors,), bool
        Whether the given labels of the row contradict the rules that tie this label to others
        (`exclusive_groups`, `implies`). One of them at least is wrong for certain.
    label_quality_scores : ndarray of shape (n_samples, n_labels), float32
        Probability of every given label, in [0, 1], low where it is suspicious; NaN where none is
        given.
    probabilities : ndarray of shape (n_samples, n_labels), float32
        P(label = 1), in [0, 1], given the image and other given labels of its row, out of fold;
        for labels that are not given too.
    label_names : ndarray of shape (n_labels,)
        Of the columns of the matrices.
    """

    rows: np.ndarray
    labels: np.ndarray
    label_quality: np.ndarray
    given_label: np.ndarray
    predicted_label: np.ndarray
    breaks_rules: np.ndarray
    label_quality_scores: np.ndarray
    probabilities: np.ndarray
    label_names: np.ndarray

    def __len__(self):
        return len(self.rows)

    def __repr__(self):
        n_given = np.count_nonzero(~np.isnan(self.label_quality_scores))
        return f"<LabelErrors: {len(self)} of {n_given} given labels are suspicious>"

    def to_frame(self):
        """Suspicious labels as a table.

        Returns
        -------
        frame : pandas.DataFrame
            One row for each suspicious label, the most suspicious first; columns ``row``,
            ``label``, ``label_quality``, ``given_label``, ``predicted_label``, ``breaks_rules``.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return to_frame(
            {
                "row": self.rows,
                "label": self.labels,
                "label_quality": self.label_quality,
                "given_label": self.given_label,
                "predicted_label": self.predicted_label,
                "breaks_rules": self.breaks_rules,
            }
        )


def find_label_errors(
    estimator,
    X,
    y,
    *,
    extra_labels=None,
    cv=5,
    hidden_fraction=0.25,
    n_repeats=1,
    n_jobs=None,
    random_state=None,
):
    """Find given labels that the image and the other given labels speak against.

    Each label is predicted by a clone of `estimator` fitted on other rows, which is told other
    given labels of the label's row, and its given value is as suspicious as it is improbable:
    the self-confidence of confident learning [1]_, with what C-Tran knows about labels that go
    together [2]_.

    Where a row contradicts the rules of the estimator (`exclusive_groups`, `implies`), the labels
    that these rules tie together are neither learned from nor told, but judged by the image and the
    other labels, and those that the model disagrees with come first.

    Parameters
    ----------
    estimator : estimator, or pipeline or search (GridSearchCV, ...) that ends in one
        Takes `known_labels` when predicting. It is cloned, not changed.
    X : array-like
        Images, in whatever form the estimator takes them.
    y : array-like, sparse matrix or DataFrame of shape (n_samples, n_labels)
        1, 0, and -1 or NaN where nobody annotated the label.
    extra_labels : array-like, sparse matrix, DataFrame or dict, default=None
        As in the estimator's `fit`. They are always told. Not a dict if a search is to split them.
    cv : int, splitter or iterable of (train, test), default=5
        Number of folds of shuffled rows, or how to split. Each row must be held out exactly once;
        no stratification, for labels may be missing.
    hidden_fraction : float or None, default=0.25
        At most this share of a row's labels, in (0, 1], is hidden at a time, chosen at random; all
        others are told. None hides one label at a time; 1 tells none. Labels that the estimator's
        rules tie to one another are hidden together. Each image is asked about once for each part:
        4 times by default, `n_labels` times with None.
    n_repeats : int, default=1
        How many random choices of labels to hide are averaged.
    n_jobs : int, default=None
        Folds to fit at a time; None means 1, -1 all cores.
    random_state : int, RandomState instance or None, default=None
        Seeds folds and hidden labels; the estimator has its own.

    Returns
    -------
    errors : LabelErrors

    Raises
    ------
    ValueError
        If `y` is not a table of labels, an argument has a value that cannot be used, the rules are
        contradicted by `extra_labels` alone, or `cv` does not hold each row out exactly once; and
        whatever the estimator raises.

    Notes
    -----
    A quarter is the least that C-Tran's training hides, and as good as one label at a time: of 2 %
    of Corel5k's labels (74 words) that were flipped, the 2 % of lowest quality held 81.3 % and
    81.1 %; 80.9 % with half of the labels hidden, 81.1 % with nothing told, 81.3 % with 4 repeats
    (1,500 photos; differences below a point may be chance). Told labels count where they say more
    than the image does.

    References
    ----------
    .. [1] C. Northcutt, L. Jiang, I. Chuang: Confident Learning: Estimating Uncertainty in Dataset
       Labels. JAIR 70, 2021.
    .. [2] J. Lanchantin, T. Wang, V. Ordonez, Y. Qi: General Multi-label Image Classification with
       Transformers. CVPR 2021.
    """
    _check_params(hidden_fraction, n_repeats)
    y = y.toarray() if hasattr(y, "toarray") else y
    targets = encode_targets(y)
    if targets.exclusive:
        raise ValueError(
            "find_label_errors needs y of shape (n_samples, n_labels), got one class a sample, of "
            "which nothing is left to tell the model: rank the classes of "
            "sklearn.model_selection.cross_val_predict instead."
        )
    extra, extra_names = encode_extra_labels(extra_labels)
    check_consistent_length(X, targets.states, extra)
    states = _leave_out_contradictions(estimator, targets, extra, extra_names)
    breaks_rules = states != targets.states
    if breaks_rules.any():
        y = _like(y, states)
    if isinstance(extra_labels, Mapping):
        extra = dict(zip(extra_names.tolist(), extra.T, strict=True))
    elif extra is not None:
        extra = _like(extra_labels, extra)
    rng = check_random_state(random_state)
    folds = _split(cv, X, y, rng)
    hidden = _choose_hidden(targets.states.shape, hidden_fraction, n_repeats, rng)
    jobs = [
        delayed(_predict_fold)(clone(estimator), X, y, states, extra, *fold, hidden[:, fold[1]])
        for fold in folds
    ]
    proba = np.empty(targets.states.shape, dtype=np.float32)
    for (_, test), part in zip(folds, Parallel(n_jobs=n_jobs)(jobs), strict=True):
        proba[test] = part
    return _rank(targets, proba, breaks_rules)


def _leave_out_contradictions(estimator, targets, extra, extra_names):
    """The targets' states, unknown where labels that rules tie together contradict the rules."""
    params = unwrap(estimator)[0].get_params(deep=False)
    declared = (params.get(name) for name in ("label_groups", "exclusive_groups", "implies"))
    rules = read_rules(as_names([*targets.names.tolist(), *extra_names.tolist()]), *declared)
    states = targets.states if extra is None else np.hstack([targets.states, extra])
    states = states.copy()
    n_targets = targets.states.shape[1]
    for members, rows in zip(rules.components, rules.contradictions(states).T, strict=True):
        states[np.ix_(rows, [label for label in members if label < n_targets])] = UNKNOWN
    rules.check(states, "extra_labels")
    return states[:, :n_targets]


def _check_params(hidden_fraction, n_repeats):
    is_share = isinstance(hidden_fraction, Real) and 0 < hidden_fraction <= 1
    if hidden_fraction is not None and not is_share:
        raise ValueError(
            f"hidden_fraction must be above 0 and at most 1, or None, got {hidden_fraction!r}."
        )
    check_count("n_repeats", n_repeats)


def _split(cv, X, y, rng):
    """Pairs of training and test rows; every row is in one of the latter."""
    n_samples = _num_samples(X)
    if isinstance(cv, Integral):
        cv = KFold(cv, shuffle=True, random_state=rng)
    folds = list(check_cv(cv).split(X, y))
    times = np.bincount(np.concatenate([test for _, test in folds]), minlength=n_samples)
    if (times != 1).any():
        row = int((times != 1).argmax())
        raise ValueError(
            f"cv must hold each row out exactly once, but holds row {row} out {times[row]} times: "
            "use KFold or another splitter whose test folds are a partition."
        )
    return folds


def _choose_hidden(shape, hidden_fraction, n_repeats, rng):
    """Which of a row's questions hides each label: (n_repeats, n_samples, n_labels), int."""
    n_labels = shape[1]
    n_questions = n_labels if hidden_fraction is None else ceil(1 / hidden_fraction)
    n_questions = min(n_labels, n_questions)
    rank = rng.random_sample((n_repeats, *shape)).argsort(axis=2).argsort(axis=2)
    return rank * n_questions // n_labels


def _predict_fold(estimator, X, y, states, extra, train, test, hidden):
    """Probabilities of held-out rows' labels, each from a question that hides it; their mean."""
    told = {} if extra is None else fit_arguments(estimator, _rows_of(extra, train))
    estimator.fit(_safe_indexing(X, train), _safe_indexing(y, train), **told)
    told = None if extra is None else _rows_of(extra, test)
    questions = Questions(estimator, _safe_indexing(X, test), states[test], told)
    n_targets = questions.n_targets
    tied = [[label for label in part if label < n_targets] for part in questions.components]
    return np.mean([_ask_hidden(questions, _together(chosen, tied)) for chosen in hidden], axis=0)


def _together(chosen, tied):
    """The same choice for labels of which one, told, may give away another, right or wrong."""
    chosen = chosen.copy()
    for members in tied:
        chosen[:, members] = chosen[:, members[:1]]
    return chosen


def _like(table, values):
    """Values in a data frame like the table, if that is one."""
    if not hasattr(table, "iloc"):
        return values
    return type(table)(values, index=table.index, columns=table.columns)


def _rows_of(extra, rows):
    if isinstance(extra, dict):
        return {name: column[rows] for name, column in extra.items()}
    return _safe_indexing(extra, rows)


def _ask_hidden(questions, chosen):
    """Probability of each label, float32, while the labels chosen with it are hidden."""
    proba = np.empty(chosen.shape, dtype=np.float32)
    rows = np.arange(len(chosen))
    for number in range(chosen.max() + 1):
        hidden = chosen == number
        states = questions.states.copy()
        states[:, : questions.n_targets][hidden] = UNKNOWN
        proba[hidden] = questions.ask(rows, states)[hidden]
    return proba


def _rank(targets, proba, breaks_rules):
    """What the model disagrees with, broken rules first, by the probability of what is given."""
    given = targets.states
    quality = np.where(given == POSITIVE, proba, 1 - proba)
    quality[given == UNKNOWN] = np.nan
    predicted = (proba > 0.5).astype(np.int64)
    rows, columns = np.nonzero((given != UNKNOWN) & (predicted != given))
    order = np.lexsort((quality[rows, columns], ~breaks_rules[rows, columns]))
    rows, columns = rows[order], columns[order]
    return LabelErrors(
        rows=rows,
        labels=targets.names[columns],
        label_quality=quality[rows, columns],
        given_label=given[rows, columns].astype(np.int64),
        predicted_label=predicted[rows, columns],
        breaks_rules=breaks_rules[rows, columns],
        label_quality_scores=quality,
        probabilities=proba,
        label_names=targets.names,
    )


def complete_labels(estimator, X, y, *, extra_labels=None):
    """Fill in missing labels with their probabilities, given the image and the labels there are.

    Parameters
    ----------
    estimator : estimator, or pipeline or search (GridSearchCV, ...) that ends in one
        Fitted, on these images or others.
    X : array-like
        Images, in whatever form the estimator takes them.
    y : array-like or DataFrame of shape (n_samples, n_labels), or array-like of shape (n_samples,)
        1, 0, and -1 or NaN where the label is missing. One dimension: the class of each sample,
        None or NaN where it is missing, of an estimator fitted with such. Columns are the
        estimator's labels, in its order. Not sparse: there a missing entry could not be told from
        0.
    extra_labels : array-like, DataFrame or dict, default=None
        What is known of the extra labels, as in `predict_proba`.

    Returns
    -------
    completed : ndarray or DataFrame of shape (n_samples, n_labels), float32
        Given labels as 0.0 or 1.0, P(label = 1) in [0, 1] elsewhere; one column for each class if
        `y` holds classes. A data frame, with the same index and columns, if `y` was one.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError, TypeError
        If `y` has other columns or values, is sparse, or contradicts the rules; and whatever the
        estimator raises.
    """
    last, _ = unwrap(estimator)
    check_is_fitted(last)
    if hasattr(y, "columns"):
        check_columns(y.columns, last.label_names_)
    questions = Questions(estimator, X, y, extra_labels, what=("y", "extra_labels"))
    completed = questions.ask(np.arange(len(questions.states)), questions.states)
    return _like(y, completed) if hasattr(y, "columns") else completed
