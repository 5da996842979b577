"""SRN: attention maps, what is made of them together, and the parts that each stage trains."""

import pytest
import torch
from torch.nn import functional as F

from sklearn_ctran.modules.backbone import make_backbone
from sklearn_ctran.modules.srn import SRNModel

FEATURES = torch.randn(2, 12, 5, generator=torch.Generator().manual_seed(0))
UNKNOWN = torch.full((2, 4), -1)
PARTS = {
    1: {"of_image"},
    2: {"reduce", "surround", "attend", "confide"},
    3: {"relate", "relate_again", "kernels", "kernel_bias", "of_maps"},
}
PARTS[4] = PARTS[None] = PARTS[1] | PARTS[2] | PARTS[3]


def made(image_share=0.5, dropout=0.0, **where):
    torch.manual_seed(0)
    sizes = {"n_hidden": 6, "n_kernels": 2, "image_share": image_share} | {"grid": (3, 4)} | where
    model = SRNModel(4, 5, dropout=dropout, **sizes)
    for weights in model.parameters():
        torch.nn.init.normal_(weights)
    return model.eval()


def test_attention_sums_to_1_over_the_map():
    attention, confidence = made().maps(FEATURES)
    assert attention.shape == confidence.shape == (2, 4, 12)
    torch.testing.assert_close(attention.sum(dim=2), torch.ones(2, 4))
    assert (attention >= 0).all()
    assert attention.std(dim=2).min() > 0.01


def test_maps_are_made_by_convolutions():
    model = made()
    as_map = FEATURES.transpose(1, 2).unflatten(2, (3, 4))
    hidden = F.relu(F.conv2d(as_map, model.reduce.weight[..., None, None], model.reduce.bias))
    hidden = F.relu(F.conv2d(hidden, model.surround.weight, model.surround.bias, padding=1))
    scores = F.conv2d(hidden, model.attend.weight[..., None, None], model.attend.bias)
    attention, confidence = model.maps(FEATURES)
    torch.testing.assert_close(attention, scores.flatten(2).softmax(dim=2))
    expected = F.conv2d(as_map, model.confide.weight[..., None, None], model.confide.bias)
    torch.testing.assert_close(confidence, expected.flatten(2))


def test_grouped_kernels_of_the_size_of_the_map_read_one_channel_each():
    model = made()
    maps = torch.rand(2, 4, 12)
    hidden = 12 * maps.unflatten(2, (3, 4))
    for part in (model.relate, model.relate_again):
        hidden = F.relu(F.conv2d(hidden, part.weight[..., None, None], part.bias))
    kernels = model.kernels.flatten(0, 1).unflatten(1, (1, 3, 4))
    seen = F.relu(F.conv2d(hidden, kernels, model.kernel_bias.flatten(), groups=6))
    assert seen.shape == (2, 12, 1, 1)
    expected = model.of_maps(seen.flatten(1))
    torch.testing.assert_close(model.regularize(maps), expected, rtol=1e-4, atol=1e-4)


def test_the_map_of_one_label_changes_the_logits_of_others():
    model = made()
    maps = torch.rand(2, 4, 12)
    changed = maps.clone()
    changed[:, 1] = changed[:, 1].flip(1)  # The same values elsewhere.
    difference = (model.regularize(changed) - model.regularize(maps)).abs()
    assert (difference > 1e-3).all()


def test_prediction_is_the_weighted_mean_of_both_nets():
    for share in (0.0, 0.3, 1.0):
        model = made(image_share=share)
        attention, confidence = model.maps(FEATURES)
        image = model.of_image(FEATURES.mean(dim=1))
        regular = model.regularize(confidence.sigmoid() * attention)
        expected = share * image + (1 - share) * regular
        torch.testing.assert_close(model(FEATURES, UNKNOWN), expected[None])


def test_each_stage_learns_by_a_loss_of_its_own():
    model = made().train()
    attention, confidence = model.maps(FEATURES)
    image = model.of_image(FEATURES.mean(dim=1))
    attended = (attention * confidence).sum(dim=2)
    regular = model.regularize(confidence.sigmoid() * attention)
    both = torch.stack([(image + regular) / 2, attended])
    expected = {1: image[None], 2: attended[None], 3: regular[None], 4: both, None: both}
    for stage, logits in expected.items():
        model.set_stage(stage)
        torch.testing.assert_close(model(FEATURES, UNKNOWN), logits)
        # Held-out images are predicted alike in all stages.
        torch.testing.assert_close(model.eval()(FEATURES, UNKNOWN), both[:1])
        model.train()


@pytest.mark.parametrize("stage", PARTS)
def test_a_stage_has_gradients_for_its_parts_alone(stage):
    model = made().train()
    model.set_stage(2)
    model.set_stage(stage)
    model(FEATURES, UNKNOWN).square().sum().backward()
    moved = {name.split(".")[0] for name, x in model.named_parameters() if x.grad is not None}
    assert moved == PARTS[stage]
    assert all(x.grad.any() for x in model.parameters() if x.grad is not None)


def test_a_backbone_trains_in_the_first_and_last_stage_and_its_statistics_too():
    backbone = make_backbone("small", None)
    module = SRNModel(
        4, backbone.n_channels, n_hidden=6, n_kernels=2, image_share=0.5, dropout=0.0,
        grid=(4, 4), backbone=backbone,
    )  # fmt: skip
    norm = next(x for x in backbone.modules() if isinstance(x, torch.nn.BatchNorm2d))
    for stage in (1, 2, 3, 4, None):
        module.set_stage(stage)
        module.train()
        moves = stage not in (2, 3)
        assert norm.training == norm.weight.requires_grad == moves
        module.eval()
    backbone.freeze()
    module.set_stage(None)
    module.train()
    assert not (norm.training or norm.weight.requires_grad)


def test_fixed_parts_drop_nothing():
    model = made(dropout=0.5).train()
    model.set_stage(3)
    seen = []
    model.regularize = lambda maps: seen.append(maps) or torch.zeros(2, 4)
    for _ in range(2):
        model(FEATURES, UNKNOWN)
    assert torch.equal(*seen)
    model.set_stage(4)
    seen.clear()
    for _ in range(2):
        model(FEATURES, UNKNOWN)
    assert not torch.allclose(*seen)


def test_features_lose_the_same_channels_in_all_cells():
    model = made(dropout=0.5).train()
    model.set_stage(2)
    seen = []
    model.confide.register_forward_pre_hook(lambda part, inputs: seen.append(inputs[0]))
    model.attend.register_forward_pre_hook(lambda part, inputs: seen.append(inputs[0]))
    model(FEATURES, UNKNOWN)
    hidden, features = seen
    lost = (features == 0).float().mean(dim=1)
    assert ((lost == 0) | (lost == 1)).all()
    assert 0 < lost.mean() < 1
    assert (hidden == 0).all(dim=1).any()


def test_confidence_starts_from_the_main_net():
    model = made()
    torch.nn.init.zeros_(model.confide.weight)
    model.set_stage(1)
    assert not model.confide.weight.any()
    model.set_stage(2)
    torch.nn.init.zeros_(model.attend.weight)
    model.train()
    torch.testing.assert_close(model(FEATURES, UNKNOWN)[0], model.of_image(FEATURES.mean(dim=1)))
    torch.nn.init.ones_(model.of_image.weight)
    model.set_stage(2)  # As when a fit goes on: what was learned stays.
    assert not torch.equal(model.confide.weight, model.of_image.weight)


def test_it_begins_at_the_log_odds():
    model = SRNModel(
        4, 5, n_hidden=6, n_kernels=2, image_share=0.3, dropout=0.0, grid=(3, 4)
    ).train()  # fmt: skip
    model.set_prior(torch.arange(4.0))
    torch.testing.assert_close(model(FEATURES, UNKNOWN), torch.arange(4.0).expand(2, 2, -1))
    attention, _ = model.maps(FEATURES)
    torch.testing.assert_close(attention, torch.full((2, 4, 12), 1 / 12))


def test_states_make_no_difference_and_may_be_more_than_images():
    model = made()
    states = torch.tensor([[1, 0, -1, -1], [0, 1, 1, 0]])
    assert torch.equal(model(FEATURES, states), model(FEATURES, UNKNOWN))
    twice = model(FEATURES, UNKNOWN.repeat_interleave(2, dim=0))
    torch.testing.assert_close(twice[:, ::2], model(FEATURES, UNKNOWN))
