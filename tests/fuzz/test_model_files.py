"""Saved models, damaged or made with malice: a model, or an error with the file's name.

No code is run, whatever a file holds, and no memory taken for sizes that it only declares.
"""

import json
import os
import resource
import sys
import time
import warnings
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
import torch
from fuzzing import fuzz
from model_files import entries, header_and_tensors, replace, write
from small_models import RULES, quick

from sklearn_ctran import load
from sklearn_ctran.baselines import FeedbackProp, LinearHead, MaskedLinear, MLkNN
from sklearn_ctran.model_selection import MultilabelCalibrator, TunedThresholds

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs getrusage")

SECONDS = 5
#: What would run code of a file's, unless a library imports a part of itself.
EVENTS = {"import", "exec", "compile", "os.system", "os.exec", "subprocess.Popen"}
EVENTS |= {"pickle.find_class", "ctypes.dlopen", "socket.connect"}
LIBRARIES = {*sys.stdlib_module_names, "numpy", "scipy", "sklearn", "sklearn_ctran", "torch"}
LIBRARIES |= {"torchvision", "skorch"}
HOSTILE = [
    *(None, True, 0, -1, 1, 2, 2**31, 2**63, 10**400, 0.5, -0.0, 1e308, 5e-324),
    *("", "cat", "x" * 100_000, "../../../etc/passwd", "/dev/zero", "os.system", "__class__", "\0"),
    *([], {}, [[]], [0] * 1000, {"type": "tuple", "items": []}, {"type": "float", "value": "nan"}),
    {"type": "float", "value": "inf"},
    {"type": "bytes", "hex": "80049500"},
    {"type": "path", "value": "/dev/zero"},
    {"type": "optimizer", "name": "Adam"},
    {"type": "object", "name": "os", "fields": {}},
    {"type": "object", "name": "TokenCache", "fields": {"location": "/proc/x"}},
    {"type": "same", "number": 0},
    {"type": "same", "number": 10**9},
    {"type": "objects", "width": None, "shape": [2**62], "items": []},
    {"type": "objects", "width": 2**31, "shape": [1], "items": ["a"]},
    {"type": "scalar", "dtype": "float64", "value": 1},
]
DEEP = 3000


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Content of the files of several models, as (bytes, header, tensors, X)."""
    rng = np.random.RandomState(0)
    X = rng.randn(40, 4).astype(np.float32)
    Y = np.stack([*np.eye(3, dtype=int)[np.arange(40) % 3].T, *(X[:, :2] > 0).T], axis=1)
    Y = pd.DataFrame(Y, columns=["sun", "rain", "snow", "cat", "dog"])
    Y["animal"] = Y["cat"] | Y["dog"]
    E = pd.DataFrame({"city": X[:, 2] > 0, "farm": X[:, 2] <= 0}).astype(int)
    pictures = rng.randint(256, size=(12, 9, 9, 3), dtype=np.uint8)
    simple = rng.randint(2, size=(40, 3))
    small = LinearHead("small", image_size=None, max_epochs=1, random_state=0)
    models = [
        (quick(None, **RULES).fit(X, Y, extra_labels=E), X),
        (TunedThresholds(MaskedLinear(), cv=2, random_state=0).fit(X, simple), X),
        (MultilabelCalibrator(MLkNN(3), cv=2, method="isotonic", ensemble=True).fit(X, simple), X),
        (FeedbackProp(small).fit(pictures, simple[:12]), pictures),
    ]
    files = []
    for model, given in models:
        path = tmp_path_factory.mktemp("right") / "m"
        model.save(path)
        load(path).predict_proba(given)  # Everything is imported before anything is watched.
        files.append((path.read_bytes(), *header_and_tensors(path), given))
    return files


class Watch:
    """Notes what Python says of code that is about to run, and of modules to be imported."""

    def __init__(self):
        self.on, self.seen = False, []
        sys.addaudithook(self._hook)

    def _hook(self, event, arguments):
        if not self.on or event not in EVENTS or is_importing():
            return
        if event != "import":
            self.seen.append(event)
        elif arguments[0].partition(".")[0] not in LIBRARIES:
            self.seen.append(f"import {arguments[0]}")


def is_importing():
    """Whether this was called by the import of a module."""
    frame = sys._getframe()
    while frame is not None and "importlib" not in frame.f_code.co_filename:
        frame = frame.f_back
    return frame is not None


WATCH = Watch()


# -- ways to spoil a file --------------------------------------------------------------------------


def flip(rng, data):
    data, whole = bytearray(data), len(data)
    start = 8 + int.from_bytes(data[:8], "little")
    for _ in range(rng.choice([1, 1, 2, 8])):
        data[rng.randrange(rng.choice([8, start, whole]))] = rng.randrange(256)
    return bytes(data)


def cut(rng, data):
    at = rng.randrange(len(data))
    return rng.choice([data[:at], data[at:], data[:at] + data[rng.randrange(len(data)) :]])


def raw_header(rng, data):
    """The table of the tensors with other sizes, places and kinds."""
    n = int.from_bytes(data[:8], "little")
    table = json.loads(data[8 : 8 + n])
    name = rng.choice([each for each in table if each != "__metadata__"])
    numbers = [-1, 0, 1, 2**31, 2**63, 2**64, 10**30, 0.5, "1", None]
    change = rng.choice(["shape", "data_offsets", "dtype", "name", "deep", "metadata"])
    if change in ("shape", "data_offsets"):
        table[name][change] = [rng.choice(numbers) for _ in range(rng.choice([0, 1, 2, 2, 9]))]
    elif change == "dtype":
        table[name]["dtype"] = rng.choice(["F64", "F16", "I8", "BOOL", "U64", "X", 3, "C64"])
    elif change == "name":
        table[rng.choice(["more", "", "__metadata__"])] = table.pop(name)
    elif change == "deep":
        table[name] = json.loads("[" * 500 + "]" * 500)
    else:
        table["__metadata__"] = rng.choice([{}, [], None, {"sklearn_ctran": 3}, {"a": "b"}])
    text = json.dumps(table).encode()
    return len(text).to_bytes(8, "little") + text + data[8 + n :]


def change_tree(rng, header, tensors):
    """Some values of the JSON are replaced, left out, doubled or put at another place."""
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        places = [at for at in entries(header["model"]) if at]
        at = rng.choice(places)
        value = header["model"]
        for key in at:
            value = value[key]
        other = header["model"]
        for key in rng.choice(places):
            other = other[key]
        kind = rng.choice(["hostile", "hostile", "near", "other", "gone", "more", "deep"])
        if kind == "gone":
            parent = header["model"]
            for key in at[:-1]:
                parent = parent[key]
            del parent[at[-1]]
            continue
        new = {
            "hostile": rng.choice(HOSTILE),
            "near": near(rng, value),
            "other": deepcopy(other),
            "more": [value, value]
            if rng.random() < 0.5
            else {"type": "dict", "items": [[1, value]]},
            "deep": json.loads("[" * 300 + "]" * 300),
        }[kind]
        replace(header["model"], at, new)


def near(rng, value):
    """A value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + rng.choice([-1, 1, 1000, 10**6, 10**9])
    if isinstance(value, str):
        return rng.choice([value + "2", value[:-1], value.upper()])
    if isinstance(value, list):
        return rng.choice([value[:-1], value * 2, value[::-1], value * 50])
    return value


def change_tensors(rng, header, tensors):
    """Tensors of other sizes, kinds and values, or without a name in the JSON."""
    for _ in range(rng.choice([1, 1, 2])):
        name = rng.choice(sorted(tensors))
        value = tensors[name]
        changes = {
            "dtype": lambda v: v.to(
                rng.choice([torch.float64, torch.int64, torch.int8, torch.bool])
            ),
            "longer": lambda v: torch.cat([v, v]) if v.ndim else v[None],
            "shorter": lambda v: v[:-1] if v.ndim else v[None],
            "turned": lambda v: v.T.contiguous() if v.ndim == 2 else v[None],
            "empty": lambda v: v[:0] if v.ndim else v[None],
            "values": lambda v: torch.full_like(v, rng.choice([0, -1, 1, 100])),
            "infinite": lambda v: (
                torch.full_like(v, rng.choice([torch.nan, torch.inf, 1e38]))
                if v.is_floating_point() and v.dtype != torch.float16
                else torch.full_like(v, 127)
            ),
            "random": lambda v: (100 * torch.randn(v.shape)).to(v.dtype),
        }
        kind = rng.choice([*changes, "gone", "renamed"])
        if kind in changes:
            tensors[name] = changes[kind](value).contiguous()
        else:
            del tensors[name]
            if kind == "renamed":
                tensors[name + "2"] = value


def change_header(rng, header, tensors):
    """Another format or version, other entries, text that is no model."""
    name = rng.choice(list(header))
    header[name] = rng.choice(HOSTILE)


def spoil(rng, path, data, header, tensors):
    """Write a file that is wrong, most of the time with a digest that is right."""
    kind = rng.choice(
        [flip, cut, raw_header, change_tree, change_tree, change_tensors, change_header]
    )
    if kind in (flip, cut, raw_header):
        path.write_bytes(kind(rng, data))
        return
    header, tensors = deepcopy(header), dict(tensors)
    fresh = kind is not change_header or rng.random() < 0.5
    try:
        if kind is change_tree and rng.random() < 0.02:
            header["model"]["params"]["random_state"] = nested(DEEP)
        else:
            kind(rng, header, tensors)
        write(path, header, tensors, fresh_digest=fresh)
    except (RecursionError, ValueError, TypeError, AttributeError, KeyError):
        path.write_bytes(flip(rng, data))  # Not even a digest can be made of it.


def nested(depth):
    value = 0
    for _ in range(depth):
        value = {"type": "tuple", "items": [value]}
    return value


def test_model_files(tmp_path, files, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "some-model.safetensors"

    def check(rng):
        data, header, tensors, X = rng.choice(files)
        spoil(rng, path, data, header, tensors)
        start = time.monotonic()
        WATCH.seen, WATCH.on = [], True
        try:
            model = load(path)
        except ValueError as error:
            assert "some-model.safetensors" in str(error), f"the file is not named: {error}"
            return "refused"
        finally:
            WATCH.on = False
            assert not WATCH.seen, f"code was run: {set(WATCH.seen)}"
            assert time.monotonic() - start < SECONDS, "it took too long"
            assert os.listdir() == [path.name]
        return "loaded" if answers(model, X) else "does not answer"

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    counts = fuzz("model files", check)
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert more < 1_000_000, f"{more:,} kB of memory"  # On macOS these are bytes.
    assert min(counts["loaded"], counts["refused"]) > 0


def answers(model, X):
    """Whether a model predicts; it may say what is wrong with it, and with other data."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            proba = model.predict_proba(X)
    except (ValueError, TypeError):
        return False
    assert proba.shape == (len(X), model.n_labels_)
    assert ((proba >= 0) & (proba <= 1)).all()
    return True
