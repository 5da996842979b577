"""Networks of the package timm as backbones: their feature maps."""

import copy
import math
from pathlib import Path

import torch
from torch import nn

from sklearn_ctran.modules.backbone import Backbone
from sklearn_ctran.modules.folding import fold_batch_norm
from sklearn_ctran.modules.pretrained import load_state, read_state
from sklearn_ctran.modules.recognition import OnMeta
from sklearn_ctran.modules.shapes import split_axis
from sklearn_ctran.modules.timm_weights import (
    adapted,
    config_of,
    find_file,
    known_name,
    mean_and_std,
    require_timm,
)

#: How timm's classes are told to take images of any size, where they can.
_ANY_SIZE = ({"dynamic_img_size": True}, {"strict_img_size": False}, {})

#: Where networks have their stages, or their blocks.
_STAGES = ("stages", "blocks", "layers", "features")

#: Larger images are not needed to look at a network that takes any size.
_SIDE = 224

#: By how much features may differ, relative to their largest, if batch normalisation is folded.
_TOLERANCE = 1e-4


class TimmBackbone(Backbone):
    """A network of timm's as a Backbone."""

    is_timm = True

    def for_evaluation(self, dtype=torch.float32):
        """A backbone that computes the same features faster, as long as no weight changes.

        Batch normalisation is folded into convolutions where features stay the same. Weights stay
        in float32: position embeddings and norms of some networks need it. In another `dtype`,
        autocast makes them faster. Without batch normalisation the backbone itself is returned.
        """
        if not any(isinstance(part, nn.BatchNorm2d) for part in self.modules()):
            return self.eval()
        fast = copy.deepcopy(self).eval()
        black = torch.zeros(1, self.n_inputs, *[self.trunk.side] * 2, device=self.mean.device)
        fold_batch_norm(fast.trunk, black)
        noise = torch.rand(black.shape, generator=torch.Generator().manual_seed(0)).to(black)
        with torch.no_grad():
            expected, features = copy.copy(self).eval().trunk(noise), fast.trunk(noise)
        if (features - expected).abs().max() <= _TOLERANCE * expected.abs().max():
            return fast
        return copy.deepcopy(self).eval()

    def for_export(self, size):
        """As :meth:`for_evaluation`, for images of one height and width `size` only.

        Position embeddings of that size are computed here: other formats have no operation for it.
        """
        fast = self.for_evaluation()
        fast = copy.deepcopy(fast) if fast is self else fast
        fast.trunk.fix_size(size)
        return fast

    def _count_channels(self):
        return self.trunk.n_channels


class TimmTrunk(nn.Module):
    """A network of timm's up to its feature map (B, C, h, w).

    That is what timm's ``forward_features`` returns. Of a transformer these are the tokens of the
    patches, as a grid. Class and register tokens, which have no place in the image, are left out.

    Parameters
    ----------
    model : nn.Module
        What comes after the features is taken out of it.
    name : str
        For messages.
    n_inputs : int
        Channels of images.

    Attributes
    ----------
    side : int
        Of square images that the network can take, at most 224 if it can take any.
    n_channels : int
        C.
    left_out : tuple of str
        Names of the parts that were taken out.
    """

    def __init__(self, model, name, n_inputs):
        super().__init__()
        self.name = name
        names = set(model.state_dict())
        _take_out_classifier(model)
        self.own_side = model.pretrained_cfg["input_size"][-1]
        with torch.inference_mode(False), torch.enable_grad():
            features = self._look_at(model, n_inputs)
            unused = _unused_parts(model, features)
        for part in unused:
            setattr(model, part, nn.Identity())
        removed = names - set(model.state_dict())
        self.left_out = tuple(sorted({key.rpartition(".")[0] for key in removed}))
        self.model = model
        self._read_layout(features)
        self.n_channels = self._as_map(features, (self.side, self.side)).shape[1]

    def forward(self, images):
        size = tuple(map(int, images.shape[-2:]))
        try:
            features = self.model.forward_features(images)
        except (AssertionError, RuntimeError) as error:
            if size == (self.side, self.side) or isinstance(error, torch.OutOfMemoryError):
                raise
            raise ValueError(
                f"backbone {self.name!r} cannot take images of {size[0]} x {size[1]} pixels "
                f"({error}). It was made for image_size={self.own_side}."
            ) from error
        return self._as_map(features, size)

    def stages(self):
        """The blocks of a transformer, or the stages of a network of convolutions.

        They are where timm's networks have them. What comes after them belongs to the last. Raises
        ValueError if they are nowhere.
        """
        parts = dict(self.model.named_children())
        layers = [name for name in ("layer1", "layer2", "layer3", "layer4") if name in parts]
        where = next((name for name in _STAGES if len(list(parts.get(name, ()))) > 1), None)
        if where is None and not layers:
            raise ValueError(f"the stages of {self.name!r} are not known")
        stages = [[parts[name]] for name in layers] or [[part] for part in parts[where]]
        names = list(parts)
        stages[-1] += [parts[name] for name in names[names.index(where or layers[-1]) + 1 :]]
        return stages

    def fix_size(self, size):
        """Take images of height and width `size` only, if position embeddings depend on it."""
        from timm.layers import Format

        model = self.model
        is_learned = getattr(model, "pos_embed", None) is not None
        can_be_set = hasattr(model, "set_input_size")  # not in timm's first versions of 1.0
        if is_learned and can_be_set and getattr(model, "dynamic_img_size", False):
            model.set_input_size(img_size=size)
            if getattr(model, "rope", None) is not None:
                grid = list(model.patch_embed.grid_size)
                model.rope = _FixedRotations(model.rope.get_embed(shape=grid))
            model.dynamic_img_size = False
            model.patch_embed.flatten, model.patch_embed.output_fmt = True, Format.NCHW

    def _look_at(self, model, n_inputs):
        """The features of a black image."""
        was_training, own = model.training, self.own_side
        model.eval()
        try:
            self.side = min(own, _SIDE)
            features = model.forward_features(torch.zeros(1, n_inputs, *[self.side] * 2))
        except (AssertionError, RuntimeError):
            self.side = own
            features = model.forward_features(torch.zeros(1, n_inputs, own, own))
        model.train(was_training)
        return features

    def _read_layout(self, features):
        """Find out where the channels are, and how many tokens come before those of patches."""
        model = self.model
        self.n_prefix, self.is_channels_last = 0, False
        n_axes = features.ndim if isinstance(features, torch.Tensor) else 0
        if n_axes == 4:
            self.is_channels_last = "NHWC" in str(getattr(model, "output_fmt", ""))
            return
        if n_axes != 3:
            raise ValueError(
                f"backbone {self.name!r} has no one map of features: its forward_features returns "
                f"{tuple(features.shape) if n_axes else type(features).__name__}."
            )
        known = getattr(model, "num_prefix_tokens", None)
        for n_prefix in range(3) if known is None else [known]:
            n_patches = features.shape[1] - n_prefix
            if math.isqrt(n_patches) ** 2 == n_patches:
                self.n_prefix = n_prefix
                return
        raise ValueError(
            f"backbone {self.name!r} makes {features.shape[1]} tokens of a square image: they are "
            "no grid of patches."
        )

    def _as_map(self, features, size):
        """Features of images of height and width `size` as a map (B, C, h, w)."""
        if features.ndim == 4:
            return features.permute(0, 3, 1, 2) if self.is_channels_last else features
        patches = features[:, self.n_prefix :]
        return split_axis(patches.transpose(1, 2), 2, self._grid(size, int(patches.shape[1])))

    def _grid(self, size, n_patches):
        """Rows and columns of the patches of an image."""
        patch_embed = getattr(self.model, "patch_embed", None)
        if hasattr(patch_embed, "dynamic_feat_size"):
            grid = tuple(patch_embed.dynamic_feat_size(size))
            if math.prod(grid) == n_patches:
                return grid
        side = math.sqrt(size[0] * size[1] / n_patches)  # of a patch, which is a square
        grid = round(size[0] / side), round(size[1] / side)
        if math.prod(grid) != n_patches:
            raise ValueError(
                f"backbone {self.name!r} makes {n_patches} patches of {size[0]} x {size[1]} "
                "pixels, which are no grid: use square images, as by image_size=224."
            )
        return grid


class _FixedRotations(nn.Module):
    """The rotary position embedding of images of one size."""

    def __init__(self, embedding):
        super().__init__()
        self.register_buffer("embedding", embedding.detach(), persistent=False)

    def get_embed(self, shape=None):
        """The embedding, as of timm's classes."""
        return self.embedding


def make_timm_backbone(backbone, source, n_inputs=3):
    """A TimmBackbone with its weights; `source` is as :func:`find_timm_weights` found it.

    Raises RuntimeError if weights cannot be downloaded; ValueError if they are damaged or of
    another network, or if the network cannot be a backbone.
    """
    model, config = _new_network(backbone, n_inputs), config_of(backbone, source)
    state = None
    if source is not None:
        file = source if isinstance(source, Path) else find_file(source, config)
        state = adapted(read_state(file), model, config, n_inputs)
    trunk = TimmTrunk(model, backbone, n_inputs)
    if state is not None:
        load_state(trunk.model, state, getattr(source, "name", source), trunk.left_out)
    return TimmBackbone(trunk, *mean_and_std(backbone, source, n_inputs))


def n_timm_values(backbone, n_inputs=3):
    """How many values the weights of a network have at least, without its head; none are made."""
    with OnMeta():
        model = _new_network(backbone, n_inputs)
        _take_out_classifier(model)
    parts = (part for name, part in model.named_children() if "head" not in name)
    return sum(weight.numel() for part in parts for weight in part.parameters())


def _new_network(backbone, n_inputs):
    """A network with random weights, which takes images of any size if it can."""
    timm, (network, tag) = require_timm(), known_name(backbone)
    arguments = {} if n_inputs == 3 else {"in_chans": n_inputs}
    for option in _ANY_SIZE:
        try:
            return timm.create_model(f"{network}.{tag}".rstrip("."), **arguments, **option)
        except TypeError as error:
            if not option or next(iter(option)) not in str(error):
                raise
    raise AssertionError("The last option is none.")


def _take_out_classifier(model):
    """Take out a network's classifier, and what pools features for it where that can be had."""
    try:
        model.reset_classifier(0, "")
    except (TypeError, ValueError, AssertionError):  # Not of all networks.
        model.reset_classifier(0)


def _unused_parts(model, features):
    """Names of the parts of a network that its features do not depend on."""
    if not isinstance(features, torch.Tensor):
        return []
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    gradients = torch.autograd.grad(features.sum(), weights, allow_unused=True)
    used = {id(weight) for weight, by in zip(weights, gradients, strict=True) if by is not None}
    learned = {id(weight) for weight in weights}
    parts = {
        name: {id(weight) for weight in part.parameters()} & learned
        for name, part in model.named_children()
    }
    return [name for name, own in parts.items() if own and not own & used]
