"""The memory as a part of CTranClassifier: what it remembers, when, and what it changes."""

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.base import clone
from small_models import RULES, quick

from sklearn_ctran import CTranClassifier, recipes
from sklearn_ctran._memory.memory import LabelMemory
from sklearn_ctran._neural import inputs

UNKNOWN = -1


def half_known(Y, seed=1):
    return np.where(np.random.RandomState(seed).rand(*Y.shape) < 0.5, Y, UNKNOWN).astype(np.int8)


def logits_of(model, X, known=None):
    """Logits of all labels, known ones too."""
    states = np.full((len(X), model.n_labels_), UNKNOWN, dtype=np.int8)
    if known is not None:
        states = model.task_.states(known, None, len(X))
    return model._logits(model._read_X(X), states), states


def without_memory(model):
    plain = copy.copy(model)
    plain.memory_ = None
    return plain


def test_logits_are_two_thirds_the_memorys(table):
    X, Y = table
    model = quick(None).fit(X, Y)
    for known in (None, half_known(Y)):
        logits, states = logits_of(model, X, known)
        network, _ = logits_of(without_memory(model), X, known)
        recalled = model.memory_.logits(X, states)
        np.testing.assert_allclose(logits, (2 * recalled + network) / 3, atol=1e-5)


def test_the_network_is_that_of_a_fit_without_memory(table):
    X, Y = table
    model, plain = quick(None).fit(X, Y), quick(None, memory=None).fit(X, Y)
    assert plain.memory_ is None
    np.testing.assert_array_equal(logits_of(without_memory(model), X)[0], logits_of(plain, X)[0])
    assert len(pickle.dumps(plain)) < len(pickle.dumps(model)) - 2 * X.shape[1] * len(X)
    with pytest.raises(ValueError, match="memory=None: it remembers no rows"):
        plain.nearest(X)


def test_memory_helps_where_labels_follow_from_labels(table):
    """A network of two epochs has not learned that labels 1 and 2 are the same."""
    X, Y = table
    model = quick(None).fit(X[:100], Y[:100])
    known = {1: Y[100:, 1]}
    found = model.predict(X[100:], known)[:, 2]
    network = without_memory(model).predict(X[100:], known)[:, 2]
    assert (found == Y[100:, 2]).mean() > 0.95 > (network == Y[100:, 2]).mean()


def test_memory_bounds_the_rows(table):
    X, Y = table
    model = quick(None, memory=50).fit(X, Y)
    assert len(model.memory_) == 50 and len(np.unique(model.memory_.rows)) == 50
    assert len(quick(None, memory=1).fit(X, Y).memory_) == 1
    assert len(quick(None).fit(X, Y).memory_) == len(X)
    for wrong in (0, -3, 1.5, "all"):
        with pytest.raises(ValueError, match="'memory' parameter"):
            quick(None, memory=wrong).fit(X, Y)


def test_nearest_finds_the_row_itself_and_those_that_agree(table):
    X, Y = table
    model = quick(None).fit(X, Y)
    rows, weights = model.nearest(X[:20], n_rows=1)
    np.testing.assert_array_equal(rows[:, 0], np.arange(20))
    assert rows.dtype == np.int64 and weights.shape == (20, 1)
    known = {1: 1 - Y[:20, 1], 2: 1 - Y[:20, 2]}
    rows, weights = model.nearest(X[:20], 4, known)
    assert (Y[rows, 1] != Y[:20, None, 1]).all()
    assert (np.diff(weights, axis=1) <= 0).all()
    with pytest.raises(ValueError, match="n_rows is 161, but only 160 are remembered"):
        model.nearest(X, 161)
    for wrong in (0, 1.5):
        with pytest.raises((ValueError, TypeError), match="n_rows"):
            model.nearest(X, wrong)
    encoded = model.encode(X[:20])
    np.testing.assert_array_equal(model.nearest(encoded, 4, known)[0], rows)


def test_extra_labels_are_remembered_and_may_be_known(table):
    X, Y = table
    extra = {"echo": Y[:, 1]}
    model = quick(None).fit(X[:100], Y[:100, [0, 2]], {"echo": Y[:100, 1]})
    told = model.predict(X[100:], None, {"echo": Y[100:, 1]})[:, 1]
    assert (told == Y[100:, 2]).mean() > 0.95
    rows, _ = model.nearest(X, 3, None, extra)
    assert (Y[rows, 1] == Y[:, None, 1]).mean() > 0.98


def test_classes(table):
    X, _ = table
    y = np.array(["p", "q", "r"])[X[:, :3].argmax(axis=1)]
    model = quick(None, max_epochs=1).fit(X[:120], y[:120])
    assert (model.predict(X[120:]) == y[120:]).mean() > 0.75
    proba = model.predict_proba(X[120:], {"p": 0})
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-5)
    assert (proba[:, 0] == 0).all()


def test_rules_hold_in_the_answer(table):
    X, _ = table
    rng = np.random.RandomState(0)
    names = ["sun", "rain", "snow", "city", "farm", "cat", "dog", "animal"]
    Y = np.zeros((len(X), 8), dtype=int)
    weather = rng.randint(4, size=len(X))
    Y[weather < 3, weather[weather < 3]] = 1
    Y[np.arange(len(X)), 3 + (X[:, 0] > 0)] = 1
    Y[:, 5:7] = rng.randint(2, size=(len(X), 2))
    Y[:, 7] = Y[:, 5] | Y[:, 6] | rng.randint(2, size=len(X))
    Y = pd.DataFrame(Y, columns=names)
    model = quick(None, **RULES).fit(X, Y)
    for known in (None, {"animal": 0}, {"sun": 1, "cat": 1}):
        proba = model.predict_proba(X, known)
        assert (proba[:, :3].sum(axis=1) <= 1 + 1e-5).all()
        np.testing.assert_allclose(proba[:, 3:5].sum(axis=1), 1, rtol=1e-5)
        assert (proba[:, 5:7] <= proba[:, 7:] + 1e-6).all()
        for decoding in ("independent", "greedy"):
            labels = model.predict(X[:20], known, decoding=decoding)
            assert (labels[:, :3].sum(axis=1) <= 1).all()
            assert (labels[:, 3:5].sum(axis=1) == 1).all()
            assert (labels[:, 5:7] <= labels[:, 7:]).all()


def test_gaps_weights_and_positive_weights(table):
    X, Y = table
    gaps = np.where(np.random.RandomState(0).rand(*Y.shape) < 0.3, np.nan, Y)
    gaps[:5] = np.nan  # Nothing is to be remembered of these.
    weights = np.random.RandomState(1).randint(3, size=len(X)).astype(float)
    model = quick(None, pos_weight=[1, 4, 0.5]).fit(X, gaps, sample_weight=weights)
    remembered = np.flatnonzero((weights > 0) & ~np.isnan(gaps).all(axis=1))
    np.testing.assert_array_equal(np.sort(model.memory_.rows), remembered)
    expected = LabelMemory.learn(X, np.nan_to_num(gaps, nan=-1).astype(np.int8), weights)
    np.testing.assert_allclose(model.memory_.log_pos_weight, np.log([1, 4, 0.5]), rtol=1e-6)
    np.testing.assert_allclose(model.memory_.retrieval.log_weights, expected.retrieval.log_weights)


def test_warm_start_forgets_the_rows_of_before(table):
    X, Y = table
    model = quick(None, warm_start=True).fit(X, Y)
    model.fit(X[:40], Y[:40])
    np.testing.assert_array_equal(np.sort(model.memory_.rows), np.arange(40))
    model.set_params(memory=None).fit(X, Y)
    assert model.memory_ is None
    model.set_params(memory=10).fit(X, Y)
    assert len(model.memory_) == 10


def test_copies_answer_alike(table):
    X, Y = table
    model = quick(None).fit(X, Y)
    proba = model.predict_proba(X, half_known(Y))
    for copied in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model), clone(model).fit(X, Y)):
        np.testing.assert_array_equal(copied.predict_proba(X, half_known(Y)), proba)


def test_early_stopping_remembers_the_validation_part_too(table):
    X, Y = table
    model = quick(None, early_stopping=True).fit(X, Y)
    np.testing.assert_array_equal(np.sort(model.memory_.rows), np.arange(len(X)))


def test_without_images_label_sets_are_remembered(table):
    X, Y = table
    model = quick(None, use_image=False).fit(X, Y)
    assert model.memory_.vectors.shape[1] == 0
    assert len(model.memory_) == len(X)  # Nothing says which rows are the same.
    told = model.predict(X, {1: Y[:, 1]})
    np.testing.assert_array_equal(told[:, 2], Y[:, 2])
    assert len(np.unique(model.predict_proba(X), axis=0)) == 1


def test_tokens_are_remembered_by_their_mean():
    rng = np.random.RandomState(0)
    X = rng.randn(60, 9, 200).astype(np.float32)  # more than a shortcut reads side by side
    Y = (X.mean(axis=1)[:, :3] > 0).astype(int)
    model = quick(None, regions=None).fit(X, Y)
    assert len(model.memory_.likeness.mean) == 200
    expected = model.memory_.likeness(X.mean(axis=1))
    np.testing.assert_allclose(
        model.memory_.vectors.float(), expected[model.memory_.rows], atol=1e-3
    )


@pytest.mark.parametrize("augment", [None, "flip"])
@pytest.mark.parametrize("train_backbone", [True, False])
def test_images_are_remembered_as_they_are(pictures, train_backbone, augment):
    """Features are those of the fitted backbone, of images that are not augmented."""
    X, Y = pictures
    model = quick("small", image_size=None, train_backbone=train_backbone, augment=augment)
    model.fit(X, Y)
    tokens = model.encode(X).batch(np.arange(len(X)))
    features = model.net_.module_.summary(tokens).numpy()
    memory = model.memory_
    vectors = memory.likeness(features)[memory.rows]
    np.testing.assert_allclose(memory.vectors.float(), vectors, atol=2e-3)
    rows, _ = model.nearest(X, 1)
    assert (rows[:, 0] == np.arange(len(X))).mean() > 0.95
    proba = model.predict_proba(X, half_known(Y))
    np.testing.assert_allclose(
        model.predict_proba(model.encode(X), half_known(Y)), proba, atol=1e-4
    )
    few = model.predict_proba(X[:5], half_known(Y)[:5])
    np.testing.assert_allclose(few, proba[:5], atol=1e-4)


def test_rows_are_the_users_where_images_cannot_be_read(pictures, tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(30)]
    for path, image in zip(paths, pictures[0], strict=False):
        Image.fromarray(image).save(path)
    bad = [0, 7, 8, 20]
    for row in bad:
        paths[row].write_bytes(b"no image")
    good = np.setdiff1d(np.arange(30), bad)
    model = quick("small", image_size=12, on_error="skip").fit(paths, pictures[1][:30])
    np.testing.assert_array_equal(np.sort(model.memory_.rows), good)
    rows, _ = model.nearest([paths[row] for row in good], 1)
    np.testing.assert_array_equal(rows[:, 0], good)
    with pytest.raises(ValueError, match="row 0"):
        model.nearest(paths)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        proba = model.predict_proba(paths)
    np.testing.assert_array_equal(np.isnan(proba).all(axis=1), np.isin(np.arange(30), bad))


def test_a_failed_fit_keeps_the_memory(table):
    X, Y = table
    model = quick(None).fit(X, Y)
    memory, chosen = model.memory_, model.chosen_
    with pytest.raises(ValueError, match="label 1"):
        model.fit(X[:50], np.where(np.arange(3) == 1, 8, Y[:50]))
    assert model.memory_ is memory and model.chosen_ is chosen


@pytest.mark.filterwarnings("ignore:There is no positive")
def test_one_label_set_and_another_is_known(table):
    X, _ = table
    model = quick(None).fit(X, np.tile([1, 0], (len(X), 1)))
    proba = model.predict_proba(X, {0: 0})
    assert ((proba >= 0) & (proba <= 1)).all() and (proba[:, 0] == 0).all()


def test_the_papers_recipes_have_no_memory():
    for name in ("PAPER_MODEL", "COCO80", "VG500", "NEWS500", "COCO1000", "CUB312"):
        assert getattr(recipes, name)["memory"] is None


def wide(n, n_channels):
    rng = np.random.RandomState(0)
    return rng.randn(n, n_channels).astype(np.float32), rng.randint(2, size=(n, 2))


@pytest.mark.parametrize(
    ("n_channels", "many", "n_layers", "most_epochs"),
    [(512, 1000, 1, 20), (511, 1000, 3, 60), (512, 30, 3, 60), (512, 41, 1, 20)],
)
def test_auto_depth_and_length(monkeypatch, n_channels, many, n_layers, most_epochs):
    """Few images with features of pretrained backbones take one layer and few epochs."""
    monkeypatch.setattr("sklearn_ctran._neural.classifier._MANY", many)
    X, Y = wide(40, n_channels)
    model = CTranClassifier(None, d_model=8, n_heads=2, random_state=0).fit(X, Y)
    assert model.chosen_["n_layers"] == n_layers == len(model.net_.module_.layers)
    assert model.chosen_["max_epochs"] == most_epochs == len(model.history_)
    set_by_hand = quick(None, n_layers=2, max_epochs=3).fit(X, Y)
    assert set_by_hand.chosen_["n_layers"] == 2 and set_by_hand.chosen_["max_epochs"] == 3


def test_what_was_chosen_is_said(pictures):
    X, Y = pictures
    model = quick("small", image_size=None, n_layers="auto").fit(X, Y)
    chosen = model.chosen_
    assert chosen == {
        "n_layers": 3,
        "max_epochs": 2,
        "train_backbone": True,
        "augment": "flip",
        "image_size": None,
        "input_dropout": 0.0,
        "attention_bias": True,
        "memory": len(model.memory_),
        "precision": "float32",
        "device": model.net_.device,
    }
    frozen = model.set_params(train_backbone=False, input_dropout="auto").fit(X, Y).chosen_
    assert frozen["n_layers"] == 1 and not frozen["train_backbone"]
    assert frozen["input_dropout"] > 0 and frozen["augment"] is None
    none = model.set_params(memory=None, augment="flip").fit(X, Y).chosen_
    assert none["memory"] is None and none["augment"] == "flip"


def test_what_was_chosen_may_be_set_by_hand_when_training_goes_on(table):
    X, Y = table
    model = quick(None, n_layers="auto", warm_start=True).fit(X, Y)
    model.set_params(n_layers=3, attention_bias=True).fit(X, Y)
    with pytest.raises(ValueError, match="n_layers was 'auto' then and is 2 now"):
        model.set_params(n_layers=2).fit(X, Y)


def test_a_fit_of_more_tokens_than_memory_has_the_same_numbers(monkeypatch):
    rng = np.random.RandomState(0)
    X, Y = rng.randn(90, 9, 120).astype(np.float32), rng.randint(2, size=(90, 3))
    expected = quick(None, regions=2).fit(X, Y)
    monkeypatch.setattr("sklearn_ctran._images.tokens._MOST_BYTES", 100)
    model = quick(None, regions=2).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
    encoded = pickle.loads(pickle.dumps(model.encode(X)))
    np.testing.assert_array_equal(model.predict_proba(encoded), expected.predict_proba(X))


def test_of_more_rows_only_those_that_are_remembered_are_read(monkeypatch):
    read = []
    values = inputs.Summaries.__getitem__

    def counted(self, rows):
        found = values(self, rows)
        read.append(len(found))
        return found

    monkeypatch.setattr(inputs.Summaries, "__getitem__", counted)
    rng = np.random.RandomState(0)
    X, Y = rng.randn(90, 5).astype(np.float32), rng.randint(2, size=(90, 3))
    model = quick(None, memory=20).fit(X, Y)
    assert read == [20] and len(model.memory_) == 20


def test_memory_of_few_rows_and_of_one(table):
    X, Y = table
    for n in (2, 9, 11):
        y = Y[:n].copy()
        y[0], y[1] = 0, 1
        proba = quick(None, batch_size=2).fit(X[:n], y).predict_proba(X, half_known(Y))
        assert ((proba >= 0) & (proba <= 1)).all()
