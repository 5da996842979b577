"""Small images in every format, mutations of such files, and what becomes of hostile images."""

import io
import struct
import zlib
from functools import cache

import numpy as np
import torch
from made_images import noise, photo
from PIL import Image, features

from sklearn_ctran._images.images import check_images
from sklearn_ctran._images.preprocessing import Preprocessing

DOCUMENTED = (FileNotFoundError, TypeError, ValueError)

PNG = b"\x89PNG\r\n\x1a\n"


@cache
def encoded_images():
    """Files of many formats and modes: their bytes, by name."""
    image, other = Image.fromarray(noise(1, 18, 27)[0]), Image.fromarray(photo(18, 27))
    deep = Image.fromarray(np.arange(18 * 27, dtype=np.uint16).reshape(18, 27) * 134)
    exif = Image.Exif()
    exif[0x0112], exif[0x010E], exif[0x0132] = 6, "text", "2020:01:01 00:00:00"
    files = {}

    def add(format, image=image, **options):
        if options.get("save_all"):
            options["append_images"] = [other.copy()]
        with io.BytesIO() as buffer:
            image.copy().save(buffer, format, **options)  # Saving leaves settings behind.
            files[f"{format} {image.mode} {' '.join(options)} {len(files)}"] = buffer.getvalue()

    for mode in ("RGB", "L", "CMYK"):
        add("JPEG", image.convert(mode), exif=exif, comment=b"a comment")
    add("JPEG", progressive=True, icc_profile=bytes(300))
    add("JPEG", xmp=b'<x:xmpmeta tiff:Orientation="6"/>')
    add("MPO", save_all=True)
    for mode in ("RGB", "L", "RGBA", "P", "1", "LA"):
        add("PNG", image.convert(mode), exif=exif)
    add("PNG", deep)
    add("PNG", image.convert("P"), transparency=3)
    add("PNG", duration=9, save_all=True)
    add("GIF", transparency=2, comment=b"c", save_all=True)
    add("GIF", other.convert("L"), interlace=1)
    for mode in ("RGB", "L", "P", "1"):
        add("BMP", image.convert(mode))
    for compression in ("raw", "tiff_lzw", "tiff_deflate", "packbits", "jpeg"):
        add("TIFF", compression=compression, exif=exif)
    add("TIFF", image.convert("1"), compression="group4")
    add("TIFF", deep)
    add("TIFF", Image.fromarray(np.linspace(0, 1, 72, dtype=np.float32).reshape(8, 9)))
    add("TIFF", big_tiff=True, save_all=True)
    add("ICO", sizes=[(16, 16), (18, 18)])
    add("PPM")
    add("TGA", compression="tga_rle")
    add("PCX")
    if features.check("webp"):
        add("WEBP", exif=exif)
        add("WEBP", image.convert("RGBA"), lossless=True)
        add("WEBP", save_all=True)
    if features.check("jpg_2000"):
        add("JPEG2000")
    if "AVIF" in Image.SAVE:  # PIL 11.3 or later
        add("AVIF", exif=exif)
    return files


def flip(rng, data, at):
    data[at] ^= 1 << rng.randrange(8)


def replace(rng, data, at):
    data[at : at + rng.choice((1, 2, 4, 8))] = rng.randbytes(rng.choice((1, 2, 4, 8)))


def write_number(rng, data, at):
    """Another number of 2 or 4 bytes: a length, a size, an offset."""
    numbers = (0, 1, 9, 11, 0x7FFF, 0xFFFF, 13000, 65500, 0x7FFFFFFF, 0xFFFFFFFF)
    kind = rng.choice(("<I", ">I", "<H", ">H"))
    number = rng.choice(numbers if kind[1] == "I" else numbers[:-2])
    data[at : at + struct.calcsize(kind)] = struct.pack(kind, number)


def cut(rng, data, at):
    del data[rng.randrange(len(data)) :]


def remove(rng, data, at):
    del data[at : at + rng.randrange(1, 40)]


def insert(rng, data, at):
    data[at:at] = rng.randbytes(rng.randrange(1, 60))


def splice(rng, data, at):
    other = rng.choice(list(encoded_images().values()))
    start = rng.randrange(len(other))
    data[at : at + 30] = other[start : start + rng.randrange(1, 200)]


def add_chunk(rng, data, at):
    """A part of metadata, of nonsense or of a bomb, as the format writes it."""
    body = rng.choice((rng.randbytes(rng.randrange(200)), b"Exif\0\0" + rng.randbytes(60)))
    if data.startswith(PNG):
        name = rng.choice((b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"tRNS", b"PLTE", b"acTL"))
        if name in (b"zTXt", b"iCCP") and rng.random() < 0.5:
            body = b"a\0\0" + zlib.compress(bytes(rng.choice((10, 1 << 20, 1 << 24))))
        data[33:33] = png_chunk(name, body)
    elif data.startswith(b"\xff\xd8"):
        marker = rng.choice((0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE, 0xDB, 0xC4))
        data[2:2] = bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body
    elif data[8:12] == b"WEBP":
        name = rng.choice((b"EXIF", b"XMP ", b"ICCP", b"ANMF"))
        data += name + struct.pack("<I", len(body)) + body
    elif data.startswith(b"GIF"):
        data[-1:] = b"\x21" + rng.randbytes(1) + rng.randbytes(rng.randrange(60)) + b"\0;"
    else:
        data += body


def png_chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def with_right_sums(data):
    """A PNG file whose chunks have the right check sums, so that it is not refused at once."""
    data, at = bytearray(data), len(PNG)
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if end + 4 > len(data):
            break
        data[end : end + 4] = struct.pack(">I", zlib.crc32(data[at + 4 : end]))
        at = end + 4
    return bytes(data)


def mutated(rng, data):
    """One to five changes of a file's bytes, more often in its head."""
    data = bytearray(data)
    kinds = (flip, replace, write_number, write_number, cut, remove, insert, splice, add_chunk)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5))):
        if len(data) < 12:
            break
        head = max(1, min(len(data) - 8, 200))
        at = rng.randrange(len(data) if rng.random() < 0.4 else head)
        rng.choice(kinds)(rng, data, at)
    is_png = data.startswith(PNG)
    return with_right_sums(data) if is_png and rng.random() < 0.8 else bytes(data)


def outcome(X, **options):
    """What becomes of images: "read" or the name of an error; then their pixels, keys and sizes.

    Anything but pixels of the right form or a documented, short error that names a row fails.
    """
    try:
        images = check_images(X, **options)
        n, keys = len(images), images.keys()
        batch = images.batch(range(n), Preprocessing(16))
        whole = images.batch([n - 1], Preprocessing(None))
    except DOCUMENTED as error:
        text = str(error)
        assert "row " in text or "X " in text, f"no row is named: {text[:300]}"
        assert max(map(len, text.split("\n"))) < 700, f"{len(text)} characters: {text[:300]}"
        return next(kind.__name__ for kind in DOCUMENTED if isinstance(error, kind)), None
    # Grey images and those with transparency become RGB; other arrays are multispectral.
    n_channels = batch.shape[1]
    assert batch.shape == (n, n_channels, 16, 16) and n_channels not in (1, 4)
    assert batch.dtype == whole.dtype == torch.uint8
    assert whole.shape == (1, n_channels, *images.sizes[n - 1])
    assert len(keys) == n and all(len(key) == 16 for key in keys)
    return "read", (batch.numpy().tobytes(), keys, images.sizes.tolist())
