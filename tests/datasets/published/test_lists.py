"""Lines of files, and names that files do not have."""

import pytest

from sklearn_ctran.datasets._published.lists import column_names, read_lines, whole_number


def test_lines(tmp_path):
    file = tmp_path / "list.txt"
    file.write_bytes(b"a.jpg \r\n\r\n b.jpg")
    assert read_lines(file) == (["a.jpg", "b.jpg"], [1, 3])
    file.write_bytes(b"a.jpg\rb.jpg\r")
    assert read_lines(file) == (["a.jpg", "b.jpg"], [1, 2])
    file.write_text(" \n")
    with pytest.raises(ValueError, match=r"list\.txt is empty"):
        read_lines(file)


def test_names():
    assert column_names(None, 2, "noun") == ["noun 0", "noun 1"]
    assert column_names(("a", 7), 2, "noun") == ["a", "7"]
    with pytest.raises(ValueError, match="label_names has 1 names, but there are 2 labels"):
        column_names(["a"], 2, "noun")
    with pytest.raises(ValueError, match="label_names has the name 'a' twice"):
        column_names(["a", "a"], 2, "noun")
    for wrong in ("ab", 5):
        with pytest.raises(TypeError, match=f"label_names must be a list of names, got {wrong!r}"):
            column_names(wrong, 2, "noun")


def test_whole_numbers():
    assert whole_number("007") == 7 and whole_number("9" * 18) == 10**18 - 1
    for text in ("", "-1", "1.0", "²", "١", "1_0", "9" * 19):
        assert whole_number(text) is None
