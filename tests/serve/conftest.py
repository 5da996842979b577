"""A small model on photos, and a server of it in this process."""

import io
from contextlib import ExitStack

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("starlette")
pytest.importorskip("httpx")

from sklearn_ctran import CTranClassifier  # noqa: E402
from sklearn_ctran.datasets import make_digit_scenes  # noqa: E402

LABELS = [f"digit {i}" for i in range(10)]


@pytest.fixture(scope="session")
def scenes():
    return make_digit_scenes(60, random_state=0)


@pytest.fixture(scope="session")
def model(scenes, tmp_path_factory):
    """The file of a model of digit scenes."""
    import pandas as pd

    path = tmp_path_factory.mktemp("model") / "model.ctran"
    settings = {"image_size": 64, "augment": None, "max_epochs": 1, "random_state": 0, "d_model": 8}
    model = CTranClassifier("small", train_backbone=False, n_heads=2, device="cpu", **settings)
    model.fit(list(scenes.images), pd.DataFrame(scenes.Y, columns=LABELS)).save(path)
    return path


@pytest.fixture(scope="session")
def png():
    """A function that encodes pixels as a PNG."""

    def encode(pixels):
        file = io.BytesIO()
        Image.fromarray(np.asarray(pixels)).save(file, "PNG")
        return file.getvalue()

    return encode


@pytest.fixture
def photos(scenes, png, tmp_path):
    """Paths of the scenes, as PNG files in a folder of their own."""
    folder = tmp_path / "photos"
    folder.mkdir()
    paths = [folder / f"{i:02}.png" for i in range(len(scenes.images))]
    for path, pixels in zip(paths, scenes.images, strict=True):
        path.write_bytes(png(pixels))
    return [str(path) for path in paths]


def config_of(labels=LABELS, kind="multiple"):
    choices = "".join(f'<Choice value="{label}"/>' for label in labels)
    return (
        '<View><Image name="photo" value="$image"/>'
        f'<Choices name="digits" toName="photo" choice="{kind}">{choices}</Choices></View>'
    )


@pytest.fixture
def label_config():
    return config_of


@pytest.fixture
def start(model, photos, tmp_path):
    """A function that starts a server of the model: a client of it."""
    from starlette.testclient import TestClient

    from sklearn_ctran._serve.photos import PhotoSource
    from sklearn_ctran._serve.server import application

    with ExitStack() as stack:

        def begin(folder="server", source=None, **params):
            source = source or PhotoSource(folders=[tmp_path / "photos"])
            app = application(model, tmp_path / folder, source=source, **params)
            client = TestClient(stack.enter_context(app), raise_server_exceptions=False)
            return stack.enter_context(client)

        yield begin
