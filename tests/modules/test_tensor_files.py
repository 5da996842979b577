"""Files of tensors: what trainers write, and what nobody should believe."""

import codecs
import io
import os
import pickle
import random
import zipfile
from collections import Counter, OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from torch_files import Call, repacked

from sklearn_ctran.modules.tensor_files import read_tensors

STATE = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(2)}


# -- what trainers write -----------------------------------------------------------------------


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("module", [b"numpy.core.multiarray", b"numpy._core.multiarray"])
def test_numpy_scalars_beside_the_weights(tmp_path, zipped, module):
    path = tmp_path / "best.pt"
    scalars = {"mAP": np.float64(0.5), "n": np.int64(3), "ok": np.bool_(True), "x": np.float32(1)}
    torch.save(
        {"epoch": 7, "state_dict": STATE, "loss": 0.25, **scalars},
        path,
        _use_new_zipfile_serialization=zipped,
    )
    ours = scalar_module()

    def rename(data):
        return data.replace(b"c" + ours + b"\n", b"c" + module + b"\n")

    if zipped:
        repacked(path, rename)
    else:
        path.write_bytes(rename(path.read_bytes()))
    before = set(torch.serialization.get_safe_globals())  # kept in a set by torch, in any order
    state = read_tensors(path)
    assert set(torch.serialization.get_safe_globals()) == before
    assert state.keys() == STATE.keys()
    assert all(torch.equal(state[name], STATE[name]) for name in STATE)


def scalar_module():
    """Where this numpy has the function that its pickled scalars call."""
    return np.float64(0).__reduce__()[0].__module__.encode()


@pytest.mark.parametrize("zipped", [True, False])
def test_shared_and_wrapped_tensors(tmp_path, zipped):
    table = torch.randn(4, 3)
    state = OrderedDict(a=torch.nn.Parameter(table), b=table[1:], c=table.t(), n=torch.tensor(3))
    torch.save(state, tmp_path / "w.pt", _use_new_zipfile_serialization=zipped)
    read = read_tensors(tmp_path / "w.pt")
    assert all(torch.equal(read[name], state[name]) for name in state)


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"a": Call(os.system, "touch ran")}, r"more than tensors: \w+\.system"),
        ({"a": Call(bytearray, 2**40)}, r"more than tensors: \w+\.bytearray"),
        ({"a": STATE["a"], "x": np.zeros(3)}, "more than tensors: numpy.*_reconstruct"),
        ({"a": torch.zeros(1).expand(2_000_000)}, "a declares the shape .2000000,., but has fewer"),
        ({"a": torch.zeros(3, 4, device="meta")}, "a has no values, only a shape"),
        ({"a": torch.eye(3).to_sparse()}, "more than tensors: torch._utils._rebuild_sparse_tensor"),
        ({1: STATE["a"]}, "holds no state_dict"),
        ({"state_dict": [STATE["a"]]}, "holds no state_dict"),
        (STATE["a"], "holds no state_dict"),
    ],
)
def test_content_that_is_refused(tmp_path, monkeypatch, zipped, content, message):
    monkeypatch.chdir(tmp_path)
    torch.save(content, "w.pt", _use_new_zipfile_serialization=zipped)
    with pytest.raises(ValueError, match=rf"^weights: 'w.pt' .*{message}"):
        read_tensors(Path("w.pt"), "weights: ")
    assert os.listdir() == ["w.pt"]


def test_compressed_zips(tmp_path):
    path = tmp_path / "w.pt"
    torch.save({"a": torch.zeros(1_000_000)}, path)
    repacked(path, bytes, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 10_000
    with pytest.raises(ValueError, match=r"w\.pt' cannot be read .*compressed"):
        read_tensors(path)


def test_zips_whose_entries_overlap(tmp_path):
    path = tmp_path / "w.pt"
    torch.save({"a": torch.zeros(1000)}, path)
    size = (4000).to_bytes(4, "little")
    data = path.read_bytes()
    assert data.count(size) >= 2
    path.write_bytes(data.replace(size, (2**30).to_bytes(4, "little")))
    with pytest.raises(ValueError, match=r"w\.pt' cannot be read .*more bytes than the file has"):
        read_tensors(path)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("declared", [257, 100_000, 2**30])
def test_storages_larger_than_their_bytes(tmp_path, zipped, declared):
    """Both the storage and the shape of 256 values say that there are more."""
    path = tmp_path / "w.pt"
    torch.save({"a": torch.zeros(256)}, path, _use_new_zipfile_serialization=zipped)

    def lie(data):
        assert data.count(b"M\x00\x01") == 2
        return data.replace(b"M\x00\x01", b"J" + declared.to_bytes(4, "little"))

    if zipped:
        repacked(path, lie)
    else:
        path.write_bytes(lie(path.read_bytes()))
    with pytest.raises(ValueError, match=r"w\.pt' "):
        read_tensors(path)


@pytest.mark.parametrize(
    "argument", [("x" * 500_000, "utf-8"), ([(1, 2)] * 200_000,), ((1,) * 200_000,)]
)
def test_calls_that_copy_the_same_large_object(tmp_path, argument):
    """1,200 calls would build hundreds of millions of objects or characters out of one."""
    function = codecs.encode if len(argument) == 2 else OrderedDict
    data = io.BytesIO()
    pickle.Pickler(data, protocol=2).dump([Call(function, *argument) for _ in range(1200)])
    torch.save({}, tmp_path / "w.pt")
    repacked(tmp_path / "w.pt", lambda _: data.getvalue())
    with pytest.raises(ValueError, match="repeats long parts too often"):
        read_tensors(tmp_path / "w.pt")


def test_many_tensors_and_their_optimizer(tmp_path):
    """What trainers keep is far from the limit on copies."""
    state = {f"blocks.{i}.attention.projection.weight": torch.zeros(2) for i in range(5000)}
    moments = {i: {"step": torch.tensor(1.0), "exp_avg": torch.zeros(2)} for i in range(5000)}
    torch.save(
        {
            "state_dict": state,
            "optimizer": {"state": moments, "param_groups": [{"params": list(range(5000))}]},
            "rng": torch.get_rng_state(),
            "python": random.getstate(),
            "names": {"a", "b"},
            "milestones": Counter([3, 6]),
            "device": torch.device("cpu"),
        },
        tmp_path / "w.pt",
    )
    assert read_tensors(tmp_path / "w.pt").keys() == state.keys()


def test_messages_do_not_advise_to_run_the_file(tmp_path):
    torch.save({"a": 2**3000}, tmp_path / "w.pt")  # LONG4, which torch does not read
    with pytest.raises(ValueError, match=r"w\.pt' cannot be read") as caught:
        read_tensors(tmp_path / "w.pt")
    assert "weights_only" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("zipped", [True, False])
def test_mutated_files(tmp_path, zipped):
    """Each ends in tensors or in a ValueError that names the file."""
    path = tmp_path / "w.pt"
    content = {"state_dict": STATE, "mAP": np.float64(0.5)}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    whole, rng = path.read_bytes(), np.random.RandomState(0)
    for _ in range(150):
        data = bytearray(whole[: rng.randint(len(whole)) if rng.rand() < 0.2 else None])
        for at in rng.randint(len(data) or 1, size=rng.randint(1, 4)):
            data[at : at + 1] = rng.bytes(1)
        path.write_bytes(data)
        try:
            read = read_tensors(path)
        except ValueError as error:
            assert "w.pt'" in str(error)
        else:
            assert sum(value.nbytes for value in read.values()) <= len(data)
