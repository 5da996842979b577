"""Checksums: damaged tokens, and whole ones in a wrong place, are never served."""

import os
import random
import zlib

import pytest

from sklearn_ctran._cache import checksums
from sklearn_ctran._cache.index import TokenCacheWarning
from sklearn_ctran._utils import file_memo

ROW = 48  # bytes of an image's tokens


def flip(files, rng):
    content = bytearray(files[0].read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    files[0].write_bytes(content)
    return 4


def swap_rows(files, rng):
    content = files[0].read_bytes()
    one, other = sorted(rng.sample(range(4), 2))
    rows = [content[ROW * row : ROW * (row + 1)] for row in range(4)]
    rows[one], rows[other] = rows[other], rows[one]
    files[0].write_bytes(b"".join(rows))
    return 4


def swap_files(files, rng):
    spare = files[0].with_name("spare")
    files[0].rename(spare)
    files[1].rename(files[0])
    spare.rename(files[1])
    return 8


def link(files, rng):
    files[0].unlink()
    os.link(files[1], files[0])
    return 4


def write_zeros(files, rng):
    with open(files[0], "r+b") as file:
        file.seek(ROW)
        file.write(bytes(ROW))
    return 4


@pytest.mark.parametrize("damage", [flip, swap_rows, swap_files, link, write_zeros])
def test_damaged_segments_are_computed_again(cache, damage, ask, segment_files):
    ask(cache, range(12))
    for seed in range(8):
        n_damaged = damage(segment_files(cache.location), random.Random(seed))
        # ask checks that the tokens are right.
        with pytest.warns(TokenCacheWarning, match=f"of {n_damaged} images in .* are not what"):
            assert len(ask(cache, range(12))[1]) == n_damaged
        assert ask(cache, range(12))[1] == []
        assert len(segment_files(cache.location)) == 3


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE tokens SET row = 1 - row WHERE row < 2",
        "UPDATE tokens SET row = 0",
        "UPDATE tokens SET segment = 3 - segment",
        "UPDATE tokens SET key = x'0000000000000063' WHERE key = x'0000000000000001'",
        "UPDATE tokens SET checksum = checksum + 1",
        "UPDATE tokens SET checksum = NULL",
        "UPDATE tokens SET checksum = 'x'",
        "UPDATE segments SET p = 4, c = 3",
        "UPDATE spaces SET name = 'bb'",
    ],
)
def test_whole_tokens_in_a_wrong_place(cache, change, ask, execute):
    ask(cache, range(8))
    execute(change)
    wanted = [99, *range(8)]
    with pytest.warns(TokenCacheWarning, match="are not what"):
        assert ask(cache, wanted, space="bb" if "bb" in change else "aa")[1]
    assert ask(cache, wanted, space="bb" if "bb" in change else "aa")[1] == []


def test_a_second_name_does_no_harm(cache, ask, segment_files):
    """Backups link files."""
    ask(cache, range(8))
    os.link(segment_files(cache.location)[0], os.path.join(cache.location, "backup"))
    assert ask(cache, range(8))[1] == []


def test_unchanged_files_are_read_once(cache, ask, segment_files, monkeypatch):
    sizes = []

    class Spy:
        @staticmethod
        def crc32(values):
            sizes.append(len(values))
            return zlib.crc32(values)

    ask(cache, range(8))
    monkeypatch.setattr(checksums, "zlib", Spy)
    monkeypatch.setattr(file_memo, "_SETTLED_NS", -(10**18))
    ask(cache, [1])
    assert sizes.count(ROW) == 1
    ask(cache, range(8))
    assert sizes.count(ROW) == 8
    ask(cache, range(8))
    assert sizes.count(ROW) == 8
    os.utime(segment_files(cache.location)[0])
    ask(cache, range(8))
    assert sizes.count(ROW) == 12


def test_the_memo_does_not_grow_forever(cache, ask, monkeypatch):
    monkeypatch.setattr(file_memo, "_SETTLED_NS", -(10**18))
    monkeypatch.setattr(checksums, "_memo", file_memo.FileMemo(2))
    ask(cache, range(12))
    for _ in range(2):
        assert ask(cache, range(12))[1] == []
        assert len(checksums._memo) <= 2
