"""One request: what `compute` may do, and a cache without room."""

import resource

import pytest
import torch

from sklearn_ctran._cache.index import Index
from sklearn_ctran._cache.request import TokenCacheWarning
from sklearn_ctran._cache.token_cache import TokenCache


def test_more_than_can_be_claimed_at_once(cache, ask):
    assert ask(cache, range(100), batch_size=4)[1] == list(range(100))


def test_memory_of_compute_may_be_used_again(tmp_path, assert_right, tokens_of, key):
    cache = TokenCache(tmp_path, max_size=1)
    buffer = torch.empty(1, 3, 4)

    def compute(positions):
        for position in positions:
            yield [position], buffer.copy_(tokens_of(position))

    with pytest.warns(TokenCacheWarning):
        tokens = cache.tokens("aa", [key(0), key(1)], compute)
    assert_right(tokens, [0, 1])


def test_inference_tensors(cache, assert_right, tokens_of, key):
    def compute(positions):
        with torch.inference_mode():
            yield positions, torch.stack([tokens_of(p) for p in positions]) * 1.0

    assert_right(cache.tokens("aa", [key(0), key(1)], compute), [0, 1])


def test_other_shape(cache, ask, segment_files):
    ask(cache, [1])
    with pytest.raises(ValueError, match=r"\(3, 4\).*\(3, 5\)"):
        ask(cache, [2], shape=(3, 5))
    with pytest.raises(ValueError, match=r"\(3, 4\).*\(3, 5\)"):
        ask(cache, [1, 2], shape=(3, 5))
    assert len(segment_files(cache.location)) == 1


def test_compute_that_forgets(cache, key):
    def compute(positions):
        yield positions[:1], torch.zeros(1, 2, 3)

    with pytest.raises(ValueError, match="left out 1 of 2"):
        cache.tokens("aa", [key(0), key(1)], compute)


@pytest.mark.parametrize("batch", [([5], torch.ones(1, 2, 3)), ([0], torch.ones(2, 2, 3))])
def test_compute_that_yields_nonsense(cache, batch, key):
    with pytest.raises(ValueError, match="compute yielded"):
        cache.tokens("aa", [key(0)], lambda positions: (each for each in [batch]))


def test_exception_releases_claims(cache, ask):
    with pytest.raises(RuntimeError, match="out of memory"):
        ask(cache, range(12), fails_at=9)
    assert ask(cache, range(12))[1] == [8, 9, 10, 11]


def test_overflow_names_the_row(tmp_path, key):
    def compute(positions):
        values = torch.ones(len(positions), 1, 2)
        values[1, 0, 1] = -70000
        yield positions, values

    with pytest.raises(ValueError, match="Row 1 has tokens beyond float16"):
        TokenCache(tmp_path, dtype="float16").tokens("aa", [key(0), key(1), key(2)], compute)


def test_what_the_call_uses_stays(tmp_path, ask, segment_files, row_bytes):
    cache = TokenCache(tmp_path, max_size=8 * row_bytes)
    ask(cache, range(8))
    with pytest.warns(TokenCacheWarning, match="max_size=384.*bfloat16") as caught:
        _, computed = ask(cache, range(20))
    assert computed == list(range(8, 20))
    assert len(caught) == 1
    # The warning points at the caller of the package, here in known_tokens.py.
    assert caught[0].filename.endswith("known_tokens.py")
    assert ask(cache, range(8))[1] == []
    assert len(segment_files(tmp_path)) == 2


def test_no_room_at_all(tmp_path, ask, segment_files):
    cache = TokenCache(tmp_path, max_size=1)
    for _ in range(2):
        with pytest.warns(TokenCacheWarning):
            assert ask(cache, range(40))[1] == list(range(40))
    assert segment_files(tmp_path) == []


def test_full_file_system(tmp_path, ask, segment_files):
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


def test_segment_that_is_removed_at_once(cache, monkeypatch, ask):
    def write_nothing(path, values, durable):
        pass

    with monkeypatch.context() as patch:
        patch.setattr("sklearn_ctran._cache.request.write_file", write_nothing)
        assert ask(cache, range(8))[1] == list(range(8))
    assert ask(cache, range(8))[1] == list(range(8))


def test_index_that_does_not_let_go(cache, monkeypatch, ask, segment_files):
    ask(cache, range(8))
    segment_files(cache.location)[0].unlink()
    monkeypatch.setattr(Index, "drop", lambda index, segments: None)
    assert ask(cache, range(8))[1] == [0, 1, 2, 3]
