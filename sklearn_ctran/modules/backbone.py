"""From uint8 images to feature maps: torchvision's networks, a small one or a user's module."""

import copy
import difflib
import math
from collections import OrderedDict
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from sklearn_ctran._utils.randomness import all_drawing
from sklearn_ctran.modules.fingerprint import describe, describe_once
from sklearn_ctran.modules.folding import fold_batch_norm
from sklearn_ctran.modules.pretrained import (
    check_module,
    download,
    find_weights,
    load_state,
    new_network,
    read_state,
)
from sklearn_ctran.modules.recognition import n_values, recognise
from sklearn_ctran.modules.small_cnn import SmallCNN

IMAGENET_MEAN = (0.485, 0.456, 0.406)

IMAGENET_STD = (0.229, 0.224, 0.225)


class Backbone(nn.Module):
    """Images to feature maps.

    `trunk` maps normalised float images (B, 3, H, W) to feature maps (B, C, h, w); if it returns
    another shape, ValueError is raised. It expects images with the given `mean` and `std` (3 floats
    each, for pixels in [0, 1]), of height and width at least `min_side`. `is_torchvision` says
    whether it is one of torchvision's networks.

    Attributes
    ----------
    n_channels : int
        C, found by a forward pass of a small black image.
    frozen : bool
        Whether the backbone is not trained.
    """

    def __init__(
        self, trunk, mean=IMAGENET_MEAN, std=IMAGENET_STD, min_side=1, is_torchvision=False
    ):
        super().__init__()
        self.trunk = trunk
        self.min_side = min_side
        self.is_torchvision = is_torchvision
        self.dtype = torch.float32  # of the inputs of `trunk`
        self.frozen = False
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)
        self.n_channels = self._count_channels()
        self.trunk.to(memory_format=torch.channels_last)

    def forward(self, images):
        """Features (B, C, h, w), float, of images (B, 3, H, W), uint8."""
        height, width = images.shape[-2:]
        if min(height, width) < self.min_side:
            raise ValueError(
                f"Images of {height} x {width} pixels are too small for this backbone, which needs "
                f"{self.min_side} x {self.min_side}: set a larger image_size, or backbone='small'."
            )
        # Only in training: dropout and stochastic depth draw from the generator of the fit.
        with all_drawing() if self.training else nullcontext():
            return self.trunk(self._normalized(images).to(self.dtype))

    def _normalized(self, images):
        """(images / 255 - mean) / std, channels last."""
        rows = images.permute(0, 2, 3, 1).flatten(2).to(self.mean.dtype)
        # Whole rows of an image at a time: three channels would be slow on a CPU.
        mean, std = (255 * x.flatten().repeat(images.shape[3]) for x in (self.mean, self.std))
        rows = rows.sub_(mean).div_(std)
        return rows.unflatten(2, (-1, 3)).permute(0, 3, 1, 2)

    def for_evaluation(self, dtype=torch.float32):
        """A backbone that computes the same features faster, as long as no weight changes.

        It is in evaluation mode. A network of torchvision's is copied, converted to `dtype`, and
        its batch normalisation is folded into convolutions. A user's module is returned unchanged,
        as neither may be right for it.
        """
        if not self.is_torchvision:
            return self.eval()
        fast = copy.deepcopy(self).eval()
        side = max(self.min_side, 64)
        fold_batch_norm(fast.trunk, torch.zeros(1, 3, side, side, device=self.mean.device))
        fast.trunk.to(dtype, memory_format=torch.channels_last)
        fast.dtype = dtype
        return fast

    def fingerprint(self):
        """Digest of everything but the image that features depend on; see :func:`describe`."""
        return describe(self)

    def last_fingerprint(self):
        """The fingerprint at hand, for questions in a row; see :func:`describe_once`."""
        return describe_once(self)

    def unfreeze(self):
        """Undo `freeze`: compute gradients, and follow `train`."""
        self.frozen = False
        return self.requires_grad_(True)

    def freeze(self):
        """Stop training: no gradients, and evaluation mode even after ``train()``.

        In training mode, batch normalisation would change its statistics in every step.
        """
        self.frozen = True
        self.requires_grad_(False)
        return self.eval()

    def train(self, mode=True):
        """Set training mode, unless the backbone is frozen."""
        return super().train(mode and not self.frozen)

    def _count_channels(self):
        # Modules of one fixed size nearly always have that of ImageNet networks, 224.
        sides = (max(self.min_side, 64), 224)
        self.eval()
        with torch.no_grad():
            for side in sides:
                try:
                    features = self(torch.zeros(1, 3, side, side, dtype=torch.uint8))
                    break
                except Exception as error:
                    if side == sides[-1]:
                        raise ValueError(
                            "The backbone cannot process float images of shape (1, 3, 64, 64) nor "
                            f"(1, 3, 224, 224): {error}"
                        ) from error
        self.train()
        if not (isinstance(features, torch.Tensor) and features.ndim == 4 and len(features) == 1):
            got = tuple(getattr(features, "shape", ())) or type(features).__name__
            raise ValueError(
                f"The backbone must return feature maps (B, C, h, w), but returned {got} for one "
                "image: remove its pooling and its classifier."
            )
        return features.shape[1]


def make_backbone(backbone, weights="DEFAULT"):
    """Build a Backbone and give it its weights.

    `backbone` is the name of a torchvision classification network, ``"small"`` (for images below
    about 64 pixels, trained from scratch), or a module, which is copied, from float images
    (B, 3, H, W), normalised by ImageNet's mean and standard deviation, to (B, C, h, w). `weights`
    is a name of torchvision's weights for that network; None for random weights; or a state_dict
    file of the same network (``.pth``, ``.safetensors``, ...), whose classifier is ignored.
    ``"small"`` and modules have no named weights: "DEFAULT" and None leave them as they are. Random
    weights are drawn from torch's global generator, or as `all_drawing` says.

    Raises as :func:`find_source`; RuntimeError if torchvision's weights could not be downloaded;
    ValueError for files that are not a state_dict, and those of another network.
    """
    source = find_source(backbone, weights)
    if isinstance(backbone, nn.Module):
        check_module(backbone, "backbone")
        return _as_they_come(copy.deepcopy(backbone).cpu(), source)
    if backbone == "small":
        return _as_they_come(SmallCNN(), source)
    from torchvision import models

    family, named = _family(backbone, models), models.get_model_weights(backbone)
    state = None
    if source is not None:
        state = read_state(source) if isinstance(source, Path) else download(source, backbone)
    trunk = family.trunk(new_network(backbone), family.left_out)
    if state is not None:
        load_state(trunk, state, source, family.left_out, _whose)
    preset = (source if isinstance(source, named) else named["DEFAULT"]).transforms()
    # torchvision's Inception renormalises its inputs to (x - 0.5) / 0.5 (transform_input).
    is_inception = backbone == "inception_v3"
    mean, std = ((0.5,) * 3, (0.5,) * 3) if is_inception else (preset.mean, preset.std)
    min_side = getattr(trunk, "patch_size", family.min_side)
    return Backbone(trunk, mean, std, min_side, is_torchvision=True)


def find_source(backbone, weights):
    """Where the weights of :func:`make_backbone` come from: a Path, torchvision's weights or None.

    Nothing is read, so that a fit can find out before it reads images. Raises FileNotFoundError if
    the weights' file does not exist; ValueError for unknown names; TypeError if `backbone` is
    neither str nor nn.Module, or `weights` is of another type.
    """
    if isinstance(backbone, nn.Module):
        return find_weights(weights, "a module")
    if not isinstance(backbone, str):
        raise TypeError(f"backbone must be a name or an nn.Module, got {backbone!r}.")
    if backbone == "small":
        return find_weights(weights, "'small'")
    # Imported here: torchvision takes longer to import than all of scikit-learn.
    from torchvision import models

    _family(backbone, models)
    return find_weights(weights, f"backbone {backbone!r}", models.get_model_weights(backbone))


def trunk_size(name):
    """How many values the weights of a named backbone have; 0 for ``"small"``, which is.

    Raises ValueError for unknown names.
    """
    if name == "small":
        return 0
    from torchvision import models

    return n_values(name, _family(name, models).left_out)


def _as_they_come(trunk, path):
    """A backbone from a module that has no named weights."""
    if path is not None:
        load_state(trunk, read_state(path), path, recognise=_whose)
    return Backbone(trunk)


class PatchTokens(nn.Module):
    """torchvision's ViT up to its last norm; patches as a grid (B, C, h, w), no class token.

    Position embeddings are interpolated (bicubic) for images of another size.
    """

    def __init__(self, vit):
        super().__init__()
        self.patch_size = vit.patch_size
        self.conv_proj = vit.conv_proj
        self.class_token = vit.class_token
        self.encoder = vit.encoder

    def forward(self, images):
        patches = self.conv_proj(images)
        grid = patches.shape[-2:]
        tokens = patches.flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_token.expand(tokens.shape[0], -1, -1), tokens], dim=1)
        encoder = self.encoder
        tokens = encoder.dropout(tokens + self._positions(grid))
        tokens = encoder.ln(encoder.layers(tokens))
        return tokens[:, 1:].transpose(1, 2).unflatten(2, grid)

    def _load_from_state_dict(self, state_dict, prefix, *args):
        positions = state_dict.get(f"{prefix}encoder.pos_embedding")
        if positions is not None and self._is_other_grid(positions.shape):
            # Positions of another image size are accepted: they are interpolated.
            self.encoder.pos_embedding = nn.Parameter(torch.empty_like(positions))
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _is_other_grid(self, shape):
        """Whether positions of this shape are of a square image of another size."""
        own = self.encoder.pos_embedding.shape
        is_square = (
            len(shape) == 3 and shape[1] > 1 and math.isqrt(shape[1] - 1) ** 2 + 1 == shape[1]
        )
        return shape != own and is_square and (shape[0], shape[2]) == (own[0], own[2])

    def _positions(self, grid):
        positions = self.encoder.pos_embedding
        side = math.isqrt(int(positions.shape[1]) - 1)  # int: a tensor while it is traced
        if tuple(grid) == (side, side):
            return positions
        patches = positions[:, 1:].transpose(1, 2).unflatten(2, (side, side))
        # align_corners as in torchvision's interpolate_embeddings.
        patches = F.interpolate(patches, size=grid, mode="bicubic", align_corners=True)
        return torch.cat([positions[:, :1], patches.flatten(2).transpose(1, 2)], dim=1)


def _chain(model, left_out):
    """A model's parts in sequence, under torchvision's names, without those left out."""
    for name in left_out:
        parent, _, part = name.rpartition(".")
        setattr(model.get_submodule(parent), part, nn.Identity())
    return nn.Sequential(OrderedDict(model.named_children()))


def _densenet(model, left_out):
    return _chain(model, left_out).append(nn.ReLU())


def _vit(model, left_out):
    return PatchTokens(model)


class _Family(NamedTuple):
    name: str
    prefixes: tuple  # of torchvision's names
    left_out: tuple  # what comes after the feature map
    trunk: Callable = _chain
    min_side: int = 1  # smaller than torchvision's "min_size", which is what it was tested with


_FAMILIES = (
    _Family(
        "ResNet, ResNeXt, Wide ResNet", ("resnet", "resnext", "wide_resnet"), ("avgpool", "fc")
    ),
    _Family(
        "MobileNet V2 and V3, EfficientNet",
        ("mobilenet_v", "efficientnet_"),
        ("avgpool", "classifier"),
    ),
    # The norm that starts its classifier is kept, and normalises each cell.
    _Family("ConvNeXt", ("convnext_",), ("avgpool", "classifier.1", "classifier.2"), min_side=32),
    _Family("DenseNet", ("densenet",), ("classifier",), _densenet, min_side=29),
    _Family(
        "Inception v3", ("inception_v3",), ("AuxLogits", "avgpool", "dropout", "fc"), min_side=75
    ),
    _Family("ViT", ("vit_",), ("heads",), _vit),
    _Family("Swin", ("swin_",), ("avgpool", "flatten", "head"), min_side=4),
    _Family("RegNet", ("regnet_",), ("avgpool", "fc")),
    _Family("VGG", ("vgg",), ("avgpool", "classifier"), min_side=32),
)


def _families(models):
    """Names of torchvision's networks that are known here -> their families."""
    return {
        known: family
        for known in models.list_models(module=models)
        for family in _FAMILIES
        if known.startswith(family.prefixes)
    }


def _whose(state):
    """The name of the network that a state dict fits, or None."""
    from torchvision import models

    shapes = {key: value.shape for key, value in state.items()}
    return recognise(shapes, _families(models))


def _family(name, models):
    families = _families(models)
    if name not in families:
        close = difflib.get_close_matches(name, families, n=4, cutoff=0.5)
        hint = f" Did you mean {', '.join(map(repr, close))}?" if close else ""
        raise ValueError(
            f"Unknown backbone {name!r}.{hint} Known are 'small' and torchvision's networks of "
            f"the families {'; '.join(family.name for family in _FAMILIES)}."
        )
    return families[name]
