"""Reader of the authors' published C-Tran checkpoints (weights only)."""

import re
from pathlib import Path

import torch

from sklearn_ctran.modules.backbone import make_backbone
from sklearn_ctran.modules.pretrained import load_state, value_problem
from sklearn_ctran.modules.tensor_files import read_tensors

_BACKBONE = "backbone.base_network."


# Parts of torchvision's networks behind the feature map, which C-Tran does not use.
_CLASSIFIERS = ("fc", "classifier", "head", "heads", "AuxLogits")


# Their names -> ours, apart from the encoder's layers.
_NAMES = {
    "LayerNorm": "input_norm",
    "output_linear": "readout",
}


_LAYER = re.compile(r"self_attn_layers\.(\d+)\.transformer_layer\.(.+)\.(weight|bias)$")


_LAYER_PARTS = {
    "self_attn.out_proj": "out.",
    "linear1": "linear1.",
    "linear2": "linear2.",
    "norm1": "norm1.",
    "norm2": "norm2.",
}


# Only the authors' model of birds has it, and does not use it.
_UNUSED = "type_lt.weight"


def read_official_checkpoint(path, label_mask_training=True):
    """Read the weights of transformer and CNN from a checkpoint of the authors' implementation.

    Names may carry the ``module.`` of DataParallel. `label_mask_training` says whether the model
    used its embeddings of states. Returns two dicts: the transformer's weights, under the names of
    :class:`sklearn_ctran.modules.ctran.CTran`, and the CNN's, under torchvision's names, which is
    empty where the file has none. Raises FileNotFoundError if there is no such file, ValueError,
    which names the file, if it is not a checkpoint of C-Tran.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no checkpoint file {str(path)!r}.")
    state = read_tensors(path)
    state = {name.removeprefix("module."): value for name, value in state.items()}
    backbone = {
        name.removeprefix(_BACKBONE): value
        for name, value in state.items()
        if name.startswith(_BACKBONE)
    }
    theirs = {
        name: value
        for name, value in state.items()
        if not name.startswith(_BACKBONE) and name != _UNUSED
    }
    problem = _problem(theirs, path.stat().st_size)
    if problem:
        raise ValueError(f"{str(path)!r} is no C-Tran checkpoint: {problem}.")
    theirs = {name: value.float() for name, value in theirs.items()}
    transformer = _embeddings(theirs, label_mask_training)
    for name, value in theirs.items():
        transformer.update(_ours(name, value))
    return transformer, backbone


def _problem(state, size):
    """Why the transformer's weights, in a file of `size` bytes, are not C-Tran's, or None."""
    if "label_lt.weight" not in state:
        return "it has no 'label_lt.weight'"
    labels = state["label_lt.weight"]
    if labels.ndim != 2 or 0 in labels.shape:
        return f"'label_lt.weight' has the shape {tuple(labels.shape)}, not (labels, width)"
    if sum(value.nbytes for value in state.values()) > size:
        return "its weights have more values than the file"
    shapes = _shapes(*labels.shape, sum(name.endswith("norm1.weight") for name in state))
    missing = sorted(shapes.keys() - state.keys())
    if missing:
        return f"it has no {missing[0]!r}"
    unknown = sorted(state.keys() - shapes.keys())
    if unknown:
        return (
            f"it has {', '.join(map(repr, unknown[:3]))}, which the authors' published model does "
            "not have (a variant of it cannot be loaded)"
        )
    problems = (_weight_problem(name, state[name], shape) for name, shape in shapes.items())
    return next(filter(None, problems), None)


def _shapes(n_labels, d, n_layers):
    """The authors' names of the transformer's weights, and their shapes."""
    shapes = {
        "label_lt.weight": (n_labels, d),
        "known_label_lt.weight": (3, d),
        "output_linear.weight": (n_labels, d),
        "output_linear.bias": (n_labels,),
        "LayerNorm.weight": (d,),
        "LayerNorm.bias": (d,),
    }
    for i in range(n_layers):
        layer = f"self_attn_layers.{i}.transformer_layer."
        shapes[f"{layer}self_attn.in_proj_weight"] = (3 * d, d)
        shapes[f"{layer}self_attn.in_proj_bias"] = (3 * d,)
        for part in _LAYER_PARTS:
            shapes[f"{layer}{part}.weight"] = (d,) if part.startswith("norm") else (d, d)
            shapes[f"{layer}{part}.bias"] = (d,)
    return shapes


def _weight_problem(name, value, shape):
    if value.shape != shape:
        return f"{name!r} has the shape {tuple(value.shape)}, not {shape}"
    if not value.is_floating_point():
        return f"{name!r} is {value.dtype}, not a float"
    problem = value_problem(name, value.float())
    return f"{name!r} {problem}" if problem else None


def _embeddings(state, label_mask_training):
    """Label and state embeddings, with the unknown state at zero as in the paper.

    The authors' embedding of "unknown" is not zero. Adding it to the labels' embeddings and
    subtracting it from the other two states leaves every sum as it was. Without label mask
    training their model reads no states, so known ones add nothing here.
    """
    labels, states = state["label_lt.weight"], state["known_label_lt.weight"]
    if not label_mask_training:
        states = torch.zeros_like(states)
    unknown, negative, positive = states
    return {
        "label_embedding.label": labels + unknown,
        "label_embedding.state": torch.stack([negative - unknown, positive - unknown]),
    }


def _ours(name, value):
    """Our names and values of one of their weights; empty if it is read elsewhere."""
    stem, _, kind = name.rpartition(".")
    if stem in _NAMES:
        return {f"{_NAMES[stem]}.{kind}": value}
    # nn.MultiheadAttention has in_proj_weight where other modules have in_proj.weight.
    match = _LAYER.match(name.replace("in_proj_", "in_proj."))
    if match is None:
        return {}
    layer, part, kind = f"layers.{match[1]}", match[2], match[3]
    if part == "self_attn.in_proj":
        # They have one map to queries, keys and values.
        query, key_value = value.split([len(value) // 3, 2 * (len(value) // 3)])
        return {f"{layer}.query.{kind}": query, f"{layer}.key_value.{kind}": key_value}
    return {f"{layer}.{_LAYER_PARTS[part]}{kind}": value} if part in _LAYER_PARTS else {}


def load_backbone_state(backbone, state, path):
    """Put the checkpoint's CNN into a backbone.

    Raises ValueError, with the file's name, if a weight is missing, has another shape or values
    that cannot be used.
    """
    load_state(backbone.trunk, state, f"the CNN in {str(path)!r}", left_out=_CLASSIFIERS)


def normalize_as_the_authors(backbone, name):
    """Give a backbone, of the given name, the mean and standard deviation of the authors' images.

    They follow torchvision, except with Inception v3: (x - 0.5) / 2, as in the code for birds that
    theirs is built on.
    """
    if name == "inception_v3":
        backbone.mean.fill_(0.5)
        backbone.std.fill_(2.0)


def official_backbone(backbone, state, path, width):
    """A backbone with the checkpoint's weights and the authors' normalisation of images.

    Raises ValueError, which names the file, if the weights or the `width` do not fit.
    """
    network = make_backbone(backbone, None)
    load_backbone_state(network, state, path)
    normalize_as_the_authors(network, backbone)
    if network.n_channels != width:
        raise ValueError(
            f"The checkpoint {str(path)!r} has a width of {width}, but this backbone has "
            f"{network.n_channels} channels."
        )
    return network
