"""save_predictions: tables that load_tags reads again, whatever the labels are called."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from sklearn_ctran.datasets import load_tags, save_predictions

NAMES = ["cat", "a;b", 'say "hi"', "=1+1", "class", "Käse, gerieben"]


@pytest.fixture
def proba():
    values = [[0.9, 0.8, 0.7, 0.6, 0.55, 0.51], [0.1, 0.2, 1 / 3, 0.0, 1.0, 0.5], [np.nan] * 6]
    return pd.DataFrame(values, ["x/a.jpg", "x/b.jpg", "x/c.jpg"], NAMES)


@pytest.mark.parametrize("name", ["p.csv", "p.TSV", "p.parquet"])
def test_probabilities(proba, name, tmp_path):
    save_predictions(tmp_path / name, proba)
    if name == "p.parquet":
        table = parquet.read_table(tmp_path / name).to_pandas()
    else:
        table = pd.read_csv(tmp_path / name, sep=None, engine="python")
    pd.testing.assert_frame_equal(
        table.set_index("path"), proba.rename_axis("path"), rtol=1e-5, check_index_type=False
    )


@pytest.mark.parametrize("name", ["p.csv", "p.tsv", "p.pq"])
def test_tags(proba, name, tmp_path):
    save_predictions(tmp_path / name, proba, form="tags")
    sep = None if name == "p.pq" else ";"
    data = load_tags(tmp_path / name, sep=sep, missing="negative", on_missing_file="keep")
    assert data.target.index.tolist() == proba.index.tolist()
    for label in NAMES:
        assert data.target[label].tolist() == [1, label == "class", 0]


def test_the_most_probable_come_first(proba, tmp_path):
    def tags(**arguments):
        save_predictions(tmp_path / "p.csv", proba, form="tags", **arguments)
        return pd.read_csv(tmp_path / "p.csv", keep_default_na=False)["tags"].tolist()

    assert tags(top=1) == ["cat", "class", ""]
    assert tags(top=2, thresholds=0, sep=",") == ["cat,a;b", 'class,"Käse, gerieben"', ""]
    assert tags(top=1, thresholds={"class": 1, "a;b": 0.1}) == ["cat", '"a;b"', ""]
    assert tags(thresholds=[1, 1, 1, 0.5, 1, 1]) == ["=1+1", "", ""]


def test_paths(proba, tmp_path):
    save_predictions(tmp_path / "p.csv", proba, images=[tmp_path / "x" / "ü.jpg", "b", "c"])
    assert f"\n{tmp_path}/x/ü.jpg," in (tmp_path / "p.csv").read_text(encoding="utf-8")
    images = [tmp_path / "x" / name for name in "abc"]
    save_predictions(tmp_path / "p.csv", proba, images=images, relative_to=tmp_path / "x",
                     path_column="file")  # fmt: skip
    assert pd.read_csv(tmp_path / "p.csv")["file"].tolist() == ["a", "b", "c"]


def test_digits(proba, tmp_path):
    save_predictions(tmp_path / "p.csv", proba, digits=2)
    assert ",0.33," in (tmp_path / "p.csv").read_text(encoding="utf-8")


# NumPy's texts have no zeros at their end, and a tag no spaces around it.
NAME = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


@given(
    names=st.lists(NAME.filter(lambda name: name == name.strip()), unique=True),
    sep=st.sampled_from(";|, \tx"),
)
@settings(max_examples=50, deadline=None)
def test_tags_of_any_name_come_back(names, sep, tmp_path_factory):
    file = tmp_path_factory.mktemp("any") / "p.csv"
    proba = pd.DataFrame(np.ones((1, len(names))), ["a.jpg"], names)
    save_predictions(file, proba, form="tags", sep=sep)
    data = load_tags(file, sep=sep, missing="negative", on_missing_file="keep")
    assert data.target_names.tolist() == sorted(names)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"file": "p.xlsx"}, "written as .csv, .tsv or Parquet"),
        ({"form": "both"}, "form must be one of"),
        ({"form": "tags", "top": 0}, "top must be"),
        ({"form": "tags", "sep": "; "}, "sep must be one character"),
        ({"form": "tags", "tags_column": "path"}, "Two columns would have one name"),
        ({"path_column": "cat"}, "Two columns would have one name, such as 'cat'"),
        ({"digits": 0}, "digits must be"),
    ],
)
def test_what_is_refused(proba, arguments, message, tmp_path):
    file = tmp_path / arguments.pop("file", "p.csv")
    with pytest.raises(ValueError, match=message):
        save_predictions(file, proba, **arguments)
    assert not file.exists()
