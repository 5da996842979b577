"""A tree of JSON values and its tensors in one safetensors file, with a digest of both."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import torch

from sklearn_ctran._utils.files import replacing

FORMAT = "sklearn-ctran model"
#: Of what this package writes. Files of all earlier formats can be read.
VERSION = 1
#: The entry of the safetensors metadata that holds the JSON text. One entry only: the library
#: writes several in any order, and equal models should be equal files.
ENTRY = "sklearn_ctran"
#: JSON text becomes Python objects of up to twenty times its size.
MOST_TEXT = 1 << 25
_PACKAGES = ("sklearn-ctran", "torch", "torchvision", "scikit-learn", "numpy")
_KEYS = {"format", "version", "digest", "written_by", "model"}
#: What a file may have beside these.
_CARD = "card"
_PICKLE = (b"\x80", b"PK")


def versions_here():
    """Versions of the packages that a model depends on, by name."""
    return {name: version(name) for name in _PACKAGES}


def write_container(path, model, tensors, card=None):
    """Write `model`, a tree of JSON values, and `tensors`, by name, to `path` (Path).

    So is `card`, JSON values too, unless it is None. The file is replaced at once. Raises OSError
    if it cannot be written, ValueError if the tree is larger than what is read.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no directory {str(path.parent)!r} to save a model in.")
    if path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a directory: add the name of a file.")
    header = {
        "format": FORMAT,
        "version": VERSION,
        "digest": "",
        "written_by": versions_here(),
        "model": model,
        **({} if card is None else {_CARD: card}),
    }
    header["digest"] = _digest(header, tensors)
    text = _dumped(header)
    if len(text) > MOST_TEXT:
        raise ValueError(
            f"{str(path)!r}: names and other values that are not numbers make {len(text):,} bytes, "
            f"but a file has at most {MOST_TEXT:,} of them. Use pickle or joblib."
        )
    with replacing(path) as unfinished:
        try:
            save_file(tensors, unfinished, {ENTRY: text})
        except SafetensorError as error:
            raise OSError(f"{str(path)!r} could not be written: {error}") from error


def read_container(path):
    """The tree and the tensors of a file that :func:`write_container` wrote, both by `path`.

    Raises ValueError, which says what is wrong but does not name the file, if it is any other file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as file:
            header = _read_header(file.metadata() or {})
            # Copied: a mapped file that somebody cuts short would end the process later.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(_what_it_is(path, error)) from error
    if header["digest"] != _digest(header, tensors):
        raise ValueError("it was changed or damaged after it was written (its digest is another)")
    return header["model"], tensors


def read_card(path):
    """The card that :func:`write_container` wrote to `path`, or None; no tensor is read.

    Raises ValueError as :func:`read_container`, but whether a card was changed is not found out.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(_what_it_is(path, error)) from error
    return _read_header(metadata).get(_CARD)


def _read_header(metadata):
    text = metadata.get(ENTRY)
    if text is None:
        raise ValueError("it holds tensors, but no model that an estimator's save wrote")
    if len(text) > MOST_TEXT:
        raise ValueError(f"its JSON text is longer than {MOST_TEXT:,} bytes")
    header = json.loads(text, parse_constant=_refuse, object_pairs_hook=_without_repeats)
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError("it holds tensors, but no model that an estimator's save wrote")
    number = header.get("version")
    if type(number) is not int or number < 1:
        raise ValueError(f"its format has no version of which there are files, but {number!r}")
    if number > VERSION:
        raise ValueError(
            f"its format has the version {number}, of a newer sklearn-ctran; this one, "
            f"{version('sklearn-ctran')}, reads versions up to {VERSION}: update it"
        )
    if header.keys() - {_CARD} != _KEYS:
        other = (header.keys() - {_CARD}) ^ _KEYS
        raise ValueError(f"its header has other entries: {sorted(other)[0]!r}")
    return header


def _what_it_is(path, error):
    with open(path, "rb") as file:
        start = file.read(2)
    if start.startswith(_PICKLE):
        return (
            "it is no file that an estimator's save wrote, but perhaps a pickle, or one of "
            "torch.save. pickle and joblib read theirs; do so only if you trust who wrote it"
        )
    return f"it is cut short, damaged or of another kind ({error})"


def _refuse(constant):
    raise ValueError(f"its JSON has {constant}, which is no JSON")


def _without_repeats(pairs):
    names = dict(pairs)
    if len(names) < len(pairs):
        raise ValueError("its JSON has an entry twice")
    return names


def _dumped(tree):
    return json.dumps(tree, separators=(",", ":"), allow_nan=False)


def _digest(header, tensors):
    """Against damage, not against malice: whoever writes a file can write its digest."""
    parts = [header[name] for name in ("written_by", "model", _CARD) if name in header]
    digest = hashlib.blake2b(_dumped(parts).encode(), digest_size=16)
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        if tensor.numel():  # Nothing cannot be viewed as bytes.
            digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def as_path(path):
    """A path as the user wrote it, as a Path; a link is followed."""
    path = Path(path).expanduser()
    return path.resolve() if path.is_symlink() else path
