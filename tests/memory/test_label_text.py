"""Logits of labels that nobody annotated, out of those of labels with texts."""

import itertools

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge

from sklearn_ctran._memory.label_text import LabelText
from sklearn_ctran._memory.memory import LabelMemory

#: Two labels about the same, and one about something else.
TEXTS = np.array([[3.0, 0.0, 1.0], [2.0, 0.5, 1.0], [-1.0, 4.0, 1.0]], dtype=np.float32)
LOG_ODDS = np.array([-1.0, -2.0, -3.0])
NOTHING = np.full((2, 3), -1, dtype=np.int8)
#: Rows with every set of labels: the number of others says nothing of a label.
ANY = np.array(list(itertools.product([0, 1], repeat=3)), dtype=np.int8)
#: Rows with one label each.
ONE = np.tile(np.eye(3, dtype=np.int8), (20, 1))


def learn(states=ANY, shift=0.0):
    shift = np.full(3, shift)
    return LabelText.learn(TEXTS, LOG_ODDS + shift, shift, states, np.ones(len(states)))


def predict(new, logits, states=NOTHING, told=None, text=None, **params):
    logits = np.asarray(logits, dtype=np.float32)
    new = np.array([new], dtype=np.float32)
    told = logits if told is None else told
    return (learn() if text is None else text).logits(new, logits, told, states, **params)


def test_a_new_label_follows_the_labels_that_it_is_like():
    logits = LOG_ODDS + [[2.0, 2.0, 0.0], [0.0, 0.0, 2.0]]
    like_the_first = predict([3.0, 0.0, 1.0], logits)[:, 0]
    like_the_last = predict([-1.0, 4.0, 1.0], logits)[:, 0]
    assert like_the_first[0] > like_the_first[1]
    assert like_the_last[0] < like_the_last[1]
    assert like_the_first.dtype == np.float32


def test_the_weights_are_those_of_kernel_ridge_regression():
    z = np.random.RandomState(0).normal(size=(2, 3))
    new = np.array([1.0, 1.0, 0.0])
    vectors = np.vstack([TEXTS, new]) - TEXTS.mean(axis=0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = vectors @ vectors.T
    kernel = (cosines + cosines**2) / 2
    ridge = KernelRidge(alpha=0.5, kernel="precomputed").fit(kernel[:3, :3], z.T)
    expected = ridge.predict(kernel[3:, :3])
    np.testing.assert_allclose(predict(new, LOG_ODDS + z), expected.T - 2.0, rtol=1e-4)


def test_a_label_like_none_has_the_median_of_the_log_odds():
    np.testing.assert_allclose(predict(TEXTS.mean(axis=0), [[5.0, 5.0, 5.0]] * 2), -2.0, atol=1e-5)


def test_labels_that_are_there_leave_less_room():
    logits, text = np.tile(LOG_ODDS, (2, 1)), learn(ONE)
    states = np.array([[-1, 1, -1], [-1, 0, -1]], dtype=np.int8)
    like_none = TEXTS.mean(axis=0)
    with_one, without = predict(like_none, logits, states, text=text)[:, 0]
    assert with_one < without - 2
    likely = logits + [[3.0, 3.0, 3.0], [0.0, 0.0, 0.0]]
    crowded, empty = predict(like_none, likely, text=text)[:, 0]
    assert crowded < empty - 1
    known_by_logits = predict(like_none, logits, told=likely, text=text)[:, 0]
    np.testing.assert_allclose(known_by_logits, [crowded, empty], atol=1e-5)


def test_weights_of_positive_labels_make_no_label_likelier():
    text, shifted = learn(ONE), learn(ONE, shift=2.0)
    logits = LOG_ODDS + [[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]]
    new = [1.0, 1.0, 0.0]
    np.testing.assert_allclose(
        predict(new, logits + 2.0, text=shifted), predict(new, logits, text=text) + 2.0, rtol=1e-5
    )


@pytest.fixture(scope="module")
def remembered():
    """A memory of images that show the first label (and the second), or the third, or none."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(120, 4)).astype(np.float32)
    X[:, 0] += np.repeat([6.0, -6.0, 0.0], 40)
    X[:, 1] += np.repeat([0.0, 0.0, 9.0], 40)
    states = np.repeat(np.array([[1, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=np.int8), 40, axis=0)
    return X, states, LabelMemory.learn(X, states, np.ones(120))


def recall(text, remembered, new, X, states):
    new = np.array([new], dtype=np.float32)
    return text.recalled(new, remembered[2], X, states)[:, 0]


def test_rows_like_the_image_say_which_labels_it_has(remembered):
    X, states, _ = remembered
    hidden, text = np.full_like(states, -1), learn()
    like_the_first = recall(text, remembered, TEXTS[0], X, hidden).reshape(3, 40).mean(axis=1)
    like_the_last = recall(text, remembered, TEXTS[2], X, hidden).reshape(3, 40).mean(axis=1)
    assert like_the_first[0] > like_the_first[2] > like_the_first[1]
    assert like_the_last.argmax() == 1


def test_known_labels_choose_the_rows(remembered):
    X, states, _ = remembered
    text = learn()
    known = np.array([[1, -1, -1], [0, -1, 1]], dtype=np.int8)
    between = np.zeros((2, 4), dtype=np.float32)
    first, last = recall(text, remembered, TEXTS[0], between, known)
    assert first > last + 0.5


def test_what_is_recalled_is_more_than_that_of_all_rows(remembered):
    """Of a label of which the text says nothing, rows without room say the contrary."""
    X, states, _ = remembered
    nothing = recall(learn(), remembered, TEXTS.mean(axis=0), X, np.full_like(states, -1))
    np.testing.assert_allclose(nothing, 0, atol=1e-5)
    by_room = recall(learn(ONE), remembered, TEXTS.mean(axis=0), X, np.full_like(states, -1))
    assert by_room[80:].min() > by_room[:80].max()


def test_what_is_recalled_counts_twice_as_much_as_the_logits():
    logits, new = LOG_ODDS + [[2.0, 2.0, 0.0], [0.0, 0.0, 2.0]], [3.0, 0.0, 1.0]
    alone = predict(new, logits) + 2.0
    both = predict(new, logits, recalled=np.ones((2, 1)))
    np.testing.assert_allclose(both, alone / 2 + 1 - 2.0, rtol=1e-5)


def test_gaps_of_remembered_rows_count_by_their_logits(remembered):
    X, states, _ = remembered
    gaps = states.copy()
    gaps[::2] = -1
    gaps[0] = states[0]
    memory = LabelMemory.learn(X, gaps, np.ones(120))
    values = learn(ONE).recalled(TEXTS[:1], memory, X, np.full_like(states, -1))
    assert np.isfinite(values).all() and values.std() > 0.1


def test_known_labels_count_through_the_logits_of_unknown_ones():
    logits = np.tile(LOG_ODDS, (2, 1))
    states = np.array([[-1, -1, 1]] * 2, dtype=np.int8)
    told = logits + [[4.0, 0.0, 100.0], [0.0, 0.0, 100.0]]  # The last is known: not counted.
    first, second = predict([3.0, 0.0, 1.0], logits, states, told)[:, 0]
    assert 0 < first - second < 4


def test_equal_vectors_are_refused():
    with pytest.raises(ValueError, match="the same vector for all labels"):
        LabelText.learn(np.ones((3, 2), dtype=np.float32), LOG_ODDS, LOG_ODDS, ANY, np.ones(8))
    one = TEXTS[:1], LOG_ODDS[:1], LOG_ODDS[:1], ANY[:, :1]
    with pytest.raises(ValueError, match="two labels or more"):
        LabelText.learn(*one, np.ones(8))
