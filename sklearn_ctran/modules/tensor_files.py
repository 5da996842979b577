"""Files of tensors: none of their code is run, and no size that they declare is believed."""

import io
import pickletools
import re
import threading
import zipfile
from collections import Counter

import torch

from sklearn_ctran._utils.torch_compat import safe_globals

# What a state dict and what trainers keep beside it are made of. torch allows more, such as
# bytearray, of which a short file could ask for any size.
_PARTS = re.compile(
    r"collections (OrderedDict|Counter)|(builtins|__builtin__) (set|complex)|_codecs encode|"
    r"numpy dtype|numpy\.(_core|core)\.multiarray scalar|"
    r"torch (Size|device|\w+Storage|(bool|b?float|u?int|complex)\d*\w*)|"
    r"torch\.nn\.parameter Parameter|"
    r"torch\._utils _rebuild_(tensor|tensor_v2|parameter|parameter_with_state"
    r"|meta_tensor_no_storage)"
)

# How many bytes the calls in a pickle may copy, and the bytes of what is copied for each opcode of
# a tuple of numbers, and of other objects.
_MOST_COPIED = 2**29
_NUMBER = 16
_OBJECT = 32

_CALLS = ("REDUCE", "NEWOBJ")

# What arguments end with, unless they are one object, or were put aside earlier.
_TUPLES = ("EMPTY_TUPLE", "TUPLE", "TUPLE2", "TUPLE3")

# torch's list of allowed names belongs to the whole process.
_lock = threading.Lock()


class _Dtype:
    """Takes the place of numpy.dtype in a pickle."""

    def __init__(self, *args):
        pass

    def __setstate__(self, state):
        pass


_Dtype.__module__, _Dtype.__qualname__, _Dtype.__name__ = "numpy", "dtype", "dtype"


def _stand_in(module, name):
    """Takes the place of a function in a pickle; no value is read."""

    def nothing(*args):
        return None

    nothing.__module__, nothing.__qualname__, nothing.__name__ = module, name, name
    return nothing


# Trainers write their metrics, numpy scalars, beside the weights. numpy 2 renamed the module; torch
# 2.4 allows neither the bytes of a scalar nor sets.
_STAND_INS = [
    _Dtype,
    _stand_in("numpy.core.multiarray", "scalar"),
    _stand_in("numpy._core.multiarray", "scalar"),
    _stand_in("_codecs", "encode"),
    set,
]


def read_tensors(path, prefix=""):
    """Read names and tensors, on the CPU, from a ``.safetensors`` file or one of ``torch.save``.

    The latter has the state dict itself or a dictionary with it under ``state_dict``; numpy scalars
    may be beside it. Tensors of a zip file are mapped, not copied. Raises ValueError, which starts
    with `prefix` and names the file, if it cannot be read, holds anything else, or declares more
    than it has.
    """
    try:
        content, sizes = _read(path)
    # safetensors has an exception class of its own, a direct subclass of Exception.
    except Exception as error:
        raise ValueError(
            f"{prefix}{str(path)!r} cannot be read as a file of tensors, as torch.save("
            f"model.state_dict(), ...) writes it: {_short(error)}"
        ) from error
    state = content.get("state_dict", content) if isinstance(content, dict) else None
    if not (
        isinstance(state, dict)
        and all(isinstance(name, str) and torch.is_tensor(state[name]) for name in state)
    ):
        raise ValueError(f"{prefix}{str(path)!r} holds no state_dict (names and their tensors).")
    problem = _size_problem(state, path.stat().st_size, sizes)
    if problem:
        raise ValueError(f"{prefix}{str(path)!r} is broken: {problem}.")
    return state


def _short(error):
    """The reason in one line; torch's own text advises to run the file's code."""
    text = str(error) or type(error).__name__
    text = text.rpartition("WeightsUnpickler error: ")[2].strip()
    return text.splitlines()[0][:500] if text else type(error).__name__


def _read(path):
    """The content of a file, and the sizes of a zip's entries (None for other files)."""
    if path.suffix.lower() == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path), None
    with path.open("rb") as file:
        # torch looks at these four bytes too.
        is_zip = file.read(4) == b"PK\x03\x04"
        file.seek(0)
        pickles, sizes = _look_into_zip(file) if is_zip else ([file] * 5, None)
        for pickled in pickles:
            _check_pickle(pickled)
    with _lock, safe_globals(_STAND_INS):
        # Mapped, a tensor cannot be larger than the file.
        content = torch.load(str(path), map_location="cpu", weights_only=True, mmap=is_zip)
    return content, sizes


def _look_into_zip(file):
    """The pickles of a zip file and its entries' sizes, after a look at those in its directory."""
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise ValueError("its entries are compressed, which torch.save never does")
        sizes = Counter(entry.file_size for entry in entries)
        if sum(entry.file_size for entry in entries) > file.seek(0, 2):
            raise ValueError("its entries declare more bytes than the file has")
        names = [entry.filename for entry in entries if entry.filename.endswith("data.pkl")]
        return [io.BytesIO(archive.read(name)) for name in names], sizes


def _check_pickle(file):
    """Read past one pickle without building anything; ValueError if it needs more than tensors.

    A call can copy what is in the pickle once: one text or tuple among its arguments, or, where its
    only argument may be any list, as many objects as there are.
    """
    marks, longest, n_calls, n_copied, before = [], 0, 0, 0, ""
    for n_read, (opcode, argument, _) in enumerate(pickletools.genops(file)):
        name = opcode.name
        if name == "GLOBAL" and not _PARTS.fullmatch(argument):
            raise ValueError(f"it holds more than tensors: {argument.replace(' ', '.')}")
        if name == "MARK":
            marks.append(n_read)
        elif marks and pickletools.markobject in opcode.stack_before:
            length = n_read - marks.pop()
            longest = max(longest, _NUMBER * length if name == "TUPLE" else 0)
        if isinstance(argument, (str, bytes)):
            longest = max(longest, len(argument))
        is_call = name in _CALLS
        n_calls += is_call
        n_copied += _OBJECT * n_read * (is_call and before not in _TUPLES)
        if longest * n_calls + n_copied > _MOST_COPIED:
            raise ValueError("it repeats long parts too often")
        before = before if "PUT" in name else name


def _size_problem(state, size, sizes):
    """What is wrong with the tensors of a file of `size` bytes, or None.

    Each storage of a zip file has an entry of its size, or it would go on into the next entry.
    """
    storages = {}
    for name, value in state.items():
        if value.is_meta:
            return f"{name} has no values, only a shape (it was saved on the device 'meta')"
        if value.layout != torch.strided or value.is_quantized or value.is_nested:
            return f"{name} is no plain, dense tensor"
        storage = value.untyped_storage()
        if storage.nbytes():
            storages[storage.data_ptr()] = storage.nbytes()
        if value.nbytes > storage.nbytes():
            return f"{name} declares the shape {tuple(value.shape)}, but has fewer values"
    without_entry = sizes is not None and Counter(storages.values()) - sizes
    if sum(storages.values()) > size or without_entry:
        return "its tensors declare more values than the file has"
    return None
