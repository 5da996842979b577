"""Damaged image files: one picture in every form that a file has, or an error that names the row.

``corpus/images/`` has files that were found so. Their names say what is expected of them.
"""

import io
import os
import resource
from pathlib import Path

import pytest
from encoded_images import encoded_images, mutated, outcome
from fuzzing import fuzz, time_limit

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="needs alarms"),
    pytest.mark.filterwarnings("ignore"),  # PIL's, of damaged metadata
]

SECONDS = 10

CORPUS = sorted((Path(__file__).parent / "corpus" / "images").glob("re*-*"))


def check_file(path, data):
    """What becomes of a file; the same whether it is a path or in memory."""
    path.write_bytes(data)
    with time_limit(SECONDS):
        for decode in (True, False):
            expected = outcome([path], decode=decode)
            for item in (io.BytesIO(data), {"bytes": data}, {"path": str(path)}):
                assert outcome([item], decode=decode) == expected, f"{type(item)}, {decode=}"
            # Plain bytes without a zero may also be a path.
            assert outcome([data], decode=decode) in (expected, ("FileNotFoundError", None))
    return expected[0]


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.name)
def test_corpus(file, tmp_path):
    becomes = {"read": "read", "refused": "ValueError"}[file.name.split("-")[0]]
    assert check_file(tmp_path / file.name, file.read_bytes()) == becomes


def test_corpus_is_small():
    assert len(CORPUS) > 5
    assert all(file.stat().st_size < 5000 for file in CORPUS)


def test_image_files(tmp_path):
    files = encoded_images()

    def check(rng):
        name = rng.choice(list(files))
        try:
            return check_file(tmp_path / "image", mutated(rng, files[name]))
        except Exception as error:
            raise AssertionError(f"{name}: {error}") from error

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    counts = fuzz("image files", check)
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert more < 1_000_000, f"{more:,} kB of memory"  # On macOS these are bytes.
    assert min(counts["read"], counts["ValueError"]) > 0.02 * sum(counts.values())
