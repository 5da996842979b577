"""A cache of tokens: what is computed, by whom, and what kind of value the cache is."""

import copy
import pickle
import threading
import time

import pytest
import torch
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, clone

from sklearn_ctran._cache.request import TokenCacheWarning
from sklearn_ctran._cache.token_cache import TokenCache, resolve_cache


def test_second_call_computes_nothing(cache, ask):
    assert ask(cache, range(10))[1] == list(range(10))
    assert ask(cache, range(10))[1] == []
    assert ask(TokenCache(cache.location), [7, 3])[1] == []


def test_only_missing_ones_are_computed(cache, ask):
    ask(cache, [1, 3, 5])
    assert ask(cache, range(7))[1] == [0, 2, 4, 6]


def test_duplicates_are_computed_once(cache, ask):
    assert ask(cache, [5, 5, 2, 5, 2])[1] == [5, 2]


def test_spaces_and_dtypes_are_apart(cache, ask):
    ask(cache, [1, 2])
    assert ask(cache, [1, 2], space="bb")[1] == [1, 2]
    other = TokenCache(cache.location, dtype="bfloat16")
    assert ask(other, [1, 2])[1] == [1, 2]


def test_memory(memory, ask):
    assert ask(memory, range(5))[1] == list(range(5))
    assert ask(TokenCache(), range(5))[1] == []


def test_threads_compute_once(cache, assert_right, counting):
    backbones = [counting(range(n, n + 60), batch_size=3, seconds=0.002) for n in (0, 20, 40)]
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


def test_each_key_once_in_two_processes(cache, memory, tmp_path):
    def work(cache, numbers, log):
        # Self-contained: it is pickled by value.

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
        return tokens, torch.equal(tokens.batch(range(len(keys)))[:, 1, 2], torch.tensor(numbers))

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


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_round_trip(tmp_path, dtype, key, segment_files):
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


def test_no_keys(cache, counting):
    with pytest.raises(ValueError, match="no images"):
        cache.tokens("aa", [], counting([]))


def test_location_is_a_file(tmp_path, ask):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="is a file"):
        ask(TokenCache(tmp_path / "file"), range(8))


def test_half_of_what_is_free(tmp_path, monkeypatch, ask, row_bytes):
    monkeypatch.setattr("sklearn_ctran._cache.token_cache.free_bytes", lambda directory: 1000)
    cache = TokenCache(tmp_path / "a" / "b")
    assert cache.info().max_size == 500
    ask(cache, range(4))
    assert cache.info().max_size == (1000 + 4 * row_bytes) // 2


def test_clear(cache, ask, segment_files, row_bytes):
    assert cache.clear() == 0
    ask(cache, range(5))
    ask(cache, range(3), space="bb")
    assert cache.clear("bb") == 3 * row_bytes
    assert [space["space"] for space in cache.info().spaces] == ["aa"]
    assert ask(cache, range(5))[1] == []
    assert cache.clear() == 5 * row_bytes
    assert segment_files(cache.location) == []
    assert ask(cache, range(5))[1] == list(range(5))


def test_equality(tmp_path):
    cache = TokenCache(tmp_path, max_size="1GB")
    same = TokenCache(str(tmp_path), max_size=10**9)
    assert cache == same
    assert hash(cache) == hash(same)
    for other in (TokenCache(), TokenCache(tmp_path), TokenCache(tmp_path, dtype="float16")):
        assert cache != other
    assert cache != "memory"


def test_copies(tmp_path):
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


def test_repr(tmp_path):
    assert repr(TokenCache()) == "TokenCache()"
    assert repr(TokenCache("/a/b", max_size="2GB", dtype="float16")) == (
        "TokenCache('/a/b', max_size='2GB', dtype='float16')"
    )


def test_empty_location():
    for make in (TokenCache, resolve_cache):
        with pytest.raises(ValueError, match="location is an empty string"):
            make("")


def test_dtype():
    with pytest.raises(ValueError, match="dtype must be one of float32, bfloat16, float16"):
        TokenCache(dtype="int8")


def test_resolve(tmp_path):
    cache = TokenCache(tmp_path)
    assert resolve_cache(None) is None
    assert resolve_cache(cache) is cache
    assert resolve_cache("memory") == TokenCache()
    assert resolve_cache(str(tmp_path)) == resolve_cache(tmp_path) == cache
    with pytest.raises(TypeError, match="'memory', the path of a directory or a TokenCache"):
        resolve_cache(3)
