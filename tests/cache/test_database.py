"""The index's file: of another version, read-only, locked, or on a full disk."""

import os
import resource
import sqlite3
import stat
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from sklearn_ctran._cache import database
from sklearn_ctran._cache.index import TokenCacheWarning
from sklearn_ctran._cache.lives import end_lives
from sklearn_ctran._cache.token_cache import TokenCache


def test_later_version(cache, ask, execute):
    ask(cache, range(8))
    execute("PRAGMA user_version = 99")
    with pytest.raises(ValueError, match="has format 99"):
        ask(cache, range(8))


def test_earlier_version(cache, ask, execute, segment_files, row_bytes):
    ask(cache, range(8))
    end_lives(cache.location)
    execute("ALTER TABLE tokens DROP COLUMN checksum")
    execute("PRAGMA user_version = 1")
    with pytest.raises(ValueError, match="has format 1, and this version reads 2"):
        cache.info()
    with pytest.warns(TokenCacheWarning, match="earlier version.*without checksums.*afresh"):
        assert ask(cache, range(4))[1] == list(range(4))
    assert len(segment_files(cache.location)) == 1
    assert cache.info().bytes == 4 * row_bytes
    assert ask(cache, range(4))[1] == []


@pytest.mark.parametrize(
    "more", ["CREATE VIEW v AS SELECT 1", "DROP TABLE claims", "CREATE TABLE thesis (a)"]
)
def test_earlier_version_of_somebody_else(cache, ask, execute, more):
    ask(cache, range(8))
    execute(more)
    execute("PRAGMA user_version = 1")
    with pytest.raises(ValueError, match="has format 1"):
        ask(cache, range(8))
    cache.clear()
    assert ask(cache, range(8))[1] == list(range(8))


@pytest.fixture
def place():
    """A folder that other users may read; pytest's are private."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder) / "cache"


@contextmanager
def read_only(folder):
    """A folder without write permission, for a process that is not root meanwhile."""
    paths = [folder, *folder.iterdir()]
    modes = [path.stat().st_mode for path in paths]
    for path, mode in zip(paths, modes, strict=True):
        path.chmod(mode & ~0o222 | (0o555 if stat.S_ISDIR(mode) else 0o444))
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65534)
        assert not os.access(folder, os.W_OK, effective_ids=True)
        yield
    finally:
        os.seteuid(user)
        for path, mode in zip(paths, modes, strict=True):
            path.chmod(mode)


needs_users = pytest.mark.skipif(not hasattr(os, "seteuid"), reason="no users as on Unix")


@needs_users
def test_read_only_folder(place, ask, row_bytes):
    cache = TokenCache(place)
    ask(cache, range(8))
    end_lives(cache.location)
    database.forget(cache.location)
    with read_only(place):
        assert ask(TokenCache(place), range(8))[1] == []
        assert cache.info().bytes == 8 * row_bytes
        with pytest.warns(TokenCacheWarning, match="cannot be written: .*kept in this process's"):
            assert ask(cache, range(12))[1] == list(range(8, 12))
        with pytest.raises(OSError, match="cannot be written"):
            cache.clear()
    assert ask(cache, range(8))[1] == []


@needs_users
def test_read_only_folder_without_a_cache(place, ask):
    place.mkdir()
    with read_only(place), pytest.raises(OSError, match=r"cannot be read.*or choose another"):
        ask(TokenCache(place), range(8))


@needs_users
def test_read_only_cache_that_is_damaged(place, ask):
    cache = TokenCache(place)
    ask(cache, range(8))
    path = next(place.glob("*.tokens"))
    path.write_bytes(bytes(len(path.read_bytes())))
    end_lives(cache.location)
    with read_only(place), pytest.warns(TokenCacheWarning) as caught:
        assert len(ask(cache, range(8))[1]) == 4
    assert sorted("are not what" in str(each.message) for each in caught) == [False, True]


class FullDisk(sqlite3.Connection):
    """As sqlite behaves where its journal cannot be written."""

    def execute(self, sql, *args):
        self._check(sql)
        return super().execute(sql, *args)

    def executemany(self, sql, *args):
        self._check(sql)
        return super().executemany(sql, *args)

    def _check(self, sql):
        is_change = sql.startswith(("INSERT", "UPDATE", "DELETE", "CREATE TABLE"))
        if is_change and "wanted" not in sql and "unsound" not in sql:
            raise sqlite3.OperationalError("database or disk is full")


@pytest.fixture
def full_disk(monkeypatch):
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *args, **settings: connect(*args, factory=FullDisk, **settings)
    )


def test_full_disk(cache, ask, request, row_bytes, segment_files):
    ask(cache, range(8))
    ask(cache, range(8), space="bb")
    request.getfixturevalue("full_disk")
    assert ask(cache, range(8))[1] == []
    with pytest.warns(TokenCacheWarning, match="no room left"):
        assert ask(cache, range(12))[1] == list(range(8, 12))
    assert cache.info().bytes == 16 * row_bytes
    with pytest.raises(OSError, match="are removed, but there is no room to change its index"):
        cache.clear("bb")
    assert len(segment_files(cache.location)) == 2
    assert cache.clear() >= 8 * row_bytes
    assert segment_files(cache.location) == []


def test_quota(cache, ask, row_bytes, segment_files):
    """Here sqlite says that the disk fails."""
    ask(cache, range(8))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        served = ask(cache, range(8))[1]
        n_bytes = cache.info().bytes
        cache.clear()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (served, n_bytes, segment_files(cache.location)) == ([], 8 * row_bytes, [])
    assert ask(cache, range(8))[1] == list(range(8))


def test_full_disk_of_a_new_process(cache, ask, row_bytes, request, monkeypatch):
    ask(cache, range(8))
    end_lives(cache.location)
    database.forget(cache.location)
    request.getfixturevalue("full_disk")
    monkeypatch.setattr("sklearn_ctran._cache.index.start_life", no_space)
    assert ask(cache, range(8))[1] == []
    assert cache.info().bytes == 8 * row_bytes


def no_space(*_):
    raise OSError(28, "No space left on device")


def test_locked_by_a_stopped_process(cache, ask, monkeypatch):
    ask(cache, range(8))
    monkeypatch.setattr(database, "_LOCK_SECONDS", 0.1)
    with closing(sqlite3.connect(Path(cache.location) / "index.sqlite")) as db:
        db.execute("BEGIN IMMEDIATE")  # others may read
        assert ask(cache, range(8))[1] == []
        with pytest.warns(TokenCacheWarning, match="is locked.*may be stopped"):
            assert ask(cache, range(12))[1] == list(range(8, 12))
        db.rollback()
        db.execute("BEGIN EXCLUSIVE")
        with pytest.warns(TokenCacheWarning, match="is locked.*may be stopped"):
            assert ask(cache, range(8))[1] == list(range(8))
        for call in (cache.info, cache.clear):
            with pytest.raises(OSError, match="is locked.*remove the directory"):
                call()
    assert ask(cache, range(8))[1] == []
