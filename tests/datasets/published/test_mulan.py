"""Sets of MULAN: files that are found by the name of the set, features, labels and the split."""

import os

import numpy as np
import pytest
from scipy import sparse

from sklearn_ctran.datasets import load_mulan

ROWS = {
    "train": ["1.5,0,red,note,1,0", "?,1,green,'a, b',0,?"],
    "test": ["3,1,red,?,0,1"],
}
HEADER = """\
@relation pets
@attribute size numeric
@attribute has_tail {0,1}
@attribute colour {red,green}
@attribute remark string
@attribute dog {0,1}
@attribute cat {0,1}
@data
"""
XML = """\
<?xml version="1.0" encoding="utf-8"?>
<labels xmlns="http://mulan.sourceforge.net/labels">
<label name="cat"></label>
<label name="dog"></label>
</labels>
"""


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "mulan"
    folder.mkdir()
    for part, rows in ROWS.items():
        folder.joinpath(f"pets-{part}.arff").write_text(HEADER + "\n".join(rows))
    folder.joinpath("pets.xml").write_text(XML)
    return tmp_path


def test_training_and_test_rows(home):
    pets = load_mulan("pets", data_home=home)
    np.testing.assert_array_equal(pets.data, [[1.5, 0, 0], [np.nan, 1, 1], [3, 1, 0]])
    assert pets.data.dtype == np.float32
    assert pets.feature_names.tolist() == ["size", "has_tail", "colour"]
    assert pets.nominal == {"has_tail": {"0": 0, "1": 1}, "colour": {"red": 0, "green": 1}}
    assert pets.texts["remark"].tolist() == ["note", "a, b", None]
    np.testing.assert_array_equal(pets.target, [[0, 1], [np.nan, 0], [1, 0]])
    assert pets.target.columns.tolist() == pets.target_names.tolist() == ["cat", "dog"]
    assert pets.split.tolist() == ["train", "train", "test"]
    assert pets.extra is pets.extra_names is pets.groups is pets.implies is None
    assert "3 rows, 3 features, 2 labels" in pets.DESCR
    assert "pets-train.arff and " in pets.DESCR and "http://mulan" in pets.DESCR


def test_the_environment_names_the_folder(home, monkeypatch):
    monkeypatch.setenv("SKLEARN_CTRAN_DATA", str(home))
    assert len(load_mulan("pets").target) == 3


def test_a_folder_of_the_set_and_one_file(home):
    folder = home / "mulan"
    folder.joinpath("pets").mkdir()
    for name in ("pets-train.arff", "pets-test.arff", "pets.xml"):
        folder.joinpath(name).rename(folder / "pets" / name)
    assert len(load_mulan("pets", data_home=home).target) == 3
    folder.joinpath("pets", "pets.arff").write_text(HEADER + ROWS["test"][0])
    assert len(load_mulan("pets", data_home=home).target) == 3
    for part in ROWS:
        folder.joinpath("pets", f"pets-{part}.arff").unlink()
    pets = load_mulan("pets", data_home=home)
    assert len(pets.target) == 1 and pets.split is None
    assert len(load_mulan(folder / "pets" / "pets.arff").target) == 1


def test_files_that_are_called_sparse(home):
    for part in ROWS:
        path = home / "mulan" / f"pets-{part}.arff"
        path.rename(home / "mulan" / f"pets-{part}-sparse.arff")
    assert len(load_mulan("pets", data_home=home).target) == 3
    (home / "mulan" / "pets-train.arff").write_text(HEADER + ROWS["test"][0])
    assert len(load_mulan("pets", data_home=home).target) == 2


def test_missing_files_are_named(home):
    with pytest.raises(FileNotFoundError, match=r"birds-train\.arff.*mulan\.sourceforge\.net"):
        load_mulan("birds", data_home=home)
    os.remove(home / "mulan" / "pets-test.arff")
    with pytest.raises(FileNotFoundError, match=r"pets-test\.arff"):
        load_mulan("pets", data_home=home)
    with pytest.raises(FileNotFoundError, match=r"There is no file 'x\.arff'"):
        load_mulan("x.arff")
    with pytest.raises(TypeError, match="name must be the name of a set"):
        load_mulan(3)


def test_sparse_files_and_what_is_asked_for(tmp_path):
    path = tmp_path / "pets.arff"
    header = HEADER.replace("@attribute remark string\n", "")
    path.write_text(header + "{0 1.5,3 1}\n{1 1,2 green,4 ?}\n{}\n")
    path.with_suffix(".xml").write_text(XML)
    expected = np.array([[1.5, 0, 0], [0, 1, 1], [0, 0, 0]])
    for asked, is_sparse in (("auto", True), (True, True), (False, False)):
        pets = load_mulan(path, sparse=asked, dtype="float64")
        assert sparse.issparse(pets.data) == is_sparse and pets.data.dtype == np.float64
        np.testing.assert_array_equal(pets.data.toarray() if is_sparse else pets.data, expected)
        np.testing.assert_array_equal(pets.target, [[0, 1], [np.nan, 0], [0, 0]])
    path.write_text(header + "1.5,0,red,1,0\n")
    assert sparse.issparse(load_mulan(path, sparse=True).data)
    assert not sparse.issparse(load_mulan(path).data)


def test_sparse_labels_whose_first_value_is_one(tmp_path):
    path = tmp_path / "pets.arff"
    path.write_text("@relation x\n@attribute a real\n@attribute cat {1,0}\n@data\n{0 2}\n{1 0}\n")
    assert load_mulan(path, labels=["cat"]).target["cat"].tolist() == [1, 0]


def test_counts_of_published_sets(home):
    for part in ROWS:
        (home / "mulan" / f"pets-{part}.arff").rename(home / "mulan" / f"Scene-{part}.arff")
    (home / "mulan" / "pets.xml").rename(home / "mulan" / "Scene.xml")
    with pytest.raises(ValueError, match="3 rows and 2 labels, but 2,407 and 6 are published"):
        load_mulan("Scene", data_home=home)
    assert len(load_mulan("Scene", data_home=home, check_counts=False).target) == 3
    assert len(load_mulan(home / "mulan" / "Scene-test.arff", labels=["cat"]).target) == 1
    with pytest.raises(TypeError, match="check_counts must be True or False"):
        load_mulan("Scene", data_home=home, check_counts=0)


def test_files_that_differ(home):
    path = home / "mulan" / "pets-test.arff"
    path.write_text(HEADER.replace("size", "length") + ROWS["test"][0])
    with pytest.raises(ValueError, match="have other attributes: 'size' and 'length'"):
        load_mulan("pets", data_home=home)
    path.write_text(HEADER.replace("@data", "@attribute more real\n@data") + ROWS["test"][0])
    with pytest.raises(ValueError, match="have other attributes: their numbers differ"):
        load_mulan("pets", data_home=home)
    path.write_text(HEADER)
    with pytest.raises(ValueError, match=r"pets-test\.arff has no rows"):
        load_mulan("pets", data_home=home)


@pytest.mark.parametrize(
    "kind, row, message",
    [
        ("{no,yes}", "no", r"the label 'cat' is \{no, yes\}, but labels are \{0, 1\}"),
        ("string", "x", "the label 'cat' is a text"),
        ("numeric", "2", "the label 'cat' is 2 in a row, but labels are 0 and 1"),
    ],
)
def test_attributes_that_are_no_labels(tmp_path, kind, row, message):
    path = tmp_path / "x.arff"
    path.write_text(f"@relation x\n@attribute a real\n@attribute cat {kind}\n@data\n1,{row}\n")
    with pytest.raises(ValueError, match=message):
        load_mulan(path, labels=["cat"])


def test_labels_may_be_numeric(tmp_path):
    path = tmp_path / "x.arff"
    path.write_text("@relation x\n@attribute a real\n@attribute cat numeric\n@data\n1,1\n2,0\n")
    assert load_mulan(path, labels=["cat"]).target["cat"].tolist() == [1, 0]


@pytest.mark.parametrize("argument", ["sparse", "dtype"])
def test_wrong_choices(home, argument):
    with pytest.raises(ValueError, match=argument):
        load_mulan("pets", data_home=home, **{argument: "no"})


SHARED = os.environ.get("SKLEARN_CTRAN_SHARED")


@pytest.mark.skipif(SHARED is None, reason="SKLEARN_CTRAN_SHARED is not set")
@pytest.mark.parametrize("name, is_sparse", [("flags", False), ("corel5k", True)])
def test_the_values_of_real_sets_in_the_format(tmp_path, name, is_sparse):
    with np.load(os.path.join(SHARED, "data", "mulan", f"{name}.npz")) as table:
        X, Y, is_train = (table[key] for key in ("X", "Y", "train"))
        names, nominal = table["label_names"].tolist(), table["nominal"]
    kinds = [
        "{" + ",".join(f"{value:g}" for value in np.union1d(column, [0])) + "}" if each else "real"
        for each, column in zip(nominal, X.T, strict=True)
    ]
    header = ["@relation x", *[f"@attribute f{i} {kind}" for i, kind in enumerate(kinds)]]
    header += [f"@attribute '{label}' {{0,1}}" for label in names] + ["@data"]
    rows = np.hstack([X, Y])
    for part, of_part in (("train", rows[is_train]), ("test", rows[~is_train])):
        lines = [
            "{" + ",".join(f"{i} {row[i]:g}" for i in np.flatnonzero(row)) + "}"
            if is_sparse
            else ",".join(f"{value:g}" for value in row)
            for row in of_part
        ]
        folder = tmp_path / "mulan"
        folder.mkdir(exist_ok=True)
        folder.joinpath(f"{name}-{part}.arff").write_text("\n".join([*header, *lines]))
    folder.joinpath(f"{name}.xml").write_text(
        "<labels>" + "".join(f'<label name="{label}"/>' for label in names) + "</labels>"
    )
    data = load_mulan(name, data_home=tmp_path, sparse=False)
    order = np.argsort(~is_train, kind="stable")
    np.testing.assert_allclose(data.data, X[order], rtol=1e-5)
    np.testing.assert_array_equal(data.target, Y[order])
    assert (data.split == "train").sum() == is_train.sum()
