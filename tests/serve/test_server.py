"""The server as a whole: started, killed, started again."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import numpy as np
import pytest

from sklearn_ctran._serve.server import application, check_reachable, run

CODE = """
import sys
from sklearn_ctran._serve.photos import PhotoSource
from sklearn_ctran._serve.server import application, run
model, folder, photos, port = sys.argv[1:]
with application(model, folder, source=PhotoSource(folders=[photos]), train_every=12) as app:
    run(app, "127.0.0.1", int(port), quiet=True)
"""


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def asked(port, path, request=None):
    data = None if request is None else json.dumps(request).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", data, timeout=30) as answer:
        return json.load(answer)


def until(condition, seconds=240):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = condition()
        except OSError:
            found = None
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("nothing came")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_killed_in_training_nothing_is_lost(model, photos, scenes, label_config, port, tmp_path):
    arguments = [model, tmp_path / "server", tmp_path / "photos", port]

    def begin():
        return subprocess.Popen([sys.executable, "-c", CODE, *map(str, arguments)])

    server = begin()
    try:
        until(lambda: asked(port, "/health"))
        for number in range(12):
            labels = [f"digit {i}" for i in np.flatnonzero(scenes.Y[number])]
            result = {"from_name": "digits", "type": "choices", "value": {"choices": labels}}
            request = {
                "action": "ANNOTATION_CREATED",
                "project": {"id": 1, "label_config": label_config()},
                "task": {"id": number, "data": {"image": photos[number]}},
                "annotation": {"id": number, "result": [result]},
            }
            asked(port, "/webhook", request)
        until(lambda: asked(port, "/status")["training"]["state"] == "training")
        server.send_signal(signal.SIGKILL)
        server.wait()
        server = begin()
        state = until(lambda: asked(port, "/status"))
        assert state["annotations"] == 12
        # It begins again by itself, and comes to its end.
        state = until(lambda: (s := asked(port, "/status"))["model_version"] == "1" and s)
        assert state["new_annotations"] == 0
        server.send_signal(signal.SIGINT)
        assert server.wait(30) in (0, -signal.SIGINT, 130, 1)
    finally:
        server.kill()
        server.wait()


def test_a_port_in_use(start):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        app = start().app
        with pytest.raises(OSError, match="Port .* of 127.0.0.1 cannot be had"):
            run(app, "127.0.0.1", taken.getsockname()[1], quiet=True)


def test_no_model(tmp_path):
    with (
        pytest.raises(FileNotFoundError, match="There is no model file"),
        application(tmp_path / "gone.ctran"),
    ):
        pass


def test_a_file_of_a_stranger(tmp_path):
    path = tmp_path / "model.ctran"
    path.write_bytes(b"cos\nsystem\n(S'touch owned'\ntR.")
    with pytest.raises(ValueError, match=r"model\.ctran"), application(path, source=None):
        pass
    assert not os.path.exists("owned")
    # Nothing holds the folder.
    with pytest.raises(ValueError, match=r"model\.ctran"), application(path, source=None):
        pass


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_this_machine_needs_no_token(host):
    check_reachable(host, None)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "example.org", "192.168.1.1"])
def test_others_need_a_token(host):
    check_reachable(host, "secret")
    with pytest.raises(ValueError, match="give it a --token"):
        check_reachable(host, None)
