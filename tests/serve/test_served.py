"""The model behind the server: images are read once, and kept in bounded number."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from sklearn_ctran import CTranClassifier, load
from sklearn_ctran._serve import served as served_module
from sklearn_ctran._serve.errors import RequestError
from sklearn_ctran._serve.served import ServedModel
from sklearn_ctran.datasets._label_studio.config import read_config


@pytest.fixture
def served(model):
    return ServedModel(load(model), "3")


@pytest.fixture
def read(photos):
    """A function that reads a photo's bytes, and ``read.places`` of it."""

    def read(place):
        read.places.append(place)
        with open(place, "rb") as file:
            return file.read()

    read.places = []
    return read


def test_a_place_is_read_once(served, read, photos, label_config):
    config = read_config(label_config())
    first = served.predict([photos[0], photos[1], photos[0]], read, [{}] * 3, config)
    again = served.predict([photos[0]], read, [{}], config)
    assert read.places == photos[:2]
    assert first[0] == first[2] == again[0] != first[1]
    assert first[0]["model_version"] == "3"


def test_few_images_are_kept(served, read, photos, label_config, monkeypatch):
    monkeypatch.setattr(served_module, "_MOST_ENCODED", 2)
    config = read_config(label_config())
    for photo in (photos[0], photos[1], photos[0], photos[2], photos[0], photos[1]):
        served.predict([photo], read, [{}], config)
    # The one that was not asked about for longest has gone.
    assert read.places == [photos[0], photos[1], photos[2], photos[1]]


def test_some_labels_of_the_model(served, read, photos, label_config):
    config = read_config(label_config(["digit 7", "digit 2"]))
    (told,) = served.predict(photos[:1], read, [{"digit 7": 1, "digit 2": 1}], config)
    assert told["result"][0]["value"]["choices"] == ["digit 7", "digit 2"]
    assert told["ask"] is None and told["score"] == 1.0


@pytest.mark.parametrize("what", ["no image", "a path"])
def test_no_image(what, served, label_config, photos):
    """A path in place of an image is no image, even if it is that of a file."""
    data = photos[0].encode() if what == "a path" else b"no image"
    with pytest.raises(RequestError, match="cannot be") as error:
        served.predict(["a"], lambda _: data, [{}], read_config(label_config()))
    assert error.value.status == 422


def test_classes_are_refused():
    X, y = np.random.RandomState(0).rand(20, 3), np.arange(20) % 3
    model = CTranClassifier(d_model=8, n_heads=2, max_epochs=1).fit(X, y)
    with pytest.raises(ValueError, match="learned one class an image"):
        ServedModel(model, "0")


@pytest.mark.parametrize(("image_size", "pixels"), [(64, 100_000_001), (None, 4_000_001)])
def test_huge_images(image_size, pixels, served, label_config, monkeypatch):
    served.estimator.image_size = image_size
    monkeypatch.setattr(type(served.estimator), "encode", lambda *_: pytest.fail("was passed"))
    file = io.BytesIO()
    Image.new("L", (pixels, 1)).save(file, "PNG")
    with pytest.raises(RequestError, match=f"{pixels} x 1 pixels is too large") as error:
        served.predict(["a"], lambda _: file.getvalue(), [{}], read_config(label_config()))
    assert error.value.status == 413


def test_an_image_in_its_place_is_kept_under_a_digest(served, read, photos, label_config):
    with open(photos[0], "rb") as file:
        place = "data:image/png;base64," + base64.b64encode(file.read() + bytes(1000)).decode()
    served.predict(
        [place], lambda _: base64.b64decode(place[22:]), [{}], read_config(label_config())
    )
    assert [len(key) for key in served._encoded] == [64]
