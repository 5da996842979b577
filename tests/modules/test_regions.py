"""Means over regions."""

import pytest
import torch

from sklearn_ctran.modules.regions import guess_grid, pool_regions


def test_means_over_a_grid_and_over_the_whole():
    features = torch.randn(2, 24, 8)
    tokens = pool_regions(features, (4, 6), 2)
    quarters = features.view(2, 2, 2, 2, 3, 8).mean(dim=(2, 4)).flatten(1, 2)
    torch.testing.assert_close(tokens[:, 1:], quarters)
    torch.testing.assert_close(tokens[:, 0], features.mean(dim=1))


@pytest.mark.parametrize("grid, regions", [((2, 2), 2), ((1, 9), 2), ((2, 3), 3)])
def test_few_features_or_a_row_of_them_are_kept(grid, regions):
    features = torch.randn(2, grid[0] * grid[1], 8)
    tokens = pool_regions(features, grid, regions)
    assert torch.equal(tokens[:, 1:], features)
    torch.testing.assert_close(tokens[:, 0], features.mean(dim=1))


def test_a_single_feature_is_its_own_mean():
    features = torch.randn(2, 1, 8)
    assert pool_regions(features, (1, 1), 3) is features


@pytest.mark.parametrize("n, grid", [(49, (7, 7)), (24, (1, 24)), (1, (1, 1)), (0, (0, 0))])
def test_guess_grid(n, grid):
    assert guess_grid(n) == grid
