"""From uint8 images to feature maps: torchvision's networks, timm's, a small one or a module."""

import copy
import difflib
import math
from collections import OrderedDict
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from sklearn_ctran._utils.randomness import all_drawing, drawn_again
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
from sklearn_ctran.modules.shapes import split_axis
from sklearn_ctran.modules.small_cnn import SmallCNN
from sklearn_ctran.modules.timm_weights import OwnSize, find_timm_weights, is_timm, own_size
from sklearn_ctran.modules.trunk_stages import chain_of, find_stages

IMAGENET_MEAN = (0.485, 0.456, 0.406)

IMAGENET_STD = (0.229, 0.224, 0.225)

#: Channels that an image may have; hyperspectral cameras have a few hundred.
MOST_INPUTS = 1024


class Backbone(nn.Module):
    """Images to feature maps.

    `trunk` maps normalised float images (B, K, H, W) to feature maps (B, C, h, w); if it returns
    another shape, ValueError is raised. It expects images with the given `mean` and `std` (K floats
    each, for pixels in [0, 1]), of height and width at least `min_side`. `is_torchvision` says
    whether it is one of torchvision's networks.

    Attributes
    ----------
    n_channels : int
        C, found by a forward pass of a small black image.
    frozen : bool
        Whether the backbone is not trained.
    """

    #: Whether it is one of timm's networks.
    is_timm = False
    #: Parts that do not train although the backbone does.
    _still = ()
    #: Stages that train, where they are not all that training passes through in one go.
    _trained = ()
    #: Whether training computes their activations again instead of keeping them.
    _recomputes = False
    #: What comes before them, ready to be computed fast; a tuple, so that it is no submodule.
    _before = ()
    #: Parameters that do not train for a while.
    _held = ()

    def __init__(
        self, trunk, mean=IMAGENET_MEAN, std=IMAGENET_STD, min_side=1, is_torchvision=False
    ):
        super().__init__()
        self.trunk = trunk
        self.min_side = min_side
        self.is_torchvision = is_torchvision
        self.dtype = torch.float32  # of the inputs of `trunk`
        self.frozen = False
        self.register_buffer("mean", torch.tensor(mean).view(-1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(-1, 1, 1), persistent=False)
        self.n_channels = self._count_channels()
        self.trunk.to(memory_format=torch.channels_last)

    def forward(self, images):
        """Features (B, C, h, w), float, of images (B, K, H, W), uint8."""
        self.check_n_inputs(int(images.shape[1]))  # int: a tensor while it is traced
        height, width = images.shape[-2:]
        if min(height, width) < self.min_side:
            raise ValueError(
                f"Images of {height} x {width} pixels are too small for this backbone, which needs "
                f"{self.min_side} x {self.min_side}: set a larger image_size, or backbone='small'."
            )
        # Only in training: dropout and stochastic depth draw from the generator of the fit.
        with all_drawing() if self.training else nullcontext():
            images = self._normalized(images).to(self.dtype)
            if self.training and self._trained and torch.is_grad_enabled():
                return self._pass_stages(images)
            return self.trunk(images)

    def _pass_stages(self, images):
        """What the trunk returns, with gradients of the stages that train only."""
        if not self._before:
            self._before = (self._make_before(),)
        with torch.no_grad():
            images = self._before[0](images)
        for modules in self._trained:
            stage = nn.Sequential(*modules)
            if not self._recomputes:
                images = stage(images)
                continue
            images = checkpoint(
                stage,
                images,
                use_reentrant=False,
                preserve_rng_state=False,
                context_fn=partial(_once_more, images.device),
            )
        return images

    def _chain_before(self, stages):
        """The modules before the last stages; none of a network that is no chain."""
        chain = chain_of(self.trunk)
        return chain[: max(0, len(chain) - sum(map(len, stages)))] if len(chain) > 1 else []

    def _make_before(self):
        """What comes before the stages that train, with its batch normalisation folded if known."""
        before = nn.Sequential(*self._chain_before(self._trained))
        if not (self.is_torchvision and len(before)):
            return before
        before = copy.deepcopy(before).eval()
        side = max(self.min_side, 64)
        fold_batch_norm(before, torch.zeros(1, self.n_inputs, side, side, device=self.mean.device))
        return before.to(memory_format=torch.channels_last)

    @property
    def n_inputs(self):
        """K, the number of channels of images."""
        return len(self.mean)

    def check_n_inputs(self, n_inputs):
        """Raise ValueError for images of another number of channels than the backbone reads."""
        if n_inputs != self.n_inputs:
            raise ValueError(
                f"The images have {n_inputs} channels, but the backbone was made for "
                f"{self.n_inputs}."
            )

    def _normalized(self, images):
        """(images / 255 - mean) / std, channels last."""
        rows = images.permute(0, 2, 3, 1).flatten(2).to(self.mean.dtype)
        # Whole rows of an image at a time: channels alone would be slow on a CPU.
        mean, std = (255 * x.flatten().repeat(images.shape[3]) for x in (self.mean, self.std))
        rows = rows.sub_(mean).div_(std)
        return split_axis(rows, 2, (-1, len(self.mean))).permute(0, 3, 1, 2)

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
        fold_batch_norm(
            fast.trunk, torch.zeros(1, self.n_inputs, side, side, device=self.mean.device)
        )
        fast.trunk.to(dtype, memory_format=torch.channels_last)
        fast.dtype = dtype
        return fast

    def for_export(self, size):
        """As :meth:`for_evaluation`, for images of one height and width `size` only."""
        return self.for_evaluation()

    def fingerprint(self):
        """Digest of everything but the image that features depend on; see :func:`describe`."""
        return describe(self)

    def last_fingerprint(self):
        """The fingerprint at hand, for questions in a row; see :func:`describe_once`."""
        return describe_once(self)

    def unfreeze(self, n_stages=None, *, train_batch_norm=True, recompute=False):
        """Undo `freeze`: compute gradients, and follow `train`.

        Parameters
        ----------
        n_stages : int or None, default=None
            How many stages train, counted from the end; those before stay as they are. None: all.
        train_batch_norm : bool, default=True
            Whether batch normalisation trains too, and its statistics follow the images.
        recompute : bool, default=False
            Whether a training step computes the activations of trained stages twice instead of
            keeping them.

        Raises
        ------
        ValueError
            If the network has not so many stages, or they are not known; if batch normalisation
            would see each image twice.
        """
        self.frozen = False
        self._forget_parts()
        self.requires_grad_(True)
        stages = None
        if n_stages is not None or recompute:
            stages = self._last_stages(n_stages)
        if n_stages is not None:
            trained = {part for stage in stages for module in stage for part in module.modules()}
            self.trunk.requires_grad_(False)
            for stage in stages:
                for module in stage:
                    module.requires_grad_(True)
            if any(
                part.requires_grad
                for module in self._chain_before(stages)
                for part in module.parameters()
            ):
                raise ValueError(
                    "A part of the stages that would train is used before them too, where nothing "
                    "trains: train_backbone=True trains all of the backbone."
                )
            self._still = tuple(
                part
                for part in self.trunk.modules()
                if part not in trained and not any(True for _ in part.children())
            )
        norms = [part for part in self.trunk.modules() if isinstance(part, _BatchNorm)]
        if not train_batch_norm:
            for norm in norms:
                norm.requires_grad_(False)
            self._still = (*self._still, *norms)
        if recompute:
            if len(chain_of(self.trunk)) == 1:
                raise ValueError(
                    "recompute=True needs a network whose parts follow one another in an "
                    f"nn.Sequential, unlike {type(self.trunk).__name__}: set recompute=False."
                )
            if any(norm not in self._still for norm in norms):
                raise ValueError(
                    "recompute=True would show each image to batch normalisation twice: add "
                    "batch_norm='frozen'."
                )
            self._recomputes = True
        if stages is not None and len(chain_of(self.trunk)) > 1:
            self._trained = tuple(map(tuple, stages))
        return self

    def _forget_parts(self):
        """Train as a whole or not at all. What is not set is not part of the fingerprint."""
        self.hold(False)
        for name in ("_still", "_trained", "_recomputes", "_before"):
            vars(self).pop(name, None)

    def _last_stages(self, n_stages):
        """The last stages, all if None; ValueError if there are not so many."""
        side = max(self.min_side, 128)
        was_training = self.training
        black = torch.zeros(1, self.n_inputs, side, side, device=self.mean.device)
        try:
            stages = find_stages(self.eval().trunk, black)
        except ValueError as error:
            raise ValueError(
                f"{error}: train_backbone=True trains all of it, False nothing."
            ) from error
        finally:
            self.train(was_training)
        if n_stages is not None and n_stages > len(stages):
            raise ValueError(
                f"The backbone has {len(stages)} stages, so that {n_stages} cannot be trained."
            )
        return stages if n_stages is None else stages[-n_stages:]

    def freeze(self):
        """Stop training: no gradients, and evaluation mode even after ``train()``.

        In training mode, batch normalisation would change its statistics in every step.
        """
        self._forget_parts()
        self.frozen = True
        self.requires_grad_(False)
        return self.eval()

    def hold(self, is_held):
        """Let nothing train for a while, or again what trained before."""
        if is_held and not self._held:
            self._held = tuple(each for each in self.parameters() if each.requires_grad)
        for parameter in self._held:
            parameter.requires_grad_(not is_held)
        if not is_held:
            vars(self).pop("_held", None)

    def train(self, mode=True):
        """Set training mode, unless the backbone is frozen, or a part of it is."""
        super().train(mode and not self.frozen)
        for part in self._still:
            part.eval()
        vars(self).pop("_before", None)  # Weights may change before the next epoch.
        return self

    def _count_channels(self):
        # Modules of one fixed size nearly always have that of ImageNet networks, 224.
        sides = (max(self.min_side, 64), 224)
        self.eval()
        with torch.no_grad():
            for side in sides:
                try:
                    shape = (1, self.n_inputs, side, side)
                    features = self(torch.zeros(shape, dtype=torch.uint8))
                    break
                except Exception as error:
                    if side == sides[-1]:
                        small = (*shape[:2], sides[0], sides[0])
                        raise ValueError(
                            f"The backbone cannot process float images of shape {small} nor "
                            f"{shape}: {error}"
                        ) from error
        self.train()
        if not (isinstance(features, torch.Tensor) and features.ndim == 4 and len(features) == 1):
            got = tuple(getattr(features, "shape", ())) or type(features).__name__
            raise ValueError(
                f"The backbone must return feature maps (B, C, h, w), but returned {got} for one "
                "image: remove its pooling and its classifier."
            )
        return features.shape[1]


def _once_more(device):
    """What is around a stage at first, and when it is computed again, with the same dropout."""
    return nullcontext(), drawn_again(device)


def make_backbone(backbone, weights="DEFAULT", n_inputs=3):
    """Build a Backbone and give it its weights.

    `backbone` is the name of a torchvision classification network; "timm/" and the name of a
    network of timm's; ``"small"`` (for images below about 64 pixels, trained from scratch); or a
    module, which is copied, from float images (B, 3, H, W), normalised by ImageNet's mean and
    standard deviation, to (B, C, h, w). `weights` is a name of torchvision's or timm's weights for
    that network; None for random weights; or a state_dict file of the same network (``.pth``,
    ``.safetensors``, ...), whose classifier is ignored. ``"small"`` and modules have no named
    weights: "DEFAULT" and None leave them as they are. Random weights are drawn from torch's global
    generator, or as `all_drawing` says.

    Images have `n_inputs` channels. If these are not three, a module gets pixels in [0, 1], and
    networks of torchvision's and ``"small"`` are refused.

    Raises as :func:`find_source`; RuntimeError if weights could not be downloaded; ValueError for
    files that are not a state_dict, and those of another network.
    """
    source = find_source(backbone, weights)
    if isinstance(backbone, nn.Module):
        check_module(backbone, "backbone")
        return _as_they_come(copy.deepcopy(backbone).cpu(), source, n_inputs)
    if is_timm(backbone):
        # Imported here, because it builds on this module.
        from sklearn_ctran.modules.timm_networks import make_timm_backbone

        return make_timm_backbone(backbone, source, n_inputs)
    check_has_n_inputs(backbone, n_inputs)
    if backbone == "small":
        return _as_they_come(SmallCNN(), source)
    from torchvision import models

    family, state = _family(backbone, models), None
    if source is not None:
        state = read_state(source) if isinstance(source, Path) else download(source, backbone)
    trunk = family.trunk(new_network(backbone), family.left_out)
    if state is not None:
        load_state(trunk, state, source, family.left_out, _whose)
    preset = _preset(backbone, source)
    # torchvision's Inception renormalises its inputs to (x - 0.5) / 0.5 (transform_input).
    is_inception = backbone == "inception_v3"
    mean, std = ((0.5,) * 3, (0.5,) * 3) if is_inception else (preset.mean, preset.std)
    min_side = getattr(trunk, "patch_size", family.min_side)
    return Backbone(trunk, mean, std, min_side, is_torchvision=True)


def find_source(backbone, weights):
    """Where the weights of :func:`make_backbone` come from.

    That is a Path, torchvision's weights, TimmWeights or None. Nothing is read, so that a fit can
    find out before it reads images. Raises FileNotFoundError if the weights' file does not exist;
    ValueError for unknown names; TypeError if `backbone` is neither str nor nn.Module, or `weights`
    is of another type; ImportError if timm is needed and not installed.
    """
    if isinstance(backbone, nn.Module):
        return find_weights(weights, "a module")
    if not isinstance(backbone, str):
        raise TypeError(f"backbone must be a name or an nn.Module, got {backbone!r}.")
    if backbone == "small":
        return find_weights(weights, "'small'")
    if is_timm(backbone):
        return find_timm_weights(backbone, weights)
    # Imported here: torchvision takes longer to import than all of scikit-learn.
    from torchvision import models

    _family(backbone, models)
    return find_weights(weights, f"backbone {backbone!r}", models.get_model_weights(backbone))


def check_has_n_inputs(backbone, n_inputs):
    """Raise ValueError if a backbone cannot be made for images of so many channels."""
    if isinstance(backbone, str) and not is_timm(backbone) and n_inputs != 3:
        raise ValueError(
            f"The images have {n_inputs} channels, but backbone {backbone!r} reads three. Networks "
            "of timm take any number, as by backbone='timm/resnet50', and so may a module of your "
            "own."
        )


def own_image_size(backbone, weights="DEFAULT"):
    """The OwnSize of images that a named network was evaluated on.

    Raises ValueError if there is none, or it is not known here, and as :func:`find_source`.
    """
    source = find_source(backbone, weights)
    if is_timm(backbone):
        return own_size(backbone, source)
    if not isinstance(backbone, str) or backbone == "small":
        what = repr(backbone) if isinstance(backbone, str) else "a module of your own"
        raise ValueError(
            f"image_size='auto': {what} is for images of any size. Set image_size to a number of "
            "pixels, or to None to keep that of the images."
        )
    preset = _preset(backbone, source)
    mode = preset.interpolation.value
    return OwnSize(preset.resize_size[0], preset.crop_size[0], "center", mode)


def trunk_size(name, n_inputs=3):
    """How many values the weights of a named backbone have; 0 for ``"small"``, which is.

    Raises ValueError for unknown names.
    """
    if name == "small":
        return 0
    if is_timm(name):
        from sklearn_ctran.modules.timm_networks import n_timm_values

        return n_timm_values(name, n_inputs)
    from torchvision import models

    return n_values(name, _family(name, models).left_out)


def _as_they_come(trunk, path, n_inputs=3):
    """A backbone from a module that has no named weights."""
    if path is not None:
        load_state(trunk, read_state(path), path, recognise=_whose)
    if n_inputs == 3:
        return Backbone(trunk)
    return Backbone(trunk, (0.0,) * n_inputs, (1.0,) * n_inputs)


def _preset(backbone, source):
    """torchvision's preprocessing for one of its networks, with some weights."""
    from torchvision import models

    named = models.get_model_weights(backbone)
    return (source if isinstance(source, named) else named["DEFAULT"]).transforms()


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
        return split_axis(tokens[:, 1:].transpose(1, 2), 2, grid)

    def stages(self):
        """The transformer's blocks, the last with the norm after it; patches are no stage."""
        *blocks, last = self.encoder.layers
        return [*([block] for block in blocks), [last, self.encoder.ln]]

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
            f"Unknown backbone {name!r}.{hint} Known are 'small', 'timm/' with a name of "
            "timm's, and torchvision's networks of the families "
            f"{'; '.join(family.name for family in _FAMILIES)}."
        )
    return families[name]
