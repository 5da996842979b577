"""Which attributes are labels, and hierarchies of them."""

import pytest

from sklearn_ctran.datasets import load_mulan

HEADER = """\
@relation '{relation}'
@attribute a {{0,1}}
@attribute b {{0,1}}
@attribute c {{0,1}}
@data
0,1,1
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "x.arff"
    path.write_text(HEADER.format(relation="x"))
    return path


def names_of(file, xml=None, **arguments):
    if xml is not None:
        file.with_suffix(".xml").write_text(xml)
    return load_mulan(file, **arguments).target_names.tolist()


def test_a_hierarchy(file):
    xml = "<labels><label name='b'><label name='c'/><label name='a'/></label></labels>"
    file.with_suffix(".xml").write_text(xml)
    data = load_mulan(file.with_suffix(".arff"), labels=file.with_suffix(".xml"))
    assert data.target_names.tolist() == ["b", "c", "a"]
    assert data.implies == {"c": "b", "a": "b"}


def test_names_that_are_given(file):
    assert names_of(file, labels=["c", "a"]) == ["c", "a"]
    for wrong in ([], [3], 5):
        with pytest.raises(TypeError, match="labels must be a path or a list of names"):
            names_of(file, labels=wrong)
    with pytest.raises(ValueError, match="labels has the label 'a' twice"):
        names_of(file, labels=["a", "a"])
    with pytest.raises(ValueError, match="has no attribute 'd'"):
        names_of(file, labels=["d"])


@pytest.mark.parametrize("option, expected", [("-C 2", ["a", "b"]), ("-C -1", ["c"])])
def test_the_option_of_meka(file, option, expected):
    file.write_text(HEADER.format(relation=f"x: {option} -split-number 1"))
    assert names_of(file) == expected
    assert names_of(file, "<labels><label name='b'/></labels>") == ["b"]


@pytest.mark.parametrize("relation", ["x", "x: -C 0"])
def test_no_labels_are_known(file, relation):
    file.write_text(HEADER.format(relation=relation))
    with pytest.raises(FileNotFoundError, match=r"x\.xml.*which attributes of .*labels=\["):
        names_of(file)


@pytest.mark.parametrize(
    "xml, message",
    [
        ("<labels><label name='a'>", "is no XML file, or damaged"),
        ("<labels><tag name='a'/></labels>", "has no <label name"),
        ("<labels><label/></labels>", "a label has no name"),
        ("<labels><label name='a'/><label name='a'/></labels>", "has the label 'a' twice"),
        ("<labels><label name='A '/></labels>", "has no attribute 'A '. Did you mean 'a'"),
    ],
)
def test_broken_xml(file, xml, message):
    with pytest.raises(ValueError, match=message):
        names_of(file, xml)
