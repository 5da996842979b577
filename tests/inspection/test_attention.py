"""Attention on request."""

import numpy as np
import pytest
import torch

from sklearn_ctran import CTranClassifier
from sklearn_ctran.baselines import MaskedLinear
from sklearn_ctran.datasets import make_digit_scenes
from sklearn_ctran.inspection import attention
from sklearn_ctran.model_selection import TunedThresholds
from sklearn_ctran.modules.attention import attend
from sklearn_ctran.modules.ctran import CTran


@pytest.fixture(scope="module")
def scenes():
    return make_digit_scenes(24, random_state=0)


@pytest.fixture(scope="module")
def model(scenes):
    return CTranClassifier(
        backbone="small", image_size=None, d_model=8, n_layers=2, max_epochs=1, random_state=0
    ).fit(scenes.images, scenes.Y)


def test_same_weights_as_the_authors_code(shared, tmp_path):
    with np.load(shared / "reference" / "official_ctran_tiny.npz", allow_pickle=False) as data:
        reference = dict(data)
    prefix = "state_dict/"
    state = {
        name.removeprefix(prefix): torch.from_numpy(value)
        for name, value in reference.items()
        if name.startswith(prefix)
    }
    torch.save({"state_dict": state}, tmp_path / "best.pt")
    model = CTranClassifier.from_official_checkpoint(tmp_path / "best.pt", backbone=None)
    tokens = reference["features"].reshape(5, 16, 6).transpose(0, 2, 1)
    result = attention(model, tokens, reference["known"], attending="all", grid=(3, 2))
    ours = result.weights.mean(axis=2).transpose(1, 0, 2, 3)
    np.testing.assert_allclose(ours, reference["attention_last"], atol=1e-5, rtol=0)
    labels = attention(model, tokens, reference["known"]).weights.mean(axis=2)
    expected = reference["attention_last"][:, :, 6:].transpose(1, 0, 2, 3)
    np.testing.assert_allclose(labels, expected, atol=1e-5, rtol=0)
    assert result.maps(3).shape == (5, 3, 4, 3, 2)
    assert not result.has_whole


def test_shapes_and_sums(model, scenes):
    result = attention(model, scenes.images[:3], {9: 1})
    assert result.weights.shape == (3, 2, 4, 10, 20)
    assert result.weights.dtype == np.float32
    np.testing.assert_allclose(result.weights.sum(axis=4), 1, atol=1e-5)
    assert result.n_image_tokens == 10 and result.has_whole and result.grid == (3, 3)
    assert result.box == (0, 1, 1, 0)
    np.testing.assert_array_equal(result.of(4), result.weights[:, :, :, 4])
    np.testing.assert_array_equal(
        result.maps(4), result.weights[:, :, :, 4, 1:10].reshape(3, 2, 4, 3, 3)
    )


def test_all_tokens_attend_on_request(model, scenes):
    labels = attention(model, scenes.images[:2])
    both = attention(model, scenes.images[:2], attending="all")
    assert both.weights.shape == (2, 2, 4, 20, 20)
    np.testing.assert_allclose(both.weights[..., 10:, :], labels.weights, atol=1e-6)
    np.testing.assert_array_equal(both.of(7), both.weights[..., 17, :])
    with pytest.raises(ValueError, match="attending must be 'labels' or 'all', got 'image'"):
        attention(model, scenes.images[:2], attending="image")


def test_some_rows_with_known_labels_by_row(model, scenes):
    known = np.where(np.random.RandomState(0).rand(*scenes.Y.shape) < 0.5, scenes.Y, -1)
    everything = attention(model, scenes.images, known)
    some = attention(model, scenes.images, known, rows=[5, 2])
    np.testing.assert_allclose(some.weights, everything.weights[[5, 2]], atol=1e-6)
    assert np.abs(some.weights - attention(model, scenes.images, rows=[5, 2]).weights).max() > 1e-4
    with pytest.raises(ValueError, match="no row 24: there are 24 rows"):
        attention(model, scenes.images, rows=[24])
    with pytest.raises(ValueError, match="rows must be a list of numbers"):
        attention(model, scenes.images, rows=[])


def test_encoded_images_and_the_mode_of_the_module(model, scenes):
    module = model.net_.module_
    module.train()
    try:
        encoded = attention(model, model.encode(scenes.images[:2]))
        assert module.training and module.layers[0].training
    finally:
        module.eval()
    np.testing.assert_array_equal(encoded.weights, attention(model, scenes.images[:2]).weights)


def test_predictions_compute_no_matrix(model, scenes, monkeypatch):
    def fail(*args, **kwargs):
        raise AssertionError("Attention weights are for those who ask.")

    monkeypatch.setattr("sklearn_ctran.modules.encoder.attention_weights", fail)
    model.predict_proba(scenes.images[:2])
    with pytest.raises(AssertionError, match="for those who ask"):
        attention(model, scenes.images[:2])


def test_the_weights_are_those_that_attend_uses():
    """With a learned bias between labels, and in the last layer, where only labels are queries."""
    torch.manual_seed(0)
    module = CTran(5, 12, grid=(2, 2), d_model=8, n_layers=1, n_heads=2, attention_bias=True)
    module.eval()
    for parameter in module.attention_biases.parameters():
        torch.nn.init.normal_(parameter)
    X, states = torch.randn(3, 4, 12), torch.randint(-1, 2, (3, 5), dtype=torch.int8)
    with torch.no_grad():
        tokens = module.input_tokens(X, states)
        layer, bias = module.layers[0], module.attention_biases[0](states)
        query, key_value = layer.query(tokens[:, -5:]), layer.key_value(tokens)
        weights = module.attention_weights(X, states)[:, 0]
        value = key_value[..., 8:].unflatten(2, (2, 4)).transpose(1, 2)
        ours = (weights @ value).transpose(1, 2).flatten(2)
        torch.testing.assert_close(ours, attend(query, key_value, 2, bias))


def test_what_wraps_it_is_opened(scenes):
    model = CTranClassifier(d_model=8, n_layers=1, max_epochs=1, random_state=0)
    X = np.random.RandomState(0).randn(24, 6)
    wrapped = TunedThresholds(model, cv=2, random_state=0).fit(X, scenes.Y)
    result = attention(wrapped, X[:2])
    assert result.grid is None and result.n_image_tokens == 1
    with pytest.raises(ValueError, match="no tokens of places"):
        result.maps(0)


def test_without_images():
    X, Y = np.zeros((12, 3)), np.random.RandomState(0).randint(2, size=(12, 4))
    model = CTranClassifier(d_model=8, n_layers=1, max_epochs=1, use_image=False, random_state=0)
    result = attention(model.fit(X, Y), X)
    assert result.weights.shape == (12, 1, 4, 4, 4)


def test_the_part_that_a_crop_leaves(scenes):
    model = CTranClassifier(
        backbone="small", image_size=(40, 32), d_model=8, n_layers=1, max_epochs=1, random_state=0
    ).fit(scenes.images, scenes.Y)
    np.testing.assert_allclose(attention(model, scenes.images[:1]).box, (0.1, 0.9, 0.9, 0.1))


def test_errors_for_people(model, scenes):
    linear = MaskedLinear(random_state=0).fit(np.zeros((24, 2)), scenes.Y)
    with pytest.raises(TypeError, match="got MaskedLinear"):
        attention(linear, np.zeros((1, 2)))
    with pytest.raises(ValueError, match=r"grid=\(2, 2\) has other places than the 9 tokens"):
        attention(model, scenes.images[:1], grid=(2, 2))
    with pytest.raises(ValueError, match="'1' is not a label here. Did you mean 1?"):
        attention(model, scenes.images[:1]).of("1")


def test_the_part_in_the_middle(scenes):
    model = CTranClassifier(
        backbone="small",
        image_size=(40, 32, "center", "bicubic"),
        d_model=8,
        n_layers=1,
        max_epochs=1,
        random_state=0,
    ).fit(scenes.images, scenes.Y)
    result = attention(model, scenes.images[:1])
    assert result.is_centered
    np.testing.assert_allclose(result.box, (0.1, 0.9, 0.9, 0.1))
