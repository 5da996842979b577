"""What dead processes leave behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sklearn_ctran._cache import session
from sklearn_ctran._cache.lives import end_lives, is_alive


def test_killed_while_computing(cache, ask):
    code = f"""
import os, signal, torch
from sklearn_ctran._cache.token_cache import TokenCache, session_token

def compute(positions):
    for start in range(0, 12, 4):
        if start == 8:
            os.kill(os.getpid(), signal.SIGKILL)
        batch = positions[start : start + 4]
        values = torch.stack([torch.full((3, 4), float(p)) + torch.arange(4) for p in batch])
        yield batch, values

print(session_token(), flush=True)
TokenCache({cache.location!r}).tokens("aa", [n.to_bytes(8, "big") for n in range(12)], compute)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == -signal.SIGKILL, run.stderr
    # What it was writing when it died, and what it had written but not entered.
    owner = next(Path(cache.location).glob("*.alive")).stem
    (Path(cache.location) / f"{owner}-8.tmp").write_bytes(b"half")
    (Path(cache.location) / f"{owner}-9.tokens").write_bytes(b"lost")
    (Path(cache.location) / "notes.txt").write_text("not ours")
    began = time.perf_counter()
    assert ask(cache, range(12))[1] == [8, 9, 10, 11]
    assert time.perf_counter() - began < 5
    names = {path.name for path in Path(cache.location).iterdir()}
    assert not any(name.startswith((f"{owner}-8", f"{owner}-9")) for name in names)
    assert f"{owner}.alive" not in names
    assert "notes.txt" in names
    # Its session's directory is swept by the next session.
    left_behind = run.stdout.strip()
    assert os.path.isdir(left_behind)
    session._sweep_sessions(os.path.dirname(left_behind))
    assert not list(Path(left_behind).parent.glob(f"{Path(left_behind).name}*"))


def test_files_that_cannot_be_removed_yet(cache, monkeypatch, ask, segment_files, row_bytes):
    def unlink(path):
        raise PermissionError(13, "The process cannot access the file", path)

    ask(cache, range(8))
    with monkeypatch.context() as patch:
        patch.setattr("sklearn_ctran._cache.index.os.unlink", unlink)
        assert cache.clear() == 8 * row_bytes
    assert cache.info().bytes == 0
    assert len(segment_files(cache.location)) == 2
    end_lives(cache.location)
    assert ask(cache, range(4))[1] == list(range(4))
    assert len(segment_files(cache.location)) == 1


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_sign_of_life_outside(tmp_path, link):
    cache, thesis, owner = tmp_path / "cache", tmp_path / "thesis.alive", "0123456789abcdef"
    cache.mkdir()
    thesis.write_text("mine")
    link(thesis, cache / f"{owner}.alive")
    for name in (owner, "../thesis", str(tmp_path / "thesis"), None, 7):
        assert not is_alive(str(cache), name)
    assert thesis.read_text() == "mine"
