"""export_onnx: a fitted model as a file for other programs."""

import importlib.util
import json
from importlib.metadata import version

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from sklearn_ctran._adapters.unwrap import unwrap
from sklearn_ctran._export.graph import PredictionGraph
from sklearn_ctran._images.engine_onnxruntime import exported_bytes
from sklearn_ctran._neural.base import NeuralMultilabelClassifier
from sklearn_ctran._persistence.container import as_path
from sklearn_ctran._utils.devices import plain_torch
from sklearn_ctran._utils.files import replacing
from sklearn_ctran._utils.typing import Estimator, FilePath
from sklearn_ctran.baselines._feedback_prop import FeedbackProp
from sklearn_ctran.model_selection import MultilabelCalibrator, TunedThresholds

#: The entry of the file's metadata, a JSON text, that says what goes in and comes out.
ENTRY = "sklearn_ctran"

#: By how much probabilities may differ from the model's.
TOLERANCE = 1e-4

#: A file may have two gigabytes.
_MOST_BYTES = 2**31 - 2**20


def export_onnx(estimator: Estimator, path: FilePath) -> None:
    """Save what a fitted model predicts as an ONNX file, for programs without Python or torch.

    The file has what :meth:`~CTranClassifier.predict_proba` computes: backbone, network, memory
    and exclusive groups, in float32. Inputs, for any number of images n:

    - ``images``, uint8, of shape (n, height, width, channels): RGB images, resized and cropped as
      the metadata say. They have the size that the training images had then. Or ``tokens``, float32
      (n, n_tokens, n_channels), or ``features``, float32 (n, n_features), if `X` held these.
    - ``states``, int8, of shape (n, n_labels + n_extra_labels): 1 where a label is known to apply,
      0 where it is known not to, -1 where nothing is known.

    Outputs are ``probabilities`` and ``logits``, float32, of shape (n, n_labels), as
    ``predict_proba`` and ``decision_function`` return them (for two classes, ``logits`` has two
    columns), and ``extra_probabilities`` and ``extra_logits`` if there are extra labels. States
    that contradict one another are not noticed.

    The metadata have one entry, ``"sklearn_ctran"``, a JSON text: names of labels and extra labels,
    thresholds, how images are made, and versions.

    Before the file is put in its place, onnxruntime computes it for images of noise, and its
    probabilities are compared with the model's.

    Parameters
    ----------
    estimator : object
        A fitted neural estimator: :class:`CTranClassifier`, or ``LinearHead``, ``StandardMLP``,
        ``MultiTask`` or ``ConceptBottleneck`` of :mod:`sklearn_ctran.baselines`; a
        :class:`~sklearn_ctran.model_selection.TunedThresholds` of one, whose thresholds go into
        the metadata; or a search of one.
    path : str or path-like
        The file, with the suffix ``.onnx`` as a rule. One that is there is replaced at the very
        end.

    Raises
    ------
    ImportError
        If onnx or onnxruntime is not installed.
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If it is another estimator; the message says what can be exported.
    ValueError
        If it has rules that cannot be exported, implications or groups that overlap, or if the file
        would be larger than 2 GB.
    RuntimeError
        If the file cannot be made, or predicts something else, as may be with backbones of your
        own.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import onnxruntime
    >>> import numpy as np
    >>> from sklearn_ctran import CTranClassifier, export_onnx
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(60, random_state=0)
    >>> model = CTranClassifier("small", image_size=None, max_epochs=1, random_state=0)
    >>> export_onnx(model.fit(scenes.images, scenes.Y), "model.onnx")
    >>> session = onnxruntime.InferenceSession("model.onnx")
    >>> images = np.repeat(scenes.images[:5, :, :, None], 3, axis=3)  # grey ones as RGB
    >>> states = np.full((5, 10), -1, dtype=np.int8)
    >>> states[:, 9] = 1
    >>> proba, logits = session.run(None, {"images": images, "states": states})
    >>> np.allclose(proba, model.predict_proba(scenes.images[:5], known_labels={9: 1}), atol=1e-3)
    True
    """
    _check_installed()
    file = as_path(path)
    if not file.parent.is_dir():
        raise FileNotFoundError(f"There is no directory {str(file.parent)!r} to save a model in.")
    model, thresholds = _model_and_thresholds(estimator)
    with plain_torch():
        graph = PredictionGraph(model).eval()
        inputs = _inputs(model, graph, 2)
        with torch.no_grad():
            graph(inputs[0], inputs[-1])  # What is made once is a constant from now on.
        names = _input_names(graph), _output_names(model)
        content = _exported(graph, inputs, *names)
        content = _with_metadata(content, _description(model, graph, thresholds))
        _check(content, graph, [_inputs(model, graph, n) for n in (1, 3)], names)
    with replacing(file) as unfinished:
        unfinished.write_bytes(content)


def _check_installed():
    missing = [name for name in ("onnx", "onnxruntime") if not importlib.util.find_spec(name)]
    if missing:
        raise ImportError(
            f"export_onnx needs {' and '.join(missing)}, not installed here: "
            "pip install 'sklearn-ctran[onnxruntime]'."
        )


def _model_and_thresholds(estimator):
    """The fitted neural estimator in what is to be exported, and thresholds of its labels."""
    check_is_fitted(estimator)
    model, _ = unwrap(estimator)
    thresholds = None
    if isinstance(model, TunedThresholds):
        thresholds = model.thresholds_.tolist()
        model, _ = unwrap(model.estimator_)
    if isinstance(model, MultilabelCalibrator):
        raise TypeError(
            "A MultilabelCalibrator cannot be exported: export what it calibrates, its estimator_ "
            "(with ensemble=False), and calibrate what comes out."
        )
    if isinstance(model, NeuralMultilabelClassifier) and not isinstance(model, FeedbackProp):
        check_is_fitted(model)
        return model, thresholds
    raise TypeError(
        f"A {type(model).__name__} cannot be exported: only neural estimators can "
        "(CTranClassifier, LinearHead, StandardMLP, MultiTask, ConceptBottleneck), alone, in a "
        "search or in TunedThresholds."
    )


def _input_names(graph):
    names = {"images": "images", "tokens": "tokens", "features": "features"}
    return [*([names[graph.kind]] if graph.kind in names else []), "states"]


def _output_names(model):
    names = ["probabilities", "logits"]
    return names + (["extra_probabilities", "extra_logits"] if model.task_.n_extra else [])


def _inputs(model, graph, n):
    """Images, tokens or features of noise, if the model reads any, and states that obey rules."""
    generator = torch.Generator().manual_seed(n)
    states = torch.full((n, model.task_.n_all_labels), -1, dtype=torch.int8)
    # One label is known in some rows, which contradicts no group.
    for row in range(1, n):
        states[row, row % states.shape[1]] = 1
    return (*_noise(model, graph, n, generator), states)


def _noise(model, graph, n, generator):
    network = graph.network
    if graph.kind == "images":
        shape = n, *model._input.size, graph.backbone.n_inputs
        return (torch.randint(256, shape, dtype=torch.uint8, generator=generator),)
    if graph.kind == "nothing":
        return ()
    shape = (n, len(network.feature_mean))
    shape = shape if graph.kind == "features" else (n, *_n_tokens(network), shape[1])
    noise = torch.randn(shape, generator=generator)
    scale, mean = network.feature_scale.float(), network.feature_mean.float()
    return (noise * scale + mean,)


def _n_tokens(network):
    """Tokens of an image in training."""
    return (int(np.prod(network.grid)),)


def _exported(graph, inputs, input_names, output_names):
    if graph.kind == "nothing":
        graph = _WithoutImage(graph).eval()
    try:
        content = exported_bytes(graph, inputs, input_names, output_names, any_number=True)
    except Exception as error:  # Exporters raise errors of many types.
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        raise RuntimeError(
            f"The model cannot be exported: {reason}. A backbone of your own may use an operation "
            "that ONNX does not have: export the model with backbone=None, of tokens."
        ) from error
    if len(content) > _MOST_BYTES:
        raise ValueError(
            f"The file would have {len(content):,} bytes, but ONNX files have at most 2 GB: "
            "use a smaller backbone, or memory=None."
        )
    return content


class _WithoutImage(torch.nn.Module):
    def __init__(self, graph):
        super().__init__()
        self.graph = graph

    def forward(self, states):
        return self.graph(states, states)


def _description(model, graph, thresholds):
    """What the metadata say, as a dict of JSON values."""
    task = model.task_
    description = {
        "sklearn_ctran": version("sklearn-ctran"),
        "labels": [_plain(name) for name in task.names],
        "extra_labels": [_plain(name) for name in task.extra_names],
        "one_class": bool(task.exclusive),
        "thresholds": thresholds,
        "input": graph.kind,
    }
    if graph.kind == "images":
        preprocessing = model._input.preprocessing
        height, width = model._input.size
        resize, crop = preprocessing.resize_to, preprocessing.crop_to
        description["images"] = {
            "height": height,
            "width": width,
            "channels": graph.backbone.n_inputs,
            "colours": "RGB" if graph.backbone.n_inputs == 3 else None,
            "resize": resize,
            "crop": crop,
            "mode": preprocessing.mode,
            "interpolation": preprocessing.interpolation,
        }
    return description


def metadata_of(path):
    """The description in the metadata of a file that :func:`export_onnx` wrote, as a dict."""
    import onnx

    (entry,) = (each for each in onnx.load(path).metadata_props if each.key == ENTRY)
    return json.loads(entry.value)


def _plain(name):
    """A label's name as a JSON value."""
    name = name.item() if isinstance(name, np.generic) else name
    return name if isinstance(name, (str, int, float, bool)) else str(name)


def _with_metadata(content, description):
    import onnx  # imported where it is used, because it is optional

    model = onnx.load_from_string(content)
    model.producer_name, model.producer_version = "sklearn-ctran", version("sklearn-ctran")
    onnx.helper.set_model_props(model, {ENTRY: json.dumps(description)})
    return model.SerializeToString()


def _check(content, graph, batches, names):
    """Raise RuntimeError unless a file predicts what the model does, for any number of images."""
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # Errors are raised too.
    options.intra_op_num_threads = torch.get_num_threads()
    input_names, output_names = names
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        for inputs in batches:
            values = dict(zip(input_names, (each.numpy() for each in inputs), strict=True))
            found = session.run(output_names, values)
            with torch.no_grad():
                expected = graph(inputs[0], inputs[-1])
            worst = max(
                np.abs(proba - own.numpy()).max()
                for proba, own in zip(found[::2], expected[::2], strict=True)
            )
            if not worst <= TOLERANCE:
                raise RuntimeError(f"its probabilities differ from the model's by {worst:.3g}")
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        raise RuntimeError(
            f"The exported file does not do what the model does: {reason}. A backbone of your own "
            "may depend on the number of images: export the model with backbone=None, of tokens."
        ) from error
