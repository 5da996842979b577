"""Reading the arguments that all metrics share: which entries count, truth, scores, weights."""

from collections.abc import Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.utils.validation import _check_sample_weight, check_array

from sklearn_ctran._labels.known import encode_known_labels
from sklearn_ctran._labels.states import in_order, read_states
from sklearn_ctran._labels.targets import warn_of_codes
from sklearn_ctran._utils.checks import check_not_masked
from sklearn_ctran._utils.frames import columns_of, plain
from sklearn_ctran._utils.names import as_names, listed, name_at
from sklearn_ctran._utils.rows import check_rows
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN

_default_names: ContextVar = ContextVar("default names of labels", default=())


@dataclass(frozen=True, eq=False)
class Entries:
    """The entries that a metric scores: annotated, not known, and of a weight above 0.

    Attributes
    ----------
    truth : ndarray of shape (n_samples, n_labels), int8
        1 positive, 0 negative, -1 where the entry does not count.
    score : ndarray of shape (n_samples, n_labels), float64 or float32
        Finite.
    weight : ndarray of shape (n_samples,), float64
        At least 0; above 0 in every row in which an entry counts.
    names : ndarray of shape (n_labels,)
        Columns of a data frame, else positions.
    all_known : ndarray of shape (n_labels,), bool
        Labels whose annotated entries are all known. Users expect that these have no score, so
        metrics do not warn of them.
    """

    truth: np.ndarray
    score: np.ndarray
    weight: np.ndarray
    names: np.ndarray
    all_known: np.ndarray

    @property
    def counted(self):
        """Which entries count, ndarray of shape (n_samples, n_labels), bool."""
        return self.truth != UNKNOWN

    @property
    def positive(self):
        """Which entries count and are true, ndarray of shape (n_samples, n_labels), bool."""
        return self.truth == POSITIVE


def read_entries(y_true, y_score, known_labels, sample_weight, *, probabilities=False, names=None):
    """Read the arguments that all metrics have, as Entries.

    Tables are (n_samples, n_labels). `y_true` and `known_labels` are 1, 0, and -1 or NaN for not
    annotated, or not known; `known_labels` may be None, or in any form that ``predict_proba``
    takes. Scores must be in [0, 1] if they are `probabilities`. Columns of two data frames are
    matched by name. `names` None: the columns of a data frame, else positions. Raises ValueError
    if shapes or columns differ, a value is not allowed, or no entry counts; TypeError if
    `known_labels` is sparse.
    """
    check_rows(
        y_true=y_true, y_score=y_score, known_labels=known_labels, sample_weight=sample_weight
    )
    check_not_masked(y_score, "y_score")
    check_not_masked(sample_weight, "sample_weight")
    shape = table_shape(y_true, "y_true")
    if table_shape(y_score, "y_score") != shape:
        raise ValueError(
            f"y_true has shape {shape}, y_score has {np.shape(y_score)}: both must be "
            "(n_samples, n_labels)."
        )
    own, others = columns_of(y_true), columns_of(y_score)
    if own and others and (names is None or set(own) == set(others)):
        y_score = in_order(y_score, own, "y_score")
    score = check_array(
        y_score, dtype=[np.float64, np.float32], ensure_all_finite=False, input_name="y_score"
    )
    if names is None:
        names = label_names(y_true, y_score, n_labels=shape[1])
    _check_scores(score, names, probabilities)
    annotated, known = _read_truth(y_true, names, known_labels)
    truth, weight = _with_weight(np.where(known, np.int8(UNKNOWN), annotated), sample_weight)
    all_known = known.any(axis=0) & (known | (annotated == UNKNOWN)).all(axis=0)
    entries = Entries(truth, score, weight, names, all_known)
    if not entries.counted.any():
        raise ValueError(
            "There is nothing to score: every entry of y_true is not annotated (-1 or NaN), "
            "known, or of weight 0."
        )
    return entries


def table_shape(table, what):
    """Shape of a table of labels or scores, also sparse; `what` is its name, for errors.

    Raises ValueError if it is not of shape (n_samples, n_labels).
    """
    try:
        shape = np.shape(table)
    except ValueError:
        shape = "rows of different lengths"
    if len(shape) == 2:
        return shape
    hint = ""
    if what != "y_score":
        hint = (
            " (Sets of names become a table with sklearn.preprocessing.MultiLabelBinarizer; one "
            "class a sample with sklearn.preprocessing.label_binarize.)"
        )
    elif isinstance(table, list) and np.ndim(table[0]) == 2:
        hint = (
            " (A list with the probabilities of each label, as MultiOutputClassifier returns it, "
            "becomes a table with np.column_stack([p[:, 1] for p in y_score]).)"
        )
    elif len(shape) == 1:
        hint = " (For a single label, np.reshape(y_score, (-1, 1)).)"
    raise ValueError(f"{what} must be of shape (n_samples, n_labels), got {shape}.{hint}")


def read_truth(y_true, names, known_labels=None, sample_weight=None):
    """Truth (n_samples, n_labels), int8, of the entries that count.

    It is -1 for entries that are not annotated, known, or of weight 0. `names` (n_labels,) are for
    errors, and for the columns of `known_labels`. Raises ValueError or TypeError if a value, a
    weight or `known_labels` cannot be used.
    """
    check_rows(y_true=y_true, known_labels=known_labels, sample_weight=sample_weight)
    annotated, known = _read_truth(y_true, names, known_labels)
    return _with_weight(np.where(known, np.int8(UNKNOWN), annotated), sample_weight)[0]


def _with_weight(truth, sample_weight):
    weight = _check_sample_weight(sample_weight, truth, dtype=np.float64, ensure_non_negative=True)
    if not weight.all():
        truth[weight == 0] = UNKNOWN
    return truth, weight


def _read_truth(y_true, names, known_labels):
    """Annotated states, int8, and which entries are known, bool, both (n_samples, n_labels)."""
    known_labels = plain(known_labels, "known_labels")
    truth = _read_states(y_true.toarray() if sparse.issparse(y_true) else y_true, names)
    counts = (np.count_nonzero(truth == state) for state in (UNKNOWN, NEGATIVE, POSITIVE))
    warn_of_codes(*counts, "y_true", "the score leaves out what is absent")
    if known_labels is None:
        return truth, np.zeros(truth.shape, dtype=bool)
    is_named = isinstance(known_labels, Mapping) or hasattr(known_labels, "columns")
    if is_named and names.dtype != object and not set(known_labels) <= set(names.tolist()):
        raise ValueError(
            f"known_labels names labels ({listed(known_labels)}), but neither y_true "
            "nor y_score does: pass y_true as a data frame with the labels' names, or known_labels "
            "as an array with the columns of y_true."
        )
    return truth, encode_known_labels(known_labels, len(truth), names) != UNKNOWN


def _read_states(table, names):
    # Most tables hold small integers. Reading them as floats would take as long as the metric.
    if type(table) is np.ndarray and table.dtype.kind in "bi":  # a masked array has gaps
        states = table.astype(np.int8)
        if states.min() >= UNKNOWN and states.max() <= POSITIVE and (states == table).all():
            return states
    return read_states(table, names, "y_true")


def label_names(*tables, n_labels):
    """Names (n_labels,), object, from the first table that has ``columns``; else positions, int."""
    columns = [names for names in map(columns_of, tables) if names is not None]
    if not columns:
        columns = [names for names in _default_names.get() if len(names) == n_labels]
    return as_names(columns[0]) if columns else np.arange(n_labels)


@contextmanager
def default_names(names):
    """Let messages of metrics call the labels of tables without names by these `names`."""
    token = _default_names.set((names,))
    try:
        yield
    finally:
        _default_names.reset(token)


def check_average(average):
    """Raise a ValueError unless `average` is "macro", "micro" or None."""
    if average not in ("macro", "micro", None):
        raise ValueError(f"average must be 'macro', 'micro' or None, got {average!r}.")


def _check_scores(score, names, probabilities):
    if not probabilities:
        wrong, what, hint = ~np.isfinite(score), "finite numbers", ""
    else:
        wrong, what = ~((score >= 0) & (score <= 1)), "probabilities, in [0, 1]"
        hint = " (Logits become probabilities with scipy.special.expit.)"
    if wrong.any():
        row, label = (int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"y_score must hold {what}; row {row}, label {name_at(names, label)!r} holds "
            f"{score[row, label]:g}.{hint}"
        )
