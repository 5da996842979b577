"""The module: it reads like the figure, and it computes what the figure says."""

import pytest
import torch
from torch import nn

from sklearn_ctran.modules.ctran import CTran

N_LABELS, N_CHANNELS = 5, 8
ADDED = {"attention_bias": True, "shortcut": True, "regions": 2}


def states(*rows):
    return torch.tensor(rows, dtype=torch.int8)


ALL_UNKNOWN = states([-1] * N_LABELS, [-1] * N_LABELS)
SOME_KNOWN = states([-1] * N_LABELS, [1, -1, 0, -1, -1])


@pytest.fixture
def features():
    torch.manual_seed(0)
    return torch.randn(2, 6, N_CHANNELS)


def make(**params):
    torch.manual_seed(0)
    params = {"n_layers": 2, "n_heads": 2} | params
    return CTran(N_LABELS, N_CHANNELS, **params).eval()


def test_the_paper_model_step_by_step(features):
    """Section 3: tokens of image and labels, LayerNorm, post-norm layers, one unit a label."""
    module = make()
    tokens = torch.cat([features, module.label_embedding(SOME_KNOWN)], dim=1)
    tokens = module.input_norm(tokens)
    for layer in module.layers:
        tokens = layer(tokens)
    expected = (tokens[:, 6:] * module.readout.weight).sum(dim=2) + module.readout.bias
    torch.testing.assert_close(module(features, SOME_KNOWN)[0], expected, atol=1e-5, rtol=0)


def test_the_order_of_image_tokens_does_not_matter_without_positions(features):
    shuffled = features[:, torch.randperm(6)]
    for position, is_same in [(None, True), ("sine", False), ("learned", False)]:
        module = make(position=position, grid=(2, 3))
        a, b = module(features, ALL_UNKNOWN), module(shuffled, ALL_UNKNOWN)
        assert torch.allclose(a, b, atol=1e-5) == is_same


def test_known_labels_of_one_sample_do_not_touch_another(features):
    module = make()
    a, b = module(features, ALL_UNKNOWN)[0], module(features, SOME_KNOWN)[0]
    torch.testing.assert_close(a[0], b[0])
    assert not torch.allclose(a[1], b[1])


def test_no_image(features):
    module = make(use_image=False, shortcut=True)
    a, b = module(features, SOME_KNOWN), module(features + 1, SOME_KNOWN)
    assert torch.equal(a, b)


def test_widths_differ_by_a_linear_map(features):
    assert isinstance(make().project, nn.Identity)
    module = make(d_model=12)
    assert module.project.weight.shape == (12, N_CHANNELS)
    assert module(features, ALL_UNKNOWN).shape == (1, 2, N_LABELS)


def test_images_go_through_the_backbone(features):
    backbone = nn.Conv2d(3, N_CHANNELS, 4, stride=4)
    module = make(backbone=backbone)
    images = torch.randn(2, 3, 8, 12)
    tokens = backbone(images).flatten(2).transpose(1, 2)
    torch.testing.assert_close(module(images, SOME_KNOWN), module(tokens, SOME_KNOWN))


def test_standardised_features(features):
    module, plain = make(), make()
    mean, scale = torch.randn(N_CHANNELS), torch.rand(N_CHANNELS) + 0.5
    module.standardize_features(mean, scale)
    torch.testing.assert_close(
        module(features * scale + mean, SOME_KNOWN), plain(features, SOME_KNOWN)
    )


def test_every_weight_learns(features):
    module = make(d_model=12, position="learned", grid=(2, 3), **ADDED).train()
    nn.init.normal_(module.shortcut.out.weight)  # starts at zero, and its layer with it
    weights = torch.randn(2, 2, N_LABELS)
    (module(features, SOME_KNOWN) * weights).sum().backward()
    dead = [n for n, p in module.named_parameters() if p.grad is None or not p.grad.any()]
    assert dead == []


@pytest.mark.parametrize("regions, n_places", [(None, 12), (2, 4), (3, 9), (4, 12)])
def test_learned_positions_of_regions(regions, n_places):
    module = CTran(N_LABELS, 128, position="learned", grid=(3, 4), regions=regions)
    assert len(module.position.embedding) == n_places
    module(module.pool(torch.randn(2, 12, 128)), ALL_UNKNOWN)


@pytest.mark.parametrize("position", [None, "sine", "learned"])
def test_pooled_features_of_images_and_of_tokens_are_the_same(position):
    torch.manual_seed(0)
    backbone = nn.Conv2d(3, 256, 2, stride=2)
    module = CTran(
        N_LABELS, 256, grid=(4, 6), backbone=backbone, position=position, **ADDED, d_model=16
    ).eval()
    images = torch.randn(2, 3, 8, 12)
    features = backbone(images).flatten(2).transpose(1, 2)
    pooled = module.pool(features)
    assert pooled.shape == (2, 5, 256)
    assert torch.equal(module.summary(pooled), features.mean(dim=1))
    assert module.image_tokens(pooled).shape == (2, 5, 16)
    torch.testing.assert_close(module(images, SOME_KNOWN), module(pooled, SOME_KNOWN))
    if position is not None:
        added = module.image_tokens(pooled) - module.project(pooled)
        assert not added[:, 0].any()  # the whole image has no place
        assert added[:, 1:].any()


def test_narrow_features_are_kept_side_by_side():
    """Seven by seven cells of six numbers: their mean would say next to nothing."""
    torch.manual_seed(0)
    module = CTran(N_LABELS, 6, grid=(7, 7), regions=3, d_model=16, shortcut=True)
    features = torch.randn(2, 49, 6)
    assert module.pool(features) is features
    assert torch.equal(module.summary(features), features.flatten(1))
    assert module.shortcut.linear.in_features == 49 * 6 + 2 * N_LABELS
    module(features, ALL_UNKNOWN)
    wide = CTran(N_LABELS, 32, grid=(7, 7), regions=3, d_model=16, shortcut=True)
    assert wide.pool(torch.randn(2, 49, 32)).shape == (2, 10, 32)
    assert wide.shortcut.linear.in_features == 32 + 2 * N_LABELS


def test_prior(features):
    log_odds = torch.randn(N_LABELS)
    module = make(shortcut=True, init="normal")
    module.set_prior(log_odds)
    assert torch.equal(module.readout.bias, log_odds)
    assert torch.equal(module(features, SOME_KNOWN)[1], log_odds.expand(2, -1))


def test_the_authors_start(features):
    """Whatever the prior, the transformer starts at random; the shortcut starts from the prior."""
    log_odds = torch.full((N_LABELS,), 9.0)
    module = make(shortcut=True)
    module.set_prior(log_odds)
    bound = N_CHANNELS**-0.5
    embedding, readout = module.label_embedding, module.readout
    for weight in (embedding.label, embedding.state, readout.weight, readout.bias):
        assert 0 < weight.abs().max() <= bound
    assert torch.equal(module(features, SOME_KNOWN)[1], log_odds.expand(2, -1))


def test_attention_bias_reaches_every_layer(features):
    module = make(attention_bias=True)
    before = module(features, SOME_KNOWN)
    for bias in module.attention_biases:
        for weight in bias.parameters():
            changed = weight.data.clone()
            nn.init.normal_(weight, std=3.0)
            assert not torch.allclose(before, module(features, SOME_KNOWN))
            weight.data.copy_(changed)


@pytest.mark.parametrize("added", [{}, ADDED])
def test_several_states_of_each_image(features, added):
    module = make(**added, grid=(2, 3))
    states = torch.cat([ALL_UNKNOWN[:1], SOME_KNOWN[1:], SOME_KNOWN[1:], ALL_UNKNOWN[:1]])
    pooled = module.pool(features)
    expected = module(pooled.repeat_interleave(2, dim=0), states)
    torch.testing.assert_close(module(pooled, states), expected)


def test_bfloat16_is_close():
    torch.manual_seed(0)
    module = CTran(40, 64, n_layers=3, attention_bias=True).eval()
    features, states = torch.randn(3, 6, 64), torch.randint(-1, 2, (3, 40), dtype=torch.int8)
    with torch.no_grad():
        exact = module(features, states)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rounded = module(features, states).float()
    assert not torch.equal(exact, rounded)
    torch.testing.assert_close(exact, rounded, atol=0.05, rtol=0.05)
