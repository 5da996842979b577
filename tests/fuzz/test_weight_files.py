"""Files of weights, damaged or made with malice: weights, or an error with the file's name."""

import codecs
import os
import resource
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch
from fuzzing import fuzz, time_limit
from torch_files import Call, repacked, tiny_state

from sklearn_ctran import CTranClassifier
from sklearn_ctran.modules.backbone import make_backbone
from sklearn_ctran.modules.small_cnn import SmallCNN

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="needs alarms"),
    pytest.mark.filterwarnings("ignore:Detected pickle protocol"),
]

SECONDS = 10

OFFICIAL = tiny_state()

SMALL = SmallCNN(widths=(4, 4, 8)).state_dict()

NUMBERS = [float("nan"), float("inf"), -float("inf"), 1e38, -1.0]


def change_values(rng, state, ran):
    """One weight with other values, another shape, dtype or memory; or without its name."""
    name = rng.choice(list(state))
    value = state[name]
    number = rng.choice(NUMBERS)
    changes = {
        "value": lambda: (
            value.clone().flatten().index_fill_(0, torch.tensor(0), number).reshape(value.shape)
            if value.is_floating_point()
            else value
        ),
        "meta": lambda: value.to("meta"),
        "shape": lambda: torch.zeros(
            [n + rng.choice([-1, 0, 1]) if n > 1 else 2 for n in value.shape] or 2
        ),
        "transposed": lambda: value.T if value.ndim == 2 else value[None],
        "dtype": lambda: value.to(
            rng.choice([torch.complex64, torch.bool, torch.int8, torch.float64])
        ),
        "huge": lambda: torch.zeros(1).expand(5_000_000, *value.shape[1:]),
        "sparse": lambda: value.to_sparse(),
        "no tensor": lambda: rng.choice([None, 3, "text", [1.0], value.tolist(), object]),
    }
    kind = rng.choice([*changes, "gone", "renamed", "more"])
    changed = dict(state)
    if kind in changes:
        changed[name] = changes[kind]()
    elif kind == "more":
        changed[rng.choice(["more.weight", "", "conv_downsample.weight", 3])] = value
    else:
        del changed[name]
        if kind == "renamed":
            changed[name + rng.choice(["2", ".weight", "\0"])] = value
    return changed


def call_functions(rng, state, ran):
    """Objects whose unpickling calls a function."""
    command = f"open({str(ran)!r}, 'w').close()"
    calls = [
        Call(os.system, f"touch {ran}"),
        Call(exec, command),
        Call(eval, command),
        Call(bytearray, 6 * 10**9),
        Call(torch.zeros, 2 * 10**9),
        Call(codecs.encode, "x" * 1000, "utf-8"),
        Call(OrderedDict, [(1, 2)]),
        Call(getattr, "text", "upper"),
    ]
    return {**state, "more": rng.choice(calls)}


def wrap(rng, state):
    """A state dict in one of the forms that trainers write."""
    scalar = rng.choice([np.float64, np.float32, float])(0.5)
    return rng.choice([state, {"state_dict": state, "epoch": 7, "valid_mAP": scalar}])


def flip(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 8])):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def cut(rng, data):
    return data[: rng.randrange(len(data))]


def double(rng, data):
    at = rng.randrange(len(data))
    return data[:at] + data[rng.randrange(len(data)) :]


def write(rng, path, state, ran):
    """Write a file, of which most are wrong; say whether it is one of the right ones."""
    kind = rng.choice(["right", "values", "values", "calls", "bytes", "bytes", "pickle"])
    zipped = rng.random() < 0.5
    change = {"values": change_values, "calls": call_functions}.get(kind)
    content = wrap(rng, change(rng, state, ran) if change else state)
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    if kind == "bytes":
        path.write_bytes(rng.choice([flip, cut, double])(rng, path.read_bytes()))
    elif kind == "pickle" and zipped:
        compression = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
        repacked(path, lambda data: flip(rng, data), compression)
    elif kind == "pickle":
        path.write_bytes(flip(rng, path.read_bytes()[:2000]) + path.read_bytes()[2000:])
    return kind == "right"


def load_official(path):
    model = CTranClassifier.from_official_checkpoint(path, backbone=None)
    return model.net_.module_.state_dict()


def load_weights(path):
    trunk = SmallCNN(widths=(4, 4, 8))
    return make_backbone(trunk, path).trunk.state_dict()


@pytest.mark.parametrize(
    ("load", "state"),
    [(load_official, OFFICIAL), (load_weights, SMALL)],
    ids=["official", "weights"],
)
def test_weight_files(tmp_path, load, state):
    path, ran = tmp_path / "some-weights.pt", tmp_path / "RAN"

    def check(rng):
        is_right = write(rng, path, state, ran)
        try:
            with time_limit(SECONDS):
                loaded = load(path)
        except ValueError as error:
            assert "some-weights.pt" in str(error), f"the file is not named: {error}"
            assert not is_right, f"refused: {error}"
            return "refused"
        finally:
            assert not ran.exists(), "a function was called"
        assert all(value.isfinite().all() for value in loaded.values())
        return "loaded"

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    counts = fuzz("weight files", check, seconds_share=0.5)
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert more < 1_000_000, f"{more:,} kB of memory"  # On macOS these are bytes.
    assert min(counts["loaded"], counts["refused"]) > 0
