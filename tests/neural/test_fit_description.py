"""What tells one fit from another."""

import numpy as np
import pytest
import torch
from small_models import quick
from torch import nn

from sklearn_ctran._neural import fit_description as module


def message(model, X, Y, other=None, **given):
    """What is said when another fit finds the directory."""
    with pytest.raises(ValueError, match="holds another fit") as error:
        (other or model).fit(X, Y, **given)
    return str(error.value).partition("): ")[2].partition(". Choose")[0]


@pytest.fixture
def fitted(table, tmp_path):
    return quick(None, checkpoint=tmp_path, n_layers=1).fit(*table)


@pytest.mark.parametrize(
    "params, expected",
    [
        ({"lr": 0.5}, "lr was 0.002 and is 0.5"),
        ({"net_params": {"batch_size": 7}}, "net_params was None and is {'batch_size': 7}"),
        ({"random_state": 5}, "random_state was 0 and is 5"),
        ({"random_state": None}, "random_state was 0 and is None"),
        ({"random_state": np.random.RandomState(0)}, "random_state was 0 and is a generator"),
        ({"memory": 7}, "memory was 'auto' and is 7"),
    ],
)
def test_parameters(fitted, table, params, expected):
    assert message(fitted.set_params(**params), *table) == expected


def test_parameters_without_effect_may_change(fitted, table, tmp_path):
    before = fitted.predict_proba(table[0])
    fitted.set_params(verbose=0, n_jobs=2, on_error="skip", device="cpu", cache=None)
    fitted.set_params(checkpoint=str(tmp_path)).fit(*table)
    np.testing.assert_array_equal(fitted.predict_proba(table[0]), before)


def test_data(fitted, table):
    X, Y = table
    others = "{} are others".format
    assert message(fitted, X + 1, Y) == others("the images")
    assert message(fitted, X[:, :5].copy(), Y) == others("the images")
    assert message(fitted, X, 1 - Y) == others("the labels")
    assert message(fitted, X, Y, sample_weight=np.full(len(X), 2)) == others("the sample weights")
    frame = pytest.importorskip("pandas").DataFrame(Y, columns=["a", "b", "c"])
    assert message(fitted, X, frame) == others("the labels")
    assert message(fitted, X, Y, extra_labels=Y[:, :1]) == others("the labels")


def test_images_count_by_their_content(pictures, tmp_path):
    from PIL import Image

    X, Y = pictures
    X, Y = X[:20], Y[:20]
    paths = [str(tmp_path / f"{row}.png") for row in range(len(X))]
    for path, image in zip(paths, X, strict=True):
        Image.fromarray(image).save(path)
    model = quick("small", image_size=None, checkpoint=tmp_path / "kept").fit(paths, Y)
    (tmp_path / "0.png").rename(tmp_path / "other.png")
    model.fit([str(tmp_path / "other.png"), *paths[1:]], Y)
    Image.fromarray(255 - X[0]).save(tmp_path / "other.png")
    assert message(model, [str(tmp_path / "other.png"), *paths[1:]], Y) == "the images are others"


def test_versions(monkeypatch, fitted, table):
    version = module.version
    monkeypatch.setattr(module, "version", lambda name: version(name) + "+1" * (name == "torch"))
    assert message(fitted, *table) == f"torch was {version('torch')} and is {version('torch')}+1"


def test_functions_count_by_what_they_do(table, tmp_path):
    def make(factor):
        def loss(logits, y):
            return factor * nn.functional.binary_cross_entropy_with_logits(
                logits, y, reduction="none"
            )

        return quick(None, loss=loss, checkpoint=tmp_path)

    make(1.0).fit(*table)
    make(1.0).fit(*table)
    assert message(make(2.0), *table).startswith("loss was function")


def test_training_that_goes_on_from_another_model_is_another_fit(table, tmp_path):
    model = quick(None, warm_start=True).fit(*table)
    model.set_params(checkpoint=tmp_path).fit(*table)
    assert "the weights of the last fit are others" in message(model, *table)


def test_weights_on_any_device_are_read(table):
    """The description of a model is made of numbers, wherever they are."""
    model = quick(None, warm_start=True).fit(*table)
    model.set_params(checkpoint="here")
    model.net_.module_.to(torch.float64)
    described = module.describe_fit(model, *_read(table, model))
    assert described["the weights of the last fit"]


def _read(table, model):
    from sklearn_ctran._images.tokens import Tokens

    return Tokens(table[0][:, None]), table[1].astype(np.int8), np.ones(len(table[0]))
