"""Rows, arrays and datasets of anything: pixels, or a documented error that names the row."""

import io
import os

import numpy as np
import pytest
import torch
from encoded_images import encoded_images, outcome
from fuzzing import fuzz, time_limit
from PIL import Image
from strange_paths import Strange

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="needs alarms"),
    pytest.mark.filterwarnings("ignore"),  # numpy's, PIL's, and that of brightness
]

SECONDS = 10

OF_IMAGES = ["u1", "<u2", ">u2", "?", "<f2", "<f4", ">f4", "<f8", ">f8"]

OF_OTHERS = [
    *("g", "i1", "i4", "i8", "u4", "u8", "c8", "c16", "M8[s]", "m8[s]", "S3", "U3", "O", "V4")
]

MODES = [
    *("1", "L", "P", "RGB", "RGBA", "CMYK", "LAB", "HSV", "I", "F", "I;16", "I;16B", "LA", "PA"),
    *("La", "RGBa", "RGBX", "YCbCr"),
]

ORIENTATIONS = [9, 11, "6", b"6", (6, 6), 6.0, None, [6]]


class Items:
    """A dataset that gives, or raises, what it was made of."""

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, row):
        if isinstance(self.items[row], Exception):
            raise self.items[row]
        return self.items[row]


def make_values(rng, dtype):
    """An array of a dtype, of any shape; its numbers may be beyond the range of pixels."""
    shape = [rng.choice((0, 1, 2, 3, 4, 5, 9)) for _ in range(rng.choice((0, 1, 2, 3, 3, 4, 4, 5)))]
    if shape and rng.random() < 0.7:
        shape[-1] = rng.choice((1, 3, 4))
    if dtype == "V4":
        return np.zeros(shape, dtype)
    values = np.random.default_rng(rng.randrange(1 << 30)).random(shape)
    if dtype in ("O", "S3", "U3"):
        return values.astype(dtype)
    values *= rng.choice((1, 1, 1, 1 / 300, 20, 300, 5000, 70000, -1, 1e30))
    with np.errstate(all="ignore"):
        array = values.astype("i8" if dtype[0] in "mM" else "f8").astype(dtype)
    if array.dtype.kind in "fc" and array.size and rng.random() < 0.3:
        array.flat[rng.randrange(array.size)] = rng.choice((np.nan, np.inf, -np.inf, -0.0, 1e-320))
    return array


def make_array(rng):
    """An array in any layout of memory, of any kind."""
    array = make_values(rng, rng.choice(OF_IMAGES if rng.random() < 0.6 else OF_OTHERS))
    layouts = {
        "backwards": lambda: array[::-1],
        "mirrored": lambda: array[..., ::-1],
        "fortran": lambda: np.asfortranarray(array),
        "masked": lambda: np.ma.masked_array(array, np.full(array.shape, rng.random() < 0.5)),
        "repeated": lambda: np.broadcast_to(array[:1], array.shape),
        "matrix": lambda: array.view(np.matrix) if array.ndim == 2 else array,
    }
    layout = rng.choice([*layouts, "as it is", "as it is", "read-only"])
    array.flags.writeable = layout != "read-only"
    return layouts[layout]() if layout in layouts and array.ndim else array


def make_image(rng):
    """A new image of any mode and size."""
    size = rng.choice(((3, 4), (0, 3), (1, 1), (1, 500)))
    mode = rng.choice(MODES)
    try:
        return Image.new(mode, size, rng.choice((0, 1, 200, -5, 70000)))
    except Exception:
        return Image.new(mode, size)  # It cannot have such a colour.


def open_image(rng, data):
    """An image that PIL has opened, closed or with nonsense in its attributes."""
    image = Image.open(io.BytesIO(data))
    kind = rng.randrange(4)
    if kind == 1:
        image.close()
    elif kind == 2:
        image.info.update(transparency=rng.choice((b"x", 3, (1, 2, 3), "no")), exif=b"nonsense")
    elif kind == 3:
        image.getexif()[0x0112] = rng.choice(ORIENTATIONS)
    return image


def make_file(rng, data):
    file = io.BytesIO(data)
    if rng.random() < 0.3:
        file.close()
    return file


def make_row(rng):
    """What may be an image, and may be anything."""
    data = rng.choice(list(encoded_images().values()))
    some_bytes = rng.choice((data, b"", b"a.png", b"\xff\xfe", b"x" * 5000, data[:20]))
    path = rng.choice(("a.png", None, 3))
    texts = ("", "nowhere.png", "a\0b", "x" * 5000, "/", "/dev/null", "/dev/zero")
    no_paths = ("a.png", b"a.png", 3, None, OSError("no"), RuntimeError("no"))
    others = (None, 3, 2.5, float("nan"), [1, 2], (1,), {1}, object(), torch.zeros(3, 3))
    files = (io.StringIO("x"), bytearray(b"x"), memoryview(b"x"), np.uint8(3))
    makers = [
        lambda: make_array(rng),
        lambda: make_array(rng),
        lambda: make_image(rng),
        lambda: open_image(rng, data),
        lambda: make_file(rng, data),
        lambda: {"bytes": rng.choice((some_bytes, None, "text", 3)), "path": path},
        lambda: rng.choice(({}, {"image": 1}, {"path": path}, {"bytes": [1]}, {1: 2})),
        lambda: some_bytes,
        lambda: data,
        lambda: rng.choice((*texts, "https://a.org/a.jpg", "data:image/png;base64," + "A" * 900)),
        lambda: Strange(rng.choice(no_paths)),
        lambda: rng.choice(others + files),
    ]
    return rng.choice(makers)()


def make_item(rng):
    """What a dataset may give for a row."""
    row = make_row(rng)
    if isinstance(row, np.ndarray) and row.dtype.str in ("|u1", "<f4") and rng.random() < 0.7:
        row = torch.from_numpy(row.copy())
    kind = rng.choice(("image", "pair", "dict", "error"))
    error = rng.choice((OSError("no"), IndexError("no"), StopIteration()))
    return {"image": row, "pair": (row, 7), "dict": {"image": row}, "error": error}[kind]


def check(rng, X):
    with time_limit(SECONDS):
        return outcome(X, decode=rng.random() < 0.5, n_jobs=rng.choice((1, 1, 2)))[0]


def test_arrays():
    counts = fuzz("image arrays", lambda rng: check(rng, make_array(rng)), seconds_share=0.25)
    assert min(counts["read"], counts["ValueError"]) > 0


def test_rows():
    def check_rows(rng):
        return check(rng, [make_row(rng) for _ in range(rng.choice((1, 1, 2, 3)))])

    counts = fuzz("image rows", check_rows, seconds_share=0.5)
    assert min(counts["read"], counts["ValueError"], counts["TypeError"]) > 0


def test_datasets():
    def check_items(rng):
        return check(rng, Items([make_item(rng) for _ in range(rng.choice((1, 1, 2, 3)))]))

    counts = fuzz("image datasets", check_items, seconds_share=0.25)
    assert min(counts["read"], counts["ValueError"]) > 0
