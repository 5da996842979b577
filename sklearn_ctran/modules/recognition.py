"""Whose weights are these? A state dict that does not fit, compared with all networks known."""

from functools import lru_cache

import torch
from torch.overrides import TorchFunctionMode

from sklearn_ctran.modules.pretrained import names_in, new_network


def recognise(shapes, families):
    """The name of the torchvision network that weights of these `shapes` fit, or None.

    `shapes` maps names of weights to their shapes, and `families` the names of networks to what
    they have in common, with `left_out`, parts that need not fit.
    """
    n_parameters = sum(map(torch.Size.numel, shapes.values()))
    strange = []
    # The nearest in size come first: most often, one network is built.
    for name in sorted(families, key=lambda name: abs(_n_parameters(name) - n_parameters)):
        family = families[name]
        if family in strange:
            continue
        model = _without_values(name)
        own = {key: value.shape for key, value in model.state_dict().items()}
        names = names_in(model, shapes)
        given = {names[key]: shape for key, shape in shapes.items()}
        if next(iter(own)) not in given:  # All networks of a family begin with one name.
            strange.append(family)
        elif _trunk(own, family.left_out) == _trunk(given, family.left_out):
            return name
    return None


def n_values(name, left_out):
    """How many values the weights of a torchvision network have, without parts left out."""
    shapes = {key: value.shape for key, value in _without_values(name).state_dict().items()}
    return sum(map(torch.Size.numel, _trunk(shapes, left_out).values()))


def _trunk(shapes, left_out):
    parts = tuple(f"{part}." for part in left_out)
    return {
        name: shape
        for name, shape in shapes.items()
        if not name.startswith(parts) and not name.endswith("num_batches_tracked")
    }


def _n_parameters(name):
    from torchvision import models

    return models.get_model_weights(name)["DEFAULT"].meta["num_params"]


class OnMeta(TorchFunctionMode):
    """Makes weights on torch's meta device, where they take no memory.

    ``torch.device("meta")`` would do so with all tensors, but RegNet computes sizes with some.
    """

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if function in (torch.empty, torch.ones, torch.zeros):
            kwargs["device"] = "meta"
        return function(*args, **kwargs)


@lru_cache
def _without_values(name):
    with OnMeta():
        return new_network(name)
