"""What a fit is made of, as text, by which another process recognises it."""

from hashlib import blake2b
from importlib.metadata import version

import numpy as np

from sklearn_ctran._images.tokens import Tokens
from sklearn_ctran._neural.distributed import ALONE
from sklearn_ctran.modules.fingerprint import describe

#: Parameters that do not change the model that a fit comes to, but for rounding.
_WITHOUT_EFFECT = {"cache", "checkpoint", "device", "n_jobs", "on_error", "verbose"}
_PACKAGES = ("sklearn-ctran", "torch", "torchvision", "skorch", "scikit-learn", "numpy")


def describe_fit(estimator, data, true_states, sample_weight, held_out=None, share=ALONE):
    """Name -> text of everything that a fit depends on, but the state of a random generator.

    `data` are Images or Tokens. Names that begin with "the " have digests as text. Empty where
    nothing is kept.
    """
    if estimator.checkpoint is None or not share.is_first:
        return {}
    task = estimator.task_
    names = [*task.names.tolist(), *task.extra_names.tolist()]
    description = {
        "the images": _digest(_image_parts(data)),
        "the labels": _digest([true_states, repr((task.n_classes, names)).encode()]),
        "the sample weights": _digest([sample_weight]),
        "processes": str(share.n),
    }
    if held_out is not None:
        description["the held-out rows"] = _digest([held_out])
    if estimator.warm_start and hasattr(estimator, "net_"):
        weights = estimator.net_.module_.state_dict().values()
        description["the weights of the last fit"] = _digest(each.cpu().numpy() for each in weights)
    for name, value in estimator.get_params(deep=False).items():
        if name not in _WITHOUT_EFFECT:
            description[name] = _as_text(name, value)
    return description | {name: version(name) for name in _PACKAGES}


def _image_parts(data):
    if isinstance(data, Tokens):
        return [data.values]
    return [repr(data.shape).encode()] if not len(data) else data.keys()


def _digest(parts):
    """A digest of arrays and bytes."""
    digest = blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype.str} {part.shape}".encode())
            part = np.ascontiguousarray(part)
        digest.update(part)
    return digest.hexdigest()


def _as_text(name, value):
    if name == "random_state" and not isinstance(value, (int, np.integer)):
        return "None" if value is None else "a generator"
    if name == "callbacks":  # Most hold functions, which cannot be compared.
        return repr([type(each).__name__ for each in value or []])
    return repr(value) if _is_plain(value) else f"{type(value).__name__} {describe(value)}"


def _is_plain(value):
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, [*value, *value.values()]))
    return value is None or isinstance(value, (bool, int, float, str))
