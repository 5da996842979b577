"""Changes of layers: what is added where, and the steps that make them."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from sklearn_ctran.modules.backbone import Backbone
from sklearn_ctran.modules.feedback import Route, feed_back
from sklearn_ctran.modules.heads import LinearModel

SETTINGS = {
    "layers": ["pooled"],
    "together": False,
    "n_steps": 2,
    "step_size": 0.1,
    "optimizer": "sgd",
    "weight_decay": 0.0,
}


@pytest.fixture
def module():
    torch.manual_seed(0)
    trunk = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 5, 3, 2, 1))
    module = LinearModel(2, 5, pool="mean", dropout=0.5, backbone=Backbone(trunk))
    nn.init.normal_(module.linear.weight)
    module.standardize_features(torch.randn(5), torch.rand(5) + 0.5)
    return module.eval()


@pytest.fixture
def images():
    torch.manual_seed(1)
    return torch.randint(256, (3, 3, 16, 16), dtype=torch.uint8)


STATES = torch.tensor([[1, -1], [-1, -1], [0, 1]])


def loss(logits):
    losses = F.binary_cross_entropy_with_logits(
        logits[0], STATES.clamp(min=0).float(), reduction="none"
    )
    return (losses * (STATES != -1)).sum(dim=1)


def test_nothing_added_is_the_module(module, images):
    route = Route(module)
    expected = module(images, STATES)
    torch.testing.assert_close(route.logits(images, {}, STATES), expected)
    features = module.backbone(images).flatten(2).transpose(1, 2)
    torch.testing.assert_close(route.logits(features, {}, STATES), expected)
    values = route.values(images, ["0", "tokens", "pooled"], STATES)
    assert [tuple(value.shape) for value in values.values()] == [(3, 4, 8, 8), (3, 16, 5), (3, 5)]
    torch.testing.assert_close(module.linear(values["pooled"]), expected[0])


@pytest.mark.parametrize("layer", ["0", "2", "tokens", "pooled"])
def test_what_is_added_to_a_layer_is_in_its_output(module, images, layer):
    route = Route(module)
    value = route.values(images, [layer], STATES)[layer]
    added = {layer: torch.randn_like(value)}
    changed = route.values(images, [layer], STATES)[layer]
    torch.testing.assert_close(changed, value)  # hooks are gone
    logits = route.logits(images, added, STATES)
    if layer == "0":
        rest = module.backbone.trunk[1:](value + added["0"]).flatten(2).mean(dim=2)
        pooled = (rest - module.feature_mean) / module.feature_scale
        torch.testing.assert_close(logits[0], module.linear(pooled), rtol=1e-4, atol=1e-4)
    assert (logits - module(images, STATES)).abs().max() > 1e-3
    torch.testing.assert_close(route.logits(images, {}, STATES), module(images, STATES))


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("together", [False, True])
def test_steps_are_those_of_torch(module, images, optimizer, together):
    route, decay = Route(module), 0.2
    settings = {"optimizer": optimizer, "together": together, "weight_decay": decay}
    found = feed_back(route, images, STATES, loss, **SETTINGS | settings)
    value = route.values(images, ["pooled"], STATES)["pooled"]
    changed = (torch.zeros_like(value) if together else value.clone()).requires_grad_()
    make = torch.optim.Adam if optimizer == "adam" else torch.optim.SGD
    steps = make([changed], lr=0.1, weight_decay=decay)
    for _ in range(2):
        steps.zero_grad()
        loss(module.linear(changed + (value if together else 0))[None]).sum().backward()
        steps.step()
    expected = module.linear(changed + (value if together else 0))
    told = (STATES != -1).any(dim=1)
    torch.testing.assert_close(found[0, told], expected[told])
    # Weight decay does not touch an image of which nothing is known.
    torch.testing.assert_close(found[0, ~told], module.linear(value)[~told])


def test_layers_one_after_the_other_and_all_at_once(module, images):
    route = Route(module)
    losses = {}
    for layers in (["0"], ["pooled"], ["0", "pooled"]):
        for together in (False, True):
            logits = feed_back(
                route, images, STATES, loss, **SETTINGS | {"layers": layers, "together": together}
            )
            losses[len(layers), layers[0], together] = loss(logits)[0].item()
    before = loss(module(images, STATES))[0]
    assert all(value < before for value in losses.values())
    # Without weight decay, one layer is the same in both ways.
    assert losses[1, "0", False] == pytest.approx(losses[1, "0", True])
    # The second layer's steps begin where the first one's ended.
    assert losses[2, "0", False] < losses[1, "0", False]
    assert losses[2, "0", False] != pytest.approx(losses[2, "0", True])
    assert all(parameter.grad is None for parameter in module.parameters())


def test_a_layer_without_a_tensor():
    class Two(nn.Module):
        def forward(self, x):
            return x, x

    class First(nn.Module):
        def forward(self, both):
            return both[0]

    trunk = nn.Sequential(nn.Conv2d(3, 4, 3), Two(), First())
    module = LinearModel(2, 4, pool="mean", dropout=0.0, backbone=Backbone(trunk)).eval()
    images = torch.zeros(3, 3, 8, 8, dtype=torch.uint8)
    with pytest.raises(ValueError, match="layer '1' returns a tuple"):
        Route(module).values(images, ["1"], STATES)
