"""``serve``: its options reach the server."""

import sys
from contextlib import contextmanager

import numpy as np
import pytest

pytest.importorskip("starlette")
pytest.importorskip("httpx")

from sklearn_ctran._cli.commands import serve  # noqa: E402
from sklearn_ctran._serve import server  # noqa: E402


@pytest.fixture
def started(monkeypatch):
    """What the server was started with, a dict; nothing listens."""
    told = {}

    @contextmanager
    def application(model, folder, *, source, **params):
        told.update(params, model=str(model), folder=folder, source=source)
        yield "app"

    def run(app, host, port, quiet):
        told.update(app=app, host=host, port=port, quiet=quiet)

    monkeypatch.setattr(server, "application", application)
    monkeypatch.setattr(server, "run", run)
    return told


def test_the_example(cli, desk, started):
    shown = cli(*serve.EXAMPLE.split()[1:])
    assert shown.exit_code == 0, shown.stderr
    assert (started["model"], started["port"], started["host"]) == (
        "model.ctran",
        9090,
        "127.0.0.1",
    )
    assert started["table"] is None and started["token"] is None and started["folder"] is None
    assert (started["train_every"], started["empty"]) == (0, "unknown")
    assert started["source"]._base == "http://localhost:8080/"


def test_options(cli, desk, started, monkeypatch):
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "key")
    options = ["--host", "0.0.0.0", "--token", "secret", "--allow-host", "a.org", "--quiet"]
    options += ["--local-files", "photos", "--max-megabytes", "2", "--folder", "kept"]
    options += ["--train-every", "20", "--empty", "negative"]
    shown = cli("serve", "model.ctran", *options)
    assert shown.exit_code == 0, shown.stderr
    source = started["source"]
    assert source._token == "key" and source._hosts == {"a.org"}
    assert source._folders == [desk / "photos"] and source._max_bytes == 2 << 20
    assert source._client.is_closed
    assert str(started["folder"]) == "kept" and started["token"] == "secret"
    assert (started["train_every"], started["empty"], started["quiet"]) == (20, "negative", True)


def test_a_table(cli, tags, scenes, started):
    options = ("--table", tags, "--images", "photos", "--missing", "negative")
    shown = cli("serve", "model.ctran", *options, "--empty", "negative")
    assert shown.exit_code == 0, shown.stderr
    images, names, states = started["table"]
    assert [path.rpartition("/")[2] for path in images] == [f"{i:03}.png" for i in range(60)]
    order = [names.index(f"digit {i}") for i in range(10)]
    np.testing.assert_array_equal(states[:, order], scenes.Y)
    assert started["empty"] == "negative"


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--host", "0.0.0.0"], 1, "give it a --token"),
        (["--label-studio", "localhost"], 1, "must begin with http://"),
        (["--local-files", "gone"], 1, "gone"),
        (["--empty", "maybe"], 2, "--empty is 'unknown' or 'negative'"),
        (["--port", "70000"], 2, "--port"),
    ],
)
def test_mistakes(options, code, message, cli, desk, started):
    shown = cli("serve", "model.ctran", *options)
    assert shown.exit_code == code and message in shown.stderr


def test_no_model(cli, desk):
    shown = cli("serve", "gone.ctran")
    assert shown.exit_code == 1 and "There is no model file 'gone.ctran'" in shown.stderr


def test_without_its_packages(cli, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn_ctran._serve.photos", None)
    monkeypatch.delattr("sklearn_ctran._serve.photos")
    shown = cli("serve", "model.ctran")
    assert shown.exit_code == 1 and 'pip install "sklearn-ctran[serve]"' in shown.stderr
