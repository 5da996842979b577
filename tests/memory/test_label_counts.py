"""What the number of labels of an image says of one more label."""

import itertools

import numpy as np

from sklearn_ctran._memory.label_counts import count_distribution, learn_room, room_for_another


def test_counts_of_independent_labels_are_those_of_all_their_combinations():
    proba = np.random.RandomState(0).random_sample((3, 4))
    expected = np.zeros((3, 5))
    for states in itertools.product([0, 1], repeat=4):
        expected[:, sum(states)] += np.where(states, proba, 1 - proba).prod(axis=1)
    np.testing.assert_allclose(count_distribution(proba, 5), expected)
    lumped = count_distribution(proba, 3)
    np.testing.assert_allclose(lumped[:, :2], expected[:, :2])
    np.testing.assert_allclose(lumped[:, 2], expected[:, 2:].sum(axis=1))


def rows_of_two(n=300, n_labels=6):
    """Rows of which each has two labels, no more and no less."""
    order = np.random.RandomState(0).random_sample((n, n_labels)).argsort(axis=1)
    return (order < 2).astype(np.int8)


def test_a_full_row_has_no_room():
    room = learn_room(rows_of_two(), np.ones(300))
    assert len(room) == 3 and room.dtype == np.float32
    assert room[1] > 0.5 and room[2] < -3  # Beside each label there is one other, never two.
    proba = np.array([[1, 0, 0, 0.0], [1, 1, 0, 0], [1, 1, 1, 0]])
    given = room_for_another(room, proba)
    np.testing.assert_allclose(given, [room[1], room[2], room[2]], rtol=1e-5)


def test_labels_that_come_together_ask_for_others():
    states = np.repeat(np.eye(2, dtype=np.int8)[[0, 1]], [50, 100], axis=0)[:, [0, 0, 0]]
    room = learn_room(states, np.ones(150))
    assert room[0] < -1 < 1 < room[2]
    assert room[1] == 0  # No row has one other label.


def test_what_is_likely_counts_as_likely():
    room = np.log(np.array([2.0, 1.0, 0.5], dtype=np.float32))
    np.testing.assert_allclose(room_for_another(room, np.array([[0.5]])), np.log(1.5), rtol=1e-6)


def test_weights_are_numbers_of_rows():
    states = (np.random.RandomState(0).random_sample((40, 5)) < 0.4).astype(np.int8)
    weights = np.random.RandomState(1).randint(4, size=40)
    repeated = np.repeat(states, weights, axis=0)
    np.testing.assert_allclose(
        learn_room(states, weights.astype(float)),
        learn_room(repeated, np.ones(len(repeated))),
        rtol=1e-5,
        atol=1e-6,
    )


def test_gaps_count_with_their_share_and_teach_nothing():
    states = rows_of_two()
    gaps = states.copy()
    gaps[np.random.RandomState(1).random_sample(gaps.shape) < 0.2] = -1
    room = learn_room(gaps, np.ones(300))
    assert room[1] > 0.2 and room[2] < -0.5
    states[:, 0] = -1
    nobody = learn_room(np.full((4, 3), -1, dtype=np.int8), np.ones(4))
    assert np.isfinite(learn_room(states, np.ones(300))).all() and not nobody.any()


def test_labels_without_positives_or_negatives_teach_nothing():
    states = rows_of_two()
    more = np.hstack([states, np.zeros((300, 1), dtype=np.int8)])
    np.testing.assert_array_equal(learn_room(more, np.ones(300)), learn_room(states, np.ones(300)))
    assert not learn_room(np.ones((5, 2), dtype=np.int8), np.ones(5)).any()


def test_many_labels_are_counted_together():
    states = np.zeros((4, 100), dtype=np.int8)
    states[:2, :60] = states[2, 60:] = 1
    assert len(learn_room(states, np.ones(4))) == 32
