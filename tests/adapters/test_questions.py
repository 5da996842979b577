"""Questions to an estimator: names, extra labels, pipelines, chunks."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_ctran import CTranClassifier
from sklearn_ctran._adapters import questions as _questions
from sklearn_ctran._adapters.questions import Questions


def test_targets_and_extra_labels_are_numbered_through(exact_model):
    model = exact_model(n_images=3, n_targets=2, n_extra=2)
    questions = Questions(model, np.arange(3), {1: 1}, {"extra0": [0, -1, 1]})
    assert questions.names == [0, 1, "extra0", "extra1"]
    assert questions.n_targets == 2
    assert questions.position("extra1") == 3
    np.testing.assert_array_equal(questions.states[:, 2], [0, -1, 1])
    np.testing.assert_array_equal(questions.states[:, 1], [1, 1, 1])
    with pytest.raises(ValueError, match="'owl' is not a label of this estimator. Its labels are"):
        questions.position("owl")


def test_an_image_may_be_asked_about_many_times_and_is_encoded_once(exact_model, monkeypatch):
    monkeypatch.setattr(_questions, "_CHUNK", 4)
    model = exact_model(n_images=3, n_targets=2, n_extra=1)
    questions = Questions(model, np.arange(3))
    rows = np.array([2, 0, 0, 1, 2, 1, 1])
    states = np.random.RandomState(0).randint(-1, 2, size=(7, 3)).astype(np.int8)
    proba = questions.ask(rows, states)
    assert model.n_encoded == 3
    assert model.n_asked == 2
    for i, row in enumerate(rows):
        expected = model.predict_proba([row], states[[i], :2], states[[i], 2:])
        np.testing.assert_array_equal(proba[[i]], expected)
    both = questions.ask(rows, states, with_extra=True)
    assert both.shape == (7, 3)
    np.testing.assert_array_equal(both[:, :2], proba)


def test_no_images(exact_model):
    with pytest.raises(ValueError, match="X is empty"):
        Questions(exact_model(), np.arange(0))


def test_without_extra_labels(exact_model):
    questions = Questions(exact_model(), np.arange(3))
    assert questions.ask(np.array([0]), questions.states[:1], with_extra=True).shape == (1, 4)
    with pytest.raises(ValueError, match="fitted without extra labels"):
        Questions(exact_model(), np.arange(3), None, {"extra0": 1})


def test_the_steps_of_a_pipeline_transform_once(exact_model):
    model = exact_model()
    pipeline = make_pipeline(FunctionTransformer(lambda X: X - 1), model)
    questions = Questions(pipeline, np.arange(1, 4), {0: 1})
    expected = model.predict_proba(np.arange(3), np.where(np.arange(4) == 0, 1, [[-1]] * 3))
    np.testing.assert_array_equal(questions.ask(np.arange(3), questions.states), expected)
    assert Questions(make_pipeline(model), np.arange(3)).names == [0, 1, 2, 3]


def test_frozen_estimators(exact_model):
    model = exact_model()
    states = np.where(np.arange(4) == 0, 1, [[-1]] * 3)
    expected = model.predict_proba(np.arange(3), states)
    shift = FunctionTransformer(lambda X: X - 1)
    for frozen in (
        make_pipeline(shift, FrozenEstimator(model)),
        FrozenEstimator(make_pipeline(shift, model)),
    ):
        questions = Questions(frozen, np.arange(1, 4), {0: 1})
        np.testing.assert_array_equal(questions.ask(np.arange(3), questions.states), expected)
    assert model.n_encoded == 2 * 3


def test_searches_are_unwrapped_in_and_around_pipelines():
    X = np.random.RandomState(0).randn(20, 3).astype(np.float32)
    Y = (X > 0).astype(int)
    model = CTranClassifier(
        None, d_model=8, n_layers=1, n_heads=2, max_epochs=1, implies={0: 1}, random_state=0
    )
    Y[:, 1] |= Y[:, 0]
    scale = FunctionTransformer(lambda X: 2 * X)
    inside = make_pipeline(scale, GridSearchCV(model, {"dropout": [0.0]}, cv=KFold(2)))
    around = GridSearchCV(
        make_pipeline(scale, model), {"ctranclassifier__dropout": [0.0]}, cv=KFold(2)
    )
    expected = clone(model).set_params(dropout=0.0).fit(2 * X, Y).predict_proba(2 * X, {2: 1})
    for search in (inside, around):
        with pytest.raises(NotFittedError):
            Questions(search, X)
        questions = Questions(search.fit(X, Y), X, {2: 1})
        assert questions.components == [(0, 1)]
        np.testing.assert_allclose(
            questions.ask(np.arange(20), questions.states), expected, rtol=1e-5
        )
