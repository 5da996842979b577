"""Rows of ARFF files, and the numbers that their values are."""

import random

import numpy as np
import pytest
from scipy import sparse

from sklearn_ctran.datasets._published import arff
from sklearn_ctran.datasets._published.arff import ArffFile

HEADER = """\
% A comment.
@RELATION 'two pets'

@attribute size NUMERIC
@attribute 'the colour' {red, 'dark \\'blue\\'', green}
@attribute cat {0,1}
@attribute legs {4, 2}
@DATA
"""


@pytest.fixture
def write(tmp_path):
    def write(rows, header=HEADER):
        path = tmp_path / "pets.arff"
        path.write_bytes((header + "\n".join(rows)).encode())
        return str(path)

    return write


def read(path):
    """All rows of a file as an array, and texts."""
    blocks = list(ArffFile(path).blocks())
    values = [b.values.toarray() if sparse.issparse(b.values) else b.values for b in blocks]
    return np.concatenate(values), [block.texts for block in blocks]


def plain(*kinds):
    lines = [f"@attribute a{i} {kind}" for i, kind in enumerate(kinds)]
    return "\n".join(["@relation r", *lines, "@data", ""])


def test_dense_rows(write):
    path = write(["1.5, red ,1,4", "", "% no row", "-2e1,'dark \\'blue\\'',0,2", "?,?,?,?"])
    values, _ = read(path)
    expected = [[1.5, 0, 1, 4], [-20, 1, 0, 2], [np.nan] * 4]
    np.testing.assert_array_equal(values, expected)
    assert ArffFile(path).relation == "two pets"


def test_sparse_rows_omit_zeros_and_first_values(write):
    values, _ = read(write(["{0 1.5, 2 1}", "{}", "{1 green,3 2}", "{0 ?, 2 ?}"]))
    expected = [[1.5, 0, 1, 4], [0, 0, 0, 4], [0, 2, 0, 2], [np.nan, 0, np.nan, 4]]
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("bytes_at_once", [1, 1 << 22])
def test_numbers_are_read_alike_at_once_and_one_by_one(write, monkeypatch, bytes_at_once):
    """Quotation marks are read one by one, and mean the same."""
    monkeypatch.setattr(arff, "_BLOCK_BYTES", bytes_at_once)
    header = plain("numeric", "{0,1}", "{1,2.5}")
    expected = [[0.1, 1, 2.5], [0, 0, 1], [7, np.nan, 1]]
    quick, _ = read(write(["0.1,1,2.5", "0,0,1", "7,?,1"], header))
    slow, _ = read(write(["0.1,'1',\"2.5\"", "0,0,1", "7,?,1"], header))
    np.testing.assert_array_equal(quick, expected)
    np.testing.assert_array_equal(slow, expected)
    quick, _ = read(write(["{0 0.1,1 1,2 2.5}", "{}", "{0 7,1 ?}"], header))
    slow, _ = read(write(["{0 0.1,1 '1',2 2.5}", "{}", "{0 7,1 ?}"], header))
    np.testing.assert_array_equal(quick, expected)
    np.testing.assert_array_equal(slow, expected)


def test_texts_are_kept_apart(write):
    header = plain("string", "real", "date 'yyyy-MM-dd'")
    values, texts = read(write(["'a, b',1,2020-01-02", '?,2,"x"'], header))
    np.testing.assert_array_equal(values, [[np.nan, 1, np.nan], [np.nan, 2, np.nan]])
    assert texts == [{0: ["a, b", None], 2: ["2020-01-02", "x"]}]
    values, texts = read(write(["{0 'a', 1 3}", "{1 4}"], header))
    np.testing.assert_array_equal(values[:, 1], [3, 4])
    assert texts == [{0: ["a", None], 2: [None, None]}]


def test_the_first_of_numbers_that_are_no_positions(write):
    """A value such as 1 may be the second of a list that does not spell numbers."""
    values, _ = read(write(["1", "a", "1"], plain("{a,1}")))
    assert values.ravel().tolist() == [1, 0, 1]
    values, _ = read(write(["1", "1"], plain("{1,a}")))
    assert values.ravel().tolist() == [0, 0]


def test_lines_of_other_encodings(tmp_path):
    path = tmp_path / "x.arff"
    path.write_bytes("@relation r\n@attribute \xe9t\xe9 {\xe9,b}\n@data\n\xe9\n".encode("latin-1"))
    file = ArffFile(str(path))
    assert file.attributes[0].name == "\xe9t\xe9"
    assert next(file.blocks()).values.tolist() == [[0]]


@pytest.mark.parametrize(
    "row, message",
    [
        ("1,red,1", r"line 10: it has 3 values for 4 attributes"),
        ("1,red,1,4,", r"line 10: it has 5 values for 4 attributes"),
        ("1,red,2,4", r"line 10: 'cat' is '2', which is none of '0', '1'"),
        ("1,blue,1,4", r"line 10: 'the colour' is 'blue', which is none of 'red'"),
        ("x,red,1,4", r"line 10: 'size' is 'x', which is no number"),
        (",red,1,4", r"line 10: 'size' is '', which is no number"),
        ("'1,red,1,4", r"line 10: .* cannot be read as values with commas"),
        ("{0 1}", r"line 10: it is sparse, but others are dense"),
    ],
)
def test_broken_dense_rows(write, row, message):
    with pytest.raises(ValueError, match=message):
        read(write(["1,red,1,4", row]))


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize(
    "row, message",
    [
        ("{3 1}", r"line 7: there is no attribute 3: they are 0 to 2"),
        ("{-1 1}", r"line 7: (there is no attribute -1|.*cannot be read as indices)"),
        ("{0.5 1}", r"line 7: (there is no attribute 0.5|.*cannot be read as indices)"),
        ("{1 1, 1 0}", r"line 7: it has attribute 1 twice"),
        ("{1 3}", r"line 7: 'a1' is '3', which is none of '0', '1'"),
        ("{1 0.5}", r"line 7: 'a1' is '0.5', which is none of '0', '1'"),
        ("{2 2}", r"line 7: 'a2' is '2', which is none of '1', '2.5'"),
        ("{0 x}", r"line 7: 'a0' is 'x', which is no number"),
        ("{0 1 2, 1}", r"line 7: .* cannot be read as indices and values"),
        ("{0 1,}", r"line 7: .* cannot be read as indices and values"),
        ("0,1,1", r"line 7: it is dense, but others are sparse"),
    ],
)
def test_broken_sparse_rows(write, row, message, quoted):
    first = "{0 '1'}" if quoted else "{0 1}"
    with pytest.raises(ValueError, match=message):
        read(write([first, row], plain("numeric", "{0,1}", "{1,2.5}")))


def test_dense_numbers_that_nominal_attributes_do_not_have(write):
    header = plain("numeric", "{0,1}", "{1,2.5}")
    for row, name in (("1,2,1", "a1"), ("1,0.5,1", "a1"), ("1,-1,1", "a1"), ("1,1,2", "a2")):
        with pytest.raises(ValueError, match=f"line 7: '{name}' is"):
            read(write(["1,1,1", row], header))


def test_broken_files(write):
    with pytest.raises(ValueError, match="ends before @data"):
        ArffFile(write([], "@relation x\n@attribute a real\n"))
    with pytest.raises(ValueError, match="has no @attribute"):
        ArffFile(write([], "@relation x\n@data\n"))
    with pytest.raises(ValueError, match=r"has the attribute\(s\) 'a' twice"):
        ArffFile(write([], "@attribute a real\n@attribute a real\n@data\n"))
    with pytest.raises(ValueError, match="line 1: '<html>' is none of @relation"):
        ArffFile(write([], "<html>\n"))


def test_attributes_by_name(write):
    file = ArffFile(write([]))
    assert file.index(["cat", "size"]).tolist() == [2, 0]
    with pytest.raises(ValueError, match=r"has no attribute 'Cat'. Did you mean 'cat'\?"):
        file.index(["Cat"])


WORDS = [
    "a",
    "b c",
    "it's",
    "x,y",
    "{q}",
    '"d"',
    "%p",
    "?",
    "1",
    "0",
    "2.5",
    "-3",
    "\\z",
    "\xe9",
    "",
]
NUMBERS = [0, 1, -2.5, 1e-3, 7]


def quoted(word, rng):
    if word and word != "?" and not set(word) & set(" ,'\"{}%\\") and rng.random() < 0.8:
        return word
    return "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"


def draw(attribute, rng):
    """A value of an attribute, how it is written, and the number that it is read as."""
    kind, values = attribute
    value = rng.choice(NUMBERS if kind == "numeric" else values or WORDS)
    if kind != "{":
        return value, repr(value) if kind == "numeric" else quoted(value, rng), value
    spelled = all(each.lstrip("-").replace(".", "").isdigit() for each in values)
    return value, quoted(value, rng), float(value) if spelled else values.index(value)


@pytest.mark.parametrize("seed", range(3))
def test_random_files_are_read_as_they_were_written(write, seed):
    """Sparse rows omit zeros and first values, dense ones miss some values."""
    rng = random.Random(seed)
    for _ in range(100):
        attributes, kinds = [], []
        for kind in rng.choices(["numeric", "string", "{"], k=rng.randint(1, 5)):
            pool = rng.choice([WORDS[:-1], ["0", "1", "2", "3.5", "-1"]])
            values = rng.sample(pool, rng.randint(2, 5)) if kind == "{" else None
            attributes.append((kind, values))
            names = ", ".join(quoted(each, rng) for each in values or ())
            kinds.append("{" + names + "}" if values else kind)
        is_sparse, lines, expected = rng.random() < 0.5, [], []
        for _ in range(rng.randint(1, 6)):
            cells = [draw(attribute, rng) for attribute in attributes]
            omits = [v == (values[0] if values else 0) for (v, *_), (_, values) in
                     zip(cells, attributes, strict=True)]  # fmt: skip
            if is_sparse:
                pairs = enumerate(zip(cells, omits, strict=True))
                written = [f"{i} {text}" for i, ((_, text, _), omit) in pairs if not omit]
                lines.append("{" + ", ".join(written) + "}")
            else:
                cells = [cell if rng.random() < 0.9 else (None, "?", np.nan) for cell in cells]
                lines.append(",".join(text for _, text, _ in cells))
            expected.append([number for _, _, number in cells])
        values, texts = read(write(lines, plain(*kinds)))
        for column, (kind, _) in enumerate(attributes):
            wanted = [row[column] for row in expected]
            if kind == "string":
                assert texts[0][column] == [None if each != each else each for each in wanted]
            else:
                np.testing.assert_array_equal(values[:, column], wanted)
