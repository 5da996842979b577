"""LinearProbe: embeddings of a model, and logistic regression with the best penalty."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler, normalize

from sklearn_ctran import ImageTokens, load, recipes
from sklearn_ctran.baselines import LinearProbe
from sklearn_ctran.baselines._linear_probe import searched

QUICK = {"random_state": 0, "tol": 1e-6}


@pytest.fixture(scope="module")
def noisy():
    """Two labels of one direction each among 60, most of which are noise."""
    rng = np.random.RandomState(0)
    X = rng.randn(600, 60) * rng.uniform(0.1, 10, size=60) + 3
    logits = 2 * StandardScaler().fit_transform(X)[:, :2]
    return X, (rng.rand(600, 2) < expit(logits)).astype(int)


def small_tokens(**params):
    return ImageTokens("small", image_size=None, pool="mean", random_state=0, **params)


@pytest.mark.parametrize("C", [0.01, 1.0])
def test_it_is_logistic_regression(noisy, C):
    X, Y = noisy
    model = LinearProbe(C=C, tol=1e-8).fit(X, Y)
    scaled = StandardScaler().fit_transform(X)
    for label in (0, 1):
        expected = LogisticRegression(C=C, tol=1e-8, max_iter=1000).fit(scaled, Y[:, label])
        expected = expected.predict_proba(scaled)[:, 1]
        np.testing.assert_allclose(model.predict_proba(X)[:, label], expected, atol=1e-5)
    assert (model.C_, model.losses_) == (C, {})


def test_the_penalty_is_the_best_of_those_tried(noisy):
    X, Y = noisy
    model = LinearProbe(**QUICK).fit(X[:200], Y[:200])
    assert min(model.losses_, key=model.losses_.get) == model.C_
    assert 1e-4 < model.C_ < 0.1  # Less than the usual 1: most features are noise.
    assert model.regression_.C == model.C_

    def loss(C):
        proba = LinearProbe(C=C).fit(X[:200], Y[:200]).predict_proba(X[200:])
        return -np.log(np.where(Y[200:] == 1, proba, 1 - proba).clip(1e-9)).mean()

    assert loss(model.C_) < min(loss(1e-6), loss(1.0), loss(100.0)) - 0.01


def test_losses_are_of_held_out_samples(noisy):
    X, Y = noisy
    model = LinearProbe(n_folds=2, **QUICK).fit(X[:100], Y[:100])
    C = model.C_
    losses = []
    for held in (folds := model._folds(X[:100], Y[:100].astype(np.int8))):
        rest = np.setdiff1d(np.arange(100), held)
        proba = LinearProbe(C=C, tol=1e-6).fit(X[rest], Y[rest]).predict_proba(X[held])
        losses.append(-np.log(np.where(Y[held] == 1, proba, 1 - proba)))
    assert len(folds) == 2
    assert model.losses_[C] == pytest.approx(np.concatenate(losses).mean(), rel=1e-4)
    assert len(LinearProbe(n_folds=5, random_state=0)._folds(X, Y)) == 5
    others = LinearProbe(n_folds=2, random_state=1)._folds(X[:100], Y[:100].astype(np.int8))
    assert others[0].tolist() != folds[0].tolist()


def test_equal_samples_are_in_one_fold(noisy):
    X, Y = np.repeat(noisy[0][:50], 2, axis=0), np.repeat(noisy[1][:50], 2, axis=0)
    for fold in LinearProbe(random_state=0)._folds(X, Y):
        assert (fold[::2] + 1 == fold[1::2]).all()
    assert len(LinearProbe(random_state=0)._folds(X[[0, 0]], Y[[0, 0]])) == 1


def test_gaps_and_weights_are_counted(noisy):
    X, Y = noisy[0][:150], noisy[1][:150].astype(float)
    spoilt, weight = Y.copy(), np.ones(150)
    spoilt[:, 1] = 1 - spoilt[:, 1]
    gaps = np.vstack([Y, np.where([True, False], spoilt, np.nan)])
    model = LinearProbe(C=0.01, tol=1e-8).fit(np.vstack([X, X]), gaps)
    expected = LinearProbe(C=0.01, tol=1e-8).fit(X, Y)
    np.testing.assert_allclose(
        model.predict_proba(X)[:, 1], expected.predict_proba(X)[:, 1], atol=0.02
    )
    weight = np.r_[weight, np.zeros(150)]
    both = np.vstack([X, X]), np.vstack([Y, spoilt])
    model = LinearProbe(**QUICK).fit(*both, sample_weight=weight)
    expected = LinearProbe(**QUICK).fit(X, Y)
    assert model.losses_ == pytest.approx(expected.losses_)


def test_search_goes_downhill_from_coarse_to_fine():
    for best in (1e-6, 10**-2.5, 1.0, 10**0.5, 1e6):
        losses = searched(lambda C, best=best: abs(np.log10(C / best)))
        assert min(losses, key=losses.get) == pytest.approx(best)
        assert len(losses) < 14
        assert min(losses) >= 0.99e-6
        assert max(losses) <= 1.01e6


def test_normalized_embeddings_have_no_length(noisy):
    X, Y = noisy
    model = LinearProbe(normalize=True, C=0.1).fit(X, Y)
    np.testing.assert_allclose(model.predict_proba(3 * X), model.predict_proba(X), atol=1e-6)
    expected = LinearProbe(C=0.1).fit(normalize(X), Y).predict_proba(normalize(X))
    np.testing.assert_allclose(model.predict_proba(X), expected)
    assert abs(LinearProbe(C=0.1).fit(X, Y).predict_proba(X) - expected).max() > 0.01


def test_images_are_embedded_by_the_model(tmp_path):
    images = np.random.RandomState(0).randint(256, size=(40, 16, 16, 3), dtype=np.uint8)
    images[::2, :, :, 0] //= 2
    Y = np.c_[np.arange(40) % 2, np.arange(40) // 2 % 2]
    model = LinearProbe(small_tokens(), **QUICK).fit(images, Y)
    embeddings = small_tokens().fit(images).transform(images)
    expected = LinearProbe(**QUICK).fit(embeddings, Y)
    np.testing.assert_array_equal(model.predict_proba(images), expected.predict_proba(embeddings))
    assert model.n_features_in_ == embeddings.shape[1]
    assert model.score(images, Y) > 0.7
    model.save(tmp_path / "probe.ctran")
    again = load(tmp_path / "probe.ctran")
    np.testing.assert_allclose(again.predict_proba(images), model.predict_proba(images), atol=1e-6)
    assert again.losses_ == model.losses_


def test_presets_are_those_of_the_recipes():
    for name, recipe in (
        ("clip", recipes.CLIP_PROBE),
        ("dinov2", recipes.DINOV2_PROBE),
        ("siglip", recipes.SIGLIP_PROBE),
    ):
        embedder = LinearProbe(name)._new_embedder()
        assert (embedder.backbone, embedder.image_size) == (recipe["backbone"], 224)
        assert embedder.pool == "mean"


def test_a_network_of_timm():
    pytest.importorskip("timm")
    images = np.random.RandomState(0).randint(256, size=(8, 32, 32, 3), dtype=np.uint8)
    Y = np.arange(16).reshape(8, 2) // 3 % 2
    tokens = ImageTokens("timm/test_vit", weights=None, image_size=64, pool="mean", random_state=0)
    model = LinearProbe(tokens, random_state=0).fit(images, Y)
    assert model.predict_proba(images).shape == (8, 2)
    assert model.embedder_.backbone == "timm/test_vit"


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"model": "dino"}, ValueError, "dino"),
        ({"model": ImageTokens("small", image_size=None)}, ValueError, "X holds tokens, .*pool"),
        ({"model": 3}, ValueError, "model"),
        ({"C": 0.0}, ValueError, "C"),
        ({"n_folds": 1}, ValueError, "n_folds"),
    ],
)
def test_what_cannot_be_used(params, error, message):
    images = np.zeros((6, 16, 16, 3), dtype=np.uint8)
    with pytest.raises(error, match=message):
        LinearProbe(**params).fit(images, np.arange(12).reshape(6, 2) % 3 % 2)
