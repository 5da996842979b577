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


def test_broken_index(cache, ask, row_bytes):
    ask(cache, range(8))
    index = Path(cache.location) / "index.sqlite"
    index.write_bytes(b"nonsense" * 1000)
    (index.parent / "notes.txt").write_text("not ours")
    for call in (lambda: ask(cache, range(8)), cache.info, lambda: cache.clear("aa")):
        with pytest.raises(ValueError, match=r"index\.sqlite is broken .*clear\(\) or remove"):
            call()
    assert cache.clear() == 8 * row_bytes
    assert (index.parent / "notes.txt").exists()
    assert ask(cache, range(8))[1] == list(range(8))
    assert ask(cache, range(8))[1] == []


@pytest.mark.parametrize("page", range(1, 8))
def test_clear_after_damage_in_use(cache, ask, page):
    ask(cache, range(8))
    index = Path(cache.location) / "index.sqlite"
    content = bytearray(index.read_bytes())
    content[page * 4096 : (page + 1) * 4096] = content[(page + 1) * 4096 : (page + 2) * 4096]
    index.write_bytes(content)
    cache.clear()
    assert ask(cache, range(8))[1] == list(range(8))
    assert ask(cache, range(8))[1] == []


@pytest.mark.parametrize("row", [-1, 4, 2**40, 1.5, "one", None])
def test_row_that_cannot_be(cache, execute, ask, key, row):
    ask(cache, range(8))
    execute("UPDATE tokens SET row = ? WHERE key = ?", (row, key(1)))
    # ask checks that the tokens are right; the damaged segment is computed again.
    assert ask(cache, range(8))[1] == [0, 1, 2, 3]
    assert ask(cache, range(8))[1] == []


@pytest.mark.parametrize(
    "change", ["n = 0", "n = -4, p = -3", "p = NULL", "c = 4.5", "bytes = 'many'", "space = 7"]
)
def test_size_that_cannot_be(cache, execute, ask, segment_files, change):
    ask(cache, range(8))
    execute(f"UPDATE segments SET {change} WHERE id = 1")
    assert cache.info().spaces[0]["images"] == 4
    assert ask(cache, range(8))[1] == [0, 1, 2, 3]
    assert len(segment_files(cache.location)) == 2


@pytest.mark.parametrize("action", ["fit", "clear", "evict", "open"])
@pytest.mark.parametrize("is_absolute", [True, False])
def test_file_outside_stays(cache, execute, ask, row_bytes, action, is_absolute):
    ask(cache, range(8))
    thesis = Path(cache.location).parent / "thesis.txt"
    thesis.write_text("mine")
    file = str(thesis) if is_absolute else "../thesis.txt"
    execute("UPDATE segments SET file = ? WHERE id = 1", (file,))
    if action == "clear":
        cache.clear()
    elif action == "evict":
        ask(TokenCache(cache.location, max_size=8 * row_bytes), range(10, 18))
    elif action == "open":
        Path(cache.location).rename(thesis.parent / "moved")
        assert TokenCache(thesis.parent / "moved").info().bytes == 4 * row_bytes
    else:
        assert ask(cache, range(8))[1] == [0, 1, 2, 3]
    assert thesis.read_text() == "mine"


def test_tables_of_somebody_else(cache, execute, ask):
    ask(cache, range(8))
    execute("CREATE TRIGGER t AFTER UPDATE ON segments BEGIN UPDATE tokens SET row = 0; END")
    with pytest.raises(ValueError, match="tables are not those of a token cache"):
        ask(cache, range(8))
    cache.clear()
    assert ask(cache, range(8))[1] == list(range(8))


@pytest.mark.parametrize("name", ["index.sqlite", "index.sqlite-journal"])
def test_index_that_is_a_link(cache, ask, name):
    ask(cache, range(8))
    thesis = Path(cache.location).parent / "thesis.txt"
    (Path(cache.location) / name).unlink(missing_ok=True)
    (Path(cache.location) / name).symlink_to(thesis)
    with pytest.raises(ValueError, match=f"{name} is a link.*clear"):
        ask(cache, range(8))
    cache.clear()
    assert ask(cache, range(8))[1] == list(range(8))
    assert not thesis.exists()


def test_foreign_index(tmp_path, ask):
    with sqlite3.connect(tmp_path / "index.sqlite") as db:
        db.execute("CREATE TABLE tokens (a)")
    db.close()
    for call in (lambda: ask(TokenCache(tmp_path), range(8)), TokenCache(tmp_path).clear):
        with pytest.raises(ValueError, match="not a token cache's"):
            call()
    assert (tmp_path / "index.sqlite").exists()
