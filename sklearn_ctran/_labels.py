"""Labels: targets and known labels in, label states out, and the masks of training.

The only module that knows how a label may be written down: 0, 1, booleans, -1 or NaN for "not
known", arrays, sparse matrices, data frames, dictionaries, 1-D classes. Everything behind it sees
*states*: -1 unknown, 0 known negative, 1 known positive.
"""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from scipy.special import expit
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, column_or_1d

UNKNOWN, NEGATIVE, POSITIVE = -1, 0, 1


@dataclass(frozen=True)
class Targets:
    """The training labels, whatever they came as.

    Attributes
    ----------
    states : ndarray of shape (n_samples, n_labels), int8
        1 positive, 0 negative, -1 not annotated.
    names : ndarray of shape (n_labels,)
        Column names of a data frame, positions of an array, classes of a 1-D `y`.
    classes : ndarray
        ``[[0, 1]] * n_labels``, or the classes of a 1-D `y`.
    exclusive : bool
        Whether `y` was 1-D: exactly one label of each row is positive.
    """

    states: np.ndarray
    names: np.ndarray
    classes: np.ndarray
    exclusive: bool


def encode_targets(y):
    """Turn any accepted `y` into :class:`Targets`.

    Parameters
    ----------
    y : array-like, sparse matrix or DataFrame of shape (n_samples, n_labels), or (n_samples,)
        Two dimensions: values 0, 1 (or booleans), and -1 or NaN where nobody annotated the label.
        One dimension: one class a sample, of any type.

    Returns
    -------
    Targets

    Raises
    ------
    ValueError
        If `y` is None or empty, holds other values, or has a label without any annotation.
    """
    if y is None:
        raise ValueError(
            "This estimator requires y to be passed, but the target y is None."
        )
    names = getattr(y, "columns", None)
    if sparse.issparse(y):
        y = y.toarray()
    array = y if hasattr(y, "columns") or hasattr(y, "ndim") else _as_array(y)
    if array.ndim == 2 and not _is_column_of_classes(array):
        return _encode_table(array, names)
    if array.ndim == 2:
        warnings.warn(
            "A column-vector y was passed when a 1d array was expected. Please change the shape "
            "of y to (n_samples,), for example using ravel().",
            DataConversionWarning,
            stacklevel=4,
        )
        array = np.asarray(array)[:, 0]
    if array.ndim != 1:
        raise ValueError(
            f"y must be of shape (n_samples, n_labels), or (n_samples,) with one class a sample; "
            f"got {array.ndim} dimensions."
        )
    return _encode_classes(array)


def _as_array(y):
    """Lists of rows: NaN and None are kept, ragged rows are told as such."""
    try:
        return np.asarray(y)
    except ValueError as error:
        raise ValueError(f"y cannot be read as a table of labels: {error}.") from error


def _is_column_of_classes(array):
    """Tell an (n, 1) column of classes, to be read as 1-D, from a single label's 0 and 1."""
    if array.shape[1] != 1:
        return False
    column = np.asarray(array)[:, 0]
    try:
        values = column.astype(np.float64)
    except (TypeError, ValueError):
        return True
    return not np.isin(values[~np.isnan(values)], [UNKNOWN, NEGATIVE, POSITIVE]).all()


def _encode_table(table, names):
    names = np.arange(table.shape[1]) if names is None else np.asarray(names)
    if 0 in table.shape:
        raise ValueError(f"y is empty: its shape is {table.shape}.")
    if len(set(names.tolist())) != len(names):
        raise ValueError("The columns of y must have different names.")
    states = read_states(table, names, "y")
    _check_absence_is_zero(states)
    annotated = (states != UNKNOWN).any(axis=0)
    if not annotated.any():
        raise ValueError("y has no annotated entry at all: every value is -1 or NaN.")
    if not annotated.all():
        bad = ", ".join(repr(name) for name in names[~annotated][:5].tolist())
        raise ValueError(
            f"No sample is annotated for label(s) {bad} of y (every value is -1 or NaN): leave "
            "the column(s) out or annotate some samples."
        )
    return Targets(states, names, np.tile([0, 1], (len(names), 1)), exclusive=False)


def _check_absence_is_zero(states):
    if (states == UNKNOWN).any() and (states == POSITIVE).any() and not (states == NEGATIVE).any():
        raise ValueError(
            "y has no 0 at all, only 1 and -1 (or NaN). Here -1 and NaN mean that nobody looked, "
            "and nothing can be learned from presence alone: write 0 where a label is absent."
        )


def _encode_classes(y):
    y = column_or_1d(y, dtype=None)
    y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
    check_classification_targets(y)
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"y has one class only ({classes[0]!r}): a classifier needs samples of at least two "
            "classes."
        )
    states = np.zeros((len(y), len(classes)), dtype=np.int8)
    states[np.arange(len(y)), codes] = POSITIVE
    return Targets(states, classes, classes, exclusive=True)


def encode_known_labels(known_labels, n_samples, names, exclusive=False):
    """Turn `known_labels`, in any accepted form, into label states.

    Parameters
    ----------
    known_labels : None, array-like of shape (n_samples, n_labels), DataFrame or dict
        A DataFrame has some of the label names as columns; a dict maps a label name to a scalar
        or a column. Values: 0 known negative, 1 known positive, -1 or NaN unknown.
    n_samples : int
        The number of rows expected.
    names : ndarray of shape (n_labels,)
        The label names.
    exclusive : bool
        Whether one label of each row, and no more, is positive.

    Returns
    -------
    states : ndarray of shape (n_samples, n_labels), int8

    Raises
    ------
    ValueError
        If the shape or a value does not fit, a name is unknown, or a row contradicts itself.
    """
    states = np.full((n_samples, len(names)), UNKNOWN, dtype=np.int8)
    if known_labels is None:
        return states
    if isinstance(known_labels, Mapping) or hasattr(known_labels, "columns"):
        _fill_by_name(states, known_labels, names)
    else:
        if sparse.issparse(known_labels):
            raise TypeError(
                "known_labels must be dense: in a sparse matrix an absent entry could mean both "
                "'known negative' and 'unknown'. Pass an array with -1 or NaN where unknown."
            )
        array = _as_array(known_labels)
        if array.shape != states.shape:
            raise ValueError(
                f"known_labels must have shape (n_samples, n_labels) = {states.shape}, got "
                f"{array.shape}."
            )
        states[:] = read_states(array, names, "known_labels")
    if exclusive:
        _check_exclusive(states, names)
    return states


def _fill_by_name(states, columns, names):
    positions = {name: i for i, name in enumerate(names.tolist())}
    keys = list(columns.columns) if hasattr(columns, "columns") else list(columns)
    unknown = [key for key in keys if key not in positions]
    if unknown:
        raise ValueError(
            f"known_labels names {unknown[0]!r}, which is not a label of this estimator. Its "
            f"labels are {', '.join(map(repr, names[:10].tolist()))}"
            f"{', ...' if len(names) > 10 else ''}."
        )
    for key in keys:
        shape = np.shape(columns[key])
        if shape not in ((), (len(states),)):
            raise ValueError(
                f"known_labels[{key!r}] must be a scalar or a column of {len(states)} values, got "
                f"shape {shape}."
            )
        column = columns[key] if shape else [columns[key]]
        column = column.to_frame() if hasattr(column, "to_frame") else _as_array(column)[:, None]
        states[:, positions[key]] = read_states(column, [key], "known_labels")[:, 0]


def _check_exclusive(states, names):
    positives = (states == POSITIVE).sum(axis=1)
    if (positives > 1).any():
        row = int(np.argmax(positives > 1))
        both = ", ".join(repr(n) for n in names[states[row] == POSITIVE].tolist())
        raise ValueError(f"known_labels, row {row}: the classes {both} exclude each other.")
    if (states == NEGATIVE).all(axis=1).any():
        row = int(np.argmax((states == NEGATIVE).all(axis=1)))
        raise ValueError(f"known_labels, row {row}: every class is said to be absent.")


def read_states(table, names, what):
    """Read a table of 0 / 1 / -1 / NaN / None / booleans.

    Parameters
    ----------
    table : array-like of shape (n_samples, n_labels)
    names : sequence of length n_labels
        Named in errors.
    what : str
        The argument's name, for errors.

    Returns
    -------
    states : ndarray of shape (n_samples, n_labels), int8

    Raises
    ------
    ValueError
        If a value is anything else; the message names its row and label.
    """
    try:
        if hasattr(table, "to_numpy"):
            values = table.to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            values = np.asarray(table).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{what} must hold numbers (0, 1, and -1 or NaN where not known): {error}."
        ) from error
    if values.ndim != 2 or values.shape[1] != len(names):
        raise ValueError(
            f"{what} must have one column for each of {len(names)} labels, got shape "
            f"{values.shape}."
        )
    missing = np.isnan(values)
    states = np.where(missing, UNKNOWN, values)
    wrong = ~np.isin(states, [UNKNOWN, NEGATIVE, POSITIVE])
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"{what} must hold 0 and 1, and -1 or NaN where not known; row {row}, label "
            f"{np.asarray(names)[column].tolist()!r} holds {values[row, column]:g}."
        )
    return states.astype(np.int8)


def sample_label_states(targets, unknown_fraction, generator, exclusive=False):
    """Draw which labels training hides: label mask training (paper, section 3.4).

    For each sample, n is uniform over the integers of [low * L, high * L], and the n hidden labels
    are a uniform choice among all L.

    Parameters
    ----------
    targets : torch.Tensor of shape (batch, n_labels), int8
        1 positive, 0 negative, -1 not annotated.
    unknown_fraction : (float, float) or None
        The range of the hidden share, (0.25, 1.0) in the paper. None hides everything (the
        paper's "no LMT").
    generator : torch.Generator
        The source of randomness, on the device of `targets`.
    exclusive : bool
        One label of each row is positive. It is always hidden: shown, it would leave nothing to
        predict.

    Returns
    -------
    states : torch.Tensor of shape (batch, n_labels), int8
        What the model is told: the target of a shown label, -1 elsewhere.
    hidden : torch.Tensor of shape (batch, n_labels), bool
        The labels to be predicted: hidden ones that are annotated.
    """
    n_samples, n_labels = targets.shape
    if unknown_fraction is None:
        hidden = torch.ones_like(targets, dtype=torch.bool)
    else:
        low, high = hidden_counts(unknown_fraction, n_labels)
        rand = {"generator": generator, "device": targets.device}
        n_hidden = torch.randint(low, high + 1, (n_samples, 1), **rand)
        # The rank of each label in a random order: the first n are hidden.
        rank = torch.rand(n_samples, n_labels, **rand).argsort(dim=1).argsort(dim=1)
        hidden = rank < n_hidden
        if exclusive:
            hidden |= targets == POSITIVE
    states = targets.masked_fill(hidden, UNKNOWN)
    return states, hidden & (targets != UNKNOWN)


def hidden_counts(unknown_fraction, n_labels):
    """The least and the greatest number of labels to hide, both at least 1.

    Parameters
    ----------
    unknown_fraction : (float, float)
        Shares with 0 <= low <= high <= 1.
    n_labels : int

    Returns
    -------
    low, high : int
    """
    low, high = (share * n_labels for share in unknown_fraction)
    low = max(1, math.ceil(low - 1e-9))
    return low, max(low, math.floor(high + 1e-9))


def log_odds(states):
    """How likely each label is before anything is known.

    Parameters
    ----------
    states : ndarray of shape (n_samples, n_labels), int8
        1 positive, 0 negative, -1 not annotated.

    Returns
    -------
    log_odds : ndarray of shape (n_labels,), float32
        Of one more positive and one more negative than there are, hence finite.
    """
    n_positive, n_negative = ((states == value).sum(axis=0) for value in (POSITIVE, NEGATIVE))
    return np.log((n_positive + 1) / (n_negative + 1)).astype(np.float32)


def probabilities(logits, states, exclusive):
    """Logits to probabilities; what is known comes back as exactly 0 or 1.

    Parameters
    ----------
    logits : ndarray of shape (n_samples, n_labels), float32
    states : ndarray of shape (n_samples, n_labels), int8
    exclusive : bool
        Labels are classes: a softmax over the classes not ruled out, instead of sigmoids (eq. 5).

    Returns
    -------
    proba : ndarray of shape (n_samples, n_labels), float32, in [0, 1]
    """
    if not exclusive:
        return np.where(states == UNKNOWN, expit(logits), states).astype(np.float32)
    ruled_out = states == NEGATIVE
    told = (states == POSITIVE).any(axis=1, keepdims=True)
    ruled_out |= told & (states != POSITIVE)
    logits = np.where(ruled_out, -np.inf, logits.astype(np.float64))
    proba = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (proba / proba.sum(axis=1, keepdims=True)).astype(np.float32)
