"""Features by onnxruntime, in float32: it has no bfloat16 for convolutions on processors."""

import io
import warnings

import torch

from sklearn_ctran._images.engine_fused import in_chunks

TITLE = "onnxruntime"

#: What has to be installed; "onnx" for torch's export.
PACKAGES = ("onnxruntime", "onnx")


class Engine:
    """Features (B, C, h, w), float32, of uint8 images (B, 3, H, W)."""

    def __init__(self, compiled):
        self._session = compiled  # Any number of threads may use a session.

    def __call__(self, images):
        return in_chunks(self._compute, images)

    def _compute(self, images):
        (features,) = self._session.run(None, {"images": images.numpy()})
        return torch.from_numpy(features)


def convert(network, images):
    """A function that compiles a network, for images of this size; for each precision the same."""
    import onnxruntime  # imported where it is used, because it is optional

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4  # Errors are raised too.
    exported = exported_bytes(network, (images,), ["images"], ["features"])
    session = onnxruntime.InferenceSession(exported, options, providers=["CPUExecutionProvider"])
    return lambda precision: session


def exported_bytes(network, inputs, input_names, output_names, any_number=False):
    """A network as bytes of an ONNX file.

    Shapes of the `inputs`, a tuple, become constants, but with `any_number` not the first one.
    """
    file, was_on = io.BytesIO(), torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # One operation that cannot be exported.
    names = [*input_names, *output_names] if any_number else []
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # The exporter by tracing is said to be an old one.
            torch.onnx.export(
                network,
                inputs,
                file,
                dynamo=False,  # The other exporter needs onnxscript.
                input_names=input_names,
                output_names=output_names,
                dynamic_axes={name: {0: "n"} for name in names},
            )
    finally:
        torch.backends.mha.set_fastpath_enabled(was_on)
    return file.getvalue()
