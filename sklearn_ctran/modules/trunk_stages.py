"""The stages of a convolutional network: its parts between the places where its map shrinks."""

import torch
from torch import nn


def chain_of(trunk):
    """The modules through which an image passes one after the other, (list).

    One through which it passes twice is there twice.
    """
    if type(trunk).forward is not nn.Sequential.forward:
        return [trunk]
    # children() would leave out what comes again.
    return [part for child in trunk for part in chain_of(child)]


def find_stages(trunk, image):
    """The stages of a network, a list of lists of modules in order.

    A stage begins where the map gets less than half the cells, as that of ResNet's ``layer4``; a
    part without weights belongs to the stage before. A network that is no chain of modules may have
    a method ``stages`` of its own.

    Parameters
    ----------
    trunk : nn.Module
        In evaluation mode.
    image : Tensor of shape (1, K, H, W)
        What passes through it.

    Raises
    ------
    ValueError
        If the network is one module.
    """
    if hasattr(trunk, "stages"):
        return trunk.stages()
    chain = chain_of(trunk)
    if len(chain) == 1:
        raise ValueError(
            f"the backbone is one module ({type(trunk).__name__}), whose stages are not known"
        )
    stages, before = [], None
    with torch.no_grad():
        for module in chain:
            image = module(image)
            cells = _n_cells(image)
            # A convolution without padding loses a few cells at the border.
            if before is None or 2 * cells < before:
                stages.append([])
            stages[-1].append(module)
            before = cells
    return _merged(stages)


def _merged(stages):
    """The stages; one without a weight belongs to the one before."""
    merged = []
    for stage in stages:
        has_weights = any(True for module in stage for _ in module.parameters())
        if has_weights or not merged:
            merged.append(stage)
        else:
            merged[-1] += stage
    return merged


def _n_cells(features):
    """Cells of a map (B, C, h, w), or (B, h, w, C) in Swin, of a square image."""
    _, first, second, third = features.shape
    return second * third if second == third else first * second
