"""What is believed of a directory from somebody else, case by case; tests/fuzz/ has random ones."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cache_damage import OWNER, hot_journal

from sklearn_ctran._cache import trust


@pytest.mark.parametrize(
    ("name", "is_file", "is_owner"),
    [
        (OWNER, False, True),
        (f"{OWNER}-1.tokens", True, False),
        *((f"../{name}", False, False) for name in (OWNER, f"{OWNER}-1.tokens", "thesis.txt")),
        *((f"/{name}", False, False) for name in (OWNER, f"{OWNER}-1.tokens")),
        *((f"{name}\n", False, False) for name in (OWNER, f"{OWNER}-1.tokens")),
        *((name, False, False) for name in ("", ".", None, 7, b"")),
    ],
)
def test_only_names_of_the_cache_itself(name, is_file, is_owner):
    assert trust.is_segment_file(name) == is_file
    assert trust.is_owner(name) == is_owner


SOUND = {"file": f"{OWNER}-1.tokens", "shape": (8, 3, 4), "n_bytes": 384, "last_used": 1e9}


@pytest.mark.parametrize(
    "change",
    [
        {"file": "../thesis.txt"},
        {"shape": (8, 3, -4)},
        {"shape": (0, 3, 4), "n_bytes": 0},
        {"shape": (8, 3, "4")},
        {"n_bytes": 383},
        {"n_bytes": 384.0},
        {"shape": (2**62, 3, 4), "n_bytes": 4 * 12 * 2**62},
        {"last_used": 1e300},
        {"last_used": "now"},
    ],
)
def test_values_of_a_segment_that_cannot_be(change):
    assert trust.is_sound_segment(**SOUND)
    assert not trust.is_sound_segment(**{**SOUND, **change})


@pytest.mark.parametrize("row", [-1, 8, 1.0, "1", None, True])
def test_rows_that_cannot_be(row):
    assert trust.is_sound_row(0, 8) and trust.is_sound_row(7, 8)
    assert not trust.is_sound_row(row, 8)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a POSIX system")
def test_only_plain_files(tmp_path):
    (tmp_path / "plain").write_text("mine")
    assert trust.is_plain_file(tmp_path / "plain")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("plain")
    os.link(tmp_path / "plain", tmp_path / "second")
    for name in ("pipe", "link", "second", "plain", ".", "nowhere"):
        assert not trust.is_plain_file(tmp_path / name)


def test_a_journal_removes_no_other_file(cache, ask):
    folder, thesis = Path(cache.location), Path(cache.location).parent / "thesis.txt"
    ask(cache, range(8))
    thesis.write_text("mine")
    (folder / "index.sqlite-journal").write_bytes(hot_journal(folder, thesis))
    with pytest.raises(ValueError, match=r"journal names another file.*clear\(\)"):
        ask(cache, range(8))
    cache.clear()
    assert ask(cache, range(8))[1] == list(range(8))
    assert thesis.read_text() == "mine"


def test_sqlite_would_have_removed_it(cache, ask):
    """The journal of the test above is one that harms; else that test would show nothing."""
    folder, thesis = Path(cache.location), Path(cache.location).parent / "thesis.txt"
    ask(cache, range(8))
    thesis.write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7")
    (folder / "index.sqlite-journal").write_bytes(hot_journal(folder, thesis))
    with closing(sqlite3.connect(folder / "index.sqlite")) as db:
        db.execute("SELECT * FROM tokens").fetchall()
    assert not thesis.exists()
