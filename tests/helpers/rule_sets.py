"""Strategies of rules between labels, and the label sets that obey them by enumeration."""

import itertools

import numpy as np
import pytest
from hypothesis import strategies as st
from label_forms import NAMES

from sklearn_ctran._rules.reading import read_rules


@st.composite
def declarations(draw):
    """Number of labels, arguments of `read_rules`, and the rules as positions."""
    n = draw(st.integers(2, 8))
    subsets = st.lists(st.integers(0, n - 1), min_size=2, max_size=4, unique=True)
    modes = st.sampled_from(["at_most_one", "at_most_one", "exactly_one"])
    exclusive = draw(st.lists(st.tuples(subsets, modes), max_size=3))
    exclusive = {tuple(members): mode for members, mode in exclusive}
    order = draw(st.permutations(range(n)))
    pairs = st.lists(st.integers(0, n - 1), min_size=2, max_size=2, unique=True).map(sorted)
    implies = {}
    for low, high in draw(st.lists(pairs, max_size=5, unique_by=tuple)):
        implies.setdefault(order[low], []).append(order[high])
    return n, exclusive, implies


@st.composite
def written(draw, names, exclusive, implies):
    """The same rules in one of their forms: by name or position, list or dict, with groups."""
    spelled = draw(st.lists(st.booleans(), min_size=len(names), max_size=len(names)))
    label = {i: names[i] if by_name else i for i, by_name in enumerate(spelled)}
    groups, declared = {}, []
    for number, (members, mode) in enumerate(exclusive.items()):
        key = tuple(label[i] for i in members)
        if set(key).isdisjoint(itertools.chain(*groups.values())) and draw(st.booleans()):
            groups[f"group {number}"], key = list(key), f"group {number}"
        declared.append((key, mode))
    as_list = all(mode == "at_most_one" for _, mode in declared) and draw(st.booleans())
    parents = {child: [label[i] for i in above] for child, above in implies.items()}
    return {
        "label_groups": groups or None,
        "exclusive_groups": [key for key, _ in declared] if as_list else dict(declared),
        "implies": {
            label[child]: above[0] if len(above) == 1 and draw(st.booleans()) else above
            for child, above in parents.items()
        },
    }


def consistent_sets(n, exclusive, implies):
    """All label sets that obey the rules, (n_sets, n), by enumeration."""
    sets = np.array(list(itertools.product([0, 1], repeat=n)))
    return sets[[obeys(labels, exclusive, implies) for labels in sets]]


def obeys(labels, exclusive, implies):
    for members, mode in exclusive.items():
        n_positive = labels[list(members)].sum()
        if n_positive > 1 or (mode == "exactly_one" and n_positive != 1):
            return False
    pairs = ((child, parent) for child, above in implies.items() for parent in above)
    return all(labels[child] <= labels[parent] for child, parent in pairs)


def agrees(sets, states):
    """Which of the label sets are possible, given one row of states."""
    return ((sets == states) | (states < 0)).all(axis=1)


def enumerated(sets, logits, states):
    """Probabilities of one row's labels: means over the label sets that are possible."""
    possible = sets[agrees(sets, states)]
    scores = possible @ logits.astype(np.float64)
    weights = np.exp(scores - scores.max())
    return weights @ possible / weights.sum()


def read(n, exclusive, implies, how=None):
    """LabelRules, or None where no label set obeys the rules or a label can never apply."""
    sets = consistent_sets(n, exclusive, implies)
    bound = {*itertools.chain(*exclusive), *implies, *itertools.chain(*implies.values())}
    how = how or {"exclusive_groups": exclusive, "implies": implies}
    if sets[:, sorted(bound)].any(axis=0).all() and len(sets):
        return read_rules(np.array(NAMES[:n], dtype=object), **how)
    with pytest.raises(ValueError, match="exclusive_groups and implies (contradict|leave)"):
        read_rules(np.array(NAMES[:n], dtype=object), **how)
    return None


@st.composite
def possible_rules(draw):
    """Rules that label sets can obey, those sets, and the rules as positions."""
    while True:
        n, exclusive, implies = draw(declarations())
        rules = read(n, exclusive, implies)
        if rules is not None:
            return rules, consistent_sets(n, exclusive, implies), exclusive, implies


@st.composite
def known_rows(draw, sets, n_rows):
    """States of some rows: parts of label sets that obey the rules."""
    rows = draw(st.lists(st.integers(0, len(sets) - 1), min_size=n_rows, max_size=n_rows))
    size = n_rows * sets.shape[1]
    shown = draw(st.lists(st.booleans(), min_size=size, max_size=size))
    return np.where(np.reshape(shown, (n_rows, -1)), sets[rows], -1).astype(np.int8)


@st.composite
def logit_rows(draw, shape):
    """Logits, some of them extreme."""
    usual = st.floats(-20, 20, width=32)
    values = st.one_of(usual, usual, usual, st.sampled_from([0.0, 1e4, -1e4]))
    size = int(np.prod(shape))
    logits = draw(st.lists(values, min_size=size, max_size=size))
    return np.array(logits, dtype=np.float32).reshape(shape)


def assert_obeyed(proba, exclusive, implies):
    """Probabilities of labels obey the rules."""
    assert ((proba >= 0) & (proba <= 1)).all()
    for members, mode in exclusive.items():
        total = proba[:, members].sum(axis=1, dtype=np.float64)
        assert (total <= 1 + 1e-6).all()
        if mode == "exactly_one":
            np.testing.assert_allclose(total, 1, rtol=1e-6)
    for child, above in implies.items():
        for parent in above:
            assert (proba[:, child] <= proba[:, parent]).all()


def assert_possible(labels, known, sets):
    """Each label set keeps what is known and, with some extra labels, obeys the rules."""
    n_labels = labels.shape[1]
    for row, told in zip(labels, known, strict=True):
        assert (sets[agrees(sets, told)][:, :n_labels] == row).all(axis=1).any()
