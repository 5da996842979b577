"""What computes a backbone's features: torch, or OpenVINO on processors."""

import threading
import warnings
from collections import OrderedDict
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec

import numpy as np
import torch

from sklearn_ctran._utils.devices import autocast
from sklearn_ctran._utils.warnings import warn

#: How many converted backbones a process keeps, each as large as its weights.
_N_KEPT = 2

#: By how much features may differ from torch's in float32, relative to their largest.
_TOLERANCE = 1e-4

_converted, _lock = OrderedDict(), threading.Lock()

installed_version = cache(version)  # It reads a file, which takes a millisecond.


def choose_engine(engine, backbone, device):
    """The engine that "auto" means, "torch" or "openvino"; any other as it is, checked.

    "auto" is OpenVINO, if it is installed, for frozen networks of torchvision's on a CPU. Raises
    ImportError if OpenVINO is not installed, ValueError if the device is no CPU.
    """
    is_cpu = torch.device(device).type == "cpu"
    if engine == "auto":
        is_known = backbone.is_torchvision and backbone.frozen
        return "openvino" if is_cpu and is_known and find_spec("openvino") else "torch"
    if engine == "openvino":
        if not find_spec("openvino"):
            raise ImportError(
                "encoder_engine='openvino' needs OpenVINO, which is not installed: pip install "
                "'sklearn-ctran[openvino]'."
            )
        if not is_cpu:
            raise ValueError(f"encoder_engine='openvino' needs device='cpu', not {device!r}.")
    return engine


def engine_version(engine):
    """The version that features may depend on, as text; "" for torch, which counts elsewhere."""
    return "" if engine == "torch" else f" {engine} {installed_version(engine)}"


class TorchEngine:
    """Features (B, C, h, w), float32, on the CPU, of uint8 images (B, 3, H, W), by torch."""

    def __init__(self, backbone, device, precision):
        dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
        self.device = device
        self.precision = precision
        self._backbone = backbone.to(device).for_evaluation(dtype).eval()

    @torch.inference_mode()
    def __call__(self, images):
        with autocast(self.device, self.precision):
            return self._backbone(images.to(self.device)).float().cpu()


class OpenVinoEngine:
    """The same by OpenVINO, on a CPU."""

    def __init__(self, compiled):
        self._request = compiled.create_infer_request()  # One thread at a time may use a request.

    def __call__(self, images):
        (features,) = self._request.infer(np.ascontiguousarray(images.numpy())).values()
        return torch.from_numpy(features.copy())  # The request uses its memory again.


def make_engine(engine, backbone, device, precision, size):
    """An engine for images of height and width `size`.

    A backbone that OpenVINO cannot convert, or whose features would be others, stays on torch, with
    a warning.
    """
    if engine == "openvino":
        compiled = _compiled(backbone, precision, tuple(size))
        if compiled is not None:
            return OpenVinoEngine(compiled)
    return TorchEngine(backbone, device, precision)


def _compiled(backbone, precision, size):
    """A backbone compiled by OpenVINO, kept for later; None, with a warning, if that fails."""
    key = backbone.fingerprint(), precision, size, torch.get_num_threads()
    with _lock:
        if key not in _converted:
            _converted[key] = _convert(backbone.cpu(), precision, size)
        _converted.move_to_end(key)
        while len(_converted) > _N_KEPT:
            _converted.popitem(last=False)
        return _converted[key]


def _convert(backbone, precision, size):
    import openvino  # imported where it is used, because it is optional

    network = backbone.for_evaluation()
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (3, 3, *size), generator=generator, dtype=torch.uint8)
    try:
        model = _read(network, images[:1])
        model.reshape({model.inputs[0]: openvino.PartialShape([-1, 3, *size])})
        exact = _compile(openvino, model, "float32")
        with torch.inference_mode():
            expected = network(images).float().numpy()
        (features,) = exact(images.numpy()).values()
    except ValueError:
        raise  # The backbone's own, about the size of images.
    except Exception as error:  # OpenVINO raises errors of many types.
        reason = str(error).strip().splitlines()[0][:200]
    else:
        worst = np.abs(features - expected).max() if features.shape == expected.shape else np.inf
        if worst <= _TOLERANCE * np.abs(expected).max():
            return exact if precision == "float32" else _compile(openvino, model, precision)
        reason = f"its features differ from torch's by {worst:.3g}"
    warn(
        f"OpenVINO cannot compute this backbone, which therefore stays on torch ({reason}). "
        "encoder_engine='torch' says so without this warning."
    )
    return None


def _read(network, images):
    """A network as OpenVINO's model. (``openvino.convert_model`` would report its use to Intel.)"""
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # Of shapes that become constants, which they are here.
        traced = torch.jit.trace(network, images, check_trace=False)
        decoder = TorchScriptPythonDecoder(traced)
        frontend = FrontEndManager().load_by_framework("pytorch")
        return frontend.convert(frontend.load(decoder))


def _compile(openvino, model, precision):
    settings = {
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" else "f32",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "PERFORMANCE_HINT": "LATENCY",
    }
    return openvino.Core().compile_model(model, "CPU", settings)
