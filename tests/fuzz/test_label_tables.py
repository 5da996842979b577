"""Label tables of any content: the states that are in them, or an error, but no other states."""

import datetime
import decimal
import warnings

import numpy as np
import pandas as pd
import pytest
from fuzzing import fuzz
from scipy import sparse
from sklearn.dummy import DummyClassifier

from sklearn_ctran._labels.known import encode_known_classes, encode_known_labels
from sklearn_ctran._labels.targets import encode_extra_labels, encode_targets
from sklearn_ctran.baselines import BinaryRelevance

pytestmark = [
    pytest.mark.filterwarnings("ignore:y looks like a column of tags"),
    pytest.mark.filterwarnings("ignore:A column-vector y"),
    pytest.mark.filterwarnings("ignore:There is no positive to learn from"),
    pytest.mark.filterwarnings("ignore:Most entries of"),
]

#: Cells of ordinary tables, and the state that each of them is.
GOOD = [
    *((value, 0) for value in (0, 0.0, -0.0, False, np.int8(0), np.float32(0), np.False_)),
    *((value, 1) for value in (1, 1.0, True, np.int64(1), np.float16(1), np.True_)),
    *((value, -1) for value in (-1, -1.0, None, np.nan, float("nan"), pd.NA, np.int8(-1))),
]

#: Cells that are no state.
BAD = [
    *(2, -2, 0.5, 1e300, np.inf, -np.inf, 2**70, np.uint8(255), np.float32(1e-9)),
    *("", "a", "yes", "sky;jet", b"x", np.str_("no")),
    *(1j, np.complex64(1), datetime.date(2020, 1, 1), np.datetime64("2020"), pd.Timestamp("2020")),
    *(pd.NaT, np.timedelta64(1, "D"), datetime.timedelta(1), decimal.Decimal("0.5")),
    *([1], (1, 2), {1}, {"a": 1}, frozenset("a"), np.array([1, 0]), object(), print, int, ...),
]

NAMES = ["sky", "sea", 3, ("a", "tuple"), "", "sky "]

DTYPES = [bool, np.int8, np.uint8, np.int64, np.uint64, np.float16, np.float32, np.float64, ">f4"]


def make_cells(rng, n_rows=None):
    """Rows of cells, and of their states, None for a cell that has none."""
    n_rows = n_rows or rng.randint(1, 6)
    n_columns = rng.randint(1, 4)
    share_bad = rng.choice([0, 0, 0.05, 0.5])
    few = rng.sample(GOOD, rng.randint(1, len(GOOD)))

    def draw():
        return (rng.choice(BAD), None) if rng.random() < share_bad else rng.choice(few)

    table = [[draw() for _ in range(n_columns)] for _ in range(n_rows)]
    return [[[pair[part] for pair in row] for row in table] for part in (0, 1)]


def as_states(rows):
    """States (n_rows, n_columns), int8; None if a cell has none."""
    if any(state is None for row in rows for state in row):
        return None
    return np.array(rows, dtype=np.int8)


def as_objects(cells):
    table = np.empty((len(cells), len(cells[0])), dtype=object)
    for row, values in enumerate(cells):
        for column, value in enumerate(values):
            table[row, column] = value
    return table


def as_names(names):
    array = np.empty(len(names), dtype=object)
    array[:] = names
    return array


def nullable(frame):
    """A frame with pandas' own dtypes, where pandas can convert it.

    pandas 2.0 warns of what it tries out meanwhile, and fails for complex and huge numbers.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return frame.convert_dtypes()
        except (TypeError, OverflowError):
            return frame


def make_table(rng, cells, states, names):
    """A table of the cells in some form; the form's name; and the states that it then has."""
    objects = as_objects(cells)
    frame = pd.DataFrame(objects, columns=pd.Index(names, tupleize_cols=False))
    form = rng.choice(
        ["list", "tuples", "objects", "frame", "inferred", "nullable", "view", "fortran", "masked"]
    )
    if form == "masked":
        mask = np.array([[rng.random() < 0.3 for _ in row] for row in cells])
        states = np.where(mask, -1, np.array(states, dtype=object)).tolist()
        return np.ma.masked_array(objects, mask), form, states
    makers = {
        "list": lambda: cells,
        "tuples": lambda: tuple(map(tuple, cells)),
        "objects": lambda: objects,
        "frame": lambda: frame,
        "inferred": frame.infer_objects,
        "nullable": lambda: nullable(frame),
        "view": lambda: objects.repeat(2, axis=0)[::2],
        "fortran": lambda: np.asfortranarray(objects),
    }
    return makers[form](), form, states


def make_numbers(rng):
    """An array or sparse matrix of numbers, and the states that it has."""
    shape = rng.randint(1, 6), rng.randint(1, 4)
    pool = rng.choice([[0, 1], [-1, 0, 1], [0, 1, 2], [0, 1, np.nan], [0, 0.5, 1], [0, 255], [1]])
    dtype = np.dtype(rng.choice(DTYPES))
    if dtype.kind in ("b", "u", "i"):
        pool = [value for value in pool if value == int(np.nan_to_num(value, nan=0.5))] or [0]
        pool = [value for value in pool if value >= 0 or dtype.kind == "i"]
        pool = [value for value in pool if value < 2 or dtype != np.int8]
    table = np.array([rng.choice(pool) for _ in range(shape[0] * shape[1])], dtype=dtype)
    table = table.reshape(shape)
    values = table.astype(np.float64).tolist()
    codes = {0.0: 0, 1.0: 1, -1.0: -1}
    states = [[-1 if v != v else codes.get(v) for v in row] for row in values]
    if rng.random() < 0.2 and dtype.kind != "O" and dtype.isnative and dtype != np.float16:
        return sparse.csr_array(table), "sparse", states
    return table, str(dtype), states


def read(function, *args, **kwargs):
    """What a reader makes of a table; None if it refuses it, as documented."""
    try:
        return function(*args, **kwargs)
    except (ValueError, TypeError) as error:
        assert len(str(error)) > 15, f"no message: {error!r}"
        return None


def check_read(found, states, must_read, about):
    """Compare the states that were read with the right ones; say what became of the table."""
    if found is None:
        assert states is None or not must_read, f"refused: {about}"
        return "refused"
    assert states is not None, f"read as {found.tolist()}: {about}"
    assert found.dtype == np.int8, about
    np.testing.assert_array_equal(found, states, err_msg=str(about))
    return "read"


def has_both(states):
    """Whether every label has a positive and a negative: nothing to be careful about."""
    return states is not None and all({0, 1} <= set(column) for column in states.T.tolist())


def check_targets(rng):
    if rng.random() < 0.3:
        y, form, states = make_numbers(rng)
        cells = y
    else:
        cells, states = make_cells(rng)
        y, form, states = make_table(rng, cells, states, rng.sample(NAMES, len(cells[0])))
    states = as_states(states)
    targets = read(encode_targets, y)
    if targets is not None and targets.exclusive:
        assert states is None or states.shape[1] == 1, (form, cells)
        return "read as classes"  # A table of one column is like a column.
    outcome = check_read(targets and targets.states, states, has_both(states), (form, cells))
    if outcome == "read" and rng.random() < 0.01:
        check_fit(y, targets)
    return outcome


def check_fit(y, targets):
    """A whole fit and prediction with a table that was read."""
    n_rows, n_labels = targets.states.shape
    X = np.zeros((n_rows, 1))
    proba = BinaryRelevance(DummyClassifier(strategy="prior")).fit(X, y).predict_proba(X)
    assert proba.shape == (n_rows, n_labels)
    assert ((proba >= 0) & (proba <= 1)).all()


def check_extra_labels(rng):
    cells, states = make_cells(rng)
    names = rng.sample(NAMES, len(cells[0]))
    table, form, states = make_table(rng, cells, states, names)
    if rng.random() < 0.3:
        table = {name: [row[i] for row in cells] for i, name in enumerate(names)}
        form, states = "dict", states if form != "masked" else None
        if states is None:
            return "undecided"
    states = as_states(states)
    found = read(encode_extra_labels, table)
    return check_read(found and found[0], states, has_both(states), (form, cells))


def check_known_labels(rng):
    n_rows = rng.randint(1, 5)
    cells, states = make_cells(rng, n_rows)
    names = rng.sample(NAMES, len(cells[0]))
    given = rng.sample(range(len(names)), rng.randint(1, len(names)))
    if rng.random() < 0.5:
        table, form, states = make_table(rng, cells, states, names)
    else:
        form, table, right = "dict", {}, np.full((n_rows, len(names)), -1, dtype=object)
        for i in given:
            if rng.random() < 0.3 and np.ndim(cells[0][i]) == 0:
                table[names[i]] = cells[0][i]
                right[:, i] = states[0][i]
            else:
                values = [row[i] for row in cells]
                forms = [list, tuple, lambda values: pd.Series(values, dtype=object)]
                table[names[i]] = rng.choice(forms)(values)
                right[:, i] = [row[i] for row in states]
        if rng.random() < 0.3 and all(isinstance(value, pd.Series) for value in table.values()):
            form, table = "frame of some labels", pd.DataFrame(table, dtype=object)
        states = right.tolist()
    found = read(encode_known_labels, table, n_rows, as_names(names))
    return check_read(found, as_states(states), True, (form, cells))


KINDS = [["sea", "sky", "land"], [0, 1, 2], [3, 7, 10**12], [True, False], [0.0, 2.0]]


def make_column(rng):
    """A column of classes, with now and then a value of another kind."""
    values = [rng.choice(kind) for kind in [rng.choice(KINDS)] for _ in range(6)]
    if rng.random() < 0.3:
        values[rng.randrange(6)] = rng.choice([*BAD, *(cell for cell, _ in GOOD), "sea"])
    form = rng.choice([list, tuple, lambda v: pd.Series(v, dtype=object), pd.Series, np.array])
    try:
        return values, form(values)
    except (ValueError, TypeError, OverflowError):
        return values, values  # numpy or pandas cannot hold them in such a form.


def check_classes(rng):
    values, y = make_column(rng)
    targets = read(encode_targets, y)
    if targets is None:
        return "refused"
    if not targets.exclusive:
        return check_read(targets.states, as_states(targets.states.tolist()), True, values)
    assert targets.states.shape == (6, len(targets.names)), values
    assert ((targets.states == 1).sum(axis=1) == 1).all(), values
    found = targets.names[targets.states.argmax(axis=1)].tolist()
    # numpy makes one kind of all values: numbers beside texts become texts.
    assert found == np.asarray(y).tolist(), (found, values)
    return "read"


def check_known_classes(rng):
    classes = sorted(rng.choice(KINDS))
    values, y = make_column(rng)
    found = read(encode_known_classes, y, np.array(classes))
    if found is None:
        return "refused"
    assert found.shape == (6, len(classes)), values
    for row, value in zip(found, np.asarray(y, dtype=object).tolist(), strict=True):
        applies = [c for c, state in zip(classes, row, strict=True) if state == 1]
        if (row == -1).all():
            assert (
                value is None or value is pd.NA or value is pd.NaT or value != value or value == -1
            )
        else:
            assert applies == [value], (applies, values)
            assert (row >= 0).all()
    return "read"


ONE_NUMBER = as_objects([[0, 1], [[1], 0]])

#: Tables that were read wrongly, or not with an error of this package, and their right states.
FOUND = {
    "a list of one number": (ONE_NUMBER, None),
    "a list of one number in a frame": (pd.DataFrame(ONE_NUMBER), None),
    "a class of 1e300": (np.array([1e300, 2, 2, 1e300]), None),
    "a state of 1e300": ([[0, 1], [1, 1e300]], None),
    "texts": ([["yes", "no"], ["no", "yes"]], None),
    "sets of tags": ([{"sky"}, {"sea", "sky"}], None),
    "dates": (np.array(["2020", "2021"], dtype="M8[D]"), None),
    "complex numbers": ([[1j, 0], [0, 1]], None),
    "positives alone": ([[1, np.nan], [np.nan, 1], [1, np.nan]], None),
    "a mask": (np.ma.masked_array([[0, 1], [1, 0]], [[0, 1], [0, 0]]), [[0, -1], [1, 0]]),
    "bytes in the other order": (np.array([[0, 1], [1, 0]], dtype=">f4"), [[0, 1], [1, 0]]),
}


@pytest.mark.parametrize("name", FOUND)
def test_found(name):
    y, states = FOUND[name]
    found = read(encode_targets, y)
    check_read(found and found.states, states, True, name)


def test_targets():
    counts = fuzz("targets", check_targets)
    assert min(counts["read"], counts["refused"]) > 0.02 * sum(counts.values())


def test_extra_labels():
    fuzz("extra labels", check_extra_labels, seconds_share=0.5)


def test_known_labels():
    counts = fuzz("known labels", check_known_labels)
    assert min(counts["read"], counts["refused"]) > 0.02 * sum(counts.values())


def test_classes():
    fuzz("classes", check_classes, seconds_share=0.5)


def test_known_classes():
    fuzz("known classes", check_known_classes, seconds_share=0.5)
