"""Waiting for tokens that others compute."""

import os
import signal
import subprocess
import sys

import pytest

from sklearn_ctran._cache.index import Index, Space, TokenCacheWarning


@pytest.fixture
def short_patience(monkeypatch):
    monkeypatch.setattr("sklearn_ctran._cache.patience._WARN_SECONDS", 0.1)
    monkeypatch.setattr("sklearn_ctran._cache.patience._MOST_SECONDS", 0.3)


def test_held_for_too_long(cache, short_patience, ask, key):
    ask(cache, range(4))
    # Claims of this process by a call that is no longer there, as by a thread that hangs.
    index = Index(cache.location, durable=False)
    index.claim(Space("aa", "float32", ""), [key(n) for n in range(4, 40)], 100, "gone")
    with pytest.warns(TokenCacheWarning, match=r"Waiting for the tokens of 36 images.*clear") as w:
        assert sorted(ask(cache, range(40), batch_size=2)[1]) == list(range(4, 40))
    assert len(w) == 1
    assert ask(cache, range(40))[1] == []


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be stopped here")
def test_stopped_owner(cache, short_patience, ask):
    code = f"""
import os, signal, torch
from sklearn_ctran._cache.token_cache import TokenCache

def compute(positions):
    for start in range(0, 12, 4):
        if start == 4:
            os.kill(os.getpid(), signal.SIGSTOP)
        batch = positions[start : start + 4]
        yield batch, torch.stack([torch.full((3, 4), float(p)) + torch.arange(4) for p in batch])

keys = [n.to_bytes(8, "big") for n in range(12)]
tokens = TokenCache({cache.location!r}).tokens("aa", keys, compute).batch(range(12))
assert tokens[:, 0, 0].tolist() == list(range(12))
"""
    with subprocess.Popen([sys.executable, "-W", "ignore", "-c", code]) as other:
        os.waitpid(other.pid, os.WUNTRACED)  # until it is stopped
        try:
            with pytest.warns(TokenCacheWarning, match="If it is stopped, continue or end it"):
                assert ask(cache, range(12))[1] == list(range(4, 12))
        finally:
            other.send_signal(signal.SIGCONT)
        assert other.wait(60) == 0
    assert ask(cache, range(12))[1] == []


def test_clear_ends_waiting(cache, key, ask):
    index = Index(cache.location, durable=False)
    ask(cache, range(4))
    index.claim(Space("aa", "float32", ""), [key(n) for n in range(4, 9)], 100, "gone")
    cache.clear()
    assert ask(cache, range(9))[1] == list(range(9))
