"""What every network of images shares: features, their scale, their grid."""

import pytest
import torch
from torch import nn

from sklearn_ctran.modules.image_model import ImageModel


class Fixed(ImageModel):
    has_fixed_tokens = True


def test_features_of_images_are_those_of_the_backbone_standardised():
    backbone = nn.Conv2d(3, 5, 4, stride=4)
    model = ImageModel(4, 5, 5, grid=(2, 3), backbone=backbone)
    images = torch.randn(2, 3, 8, 12)
    features = backbone(images).flatten(2).transpose(1, 2)
    torch.testing.assert_close(model.image_features(images), features)
    mean, scale = torch.arange(5.0), torch.full((5,), 2.0)
    model.standardize_features(mean, scale)
    torch.testing.assert_close(model.image_features(images), (features - mean) / scale)
    torch.testing.assert_close(model.image_features(features), (features - mean) / scale)


def test_without_images():
    model = ImageModel(4, 5, 5, backbone=nn.Identity(), use_image=False)
    assert model.backbone is None
    assert model.image_features(torch.zeros(2, 3, 8, 8)) is None


def test_the_grid_must_be_that_of_training_where_tokens_are_fixed():
    ImageModel(4, 5, 5, grid=(2, 3)).check_grid((4, 4))
    model = Fixed(4, 5, 5, grid=(2, 3))
    model.check_grid(torch.Size([2, 3]))
    with pytest.raises(ValueError, match=r"grid of \(3, 2\) features.*trained with \(2, 3\)"):
        model.check_grid((3, 2))


def test_the_backbone_keeps_its_precision():
    model = ImageModel(4, 5, 5, backbone=nn.Conv2d(3, 5, 1))
    model.cast(torch.float64)
    assert model.feature_mean.dtype == torch.float64
    assert model.backbone.weight.dtype == torch.float32


def test_subclasses_set_the_prior():
    with pytest.raises(NotImplementedError):
        ImageModel(4, 5, 5).set_prior(torch.zeros(4))
