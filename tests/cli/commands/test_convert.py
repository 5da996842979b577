"""``convert``."""

import json

import pandas as pd

from sklearn_ctran.datasets import load_tags


def test_columns_of_labels(cli, tags, scenes):
    shown = cli("convert", tags, "--images=photos", "--missing=negative", "--out=labels.csv")
    assert shown.stdout == "labels.csv: 10 labels of 60 images.\n"
    data = load_tags("labels.csv", images="photos")
    assert (data.target.to_numpy() == scenes.Y).all()


def test_tags_again(cli, tags):
    arguments = ("--images=photos", "--missing=negative", "--out=again.csv", "--form=tags")
    told = json.loads(cli("convert", tags, *arguments, "--tag-sep=|", "--json").stdout)
    assert told["labels"] == [f"digit {digit}" for digit in range(10)]
    assert told["table"]["n_rows"] == 60
    first, second = pd.read_csv(tags), pd.read_csv("again.csv")
    assert second["tags"].tolist() == [each.replace(";", "|") for each in first["tags"]]


def test_an_export_of_label_studio(cli, desk):
    result = {"type": "choices", "from_name": "t", "to_name": "i", "value": {"choices": ["cat"]}}
    task = {"id": 1, "data": {"image": "000.png"}, "annotations": [{"result": [result]}]}
    (desk / "export.json").write_text(json.dumps([task]))
    arguments = ("--format=label-studio", "--images=photos", "--out=labels.csv")
    assert cli("convert", "export.json", *arguments).exit_code == 0
    assert (desk / "labels.csv").read_text() == "path,cat\n000.png,1\n"


def test_wrong_usage(cli, tags):
    assert cli("convert", tags, "--out=labels.csv", "--form=odd").exit_code == 2
    assert cli("convert", tags, "--out=no/labels.csv", "--missing=negative").exit_code == 1
