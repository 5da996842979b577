"""What is remembered of files."""

import time

from sklearn_ctran._utils.file_memo import FileMemo

LONG_AGO = [0, 1_000_000_000]


def test_values_of_files_that_have_settled_are_kept():
    memo = FileMemo(9)
    memo.keep("old", 1, LONG_AGO)
    memo.keep("new", 2, [0, time.time_ns()])
    assert (memo.get("old"), memo.get("new"), len(memo)) == (1, None, 1)
    memo.clear()
    assert memo.get("old") is None


def test_it_does_not_grow_forever():
    memo = FileMemo(2)
    for state in range(5):
        memo.keep(state, state, LONG_AGO)
        assert len(memo) <= 2
        assert memo.get(state) == state
