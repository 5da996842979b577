"""Rows of Open Images' files, and what is wrong in them."""

import numpy as np
import pytest

from sklearn_ctran.datasets._published.open_images_rows import (
    number_of,
    read_answers,
    read_classes,
    text_of,
)

HEADER = "ImageID,Source,LabelName,Confidence"
A, B = "0123456789abcdef", "f" * 16
COLUMNS = {"/m/1": 0, "/m/2": -1, "/m/3": 1}


@pytest.fixture
def write(tmp_path):
    def write(*lines):
        path = tmp_path / "labels.csv"
        path.write_text("\n".join(lines))
        return str(path)

    return write


def test_numbers_of_photos():
    assert text_of(number_of(A)) == A and number_of(B) == 2**64 - 1
    for wrong in ("", "0", A + "0", A.upper(), "g" * 16):
        assert number_of(wrong) is None


def test_rows_of_labels_and_photos_that_are_asked_for(write):
    path = write(HEADER, f"{B},x,/m/3,1", f"{A},x,/m/2,0", f"{A},x,/m/1,0", f"{B},x,/m/1,0")
    answers = read_answers(path, COLUMNS, None, is_human=True)
    assert [text_of(x) for x in answers.photos.tolist()] == [B, A, B]
    assert answers.labels.tolist() == [1, 0, 0] and answers.confidence.tolist() == [1, 0, 0]
    assert answers.n_photos == 2
    asked = np.array([5, number_of(A)], dtype=np.uint64)
    answers = read_answers(path, COLUMNS, asked, is_human=True)
    assert answers.photos.tolist() == answers.found.tolist() == [number_of(A)]


def test_columns_may_be_in_another_order_and_more(write):
    path = write("Confidence,ImageID,LabelName,Note", f"0.5,{A},/m/3,x")
    answers = read_answers(path, COLUMNS, None, is_human=False)
    assert answers.confidence.tolist() == [0.5] and answers.labels.tolist() == [1]


@pytest.mark.parametrize(
    "lines, message",
    [
        ([], "must have the columns 'ImageID', 'LabelName', 'Confidence'"),
        (["a,b", "1,2"], "must have the columns 'ImageID', 'LabelName', 'Confidence'"),
        ([HEADER], "has no rows"),
        ([HEADER, f"{A},x,/m/1,1", f"{A},x,/m/1"], "must have the columns .* a number in the last"),
        ([HEADER, f"{A},x,/m/1,1", f"{A},x,/m/1,yes"], "must have the columns .*number in the las"),
        ([HEADER, f"{A},x,/m/1,1", f"{A},x,/m/1,1,1,1"], "saw 6"),
        ([HEADER, f"{A},x,/m/1,1,1"], "the first row has more cells"),
        ([HEADER, f"{A},x,/m/1,1", "12,x,/m/1,1"], "row 2: ImageID must have 16 digits.*got 12"),
        ([HEADER, f"{A},x,/m/9,1"], "row 1: LabelName must be one of the class .*got /m/9"),
        ([HEADER, f"{A},x,/m/1,0.5"], "row 1: Confidence must be 0 or 1, as people .*got 0.5"),
    ],
    ids=range(10),
)  # fmt: skip
def test_broken_files(write, lines, message):
    with pytest.raises(ValueError, match=message):
        read_answers(write(*lines), COLUMNS, None, is_human=True)


@pytest.mark.parametrize("confidence", ["-0.1", "1.5", "nan"])
def test_confidences_that_cannot_be(write, confidence):
    path = write(HEADER, f"{A},x,/m/1,{confidence}")
    with pytest.raises(ValueError, match="between 0 and 1|a number in the last"):
        read_answers(path, COLUMNS, None, is_human=False)


def test_classes(write):
    expected = {"/m/1": "Cat", "/m/2": "Dog, any"}
    assert read_classes(write("LabelName,DisplayName", "/m/1,Cat", '/m/2,"Dog, any"')) == expected
    assert read_classes(write("/m/1,Cat", '/m/2,"Dog, any"')) == expected


@pytest.mark.parametrize(
    "line, message",
    [
        ("/m/2", "line 2 must be a label's code and its name"),
        ("/m/2,", "line 2 must be a label's code and its name"),
        ("/m/2,a,b", "line 2 must be a label's code and its name"),
        ('"/m/2,Dog', "line 2 must be a label's code and its name"),
        ("/m/2," + "D" * 200_000, r"line 2 must be .*, got '/m/2,D+\.\.\.'"),
        ("/m/1,Dog", "line 2 has the label '/m/1' again"),
    ],
)
def test_broken_classes(write, line, message):
    with pytest.raises(ValueError, match=message):
        read_classes(write("/m/1,Cat", line))
