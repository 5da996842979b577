"""Attention over a photo and over labels."""

from dataclasses import replace

import numpy as np
import pytest

from sklearn_ctran import CTranClassifier
from sklearn_ctran.datasets import make_digit_scenes
from sklearn_ctran.inspection import Attention, AttentionDisplay, attention


@pytest.fixture(scope="module")
def scenes():
    return make_digit_scenes(24, random_state=0)


@pytest.fixture(scope="module")
def model(scenes):
    return CTranClassifier(
        backbone="small", image_size=None, d_model=8, n_layers=2, max_epochs=1, random_state=0
    ).fit(scenes.images, scenes.Y)


def maps_of(ax):
    """The map over a photo, which is drawn last."""
    return np.asarray(ax.images[-1].get_array())


def test_what_is_drawn_is_what_attention_computes(model, scenes):
    display = AttentionDisplay.from_estimator(model, scenes.images, 3, row=5, known_labels={6: 1})
    result = attention(model, scenes.images, {6: 1}, rows=[5])
    np.testing.assert_allclose(display.maps, result.maps(3)[0])
    np.testing.assert_allclose(display.to_labels, result.of(3)[0, ..., 10:])
    np.testing.assert_allclose(display.to_whole, result.of(3)[0, ..., 0])
    np.testing.assert_allclose(maps_of(display.axes_[0]), result.maps(3)[0, -1].mean(axis=0))
    photo = np.asarray(display.axes_[0].images[0].get_array())
    np.testing.assert_array_equal(photo[..., 0], scenes.images[5])
    bars = [bar.get_width() for bar in display.axes_[1].patches]
    expected = 100 * result.of(3)[0, -1, :, 10:].mean(axis=0)
    np.testing.assert_allclose(bars, np.sort(expected)[::-1], rtol=1e-5)
    assert display.shown_ == np.argsort(-expected, kind="stable").tolist()


def test_layers_and_heads(model, scenes):
    display = AttentionDisplay.from_estimator(
        model, scenes.images, 3, kind="photo", layer="all", head="all"
    )
    assert len(display.axes_) == 8 and len(display.drawn_) == 8
    np.testing.assert_array_equal(display.drawn_[1, 2], display.maps[1, 2])
    np.testing.assert_array_equal(maps_of(display.axes_[6]), display.maps[1, 2])
    display.plot(kind="photo", layer=0, head=3)
    np.testing.assert_array_equal(maps_of(display.axes_[0]), display.maps[0, 3])
    display.plot(kind="photo", layer="mean", head=-1)
    np.testing.assert_allclose(maps_of(display.axes_[0]), display.maps[:, 3].mean(axis=0))
    for wrong in ({"layer": 2}, {"head": 4}):
        with pytest.raises(ValueError, match="There is no (layer 2|head 4)"):
            display.plot(**wrong)
    with pytest.raises(ValueError, match="head must be a number, 'mean' or 'all', got 'max'"):
        display.plot(head="max")
    with pytest.raises(ValueError, match="layer must be an integer of at least -2"):
        display.plot(layer=-3)


def test_the_borders_of_regions(model, scenes):
    display = AttentionDisplay.from_estimator(model, scenes.images, 3, kind="photo")
    lines = display.axes_[0].collections
    assert [len(each.get_segments()) for each in lines] == [4, 4]
    plain = CTranClassifier(
        backbone="small",
        image_size=None,
        regions=None,
        d_model=8,
        n_layers=1,
        max_epochs=1,
        random_state=0,
    ).fit(scenes.images, scenes.Y)
    display = AttentionDisplay.from_estimator(plain, scenes.images, 3, kind="photo")
    assert not display.axes_[0].collections
    assert display.maps.shape == (1, 4, 8, 8) and (display.to_whole == 0).all()


def test_opacity_and_colours(model, scenes):
    display = AttentionDisplay.from_estimator(
        model, scenes.images, 3, kind="photo", opacity=0.4, cmap="cividis"
    )
    image = display.axes_[0].images[-1]
    assert image.get_cmap().name == "cividis"
    assert image.get_alpha().max() == pytest.approx(0.4)


def test_a_photo_cropped_by_the_model(scenes):
    model = CTranClassifier(
        backbone="small", image_size=(40, 32), d_model=8, n_layers=1, max_epochs=1, random_state=0
    ).fit(scenes.images, scenes.Y)
    display = AttentionDisplay.from_estimator(model, scenes.images, 3, kind="photo")
    extent = display.axes_[0].images[-1].get_extent()
    np.testing.assert_allclose(extent, [3.2, 28.8, 28.8, 3.2])


def test_the_map_covers_the_middle_that_the_model_sees():
    result = replace(made(6), box=(0.1, 0.9, 0.9, 0.1), is_centered=True)
    photo = np.zeros((20, 50, 3), np.uint8)
    display = AttentionDisplay(result, result.label_names[0], photo=photo).plot()
    extent = display.axes_[0].images[-1].get_extent()
    np.testing.assert_allclose(extent, [17, 33, 18, 2])


def made(n_labels, grid=(3, 3)):
    """Attention to nine regions, a whole, and many labels."""
    names = [f"{i} a label with a name of 40 characters"[:40] for i in range(n_labels)]
    n_image = 10 if grid else 0
    weights = np.random.RandomState(0).dirichlet(
        np.ones(n_image + n_labels), size=(1, 1, 2, n_labels)
    )
    box = (0.0, 1.0, 1.0, 0.0)
    return Attention(weights.astype(np.float32), names, n_image, grid is not None, grid, box)


@pytest.mark.parametrize("n_labels", [6, 74, 374])
def test_as_many_labels_as_can_be_read(n_labels, texts_of):
    result = made(n_labels)
    display = AttentionDisplay(result, result.label_names[2]).plot()
    assert len(display.shown_) == len(display.axes_[1].patches) <= 30
    if n_labels > 6:
        note = f"{len(display.shown_)} of {n_labels} labels: the highest"
        assert any(note in text.replace("\n", " ") for text in texts_of(display.figure_))
    assert len(display.plot(kind="labels", max_labels=4).shown_) == 4


def test_without_places_only_labels():
    result = made(6, grid=None)
    display = AttentionDisplay(result, result.label_names[0])
    with pytest.raises(ValueError, match="kind='labels' draws"):
        display.plot()
    assert len(display.plot(kind="labels").shown_) == 6


def test_errors_for_people(model, scenes):
    with pytest.raises(ValueError, match="11 is not a label here"):
        AttentionDisplay.from_estimator(model, scenes.images, 11)
    with pytest.raises(ValueError, match="no row 24"):
        AttentionDisplay.from_estimator(model, scenes.images, 1, row=24)
    for row in ("0", None, [0], 0.0, True):
        with pytest.raises(ValueError, match="row must be the number of one row of X, got"):
            AttentionDisplay.from_estimator(model, scenes.images, 1, row=row)
    with pytest.raises(ValueError, match="There is no row 1: the attention is of 1 images"):
        AttentionDisplay(made(6), made(6).label_names[0], row=1)
    with pytest.raises(ValueError, match="kind must be 'both', 'photo' or 'labels', got 'all'"):
        AttentionDisplay(made(6), made(6).label_names[0]).plot(kind="all")


def test_photos_of_tokens(scenes):
    X = np.random.RandomState(0).randn(24, 4, 6).astype(np.float32)
    model = CTranClassifier(
        backbone=None, regions=None, d_model=8, n_layers=1, max_epochs=1, random_state=0
    ).fit(X, scenes.Y)
    without = AttentionDisplay.from_estimator(model, X, 3, kind="photo")
    assert len(without.axes_[0].images) == 1
    display = AttentionDisplay.from_estimator(
        model, X, 3, row=2, photos=scenes.images, grid=(1, 4), kind="photo"
    )
    np.testing.assert_array_equal(display.photo[..., 0], scenes.images[2])
    assert display.maps.shape == (1, 4, 1, 4)
