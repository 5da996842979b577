"""Whole label sets: decoding, samples, scores."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from small_models import LEARNS, quick

from sklearn_ctran import CTranClassifier
from sklearn_ctran._adapters import label_sets


def test_classes_are_sampled_and_scored():
    rng = np.random.RandomState(0)
    X = rng.randn(90, 3).astype(np.float32)
    y = np.array(["owl", "tit", "wren"])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0)]
    model = quick(max_epochs=20).fit(X, y)
    proba = model.predict_proba(X)
    draws = model.sample_labels(X, 2000, random_state=0)
    assert draws.shape == (90, 2000)
    for code, name in enumerate(model.classes_):
        np.testing.assert_allclose((draws == name).mean(axis=1), proba[:, code], atol=0.05)
    known = model.sample_labels(X, 5, known_labels={"wren": 1}, random_state=0)
    assert (known == "wren").all()
    expected = np.log(proba[np.arange(90), np.searchsorted(model.classes_, y)])
    np.testing.assert_allclose(model.log_score(X, y), expected, rtol=1e-6)
    for decoding in ("greedy", "beam"):
        np.testing.assert_array_equal(model.predict(X, decoding=decoding), model.predict(X))
    with pytest.raises(ValueError, match="row 1: 'emu' is not one of the classes"):
        model.log_score(X[:2], ["owl", "emu"])


def test_decoding_finds_sets_that_go_together():
    """Two labels, each likely on its own, of which only one can be there."""
    rng = np.random.RandomState(0)
    coin = rng.randint(2, size=300)
    Y = np.stack([coin, 1 - coin], axis=1)
    X = np.zeros((300, 1), dtype=np.float32)
    model = CTranClassifier(None, **LEARNS).fit(X, Y)
    for decoding in ("greedy", "beam"):
        assert (model.predict(X[:5], decoding=decoding).sum(axis=1) == 1).all()
    sets = model.sample_labels(X[:1], 200, n_sweeps=0, random_state=0)[0]
    assert (sets.sum(axis=1) == 1).mean() > 0.85
    np.testing.assert_allclose(sets.mean(axis=0), 0.5, atol=0.15)
    possible, impossible = model.log_score(X[:2], [[1, 0], [1, 1]]).sum(axis=1)
    assert possible > impossible + 3


def test_label_names_may_be_tuples(scenes):
    X, Y, E = scenes
    Y, E = Y.copy(), E.copy()
    Y.columns = pd.MultiIndex.from_tuples([("animal", "cat"), ("thing", "umbrella")])
    E.columns = pd.MultiIndex.from_tuples([("weather", "rain"), ("time", "night")])
    groups = {"both": [("animal", "cat"), ("thing", "umbrella")]}
    model = quick(label_groups=groups).fit(X, Y, extra_labels=E)
    proba = model.predict_proba(X, {"both": (("thing", "umbrella"),)}, {("time", "night"): 1})
    np.testing.assert_array_equal(proba, np.tile([0, 1], (200, 1)))


def test_log_score_of_classes_takes_one_class_a_row():
    X = np.random.RandomState(0).randn(30, 3).astype(np.float32)
    y = np.arange(30) % 3
    model = quick().fit(X, y)
    with pytest.raises(ValueError, match="1d array"):
        model.log_score(X, np.eye(3)[y])
    with pytest.raises(ValueError, match="booleans"):
        model.log_score(X, y == 1)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.log_score(X, y[:20])


@pytest.mark.parametrize("names", [["owl", "tit", "wren"], [0, 1, 2], [-1, 0, 1]])
def test_unknown_classes_are_not_scored(names):
    X = np.random.RandomState(0).randn(30, 3).astype(np.float32)
    y = np.array(names)[np.arange(30) % 3]
    model = quick().fit(X, y)
    scores = model.log_score(X, y)
    assert (scores < 0).all()
    partly = [None, np.nan, *y[2:].tolist()]
    if -1 not in names:
        partly[2] = -1
    n_missing = 2 + (-1 not in names)
    for labels in (partly, np.array(partly, dtype=object), pd.Series(partly, dtype=object)):
        found = model.log_score(X, labels)
        assert np.isnan(found[:n_missing]).all()
        np.testing.assert_array_equal(found[n_missing:], scores[n_missing:])


def test_label_sets_to_score_are_called_y(scenes):
    X, Y, E = scenes
    model = quick().fit(X, Y, extra_labels=E)
    with pytest.raises(TypeError, match="^y must be dense"):
        model.log_score(X, sparse.csr_matrix(Y))
    with pytest.raises(ValueError, match=r"^y must have shape .* = \(200, 2\), got \(200,\)"):
        model.log_score(X, Y["cat"])
    with pytest.raises(ValueError, match="^y names 'rain', which belongs to extra_labels"):
        model.log_score(X, {"rain": 1})
    with pytest.raises(ValueError, match="^extra_labels names 'cat', which belongs to y"):
        model.log_score(X, Y, extra_labels={"cat": 1})


def test_seeds_of_samples(scenes):
    X, Y, _ = scenes
    model = quick().fit(X, Y)
    first, again, other = (model.sample_labels(X, 2, random_state=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    swept = model.sample_labels(X, 2, n_sweeps=2, random_state=0)
    assert not np.array_equal(first, swept)
    known = model.sample_labels(X, 2, known_labels={"cat": 1}, random_state=0)
    assert (known[..., 0] == 1).all()


def test_log_score_takes_gaps_and_extra_labels(scenes, told):
    X, Y, E = (table[150:] for table in scenes)
    partly = Y.astype(float).mask(np.arange(100).reshape(50, 2) % 3 == 0)
    scores = told.log_score(X, partly)
    np.testing.assert_array_equal(np.isnan(scores), partly.isna())
    assert np.nanmax(scores) <= 0
    assert told.log_score(X, Y, extra_labels=E).sum() > told.log_score(X, Y).sum()


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda m, X: m.predict(X, decoding="chain"), "'greedy' or 'beam', got 'chain'"),
        (lambda m, X: m.predict(X, decoding="beam", beam_width=0), "beam_width .* got 0"),
        (lambda m, X: m.sample_labels(X, 0), "n_samples .* above 0, got 0"),
        (lambda m, X: m.sample_labels(X, 1.5), "n_samples .* got 1.5"),
        (lambda m, X: m.sample_labels(X, n_sweeps=-1), "n_sweeps .* at least 0, got -1"),
    ],
)
def test_bad_settings_of_label_sets(scenes, told, call, message):
    with pytest.raises(ValueError, match=message):
        call(told, scenes[0])


def test_greedy_decoding_is_a_beam_of_one(scenes, told, monkeypatch):
    widths, decode = [], label_sets.decode

    def watched(questions, beam_width):
        widths.append(beam_width)
        return decode(questions, beam_width)

    monkeypatch.setattr(label_sets, "decode", watched)
    X = scenes[0][:5]
    independent = told.predict(X, beam_width=7)
    told.predict(X, decoding="greedy", beam_width=7)
    told.predict(X, decoding="beam", beam_width=7)
    told.predict(X, decoding="beam")
    assert widths == [1, 7, 4]
    np.testing.assert_array_equal(independent, told.predict_proba(X) > 0.5)
