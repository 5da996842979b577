"""Reader of the authors' published C-Tran checkpoints (weights only)."""

import re
from pathlib import Path

import torch

from sklearn_ctran.modules.pretrained import load_state

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


def read_official_checkpoint(path):
    """Read the weights of transformer and CNN from a checkpoint of the authors' implementation.

    The file is from ``torch.save``, read with ``weights_only=True``: the state dict, or a
    dictionary with it under ``state_dict``. Names may carry the ``module.`` of DataParallel.
    Returns two dicts: the transformer's weights, under the names of
    :class:`sklearn_ctran.modules.ctran.CTran`, and the CNN's, under torchvision's names, which is
    empty where the file has none. Raises FileNotFoundError if there is no such file, ValueError if
    it is not a checkpoint of C-Tran.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no checkpoint file {str(path)!r}.")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        state = state.get("state_dict", state)
        state = {name.removeprefix("module."): value for name, value in state.items()}
    except Exception as error:
        raise ValueError(f"{str(path)!r} cannot be read as a checkpoint: {error}") from error
    needed = {"label_lt.weight", "known_label_lt.weight", "output_linear.weight"}
    missing = needed - state.keys()
    if missing:
        raise ValueError(f"{str(path)!r} is no C-Tran checkpoint: it has no {min(missing)!r}.")
    backbone = {
        name.removeprefix(_BACKBONE): value
        for name, value in state.items()
        if name.startswith(_BACKBONE)
    }
    transformer = _embeddings(state)
    for name, value in state.items():
        transformer.update(_ours(name, value))
    return transformer, backbone


def _embeddings(state):
    """Label and state embeddings, with the unknown state at zero as in the paper.

    The authors' embedding of "unknown" is not zero. Adding it to the labels' embeddings and
    subtracting it from the other two states leaves every sum as it was.
    """
    unknown, negative, positive = state["known_label_lt.weight"]
    return {
        "label_embedding.label": state["label_lt.weight"] + unknown,
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

    Raises ValueError, with the file's name, if a weight is missing or has another shape.
    """
    load_state(backbone.trunk, state, f"the CNN in {str(path)!r}", left_out=_CLASSIFIERS)
