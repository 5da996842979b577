"""Damaged tar files: the samples that are in them, or an error that names the file."""

import os

import pytest
from fuzzing import fuzz, time_limit
from tars import samples, write_tar

from sklearn_ctran.datasets import load_shards

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs alarms")


def mutate(content, rng):
    """The bytes of a tar file, some of them changed, cut, repeated or left out."""
    content = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(content))
        if rng.random() < 0.5:  # in a header
            place = 512 * (place // 512) + rng.choice([0, 100, 124, 135, 148, 156, 157, 257, 345])
        kind = rng.choice(["set", "set", "bytes", "cut", "repeat", "drop"])
        n = rng.choice([1, 12, 512, 1024])
        if kind == "set":
            content[place : place + 1] = bytes([rng.choice([0, 0x80, 0xFF, 0x31, 0x4B, 0x78])])
        elif kind == "bytes":
            content[place : place + n] = rng.randbytes(n)
        elif kind == "cut":
            del content[place:]
        elif kind == "repeat":
            content[place:place] = content[place : place + n]
        else:
            del content[place : place + n]
        if not content:
            break
    return bytes(content)


def test_damaged_tar_files(tmp_path):
    whole = {}
    for form in (0, 1, 2):  # USTAR, GNU, PAX
        files, states = samples(0, 4)
        files["x" * 120 + ".bin"] = b"a long name"
        files = dict(sorted(files.items(), reverse=True))
        if form == 0:
            files = {name[-90:]: content for name, content in files.items()}
        with open(write_tar(tmp_path / "whole.tar", files, format=form), "rb") as file:
            whole[form] = file.read()

    def check(rng):
        form = rng.choice([0, 1, 2])
        path = tmp_path / "damaged.tar"
        path.write_bytes(mutate(whole[form], rng))
        try:
            with time_limit(5):
                photos = load_shards(path)
                for image in photos.images:
                    assert len(image.read()) == image.size
        except ValueError as error:
            assert "damaged.tar" in str(error), error
            return "refused"
        assert photos.Y.shape[0] == len(photos.images)
        return "read"

    counts = fuzz("tar files", check)
    assert counts["refused"] and counts["read"]
