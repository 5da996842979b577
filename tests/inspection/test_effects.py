"""Effects of labels, of an estimator whose distribution is known exactly."""

import sys

import numpy as np
import pandas as pd
import pytest

from sklearn_ctran import CTranClassifier
from sklearn_ctran._adapters import questions as _questions
from sklearn_ctran.inspection import intervene, label_effects

IMAGES = np.arange(5)


@pytest.fixture
def model(exact_model):
    return exact_model(n_images=5, n_targets=3, n_extra=1)


def conditional(model, label, value, known=()):
    """P(target | label = value) by enumeration, (n_images, n_targets)."""
    agrees = model.sets[:, label] == value
    for other, told in known:
        agrees &= model.sets[:, other] == told
    weights = model.joint * agrees
    return (weights @ model.sets / weights.sum(axis=1, keepdims=True))[:, : model.n_targets]


def test_effects_are_differences_of_conditionals(model):
    effects = label_effects(model, IMAGES)
    assert effects.cause_names == [0, 1, 2, "extra0"]
    assert effects.label_names == [0, 1, 2]
    for cause in range(4):
        positive, negative = (conditional(model, cause, value) for value in (1, 0))
        np.testing.assert_allclose(effects.positive[cause], positive.mean(axis=0), atol=1e-6)
        np.testing.assert_allclose(effects.negative[cause], negative.mean(axis=0), atol=1e-6)
        difference = positive - negative
        np.testing.assert_allclose(effects.spread[cause], difference.std(axis=0), atol=1e-6)
        expected = difference.mean(axis=0)
        if cause < 3:
            expected[cause] = np.nan
        np.testing.assert_allclose(effects.effect[cause], expected, atol=1e-6)
    np.testing.assert_allclose(
        effects.baseline, model.predict_proba(IMAGES).mean(axis=0), atol=1e-6
    )
    assert effects.per_image is None


def test_effects_of_some_labels_image_by_image(model):
    effects = label_effects(model, IMAGES, labels=["extra0", 1], per_image=True)
    assert effects.cause_names == ["extra0", 1]
    assert effects.effect.shape == (2, 3)
    assert effects.per_image.shape == (5, 2, 3)
    assert effects.per_image.dtype == np.float32
    expected = conditional(model, 3, 1) - conditional(model, 3, 0)
    np.testing.assert_allclose(effects.per_image[:, 0], expected, atol=1e-6)


def test_effects_beside_what_is_known(model):
    effects = label_effects(model, IMAGES, labels=[0, 2], known_labels={2: 1})
    expected = conditional(model, 0, 1, [(2, 1)]) - conditional(model, 0, 0, [(2, 1)])
    np.testing.assert_allclose(effects.effect[0, 1], expected[:, 1].mean(), atol=1e-6)
    # The label that is set overrides what is known of it.
    expected = conditional(model, 2, 1) - conditional(model, 2, 0)
    np.testing.assert_allclose(effects.effect[1, :2], expected[:, :2].mean(axis=0), atol=1e-6)
    told = label_effects(model, IMAGES, labels=[0], extra_labels={"extra0": 0})
    expected = conditional(model, 0, 1, [(3, 0)]) - conditional(model, 0, 0, [(3, 0)])
    np.testing.assert_allclose(told.effect[0, 1:], expected[:, 1:].mean(axis=0), atol=1e-6)


def test_each_image_is_encoded_once(model):
    label_effects(model, IMAGES)
    assert model.n_encoded == 5
    # Once for the baseline, twice for each label that is set, in calls of one row an image.
    assert model.n_asked == 1 + 2 * 4
    intervene(model, IMAGES, {0: 1})
    assert model.n_encoded == 10


def test_effects_as_a_table(model):
    effects = label_effects(model, IMAGES)
    frame = effects.to_frame()
    assert frame.index.tolist() == [0, 1, 2, "extra0"]
    assert frame.columns.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(frame.to_numpy(), effects.effect)


def test_tables_need_pandas(model, monkeypatch):
    effects = label_effects(model, IMAGES)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install 'sklearn-ctran\[pandas\]'"):
        effects.to_frame()


def test_an_intervention(model):
    result = intervene(model, IMAGES, {1: 0, "extra0": 1})
    np.testing.assert_allclose(result.before, model.predict_proba(IMAGES), atol=1e-6)
    np.testing.assert_allclose(result.after, conditional(model, 1, 0, [(3, 1)]), atol=1e-6)
    np.testing.assert_array_equal(result.difference, result.after - result.before)
    assert result.label_names == [0, 1, 2]
    assert (result.after[:, 1] == 0).all()


def test_an_intervention_as_a_table(model):
    known = pd.DataFrame({0: [1, 0, 1, 0, 1]}, index=["a.png", "b.png", "c.png", "d.png", "e.png"])
    result = intervene(model, IMAGES, {1: 0}, known_labels=known)
    frame = result.to_frame()
    assert frame.index.names == ["image", "label"]
    for name in ("before", "after", "difference"):
        wide = frame[name].unstack()
        assert wide.index.tolist() == known.index.tolist()
        assert wide.columns.tolist() == [0, 1, 2]
        np.testing.assert_array_equal(wide, getattr(result, name))


def test_a_table_of_an_intervention_without_names_has_positions(model):
    frame = intervene(model, IMAGES, {1: 0}).to_frame()
    assert frame.index.get_level_values("image").tolist() == [i for i in range(5) for _ in range(3)]


def test_an_intervention_overrides_what_is_known(model):
    result = intervene(model, IMAGES, {1: 0}, known_labels={1: 1}, extra_labels={"extra0": 1})
    np.testing.assert_allclose(result.before, conditional(model, 1, 1, [(3, 1)]), atol=1e-6)
    np.testing.assert_allclose(result.after, conditional(model, 1, 0, [(3, 1)]), atol=1e-6)


@pytest.mark.parametrize(
    "labels, message",
    [
        ({"owl": 1}, "'owl' is not a label"),
        ({1: 2}, r"labels\[1\] must be 0 or 1, got 2"),
        ({1: np.ones(5)}, r"labels\[1\] must be 0 or 1, got array"),
        ({1: None}, r"labels\[1\] must be 0 or 1, got None"),
        ({}, "labels is empty"),
        ([1], r"labels must be a dict like \{'rain': 1\}, got \[1\]"),
    ],
)
def test_bad_interventions(model, labels, message):
    with pytest.raises(ValueError, match=message):
        intervene(model, IMAGES, labels)


def test_what_is_set_must_not_contradict_what_is_known(monkeypatch):
    monkeypatch.setattr(_questions, "_CHUNK", 4)
    X = np.random.RandomState(0).randn(20, 2).astype(np.float32)
    Y = (X > 0).astype(int)
    Y[:, 1] |= Y[:, 0]
    model = CTranClassifier(
        None, implies={0: 1}, d_model=8, n_layers=1, n_heads=2, max_epochs=1, random_state=0
    ).fit(X, Y)
    known = {0: np.where(np.arange(20) == 17, 1, -1)}
    with pytest.raises(ValueError, match="labels set, row 17: 0 is positive but 1"):
        intervene(model, X, {1: 0}, known_labels=known)


def test_images_whose_known_labels_settle_a_cause_do_not_count_for_it():
    X = np.random.RandomState(0).randn(20, 2).astype(np.float32)
    Y = (X > 0).astype(int)
    Y[:, 1] |= Y[:, 0]
    model = CTranClassifier(
        None, implies={0: 1}, d_model=8, n_layers=1, n_heads=2, max_epochs=1, random_state=0
    ).fit(X, Y)
    # Where 0 is known to be there, so is 1; 0 itself may still be set.
    effects = label_effects(
        model, X, known_labels={0: np.where(np.arange(20) < 5, 1, -1)}, per_image=True
    )
    assert effects.n_images.tolist() == [20, 15]
    rest = label_effects(model, X[5:], per_image=True)
    for name in ("positive", "negative", "effect", "spread"):
        np.testing.assert_allclose(getattr(effects, name)[1], getattr(rest, name)[1], rtol=1e-5)
    assert np.isnan(effects.per_image[:5, 1]).all()
    np.testing.assert_allclose(effects.per_image[5:, 1], rest.per_image[:, 1], rtol=1e-5)
    none_left = label_effects(model, X, labels=[1], known_labels={0: 1})
    assert none_left.n_images.tolist() == [0]
    for name in ("positive", "negative", "effect", "spread"):
        assert np.isnan(getattr(none_left, name)).all()
    assert (none_left.baseline == 1).all()


@pytest.mark.parametrize(
    "labels, message",
    [
        ("extra0", "labels must be a list of names of labels, got 'extra0'"),
        (1, "labels must be a list of names of labels, got 1"),
        ({"extra0": 1}, "labels must be a list of names"),
        ([], "labels is empty: name at least one label"),
    ],
)
def test_causes_are_a_list(model, labels, message):
    with pytest.raises(ValueError, match=message):
        label_effects(model, IMAGES, labels=labels)


def test_causes_as_an_array(model):
    effects = label_effects(model, IMAGES, labels=np.array(["extra0"]))
    assert effects.cause_names == ["extra0"] and type(effects.cause_names[0]) is str


def test_unknown_causes(model):
    with pytest.raises(
        ValueError, match="'owl' is not a label of this estimator. Its labels are 0"
    ):
        label_effects(model, IMAGES, labels=["owl"])
