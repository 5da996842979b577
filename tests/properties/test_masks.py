"""Masks of training, for any groups, gaps and shares."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from label_forms import PROFILE, groups_of, states_tables

from sklearn_ctran._labels.masks import hidden_counts, leads, sample_label_states


@settings(PROFILE, max_examples=60)
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


@settings(PROFILE, max_examples=60)
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


def test_without_a_tie_groups_make_no_difference():
    targets = torch.ones(50, 8, dtype=torch.int8)
    first, second = (
        sample_label_states(targets, (0.5, 0.5), torch.Generator().manual_seed(0), lead=lead)
        for lead in (None, leads([(0, 3, 5)], 8))
    )
    for some, same in zip(first, second, strict=True):
        assert torch.equal(some, same)
