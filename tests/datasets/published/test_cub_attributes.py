"""The vote of a species' photos, and the published selection of attributes."""

import numpy as np

from sklearn_ctran.datasets._published.cub_attributes import N_ATTRIBUTES, PUBLISHED, vote


def test_the_published_attributes_are_112():
    assert len(PUBLISHED) == len(set(PUBLISHED)) == 112
    assert list(PUBLISHED) == sorted(PUBLISHED) and PUBLISHED[-1] == N_ATTRIBUTES - 1


def test_the_vote_is_that_of_a_plain_count():
    rng = np.random.RandomState(0)
    is_present, certainty = rng.randint(2, size=(60, 7)), rng.randint(1, 5, size=(60, 7))
    classes = rng.randint(3, size=60)
    counts = np.zeros((4, 7, 2))
    for row, column in np.ndindex(60, 7):
        if is_present[row, column] or certainty[row, column] != 1:
            counts[classes[row], column, is_present[row, column]] += 1
    expected = counts[:, :, 1] >= counts[:, :, 0]
    np.testing.assert_array_equal(vote(is_present, certainty, classes, 4), expected)
