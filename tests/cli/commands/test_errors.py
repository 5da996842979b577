"""``errors``."""

import csv
import io
import json

import pandas as pd
import pytest
from PIL import Image

from sklearn_ctran import CTranClassifier, TokenCache
from sklearn_ctran.inspection import find_label_errors

QUICK = ("--folds", "2", "--max-epochs", "1", "--set", "d_model=16")


@pytest.fixture
def errors(cli, tags, small):
    """A function that looks for errors in the table of tags."""

    def run(*arguments):
        common = ("--images", "photos", "--missing", "negative")
        return cli("errors", tags, *common, *small, *QUICK, *arguments)

    return run


def test_the_most_suspicious_come_first(errors, desk, scenes):
    rows = list(csv.DictReader(io.StringIO(errors().stdout)))
    labels = pd.DataFrame(scenes.Y, columns=[f"digit {digit}" for digit in range(10)])
    estimator = CTranClassifier(
        "small", image_size=None, max_epochs=1, d_model=16, random_state=0, n_jobs=-1
    )
    paths = [f"photos/{row:03}.png" for row in range(60)]
    expected = find_label_errors(estimator, paths, labels, cv=2, random_state=0)
    assert [row["path"] for row in rows] == [f"{row:03}.png" for row in expected.rows]
    assert [row["label"] for row in rows] == expected.labels.tolist()
    assert [int(row["given"]) for row in rows] == expected.given_label.tolist()
    quality = [float(row["probability_of_given"]) for row in rows]
    assert quality == pytest.approx(expected.label_quality.tolist(), rel=1e-4)


def test_a_file_and_a_sheet(errors, desk):
    shown = errors("--out", "errors.csv", "--sheet", "errors.png", "--n-photos", "7", "--most", "3")
    assert shown.exit_code == 0, shown.stderr
    assert shown.stdout.startswith("errors.csv: 3 of ")
    assert len(pd.read_csv("errors.csv")) == 3
    with Image.open("errors.png") as sheet:
        assert sheet.format == "PNG" and sheet.width > sheet.height


def test_json_and_a_cache(errors):
    told = json.loads(errors("--json", "--cache", "tokens").stdout)
    assert told["images"] == 60 and told["suspicious"] == len(told["errors"]) > 0
    assert told["sheet"] is None
    assert [space["images"] for space in TokenCache("tokens").info().spaces] == [60]


def test_wrong_usage(errors):
    assert errors("--folds", "1").exit_code == 2
    assert errors("--out", "errors.doc").exit_code == 1
    assert errors("--sheet", "no/errors.png").exit_code == 1
