"""The masks of label mask training."""

import numpy as np
import pytest
import torch
from scipy import stats

from sklearn_ctran._labels.masks import (
    check_unknown_fraction,
    hidden_counts,
    leads,
    sample_label_states,
)


@pytest.mark.parametrize("n_labels", [1, 2, 3, 10, 77])
@pytest.mark.parametrize("fraction", [(0.25, 1.0), (0.5, 0.5)])
def test_hidden_labels_are_uniform_in_number_and_in_place(n_labels, fraction):
    n = 20_000
    true_states = torch.randint(2, (n, n_labels), dtype=torch.int8)
    shown, hidden = sample_label_states(true_states, fraction, torch.Generator().manual_seed(3))
    low, high = hidden_counts(fraction, n_labels)
    counts = torch.bincount(hidden.sum(dim=1), minlength=n_labels + 1).numpy()
    assert counts[:low].sum() == 0
    assert counts[high + 1 :].sum() == 0
    if low < high:
        assert stats.chisquare(counts[low : high + 1]).pvalue > 1e-4
    # Places: every label is hidden equally often, and so is every pair of neighbours.
    expected = (low + high) / 2 / n_labels
    sigma = np.sqrt(expected * (1 - expected) / n)
    np.testing.assert_allclose(hidden.float().mean(dim=0), expected, atol=5 * sigma + 1e-6)
    if n_labels > 1:
        pairs = np.mean([c * (c - 1) for c in range(low, high + 1)]) / (n_labels * (n_labels - 1))
        both = (hidden[:, 1:] & hidden[:, :-1]).float().mean(dim=0)
        np.testing.assert_allclose(both, pairs, atol=5 * np.sqrt(pairs / n) + 1e-6)
    # What is shown is the truth, what is hidden is unknown.
    assert (shown[hidden] == -1).all()
    assert (shown[~hidden] == true_states[~hidden]).all()


@pytest.mark.parametrize(
    "n_labels, expected", [(1, (1, 1)), (2, (1, 2)), (4, (1, 4)), (5, (2, 5)), (80, (20, 80))]
)
def test_hidden_counts_of_the_paper(n_labels, expected):
    assert hidden_counts((0.25, 1.0), n_labels) == expected


@pytest.mark.parametrize(
    "fraction, n_labels, expected",
    [
        ((0.29, 0.29), 100, (29, 29)),  # 0.29 * 100 is 28.999999999999996
        ((0.07, 0.07), 100, (7, 7)),  # 0.07 * 100 is 7.000000000000001
        ((0.0, 0.0), 5, (1, 1)),
        ((0.5, 0.5), 3, (2, 2)),
        ((0.1, 0.59), 10, (1, 5)),
        ((0.1, 0.29), 100, (10, 29)),
    ],
)
def test_hidden_counts_are_rounded_inwards(fraction, n_labels, expected):
    assert hidden_counts(fraction, n_labels) == expected


@pytest.mark.parametrize("fraction", [(0.5,), (0.5, 0.4), (-0.1, 1), (0, 1.1), ("a", 1), (0, 0, 1)])
def test_wrong_fractions(fraction):
    with pytest.raises(ValueError, match=r"a pair \(low, high\) with 0 <= low <= high <= 1, got"):
        check_unknown_fraction(fraction)


@pytest.mark.parametrize("fraction", [None, (0, 1), (0.5, 0.5), [0.25, 1.0], (1, 1)])
def test_right_fractions(fraction):
    assert check_unknown_fraction(fraction) is None


def test_masks_come_from_the_generator_alone():
    true_states = torch.ones(50, 6, dtype=torch.int8)
    torch.manual_seed(0)
    first = sample_label_states(true_states, (0.25, 1), torch.Generator().manual_seed(1))[0]
    state = torch.get_rng_state()
    again = sample_label_states(true_states, (0.25, 1), torch.Generator().manual_seed(1))[0]
    other = sample_label_states(true_states, (0.25, 1), torch.Generator().manual_seed(2))[0]
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(state, torch.get_rng_state())


def test_missing_labels_are_neither_shown_nor_scored():
    true_states = torch.tensor([[1, -1, 0, -1]] * 500, dtype=torch.int8)
    shown, hidden = sample_label_states(true_states, (0.25, 1.0), torch.Generator().manual_seed(0))
    assert (shown[:, [1, 3]] == -1).all()
    assert not hidden[:, [1, 3]].any()
    assert hidden[:, [0, 2]].any(dim=0).all()


def test_no_label_mask_training_hides_everything():
    true_states = torch.tensor([[1, 0, -1]], dtype=torch.int8)
    for n_extra in (0, 1):
        shown, hidden = sample_label_states(true_states, None, torch.Generator(), n_extra=n_extra)
        assert shown.tolist() == [[-1, -1, -1]]
        assert hidden.tolist() == [[True, True, False]]


def test_the_class_of_a_sample_is_always_hidden():
    true_states = torch.eye(4, dtype=torch.int8).repeat(100, 1)
    shown, hidden = sample_label_states(
        true_states, (0.25, 1.0), torch.Generator().manual_seed(0), hide_positives=True
    )
    assert hidden[true_states == 1].all()
    assert (shown != 1).all()
    # As many other classes are hidden as without the rule: n of 1 to 4 classes, 2.5 of 4.
    assert hidden[true_states == 0].float().mean().item() == pytest.approx(2.5 / 4, abs=0.06)


def test_any_number_of_extra_labels_is_hidden():
    true_states = torch.randint(2, (20_000, 7), dtype=torch.int8)
    shown, hidden = sample_label_states(
        true_states, (0.5, 1.0), torch.Generator().manual_seed(0), n_extra=3
    )
    assert torch.equal(hidden, shown == -1)
    counts = torch.bincount(hidden[:, 4:].sum(dim=1)).numpy()
    expected = np.array([1, 1, 1, 5]) / 8 * counts.sum()  # all in half of the samples, and more
    assert stats.chisquare(counts, expected).pvalue > 1e-4
    of_targets = hidden[:, :4].sum(dim=1)
    assert torch.bincount(of_targets).tolist()[:2] == [0, 0]
    # Independent of one another: all targets are hidden while no extra label is.
    both = ((of_targets == 4) & ~hidden[:, 4:].any(dim=1)).float().mean().item()
    assert both == pytest.approx(1 / 3 / 8, abs=0.01)
    np.testing.assert_allclose(hidden[:, 4:].float().mean(dim=0), 0.75, atol=0.02)


def test_extra_labels_are_drawn_by_a_range_of_their_own():
    """As the authors train on birds: no class is known, and 0 to 84 of 112 attributes are."""
    true_states = torch.randint(2, (20_000, 114), dtype=torch.int8)
    _, hidden = sample_label_states(
        true_states,
        (1.0, 1.0),
        torch.Generator().manual_seed(0),
        n_extra=112,
        extra_unknown_fraction=(0.25, 1.0),
    )
    assert hidden[:, :2].all()
    counts = torch.bincount(112 - hidden[:, 2:].sum(dim=1)).numpy()
    assert len(counts) == 85 and stats.chisquare(counts).pvalue > 1e-4
    np.testing.assert_allclose(hidden[:, 2:].float().mean(dim=0), 70 / 112, atol=0.02)


def test_the_first_label_leads_its_group():
    assert leads([(1, 3), (4, 2)], 6).tolist() == [0, 1, 4, 1, 4, 5]


@pytest.mark.parametrize("tie", [0.0, 0.3, 1.0])
def test_groups_are_hidden_together_with_probability_tie(tie):
    n = 20_000
    true_states = torch.randint(2, (n, 10), dtype=torch.int8)
    draw = (true_states, (0.5, 0.5), torch.Generator().manual_seed(0))
    shown, hidden = sample_label_states(*draw, lead=leads([(2, 5, 6)], 10), tie=tie)
    assert torch.equal(hidden, shown == -1)
    group = hidden[:, [2, 5, 6]].sum(dim=1)
    together = ((group == 0) | (group == 3)).float().mean().item()
    # Label by label, all three of ten are hidden with 5 * 4 * 3 / (10 * 9 * 8), as are none.
    expected = tie + (1 - tie) / 6
    assert together == pytest.approx(expected, abs=0.02)
    # Each label is hidden as often as without groups, and others do not care.
    np.testing.assert_allclose(hidden.float().mean(dim=0), 0.5, atol=0.02)
    apart = (hidden[:, 0] == hidden[:, 2]).float().mean().item()
    assert apart == pytest.approx(4 / 9, abs=0.03)
