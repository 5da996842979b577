"""ImageTokens: the features of CTranClassifier, for everybody."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from PIL import Image
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator
from torch import nn

from sklearn_ctran import CTranClassifier, ImageTokens, TokenCache

SMALL = {"backbone": "small", "image_size": 16, "cache": None, "random_state": 0}


@pytest.fixture(scope="module")
def images():
    rng = np.random.RandomState(0)
    images = rng.randint(256, size=(30, 16, 16, 3), dtype=np.uint8)
    Y = rng.randint(2, size=(30, 2))
    images[Y[:, 0] == 1] //= 16  # dark images
    return images, Y


@pytest.fixture
def files(images, tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(len(images[0]))]
    for path, image in zip(paths, images[0], strict=True):
        Image.fromarray(image).save(path)
    return paths


class Spy(nn.Module):
    """Four-fold smaller feature maps; notes how many images, not black, it sees."""

    def __init__(self, log):
        super().__init__()
        self.log = log
        self.conv = nn.Conv2d(3, 5, 4, stride=4)

    def forward(self, x):
        n_seen = int((x.std(dim=(1, 2, 3)) > 0.6).sum())
        with open(self.log, "a") as file:
            file.write("x" * n_seen)
        return self.conv(x)


def test_scikit_learn_checks():
    # Its checks of transformers all feed tables; those of the interface run.
    with pytest.warns(SkipTestWarning, match="Can't test estimator"):
        check_estimator(ImageTokens())


@pytest.mark.parametrize("n_views", [1, 2])
def test_tokens_are_those_of_the_classifier(images, n_views):
    X, Y = images
    tokens = ImageTokens(**SMALL, n_views=n_views).fit_transform(X)
    assert tokens.dtype == np.float32
    model = CTranClassifier(
        **SMALL,
        n_views=n_views,
        train_backbone=False,
        regions=None,
        d_model=8,
        n_layers=1,
        max_epochs=1,
    ).fit(X, Y)
    np.testing.assert_array_equal(tokens, model.encode(X).batch(np.arange(len(X))))


def test_two_views_do_not_tell_left_from_right(images):
    X, _ = images
    tokens = ImageTokens(**SMALL, pool="mean", n_views=2, precision="float32").fit(X)
    mirrored = X[:, :, ::-1].copy()
    np.testing.assert_allclose(tokens.transform(X), tokens.transform(mirrored), rtol=1e-4)
    one = tokens.set_params(n_views=1)
    assert np.abs(one.transform(X) - one.transform(mirrored)).max() > 1e-3


def test_the_classifier_takes_tokens_for_images(images):
    X, Y = images
    settings = {"d_model": 8, "n_layers": 1, "max_epochs": 2, "random_state": 0}
    direct = CTranClassifier(**(SMALL | settings), train_backbone=False).fit(X, Y)
    tokens = ImageTokens(**SMALL).fit_transform(X)
    assert tokens.ndim == 3
    given = CTranClassifier(None, **settings).fit(tokens, Y)
    assert given.predict_proba(tokens).shape == Y.shape
    assert given.net_.module_.grid == direct.net_.module_.grid
    piped = make_pipeline(ImageTokens(**SMALL), CTranClassifier(None, **settings)).fit(X, Y)
    np.testing.assert_array_equal(piped.predict_proba(X), given.predict_proba(tokens))


def test_backbone_and_crop_are_those_asked_for(images, tmp_path):
    X, _ = images
    spy = Spy(tmp_path / "log")
    tokens = ImageTokens(spy, image_size=(16, 8), cache=None).fit_transform(X[:2])
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    middle = torch.from_numpy(X[:2, 4:12, 4:12]).permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        expected = spy((middle - mean) / std).flatten(2).transpose(1, 2)
    np.testing.assert_allclose(tokens, expected, atol=0.02)  # bfloat16 where that is fast
    exact = ImageTokens(spy, image_size=(16, 8), cache=None, precision="float32")
    np.testing.assert_allclose(exact.fit_transform(X[:2]), expected, atol=1e-5)


def test_pooling(images):
    X, _ = images
    tokens = ImageTokens(**SMALL).fit_transform(X)
    positive = tokens.astype(np.float64).clip(1e-6)
    expected = {
        "mean": tokens.mean(axis=1),
        "max": tokens.max(axis=1),
        "gem": (positive**3).mean(axis=1) ** (1 / 3),
    }
    for pool, value in expected.items():
        features = ImageTokens(**SMALL, pool=pool).fit_transform(X)
        assert features.dtype == np.float32
        np.testing.assert_allclose(features, value, rtol=1e-5, atol=1e-6, err_msg=pool)
    features = ImageTokens(**SMALL, pool="gem", gem_power=1).fit_transform(X)
    np.testing.assert_allclose(features, positive.mean(axis=1), rtol=1e-5)


def test_one_line_with_anything_of_scikit_learn(images, files):
    X, Y = images
    pipeline = make_pipeline(
        ImageTokens(**SMALL, pool="mean"),
        MultiOutputClassifier(LogisticRegression(C=1e6, max_iter=10000)),
    )
    predicted = pipeline.fit(X, Y).predict(X)
    assert (predicted[:, 0] == Y[:, 0]).mean() > 0.9
    np.testing.assert_array_equal(pipeline.predict(files), predicted)  # of any kind
    np.testing.assert_array_equal(pipeline.predict([Image.fromarray(x) for x in X]), predicted)
    np.testing.assert_array_equal(pipeline.predict(pd.DataFrame({"path": files})), predicted)


@pytest.mark.parametrize("where", ["memory", "directory"])
def test_each_image_goes_through_the_backbone_once(images, tmp_path, where):
    cache = "memory" if where == "memory" else TokenCache(tmp_path / "cache")
    X, Y = images
    X = np.random.RandomState().randint(256, size=X.shape, dtype=np.uint8)  # seen by nobody yet
    pipeline = make_pipeline(
        ImageTokens(Spy(tmp_path / "log"), image_size=None, cache=cache),
        MultiOutputClassifier(LogisticRegression()),
    )
    search = GridSearchCV(pipeline, {"imagetokens__pool": ["mean", "max"]}, cv=3)
    search.fit(X, Y)
    assert len((tmp_path / "log").read_text()) == len(X)


def test_names_and_data_frames(images):
    X, _ = images
    transformer = ImageTokens(**SMALL, pool="max").fit(X)
    names = transformer.get_feature_names_out()
    assert names[0] == "imagetokens0"
    assert len(names) == transformer.n_channels_
    frame = transformer.set_output(transform="pandas").transform(X)
    assert list(frame.columns) == list(names)
    values = clone(transformer).set_output(transform="default").fit_transform(X)
    np.testing.assert_array_equal(frame, values)
    series = pd.Series(list(X), index=np.arange(len(X)) + 5)
    assert transformer.transform(series).index[0] == 5
    with pytest.raises(ValueError, match="have no feature names: pool them"):
        ImageTokens(**SMALL, pool=None).fit(X).get_feature_names_out()
    transformer.set_params(pool=None)
    with pytest.raises(ValueError, match="do not fit into a table of pandas: set pool='mean'"):
        transformer.transform(X)
    with (
        sklearn.config_context(transform_output="polars"),
        pytest.raises(ValueError, match="table of polars"),
    ):
        ImageTokens(**SMALL).fit_transform(X)


def test_pickled_and_seeded(images):
    X, _ = images
    fitted = ImageTokens(**(SMALL | {"cache": "memory"})).fit(X)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.transform(X), fitted.transform(X))
    before = torch.get_rng_state()
    other = ImageTokens(**(SMALL | {"random_state": 1})).fit_transform(X)
    assert not np.allclose(other, fitted.transform(X))
    assert torch.equal(torch.get_rng_state(), before)


def test_progress_is_reported(images, capsys):
    ImageTokens(**SMALL, verbose=1, batch_size=7).fit_transform(images[0])
    err = capsys.readouterr().err
    assert "image tokens:" in err
    assert "30/30" in err
    ImageTokens(**SMALL, batch_size=7).fit_transform(images[0])
    assert capsys.readouterr() == ("", "")


def test_errors_say_what_to_do(images, tmp_path):
    X, _ = images
    with pytest.raises(NotFittedError):
        ImageTokens(**SMALL).transform(X)
    with pytest.raises(ValueError, match="backbone=None leaves nothing"):
        ImageTokens(None).fit(X)
    with pytest.raises(FileNotFoundError, match="row 0"):
        ImageTokens(**SMALL).fit([tmp_path / "none.png"])
    with pytest.raises(ValueError, match="'pool' parameter"):
        ImageTokens(**SMALL, pool="sum").fit(X)
    with pytest.raises(ValueError, match="'gem_power' parameter"):
        ImageTokens(**SMALL, gem_power=0).fit(X)
    with pytest.raises(ValueError, match="device='nowhere'"):
        ImageTokens(**SMALL, device="nowhere").fit(X)


def test_a_failed_fit_changes_nothing(images):
    X, _ = images
    fitted = ImageTokens(**SMALL).fit(X)
    before = fitted.transform(X)
    fitted.set_params(image_size=8, backbone="resnot18")
    with pytest.raises(ValueError, match="resnot18"):
        fitted.fit(X)
    np.testing.assert_array_equal(fitted.transform(X), before)


@pytest.mark.parametrize("pool", [None, "mean"])
def test_images_that_cannot_be_read_have_nan(files, pool):
    paths = list(files)
    expected = ImageTokens(**SMALL, pool=pool).fit_transform(paths)
    paths[4] = None
    content = paths[9].read_bytes()
    paths[9].write_bytes(content[:60])
    with pytest.raises(TypeError, match="row 4"):
        ImageTokens(**SMALL, pool=pool).fit(paths)
    tokens = ImageTokens(**SMALL, pool=pool, on_error="skip").fit(paths)
    assert list(tokens.skipped_) == [4]  # The beginning of the other one is not broken.
    with pytest.warns(UserWarning, match=r"(?s)2 of 30 .*row 4 .*row 9: .*features are NaN"):
        features = tokens.transform(paths)
    assert np.isnan(features[[4, 9]]).all() and features.dtype == np.float32
    good = np.setdiff1d(np.arange(30), [4, 9])
    np.testing.assert_array_equal(features[good], expected[good])
    with pytest.warns(UserWarning, match=r"(?s)1 of 30 .*row 4 .*features will be NaN"):
        ImageTokens(**SMALL, pool=pool, on_error="warn").fit(paths)
    if pool == "mean":
        with pytest.warns(UserWarning, match="1 of 1"):
            assert np.isnan(tokens.transform(paths[9:10])).all()
    tokens.set_params(on_error="raise")
    with pytest.raises(TypeError, match="row 4"):
        tokens.transform(paths)
    paths[4] = paths[3]
    with pytest.raises(ValueError, match="row 9"):
        tokens.transform(paths)


def test_a_loaded_transformer_is_silent(images, capsys):
    X = images[0][:3]
    fitted = ImageTokens(**SMALL, verbose=1).fit(X)
    fitted.transform(X)
    assert "3/3" in capsys.readouterr().err
    pickle.loads(pickle.dumps(fitted)).transform(X)
    assert capsys.readouterr() == ("", "")
