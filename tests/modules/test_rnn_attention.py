"""RNN-Attention: the spatial transformer, the recurrence over regions, and their places."""

import math

import pytest
import torch
from torch.nn import functional as F

from sklearn_ctran.modules.rnn_attention import RNNAttentionModel, anchors, read_region

WHERE = {"dropout": 0.0, "n_hidden": 6, "region_size": 3, "grid": (2, 3)}
FEATURES = torch.randn(2, 6, 5, generator=torch.Generator().manual_seed(0)).double()
UNKNOWN = torch.full((2, 4), -1)


def made(n_regions=3, location_weight=0.1, **where):
    torch.manual_seed(0)
    sizes = {"n_regions": n_regions, "location_weight": location_weight}
    model = RNNAttentionModel(4, 5, **sizes, **WHERE | where).double()
    for weights in model.parameters():
        torch.nn.init.normal_(weights, std=0.5)
    return model.eval()


@pytest.mark.parametrize("size", [1, 3, 4])
def test_a_region_is_read_as_a_spatial_transformer_does(size):
    place = torch.tensor([[0.5, 0.3, 0.2, -0.4], [-0.7, 1.2, 0.9, 0.1]]).double()
    theta = torch.zeros(2, 2, 3).double()
    theta[:, 0, 0], theta[:, 1, 1], theta[:, :, 2] = place[:, 0], place[:, 1], place[:, 2:]
    feature_map = FEATURES.transpose(1, 2).unflatten(2, (2, 3))
    points = F.affine_grid(theta, (2, 5, size, size), align_corners=False)
    sampled = F.grid_sample(feature_map, points, padding_mode="border", align_corners=False)
    found = read_region(FEATURES, (2, 3), place, size)
    torch.testing.assert_close(found, sampled.mean(dim=(2, 3)))


def test_scores_are_the_largest_over_regions_found_one_after_the_other():
    model = made()
    place = torch.tensor([[1.0, 1.0, 0.0, 0.0]] * 2).double()
    state = tuple(torch.zeros(2, 6).double() for _ in range(2))
    scores, places = [], []
    for _ in range(4):
        region = read_region(FEATURES, (2, 3), place, 3)
        state = model.recurrence(model.from_region(region).relu(), state)
        hidden = model.hidden(state[0]).relu()
        scores.append(model.scores(hidden))
        places.append(place)
        place = model.next_place(hidden)
    found, where = model.look(FEATURES)
    torch.testing.assert_close(found, torch.stack(scores[1:], dim=1))
    torch.testing.assert_close(where, torch.stack(places[1:], dim=1))
    expected = torch.stack(scores[1:]).amax(dim=0)
    torch.testing.assert_close(model(FEATURES, UNKNOWN)[0], expected)


def test_loss_of_places():
    """Nothing at the anchors and between the scales; the paper's sums elsewhere."""
    model = made()
    centres = torch.cat([torch.tensor([[0.7, -0.2]]), anchors(2)])
    good = torch.cat([torch.full((3, 2), 0.3), centres], dim=1).double()
    assert model.place_loss(good[None]).item() == pytest.approx(0)
    moved, large, small = good.clone(), good.clone(), good.clone()
    moved[1, 2] += 0.2
    large[0, 0] = -0.9
    small[2, 1] = -0.1
    losses = model.place_loss(torch.stack([moved, large, small]))
    expected = [0.01 * 0.2**2 / 2, 0.4**2 + 0.1 * 1.0, 0.1 * 0.2]
    torch.testing.assert_close(losses, torch.tensor(expected).double())


def test_the_first_region_may_be_anywhere():
    alone = made(n_regions=1)
    places = torch.tensor([[[0.3, 0.3, x, 0.4]] for x in (-0.9, 0.0, 0.6)]).double()
    assert alone.place_loss(places).tolist() == [0, 0, 0]
    several = made(n_regions=3)
    moved = torch.cat([places, places[:1].expand(3, 2, -1)], dim=1)
    losses = several.place_loss(moved)
    assert losses[0] > 0
    torch.testing.assert_close(losses, losses[:1].expand(3))


def test_anchors_are_on_a_circle():
    half = [(0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5), (0.5, -0.5)]
    torch.testing.assert_close(anchors(4), torch.tensor(half))
    assert anchors(0).shape == (0, 2)
    assert anchors(3).norm(dim=1).tolist() == pytest.approx([math.sqrt(0.5)] * 3)


def test_training_has_the_loss_of_places_too():
    model = made(location_weight=2.0)
    logits = model(FEATURES, UNKNOWN)
    assert logits.shape == (1, 2, 4)
    trained = model.train()(FEATURES, UNKNOWN)
    torch.testing.assert_close(trained[..., :4], logits)
    expected = 2 * model.place_loss(model.look(FEATURES)[1])
    torch.testing.assert_close(trained[0, :, 4], expected)


def test_it_begins_at_the_log_odds_and_in_the_middle():
    model = RNNAttentionModel(4, 5, n_regions=2, location_weight=0.1, **WHERE).eval()
    model.set_prior(torch.arange(4.0))
    scores, places = model.look(FEATURES.float())
    torch.testing.assert_close(scores, torch.arange(4.0).expand(2, 2, -1))
    torch.testing.assert_close(places, torch.tensor([0.5, 0.5, 0, 0]).expand(2, 2, -1))


def test_states_make_no_difference_and_may_be_more_than_images():
    model = made()
    states = torch.tensor([[1, 0, -1, -1], [0, 1, 1, 0]])
    assert torch.equal(model(FEATURES, states), model(FEATURES, UNKNOWN))
    twice = model(FEATURES, UNKNOWN.repeat_interleave(2, dim=0))
    torch.testing.assert_close(twice[0, ::2], model(FEATURES, UNKNOWN)[0])
