"""Caches that were damaged at random or made with malice cost the cache, never anything else.

What was found is tested in ``tests/cache/``, where its cause was.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from cache_damage import MUTATIONS, OWNER
from fuzzing import fuzz, time_limit
from known_tokens import request_tokens

from sklearn_ctran._cache.index import Index
from sklearn_ctran._cache.lives import end_lives
from sklearn_ctran._cache.token_cache import TokenCache

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="needs alarms and named pipes"),
    pytest.mark.filterwarnings("ignore::sklearn_ctran._cache.request.TokenCacheWarning"),
]

SECONDS = 10

ALL_SPACES = ("aa", "bb")


def contents(folder):
    return {path.name: (path.read_bytes(), path.lstat().st_mtime_ns) for path in folder.iterdir()}


def fails_politely(call, location, *args):
    """Whether a call fails; its error must have the cache's path and the way out."""
    try:
        call(*args)
    except (OSError, ValueError) as error:
        message = str(error)
        assert location in message, message
        assert "clear()" in message or "remove the directory" in message, message
        return True
    return False


@pytest.fixture
def template(tmp_path):
    """A good cache, and a folder of somebody's files beside it."""
    cache = TokenCache(tmp_path / "template")
    for space in ALL_SPACES:
        request_tokens(cache, range(8), space=space)
    end_lives(cache.location)
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("thesis.txt", "thesis.tokens", "thesis.alive", f"{OWNER}.alive"):
        (outside / name).write_bytes(b"mine" * 48)  # of a segment's size
    return Path(cache.location)


def use(cache):
    """Requests, info and clear as a user might call them; returns how many were refused."""
    refused = 0
    for space in ALL_SPACES:
        refused += fails_politely(request_tokens, cache.location, cache, range(2, 10), space)
    refused += fails_politely(cache.info, cache.location)
    if fails_politely(cache.clear, cache.location):
        refused += 1
    else:
        assert not fails_politely(request_tokens, cache.location, cache, range(10))
        assert request_tokens(cache, range(10))[1] == []
        assert cache.info().spaces
    return refused


def test_caches(template, monkeypatch):
    # The disk is not waited for: these caches do not outlive the test.
    monkeypatch.setattr(TokenCache, "_index", lambda cache, folder: Index(folder, durable=False))
    outside = template.parent / "outside"

    def check(rng):
        folder = Path(tempfile.mkdtemp(dir=template.parent)) / "cache"
        shutil.copytree(template, folder)
        before = contents(outside)
        mutate = rng.choice(MUTATIONS)
        mutate(rng, folder, outside)
        try:
            with time_limit(SECONDS):
                refused = use(TokenCache(folder))
        finally:
            end_lives(str(folder))
            shutil.rmtree(folder.parent)
        assert contents(outside) == before, f"{mutate.__name__}: a file outside has changed"
        return "refused" if refused else "computed again"

    counts = fuzz("caches", check)
    assert min(counts["refused"], counts["computed again"]) > 0
