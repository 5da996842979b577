"""Tables of results."""

import os

import numpy as np
import pandas as pd
import pytest

from sklearn_ctran._cli.frames import as_records, as_text, check_writable, write_frame

FRAME = pd.DataFrame({"image": ["a, b.jpg", "ü.jpg"], "P": np.float32([0.1, np.nan])})


@pytest.mark.parametrize("name", ["out.csv", "out.TSV", "out.parquet"])
def test_files(name, tmp_path):
    path = tmp_path / name
    path.write_text("old")
    write_frame(FRAME, path)
    if name.endswith("parquet"):
        read = pd.read_parquet(path)
    else:
        read = pd.read_csv(path, sep="\t" if "TSV" in name else ",", encoding="utf-8")
    assert read["image"].tolist() == FRAME["image"].tolist()
    np.testing.assert_allclose(read["P"], FRAME["P"], rtol=1e-6)
    assert os.listdir(tmp_path) == [name]


def test_text():
    assert as_text(FRAME) == 'image,P\n"a, b.jpg",0.1\nü.jpg,\n'


def test_records():
    assert [row["image"] for row in as_records(FRAME)] == ["a, b.jpg", "ü.jpg"]


def test_what_is_no_table(tmp_path):
    with pytest.raises(ValueError, match="tables are written as .csv, .tsv or .parquet"):
        check_writable(tmp_path / "out.xlsx", "out.csv")
    with pytest.raises(FileNotFoundError):
        check_writable(tmp_path / "no" / "out.csv", "out.csv")
