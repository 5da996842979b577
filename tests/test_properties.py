"""Properties that hold whatever form labels come in and whatever rules are declared."""

import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import BaseEstimator

from sklearn_ctran import CTranClassifier
from sklearn_ctran._labels.known import encode_known
from sklearn_ctran._labels.masks import hidden_counts, leads, sample_label_states
from sklearn_ctran._labels.targets import encode_extra_labels, encode_targets
from sklearn_ctran._protocol import LabelPredictions
from sklearn_ctran._rules.reading import read_rules

settings.register_profile(
    "sklearn_ctran",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
PROFILE = settings.get_profile("sklearn_ctran")
NAMES = ["sun", "rain", "cat", "dog", "animal", "bus", "jeep", "vehicle"]


# ----------------------------------------------------------------- forms of labels


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


@settings(PROFILE, max_examples=60)
@given(st.data())
def test_every_form_of_targets_gives_the_same_states(data):
    states = data.draw(learnable_tables())
    names = data.draw(label_names(states.shape[1]))
    forms = arrays(states) | {"sparse": sparse.csr_matrix(states)}
    for form, y in forms.items():
        targets = encode_targets(y)
        np.testing.assert_array_equal(targets.states, states, err_msg=form)
        assert targets.names.tolist() == list(range(len(names))) and not targets.exclusive
    order = data.draw(st.permutations(range(len(names))))
    for form, y in frames(states, names).items():
        targets = encode_targets(y.iloc[:, order])
        np.testing.assert_array_equal(targets.states, states[:, order], err_msg=form)
        assert targets.names.tolist() == [names[i] for i in order]


@settings(PROFILE, max_examples=60)
@given(st.data())
def test_every_form_of_extra_labels_gives_the_same_states(data):
    states = data.draw(learnable_tables())
    names = data.draw(label_names(states.shape[1]))
    for form, extra in (arrays(states) | {"sparse": sparse.csc_array(states)}).items():
        read, default_names = encode_extra_labels(extra)
        np.testing.assert_array_equal(read, states, err_msg=form)
        assert default_names.tolist() == [f"extra{i}" for i in range(len(names))]
    for form, extra in (frames(states, names) | columns(states, names)).items():
        read, read_names = encode_extra_labels(extra)
        np.testing.assert_array_equal(read, states, err_msg=form)
        assert read_names.tolist() == names


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


@settings(PROFILE, max_examples=150)
@given(st.data())
def test_every_form_of_what_is_known_gives_the_same_states(data):
    names = data.draw(label_names(6))
    n_targets = data.draw(st.integers(1, 6))
    states = data.draw(states_tables(n_columns=6)).copy()
    names, extra_names = names[:n_targets], names[n_targets:]
    groups = data.draw(groups_of(names)) | data.draw(
        groups_of(extra_names).map(lambda groups: {f"extra {k}": v for k, v in groups.items()})
    )
    both = names + extra_names
    for members in groups.values():  # a group's name tells all of its labels or none
        places = [both.index(member) for member in members]
        gaps = (states[:, places] < 0).any(axis=1)
        states[np.ix_(np.flatnonzero(gaps), places)] = -1
    of_targets = {k: v for k, v in groups.items() if set(v) <= set(names)}
    of_extra = {k: v for k, v in groups.items() if k not in of_targets}
    known = data.draw(known_in_any_form(states[:, :n_targets], names, of_targets))
    extra = None
    if extra_names:
        extra = data.draw(known_in_any_form(states[:, n_targets:], extra_names, of_extra))
    read = encode_known(
        known, extra, len(states), np.array(names, dtype=object), extra_names, groups
    )
    np.testing.assert_array_equal(read, states)
    assert read.dtype == np.int8


# ------------------------------------------------------------ rules between labels


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


@settings(PROFILE, max_examples=150)
@given(st.data())
def test_rules_are_refused_exactly_if_enumeration_finds_them_impossible(data):
    n, exclusive, implies = data.draw(declarations())
    how = data.draw(written(NAMES[:n], exclusive, implies))
    rules, plain = read(n, exclusive, implies, how), read(n, exclusive, implies)
    assert (rules is None) == (plain is None)
    if rules is None or rules.consistent is None:
        assert rules is None or not (exclusive or implies)
        return
    as_sets = [
        {(frozenset(members), exactly) for members, exactly in each.consistent.exclusive}
        for each in (rules, plain)
    ]
    assert as_sets[0] == as_sets[1]
    assert set(rules.consistent.implications) == set(plain.consistent.implications)


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


@settings(PROFILE, max_examples=200)
@given(st.data())
def test_rows_are_refused_exactly_if_no_label_set_agrees(data):
    rules, sets, _, _ = data.draw(possible_rules())
    states = data.draw(states_tables(n_columns=sets.shape[1]))
    if data.draw(st.booleans()):
        states = np.concatenate([states, data.draw(known_rows(sets, 3))])
    contradicts = [row for row in range(len(states)) if not agrees(sets, states[row]).any()]
    if contradicts:
        rows = "|".join(map(str, contradicts))
        with pytest.raises(ValueError, match=rf"^known_labels, row ({rows}): "):
            rules.check(states, "known_labels")
    else:
        rules.check(states, "known_labels")


@settings(PROFILE, max_examples=60)
@given(st.data())
def test_pairs_of_known_labels_are_refused_exactly_if_no_label_set_has_both(data):
    rules, sets, _, _ = data.draw(possible_rules())
    n = sets.shape[1]
    pairs = list(itertools.combinations(range(n), 2))
    states = np.full((4 * len(pairs), n), -1, dtype=np.int8)
    for row, (pair, values) in enumerate(itertools.product(pairs, np.ndindex(2, 2))):
        states[row, pair] = values
    possible = np.array([agrees(sets, known).any() for known in states])
    rules.check(states[possible], "y")
    for row in np.flatnonzero(~possible):
        with pytest.raises(ValueError, match="^y, row 0: "):
            rules.check(states[row : row + 1], "y")


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


@settings(PROFILE, max_examples=200)
@given(st.data())
def test_probabilities_are_those_of_enumeration(data):
    rules, sets, exclusive, implies = data.draw(possible_rules())
    states = data.draw(known_rows(sets, 4))
    logits = data.draw(logit_rows(states.shape))
    proba = rules.probabilities(logits, states)
    rows = zip(logits, states, strict=True)
    expected = np.array([enumerated(sets, row, known) for row, known in rows])
    np.testing.assert_allclose(proba, expected, rtol=1e-5, atol=1e-7)
    assert_obeyed(proba, exclusive, implies)
    np.testing.assert_array_equal(proba[states >= 0], states[states >= 0])
    for row, known in zip(proba, states, strict=True):
        # Labels that all possible sets share.
        possible = sets[agrees(sets, known)]
        follows = (possible == possible[0]).all(axis=0)
        np.testing.assert_array_equal(row[follows], possible[0, follows])


@settings(PROFILE, max_examples=150)
@given(st.data())
def test_what_follows_is_never_wrong_and_nothing_more_follows_from_it(data):
    rules, sets, exclusive, implies = data.draw(possible_rules())
    states = data.draw(known_rows(sets, 4))
    settled = rules.propagate(states)
    np.testing.assert_array_equal(settled[states >= 0], states[states >= 0])
    np.testing.assert_array_equal(rules.propagate(settled), settled)
    for known, all_known in zip(states, settled, strict=True):
        np.testing.assert_array_equal(agrees(sets, known), agrees(sets, all_known))
    for members, mode in exclusive.items():  # each rule by itself leaves nothing to conclude
        group = settled[:, members]
        is_one, n_negative = (group == 1).any(axis=1), (group == 0).sum(axis=1)
        assert (n_negative[is_one] == len(members) - 1).all()
        assert mode == "at_most_one" or is_one[n_negative == len(members) - 1].all()
    for child, above in implies.items():
        assert (settled[settled[:, child] == 1][:, above] == 1).all()
        assert (settled[(settled[:, above] == 0).any(axis=1), child] == 0).all()


@settings(PROFILE, max_examples=100)
@given(st.data())
def test_labels_under_exactly_one_rules_become_those_of_the_most_probable_set(data):
    rules, sets, exclusive, _ = data.draw(possible_rules())
    states = data.draw(known_rows(sets, 4))
    logits = data.draw(logit_rows(states.shape))
    by_itself = (rules.probabilities(logits, states) > 0.5).astype(np.int64)
    labels = rules.complete(by_itself, logits, states)
    firsts = {members[0] for members, mode in exclusive.items() if mode == "exactly_one"}
    decided = [i for component in rules.components if firsts & set(component) for i in component]
    others = np.setdiff1d(range(states.shape[1]), decided)
    np.testing.assert_array_equal(labels[:, others], by_itself[:, others])
    for row, z, known in zip(labels, logits.astype(np.float64), states, strict=True):
        # Sets may be equally probable: any of the best will do.
        best = (sets[agrees(sets, known)][:, decided] @ z[decided]).max()
        np.testing.assert_allclose(row[decided] @ z[decided], best, rtol=1e-12, atol=1e-9)
    assert_possible(labels, states, sets)


# ------------------------------------------------------------- whole label sets


class FixedLogits(LabelPredictions, BaseEstimator):
    """An estimator that has nothing to learn: `X` holds rows of its logits."""

    def __init__(self, logits, rules, n_labels):
        self.logits, self.n_labels_ = logits, n_labels
        self.label_names_ = rules.names[:n_labels]
        self.extra_label_names_ = rules.names[n_labels:]
        self.label_groups_, self._rules, self._exclusive = {}, rules, False

    def fit(self, X, y):
        raise AssertionError("it has nothing to learn")

    def _logits(self, X, known_labels, extra_labels):
        return self.logits[X], self._states(len(X), known_labels, extra_labels)


@st.composite
def estimators(draw, n_rows):
    """An estimator with or without extra labels, what is known, and possible label sets."""
    rules, sets, _, _ = draw(possible_rules())
    n = sets.shape[1]
    n_labels = draw(st.integers(1, n))
    logits = draw(logit_rows((n_rows, n)))
    known = draw(known_rows(sets, n_rows))
    extra = known[:, n_labels:] if n_labels < n else None
    return FixedLogits(logits, rules, n_labels), known[:, :n_labels], extra, known, sets


def assert_possible(labels, known, sets):
    """Each label set keeps what is known and, with some extra labels, obeys the rules."""
    n_labels = labels.shape[1]
    for row, told in zip(labels, known, strict=True):
        assert (sets[agrees(sets, told)][:, :n_labels] == row).all(axis=1).any()


@settings(PROFILE, max_examples=100)
@given(st.data(), st.sampled_from(["independent", "greedy", "beam"]))
def test_predicted_label_sets_obey_the_rules(data, decoding):
    model, told, extra, known, sets = data.draw(estimators(4))
    labels = model.predict(np.arange(4), told, extra, decoding=decoding, beam_width=3)
    assert_possible(labels, known, sets)


@settings(PROFILE, max_examples=60)
@given(st.data(), st.integers(0, 2**31), st.integers(0, 1))
def test_samples_obey_the_rules(data, seed, n_sweeps):
    model, told, extra, known, sets = data.draw(estimators(2))
    drawn = model.sample_labels(np.arange(2), 3, told, extra, n_sweeps=n_sweeps, random_state=seed)
    assert_possible(drawn.reshape(6, -1), np.repeat(known, 3, axis=0), sets)


# -------------------------------------------------------------------------- masks


@settings(PROFILE, max_examples=100)
@given(st.data(), st.integers(0, 2**31), st.floats(0, 1), st.floats(0, 1))
def test_groups_are_hidden_or_shown_as_a_whole(data, seed, low, high):
    targets = torch.tensor(data.draw(states_tables(n_columns=8, n_rows=20)))
    groups = data.draw(groups_of(list(range(8)))).values()
    fraction = data.draw(st.sampled_from([None, tuple(sorted([low, high]))]))
    states, hidden = sample_label_states(
        targets, fraction, torch.Generator().manual_seed(seed), lead=leads(groups, 8), tie=1
    )
    missing = targets < 0
    assert (states[missing] == -1).all() and not hidden[missing].any()
    # Of what is annotated, everything is either told or to be predicted.
    np.testing.assert_array_equal(hidden, (states < 0) & ~missing)
    np.testing.assert_array_equal(states[~hidden], targets[~hidden])
    for members in groups:
        members = list(members)
        some_hidden = hidden[:, members].any(dim=1)
        some_shown = (states[:, members] >= 0).any(dim=1)
        assert not (some_hidden & some_shown).any()


@settings(PROFILE, max_examples=100)
@given(st.data(), st.integers(0, 2**31), st.floats(0, 1), st.booleans())
def test_missing_entries_change_no_other_entry(data, seed, tie, hide_positives):
    targets = torch.tensor(data.draw(states_tables(n_columns=8, n_rows=20)))
    shares = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted)
    fraction = data.draw(st.none() | shares)
    groups = data.draw(st.none() | groups_of(list(range(8))))
    lead = None if groups is None else leads(groups.values(), 8)
    with_missing, without = (
        sample_label_states(
            table,
            fraction,
            torch.Generator().manual_seed(seed),
            hide_positives=hide_positives,
            lead=lead,
            tie=tie,
        )
        for table in (targets, targets.clamp(min=0))
    )
    missing = targets < 0
    assert (with_missing[0][missing] == -1).all() and not with_missing[1][missing].any()
    for some, full in zip(with_missing, without, strict=True):
        np.testing.assert_array_equal(some[~missing], full[~missing])
    assert not hide_positives or with_missing[1][targets == 1].all()
    if fraction is not None and lead is None and not hide_positives:
        low, high = hidden_counts(fraction, 8)
        n_hidden = without[1].sum(dim=1)
        assert ((n_hidden >= low) & (n_hidden <= high)).all()


# --------------------------------------------------------------------- end to end

TARGETS, EXTRA = ["cat", "dog", "animal", "vehicle"], ["sun", "rain", "bus"]
PETS, WEATHER = {"pets": ("cat", "dog")}, {"weather": ("sun", "rain")}
N_IMAGES = 3
# The names above as positions.
EXCLUSIVE = {(0, 1): "at_most_one", (4, 5): "exactly_one"}
IMPLIES = {0: [2], 1: [2], 6: [3, 4]}
SETS = consistent_sets(7, EXCLUSIVE, IMPLIES)


@pytest.fixture(scope="module")
def fitted():
    """A model with rules between targets and extra labels, and new images."""
    rng = np.random.RandomState(0)
    labels = SETS[rng.randint(len(SETS), size=60)]
    X = rng.randn(60, 5).astype(np.float32)
    model = CTranClassifier(
        None,
        d_model=8,
        n_layers=1,
        n_heads=2,
        max_epochs=1,
        random_state=0,
        label_groups=PETS | WEATHER,
        exclusive_groups={"pets": "at_most_one", "weather": "exactly_one"},
        implies={"cat": "animal", "dog": "animal", "bus": ["vehicle", "sun"]},
    )
    Y, E = pd.DataFrame(labels[:, :4], columns=TARGETS), pd.DataFrame(labels[:, 4:], columns=EXTRA)
    return model.fit(X, Y, extra_labels=E), X[:N_IMAGES]


@settings(PROFILE, max_examples=80)
@given(data=st.data())
def test_a_fitted_model_obeys_the_rules_or_names_a_row(fitted, data):
    model, X = fitted
    random, parts = states_tables(n_columns=7, n_rows=N_IMAGES), known_rows(SETS, N_IMAGES)
    states = data.draw(st.one_of(random, parts))
    told = {
        "known_labels": data.draw(known_in_any_form(states[:, :4], TARGETS, PETS)),
        "extra_labels": data.draw(known_in_any_form(states[:, 4:], EXTRA, WEATHER)),
    }
    contradicts = [row for row in range(N_IMAGES) if not agrees(SETS, states[row]).any()]
    if contradicts:
        rows = "|".join(map(str, contradicts))
        for predict in (model.predict_proba, model.predict_extra_proba, model.predict):
            with pytest.raises(ValueError, match=rf"row ({rows}): "):
                predict(X, **told)
        return
    proba = np.hstack([model.predict_proba(X, **told), model.predict_extra_proba(X, **told)])
    assert_obeyed(proba, EXCLUSIVE, IMPLIES)
    np.testing.assert_array_equal(proba[states >= 0], states[states >= 0])
    for decoding in ("independent", "greedy", "beam"):
        assert_possible(model.predict(X, decoding=decoding, **told), states, SETS)
    drawn = model.sample_labels(X, 2, **told, random_state=0)
    assert_possible(drawn.reshape(2 * N_IMAGES, -1), np.repeat(states, 2, axis=0), SETS)
