"""A Label Studio, which an environment of its own has, and backends (make label-studio)."""

import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image

httpx = pytest.importorskip("httpx")
pytest.importorskip("starlette")

from sklearn_ctran.datasets import make_digit_scenes  # noqa: E402

ACCOUNT = {"email": "ann@example.org", "password": "a-secret-of-hers"}


@pytest.fixture(scope="session")
def programs():
    """The folder of the programs of the environment that has Label Studio."""
    folder = os.environ.get("LABEL_STUDIO_BIN")
    if folder is None:
        pytest.skip("LABEL_STUDIO_BIN does not name the programs of a Label Studio")
    return Path(folder)


@pytest.fixture(scope="session")
def account():
    """Whose Label Studio it is."""
    return ACCOUNT


@pytest.fixture(scope="session")
def label_studio(programs, tmp_path_factory):
    """The address of a Label Studio, and a personal access token."""
    folder, port = tmp_path_factory.mktemp("label_studio"), free_port()
    address = f"http://127.0.0.1:{port}"
    command = [f"{programs}/label-studio", "start", "--no-browser", "--port", str(port)]
    command += ["--username", ACCOUNT["email"], "--password", ACCOUNT["password"]]
    process = started(
        command,
        address,
        folder / "log.txt",
        400,
        LABEL_STUDIO_BASE_DATA_DIR=str(folder),
        # Else it asks no backend on this machine, and tells it nothing.
        ML_BLOCK_LOCAL_IP="false",
        SSRF_PROTECTION_ENABLED="false",
    )
    try:
        yield address, new_token(address)
    finally:
        process.terminate()
        process.wait()


def new_token(address):
    with httpx.Client(base_url=address, timeout=60) as client:
        client.get("/user/login")
        for path, data in (("/user/login", ACCOUNT), ("/api/token/", None)):
            secret = client.cookies["csrftoken"]
            form = None if data is None else data | {"csrfmiddlewaretoken": secret}
            headers = {"X-CSRFToken": secret, "Referer": address}
            answer = client.post(path, data=form, headers=headers)
        return answer.json()["token"]


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    images = make_digit_scenes(12, random_state=1).images
    paths = [str(folder / f"{i:02}.png") for i in range(len(images))]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    return paths


@pytest.fixture(scope="session")
def serve(label_studio):
    """A function that starts a backend of a model file, and returns its address."""
    address, token = label_studio
    with ExitStack() as stack:

        def serve(model):
            port = free_port()
            command = [sys.executable, "-m", "sklearn_ctran", "serve", str(model)]
            command += ["--port", str(port), "--label-studio", address, "--token", "hush"]
            place, log = f"http://127.0.0.1:{port}/hush", model.parent / "log.txt"
            process = started(command, place, log, 120, LABEL_STUDIO_API_KEY=token)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            return place

        yield serve


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def started(command, address, log, seconds, **environment):
    """A process that answers at /health."""
    with open(log, "w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=os.environ | environment)
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        try:
            if httpx.get(f"{address}/health", timeout=5).status_code == 200:
                return process
        except httpx.HTTPError:
            time.sleep(0.5)
    process.kill()
    process.wait()
    raise RuntimeError(f"{command[0]} did not start: {Path(log).read_text()[-2000:]}")
