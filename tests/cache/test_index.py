"""The index: eviction, an index that is full, deleted, broken or of another version."""

import sqlite3
from pathlib import Path

import pytest

from sklearn_ctran._cache.request import TokenCacheWarning
from sklearn_ctran._cache.token_cache import TokenCache


def test_least_recently_used_goes_first(tmp_path, ask, row_bytes):
    cache = TokenCache(tmp_path, max_size=12 * row_bytes)
    for first in (0, 4, 8):
        ask(cache, range(first, first + 4))
    ask(cache, [0])
    ask(cache, [12])
    assert ask(cache, range(4))[1] == []
    assert ask(cache, range(8, 13))[1] == []
    assert cache.info().bytes <= 12 * row_bytes
    assert ask(cache, [4])[1] == [4]


@pytest.mark.parametrize("n_pages", [12, 70, 100])
def test_index_that_cannot_grow(cache, monkeypatch, n_pages, ask, segment_files):
    connect = sqlite3.connect

    def connect_limited(*args, **settings):
        db = connect(*args, **settings)
        db.execute(f"PRAGMA max_page_count = {n_pages}")
        return db

    ask(cache, range(4))
    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", connect_limited)
        with pytest.warns(TokenCacheWarning) as caught:
            ask(cache, range(10_000), batch_size=500)
    assert len(caught) == 1
    n_kept = cache.info().spaces[0]["images"]
    assert len(segment_files(cache.location)) == 1 + (n_kept - 4) // 500
    assert len(ask(cache, range(10_000), batch_size=500)[1]) == 10_000 - n_kept


def test_deleted_folder(cache, ask, assert_right):
    tokens, _ = ask(cache, range(8))
    for path in Path(cache.location).iterdir():
        path.unlink()
    assert_right(tokens, range(8))
    assert ask(cache, range(8))[1] == list(range(8))


def test_deleted_index(cache, ask):
    ask(cache, range(8))
    (Path(cache.location) / "index.sqlite").unlink()
    assert ask(cache, range(8))[1] == list(range(8))


def test_broken_index(cache, ask):
    ask(cache, range(8))
    (Path(cache.location) / "index.sqlite").write_bytes(b"nonsense" * 1000)
    for call in (lambda: ask(cache, range(8)), cache.info, cache.clear):
        with pytest.raises(ValueError, match=r"index\.sqlite is broken .*Delete the folder"):
            call()


def test_foreign_index(tmp_path, ask):
    with sqlite3.connect(tmp_path / "index.sqlite") as db:
        db.execute("CREATE TABLE tokens (a)")
    db.close()
    with pytest.raises(ValueError, match="not a token cache's"):
        ask(TokenCache(tmp_path), range(8))


def test_other_version(cache, ask):
    ask(cache, range(8))
    with sqlite3.connect(Path(cache.location) / "index.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(ValueError, match="has format 99"):
        ask(cache, range(8))
