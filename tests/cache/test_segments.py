"""Segments: served tokens, their pickles, and files that are damaged or cannot be mapped."""

import gc
import os
import pickle
from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader

from sklearn_ctran._cache.request import TokenCacheWarning
from sklearn_ctran._cache.token_cache import TokenCache


def test_batch_is_a_fresh_tensor(cache, ask, assert_right, tokens_of):
    tokens, _ = ask(cache, range(4))
    tokens.batch([0, 1]).zero_()
    assert_right(tokens, range(4))
    assert torch.equal(tokens.batch(torch.tensor([2, 0]))[0], tokens_of(2))


def test_many_segments_keep_no_descriptors(cache, ask):
    folder = Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("descriptors cannot be counted here")
    before = len(list(folder.iterdir()))
    tokens, _ = ask(TokenCache(), range(300), space="fd", batch_size=1)
    assert len(list(folder.iterdir())) < before + 10
    assert len(tokens._segments) == 300
    TokenCache().clear("fd")


def test_data_loader_worker(cache, ask, tokens_of):
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


def test_pickles_small(cache, ask, assert_right):
    tokens, _ = ask(cache, range(8), shape=(100, 50))
    pickled = pickle.dumps(tokens)
    assert len(pickled) < 2000
    assert_right(pickle.loads(pickled), range(8), (100, 50))


def test_values_without_a_file_travel(tmp_path, ask, assert_right, row_bytes):
    cache = TokenCache(tmp_path, max_size=4 * row_bytes)
    with pytest.warns(TokenCacheWarning):
        tokens, _ = ask(cache, range(8))
    assert_right(pickle.loads(pickle.dumps(tokens)), range(8))


def test_survives_eviction_and_clear(cache, ask, assert_right, segment_files):
    tokens, _ = ask(cache, range(8))
    pickled = pickle.dumps(tokens)
    cache.clear()
    gc.collect()
    assert segment_files(cache.location) == []
    assert_right(tokens, range(8))
    assert_right(pickle.loads(pickle.dumps(tokens)), range(8))
    with pytest.raises(FileNotFoundError, match="request them from the cache"):
        pickle.loads(pickled)


def test_files_that_become_shorter_in_use(cache, ask, assert_right, segment_files):
    tokens, _ = ask(cache, range(8), shape=(100, 50))
    os.truncate(segment_files(cache.location)[0], 10**4)
    with pytest.raises(OSError, match=r"somebody has changed the file.*clear\(\)"):
        tokens.batch(range(8))
    assert_right(ask(cache, range(8), shape=(100, 50))[0], range(8), (100, 50))


@pytest.mark.parametrize("use", [lambda tokens: tokens.batch(range(8)), pickle.dumps])
def test_files_that_become_shorter_and_are_removed(cache, ask, segment_files, use):
    """Another process removes what it finds damaged."""
    tokens, _ = ask(cache, range(8), shape=(100, 50))
    path = segment_files(cache.location)[0]
    os.truncate(path, 10**4)
    path.unlink()
    with pytest.raises(OSError, match="somebody has changed the file"):
        use(tokens)


def test_removed_files_without_memory_files(cache, ask, assert_right, monkeypatch):
    tokens, _ = ask(cache, range(8))
    cache.clear()
    monkeypatch.delattr(os, "memfd_create", raising=False)
    assert_right(tokens, range(8))


def test_files_that_are_replaced_in_use(cache, ask, assert_right, segment_files):
    tokens, _ = ask(cache, range(8))
    one, other = segment_files(cache.location)
    link_elsewhere(one)
    make_pipe(other)
    assert_right(tokens, range(8))


def test_tokens_repr(cache, ask):
    assert repr(ask(cache, range(2))[0]) == "CachedTokens(shape=(2, 3, 4))"


def link_elsewhere(path):
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


def make_pipe(path):
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "damage", [Path.unlink, lambda path: os.truncate(path, 10), link_elsewhere, make_pipe]
)
def test_damaged_segment_is_computed_again(cache, damage, ask, segment_files):
    ask(cache, range(8))
    damage(segment_files(cache.location)[0])
    assert len(ask(cache, range(8))[1]) == 4
    assert ask(cache, range(8))[1] == []
    assert len(segment_files(cache.location)) == 2


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_too_many_maps(tmp_path, monkeypatch, dtype, ask, assert_right):
    def from_file(*args, **settings):
        raise RuntimeError("unable to mmap: Cannot allocate memory (12)")

    cache = TokenCache(tmp_path, dtype=dtype)
    ask(cache, range(4))
    monkeypatch.setattr(torch, "from_file", from_file)
    tokens, computed = ask(cache, range(8))
    assert computed == [4, 5, 6, 7]
    assert_right(pickle.loads(pickle.dumps(tokens)), range(8))


@pytest.mark.parametrize("damage", [os.unlink, lambda path: os.truncate(path, 0)])
def test_damaged_while_it_is_mapped(cache, damage, monkeypatch, ask):
    def from_file(path, **settings):
        damage(path)
        raise RuntimeError("unable to open file")

    ask(cache, range(4))
    with monkeypatch.context() as patch:
        patch.setattr(torch, "from_file", from_file)
        assert ask(cache, range(4))[1] == list(range(4))
