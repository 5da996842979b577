"""Batch normalisation that does not train, folded into the convolutions before it."""

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_batch_norm(network, images):
    """Fold batch normalisations into convolutions of a network in evaluation mode, in place.

    A batch normalisation is folded if its input is the output of a convolution and no other one
    reads it. Such pairs are found by running `network` on `images`, any input; tracing its code
    would change torch for other threads meanwhile.
    """
    made, pairs = {}, []

    def watch(module, inputs, output):
        if isinstance(module, nn.Conv2d):
            made[id(output)] = module, output  # Kept alive, so that no other tensor gets its id.
        elif isinstance(module, nn.BatchNorm2d) and id(inputs[0]) in made:
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
            _replace(network, names[norm], nn.Identity())


def _replace(network, name, module):
    parent, _, part = name.rpartition(".")
    setattr(network.get_submodule(parent), part, module)
