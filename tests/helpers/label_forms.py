"""Strategies of label states, and every form that labels may come in."""

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

settings.register_profile(
    "sklearn_ctran",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


PROFILE = settings.get_profile("sklearn_ctran")


NAMES = ["sun", "rain", "cat", "dog", "animal", "bus", "jeep", "vehicle"]


@st.composite
def states_tables(draw, n_columns=None, n_rows=None):
    """Label states, of which some tables have no gap."""
    n_rows = draw(st.integers(1, 5)) if n_rows is None else n_rows
    n_columns = draw(st.integers(1, 5)) if n_columns is None else n_columns
    values = st.sampled_from(draw(st.sampled_from([(0, 1), (-1, 0, 1)])))
    rows = st.lists(values, min_size=n_columns, max_size=n_columns)
    table = draw(st.lists(rows, min_size=n_rows, max_size=n_rows))
    return np.array(table, dtype=np.int8).reshape(n_rows, n_columns)


@st.composite
def learnable_tables(draw):
    """Tables to learn from: each label is annotated somewhere, and absence is told."""
    table = draw(states_tables()).copy()
    for column in range(table.shape[1]):
        if (table[:, column] < 0).all():
            table[draw(st.integers(0, len(table) - 1)), column] = draw(st.integers(0, 1))
    if (table < 0).any() and not (table == 0).any():
        table[tuple(np.argwhere(table == 1)[0])] = 0
    return table


@st.composite
def label_names(draw, n):
    """Different names: words, or integers that are no positions."""
    words = draw(st.permutations(NAMES))[:n]
    return draw(st.sampled_from([words, [10 * NAMES.index(word) + 100 for word in words]]))


def with_gaps(states):
    """The same table with NaN for -1."""
    return np.where(states < 0, np.nan, states)


def with_none(states):
    """The same table as nested lists with None for -1."""
    return [[None if value < 0 else int(value) for value in row] for row in states]


def arrays(states):
    """The same table as arrays and lists; names are not told."""
    forms = {
        "int": states.astype(np.int64),
        "float with -1": states.astype(np.float32),
        "NaN": with_gaps(states),
        "None": with_none(states),
        "object": np.array(with_none(states), dtype=object),
        "mixed list": [[float("nan") if v < 0 else bool(v) for v in row] for row in states],
    }
    if (states >= 0).all():
        forms |= {"bool": states.astype(bool), "bool list": states.astype(bool).tolist()}
    return forms


def frames(states, names):
    """The same table as data frames of several column types."""
    frame = pd.DataFrame(with_gaps(states), columns=names)
    forms = {
        "float": frame,
        "int": pd.DataFrame(states, columns=names),
        "object": pd.DataFrame(with_none(states), columns=names, dtype=object),
        "Int64": frame.astype("Int64"),
        "boolean": frame.astype("boolean"),
        "odd index": frame.set_axis(range(7, 7 + len(frame))),
    }
    return forms | ({"bool": frame.astype(bool)} if (states >= 0).all() else {})


def columns(states, names):
    """The same table as dictionaries of columns."""
    with_nan, lists = with_gaps(states), list(zip(*with_none(states), strict=True))
    return {
        "arrays": dict(zip(names, with_nan.T, strict=True)),
        "lists": dict(zip(names, map(list, lists), strict=True)),
        "series": dict(pd.DataFrame(with_nan, columns=names).items()),
    }


@st.composite
def groups_of(draw, names):
    """Disjoint groups of some of the names."""
    group = st.integers(0, 3)
    numbers = draw(st.lists(group, min_size=len(names), max_size=len(names)))
    groups = {f"group {number}": [] for number in numbers if number}
    for name, number in zip(names, numbers, strict=True):
        if number:
            groups[f"group {number}"].append(name)
    return {name: tuple(members) for name, members in groups.items()}


@st.composite
def group_columns(draw, states, members):
    """A column that tells each row's labels of a group, wholly known or wholly unknown."""
    column = []
    for row in states:
        applies = [member for member, state in zip(members, row, strict=True) if state == 1]
        kinds = [tuple, set, frozenset, list]
        written = [kind(draw(st.permutations(applies))) for kind in kinds] + applies[:1]
        is_single = len(applies) == 1
        unknown = st.sampled_from([None, np.nan, pd.NA])
        known = st.sampled_from(written if is_single else written[:4])
        column.append(draw(unknown if row[0] < 0 else known))
    return column


@st.composite
def told_by_name(draw, states, names, groups):
    """The same table as a dict or data frame in any order, with groups where they will do."""
    told = {}
    rest = list(names)
    for group, members in groups.items():
        part = states[:, [names.index(member) for member in members]]
        if ((part < 0).all(axis=1) | (part >= 0).all(axis=1)).all():
            column = draw(group_columns(part, members))
            told[group] = pd.Series([*column, None], dtype=object).iloc[:-1]
            rest = [name for name in rest if name not in members]
    for name in rest:
        column = with_gaps(states)[:, names.index(name)]
        if np.isnan(column).all() and draw(st.booleans()):
            continue
        constant = len(set(states[:, names.index(name)].tolist())) == 1
        told[name] = column[0] if constant and draw(st.booleans()) else column
    told = {key: told[key] for key in draw(st.permutations(list(told)))}
    return pd.DataFrame(told, index=range(len(states))) if draw(st.booleans()) else told


@st.composite
def known_in_any_form(draw, states, names, groups):
    """One of all forms of the same known labels."""
    order = draw(st.permutations(range(len(names))))
    shuffled, shuffled_names = states[:, order], [names[i] for i in order]
    by_name = frames(shuffled, shuffled_names) | columns(shuffled, shuffled_names)
    forms = [*arrays(states).values(), *by_name.values()]
    if (states < 0).all():
        forms += [None, {}]
    return draw(st.one_of(st.sampled_from(forms), told_by_name(states, names, groups)))
