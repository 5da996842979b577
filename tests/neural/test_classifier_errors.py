"""Errors of CTranClassifier name what is wrong and leave the estimator as it was.

The constraints of parameters stand in `_neural/parameters.py` and `_images/parameters.py`.
"""

import numpy as np
import pytest
from PIL import Image
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from small_models import quick
from torch import nn


def test_breaking_off_leaves_the_estimator_as_it_was(table):
    X, Y = table
    model = quick().fit(X, Y)
    before = model.predict_proba(X)

    def interrupted(logits, targets):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.set_params(loss=interrupted).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), before)
    fresh = quick(loss=interrupted)
    with pytest.raises(KeyboardInterrupt):
        fresh.fit(X, Y)
    assert vars(fresh) == vars(clone(fresh))


def test_infinite_weights_after_the_last_step_are_an_error(table):
    X, Y = table
    with pytest.raises(ValueError, match="Lower `lr`"):
        quick(lr=1e38, weight_decay=10.0, max_epochs=1, lr_schedule=None, batch_size=160).fit(X, Y)


@pytest.mark.parametrize(
    "params, message",
    [
        ({"d_model": 10, "n_heads": 4}, "multiple of n_heads"),
        ({"d_model": 0}, "d_model"),
        ({"n_layers": 0}, "n_layers"),
        ({"dropout": 1.0}, "dropout"),
        ({"position": "cosine"}, "position"),
        ({"unknown_fraction": (0.5, 0.25)}, "unknown_fraction"),
        ({"unknown_fraction": (0.5,)}, "unknown_fraction"),
        ({"unknown_fraction": ("a", "b")}, "unknown_fraction"),
        ({"unknown_fraction": (0.0, 1.5)}, "unknown_fraction"),
        ({"loss": "hinge"}, "loss"),
        ({"loss": nn.BCEWithLogitsLoss()}, "reduction='none'"),
        ({"lr": 0}, "lr"),
        ({"precision": "float16"}, "precision"),
        ({"net_params": {"unheard_of": 1}}, "unheard_of"),
        ({"net_params": {"callbacks": []}}, "pass them in callbacks"),
        ({"use_image": False, "d_model": None}, "set d_model"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
        ({"train_backbone": "never"}, "train_backbone"),
    ],
    ids=str,
)
def test_bad_parameters_are_named(table, params, message):
    with pytest.raises((ValueError, TypeError), match=message):
        quick(**params).fit(*table)


def test_nan_loss_is_an_error_and_leaves_the_estimator_as_it_was(table):
    X, Y = table
    model = quick().fit(X, Y)
    before, state = model.predict_proba(X), dict(vars(model))
    model.set_params(lr=1e30, lr_schedule=None, max_epochs=20)
    with pytest.raises(ValueError, match="loss became .* Lower `lr`"):
        model.fit(X, Y)
    model.set_params(**{key: state[key] for key in ("lr", "lr_schedule", "max_epochs")})
    assert vars(model) == state
    np.testing.assert_array_equal(model.predict_proba(X), before)
    model.set_params(warm_start=True, lr=1e30, lr_schedule=None, max_epochs=20)
    with pytest.raises(ValueError, match="loss became"):
        model.fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), before)


@pytest.mark.parametrize(
    "break_it, error, message",
    [
        (lambda X, Y: (X[:0], Y[:0]), ValueError, "empty"),
        (lambda X, Y: (X[:-1], Y), ValueError, "inconsistent"),
        (lambda X, Y: (np.where(X[3, 2] == X, np.nan, X), Y), ValueError, "NaN"),
        (lambda X, Y: (X, Y + 1), ValueError, "holds 2"),
        (lambda X, Y: (X, np.where([1, 0, 1], Y, -1)), ValueError, "No sample .* label.* 1"),
        (lambda X, Y: (np.full(X.shape, "a"), Y), ValueError, "6 columns, with texts"),
        (lambda X, Y: (sparse.csr_matrix(X), Y), TypeError, "[Ss]parse"),
    ],
)
def test_bad_data_leaves_nothing_half_fitted(table, break_it, error, message):
    model = quick()
    with pytest.raises(error, match=message):
        model.fit(*break_it(*table))
    assert vars(model) == vars(clone(model))
    with pytest.raises(NotFittedError):
        model.predict(table[0])


def test_broken_file_is_named_before_anything_changes(pictures, tmp_path):
    X, Y = (a[:6] for a in pictures)
    files = [tmp_path / f"{i}.png" for i in range(6)]
    for file, image in zip(files, X, strict=True):
        Image.fromarray(image).save(file)
    model = quick(backbone="small", image_size=12).fit(files, Y)
    before = model.net_
    files[4].write_bytes(files[4].read_bytes()[:60])
    with pytest.raises(ValueError, match=r"(?s)row 4.*4\.png"):
        model.fit(files, Y)
    with pytest.raises(ValueError, match=r"(?s)row 4.*4\.png"):
        model.predict(files)
    files[2].unlink()
    with pytest.raises(FileNotFoundError, match=r"(?s)row 2.*2\.png"):
        model.fit(files, Y)
    assert model.net_ is before


def test_images_without_a_backbone(pictures):
    with pytest.raises(ValueError, match="backbone=None takes features"):
        quick(backbone=None).fit(*pictures)


def test_images_of_another_size_than_promised(pictures):
    X = [*pictures[0][:3], np.zeros((5, 5, 3), np.uint8)]
    with pytest.raises(ValueError, match="image_size=None"):
        quick(backbone="small", image_size=None).fit(X, pictures[1][:4])


def test_scores_of_other_lengths(table):
    X, Y = table
    for y in (Y, Y[:, 0]):
        model = quick().fit(X, y)
        with pytest.raises(ValueError, match="inconsistent|has shape"):
            model.score(X, y[:-1])
    with pytest.raises(ValueError, match="one column for each of 3 labels"):
        quick().fit(X, Y).score(X, np.full((160, 4), 2))


def test_images_of_another_size_in_prediction():
    rng = np.random.RandomState(0)
    X = rng.randint(256, size=(12, 8, 8, 3), dtype=np.uint8)
    model = quick(backbone=nn.Conv2d(3, 8, 4, stride=4), image_size=None)
    model.fit(X, rng.randint(2, size=(12, 3)))
    with pytest.raises(ValueError, match=r"grid of \(3, 3\) features, .* trained with \(2, 2\)"):
        model.predict(np.zeros((2, 12, 12, 3), np.uint8))


@pytest.mark.parametrize(
    "method",
    ["predict", "predict_proba", "predict_extra_proba", "decision_function", "sample_labels"]
    + ["encode", "score", "log_score"],
)
def test_not_fitted(table, method):
    X, Y = table
    with pytest.raises(NotFittedError):
        getattr(quick(), method)(*((X, Y) if "score" in method else (X,)))


def test_a_cache_is_checked_for_tables_too():
    X, Y = np.zeros((4, 2)), np.array([[0, 1], [1, 0], [1, 1], [0, 0]])
    with pytest.raises(ValueError, match="The cache's location is an empty string"):
        quick(cache="").fit(X, Y)
