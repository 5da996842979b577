"""What computes a backbone's features: torch, or another library on processors."""

import threading
from collections import OrderedDict
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec

import torch

from sklearn_ctran._images import engine_onnxruntime, engine_openvino
from sklearn_ctran._images.engine_fused import CHUNK, fused_graph, is_fusible
from sklearn_ctran._utils.devices import autocast
from sklearn_ctran._utils.warnings import warn

#: The engines beside torch. Each is a file with the same functions and names.
_LIBRARIES = {"openvino": engine_openvino, "onnxruntime": engine_onnxruntime}

#: How many converted backbones a process keeps, each as large as its weights.
_N_KEPT = 2

#: By how much features may differ from torch's in float32, relative to their largest.
_TOLERANCE = 1e-4

#: Images in float32 from which on the second that a fused graph takes to make is worth it.
_N_WORTH_FUSING = 64

_converted, _lock = OrderedDict(), threading.Lock()

installed_version = cache(version)  # It reads a file, which takes a millisecond.


def choose_engine(engine, backbone, device):
    """The engine that "auto" means, "torch" or "openvino"; any other as it is, checked.

    "auto" is OpenVINO, if it is installed, for frozen networks of torchvision's on a CPU. Raises
    ImportError if a library is not installed, ValueError if the device is no CPU.
    """
    is_cpu = torch.device(device).type == "cpu"
    if engine == "auto":
        is_known = backbone.is_torchvision and backbone.frozen
        return "openvino" if is_cpu and is_known and find_spec("openvino") else "torch"
    if engine in _LIBRARIES:
        library = _LIBRARIES[engine]
        if not all(map(find_spec, library.PACKAGES)):
            raise ImportError(
                f"encoder_engine={engine!r} needs {library.TITLE}, which is not installed: "
                f"pip install 'sklearn-ctran[{engine}]'."
            )
        if not is_cpu:
            raise ValueError(f"encoder_engine={engine!r} needs device='cpu', not {device!r}.")
    return engine


def engine_version(engine, precision):
    """What features depend on, as text. torch's version counts elsewhere.

    A fused graph rounds at other places in bfloat16. In float32 its features are the same.
    """
    if engine == "torch":
        return " fused" if precision == "bfloat16" else ""
    return f" {engine} {installed_version(engine)}"


def make_engine(engine, backbone, device, precision, size):
    """An engine for images of height and width `size`.

    A backbone that a library cannot convert, or whose features would be others, stays on torch,
    with a warning.
    """
    if engine in _LIBRARIES:
        library = _LIBRARIES[engine]
        compiled = _kept(
            (engine, *_key(backbone, precision, tuple(size))),
            lambda: _convert(library, backbone.cpu(), precision, size),
        )
        if compiled is not None:
            return library.Engine(compiled)
    return TorchEngine(backbone, device, precision)


class TorchEngine:
    """Features (B, C, h, w), float32, on the CPU, of uint8 images (B, 3, H, W), by torch.

    Networks with convolutions pass through a fused graph on a CPU: in bfloat16 always, because it
    rounds otherwise; in float32, where its features are the same, after many images.
    """

    def __init__(self, backbone, device, precision):
        dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
        self.device = device
        self.precision = precision
        self._backbone = backbone.to(device).for_evaluation(dtype).eval()
        self._may_fuse = is_fusible(backbone, device)
        self._original = backbone
        self._graphs, self._n_seen = {}, 0

    @torch.inference_mode()
    def __call__(self, images):
        self._n_seen += len(images)
        is_worth_it = self.precision == "bfloat16" or self._n_seen >= _N_WORTH_FUSING
        fused = self._fused(images) if self._may_fuse and is_worth_it else None
        if fused is not None:
            return fused(images)
        with autocast(self.device, self.precision):
            return self._backbone(images.to(self.device)).float().cpu()

    def __getstate__(self):
        return self.__dict__ | {"_graphs": {}}  # A graph belongs to its process.

    def _fused(self, images):
        size = tuple(images.shape[2:])
        if size not in self._graphs:
            self._graphs[size] = _kept(
                ("torch", *_key(self._original, self.precision, size)),
                lambda: fused_graph(
                    self._backbone, self.precision, some_images(size, CHUNK, images.shape[1])
                ),
            )
        return self._graphs[size]


class BothViews:
    """An engine's features of images and of their mirror images, turned back: the mean of both."""

    def __init__(self, engine):
        self._engine = engine

    def __call__(self, images):
        features, mirrored = self._engine(images), self._engine(images.flip(3))
        return (features + mirrored.flip(3)) / 2


def some_images(size, n, n_channels=3):
    """Images of noise, uint8 (n, n_channels, height, width), always the same."""
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, (n, n_channels, *size), generator=generator, dtype=torch.uint8)


def _key(backbone, precision, size):
    return backbone.fingerprint(), precision, size, torch.get_num_threads()


def _kept(key, convert):
    """What `convert` returns, made once in a process; None too."""
    with _lock:
        if key not in _converted:
            _converted[key] = convert()
        _converted.move_to_end(key)
        while len(_converted) > _N_KEPT:
            _converted.popitem(last=False)
        return _converted[key]


def _convert(library, backbone, precision, size):
    """A backbone compiled by a library; None, with a warning, if that fails."""
    network, images = backbone.for_export(size), some_images(size, CHUNK, backbone.n_inputs)
    try:
        compiled = library.convert(network, images)
        images = images[1:]  # Compared on others, in number too.
        exact = compiled("float32")
        with torch.inference_mode():
            expected = network(images).float()
        features = library.Engine(exact)(images)
    except ValueError as error:
        if "too small for this backbone" in str(error):
            raise  # The backbone's own.
        reason = _first_line(error)
    except Exception as error:  # The libraries raise errors of many types.
        reason = _first_line(error)
    else:
        is_same = features.shape == expected.shape
        worst = float((features - expected).abs().max()) if is_same else float("inf")
        if worst <= _TOLERANCE * expected.abs().max():
            return exact if precision == "float32" else compiled(precision)
        reason = f"its features differ from torch's by {worst:.3g}"
    warn(
        f"{library.TITLE} cannot compute this backbone, which therefore stays on torch ({reason}). "
        "encoder_engine='torch' says so without this warning."
    )
    return None


def _first_line(error):
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
