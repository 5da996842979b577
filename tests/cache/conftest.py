"""Helpers of the cache's tests as fixtures, and caches in several places."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from known_tokens import Counting, check_tokens, make_key, make_tokens, request_tokens

from sklearn_ctran._cache import session
from sklearn_ctran._cache.token_cache import TokenCache


@pytest.fixture
def key():
    """The function from a number to the key of an image."""
    return make_key


@pytest.fixture
def tokens_of():
    """The function from a number to its tokens."""
    return make_tokens


@pytest.fixture
def counting():
    """The class :class:`Counting`."""
    return Counting


@pytest.fixture
def assert_right():
    """The function that checks that tokens are those of some numbers."""
    return check_tokens


@pytest.fixture
def ask():
    """The function that requests tokens of numbers: checked tokens, and what was computed."""
    return request_tokens


@pytest.fixture
def segment_files():
    """The function that lists the segment files in a folder."""
    return lambda location: sorted(Path(location).glob("*.tokens"))


@pytest.fixture
def row_bytes():
    """Size of the tokens of one image, float32."""
    return 4 * 3 * 4


@pytest.fixture
def cache(tmp_path):
    return TokenCache(tmp_path / "cache")


@pytest.fixture
def execute(cache):
    """The function that changes the index as somebody else might."""

    def run(*statement):
        with closing(sqlite3.connect(Path(cache.location) / "index.sqlite")) as db, db:
            return db.execute(*statement).fetchall()

    return run


@pytest.fixture
def memory():
    """The cache in memory, empty before and after."""
    cache = TokenCache()
    cache.clear()
    yield cache
    cache.clear()


@pytest.fixture
def own_session(monkeypatch):
    """No session at first; one that is started in the test ends with it."""
    with monkeypatch.context() as patch:
        patch.setattr(session, "_session", session._Session())
        yield
        session._end_session()
