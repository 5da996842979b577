"""CTranClassifier's answers for labels that were not in training."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from sklearn.base import clone
from small_models import quick

from sklearn_ctran import load
from sklearn_ctran.metrics import mean_average_precision

NAMES = ["cat", "tiger", "car", "truck"]


@pytest.fixture(scope="module")
def animals():
    """Features of two themes, labels of them, and texts; "lion" and "bus" are not for training."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(200, 6)).astype(np.float32)
    themes = np.stack([X[:, 0], X[:, 0], X[:, 1], X[:, 1], X[:, 0], X[:, 1]], axis=1)
    Y = (themes + 0.5 * rng.normal(size=themes.shape) > 0.3).astype(int)
    directions = np.repeat(rng.normal(size=(2, 5)), 3, axis=0)[[0, 1, 3, 4, 2, 5]]
    vectors = (directions + 0.1 * rng.normal(size=(6, 5))).astype(np.float32)
    texts = dict(zip([*NAMES, "lion", "bus"], vectors, strict=True))
    return X, pd.DataFrame(Y, columns=list(texts)), texts


@pytest.fixture(scope="module")
def fitted(animals):
    X, Y, texts = animals
    return quick(None, label_embeddings=texts, max_epochs=20).fit(X[:150], Y[NAMES][:150])


def new_texts(texts):
    return {"labels": ["lion", "bus"], "label_embeddings": texts}


def again(model):
    """A copy to which a test may add labels."""
    return pickle.loads(pickle.dumps(model))


def test_labels_of_no_training_photo_are_ranked(animals, fitted):
    X, Y, texts = animals
    proba = fitted.predict_proba(X[150:], **new_texts(texts))
    assert proba.shape == (50, 2) and proba.dtype == np.float32
    assert mean_average_precision(Y[["lion", "bus"]][150:], proba) > 0.65  # Chance: 0.4.


def test_labels_come_in_the_order_asked_for_and_old_ones_as_ever(animals, fitted):
    X, _, texts = animals
    old, new = fitted.predict_proba(X), fitted.predict_proba(X, **new_texts(texts))
    both = fitted.predict_proba(X, labels=["bus", "tiger", "lion", "cat"], label_embeddings=texts)
    np.testing.assert_array_equal(both[:, [3, 1]], old[:, :2])
    np.testing.assert_allclose(both[:, [2, 0]], new, rtol=1e-6)
    np.testing.assert_array_equal(fitted.predict_proba(X, labels=NAMES), old)
    rows = [texts["bus"], texts["cat"]]  # An array has a row for each of labels.
    mixed = fitted.predict_proba(X, labels=["bus", "cat"], label_embeddings=rows)
    np.testing.assert_allclose(mixed, both[:, [0, 3]], rtol=1e-6)
    frame = pd.DataFrame([texts["bus"]], index=["bus"])
    by_frame = fitted.predict_proba(X, labels=["bus", "cat"], label_embeddings=frame)
    np.testing.assert_array_equal(by_frame, mixed)


def test_known_labels_are_evidence_of_new_ones(animals, fitted):
    X, _, texts = animals
    lion = [
        fitted.predict_proba(X, known, **new_texts(texts))[:, 0].mean()
        for known in ({"cat": 0}, {"cat": 1})
    ]
    assert lion[1] > lion[0]
    proba = fitted.predict_proba(X, {"cat": 1}, labels=["cat", "lion"], label_embeddings=texts)
    assert (proba[:, 0] == 1).all()


def test_added_labels_leave_the_answers_of_the_others_as_they_were(animals, fitted):
    X, Y, texts = animals
    before, known = fitted.predict_proba(X), fitted.predict_proba(X, {"cat": 1})
    from_text = fitted.predict_proba(X, **new_texts(texts))
    model = again(fitted)
    assert model.add_labels(["lion"], texts) is model
    model.add_labels(["bus"], [texts["bus"]], X[:20], Y[["bus"]][:20])
    assert model.added_label_names_.tolist() == ["lion", "bus"]
    np.testing.assert_array_equal(model.predict_proba(X), before)
    np.testing.assert_array_equal(model.predict_proba(X, {"cat": 1}), known)
    added = model.predict_proba(X, labels=["lion", "bus"])
    np.testing.assert_array_equal(added[:, 0], from_text[:, 0])
    assert (added[:, 1] != from_text[:, 1]).any()
    assert not fitted.added_label_names_.size


def test_examples_teach_what_the_text_does_not_say(animals, fitted):
    X, _, texts = animals
    truth = (X[:, 3] > 0).astype(int)  # The text says that it is an animal, as if it were X[:, 0].
    model = again(fitted).add_labels(["lion"], texts, X[:150], truth[:150, None])
    plain = fitted.predict_proba(X, **new_texts(texts))[:, :1]
    taught = model.predict_proba(X, labels=["lion"])
    scores = [mean_average_precision(truth[150:, None], each[150:]) for each in (plain, taught)]
    assert scores[1] > scores[0] + 0.15


def test_the_more_examples_the_less_the_text_counts(animals, fitted):
    X, _, texts = animals
    model = again(fitted).add_labels(["lion"], texts, X[:3], np.ones((3, 1)))
    start, added = model.label_text_.start, model._added
    by_text = logit(fitted.predict_proba(X, **new_texts(texts))[:, 0].astype(float))
    by_examples = added.logits(model._directions(model._read_X(X)))[:, 0]
    expected = start + 5 / 8 * (by_text - start) + by_examples
    given = logit(model.predict_proba(X, labels=["lion"])[:, 0].astype(float))
    np.testing.assert_allclose(given, expected, atol=1e-3)


def test_known_labels_that_leave_no_room_speak_against_new_ones(animals):
    X, _, texts = animals
    one_each = pd.DataFrame(np.eye(4, dtype=int)[np.arange(200) % 4], columns=NAMES)
    for memory in ("auto", None):
        model = quick(None, label_embeddings=texts, memory=memory).fit(X, one_each)
        new = {"labels": ["other"], "label_embeddings": {"other": np.zeros(5)}}
        with_one, without = (
            model.predict_proba(X, {"cat": state}, **new).mean() for state in (1, 0)
        )
        assert with_one < without / 2


def test_examples_may_be_half_annotated_and_of_some_labels_only(animals, fitted):
    X, _, texts = animals
    y = np.array([[1, -1], [np.nan, 0], [0, -1]])
    model = again(fitted).add_labels(["lion", "bus"], texts, X[:3], y)
    proba, from_text = model.predict_proba(X, labels=["lion", "bus"]), again(fitted)
    from_text = fitted.predict_proba(X, **new_texts(texts))
    np.testing.assert_array_equal(proba[:, 1], from_text[:, 1])  # It has no positive example.
    assert (proba[:, 0] != from_text[:, 0]).any()


def test_saved_pickled_cloned_and_fitted_again(animals, fitted, tmp_path):
    X, Y, texts = animals
    model = again(fitted).add_labels(["lion"], texts, X[:9], Y[["lion"]][:9])
    asked = {"labels": ["lion", "cat", "bus"], "label_embeddings": texts}
    model.save(tmp_path / "model")
    for copy in (load(tmp_path / "model"), again(model)):
        np.testing.assert_array_equal(
            copy.predict_proba(X, **asked), model.predict_proba(X, **asked)
        )
        assert copy.added_label_names_.tolist() == ["lion"]
    params = clone(model).get_params()
    assert params["label_embeddings"].keys() == texts.keys()
    model.set_params(label_embeddings=None, max_epochs=1).fit(X, Y[NAMES])
    assert not model.added_label_names_.size and model.label_text_ is None


def test_without_a_memory_texts_do_and_examples_are_refused(animals, tmp_path):
    X, Y, texts = animals
    model = quick(None, label_embeddings=texts, memory=None).fit(X, Y[NAMES])
    model.add_labels(["lion"], texts)
    np.testing.assert_allclose(
        model.predict_proba(X, labels=["lion"]),
        model.predict_proba(X, **new_texts(texts))[:, :1],
        rtol=1e-6,
    )
    model.save(tmp_path / "model")
    assert load(tmp_path / "model").predict_proba(X, labels=["lion"]).shape == (200, 1)
    with pytest.raises(ValueError, match="memory=None"):
        model.add_labels(["bus"], texts, X[:5], Y[["bus"]][:5])
    assert model.added_label_names_.tolist() == ["lion"]


def test_embeddings_of_labels_start_from_texts(animals):
    X, Y, texts = animals
    alike = {}
    for embeddings in (texts, None):
        model = quick(None, label_embeddings=embeddings, d_model=64, lr=1e-9, max_epochs=1)
        tokens = model.fit(X, Y[NAMES]).net_.module_.label_embedding.label.detach().numpy()
        tokens /= np.linalg.norm(tokens, axis=1, keepdims=True)
        alike[embeddings is None] = tokens @ tokens.T
    assert alike[False][0, 1] > 0.6 and alike[False][2, 3] > 0.6  # cat and tiger, car and truck
    assert abs(alike[True][0, 1]) < 0.5


def test_weights_of_positive_labels_raise_new_ones_too(animals):
    X, Y, texts = animals
    plain, raised = (
        quick(None, label_embeddings=texts, pos_weight=weight).fit(X, Y[NAMES])
        for weight in (None, 9.0)
    )
    medians = [np.median(model.label_text_.log_odds) for model in (plain, raised)]
    assert medians[1] - medians[0] == pytest.approx(np.log(9), rel=1e-4)
    proba = [model.predict_proba(X, **new_texts(texts)).mean() for model in (plain, raised)]
    assert logit(proba[1]) > logit(proba[0]) + 0.5


def test_extra_labels_need_no_text(animals):
    X, Y, texts = animals
    model = quick(None, label_embeddings=texts).fit(X, Y[NAMES], extra_labels={"night": Y["bus"]})
    proba = model.predict_proba(X, None, {"night": 1}, **new_texts(texts))
    assert proba.shape == (200, 2)
    with pytest.raises(ValueError, match="has labels of these names already: 'night'"):
        model.add_labels(["night"], [texts["lion"]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": ["lion"]}, "labels names 'lion', not among"),
        ({"labels": ["tigr"]}, "Did you mean 'tiger'"),
        ({"labels": ["lion", "lion"]}, "twice: 'lion'"),
        ({"labels": []}, "labels is empty"),
        ({"labels": ["lion"], "label_embeddings": {"bus": [1.0]}}, "no vector for 'lion'"),
        ({"labels": ["lion"], "label_embeddings": [[1.0, 2.0]]}, "have 2 numbers, those of fit 5"),
        ({"labels": ["lion"], "label_embeddings": [[1.0] * 5] * 2}, "one row for each of the 1"),
        ({"label_embeddings": [[1.0] * 5]}, "name the labels to predict"),
    ],
)
def test_predictions_that_cannot_be(animals, fitted, arguments, message):
    with pytest.raises(ValueError, match=message):
        fitted.predict_proba(animals[0], **arguments)


@pytest.mark.parametrize(
    ("names", "more", "message"),
    [
        (["cat"], {}, "already: 'cat'"),
        (["lion", "lion"], {}, "twice"),
        (["zebra"], {}, "no vector for 'zebra'"),
        (["lion"], {"X": np.zeros((2, 6))}, "give both, or neither"),
        (["lion"], {"X": np.zeros((2, 6)), "y": [[1]]}, "shape"),
        (["lion"], {"X": np.zeros((2, 5)), "y": [[1], [0]]}, "features"),
        (["lion"], {"X": np.zeros((2, 6)), "y": {"bus": 1}}, "'bus'"),
    ],
)
def test_labels_that_cannot_be_added(animals, fitted, names, more, message):
    model = again(fitted)
    with pytest.raises(ValueError, match=message):
        model.add_labels(names, animals[2], **more)
    assert not model.added_label_names_.size


def test_an_added_label_cannot_be_added_again(animals, fitted):
    model = again(fitted).add_labels(["lion"], animals[2])
    with pytest.raises(ValueError, match="already: 'lion'"):
        model.add_labels(["lion"], animals[2])


def test_models_and_fits_without_texts(animals):
    X, Y, texts = animals
    model = quick(None).fit(X, Y[NAMES])
    with pytest.raises(ValueError, match="fitted without them"):
        model.predict_proba(X, **new_texts(texts))
    with pytest.raises(ValueError, match="fitted without them"):
        model.add_labels(["lion"], texts)
    with pytest.raises(ValueError, match="no vector for 'truck'"):
        quick(None, label_embeddings={k: texts[k] for k in NAMES[:3]}).fit(X, Y[NAMES])
    with pytest.raises(ValueError, match="classes of a 1-D y"):
        quick(None, label_embeddings=np.eye(2)).fit(X, Y["cat"])


def test_images_pass_through_a_trained_backbone_once(pictures, monkeypatch):
    X, Y = pictures
    params = {"image_size": None, "augment": None, "label_embeddings": np.eye(3)[:2]}
    model = quick("small", max_epochs=1, **params).fit(X, Y[:, :2])
    old = model.predict_proba(X[:5], {0: 1})
    model.add_labels(["blue"], np.eye(3)[2:], X[:20], Y[:20, 2:])
    passes = []
    encoded = type(model)._encoded
    monkeypatch.setattr(
        type(model), "_encoded", lambda self, data: passes.append(1) or encoded(self, data)
    )
    proba = model.predict_proba(X[:5], {0: 1}, labels=[0, 1, "blue"])
    assert len(passes) == 1
    np.testing.assert_array_equal(proba[:, :2], old)


def test_rows_without_an_image_have_no_answer(pictures):
    X, Y = pictures
    params = {"image_size": None, "augment": None, "label_embeddings": np.eye(3)[:2]}
    model = quick("small", max_epochs=1, on_error="skip", **params).fit(list(X), Y[:, :2])
    model.add_labels(["blue"], np.eye(3)[2:], X[:20], Y[:20, 2:])
    with pytest.warns(UserWarning, match="Their predictions are NaN"):
        proba = model.predict_proba([X[0], None], labels=["blue", 0])
    assert np.isfinite(proba[0]).all() and np.isnan(proba[1]).all()
    with pytest.warns(UserWarning, match="Their predictions are NaN"):
        assert np.isnan(model.predict_proba([None], labels=["blue", 0])).all()
