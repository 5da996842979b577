"""The session's directory: who makes, shares and removes it, and how much fits."""

import copy
import multiprocessing
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sklearn_ctran._cache import session
from sklearn_ctran._cache.session import join_session, session_token
from sklearn_ctran._cache.token_cache import TokenCache


def test_nothing_is_made_before_it_is_needed(tmp_path, monkeypatch):
    monkeypatch.setattr(session, "_session", session._Session())
    cache = copy.deepcopy(TokenCache())
    assert "empty" in str(cache.info())
    assert cache.clear() == 0
    assert session.current_session() is None
    join_session("")
    join_session(str(tmp_path))
    join_session(str(tmp_path / f"{session._session_prefix()}gone"))
    assert session.current_session() is None


def test_session_is_joined(tmp_path, monkeypatch):
    pickled = pickle.dumps(TokenCache())
    mine = session_token()
    monkeypatch.setattr(session, "_session", session._Session())
    pickle.loads(pickled)
    assert session_token() == mine


def test_session_without_memory_for_it(tmp_path, monkeypatch, ask):
    monkeypatch.setattr(session, "_RAM", str(tmp_path / "missing"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(session, "_session", session._Session())
    assert os.path.dirname(session_token()) == str(tmp_path)
    ask(TokenCache(), range(4))
    session._end_session()
    assert list(tmp_path.iterdir()) == []


def test_session_ends_with_its_process():
    mine = session_token()
    code = """
import os, sys
from sklearn_ctran._cache import session as session
from sklearn_ctran._cache.token_cache import TokenCache, join_session, session_token
import torch

def compute(positions):
    yield positions, torch.ones(len(positions), 2, 3)

TokenCache().tokens("aa", [b"1"], compute)
directory = session_token()
join_session(sys.argv[1])
assert session_token() == directory
child = os.fork()
if child == 0:
    sys.exit(0 if session_token() == directory else 1)  # must not clean up
assert os.waitpid(child, 0)[1] == 0
session._sweep_sessions(os.path.dirname(directory))
assert TokenCache().info().spaces[0]["images"] == 1
print(directory)
"""
    arguments = [sys.executable, "-W", "ignore", "-c", code, mine]
    run = subprocess.run(arguments, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    directory = run.stdout.strip()
    assert directory != mine
    assert not list(Path(directory).parent.glob(f"{Path(directory).name}*"))
    assert os.path.isdir(mine)


def test_session_of_a_process_that_ends(own_session, ask, assert_right, counting):
    code = """
import sys
from sklearn_ctran._cache.session import session_token
print(session_token(), flush=True)
sys.stdin.read()
"""
    arguments = [sys.executable, "-W", "ignore", "-c", code]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        token = other.stdout.readline().strip()
        join_session(token)
        assert session_token() == token
        assert ask(TokenCache(), range(4))[1] == list(range(4))
        backbone = counting(range(12))

        def compute(positions):
            for batch, values in backbone(positions):
                other.stdin.close()
                other.wait()
                yield batch, values

        tokens = TokenCache().tokens("aa", backbone.keys, compute, batch_size=4)
    assert_right(tokens, range(12))
    assert not os.path.exists(token)
    assert session_token() != token
    assert ask(TokenCache(), range(12))[1] == []
    # The next one too may go, between calls.
    shutil.rmtree(session_token())
    assert ask(TokenCache(), range(12))[1] == list(range(12))


def test_session_of_a_dead_process_is_not_joined(own_session):
    code = """
import os
from sklearn_ctran._cache.session import session_token
print(session_token(), flush=True)
os._exit(0)
"""
    arguments = [sys.executable, "-W", "ignore", "-c", code]
    token = subprocess.run(arguments, stdout=subprocess.PIPE, text=True).stdout.strip()
    assert os.path.isdir(token)
    join_session(token)
    assert session.current_session() is None
    os.unlink(f"{token}.lock")
    join_session(token)
    assert session.current_session() is None
    session._sweep_sessions(os.path.dirname(token))
    assert not os.path.exists(token)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
def test_session_of_a_forked_child(own_session, tmp_path, ask):
    def work():
        ask(TokenCache(), range(4))
        (tmp_path / "token").write_text(session_token())

    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join()
    assert child.exitcode == 0
    token = Path((tmp_path / "token").read_text())
    assert not list(token.parent.glob(f"{token.name}*"))


@pytest.mark.parametrize(
    "cgroup, files, n_bytes",
    [
        ("0::/a/b", {"a/memory.max": "1000", "a/memory.current": "400"}, 600),
        ("0::/a/b", {"a/b/memory.max": "max", "a/b/memory.current": "400"}, 8192),
        ("0::/of/host", {"memory.max": "1000", "memory.current": "1001"}, 0),
        (
            "0::/",
            {
                "memory.max": "1000",
                "memory.current": "900",
                "memory.stat": "anon 5\ninactive_file 100\nactive_file 50\nshmem 7",
            },
            250,
        ),
        (
            "12:cpu,cpuacct:/a\n7:memory:/a",
            {
                "memory/memory.limit_in_bytes": str(2**63 - 4096),
                "memory/memory.usage_in_bytes": "5000",
                "memory/a/memory.limit_in_bytes": "3000",
                "memory/a/memory.usage_in_bytes": "1000",
                "memory/a/memory.stat": "inactive_file 1\ntotal_inactive_file 10",
            },
            2010,
        ),
        ("", {}, 8192),
    ],
)
def test_memory_of_a_container(tmp_path, monkeypatch, cgroup, files, n_bytes):
    def write(path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")

    write(tmp_path / "proc/meminfo", "MemTotal: 9 kB\nMemAvailable: 8 kB")
    write(tmp_path / "proc/self/cgroup", cgroup)
    for name, text in files.items():
        write(tmp_path / "sys/fs/cgroup" / name, text)
    monkeypatch.setattr(session, "_RAM", str(tmp_path))
    assert session.free_bytes(str(tmp_path), root=tmp_path) == n_bytes
    assert session.free_memory(root=tmp_path) == n_bytes
    monkeypatch.setattr(session, "_RAM", str(tmp_path / "other"))
    assert session.free_bytes(str(tmp_path), root=tmp_path) > 8192
    assert session.free_memory(root=tmp_path / "not" / "linux") is None
