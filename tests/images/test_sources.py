"""What a row may hold: paths and encoded files in any wrapping, and files that must not be read."""

import io
import os
import socket

import numpy as np
import pandas as pd
import pytest
import torch
from made_images import load, noise, photo
from PIL import Image
from strange_paths import Strange

from sklearn_ctran._images.images import check_images
from sklearn_ctran._images.preprocessing import Preprocessing


def in_memory(path):
    """The same file in every form but a path."""
    data = path.read_bytes()
    read_before = io.BytesIO(data)
    read_before.read(10)
    return [
        data,
        io.BytesIO(data),
        read_before,
        {"bytes": data, "path": None},
        {"bytes": data, "path": "no longer there.jpg"},
        {"bytes": None, "path": str(path)},
        {"bytes": data},
        {"path": path},
    ]


@pytest.mark.parametrize("decode", [False, True])
def test_files_in_memory_are_the_files(paths, decode):
    for path in paths:
        X = in_memory(path)
        expected = load([path] * len(X), 16)
        for container in (X, tuple(X), pd.Series(X), pd.DataFrame({"image": X})):
            assert torch.equal(load(container, 16, decode=decode), expected)
        images = check_images(X)
        assert torch.equal(images.batch([0, 1], Preprocessing(None)), load([path] * 2))
        assert set(images.keys()) == set(check_images([path]).keys())


@pytest.mark.parametrize(
    ("data", "pixels"),
    [(b"P5 2 1 255\nab", [[97] * 3, [98] * 3]), (b"P6 1 1 255\nabc", [[97, 98, 99]])],
)
def test_bytes_without_a_zero_may_be_an_image(data, pixels):
    assert load([data])[0, :, 0].T.tolist() == pixels


def test_formats_of_text_are_images(tmp_path):
    mask = np.eye(9, dtype=bool)
    Image.fromarray(mask).save(tmp_path / "mask.xbm")
    data = (tmp_path / "mask.xbm").read_bytes()
    assert b"\0" not in data
    assert torch.equal(load([data]), load([tmp_path / "mask.xbm"]))


@pytest.mark.parametrize("name", ["a.png", "P5 a.png", "P1030.png", "BM.png", "ä\udcff.png"])
def test_bytes_may_be_a_path(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(photo()).save("a.png")
    os.rename("a.png", name)
    images = check_images([os.fsencode(name)])
    assert torch.equal(images.batch([0], Preprocessing(None)), load([photo()]))
    assert images.keys() == check_images([name]).keys()
    os.remove(name)
    with pytest.raises(FileNotFoundError, match=f"row 0: {name}: there is no such file"):
        check_images([os.fsencode(name)])


@pytest.mark.parametrize("data", [b"", b"\0", b"x" * 5000, b"\xff\xd8\xff\xe0\0\x10JFIF"])
def test_bytes_that_are_neither(paths, data):
    for item in (data, io.BytesIO(data), {"bytes": data}):
        with pytest.raises(ValueError, match=r"row 1: cannot be read as an image: .{3,200}$"):
            check_images([paths[0], item])


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({}, r"row 1 is a dict with the keys \[\]"),
        ({"image": 1, "label": 2}, r"row 1 is a dict with the keys \['image', 'label'\]"),
        ({"bytes": None, "path": None}, "row 1 is a dict with the keys"),
        ({"bytes": [1, 2]}, "row 1 is a dict"),
        (bytearray(b"x"), "row 1 is a bytearray; an image is a path, an encoded file"),
        (io.StringIO("x" * 9999), "row 1 is a StringIO;"),
        (["x" * 9999], "row 1 is a list;"),
        (object(), "row 1 is a object;"),
    ],
)
def test_what_is_no_image_is_said_in_short(paths, item, message):
    with pytest.raises(TypeError, match=message) as raised:
        check_images([paths[0], item])
    assert len(str(raised.value)) < 300


def test_a_closed_file_is_named(paths):
    file = io.BytesIO(paths[0].read_bytes())
    file.close()
    with pytest.raises(ValueError, match="row 0: .*closed"):
        check_images([file])


@pytest.mark.parametrize("value", [3, None, RuntimeError("gone"), "a\0b"])
def test_strange_paths_are_named(value):
    with pytest.raises(ValueError, match="row 0: .*cannot be read as an image"):
        check_images([Strange(value)])


def test_messages_shorten_long_paths():
    with pytest.raises(FileNotFoundError) as raised:
        check_images(["data:image/png;base64," + "A" * 3000])
    assert str(raised.value).startswith("row 0: data:image/png;base64,AAA")
    assert len(str(raised.value)) < 300


@pytest.fixture
def specials(tmp_path, monkeypatch):
    """What is no file, and what it is called."""
    monkeypatch.chdir(tmp_path)  # Names of sockets must be short.
    os.mkfifo("pipe.jpg")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.bind("socket.jpg")
        os.mkdir("folder.jpg")
        yield {
            "pipe.jpg": "a named pipe",
            "socket.jpg": "a socket",
            "folder.jpg": "a folder",
            "/dev/zero": "a device",
        }


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a POSIX system")
@pytest.mark.parametrize("decode", [False, True])
def test_what_is_no_file_is_not_opened(paths, specials, decode):
    for name, kind in specials.items():
        for item in (name, name.encode(), {"path": name}):
            with pytest.raises(ValueError, match=f"row 1: {name}: cannot be .*: it is {kind}"):
                check_images([paths[0], item], decode=decode)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a POSIX system")
def test_a_file_that_becomes_a_pipe_is_not_opened(paths):
    images = check_images(paths)
    for path in paths[:2]:
        path.unlink()
        os.mkfifo(path)
    for row, name in enumerate(["a.png", "b.jpg"]):  # JPEG files have another decoder.
        with pytest.raises(ValueError, match=rf"row {row}: .*{name}: .* a named pipe"):
            images.batch([row], Preprocessing(None))
    with pytest.raises(ValueError, match=r"row 0: .*a\.png: .* a named pipe"):
        images.keys()


@pytest.mark.parametrize("mode", ["RGB", "P", "I"])
def test_one_pil_image_in_many_rows_and_threads(tmp_path, mode):
    image = Image.fromarray(noise(1, 200, 200)[0])
    image = image.convert("L").convert("I") if mode == "I" else image.convert(mode)
    options = {"transparency": 3} if mode == "P" else {}
    image.save(tmp_path / "image.tiff" if mode == "I" else tmp_path / "image.png", **options)
    (path,) = tmp_path.iterdir()
    values = np.asarray(image)
    if mode == "I":
        Image.fromarray(np.uint16(values * 257)).save(path)
    expected, key = load([path] * 24, 32), check_images([Image.open(path)]).keys()
    for _ in range(8):
        with Image.open(path) as lazy:
            images = check_images([lazy] * 24, n_jobs=8)
            assert torch.equal(images.batch(range(24), Preprocessing(32)), expected)
            assert images.keys() == key * 24


def test_a_path_is_said_once():
    with pytest.raises(ValueError, match=r"a/: cannot be read as an image: File name too long$"):
        check_images(["a" * 300 + "/"])


def test_which_entry_of_a_dict_is_the_image():
    with pytest.raises(TypeError, match=r"keys \['label', 'img'\]: give its 'img' alone; an image"):
        check_images([{"label": "cat", "img": Image.new("L", (4, 4))}])
