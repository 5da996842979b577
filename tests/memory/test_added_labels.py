"""What a few examples say of an added label."""

import numpy as np
import pytest

from sklearn_ctran._memory.added_labels import AddedLabels, learn_from_examples

RNG = np.random.RandomState(0)
#: The first direction varies much, and tells nothing; the second tells the label.
REMEMBERED = (RNG.normal(size=(400, 2)) * [3.0, 0.3]).astype(np.float32)


def examples(n, seed=1):
    vectors = np.random.RandomState(seed).normal(size=(n, 2)) * [3.0, 0.3] + [0.0, 1.0]
    return vectors.astype(np.float32)


def spread(slopes, offsets, text_share):
    return (REMEMBERED @ slopes.T + offsets).std(axis=0)


def test_images_like_the_examples_have_greater_logits():
    many = np.ones((50, 1), dtype=np.int8)
    slopes, offsets, _ = learn_from_examples(REMEMBERED, examples(50), many)
    given = examples(100, seed=2) @ slopes.T + offsets
    assert given.mean() > (REMEMBERED @ slopes.T + offsets).mean() + 0.5
    # As the mean of all remembered rows, an image says nothing.
    np.testing.assert_allclose(REMEMBERED.mean(axis=0) @ slopes.T + offsets, 0, atol=1e-5)


@pytest.mark.parametrize(("n", "expected"), [(1, 2 / 6), (5, 1.0), (15, 1.5)])
def test_more_examples_weigh_more(n, expected):
    learned = learn_from_examples(REMEMBERED, examples(n), np.ones((n, 1), dtype=np.int8))
    np.testing.assert_allclose(spread(*learned), expected, rtol=1e-4)
    np.testing.assert_allclose(learned[2], 1 - expected / 2, rtol=1e-5)  # The text weighs less.


def test_negative_examples_count():
    vectors = np.concatenate([examples(5), [[3.0, 1.0]] * 10]).astype(np.float32)
    unknown, negative = np.array([[1] * 5 + [-1] * 10, [1] * 5 + [0] * 10], dtype=np.int8)
    slopes, offsets, _ = learn_from_examples(
        REMEMBERED, vectors, np.stack([unknown, negative], axis=1)
    )
    without, with_them = (np.array([3.0, 1.0]) @ slopes.T + offsets).tolist()
    assert with_them < without


def test_a_label_without_a_positive_example_has_none():
    states = np.array([[0, -1]] * 5, dtype=np.int8)
    slopes, offsets, text_share = learn_from_examples(REMEMBERED, examples(5), states)
    assert not slopes.any() and not offsets.any() and (text_share == 1).all()


def test_equal_rows_and_no_directions():
    slopes, offsets, _ = learn_from_examples(np.ones((3, 2)), np.ones((1, 2)), np.array([[1]]))
    assert np.isfinite(slopes).all() and np.isfinite(offsets).all()
    slopes, offsets, _ = learn_from_examples(np.ones((3, 0)), np.ones((1, 0)), np.array([[1]]))
    assert slopes.shape == (1, 0) and offsets.tolist() == [0.0]


def test_labels_of_two_calls():
    def one(name, value):
        texts, slopes, number = (np.full(shape, value) for shape in ((1, 3), (1, 2), 1))
        return AddedLabels(np.array([name], dtype=object), texts, slopes, number, number)

    both = one("a", 1.0).and_(one("b", 2.0))
    assert both.names.tolist() == ["a", "b"] and len(both) == 2
    assert both.by_name()["b"].tolist() == [2.0] * 3
    np.testing.assert_array_equal(both.logits(np.ones((1, 2))), [[3.0, 6.0]])
