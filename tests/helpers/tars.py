"""Tar files of images and labels, made up."""

import io
import json
import tarfile

import numpy as np
from made_images import noise
from PIL import Image

LABELS = ("cat", "dog", "sun")


def encoded(pixels, form="PNG"):
    """The bytes of an image file."""
    with io.BytesIO() as buffer:
        Image.fromarray(pixels).save(buffer, form)
        return buffer.getvalue()


def write_tar(path, files, **options):
    """Write a tar file of a dict, or of pairs, of names and bytes; returns its path."""
    with tarfile.open(path, "w", **options) as tar:
        for name, content in dict(files).items() if isinstance(files, dict) else files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return str(path)


def samples(first, n, side=10):
    """Files of some samples: an image and a JSON file of labels each; and their states (n, 3)."""
    states = np.random.RandomState(first).randint(2, size=(n, 3))
    files = {}
    for number, (pixels, row) in enumerate(zip(noise(n, side, side, first), states, strict=True)):
        labels = [label for label, state in zip(LABELS, row, strict=True) if state]
        files[f"{first + number:05}.png"] = encoded(pixels)
        files[f"{first + number:05}.json"] = json.dumps({"labels": labels}).encode()
    return files, states


def write_shards(folder, n_shards=3, n=20):
    """Write shards of `n` images each; their pattern and all states."""
    states = []
    for number in range(n_shards):
        files, rows = samples(number * n, n)
        write_tar(folder / f"photos-{number:02}.tar", files)
        states.append(rows)
    return f"{folder}/photos-{{00..{n_shards - 1:02}}}.tar", np.concatenate(states)
