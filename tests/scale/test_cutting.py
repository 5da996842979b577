"""Labels of a shard are those of its rows; what is one value for all rows stays one."""

import numpy as np
import pytest

from sklearn_ctran._scale.cutting import cut, cut_into_shards

KNOWN = {
    "value": 1,
    "array": np.array(0),
    "column": np.arange(5),
    "list": [0, 1, 0, 1, None],
    "tuple": (0, 1, 0, 1, 1),
    "group": ("a", "b"),
    "five": ("a", "b", "c", "d", "e"),
    "one of a group": "abcde",
    "set": {"a", "b", "c", "d", "e"},
}


def test_the_labels_of_rows():
    shards, n = cut_into_shards(list("uvwxy"), KNOWN, None, 2, {"five"})
    parts = list(shards)
    assert n == 3
    assert [part[0] for part in parts] == [["u", "v"], ["w", "x"], ["y"]]
    _, known, extra = parts[1]
    assert extra is None
    assert known["column"].tolist() == [2, 3]
    assert list(known["list"]) == [0, 1]
    assert list(known["tuple"]) == [0, 1]
    for name in ("value", "array", "group", "five", "one of a group", "set"):
        assert known[name] is KNOWN[name]


def test_a_tuple_of_a_group_is_no_column_of_as_many_rows():
    ((_, known, _),) = cut((["u", "v"], {"group": ("a", "b")}, None), 2, 2)
    assert known == {"group": ("a", "b")}


def test_shards_of_an_iterator_are_read_one_by_one():
    read = []

    def parts():
        for part in ("ab", "cde"):
            read.append(part)
            yield list(part)

    shards, n = cut_into_shards(parts(), iter([{"x": [0, 1]}, None]), {"y": 1}, 1)
    assert n is None and not read
    assert next(shards) == (["a", "b"], {"x": [0, 1]}, {"y": 1})
    assert read == ["ab"]
    assert list(shards) == [(["c", "d", "e"], None, {"y": 1})]


def test_rows_in_another_order_are_an_error():
    pd = pytest.importorskip("pandas")
    X = pd.Series(list("abc"), index=[3, 5, 9])
    known = pd.DataFrame({"x": [0, 1, 1]}, index=[5, 3, 9])
    with pytest.raises(ValueError, match="different orders"):
        cut_into_shards(X, known, None, 2)
