"""Features by OpenVINO."""

import numpy as np
import torch

from sklearn_ctran._images.engine_fused import traced

TITLE = "OpenVINO"

#: What has to be installed.
PACKAGES = ("openvino",)


class Engine:
    """Features (B, C, h, w), float32, of uint8 images (B, 3, H, W)."""

    def __init__(self, compiled):
        self._request = compiled.create_infer_request()  # One thread at a time may use a request.

    def __call__(self, images):
        (features,) = self._request.infer(np.ascontiguousarray(images.numpy())).values()
        return torch.from_numpy(features.copy())  # The request uses its memory again.


def convert(network, images):
    """A function that compiles a network, for images of this size, for a precision."""
    import openvino  # imported where it is used, because it is optional

    model = _read(network, images)
    model.reshape({model.inputs[0]: openvino.PartialShape([-1, *images.shape[1:]])})

    def compiled(precision):
        settings = {
            "INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" else "f32",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "PERFORMANCE_HINT": "LATENCY",
        }
        return openvino.Core().compile_model(model, "CPU", settings)

    return compiled


def _read(network, images):
    """A network as OpenVINO's model. (``openvino.convert_model`` would report its use to Intel.)"""
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    with torch.inference_mode():
        decoder = TorchScriptPythonDecoder(traced(network, images))
        frontend = FrontEndManager().load_by_framework("pytorch")
        return frontend.convert(frontend.load(decoder))
