"""``predict``."""

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest

from sklearn_ctran import CTranClassifier, load


def read(text):
    """The rows of a CSV text."""
    return list(csv.DictReader(io.StringIO(text)))


def test_probabilities_as_a_file(cli, model, scenes):
    shown = cli("predict", model, "photos", "--out", "predictions.csv")
    assert shown.stdout == "predictions.csv: probabilities of 10 labels for 60 images.\n"
    frame = pd.read_csv("predictions.csv", index_col="path")
    assert frame.index[3].endswith("003.png")
    np.testing.assert_allclose(frame, load(model).predict_proba(scenes.images), atol=1e-6)


def test_without_a_file_it_is_standard_output(cli, model):
    rows = read(cli("predict", model, "photos/001.png", "photos/000.png").stdout)
    assert [row["path"][-7:] for row in rows] == ["001.png", "000.png"]
    assert cli("predict", model, "photos/000.png", "photos/000.png").stdout.count("000.png") == 1


def test_known_labels(cli, model):
    (before,) = read(cli("predict", model, "photos/000.png").stdout)
    (row,) = read(cli("predict", model, "photos/000.png", "--known", "digit 3=1,digit 4=0").stdout)
    assert (row["digit 3"], row["digit 4"]) == ("1", "0")
    assert before["digit 9"] != row["digit 9"]


def test_extra_labels_and_groups(cli, model):
    (before,) = read(cli("predict", model, "photos/000.png").stdout)
    (row,) = read(cli("predict", model, "photos/000.png", "--extra", "city=Rome").stdout)
    assert before["digit 0"] != row["digit 0"]
    shown = cli("predict", model, "photos/000.png", "--extra", "city=Rom")
    assert shown.exit_code == 2 and "Did you mean 'city=Rome'" in shown.stderr


def test_decisions_and_tags(cli, model, scenes):
    decided = load(model).predict(scenes.images)
    rows = read(cli("predict", model, "photos", "--form", "decisions").stdout)
    names = [f"digit {digit}" for digit in range(10)]
    assert [[int(row[name]) for name in names] for row in rows] == decided.tolist()
    rows = read(cli("predict", model, "photos", "--form", "tags", "--tag-sep", "|").stdout)
    assert [len(row["tags"].split("|")) if row["tags"] else 0 for row in rows] == decided.sum(
        axis=1
    ).tolist()
    proba = load(model).predict_proba(scenes.images)
    arguments = ("--form", "tags", "--top", "2", "--threshold", "0")
    rows = read(cli("predict", model, "photos", *arguments).stdout)
    best = [";".join(names[label] for label in row) for row in np.argsort(-proba)[:, :2]]
    assert [row["tags"] for row in rows] == best


def test_a_table_names_images(cli, model, tags):
    rows = read(cli("predict", model, tags, "--images", "photos").stdout)
    assert [row["path"] for row in rows] == [f"{row:03}.png" for row in range(60)]


def test_known_labels_of_a_table(cli, model, desk):
    table = desk / "known.csv"
    table.write_text("file,digit 1,digit 12,city\n000.png,1,0,Rome\n001.png,,1,Oslo\n")
    arguments = ("--images", "photos", "--label-columns", "digit 1,digit 12")
    arguments += ("--extra-columns", "city", "--known-from-table")
    shown = cli("predict", model, table, *arguments)
    assert "warning: The model does not know the labels 'digit 12'" in shown.stderr
    first, second = read(shown.stdout)
    assert first["digit 1"] == "1" and 0 < float(second["digit 1"]) < 1
    shown = cli("predict", model, table, *arguments, "--known", "digit 1=0")
    assert [row["digit 1"] for row in read(shown.stdout)] == ["0", "0"]
    shown = cli("predict", model, "photos", "--known-from-table")
    assert shown.exit_code == 2 and "needs a table" in shown.stderr


def test_json(cli, model):
    told = json.loads(cli("predict", model, "photos/000.png", "--json").stdout)
    (row,) = told["predictions"]
    assert row["path"].endswith("000.png") and 0 < row["digit 0"] < 1
    told = json.loads(cli("predict", model, "photos", "--json", "--out", "a b.csv").stdout)
    assert (told["out"], told["images"], len(told["labels"])) == ("a b.csv", 60, 10)


@pytest.mark.filterwarnings("default")
def test_images_that_cannot_be_read(cli, model, desk):
    (desk / "photos" / "001.png").write_text("no")
    shown = cli("predict", model, "photos")
    assert shown.exit_code == 1 and "001.png: cannot be read as an image" in shown.stderr
    shown = cli("predict", model, "photos", "--skip-unreadable")
    assert shown.exit_code == 0 and "001.png" in shown.stderr
    assert read(shown.stdout)[1]["digit 0"] == ""
    tags = cli("predict", model, "photos", "--skip-unreadable", "--form=tags", "--threshold=0")
    assert [row["tags"] == "" for row in read(tags.stdout)][:3] == [False, True, False]


def test_wrong_usage(cli, model, desk):
    assert cli("predict", model, "photos", "--form", "odds").exit_code == 2
    assert cli("predict", model, "photos", "--top", "1").exit_code == 2
    shown = cli("predict", model, "photos", "--known", "digit=1")
    assert shown.exit_code == 2 and "no label 'digit' here" in shown.stderr
    shown = cli("predict", "gone.ctran", "photos")
    assert shown.exit_code == 1 and "There is no file 'gone.ctran'" in shown.stderr
    shown = cli("predict", model, "photos", "--out", "predictions.xlsx")
    assert shown.exit_code == 1 and ".csv, .tsv or Parquet" in shown.stderr
    shown = cli("predict", model, "photos", "--form", "tags", "--tag-sep", "ab")
    assert shown.exit_code == 1 and "one character" in shown.stderr
    shown = cli("predict", model, "photos", "--form", "label-studio", "--out", "tasks.json")
    assert shown.exit_code == 2 and "needs --out and --label-config" in shown.stderr
    assert cli("predict", model, "photos", "--priority", "gain").exit_code == 2
    assert cli("predict", model, "photos", "--threshold", "0.5").exit_code == 2


@pytest.mark.parametrize("priority", ["uncertainty", "gain"])
def test_tasks_for_label_studio(cli, model, desk, priority):
    choices = "".join(f'<Choice value="digit {digit}"/>' for digit in range(10))
    control = f'<Choices name="tags" toName="img" choice="multiple">{choices}</Choices>'
    config = desk / "config.xml"
    config.write_text(f'<View><Image name="img" value="$photo"/>{control}</View>')
    arguments = ("--form", "label-studio", "--label-config", config, "--out", "tasks.json")
    arguments += ("--document-root", desk, "--priority", priority)
    shown = cli("predict", model, "photos", *arguments)
    assert shown.exit_code == 0, shown.stderr
    tasks = json.loads((desk / "tasks.json").read_text())
    assert len(tasks) == 60
    priorities = [task["data"]["priority"] for task in tasks]
    assert priorities == sorted(priorities, reverse=True)
    assert tasks[0]["data"]["photo"].startswith("/data/local-files/?d=photos/")
    assert tasks[0]["predictions"][0]["model_version"] == "model.ctran"
    rows = read(cli("suggest", model, "photos").stdout)
    if priority == "gain":
        assert priorities[0] == pytest.approx(float(rows[0]["gain"]), abs=1e-5)


def test_classes(cli, desk, scenes):
    """A model of one class for each image decides for one."""
    small = {"image_size": None, "augment": None, "max_epochs": 1, "d_model": 8, "random_state": 0}
    classes = np.array(["few", "many"])[(scenes.Y.sum(axis=1) > 3).astype(int)]
    CTranClassifier("small", **small).fit(scenes.images, classes).save("model.ctran")
    rows = read(cli("predict", "model.ctran", "photos", "--form", "decisions").stdout)
    assert {int(row["few"]) + int(row["many"]) for row in rows} == {1}
