"""Effects as a heat map and an intervention as bars: intervention.py, heat_map.py, bars.py."""

import numpy as np
import pytest
from sklearn.datasets import make_multilabel_classification

from sklearn_ctran.baselines import MaskedLinear
from sklearn_ctran.inspection import (
    Intervention,
    InterventionDisplay,
    LabelEffects,
    LabelEffectsDisplay,
    intervene,
    label_effects,
)


@pytest.fixture(scope="module")
def fitted():
    X, Y = make_multilabel_classification(n_samples=60, random_state=0)
    return MaskedLinear(random_state=0).fit(X, Y), X


def made(n_labels):
    """Effects of many labels."""
    effect = np.random.RandomState(0).uniform(-1, 1, size=(n_labels, n_labels))
    np.fill_diagonal(effect, np.nan)
    names = [f"{i} a label with a name of 40 characters"[:40] for i in range(n_labels)]
    rest = np.zeros(n_labels), np.zeros(n_labels), effect, effect
    return LabelEffects(names, names, *rest, effect, effect, None)


def test_the_effects_are_those_computed(fitted):
    model, X = fitted
    display = LabelEffectsDisplay.from_estimator(model, X, known_labels={4: 1})
    effects = label_effects(model, X, known_labels={4: 1})
    np.testing.assert_array_equal(display.values_, effects.effect)
    np.testing.assert_array_equal(np.ma.filled(display.image_.get_array(), np.nan), effects.effect)
    assert display.causes_ == display.labels_ == [0, 1, 2, 3, 4]
    display.plot(causes=[3], labels=[1, 0])
    np.testing.assert_array_equal(display.values_, effects.effect[[3]][:, [1, 0]])


@pytest.mark.parametrize("n_labels", [6, 74, 374])
def test_the_largest_effects_of_many(n_labels, texts_of):
    effects = made(n_labels)
    display = LabelEffectsDisplay.from_effects(effects)
    n_rows, n_columns = display.values_.shape
    assert n_rows <= 60 and n_columns <= 60
    rows = [effects.cause_names.index(name) for name in display.causes_]
    columns = [effects.label_names.index(name) for name in display.labels_]
    np.testing.assert_array_equal(display.values_, effects.effect[np.ix_(rows, columns)])
    largest = np.nanmax(np.abs(effects.effect), axis=1)
    assert largest[rows].min() >= np.sort(largest)[-n_rows]
    if n_labels > 60:
        texts = [text.replace("\n", " ") for text in texts_of(display.figure_)]
        assert any(f"{n_rows} of {n_labels} rows: largest effects" in text for text in texts)
    assert display.plot(max_labels=3).values_.shape == (3, 3)


def test_cells_have_numbers_where_there_is_room(plt, texts_of):
    effects = made(6)
    texts = texts_of(LabelEffectsDisplay.from_effects(effects).figure_)
    assert f"{effects.effect[0, 1]:+.2f}" in texts and f"{effects.effect[5, 4]:+.2f}" in texts
    _, ax = plt.subplots(figsize=(2, 2))
    LabelEffectsDisplay.from_effects(made(6), ax=ax)
    assert not ax.texts


def test_bars_before_and_after(fitted, texts_of):
    model, X = fitted
    display = InterventionDisplay.from_estimator(model, X, {0: 1}, row=2, known_labels={4: 1})
    result = intervene(model, X, {0: 1}, known_labels={4: 1})
    np.testing.assert_array_equal(display.before, result.before[2])
    np.testing.assert_array_equal(display.after, result.after[2])
    order = np.argsort(-np.abs(result.difference[2]), kind="stable")
    assert display.shown_ == order.tolist()
    for bars, values in zip(display.bars_, (display.before, display.after), strict=True):
        np.testing.assert_allclose([bar.get_width() for bar in bars], values[order])
    texts = texts_of(display.figure_)
    assert "set (*): 0 = 1" in texts and "0 *" in texts and "before" in texts
    assert display.plot(labels=[3, 1]).shown_ == [3, 1]


def test_the_photo_beside_the_bars(fitted):
    model, X = fitted
    photos = np.random.RandomState(0).randint(256, size=(60, 8, 8, 3), dtype=np.uint8)
    display = InterventionDisplay.from_estimator(model, X, {0: 1}, row=2, photos=photos)
    assert len(display.axes_) == 2
    np.testing.assert_array_equal(display.axes_[0].images[0].get_array(), photos[2])
    assert len(InterventionDisplay.from_estimator(model, X, {0: 1}).axes_) == 1


@pytest.mark.parametrize("n_labels", [74, 374])
def test_the_largest_changes_of_many(n_labels, texts_of):
    rng = np.random.RandomState(0)
    names = [f"{i} a label with a name of 40 characters"[:40] for i in range(n_labels)]
    result = Intervention(rng.rand(2, n_labels), rng.rand(2, n_labels), names)
    display = InterventionDisplay.from_intervention(result, row=1, labels_set={names[0]: 0})
    n = len(display.shown_)
    assert n == len(display.bars_[0]) and 5 <= n <= 40
    assert any(
        f"{n} of {n_labels} labels: the largest" in text for text in texts_of(display.figure_)
    )
    assert len(display.plot(max_labels=2).shown_) == 2
    with pytest.raises(ValueError, match="There is no row 2: there are 2 rows"):
        InterventionDisplay.from_intervention(result, row=2)
