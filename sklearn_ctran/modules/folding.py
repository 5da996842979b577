"""Batch normalisation that does not train, folded into the convolutions before it."""

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

#: timm's batch normalisation, with dropout and an activation.
_WITH_ACTIVATION = "BatchNormAct2d"


def fold_batch_norm(network, images):
    """Fold batch normalisations into convolutions of a network in evaluation mode, in place.

    A batch normalisation is folded if its input is the output of a convolution and no other one
    reads it. Such pairs are found by running `network` on `images`, any input; tracing its code
    would change torch for other threads meanwhile. Of subclasses, which may compute anything, only
    timm's convolutions that pad as TensorFlow's, and its norms with an activation, are known.
    """
    made, pairs = {}, []

    def watch(module, inputs, output):
        if _is_known(module, nn.Conv2d, "Conv2dSame"):
            made[id(output)] = module, output  # Kept alive, so that no other tensor gets its id.
        elif _is_known(module, nn.BatchNorm2d, _WITH_ACTIVATION) and id(inputs[0]) in made:
            pairs.append((made[id(inputs[0])][0], module))

    hooks = [part.register_forward_hook(watch) for part in network.modules()]
    with torch.no_grad():
        network(images)
    for hook in hooks:
        hook.remove()
    names = {module: name for name, module in network.named_modules()}
    used = [module for pair in pairs for module in pair]
    for convolution, norm in pairs:
        if used.count(convolution) == used.count(norm) == 1:
            _replace(network, names[convolution], fuse_conv_bn_eval(convolution, norm))
            _replace(network, names[norm], _what_follows(norm))


def _is_known(module, kind, of_timm):
    own = type(module)
    return own is kind or (issubclass(own, kind) and own.__name__ == of_timm and _is_timms(own))


def _is_timms(kind):
    return kind.__module__.partition(".")[0] == "timm"


def _what_follows(norm):
    """What a batch normalisation does after it has normalised."""
    if type(norm) is nn.BatchNorm2d:
        return nn.Identity()
    return nn.Sequential(norm.drop, norm.act)


def _replace(network, name, module):
    parent, _, part = name.rpartition(".")
    setattr(network.get_submodule(parent), part, module)
