import copy
import gc
import multiprocessing
import os
import pickle
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, clone
from torch.utils.data import DataLoader

from sklearn_ctran._cache import session as _cache_session
from sklearn_ctran._cache.lives import end_lives
from sklearn_ctran._cache.request import TokenCacheWarning
from sklearn_ctran._cache.token_cache import TokenCache, join_session, resolve_cache, session_token

SHAPE = (3, 4)
ROW_BYTES = 4 * 3 * 4


def key(number):
    return int(number).to_bytes(8, "big")


def tokens_of(number, shape=SHAPE):
    """Any tokens, other ones for each number, exact in every dtype."""
    return torch.full(shape, float(number % 251)) + torch.arange(shape[1])


class Backbone:
    """A compute function that counts."""

    def __init__(self, numbers, batch_size=4, shape=SHAPE, fails_at=None, seconds=0):
        self.numbers = list(numbers)
        self.batch_size = batch_size
        self.shape = shape
        self.fails_at = fails_at
        self.seconds = seconds
        self.computed = []

    @property
    def keys(self):
        return [key(number) for number in self.numbers]

    def __call__(self, positions):
        for start in range(0, len(positions), self.batch_size):
            time.sleep(self.seconds)
            batch = positions[start : start + self.batch_size]
            numbers = [self.numbers[position] for position in batch]
            if self.fails_at in numbers:
                raise RuntimeError("out of memory")
            self.computed += numbers
            yield batch, torch.stack([tokens_of(number, self.shape) for number in numbers])


def ask(cache, numbers, space="aa", **settings):
    """Tokens of numbers, checked, and what had to be computed."""
    backbone = Backbone(numbers, **settings)
    tokens = cache.tokens(space, backbone.keys, backbone, batch_size=backbone.batch_size)
    assert_right(tokens, backbone.numbers, backbone.shape)
    return tokens, backbone.computed


def assert_right(tokens, numbers, shape=SHAPE):
    assert tokens.shape == (len(numbers), *shape)
    assert len(tokens) == len(numbers)
    batch = tokens.batch(np.arange(len(numbers)))
    assert batch.dtype == torch.float32
    assert torch.equal(batch, torch.stack([tokens_of(number, shape) for number in numbers]))


def segment_files(location):
    return sorted(Path(location).glob("*.tokens"))


@pytest.fixture
def cache(tmp_path):
    return TokenCache(tmp_path / "cache")


@pytest.fixture
def memory():
    """The memory cache, empty before and after."""
    cache = TokenCache()
    cache.clear()
    yield cache
    cache.clear()


@pytest.fixture
def own_session(monkeypatch):
    """No session at first; one that is made in the test ends with it."""
    with monkeypatch.context() as patch:
        patch.setattr(_cache_session, "_session", _cache_session._Session())
        yield
        _cache_session._end_session()


class TestTokens:
    def test_second_call_computes_nothing(self, cache):
        assert ask(cache, range(10))[1] == list(range(10))
        assert ask(cache, range(10))[1] == []
        assert ask(TokenCache(cache.location), [7, 3])[1] == []

    def test_only_missing_ones_are_computed(self, cache):
        ask(cache, [1, 3, 5])
        assert ask(cache, range(7))[1] == [0, 2, 4, 6]

    def test_duplicates_are_computed_once(self, cache):
        assert ask(cache, [5, 5, 2, 5, 2])[1] == [5, 2]

    def test_spaces_and_dtypes_are_apart(self, cache):
        ask(cache, [1, 2])
        assert ask(cache, [1, 2], space="bb")[1] == [1, 2]
        other = TokenCache(cache.location, dtype="bfloat16")
        assert ask(other, [1, 2])[1] == [1, 2]

    def test_more_than_can_be_claimed_at_once(self, cache):
        assert ask(cache, range(100), batch_size=4)[1] == list(range(100))

    def test_memory(self, memory):
        assert ask(memory, range(5))[1] == list(range(5))
        assert ask(TokenCache(), range(5))[1] == []

    def test_batch_is_a_fresh_tensor(self, cache):
        tokens, _ = ask(cache, range(4))
        tokens.batch([0, 1]).zero_()
        assert_right(tokens, range(4))
        assert torch.equal(tokens.batch(torch.tensor([2, 0]))[0], tokens_of(2))

    def test_memory_of_compute_may_be_used_again(self, tmp_path):
        cache = TokenCache(tmp_path, max_size=1)
        buffer = torch.empty(1, *SHAPE)

        def compute(positions):
            for position in positions:
                yield [position], buffer.copy_(tokens_of(position))

        with pytest.warns(TokenCacheWarning):
            tokens = cache.tokens("aa", [key(0), key(1)], compute)
        assert_right(tokens, [0, 1])

    def test_inference_tensors(self, cache):
        def compute(positions):
            with torch.inference_mode():
                yield positions, torch.stack([tokens_of(p) for p in positions]) * 1.0

        assert_right(cache.tokens("aa", [key(0), key(1)], compute), [0, 1])

    def test_no_keys(self, cache):
        with pytest.raises(ValueError, match="no images"):
            cache.tokens("aa", [], Backbone([]))

    def test_other_shape(self, cache):
        ask(cache, [1])
        with pytest.raises(ValueError, match=r"\(3, 4\).*\(3, 5\)"):
            ask(cache, [2], shape=(3, 5))
        with pytest.raises(ValueError, match=r"\(3, 4\).*\(3, 5\)"):
            ask(cache, [1, 2], shape=(3, 5))
        assert len(segment_files(cache.location)) == 1

    def test_compute_that_forgets(self, cache):
        def compute(positions):
            yield positions[:1], torch.zeros(1, 2, 3)

        with pytest.raises(ValueError, match="left out 1 of 2"):
            cache.tokens("aa", [key(0), key(1)], compute)

    @pytest.mark.parametrize("batch", [([5], torch.ones(1, 2, 3)), ([0], torch.ones(2, 2, 3))])
    def test_compute_that_yields_nonsense(self, cache, batch):
        with pytest.raises(ValueError, match="compute yielded"):
            cache.tokens("aa", [key(0)], lambda positions: (each for each in [batch]))

    def test_exception_releases_claims(self, cache):
        with pytest.raises(RuntimeError, match="out of memory"):
            ask(cache, range(12), fails_at=9)
        assert ask(cache, range(12))[1] == [8, 9, 10, 11]

    def test_threads_compute_once(self, cache):
        backbones = [Backbone(range(n, n + 60), batch_size=3, seconds=0.002) for n in (0, 20, 40)]
        served = [None] * len(backbones)

        def run(i):
            backbone = backbones[i]
            served[i] = cache.tokens("aa", backbone.keys, backbone, batch_size=3)

        threads = [threading.Thread(target=run, args=(i,)) for i in range(len(backbones))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for tokens, backbone in zip(served, backbones, strict=True):
            assert_right(tokens, backbone.numbers)
        assert sorted(sum((b.computed for b in backbones), [])) == list(range(100))

    def test_many_segments_keep_no_descriptors(self, cache):
        folder = Path("/proc/self/fd")
        if not folder.exists():
            pytest.skip("descriptors cannot be counted here")
        before = len(list(folder.iterdir()))
        tokens, _ = ask(TokenCache(), range(300), space="fd", batch_size=1)
        assert len(list(folder.iterdir())) < before + 10
        assert len(tokens._segments) == 300
        TokenCache().clear("fd")


class TestDtypes:
    @pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
    def test_round_trip(self, tmp_path, dtype):
        cache = TokenCache(tmp_path, dtype=dtype)
        values = torch.randn(5, 7, 9)
        keys = [key(n) for n in range(5)]

        def compute(positions):
            yield positions, values[positions]

        expected = values.to(getattr(torch, dtype)).float()
        for _ in range(2):
            assert torch.equal(cache.tokens("aa", keys, compute).batch(range(5)), expected)
        assert segment_files(tmp_path)[0].stat().st_size == 2 * values.numel()
        without_room = TokenCache(tmp_path, dtype=dtype, max_size=1)
        with pytest.warns(TokenCacheWarning):
            tokens = without_room.tokens("bb", keys, compute)
        assert torch.equal(tokens.batch(range(5)), expected)

    def test_overflow_names_the_row(self, tmp_path):
        def compute(positions):
            values = torch.ones(len(positions), 1, 2)
            values[1, 0, 1] = -70000
            yield positions, values

        with pytest.raises(ValueError, match="Row 1 has tokens beyond float16"):
            TokenCache(tmp_path, dtype="float16").tokens("aa", [key(0), key(1), key(2)], compute)


class TestProcesses:
    def test_each_key_once_in_two_processes(self, cache, memory, tmp_path):
        def work(cache, numbers, log):
            # Self-contained: it is pickled by value.
            import time

            import torch

            keys = [int(number).to_bytes(8, "big") for number in numbers]

            def compute(positions):
                for start in range(0, len(positions), 4):
                    time.sleep(0.005)
                    batch = positions[start : start + 4]
                    with open(log, "a") as file:
                        file.write("".join(f"{numbers[p]}\n" for p in batch))
                    values = torch.tensor([float(numbers[p]) for p in batch])
                    yield batch, values[:, None, None].expand(-1, 2, 3)

            tokens = cache.tokens("cc", keys, compute, batch_size=4)
            return tokens, torch.equal(
                tokens.batch(range(len(keys)))[:, 1, 2], torch.tensor(numbers)
            )

        for each in (cache, memory):
            log = tmp_path / f"log_{each.location is None}"
            wanted = [[float(n) for n in range(first, first + 120)] for first in (0, 60)]
            parallel = Parallel(n_jobs=2, backend="loky")
            results = parallel(delayed(work)(each, numbers, log) for numbers in wanted)
            assert [is_right for _, is_right in results] == [True, True]
            assert sorted(map(float, log.read_text().split())) == [float(n) for n in range(180)]
            # What a worker returns is read here, and what the workers left is found here.
            assert torch.equal(results[1][0].batch([3])[0], torch.full((2, 3), 63.0))
            assert work(each, wanted[0], log)[1]
            assert len(log.read_text().split()) == 180

    def test_killed_while_computing(self, cache):
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
        assert not any(name.startswith(owner) and "-8" in name or "-9" in name for name in names)
        assert f"{owner}.alive" not in names
        assert "notes.txt" in names
        # Its session's directory is swept by the next session.
        left_behind = run.stdout.strip()
        assert os.path.isdir(left_behind)
        _cache_session._sweep_sessions(os.path.dirname(left_behind))
        assert not list(Path(left_behind).parent.glob(f"{Path(left_behind).name}*"))

    def test_session_ends_with_its_process(self):
        mine = session_token()
        code = """
import os, sys
from sklearn_ctran._cache import session as _cache_session
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
_cache_session._sweep_sessions(os.path.dirname(directory))
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

    def test_session_of_a_process_that_ends(self, own_session):
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
            backbone = Backbone(range(12))

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

    def test_session_of_a_dead_process_is_not_joined(self, own_session):
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
        assert _cache_session.current_session() is None
        os.unlink(f"{token}.lock")
        join_session(token)
        assert _cache_session.current_session() is None
        _cache_session._sweep_sessions(os.path.dirname(token))
        assert not os.path.exists(token)

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
    def test_session_of_a_forked_child(self, own_session, tmp_path):
        def work():
            ask(TokenCache(), range(4))
            (tmp_path / "token").write_text(session_token())

        child = multiprocessing.get_context("fork").Process(target=work)
        child.start()
        child.join()
        assert child.exitcode == 0
        token = Path((tmp_path / "token").read_text())
        assert not list(token.parent.glob(f"{token.name}*"))

    def test_data_loader_worker(self, cache):
        tokens, _ = ask(cache, range(8))
        loader = DataLoader(
            range(8),
            batch_size=4,
            collate_fn=tokens.batch,
            num_workers=1,
            multiprocessing_context="spawn",
        )
        expected = torch.stack([tokens_of(n) for n in range(8)])
        assert torch.equal(torch.cat(list(loader)), expected)


class TestRoom:
    def test_least_recently_used_goes_first(self, tmp_path):
        cache = TokenCache(tmp_path, max_size=12 * ROW_BYTES)
        for first in (0, 4, 8):
            ask(cache, range(first, first + 4))
        ask(cache, [0])
        ask(cache, [12])
        assert ask(cache, range(4))[1] == []
        assert ask(cache, range(8, 13))[1] == []
        assert cache.info().bytes <= 12 * ROW_BYTES
        assert ask(cache, [4])[1] == [4]

    def test_what_the_call_uses_stays(self, tmp_path):
        cache = TokenCache(tmp_path, max_size=8 * ROW_BYTES)
        ask(cache, range(8))
        with pytest.warns(TokenCacheWarning, match="max_size=384.*bfloat16") as caught:
            _, computed = ask(cache, range(20))
        assert computed == list(range(8, 20))
        assert len(caught) == 1
        assert ask(cache, range(8))[1] == []
        assert len(segment_files(tmp_path)) == 2

    def test_no_room_at_all(self, tmp_path):
        cache = TokenCache(tmp_path, max_size=1)
        for _ in range(2):
            with pytest.warns(TokenCacheWarning):
                assert ask(cache, range(40))[1] == list(range(40))
        assert segment_files(tmp_path) == []

    def test_full_file_system(self, tmp_path):
        cache = TokenCache(tmp_path)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        shape = (400, 400)
        ask(cache, range(2), shape=shape, batch_size=1)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, hard))
            with pytest.warns(TokenCacheWarning):
                assert ask(cache, range(6), shape=shape, batch_size=4)[1] == [2, 3, 4, 5]
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert len(segment_files(tmp_path)) == 2
        assert list(tmp_path.glob("*.tmp")) == []
        assert ask(cache, range(6), shape=shape)[1] == [2, 3, 4, 5]

    @pytest.mark.parametrize("n_pages", [12, 70, 100])
    def test_index_that_cannot_grow(self, cache, monkeypatch, n_pages):
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

    @pytest.mark.parametrize(
        "size, n_bytes",
        [
            (5, 5),
            ("500MB", 5 * 10**8),
            ("1.5 gb", 1.5 * 10**9),
            ("2GiB", 2**31),
            ("7", 7),
            (2e9, 2 * 10**9),
        ],
    )
    def test_sizes(self, size, n_bytes):
        assert TokenCache(max_size=size).info().max_size == n_bytes

    @pytest.mark.parametrize(
        "size", ["", "much", "1.2.3GB", "-1GB", "0", 0, -1, 1.5, True, "5iB", float("inf")]
    )
    def test_no_sizes(self, size):
        with pytest.raises(ValueError, match="max_size must be"):
            TokenCache(max_size=size)

    def test_half_of_what_is_free(self, tmp_path, monkeypatch):
        monkeypatch.setattr("sklearn_ctran._cache.token_cache.free_bytes", lambda directory: 1000)
        cache = TokenCache(tmp_path / "a" / "b")
        assert cache.info().max_size == 500
        ask(cache, range(4))
        assert cache.info().max_size == (1000 + 4 * ROW_BYTES) // 2

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
    def test_memory_of_a_container(self, tmp_path, monkeypatch, cgroup, files, n_bytes):
        def write(path, text):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")

        write(tmp_path / "proc/meminfo", "MemTotal: 9 kB\nMemAvailable: 8 kB")
        write(tmp_path / "proc/self/cgroup", cgroup)
        for name, text in files.items():
            write(tmp_path / "sys/fs/cgroup" / name, text)
        monkeypatch.setattr(_cache_session, "_RAM", str(tmp_path))
        assert _cache_session.free_bytes(str(tmp_path), root=tmp_path) == n_bytes
        monkeypatch.setattr(_cache_session, "_RAM", str(tmp_path / "other"))
        assert _cache_session.free_bytes(str(tmp_path), root=tmp_path) > 8192


class TestCachedTokens:
    def test_pickles_small(self, cache):
        tokens, _ = ask(cache, range(8), shape=(100, 50))
        pickled = pickle.dumps(tokens)
        assert len(pickled) < 2000
        assert_right(pickle.loads(pickled), range(8), (100, 50))

    def test_values_without_a_file_travel(self, tmp_path):
        cache = TokenCache(tmp_path, max_size=4 * ROW_BYTES)
        with pytest.warns(TokenCacheWarning):
            tokens, _ = ask(cache, range(8))
        assert_right(pickle.loads(pickle.dumps(tokens)), range(8))

    def test_survives_eviction_and_clear(self, cache):
        tokens, _ = ask(cache, range(8))
        pickled = pickle.dumps(tokens)
        cache.clear()
        gc.collect()
        assert segment_files(cache.location) == []
        assert_right(tokens, range(8))
        assert_right(pickle.loads(pickle.dumps(tokens)), range(8))
        with pytest.raises(FileNotFoundError, match="request them from the cache"):
            pickle.loads(pickled)

    def test_repr(self, cache):
        assert repr(ask(cache, range(2))[0]) == "CachedTokens(shape=(2, 3, 4))"


class TestDamage:
    @pytest.mark.parametrize("damage", [Path.unlink, lambda path: os.truncate(path, 10)])
    def test_damaged_segment_is_computed_again(self, cache, damage):
        ask(cache, range(8))
        damage(segment_files(cache.location)[0])
        assert len(ask(cache, range(8))[1]) == 4
        assert ask(cache, range(8))[1] == []
        assert len(segment_files(cache.location)) == 2

    def test_segment_that_is_removed_at_once(self, cache, monkeypatch):
        def write_nothing(path, values, durable):
            pass

        with monkeypatch.context() as patch:
            patch.setattr("sklearn_ctran._cache.request.write_file", write_nothing)
            assert ask(cache, range(8))[1] == list(range(8))
        assert ask(cache, range(8))[1] == list(range(8))

    @pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
    def test_too_many_maps(self, tmp_path, monkeypatch, dtype):
        def from_file(*args, **settings):
            raise RuntimeError("unable to mmap: Cannot allocate memory (12)")

        cache = TokenCache(tmp_path, dtype=dtype)
        ask(cache, range(4))
        monkeypatch.setattr(torch, "from_file", from_file)
        tokens, computed = ask(cache, range(8))
        assert computed == [4, 5, 6, 7]
        assert_right(pickle.loads(pickle.dumps(tokens)), range(8))

    def test_removed_while_it_is_mapped(self, cache, monkeypatch):
        def from_file(path, **settings):
            os.unlink(path)
            raise RuntimeError("unable to open file")

        ask(cache, range(4))
        with monkeypatch.context() as patch:
            patch.setattr(torch, "from_file", from_file)
            assert ask(cache, range(4))[1] == list(range(4))

    def test_files_that_cannot_be_removed_yet(self, cache, monkeypatch):
        def unlink(path):
            raise PermissionError(13, "The process cannot access the file", path)

        ask(cache, range(8))
        with monkeypatch.context() as patch:
            patch.setattr("sklearn_ctran._cache.index.os.unlink", unlink)
            assert cache.clear() == 8 * ROW_BYTES
        assert cache.info().bytes == 0
        assert len(segment_files(cache.location)) == 2
        end_lives(cache.location)
        assert ask(cache, range(4))[1] == list(range(4))
        assert len(segment_files(cache.location)) == 1

    def test_deleted_folder(self, cache):
        tokens, _ = ask(cache, range(8))
        for path in Path(cache.location).iterdir():
            path.unlink()
        assert_right(tokens, range(8))
        assert ask(cache, range(8))[1] == list(range(8))

    def test_deleted_index(self, cache):
        ask(cache, range(8))
        (Path(cache.location) / "index.sqlite").unlink()
        assert ask(cache, range(8))[1] == list(range(8))

    def test_broken_index(self, cache):
        ask(cache, range(8))
        (Path(cache.location) / "index.sqlite").write_bytes(b"nonsense" * 1000)
        for call in (lambda: ask(cache, range(8)), cache.info, cache.clear):
            with pytest.raises(ValueError, match=r"index\.sqlite is broken .*Delete the folder"):
                call()

    def test_foreign_index(self, tmp_path):
        with sqlite3.connect(tmp_path / "index.sqlite") as db:
            db.execute("CREATE TABLE tokens (a)")
        db.close()
        with pytest.raises(ValueError, match="not a token cache's"):
            ask(TokenCache(tmp_path), range(8))

    def test_other_version(self, cache):
        ask(cache, range(8))
        with sqlite3.connect(Path(cache.location) / "index.sqlite") as db:
            db.execute("PRAGMA user_version = 99")
        db.close()
        with pytest.raises(ValueError, match="has format 99"):
            ask(cache, range(8))

    def test_location_is_a_file(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(NotADirectoryError, match="is a file"):
            ask(TokenCache(tmp_path / "file"), range(8))


class TestInfoAndClear:
    def test_info(self, cache):
        assert "empty" in str(cache.info())
        assert not os.path.exists(cache.location)
        backbone = Backbone(range(5))
        cache.tokens("aa", backbone.keys, backbone, label="mobilenet_v2, image_size 224")
        ask(cache, range(3), space="bb", shape=(2, 2))
        info = cache.info()
        assert info.location == cache.location
        assert info.bytes == 5 * ROW_BYTES + 3 * 16
        assert info.bytes == sum(path.stat().st_size for path in segment_files(cache.location))
        first = info.spaces[1]
        assert first["label"] == "mobilenet_v2, image_size 224"
        assert (first["space"], first["images"], first["bytes"]) == ("aa", 5, 5 * ROW_BYTES)
        assert (first["dtype"], first["shape"]) == ("float32", SHAPE)
        lines = str(info).splitlines()
        assert lines[0].startswith(f"TokenCache at {cache.location}: 288 B of at most")
        assert lines[1].split() == ["label", "images", "size", "dtype", "shape", "last", "used"]
        assert lines[2].startswith("bb  ")
        cells = re.split(r"\s{2,}", lines[3])
        assert cells[:-1] == ["mobilenet_v2, image_size 224", "5", "240 B", "float32", "3 x 4"]
        assert cells[-1] == f"{first['last_used']:%Y-%m-%d %H:%M}"

    def test_label_is_kept(self, cache):
        for label in ("small", "", "small, 32"):
            cache.tokens("aa", [key(0)], Backbone([0]), label=label)
            assert cache.info().spaces[0]["label"] == (label or "small")

    def test_clear(self, cache):
        assert cache.clear() == 0
        ask(cache, range(5))
        ask(cache, range(3), space="bb")
        assert cache.clear("bb") == 3 * ROW_BYTES
        assert [space["space"] for space in cache.info().spaces] == ["aa"]
        assert ask(cache, range(5))[1] == []
        assert cache.clear() == 5 * ROW_BYTES
        assert segment_files(cache.location) == []
        assert ask(cache, range(5))[1] == list(range(5))


class TestValue:
    def test_equality(self, tmp_path):
        cache = TokenCache(tmp_path, max_size="1GB")
        same = TokenCache(str(tmp_path), max_size=10**9)
        assert cache == same
        assert hash(cache) == hash(same)
        for other in (TokenCache(), TokenCache(tmp_path), TokenCache(tmp_path, dtype="float16")):
            assert cache != other
        assert cache != "memory"

    def test_copies(self, tmp_path):
        class Estimator(BaseEstimator):
            def __init__(self, cache=None):
                self.cache = cache

        for cache in (TokenCache(), TokenCache(tmp_path, max_size="1GB", dtype="bfloat16")):
            for copied in (
                copy.copy(cache),
                copy.deepcopy(cache),
                clone(Estimator(cache)).cache,
                pickle.loads(pickle.dumps(cache)),
            ):
                assert copied == cache
                assert repr(copied) == repr(cache)

    def test_nothing_is_made_before_it_is_needed(self, tmp_path, monkeypatch):
        monkeypatch.setattr(_cache_session, "_session", _cache_session._Session())
        cache = copy.deepcopy(TokenCache())
        assert "empty" in str(cache.info())
        assert cache.clear() == 0
        assert _cache_session.current_session() is None
        join_session("")
        join_session(str(tmp_path))
        join_session(str(tmp_path / f"{_cache_session._session_prefix()}gone"))
        assert _cache_session.current_session() is None

    def test_session_is_joined(self, tmp_path, monkeypatch):
        pickled = pickle.dumps(TokenCache())
        mine = session_token()
        monkeypatch.setattr(_cache_session, "_session", _cache_session._Session())
        pickle.loads(pickled)
        assert session_token() == mine

    def test_session_without_memory_for_it(self, tmp_path, monkeypatch):
        monkeypatch.setattr(_cache_session, "_RAM", str(tmp_path / "missing"))
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        monkeypatch.setattr(_cache_session, "_session", _cache_session._Session())
        assert os.path.dirname(session_token()) == str(tmp_path)
        ask(TokenCache(), range(4))
        _cache_session._end_session()
        assert list(tmp_path.iterdir()) == []

    def test_repr(self, tmp_path):
        assert repr(TokenCache()) == "TokenCache()"
        assert repr(TokenCache("/a/b", max_size="2GB", dtype="float16")) == (
            "TokenCache('/a/b', max_size='2GB', dtype='float16')"
        )

    def test_empty_location(self):
        for make in (TokenCache, resolve_cache):
            with pytest.raises(ValueError, match="location is an empty string"):
                make("")

    def test_dtype(self):
        with pytest.raises(ValueError, match="dtype must be one of float32, bfloat16, float16"):
            TokenCache(dtype="int8")

    def test_resolve(self, tmp_path):
        cache = TokenCache(tmp_path)
        assert resolve_cache(None) is None
        assert resolve_cache(cache) is cache
        assert resolve_cache("memory") == TokenCache()
        assert resolve_cache(str(tmp_path)) == resolve_cache(tmp_path) == cache
        with pytest.raises(TypeError, match="'memory', the path of a directory or a TokenCache"):
            resolve_cache(3)
