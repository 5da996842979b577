"""Features, tokens, images and labels in every form, and pickles."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch.helper import SliceDataset
from small_models import quick
from torch.utils.data import Dataset

from sklearn_ctran import ImageTokens


def test_features_and_images_in_turn(pictures, table):
    model = quick(backbone="small", image_size=12).fit(*table)
    assert model.n_features_in_ == 6
    model.fit(*(a[:12] for a in pictures))
    assert not hasattr(model, "n_features_in_")


def test_y_forms_give_the_same_model(table):
    X, Y = table
    frame = pd.DataFrame(Y, columns=["a", "b", "c"])
    expected = quick().fit(X, Y).predict_proba(X)
    for y in (frame, sparse.csr_matrix(Y), Y.tolist(), Y.astype(bool)):
        np.testing.assert_array_equal(quick().fit(X, y).predict_proba(X), expected)
    model = quick().fit(X, frame)
    assert model.label_names_.tolist() == ["a", "b", "c"]
    assert model.score(X, frame) == model.score(X, sparse.csr_matrix(Y)) == model.score(X, Y)
    assert model.score(X, frame[["b", "c", "a"]]) == model.score(X, Y)
    with pytest.raises(ValueError, match="y lacks 'c'"):
        model.score(X, frame[["b", "a"]])


def test_feature_names(table):
    X, Y = table
    frame = pd.DataFrame(X, columns=list("uvwxyz"))
    model = quick().fit(frame, Y)
    assert model.feature_names_in_.tolist() == list("uvwxyz")
    assert model.n_features_in_ == 6
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[list("vuwxyz")])


def test_images_in_every_form_give_the_same_probabilities(pictures, tmp_path):
    X, Y = (a[:16] for a in pictures)
    files = []
    for i, image in enumerate(X):
        files.append(tmp_path / f"{i}.png")
        Image.fromarray(image).save(files[-1])
    model = quick(backbone="small", image_size=12, n_jobs=2).fit(files, Y)
    expected = model.predict_proba(X)
    forms = {
        "strings": [str(f) for f in files],
        "array of strings": np.array([str(f) for f in files]),
        "series": pd.Series(files),
        "frame": pd.DataFrame({"path": files}),
        "column": np.array([[str(f)] for f in files], dtype=object),
        "PIL": [Image.open(f) for f in files],
        "arrays": list(X),
        "floats": X / 255.0,
    }
    for form in forms.values():
        np.testing.assert_array_equal(model.predict_proba(form), expected)
    assert not hasattr(model, "n_features_in_")


def test_photos_of_different_sizes_and_grey_arrays(pictures):
    rng = np.random.RandomState(0)
    sizes = [(9, 14), (20, 8), (12, 12), (30, 10)]
    X = [rng.randint(256, size=(*size, 3), dtype=np.uint8) for size in sizes]
    Y = np.array([[0, 1], [1, 0], [1, 1], [0, 0]])
    model = quick(backbone="small", image_size=12).fit(X, Y)
    proba = model.predict_proba(X)
    one_by_one = np.concatenate([model.predict_proba([x]) for x in X])
    np.testing.assert_allclose(proba, one_by_one, atol=1e-5)
    assert len(np.unique(proba[:, 0])) == 4
    grey = rng.randint(256, size=(4, 12, 12), dtype=np.uint8)
    model = quick(backbone="small", image_size=None).fit(grey, Y)
    in_colour = np.repeat(grey[..., None], 3, axis=3)
    np.testing.assert_array_equal(model.predict_proba(grey), model.predict_proba(in_colour))
    assert len(np.unique(model.predict_proba(grey)[:, 0])) == 4


def test_parameters_set_after_fit_wait_for_the_next_fit(pictures, table):
    X, Y = (a[:24] for a in pictures)
    model = quick(backbone="small", image_size=12).fit(X, Y)
    before = model.predict_proba(X)
    model.set_params(image_size=(8, 4), backbone=None, augment=None, use_image=False, loss="focal")
    np.testing.assert_array_equal(model.predict_proba(X), before)
    grey = X[..., 0]  # three axes are tokens only if it is fitted on tokens
    in_colour = np.repeat(grey[..., None], 3, axis=3)
    np.testing.assert_array_equal(model.predict_proba(grey), model.predict_proba(in_colour))
    tokens = table[0].reshape(160, 3, 2)
    model = quick(backbone=None).fit(tokens, table[1])
    before = model.predict_proba(tokens)
    model.set_params(backbone="small")
    np.testing.assert_array_equal(model.predict_proba(tokens), before)


def test_tokens(table):
    X, Y = table
    tokens = X.reshape(160, 3, 2)
    model = quick(backbone=None).fit(tokens, Y)
    np.testing.assert_array_equal(model.predict(list(tokens)), model.predict(tokens))
    with pytest.raises(ValueError, match="has 3 channels"):
        model.predict(X.reshape(160, 2, 3))
    with pytest.raises(ValueError, match="holds features, but .* fitted on tokens"):
        model.predict(X)
    with pytest.raises(ValueError, match="has 2 tokens .* fitted with 3"):
        model.predict(tokens[:, :2])
    any_number = quick(backbone=None, shortcut=False).fit(tokens, Y)
    fewer = any_number.predict_proba(tokens[:, :2])
    turned = any_number.predict_proba(tokens[:, [1, 0]])
    np.testing.assert_allclose(fewer, turned, atol=1e-6)
    assert not np.allclose(fewer, any_number.predict_proba(tokens), atol=1e-3)
    with pytest.raises(ValueError, match="has 2 tokens .* fitted with 3"):
        any_number.set_params(position="learned").fit(tokens, Y).predict(tokens[:, :2])


def test_read_only_features(table):
    X, Y = (a.copy() for a in table)
    X.flags.writeable = Y.flags.writeable = False
    np.testing.assert_array_equal(
        quick().fit(X, Y).predict_proba(X), quick().fit(*table).predict_proba(table[0])
    )
    tokens = X.reshape(160, 3, 2)
    model = quick(backbone=None, regions=None).fit(tokens, Y)
    assert np.isfinite(model.predict_proba(tokens)).all()


def test_pickle_of_a_fitted_estimator(pictures, tmp_path):
    X, Y = (a[:24] for a in pictures)
    model = quick(backbone="small", image_size=12, early_stopping=True, validation_fraction=0.4)
    model.fit(X, Y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(model.predict_proba(X), again.predict_proba(X))
    assert again.history_ == model.history_
    assert again.net_.module is again.net_.module_
    # Weights are written once, without the optimiser's moments.
    n_bytes = sum(w.nbytes for w in model.net_.module_.state_dict().values())
    assert len(pickle.dumps(model)) < 1.3 * n_bytes + 60_000
    # The training images do not travel along.
    twice = np.concatenate([X] * 8), np.concatenate([Y] * 8)
    assert len(pickle.dumps(clone(model).fit(*twice))) < len(pickle.dumps(model)) + X.nbytes


@pytest.mark.parametrize("use_encoded", [False, True])
def test_a_feature_that_is_far_off_is_named(table, use_encoded):
    X, Y = table
    model = quick(backbone=None).fit(X + 5, Y)
    X = X[:6] + 5
    X[4, 3] = -3e38
    with pytest.raises(
        ValueError, match=r"X, row 4: feature 3 has a value of -3e\+38, so far .* 4.99"
    ):
        model.predict_proba(model.encode(X) if use_encoded else X)


def test_damaged_weights_are_not_blamed_on_the_input(table):
    X, Y = table
    model = quick(backbone=None).fit(X, Y)
    with torch.no_grad():
        next(model.net_.module_.parameters()).fill_(torch.nan)
    with pytest.raises(ValueError, match=r"row 0 is not finite, though .* weights are damaged"):
        model.predict_proba(X)


class Photos(Dataset):
    """Tensors (3, H, W) of given images, each with a number, as datasets have them."""

    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, row):
        return torch.from_numpy(self.images[row]).movedim(-1, 0), row


def test_datasets_of_images(pictures):
    X, Y = (a[:24] for a in pictures)
    model = quick("small", image_size=12).fit(X, Y)
    frozen = quick("small", image_size=12, train_backbone=False).fit(X, Y)
    expected = model.predict_proba(X)
    for images in (Photos(X), SliceDataset(Photos(X))):
        np.testing.assert_array_equal(model.predict_proba(images), expected)
        np.testing.assert_array_equal(clone(model).fit(images, Y).predict_proba(X), expected)
        np.testing.assert_array_equal(frozen.predict_proba(images), frozen.predict_proba(X))
    scores = [
        GridSearchCV(quick("small", image_size=12), {"lr": [0.01]}, cv=2).fit(images, Y).best_score_
        for images in (X, SliceDataset(Photos(X)))
    ]
    assert scores[0] == scores[1]


@pytest.mark.parametrize(
    "X",
    [
        "photo.jpg",
        ".",
        Image.new("RGB", (12, 12)),
        map(str, range(24)),
        {"path": ["photo.jpg"] * 24},
        None,
        [None, *["photo.jpg"] * 23],
        pd.Series([None, *["photo.jpg"] * 23]),
        pd.DataFrame({"id": range(24), "path": "photo.jpg"}),
        torch.zeros(24, 12, 12, 3),
        Photos(np.zeros((24, 4, 4, 5), np.uint8)),
        Photos([]),
    ],
    ids=lambda X: type(X).__name__,
)
@pytest.mark.parametrize("use_image", [True, False])
def test_wrong_images_have_the_message_that_image_tokens_have(pictures, X, use_image):
    Y = pictures[1][:24]
    with pytest.raises((ValueError, TypeError)) as expected:
        ImageTokens("small", image_size=12).fit(X)
    if not use_image and not is_refused_unread(X):
        return
    with pytest.raises(type(expected.value)) as raised:
        quick("small", image_size=12, use_image=use_image).fit(X, Y)
    assert str(raised.value) == str(expected.value)
    model = quick("small", image_size=12).fit(pictures[0][:24], Y)
    with pytest.raises(type(expected.value)) as raised:
        model.predict(X)
    assert str(raised.value) == str(expected.value)


def is_refused_unread(X):
    """Whether a set of images is refused although no image is looked at."""
    return not isinstance(X, (list, pd.Series, torch.Tensor, Dataset))
