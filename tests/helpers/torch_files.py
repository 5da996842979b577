"""Files of torch.save: the authors' weights, and files that nobody should believe."""

import zipfile

import torch


def tiny_state(n_labels=3, d=8, n_layers=1):
    """Random weights under the authors' names."""
    torch.manual_seed(0)
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
        for part in ("linear1", "linear2", "self_attn.out_proj"):
            shapes |= {f"{layer}{part}.weight": (d, d), f"{layer}{part}.bias": (d,)}
        for part in ("norm1", "norm2"):
            shapes |= {f"{layer}{part}.weight": (d,), f"{layer}{part}.bias": (d,)}
        shapes[f"{layer}self_attn.in_proj_weight"] = (3 * d, d)
        shapes[f"{layer}self_attn.in_proj_bias"] = (3 * d,)
    return {name: torch.randn(shape) for name, shape in shapes.items()}


def repacked(path, change, compression=zipfile.ZIP_STORED):
    """Write a file of torch.save again, with a changed pickle or compressed."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, change(data) if name.endswith("data.pkl") else data)


class Call:
    """Pickled as a call of a function."""

    def __init__(self, function, *args):
        self.called = function, args

    def __reduce__(self):
        return self.called
