"""The parameters of CTranClassifier that shape the network: each does what its docstring says."""

import numpy as np
import pytest
import torch
from made_images import noise
from small_models import Watch, net_made_by, quick
from torch import nn


@pytest.fixture(scope="module")
def tokens():
    """Three tokens of two channels an image, and three labels."""
    rng = np.random.RandomState(0)
    return rng.randn(40, 3, 2).astype(np.float32), rng.randint(2, size=(40, 3))


@pytest.fixture(scope="module")
def wide():
    """A grid of 5 x 5 tokens of 50 channels an image, and three labels."""
    rng = np.random.RandomState(0)
    return rng.randn(30, 25, 50).astype(np.float32), rng.randint(2, size=(30, 3))


def module_of(data, **params):
    """The module that is trained on tokens, as it is before training."""
    return net_made_by(quick(None, **params), *data).module_


@pytest.mark.parametrize("d_model, width", [(8, 8), (None, 2)])
def test_width(tokens, d_model, width):
    module = module_of(tokens, d_model=d_model)
    assert module.label_embedding.label.shape == (3, width)
    assert module.readout.weight.shape == (3, width)
    image_tokens = module.image_tokens(torch.zeros(4, 3, 2))
    assert image_tokens.shape == (4, 3, width)


def test_start(tokens):
    """From the labels' log-odds and N(0, 1) by default, else as the authors' code starts."""
    log_odds = module_of(tokens).shortcut.linear.bias
    module = module_of(tokens, d_model=64)
    assert torch.equal(module.readout.bias, log_odds)
    assert module.label_embedding.label.abs().max() > 1
    module = module_of(tokens, d_model=64, init="uniform")
    embedding = module.label_embedding
    for weight in (embedding.label, embedding.state, module.readout.bias):
        assert 0 < weight.abs().max() <= 1 / 8
    assert torch.equal(module.shortcut.linear.bias, log_odds)


def test_a_warm_start_refuses_another_start(tokens):
    model = quick(None, warm_start=True).fit(*tokens)
    with pytest.raises(ValueError, match="init was 'normal' then and is 'uniform' now"):
        model.set_params(init="uniform").fit(*tokens)


@pytest.mark.parametrize("n_layers", [1, 3])
def test_number_of_layers(tokens, n_layers):
    module = module_of(tokens, n_layers=n_layers)
    assert len(module.layers) == len(module.attention_biases) == n_layers


@pytest.mark.parametrize("n_heads", [2, 4])
def test_number_of_heads(tokens, n_heads):
    module = module_of(tokens, n_heads=n_heads)
    X, states = torch.randn(5, 6, 16), torch.zeros(5, 3, dtype=torch.int8)
    assert module.layers[0].attention_weights(X).shape == (5, n_heads, 6, 6)
    assert module.attention_biases[0](states).table.shape[1] == n_heads


def logits_in_training(module, tokens):
    """Two passes in training mode and one in evaluation mode, with the same labels hidden."""
    X = torch.from_numpy(tokens[0])
    states = torch.full((len(X), 3), -1, dtype=torch.int8)
    with torch.no_grad():
        module.train()
        trained = [module(X, states) for _ in range(2)]
        return *trained, module.eval()(X, states)


@pytest.mark.parametrize("channel_dropout", [True, False])
def test_dropout(tokens, channel_dropout):
    params = {"shortcut": False, "input_dropout": 0.0, "channel_dropout": channel_dropout}
    first, second, evaluated = logits_in_training(module_of(tokens, dropout=0.0, **params), tokens)
    assert torch.equal(first, second)
    torch.testing.assert_close(first, evaluated)
    first, second, evaluated = logits_in_training(module_of(tokens, dropout=0.3, **params), tokens)
    assert not torch.allclose(first, second)
    assert not torch.allclose(first, evaluated)


@pytest.mark.parametrize("channel_dropout", [True, False])
def test_dropout_of_channels_or_of_entries_and_attention_weights(tokens, channel_dropout):
    layer = module_of(tokens, dropout=0.3, channel_dropout=channel_dropout).layers[0].train()
    torch.manual_seed(0)
    is_dropped = layer.dropout(torch.ones(200, 7, 16)) == 0
    assert is_dropped.float().mean().item() == pytest.approx(0.3, abs=0.03)
    is_same_for_all_tokens = (is_dropped == is_dropped[:, :1]).all().item()
    assert is_same_for_all_tokens == channel_dropout
    # Without dropout anywhere else, only that of attention weights is left.
    layer.dropout.p = 0.0
    X = torch.randn(5, 6, 16)
    assert torch.equal(layer(X), layer(X)) == channel_dropout


@pytest.mark.parametrize(
    "n_channels, given, rate", [(63, "auto", 0.1), (64, "auto", 0.5), (64, 0.3, 0.3), (64, 0.0, 0)]
)
def test_input_dropout_of_features(n_channels, given, rate):
    rng = np.random.RandomState(0)
    X, Y = rng.randn(24, n_channels), rng.randint(2, size=(24, 3))
    module = net_made_by(quick(input_dropout=given), X, Y).module_.train()
    torch.manual_seed(0)
    is_dropped = module.input_dropout(torch.ones(500, 2, n_channels)) == 0
    assert is_dropped.float().mean().item() == pytest.approx(rate, abs=0.02)
    assert torch.equal(is_dropped[:, 0], is_dropped[:, 1])


@pytest.mark.parametrize("train_backbone, rate", [(True, 0), (False, 0.5)])
def test_input_dropout_of_images(pictures, train_backbone, rate):
    X, Y = (a[:24] for a in pictures)
    model = quick("small", image_size=12, train_backbone=train_backbone)
    assert net_made_by(model, X, Y).module_.input_dropout.p == rate


@pytest.mark.parametrize("position, is_same", [(None, True), ("sine", False), ("learned", False)])
def test_position(tokens, position, is_same):
    X, Y = tokens
    # The shortcut reads a few narrow tokens side by side, in their order.
    model = quick(None, position=position, shortcut=False).fit(X, Y)
    in_order, shuffled = model.predict_proba(X), model.predict_proba(X[:, [2, 0, 1]])
    assert np.allclose(in_order, shuffled, atol=1e-6) == is_same


def test_no_image(pictures):
    X, Y = pictures
    model = quick(use_image=False).fit(X, Y)
    proba = model.predict_proba(X)
    assert (proba == proba[0]).all()
    assert model.net_.module_.backbone is None
    assert not np.array_equal(model.predict_proba(X, {0: 1}), model.predict_proba(X, {0: 0}))


@pytest.mark.parametrize("regions, n_tokens", [(2, 5), (3, 10), (None, 25)])
def test_regions(wide, regions, n_tokens):
    X, Y = wide
    model = quick(None, regions=regions, max_epochs=1).fit(X, Y)
    encoded = model.encode(X)
    assert encoded.shape == (30, n_tokens, 50)
    read = encoded.batch(np.arange(30)).numpy()
    if regions is None:
        np.testing.assert_array_equal(read, X)
        return
    np.testing.assert_allclose(read[:, 0], X.mean(axis=1), atol=1e-6)  # the whole image first
    size = -(-5 // regions)
    corner = X.reshape(30, 5, 5, 50)[:, :size, :size].mean(axis=(1, 2))
    np.testing.assert_allclose(read[:, 1], corner, atol=1e-6)


@pytest.mark.parametrize("n_channels, n_tokens", [(64, 16), (65, 5)])
def test_up_to_1024_numbers_stay_as_they_are_whatever_regions_says(n_channels, n_tokens):
    rng = np.random.RandomState(0)
    X, Y = rng.randn(12, 16, n_channels), rng.randint(2, size=(12, 3))
    model = quick(None, regions=2, max_epochs=1).fit(X, Y)
    assert model.encode(X).shape == (12, n_tokens, n_channels)
    width = n_channels * (16 if n_tokens == 16 else 1)  # side by side, or their mean
    assert model.net_.module_.shortcut.linear.in_features == width + 2 * 3


@pytest.mark.parametrize(
    "shape, n_places", [((8, 24), 4), ((4, 28), 7), ((12, 12), 4), ((4, 8), 2), ((4, 4), 1)]
)
def test_learned_positions_of_regions(shape, n_places):
    """A grid is pooled where it has more cells than regions and more than one row."""
    X, Y = noise(12, *shape), np.arange(36).reshape(12, 3) % 5 % 2
    backbone = nn.Conv2d(3, 1024, 4, stride=4)
    model = quick(backbone, image_size=None, regions=2, position="learned", max_epochs=1)
    module = model.fit(X, Y).net_.module_
    assert len(module.position.embedding) == n_places
    # The whole image comes first, where there is more than one cell.
    assert model.encode(X).shape == (12, n_places + (n_places > 1), 1024)
    features = torch.zeros(1, n_places + (n_places > 1), 1024)
    added = module.image_tokens(features) - module.project(features)
    torch.testing.assert_close(added[0, -n_places:], module.position.embedding)
    assert not added[0, :-n_places].any()
    if shape[0] > 4:
        with pytest.raises(ValueError, match="grid of"):
            model.predict(noise(3, shape[0] + 4, shape[1]))


def test_standardize(tokens):
    X, Y = tokens
    X = X * [3, 0.1] + [5, -1]
    module = module_of((X, Y))
    np.testing.assert_allclose(module.feature_mean, X.mean(axis=(0, 1)), rtol=1e-4)
    np.testing.assert_allclose(module.feature_scale, X.std(axis=(0, 1)), rtol=1e-4)
    module = module_of((X, Y), standardize=False)
    assert module.feature_mean.tolist() == [0, 0]
    assert module.feature_scale.tolist() == [1, 1]


@pytest.mark.parametrize("n_labels, has_bias", [(256, True), (257, False)])
@pytest.mark.filterwarnings("ignore:There is no positive")
def test_attention_bias_is_for_a_moderate_number_of_labels(n_labels, has_bias):
    rng = np.random.RandomState(0)
    data = rng.randn(8, 3), rng.randint(2, size=(8, n_labels))
    for given, expected in (("auto", has_bias), (True, True), (False, False)):
        module = net_made_by(quick(attention_bias=given), *data).module_
        assert bool(module.attention_biases) == expected


@pytest.mark.parametrize("shortcut", [True, False])
def test_shortcut(tokens, shortcut):
    X, Y = tokens
    watch = Watch()
    model = quick(None, shortcut=shortcut, memory=None, callbacks=[watch]).fit(X, Y)
    assert {len(step.logits) for step in watch.steps} == {1 + shortcut}
    module, states = model.net_.module_.eval(), torch.full((40, 3), -1, dtype=torch.int8)
    with torch.no_grad():
        paths = module(torch.from_numpy(X), states)
    assert len(paths) == 1 + shortcut
    expected = torch.sigmoid(paths.mean(dim=0))
    np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-5)
    if shortcut:
        assert module.shortcut.hidden.out_features == 512
        assert module.shortcut.dropout.p == 0.5


def test_a_backbone_by_name(pictures):
    X, Y = (a[:6] for a in pictures)
    model = quick("mobilenet_v3_small", weights=None, image_size=32)
    module = net_made_by(model, X, Y).module_
    assert module.backbone.n_channels == 576
    assert module.project.in_features == 576
    assert {type(layer) for layer in module.backbone.modules()} >= {nn.Conv2d, nn.Hardswish}


def test_a_backbone_of_ones_own_is_copied(pictures):
    X, Y = (a[:6] for a in pictures)
    backbone = nn.Conv2d(3, 7, 4, stride=4)
    module = net_made_by(quick(backbone, image_size=12), X, Y).module_
    assert module.backbone.n_channels == 7
    assert module.backbone.trunk is not backbone
    assert torch.equal(module.backbone.trunk.weight, backbone.weight)
