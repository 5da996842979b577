"""Targets, known labels, masks, probabilities."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse, stats
from sklearn.exceptions import DataConversionWarning

from sklearn_ctran._labels import (
    encode_known_labels,
    encode_targets,
    hidden_counts,
    log_odds,
    probabilities,
    sample_label_states,
)

Y = np.array([[1, 0, 0], [0, 1, 1], [1, 1, 0]])
NAMES = np.array(["cat", "dog", "sun"])


@pytest.mark.parametrize(
    "y",
    [
        Y,
        Y.tolist(),
        Y.astype(bool),
        Y.astype(np.float32),
        Y.astype(object),
        sparse.csr_matrix(Y),
        sparse.coo_array(Y),
        pd.DataFrame(Y),
    ],
)
def test_targets_of_every_form_are_the_same(y):
    targets = encode_targets(y)
    np.testing.assert_array_equal(targets.states, Y)
    np.testing.assert_array_equal(targets.names, [0, 1, 2])
    np.testing.assert_array_equal(targets.classes, [[0, 1]] * 3)
    assert targets.states.dtype == np.int8
    assert not targets.exclusive


def test_targets_keep_the_names_of_a_data_frame():
    np.testing.assert_array_equal(encode_targets(pd.DataFrame(Y, columns=NAMES)).names, NAMES)


@pytest.mark.parametrize("missing", [np.nan, -1, None, pd.NA])
def test_missing_targets(missing):
    table = pd.DataFrame(Y, columns=NAMES).astype(object)
    table.loc[1, "cat"] = missing
    if missing is pd.NA:
        table = table.astype("Int64")
    expected = Y.copy()
    expected[1, 0] = -1
    np.testing.assert_array_equal(encode_targets(table).states, expected)


def test_classes():
    targets = encode_targets(["owl", "tit", "owl"])
    np.testing.assert_array_equal(targets.classes, ["owl", "tit"])
    np.testing.assert_array_equal(targets.names, ["owl", "tit"])
    np.testing.assert_array_equal(targets.states, [[1, 0], [0, 1], [1, 0]])
    assert targets.exclusive


def test_one_column_is_one_label_or_a_column_of_classes():
    assert not encode_targets([[0], [1]]).exclusive
    with pytest.warns(DataConversionWarning, match="column-vector"):
        assert encode_targets([[0], [2], [1]]).exclusive


@pytest.mark.parametrize(
    "y, message",
    [
        (None, "requires y to be passed"),
        (np.zeros((0, 3)), "y is empty"),
        (np.zeros((3, 0)), "y is empty"),
        ([[0, 1], [2, 1]], "row 1, label 0 holds 2"),
        ([[0, 0.5]], "row 0, label 1 holds 0.5"),
        ([[0, np.inf]], "row 0, label 1 holds inf"),
        ([["yes", "no"]], "y must hold numbers"),
        (np.zeros((2, 2, 2)), "3 dimensions"),
        ([[0, 1], [1]], "cannot be read as a table"),
        (np.full((2, 2), -1), "no annotated entry at all"),
        (np.full((2, 2), np.nan), "no annotated entry at all"),
        ([[1, -1], [-1, 1]], "write 0 where a label is absent"),
        ([1, 1, 1], "one class"),
        ([0.5, 1.5, 2.1], "Unknown label type"),
        ([0, np.nan, 1], "NaN"),
    ],
)
def test_bad_targets(y, message):
    with pytest.raises(ValueError, match=message):
        encode_targets(y)


def test_a_label_nobody_annotated_is_named():
    table = pd.DataFrame(Y, columns=NAMES).astype(float)
    table["dog"] = np.nan
    with pytest.raises(ValueError, match="label.* 'dog'"):
        encode_targets(table)


def test_label_names_must_differ():
    with pytest.raises(ValueError, match="different names"):
        encode_targets(pd.DataFrame(Y, columns=["a", "a", "b"]))


@pytest.mark.parametrize(
    "known",
    [
        [[-1, 1, -1], [-1, 0, -1]],
        np.array([[np.nan, 1, np.nan], [np.nan, 0, np.nan]]),
        [[None, True, None], [None, False, None]],
        pd.DataFrame({"dog": [1, 0]}, index=[7, 8]),
        {"dog": [1, 0]},
        {"dog": pd.Series([1, 0], index=[5, 6])},
    ],
)
def test_known_labels_of_every_form_are_the_same(known):
    states = encode_known_labels(known, 2, NAMES)
    np.testing.assert_array_equal(states, [[-1, 1, -1], [-1, 0, -1]])
    assert states.dtype == np.int8


def test_known_labels_none_and_scalars():
    assert (encode_known_labels(None, 2, NAMES) == -1).all()
    states = encode_known_labels({"sun": 1, "cat": np.nan}, 2, NAMES)
    np.testing.assert_array_equal(states, [[-1, -1, 1]] * 2)


@pytest.mark.parametrize(
    "known, message",
    [
        (np.zeros((3, 3)), r"shape \(n_samples, n_labels\) = \(2, 3\), got \(3, 3\)"),
        (np.zeros((2, 2)), "got"),
        ([1, 0], "got"),
        ([[2, 0, 0], [0, 0, 0]], "row 0, label 'cat' holds 2"),
        ({"moon": 1}, "names 'moon'"),
        (pd.DataFrame({"cat": [1, 0], "mouse": [1, 0]}), "names 'mouse'"),
        ({"cat": [1, 0, 1]}, "column of 2 values"),
        ({"cat": "yes"}, "must hold numbers"),
    ],
)
def test_bad_known_labels(known, message):
    with pytest.raises(ValueError, match=message):
        encode_known_labels(known, 2, NAMES)


def test_sparse_known_labels_are_ambiguous():
    with pytest.raises(TypeError, match="must be dense"):
        encode_known_labels(sparse.csr_matrix(Y), 3, NAMES)


@pytest.mark.parametrize(
    "row, message", [([1, 1, -1], "'cat', 'dog' exclude"), ([0, 0, 0], "every class")]
)
def test_contradictory_known_classes(row, message):
    with pytest.raises(ValueError, match=f"row 1: .*{message}"):
        encode_known_labels([[-1, -1, -1], row], 2, NAMES, exclusive=True)


@pytest.mark.parametrize("n_labels", [1, 2, 3, 10, 77])
@pytest.mark.parametrize("fraction", [(0.25, 1.0), (0.5, 0.5)])
def test_hidden_labels_are_uniform_in_number_and_in_place(n_labels, fraction):
    n = 20_000
    targets = torch.randint(2, (n, n_labels), dtype=torch.int8)
    states, hidden = sample_label_states(targets, fraction, torch.Generator().manual_seed(3))
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
    assert (states[hidden] == -1).all()
    assert (states[~hidden] == targets[~hidden]).all()


@pytest.mark.parametrize(
    "n_labels, expected", [(1, (1, 1)), (2, (1, 2)), (4, (1, 4)), (5, (2, 5)), (80, (20, 80))]
)
def test_hidden_counts_of_the_paper(n_labels, expected):
    assert hidden_counts((0.25, 1.0), n_labels) == expected


def test_masks_come_from_the_generator_alone():
    targets = torch.ones(50, 6, dtype=torch.int8)
    torch.manual_seed(0)
    first = sample_label_states(targets, (0.25, 1), torch.Generator().manual_seed(1))[0]
    state = torch.get_rng_state()
    again = sample_label_states(targets, (0.25, 1), torch.Generator().manual_seed(1))[0]
    other = sample_label_states(targets, (0.25, 1), torch.Generator().manual_seed(2))[0]
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(state, torch.get_rng_state())


def test_missing_labels_are_neither_shown_nor_scored():
    targets = torch.tensor([[1, -1, 0, -1]] * 500, dtype=torch.int8)
    states, hidden = sample_label_states(targets, (0.25, 1.0), torch.Generator().manual_seed(0))
    assert (states[:, [1, 3]] == -1).all()
    assert not hidden[:, [1, 3]].any()
    assert hidden[:, [0, 2]].any(dim=0).all()


def test_no_label_mask_training_hides_everything():
    targets = torch.tensor([[1, 0, -1]], dtype=torch.int8)
    states, hidden = sample_label_states(targets, None, torch.Generator())
    assert states.tolist() == [[-1, -1, -1]]
    assert hidden.tolist() == [[True, True, False]]


def test_the_class_of_a_sample_is_always_hidden():
    targets = torch.eye(4, dtype=torch.int8).repeat(100, 1)
    states, hidden = sample_label_states(
        targets, (0.25, 1.0), torch.Generator().manual_seed(0), exclusive=True
    )
    assert hidden[targets == 1].all()
    assert (states != 1).all()
    assert (states == 0).any()


def test_probabilities_of_labels():
    proba = probabilities(
        np.array([[0.0, 1e4, -1e4, 5.0]], np.float32), np.array([[-1, -1, -1, 0]]), False
    )
    assert proba.dtype == np.float32
    np.testing.assert_array_equal(proba, [[0.5, 1, 0, 0]])


def test_probabilities_of_classes():
    logits = np.zeros((3, 4), np.float32)
    states = np.array([[-1, -1, -1, -1], [0, -1, -1, 0], [-1, 1, -1, 0]])
    np.testing.assert_allclose(
        probabilities(logits, states, True),
        [[0.25, 0.25, 0.25, 0.25], [0, 0.5, 0.5, 0], [0, 1, 0, 0]],
    )


def test_log_odds_count_what_is_annotated():
    states = np.array([[1, 0], [1, -1], [0, 0], [-1, 0]], dtype=np.int8)
    np.testing.assert_allclose(log_odds(states), np.log([3 / 2, 1 / 4]), rtol=1e-6)
