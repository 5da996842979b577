"""`y` and `extra_labels` of `fit`: from any accepted form to label states."""

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real

import numpy as np
from scipy import sparse
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, column_or_1d

from sklearn_ctran._labels.forms import check_kind, check_no_tags, check_one_class_each, unmask
from sklearn_ctran._labels.states import as_floats, as_table, is_missing, read_states
from sklearn_ctran._utils.names import as_names, listed
from sklearn_ctran._utils.warnings import warn
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN

# Few positives without a negative are chance: of 10 annotations that are positive half of the time,
# all are positive once in a thousand. So samples and folds of honest tables pass.
_MANY_POSITIVES = 10

_READINGS = (
    "Here -1 and NaN mean that a label was not annotated: write 0 where a label is absent. The "
    "usual readings, with read_codes of sklearn_ctran.datasets: read_codes(y) for Pascal VOC's "
    "codes (1 present, -1 absent, 0 difficult); read_codes(y, negative=[-1, float('nan')]) where "
    "only positives are marked, and all else is absent; read_codes(y, negative=[0, float('nan')], "
    "unknown=-1) for CheXpert's (-1 uncertain, blank not mentioned)."
)


@dataclass(frozen=True)
class Targets:
    """The targets of a fit.

    Attributes
    ----------
    states : ndarray of shape (n_samples, n_labels), int8, or None
        The true states; None if there are no samples.
    names : ndarray of shape (n_labels,)
        Column names of a data frame, column positions of an array, or classes of a 1-D `y`.
    classes : ndarray
        ``[[0, 1]] * n_labels``, or the classes of a 1-D `y`.
    exclusive : bool
        Whether `y` was 1-D: exactly one label of each row is positive.
    """

    states: np.ndarray | None
    names: np.ndarray
    classes: np.ndarray
    exclusive: bool


def encode_targets(y):
    """Turn any accepted `y` into :class:`Targets`.

    Two dimensions (n_samples, n_labels), also sparse, masked or a DataFrame: 0, 1 or booleans, and
    -1 or NaN where a label was not annotated. One dimension: one class per sample, as numbers,
    texts or booleans. Raises ValueError if `y` is None or empty, holds other values, or has a label
    without any annotation.
    """
    if y is None:
        raise ValueError("This estimator requires y to be passed, but the target y is None.")
    table, names = _read_container(y)
    check_kind(table, "y")
    if table.ndim == 2 and _is_column_of_classes(table):
        warn(
            "A column-vector y was passed when a 1d array was expected. Please change the shape "
            "of y to (n_samples,), for example using ravel().",
            DataConversionWarning,
        )
        table = np.asarray(table)[:, 0]
    if table.ndim == 1:
        return _encode_classes(table)
    if table.ndim != 2:
        raise ValueError(
            "y must be of shape (n_samples, n_labels), or (n_samples,) with one class per sample; "
            f"got {_what_is_no_table(y, table.ndim)}."
        )
    names = np.arange(table.shape[1]) if names is None else np.asarray(names)
    states = _read_annotations(table, names, "y")
    return Targets(states, names, np.tile([0, 1], (len(names), 1)), exclusive=False)


def encode_extra_labels(extra_labels):
    """Return the states and the names of the `extra_labels` of `fit`, in any accepted form.

    They have the values of a two-dimensional `y`; a dict maps names to columns. States are
    (n_samples, n_extra_labels), int8, or None without extra labels. Names are the columns of a data
    frame or a dict, else "extra0", "extra1", ... Raises ValueError if the shape or a value does not
    fit, or a label has no annotation.
    """
    if extra_labels is None:
        return None, as_names([])
    read = _read_dict if isinstance(extra_labels, Mapping) else _read_container
    table, names = read(extra_labels)
    if table.ndim != 2:
        raise ValueError(
            "extra_labels must be of shape (n_samples, n_extra_labels), got "
            f"{table.ndim} dimension(s). Give classes one column each, as pandas.get_dummies does."
        )
    names = as_names([f"extra{i}" for i in range(table.shape[1])] if names is None else names)
    return _read_annotations(table, names, "extra_labels"), names


def _read_container(labels):
    """Return labels as an array or data frame, and their names, None if they have none."""
    labels = labels.toarray() if sparse.issparse(labels) else as_table(labels)
    return labels, getattr(labels, "columns", None)


def _read_dict(columns):
    """As :func:`_read_container`, for a dict from names to columns."""
    arrays = [np.asarray(unmask(column), dtype=object) for column in columns.values()]
    if len({array.shape for array in arrays}) != 1 or arrays[0].ndim != 1:
        raise ValueError("extra_labels, a dict, must map names to columns of one length.")
    return np.stack(arrays, axis=1), list(columns)


def _read_annotations(table, names, what):
    """Read the states of a table (n_samples, n_labels) that training learns from."""
    if 0 in table.shape:
        raise ValueError(f"{what} is empty: its shape is {table.shape}.")
    if len(set(names.tolist())) != len(names):
        raise ValueError(f"The columns of {what} must have different names.")
    states = read_states(table, names, what)
    counts = ((states == value).sum(axis=0) for value in (UNKNOWN, NEGATIVE, POSITIVE))
    check_annotations(*counts, names, what)
    return states


def check_annotations(missing, negative, positive, names, what):
    """Raise ValueError unless each label is annotated, and absence is marked at all.

    `missing`, `negative` and `positive` (n_labels,) count a label's entries of each state.
    """
    is_annotated = (negative > 0) | (positive > 0)
    if not is_annotated.any():
        raise ValueError(f"{what} has no annotated entry at all: every value is -1 or NaN.")
    if missing.any() and not negative.any():
        raise ValueError(
            f"{what} has no 0 at all, only 1 and -1 (or NaN), and nothing can be learned from "
            f"positives alone. {_READINGS}"
        )
    if not is_annotated.all():
        raise ValueError(
            f"No sample is annotated for label(s) {listed(names[~is_annotated], most=5)} of {what} "
            "(every value is -1 or NaN): leave the column(s) out or annotate some samples."
        )
    _check_one_sided(missing, negative, positive, names, what)


def _check_one_sided(missing, negative, positive, names, what):
    """Raise ValueError if the missing entries of a label seem to be its negatives; warn of doubt.

    That is so for a label of which half or more is missing, and of the annotated entries, which are
    many, none is negative. Columns without missing entries may hold one value only.
    """
    annotated = negative + positive
    wrong = (missing >= annotated) & (negative == 0) & (positive >= _MANY_POSITIVES)
    if wrong.any():
        raise ValueError(
            f"{what} has annotated positives, but no annotated negative and mostly missing "
            f"entries, for label(s) {listed(names[wrong], most=5)}: such labels would be learned "
            f"as present nearly everywhere. {_READINGS}"
        )
    # The reverse is common: rare labels have no positive among the few entries that are annotated.
    # Only a table without any positive is surely a mistake.
    is_sparse = missing.sum() >= annotated.sum()
    if is_sparse and not positive.any() and negative.sum() >= _MANY_POSITIVES:
        raise ValueError(
            f"{what} has no 1 at all, only 0 and mostly missing entries (-1 or NaN): nothing can "
            "be learned from negatives alone. Write 1 where a label is present; "
            "sklearn_ctran.datasets.read_codes reads other codes."
        )
    consequence = "the labels would be learned as present nearly everywhere"
    warn_of_codes(missing.sum(), negative.sum(), positive.sum(), what, consequence)


def warn_of_codes(missing, negative, positive, what, consequence):
    """Warn if most entries of a table are missing, and most others positive.

    VOC's files have a few 0 in each column, which mean "difficult". In images more labels are
    absent than present, so that mostly positive annotations hint at such codes.
    """
    if missing >= negative + positive and positive >= max(3 * negative, _MANY_POSITIVES):
        warn(
            f"Most entries of {what} are missing, and most of the others are 1. If this is not "
            f"what you mean, {consequence}. {_READINGS}"
        )


def _is_column_of_classes(table):
    """Tell an (n, 1) column of classes, to be read as 1-D, from the 0 and 1 of a single label."""
    if table.shape[1] != 1:
        return False
    try:
        values = as_floats(table)
    except (TypeError, ValueError):
        return True
    return not np.isin(values[~np.isnan(values)], [UNKNOWN, NEGATIVE, POSITIVE]).all()


def _encode_classes(y):
    """Turn one class per sample (n_samples,) into Targets with one label per class."""
    y = column_or_1d(y, dtype=None)
    check_one_class_each(y)
    _check_each_has_class(y)
    # scikit-learn adds up what may be inf and -inf, and casts numbers of any size to integers.
    with np.errstate(invalid="ignore"):
        y = check_array(_without_objects(y), ensure_2d=False, dtype=None, input_name="y")
        try:
            check_classification_targets(y)
            classes, codes = np.unique(y, return_inverse=True)
        except TypeError as error:
            raise ValueError(
                f"The classes of y must be of one type, all texts or all numbers: {error}."
            ) from error
    if len(classes) < 2:
        raise ValueError(
            f"y has one class only ({classes[0]!r}): a classifier needs samples of at least two "
            "classes."
        )
    check_no_tags(classes)
    states = np.full((len(y), len(classes)), NEGATIVE, dtype=np.int8)
    states[np.arange(len(y)), codes] = POSITIVE
    return Targets(states, classes, classes, exclusive=True)


def _what_is_no_table(y, n_dimensions):
    if isinstance(y, Mapping):
        return "a dict: pass pandas.DataFrame(y)"
    return f"{n_dimensions} dimensions" if n_dimensions else f"a single {type(y).__name__}"


def _without_objects(y):
    """Numbers and booleans among objects, as an array of them; ValueError for other objects.

    Texts stay as they are.
    """
    if y.dtype != object:
        return y
    for row, value in enumerate(y.tolist()):
        if not isinstance(value, (str, bytes, Real, np.generic)):
            raise ValueError(
                f"y, row {row}, holds a {type(value).__name__}. Classes are texts or numbers: make "
                "texts of them, as by [str(value) for value in y]."
            )
    has_texts = any(isinstance(value, (str, bytes)) for value in y)
    return y if has_texts else np.array(y.tolist())


def _check_each_has_class(y):
    """Raise ValueError if a row of a 1-D `y` has no class."""
    if y.dtype.kind in "Of":
        row = next((row for row, value in enumerate(y.tolist()) if is_missing(value)), None)
        if row is not None:
            raise ValueError(
                f"Input y contains NaN, None or a masked entry: row {row} has no class. A 1-D y "
                "has one class per row: leave out the rows whose class is not known."
            )
