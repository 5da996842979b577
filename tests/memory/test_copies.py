"""Which rows are copies of one another."""

import numpy as np
import pytest
import torch

from sklearn_ctran._memory import copies as module
from sklearn_ctran._memory.copies import (
    LEAST_DIRECTIONS,
    MOST_COPIES,
    NEAR,
    group_copies,
    larger_groups,
)


def unit(rows):
    return torch.from_numpy(rows / np.linalg.norm(rows, axis=1, keepdims=True)).float()


def film(n_frames, n_directions=LEAST_DIRECTIONS, seed=0):
    """Vectors that drift: neighbours are copies, the first and the last are not."""
    rng = np.random.RandomState(seed)
    frames = [rng.randn(n_directions)]
    while len(frames) < n_frames:
        frames.append(0.95 * frames[-1] + 0.3 * rng.randn(n_directions))
    return np.array(frames)


def test_copies_are_a_group_and_others_are_alone():
    rng = np.random.RandomState(0)
    photos = rng.randn(200, 64)
    photos[50] = photos[3] + 0.1 * rng.randn(64)
    photos[170] = 5 * photos[50]
    numbers = group_copies(unit(photos))
    assert numbers[3] == numbers[50] == numbers[170]
    assert len(np.unique(numbers)) == 198


@pytest.mark.parametrize("block", [7, 512])
def test_a_film_is_one_group_though_it_drifts(monkeypatch, block):
    monkeypatch.setattr(module, "_BLOCK", block)
    vectors = unit(np.vstack([film(40), np.random.RandomState(1).randn(200, 64)]))
    assert vectors[0] @ vectors[39] < NEAR
    numbers = group_copies(vectors)
    assert len(np.unique(numbers[:40])) == 1
    assert len(np.unique(numbers)) == 201


def test_how_near_copies_are():
    angle = np.arccos(NEAR)
    for turned, n_groups in ((angle - 0.01, 7), (angle + 0.01, 8)):
        rows = np.eye(8, 64)
        rows[1, :2] = np.cos(turned), np.sin(turned)
        assert len(np.unique(group_copies(unit(rows)))) == n_groups


def test_in_few_directions_near_images_are_not_copies():
    vectors = unit(film(40, LEAST_DIRECTIONS - 1))
    assert len(np.unique(group_copies(vectors))) == 40


def test_a_group_is_never_most_rows():
    """Else nobody would be left to predict its rows."""
    vectors = unit(np.ones((40, 64)))
    _, counts = np.unique(group_copies(vectors), return_counts=True)
    assert counts.tolist() == [10, 10, 10, 10]
    vectors = unit(np.ones((4 * MOST_COPIES + 40, 64)))
    numbers = group_copies(vectors)
    assert np.bincount(numbers).tolist() == 4 * [MOST_COPIES] + [40]
    assert (np.diff(numbers) >= 0).all()


def test_images_without_a_direction_are_alone():
    assert len(np.unique(group_copies(torch.zeros(30, 64)))) == 30
    assert group_copies(torch.zeros(1, 64)).tolist() == [0]


def test_groups_of_more_than_one():
    groups = larger_groups(np.array([4, 7, 4, 0, 7, 4]))
    assert [each.tolist() for each in groups] == [[0, 2, 5], [1, 4]]
