"""Labels that occur together."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_ctran.inspection import CooccurrenceDisplay


def test_counts_and_lift():
    rng = np.random.RandomState(0)
    Y = rng.choice([-1, 0, 1], size=(50, 4), p=[0.2, 0.4, 0.4])
    display = CooccurrenceDisplay.from_labels(Y)
    for i in range(4):
        for j in range(4):
            both = Y[(Y[:, i] != -1) & (Y[:, j] != -1)][:, [i, j]] == 1
            assert display.counts[i, j] == both.all(axis=1).sum()
            if i != j:
                lift = both.all(axis=1).mean() / both[:, 0].mean() / both[:, 1].mean()
                assert display.lift[i, j] == pytest.approx(lift)
    assert np.isnan(np.diag(display.lift)).all()
    expected = np.clip(np.log2(display.lift), -3, 3)
    order = [int(name) for name in display.shown_]
    drawn = np.ma.filled(display.image_.get_array(), np.nan)
    np.testing.assert_allclose(drawn, expected[np.ix_(order, order)])
    assert order == np.argsort(-np.diag(display.counts), kind="stable").tolist()


def test_frames_and_sparse_tables():
    Y = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1], [0, 0, 0]])
    frame = CooccurrenceDisplay.from_labels(pd.DataFrame(Y, columns=["a", "b", "c"]))
    assert frame.label_names == ["a", "b", "c"]
    other = CooccurrenceDisplay.from_labels(sparse.csr_array(Y), label_names=["a", "b", "c"])
    np.testing.assert_array_equal(frame.lift, other.lift)
    assert frame.plot(labels=["c", "a"]).shown_ == ["c", "a"]
    with pytest.raises(ValueError, match="label_names has 2 names for 3 labels"):
        CooccurrenceDisplay.from_labels(Y, label_names=["a", "b"])


@pytest.mark.parametrize("missing", [-1, np.nan])
def test_a_table_without_a_label(missing):
    with pytest.raises(ValueError, match="y has no label: all are missing"):
        CooccurrenceDisplay.from_labels(np.full((3, 2), missing))


@pytest.mark.parametrize("n_labels", [6, 74, 374])
def test_the_most_frequent_of_many(scored, texts_of, n_labels):
    y, _, names = scored(n_labels)
    display = CooccurrenceDisplay.from_labels(y, label_names=names)
    n = len(display.shown_)
    shown = [names.index(name) for name in display.shown_]
    assert n <= 50 and y.sum(axis=0)[shown].min() >= np.sort(y.sum(axis=0))[-n]
    texts = texts_of(display.figure_)
    if n_labels > 6:
        assert any(f"{n} of {n_labels} labels: the most frequent" in text for text in texts)
    else:
        assert str(display.counts[0, 1]) in texts and "numbers: rows" in texts
    assert len(display.plot(max_labels=2).shown_) == 2
