"""torch's own fused graph: convolutions with what follows them as one operation of oneDNN."""

import platform
import warnings

import torch
from torch import nn

#: Images that pass at once. More would not stay in the processor's cache, fewer are slower.
CHUNK = 4

#: By how much features may differ from those without fusion, in the mean, relative to their mean.
_TOLERANCE = {"float32": 1e-5, "bfloat16": 0.05}


def is_fusible(backbone, device):
    """Whether a fused graph is faster: for convolutions with batch normalisation, on x86."""
    return (
        torch.device(device).type == "cpu"
        and platform.machine().lower() in ("x86_64", "amd64")
        and backbone.is_torchvision
        and backbone.frozen
        and any(isinstance(module, nn.BatchNorm2d) for module in backbone.modules())
    )


def fused_graph(network, precision, images):
    """A function from uint8 images to features, float32; None where fusion fails.

    `images` are `CHUNK` ones: a graph is for one shape.
    """
    is_bfloat16 = precision == "bfloat16"
    try:
        with (
            torch.inference_mode(False),
            torch.no_grad(),
            torch.autocast("cpu", torch.bfloat16, enabled=is_bfloat16, cache_enabled=False),
        ):
            expected = network(images.flip(0)).float()  # Compared on other images.
            graph = traced(network, images, frozen=True)
        _fuse(graph, images)
        with torch.inference_mode():
            features = graph(images.flip(0)).float()
    except RuntimeError:  # of an operation that TorchScript cannot do in bfloat16, ...
        return None
    worst = (features - expected).abs().mean() / expected.abs().mean()
    if not worst <= _TOLERANCE[precision]:  # or NaN
        return None
    return lambda images: in_chunks(graph, images).float()


def traced(network, images, frozen=False):
    """A network as TorchScript; `frozen`, its weights are constants."""
    with warnings.catch_warnings():
        # Of shapes that become constants, which they are here, and of TorchScript's age.
        warnings.simplefilter("ignore")
        graph = torch.jit.trace(network, images, check_trace=False)
        return torch.jit.freeze(graph) if frozen else graph


def _fuse(graph, images):
    """Run a graph until torch has optimised it: the first run records shapes, the second fuses."""
    was_on = torch.jit.onednn_fusion_enabled()
    torch.jit.enable_onednn_fusion(True)
    try:
        with torch.inference_mode(False), torch.no_grad():
            graph(images)
            graph(images)
    finally:
        torch.jit.enable_onednn_fusion(was_on)


def in_chunks(compute, images):
    """What `compute` makes of `CHUNK` images at a time; too few are filled up with copies."""
    n_images = len(images)
    missing = -n_images % CHUNK
    images = torch.cat([images, images[-1:].expand(missing, -1, -1, -1)]) if missing else images
    return torch.cat([compute(part) for part in images.split(CHUNK)])[:n_images]
