"""Whatever rules are declared, probabilities and label sets are those of enumeration."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_forms import NAMES, PROFILE, states_tables
from rule_sets import (
    agrees,
    assert_obeyed,
    assert_possible,
    declarations,
    enumerated,
    known_rows,
    logit_rows,
    possible_rules,
    read,
    written,
)
from scipy.special import logsumexp

from sklearn_ctran._rules.reading import read_rules


@settings(PROFILE, max_examples=80)
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


@settings(PROFILE, max_examples=100)
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


@settings(PROFILE, max_examples=40)
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


@settings(PROFILE, max_examples=100)
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


@settings(PROFILE, max_examples=80)
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


@settings(PROFILE, max_examples=60)
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


@pytest.mark.parametrize("n", [2, 3, 4, 6])
@pytest.mark.parametrize("mode", ["at_most_one", "exactly_one"])
def test_logits_of_a_group_are_against_all_its_other_label_sets(n, mode):
    logits = np.random.RandomState(n).randn(5, n).astype(np.float32)
    rules = read_rules(np.arange(n), None, {tuple(range(n)): mode})
    got = rules.consistent_logits(logits, np.full((5, n), -1, np.int8))
    for label in range(n):
        others = np.delete(logits, label, axis=1)
        if mode == "at_most_one":
            others = np.column_stack([others, np.zeros(5)])
        expected = logits[:, label] - logsumexp(others, axis=1)
        np.testing.assert_allclose(got[:, label], expected, rtol=1e-4, atol=1e-5)
