"""CSV files of all codes and delimiters, and broken ones, whose errors name the line."""

import gzip

import pytest

from sklearn_ctran.datasets._tags.csv_files import read_csv, read_text


def test_rows_and_their_lines(write):
    table = write('\n  \npath,tags\na,"x\ny"\n\nb,"1,""2"""\n')
    names, columns, lines = read_csv(table)
    assert names == ["path", "tags"]
    assert columns == [["a", "b"], ["x\ny", '1,"2"']]
    assert lines == [4, 7]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(delimiter, write):
    table = write(f'a{delimiter}"b,;c"{delimiter}d\n1{delimiter}2{delimiter}3\n')
    assert read_csv(table)[0] == ["a", "b,;c", "d"]
    assert read_csv(write("a b\n1 2\n"), delimiter=" ")[1] == [["1"], ["2"]]
    with pytest.raises(ValueError, match="delimiter must be one character"):
        read_csv(table, delimiter="::")


def test_one_column_and_no_rows(write):
    assert read_csv(write("path\na.jpg\n")) == (["path"], [["a.jpg"]], [2])
    assert read_csv(write("path,tags\n")) == (["path", "tags"], [[], []], [])


@pytest.mark.parametrize(
    ("text", "encoding", "argument"),
    [
        ("ä", "utf-8", None),
        ("ä", "utf-8-sig", None),
        ("ä", "utf-16", None),
        ("ä", "cp1252", "cp1252"),
        ("字", "gb18030", "gb18030"),
    ],
)
def test_encodings(text, encoding, argument, write):
    assert read_text(write(text, encoding=encoding), argument) == text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty: its first line must name the columns"),
        ("a,b\n1\n", "line 2 has 1 cells, but the header has 2, with ',' between them"),
        ("a,b\n1,2\n\n1,2,3\n", "line 4 has 3 cells"),
        ("a,b,a\n", "has two columns of one name: 'a'"),
        ('a,b\n1,"2\n3,4\n', "the row that begins in line 2 cannot be read: unexpected end"),
        ('a,b\n1,"2"x\n', "line 2 cannot be read: .* A quote inside of quotes is written twice"),
        (b"a\nb\n\xff\n", "line 3 is not utf-8. .* encoding='cp1252'"),
        ("a\n" + "x" * 200_000, "line 2 cannot be read: field larger"),
        (gzip.compress(b"a\n1\n"), r"is compressed \(gzip\): unpack it first"),
        (b"PK\x03\x04", r"is compressed \(zip\)"),
        (b"a\nb\0\n", "line 2 has a character 0: it is no text"),
    ],
)
def test_broken_files(content, message, write):
    with pytest.raises(ValueError, match=message):
        read_csv(write(content))


def test_what_is_no_file(folder, write):
    with pytest.raises(FileNotFoundError, match="There is no file"):
        read_text(folder / "x.csv")
    with pytest.raises(ValueError, match="it is a folder, but a table is a file"):
        read_text(folder / "more")
    with pytest.raises(ValueError, match="encoding='utf-5' is none that Python knows"):
        read_text(write("a"), "utf-5")


def test_an_encoding_is_asked_for_only_where_it_can_be_said(write):
    path = write(b"a\n\xff\n")
    with pytest.raises(ValueError, match="line 2 is not utf-8. Is the file damaged") as raised:
        read_text(path)
    assert "encoding=" not in str(raised.value)
