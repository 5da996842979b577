"""Files of JSON that are broken say where."""

import pytest

from sklearn_ctran.datasets._tags.json_files import check_kind, entry, parse_json, read_json


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"a": 1,\n "b" 2}', r"a.json, line 2, column 6: it is no JSON"),
        (b'[{"a": 1}, {"a"', "Is the file complete"),
        (b"", "line 1, column 1: it is no JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'["\xe9"]', "line 1 is not utf-8"),
        (b"[" + b"1" * 5000 + b"]", "a.json: it is no JSON .*4300 digits"),
    ],
)
def test_no_json(text, message, tmp_path):
    (tmp_path / "a.json").write_bytes(text)
    with pytest.raises(ValueError, match=message):
        read_json(tmp_path / "a.json")


def test_a_mark_at_the_beginning_and_lines(tmp_path):
    (tmp_path / "a.json").write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert read_json(tmp_path / "a.json") == {"a": 1}
    with pytest.raises(ValueError, match="a.jsonl, line 7, column 2"):
        parse_json("{", "a.jsonl", line=7)


def test_kinds():
    assert entry({"a": 1}, "a", int, "task 1") == 1
    with pytest.raises(ValueError, match="task 1 has no 'b'"):
        entry({"a": 1}, "b", int, "task 1")
    with pytest.raises(ValueError, match="task 1, 'a' must be a whole number, got True"):
        entry({"a": True}, "a", int, "task 1")
    with pytest.raises(ValueError, match=r"a list \[...\], got 'xxxx.*\.\.\.\."):
        check_kind("x" * 1000, list, "it")
