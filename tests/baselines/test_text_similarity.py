"""TextSimilarity: cosines of images and texts, calibration, and new labels."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from sklearn_ctran.baselines import TextSimilarity


@pytest.fixture(scope="module")
def space():
    rng = np.random.RandomState(0)
    texts, images = rng.randn(6, 8), rng.randn(400, 8)
    cosines = images @ texts.T
    cosines /= np.linalg.norm(images, axis=1)[:, None] * np.linalg.norm(texts, axis=1)
    Y = (rng.rand(400, 6) < expit(6 * cosines - 1)).astype(int)
    return images, texts, cosines, Y


def test_given_numbers_are_the_equation(space):
    images, texts, cosines, Y = space
    model = TextSimilarity(texts[:4], temperature=0.2, bias=-1.5).fit(images, Y[:, :4])
    np.testing.assert_allclose(
        model.predict_proba(images), expit(cosines[:, :4] / 0.2 - 1.5), rtol=1e-5
    )
    nothing = TextSimilarity(texts[:4], temperature=0.2, bias=-1.5).fit(images, 1 - Y[:, :4])
    np.testing.assert_array_equal(nothing.predict_proba(images), model.predict_proba(images))
    # The lengths of vectors say nothing.
    longer = TextSimilarity(texts[:4] * 9, temperature=0.2, bias=-1.5).fit(images, Y[:, :4])
    np.testing.assert_allclose(
        longer.predict_proba(images * 5), model.predict_proba(images), rtol=1e-5
    )


def test_calibration_is_logistic_regression_on_the_cosine(space):
    images, texts, cosines, Y = space
    gaps = np.where(np.random.RandomState(1).rand(*Y.shape) < 0.3, -1, Y)
    model = TextSimilarity(texts).fit(images, gaps)
    entries = gaps >= 0
    rival = LogisticRegression(C=1e10, tol=1e-10, max_iter=1000)
    rival.fit(cosines[entries][:, None], gaps[entries])
    assert 1 / model.temperature_ == pytest.approx(rival.coef_[0, 0], rel=1e-3)
    assert model.common_bias_ == pytest.approx(rival.intercept_[0], rel=1e-3)
    np.testing.assert_array_equal(model.bias_, model.common_bias_)


@pytest.mark.parametrize("params", [{"temperature": 0.3}, {"bias": -2.0}])
def test_what_is_not_given_is_fitted_to_it(space, params):
    images, texts, cosines, Y = space
    model = TextSimilarity(texts, **params).fit(images, Y)
    name, value = next(iter(params.items()))
    assert {"temperature": model.temperature_, "bias": model.common_bias_}[name] == pytest.approx(
        value
    )

    def loss(slope, bias):
        logits = slope * cosines + bias
        return (np.logaddexp(0, logits) - Y * logits).sum()

    slope, bias = 1 / model.temperature_, model.common_bias_
    for step in (-0.05, 0.05):
        other = (slope, bias + step) if name == "temperature" else (slope + step, bias)
        assert loss(*other) > loss(slope, bias)


def test_own_biases_follow_the_shares_of_labels(space):
    images, texts, _, Y = space
    Y = Y.copy()
    Y[np.flatnonzero(Y[:, 0])[2:], 0] = 0
    model = TextSimilarity(texts, bias="label").fit(images, Y)
    assert model.bias_[0] < model.bias_[1:].min() - 1
    assert np.isfinite(model.bias_).all()
    assert len(np.unique(model.bias_.round(6))) == 6


def test_labels_that_were_not_in_training(space):
    images, texts, cosines, Y = space
    given = {f"label{i}": text for i, text in enumerate(texts)}
    model = TextSimilarity(texts[:4]).fit(images, Y[:, :4])
    proba = model.predict_proba(
        images, {0: 1}, labels=["label5", 0], label_embeddings={"label5": given["label5"]}
    )
    expected = expit(cosines[:, 5] / model.temperature_ + model.common_bias_)
    np.testing.assert_allclose(proba[:, 0], expected, rtol=1e-5)
    assert (proba[:, 1] == 1).all()
    with pytest.raises(ValueError, match="have 3 dimensions, but those of fit had 8"):
        model.predict_proba(images, labels=["x"], label_embeddings={"x": [1.0, 2.0, 3.0]})


def test_without_texts_a_label_is_the_mean_of_its_images(space):
    images, _, _, Y = space
    model = TextSimilarity().fit(images, Y)
    unit = images / np.linalg.norm(images, axis=1, keepdims=True)
    mean = unit[Y[:, 2] == 1].mean(axis=0)
    np.testing.assert_allclose(model.label_vectors_[2], mean / np.linalg.norm(mean))
    with pytest.raises(ValueError, match="fitted without label_embeddings"):
        model.predict_proba(images, labels=["x"], label_embeddings={"x": np.ones(8)})


def test_vectors_of_another_space_are_refused(space):
    images, texts, _, Y = space
    with pytest.raises(ValueError, match="have 5 dimensions, but X has 8: .* of one space"):
        TextSimilarity(texts[:, :5]).fit(images, Y)
    with pytest.raises(ValueError, match="one row for each of the 6 labels"):
        TextSimilarity(texts[:3]).fit(images, Y)
