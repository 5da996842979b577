"""Multi-evidence: activation maps, regions around their peaks, and the second pass."""

import pytest
import torch

from sklearn_ctran.modules.multi_evidence import MultiEvidenceModel, boxes

FEATURES = torch.randn(2, 12, 5, generator=torch.Generator().manual_seed(0))
UNKNOWN = torch.full((2, 4), -1)


def made(n_regions=2, threshold=0.5, dropout=0.0):
    torch.manual_seed(0)
    sizes = {"n_regions": n_regions, "threshold": threshold, "n_hidden": 6}
    model = MultiEvidenceModel(4, 5, dropout=dropout, grid=(3, 4), **sizes)
    for weights in model.parameters():
        torch.nn.init.normal_(weights)
    return model.eval()


def drawn(*rows):
    return torch.tensor([[int(cell) for cell in row] for row in rows]).float()


@pytest.mark.parametrize(
    "of_map, threshold, expected",
    [
        # The box around what is connected with the peak; the other part is no part of it.
        (("0900", "0550", "0000"), 0.5, ("0110", "0110", "0000")),
        (("9000", "0000", "0008"), 0.5, ("1000", "0000", "0000")),
        (("9000", "0800", "0080"), 0.5, ("1110", "1110", "1110")),  # over corners
        (("9000", "0400", "0080"), 0.5, ("1000", "0000", "0000")),
        (("9000", "0400", "0080"), 0.4, ("1110", "1110", "1110")),
        (("3333", "3333", "3333"), 0.5, ("1111", "1111", "1111")),  # nothing stands out
        (("0020", "0000", "0000"), 0.0, ("1111", "1111", "1111")),
        (("8880", "8080", "8889"), 1.0, ("0000", "0000", "0001")),
    ],
)
def test_a_region_is_the_box_around_the_peak(of_map, threshold, expected):
    found = boxes(drawn(*of_map)[None, None], threshold)
    assert torch.equal(found[0, 0], drawn(*expected).bool())


def test_maps_are_the_image_score_cell_by_cell():
    model = made()
    maps = model.activation_maps(FEATURES)
    assert maps.shape == (2, 4, 12)
    logits = model(FEATURES, UNKNOWN)
    torch.testing.assert_close(maps.mean(dim=2) + model.of_image.bias, logits[0])


def test_the_most_probable_labels_propose_regions():
    model = made(n_regions=2)
    regions = model.propose(FEATURES)
    assert regions.shape == (2, 2, 12)
    maps, (image, _) = model.activation_maps(FEATURES), model(FEATURES, UNKNOWN)
    for row in range(2):
        labels = image[row].argsort(descending=True)[:2]
        expected = boxes(maps[row, labels].view(1, 2, 3, 4), 0.5)
        assert torch.equal(regions[row], expected[0].flatten(1))
        # The peak of a map is in its region.
        assert regions[row][range(2), maps[row, labels].argmax(dim=1)].all()
    assert made(n_regions=9).propose(FEATURES).shape == (2, 4, 12)  # one for each label at most


def test_the_second_pass_sees_regions_only():
    model = made()
    regions = model.propose(FEATURES)
    scores = model.region_scores(FEATURES, regions)
    for row in range(2):
        for which in range(2):
            mean = FEATURES[row, regions[row, which]].mean(dim=0)
            expected = model.of_region(torch.relu(model.hidden(mean)))
            torch.testing.assert_close(scores[row, which], expected)
    paths = model(FEATURES, UNKNOWN)
    torch.testing.assert_close(paths[1], scores.amax(dim=1))


def test_it_begins_at_the_log_odds():
    model = MultiEvidenceModel(4, 5, n_regions=2, n_hidden=6, threshold=0.5, dropout=0.0)
    model.set_prior(torch.arange(4.0))
    torch.testing.assert_close(model(FEATURES, UNKNOWN), torch.arange(4.0).expand(2, 2, -1))


def test_states_make_no_difference_and_may_be_more_than_images():
    model = made()
    states = torch.tensor([[1, 0, -1, -1], [0, 1, 1, 0]])
    assert torch.equal(model(FEATURES, states), model(FEATURES, UNKNOWN))
    twice = model(FEATURES, UNKNOWN.repeat_interleave(2, dim=0))
    torch.testing.assert_close(twice[:, ::2], model(FEATURES, UNKNOWN))


def test_dropout_is_for_means():
    model = made(dropout=0.5).train()
    first, second = model(FEATURES, UNKNOWN), model(FEATURES, UNKNOWN)
    assert not torch.isclose(first, second).all(dim=2).any()
