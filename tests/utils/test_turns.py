"""Worker processes take turns on a device; here a CPU stands for the GPU that they share."""

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

import joblib
import numpy as np
import pytest
import torch
from made_images import noise
from small_models import quick
from torch import nn

from sklearn_ctran import ImageTokens
from sklearn_ctran._cache.index import Index
from sklearn_ctran._images import engines
from sklearn_ctran._neural.net import LabelMaskNet
from sklearn_ctran._utils import turns


@pytest.fixture
def shared(monkeypatch, tmp_path):
    """The CPU is shared, with locks of this test's own."""
    monkeypatch.setattr(turns, "is_shared", lambda device: True)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(turns, "_turns", {})
    return tmp_path


def test_only_gpus_of_workers_are_shared(monkeypatch):
    assert not turns.is_shared("cpu") and not turns.is_shared("cuda")
    monkeypatch.setattr(multiprocessing, "parent_process", multiprocessing.current_process)
    assert turns.is_shared("cuda") and turns.is_shared("cuda:1")
    assert not turns.is_shared("cpu") and not turns.is_shared("mps")


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_workers_of_joblib_are_known(backend):
    with joblib.parallel_config(backend=backend, n_jobs=2):
        assert joblib.Parallel()(joblib.delayed(turns.is_shared)("cuda") for _ in range(2)) == [
            True,
            True,
        ]


def test_nothing_is_locked_where_nothing_is_shared(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with turns.turn("cpu"):
        assert os.listdir(tmp_path) == []


def test_blocks_and_threads_share_a_turn(shared, monkeypatch):
    given_back = []
    monkeypatch.setattr(turns, "_give_back", given_back.append)
    with turns.turn("cpu"), turns.turn("cpu"):
        with pytest.raises(ZeroDivisionError), turns.turn("cpu"):
            raise ZeroDivisionError
        assert turns.is_held("cpu") and not turns.is_held("meta")

        def other():
            with turns.turn("cpu"):
                pass

        thread = threading.Thread(target=other)
        thread.start()
        thread.join(10)
        assert not thread.is_alive() and given_back == []
    assert not turns.is_held("cpu") and given_back == ["cpu"]


OTHER = """
import os, sys, time
from sklearn_ctran._utils import turns
turns.is_shared = lambda device: True
log, n = sys.argv[1:]
for _ in range(int(n)):
    with turns.turn("cpu"):
        for word in ("in", "out"):
            with open(log, "a") as file:
                file.write(f"{os.getpid()} {word}\\n")
            time.sleep(0.02 if int(n) > 1 else 60)
"""


def start(folder, n):
    environment = os.environ | {"TMPDIR": str(folder), "TEMP": str(folder)}
    command = [sys.executable, "-c", OTHER, str(folder / "log"), str(n)]
    return subprocess.Popen(command, env=environment)


def lines(folder):
    return (folder / "log").read_text().split("\n")[:-1] if (folder / "log").exists() else []


def test_processes_take_turns(tmp_path):
    processes = [start(tmp_path, 8) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    found = lines(tmp_path)
    assert len(found) == 32 and len({line.split()[0] for line in found}) == 2
    for entered, left in zip(found[::2], found[1::2], strict=True):
        assert entered.split()[0] == left.split()[0]
        assert (entered.split()[1], left.split()[1]) == ("in", "out")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_process_has_no_turn_any_more(shared):
    process = start(shared, 1)
    end = time.monotonic() + 60
    while not lines(shared) and time.monotonic() < end:
        time.sleep(0.05)
    got_it = threading.Event()

    def wait():
        with turns.turn("cpu"):
            got_it.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert not got_it.wait(0.3)
    process.kill()
    process.wait()
    assert got_it.wait(30)
    thread.join()


def test_a_folder_of_another_user_is_refused(shared, monkeypatch):
    with turns.turn("cpu"):
        (folder,) = shared.glob("sklearn-ctran-turns-*")
    if hasattr(os, "getuid"):
        assert folder.stat().st_mode & 0o777 == 0o700
        monkeypatch.setattr(os, "getuid", lambda: 123456)
        folder.rename(shared / "sklearn-ctran-turns-123456")
        with pytest.raises(PermissionError, match="belongs to another user"), turns.turn("cpu"):
            pass


def test_gpus_are_named_alike_in_all_processes(monkeypatch):
    class Properties:
        def __init__(self, index):
            self.uuid = f"GPU-{index + 4}"

    monkeypatch.setattr(torch.cuda, "get_device_properties", Properties)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    assert turns._name("cuda") == turns._name("cuda:1") == "GPU-5"
    assert turns._name("cuda:0") == "GPU-4"
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: None)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "6")
    assert turns._name("cuda:0") == "6 0"
    assert turns._name("cpu") == "cpu"


class Watched(nn.Module):
    """A backbone that wants a turn for more than one image."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 4, stride=4)

    def forward(self, x):
        assert len(x) == 1 or turns.is_held("cpu")  # one black image is for its shape
        return self.conv(x)


@pytest.mark.parametrize("trained", [False, True])
def test_what_computes_has_a_turn_and_what_waits_for_others_has_none(
    shared, tmp_path, monkeypatch, trained
):
    """Waiting for another process's claim inside of a turn would be a deadlock."""
    claim, step, infer = Index.claim, LabelMaskNet.train_step_single, LabelMaskNet.mean_logits
    counts = {"claims": 0, "steps": 0, "predictions": 0}

    def claims(index, *args):
        assert not turns.is_held("cpu")
        counts["claims"] += 1
        return claim(index, *args)

    def steps(net, *args, **params):
        assert turns.is_held("cpu")
        counts["steps"] += 1
        return step(net, *args, **params)

    def predicts(net, *args):
        assert turns.is_held("cpu")
        counts["predictions"] += 1
        return infer(net, *args)

    monkeypatch.setattr(Index, "claim", claims)
    monkeypatch.setattr(LabelMaskNet, "train_step_single", steps)
    monkeypatch.setattr(LabelMaskNet, "mean_logits", predicts)
    monkeypatch.setattr(engines, "is_fusible", lambda *args: False)
    X, Y = noise(40, 12, 12), np.random.RandomState(0).randint(2, size=(40, 3))
    settings = {"image_size": 12, "batch_size": 8, "cache": tmp_path / "cache", "device": "cpu"}
    backbone = Watched()
    model = quick(backbone, **settings, train_backbone=trained, early_stopping=True)
    model.fit(X, Y).predict_proba(X)
    model.encode(X)
    ImageTokens(backbone, **settings).fit_transform(X)
    assert all(counts.values()) and not turns.is_held("cpu")
