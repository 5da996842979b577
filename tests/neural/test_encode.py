"""`encode`, and predictions from encoded images and tokens (`_neural/inputs.py`)."""

import os

import numpy as np
import pytest
import torch
from small_models import QUICK, Counting, n_seen
from torch import nn

from sklearn_ctran import CTranClassifier, ImageTokens
from sklearn_ctran.modules import fingerprint


@pytest.mark.parametrize("train_backbone", [False, True])
def test_encoded_images_stand_for_images(photos, tmp_path, train_backbone):
    paths, Y = photos
    log = tmp_path / "log"
    model = CTranClassifier(
        Counting(log), image_size=12, train_backbone=train_backbone, cache=None, **QUICK
    ).fit(paths, Y)
    known = {0: Y[:, 0]}
    expected = model.predict_proba(paths, known_labels=known)
    encoded = model.encode(paths)
    seen = n_seen(log)
    for path in paths:
        os.unlink(path)  # never looked at again
    proba = model.predict_proba(encoded, known_labels=known)
    np.testing.assert_allclose(proba, expected, atol=1e-5)
    assert model.score(encoded, Y) > 0
    rows = [7, 3]
    some = model.predict_proba(encoded[rows], known_labels={0: Y[rows, 0]})
    np.testing.assert_allclose(some, expected[rows], atol=1e-5)
    assert len(encoded[5:]) == 25
    assert len(encoded[np.arange(30) < 4]) == 4
    assert model.encode(encoded) is encoded
    assert n_seen(log) == seen
    assert repr(encoded) == "EncodedImages(30 images, 9 x 8)"


def test_encoded_images_of_another_estimator(photos, tmp_path):
    paths, Y = photos

    def make(**params):
        backbone = Counting(tmp_path / "log")
        return CTranClassifier(backbone, **{"image_size": 12} | QUICK | params).fit(paths, Y)

    model, same = make(), make(n_layers=2, random_state=1)
    encoded = model.encode(paths)
    np.testing.assert_allclose(same.predict_proba(encoded), same.predict_proba(paths), atol=1e-5)
    for other in (make(image_size=8), make(train_backbone=True)):
        with pytest.raises(ValueError, match="encoded by an estimator with another backbone"):
            other.predict_proba(encoded)
    with pytest.raises(TypeError, match="fit takes images or features, not what encode"):
        model.fit(encoded, Y)


def test_encoded_images_of_other_weights(photos, tmp_path):
    """Also where the weights changed between two questions."""
    paths, Y = photos
    model = CTranClassifier(Counting(tmp_path / "log"), image_size=12, **QUICK)
    encoded = model.fit(paths, Y).encode(paths)
    model.predict_proba(encoded[:1])
    with torch.no_grad():
        next(model.net_.module_.backbone.parameters()).mul_(2)
    with pytest.raises(ValueError, match="other weights"):
        model.predict_proba(encoded[:1])
    again = model.encode(paths)
    assert len(model.predict_proba(again[:1])) == 1


def test_a_question_about_encoded_images_does_not_describe_the_backbone(
    photos, tmp_path, monkeypatch
):
    """It would read all weights, which takes longer than the answer."""
    paths, Y = photos
    model = CTranClassifier(Counting(tmp_path / "log"), image_size=12, **QUICK)
    encoded = model.fit(paths, Y).encode(paths)
    expected = model.predict_proba(encoded)
    monkeypatch.setattr(fingerprint, "describe", None)  # It would fail if called.
    np.testing.assert_array_equal(model.predict_proba(encoded), expected)


def test_encoded_images_are_not_trained_on(photos, tmp_path):
    paths, Y = photos
    backbone = Counting(tmp_path / "log")
    model = CTranClassifier(backbone, image_size=12, warm_start=True, **QUICK).fit(paths, Y)
    with pytest.raises(TypeError, match="fit takes images or features"):
        model.fit(model.encode(paths), Y)


def test_encoded_tokens_of_another_number():
    rng = np.random.RandomState(0)
    X, Y = rng.randn(20, 3, 5), rng.randint(2, size=(20, 3))
    model = CTranClassifier(None, position="learned", regions=None, **QUICK).fit(X, Y)
    other = CTranClassifier(None, regions=None, **QUICK).fit(X[:, :2], Y)
    with pytest.raises(ValueError, match="has 2 tokens an image, .* fitted with 3"):
        model.predict_proba(other.encode(X[:, :2]))


def test_tokens_of_another_number_with_learned_positions_of_regions():
    rng = np.random.RandomState(0)
    X, Y = rng.randn(12, 25, 50), rng.randint(2, size=(12, 3))
    model = CTranClassifier(None, position="learned", regions=2, **QUICK).fit(X, Y)
    encoded = model.encode(X)
    assert encoded.shape == (12, 5, 50)
    np.testing.assert_allclose(model.predict_proba(encoded), model.predict_proba(X), atol=1e-6)
    with pytest.raises(ValueError, match="has 16 tokens an image, .* fitted with 25"):
        model.predict_proba(X[:, :16])


def test_going_on_with_images_of_another_size(photos):
    """The regions of larger images go by their own grid."""
    paths, Y = photos
    backbone = nn.Conv2d(3, 128, 4, stride=4)
    params = QUICK | {"regions": 2, "warm_start": True}
    model = CTranClassifier(backbone, image_size=12, **params).fit(paths, Y)
    model.set_params(image_size=20).fit(paths, Y)
    module = model.net_.module_
    assert module.grid == (3, 3)
    features = ImageTokens(backbone, image_size=20).fit_transform(paths)
    assert features.shape == (30, 25, 128)
    expected = module.pool(torch.from_numpy(features), (5, 5))
    torch.testing.assert_close(model.encode(paths).batch(np.arange(30)), expected)
    assert np.isfinite(model.predict_proba(paths)).all()


def test_encoded_features():
    rng = np.random.RandomState(0)
    X, Y = rng.randn(20, 5), rng.randint(2, size=(20, 3))
    model = CTranClassifier(**QUICK).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(model.encode(X)), model.predict_proba(X))


def test_grids_of_images_that_are_not_resized(tmp_path):
    """Regions go by each set's own grid: 2 x 6 cells are not 6 x 2."""
    rng = np.random.RandomState(0)
    X, Y = rng.randint(256, size=(12, 8, 24, 3), dtype=np.uint8), rng.randint(2, size=(12, 3))
    backbone = Counting(tmp_path / "log")
    model = CTranClassifier(backbone, image_size=None, regions=2, shortcut=False, **QUICK)
    model.fit(X, Y)
    upright = X.transpose(0, 2, 1, 3)
    features = ImageTokens(backbone, image_size=None).fit_transform(upright)
    assert features.shape == (12, 12, 8)
    expected = model.net_.module_.pool(torch.from_numpy(features), (6, 2))
    torch.testing.assert_close(model.encode(upright).batch(np.arange(12)), expected)
