"""Helpers of the cache's tests: tokens that are known, and a backbone that counts."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch

from sklearn_ctran._cache import session
from sklearn_ctran._cache.token_cache import TokenCache

SHAPE = (3, 4)


def make_key(number):
    return int(number).to_bytes(8, "big")


def make_tokens(number, shape=SHAPE):
    """Tokens that differ between numbers, and are exact in every dtype."""
    return torch.full(shape, float(number % 251)) + torch.arange(shape[1])


class Counting:
    """A compute function that notes for which numbers it was called."""

    def __init__(self, numbers, batch_size=4, shape=SHAPE, fails_at=None, seconds=0):
        self.numbers = list(numbers)
        self.batch_size = batch_size
        self.shape = shape
        self.fails_at = fails_at
        self.seconds = seconds
        self.computed = []

    @property
    def keys(self):
        return [make_key(number) for number in self.numbers]

    def __call__(self, positions):
        for start in range(0, len(positions), self.batch_size):
            time.sleep(self.seconds)
            batch = positions[start : start + self.batch_size]
            numbers = [self.numbers[position] for position in batch]
            if self.fails_at in numbers:
                raise RuntimeError("out of memory")
            self.computed += numbers
            yield batch, torch.stack([make_tokens(number, self.shape) for number in numbers])


def check_tokens(tokens, numbers, shape=SHAPE):
    assert tokens.shape == (len(numbers), *shape)
    assert len(tokens) == len(numbers)
    batch = tokens.batch(np.arange(len(numbers)))
    assert batch.dtype == torch.float32
    assert torch.equal(batch, torch.stack([make_tokens(number, shape) for number in numbers]))


def request_tokens(cache, numbers, space="aa", **settings):
    backbone = Counting(numbers, **settings)
    tokens = cache.tokens(space, backbone.keys, backbone, batch_size=backbone.batch_size)
    check_tokens(tokens, backbone.numbers, backbone.shape)
    return tokens, backbone.computed


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
