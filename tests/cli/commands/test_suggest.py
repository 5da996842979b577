"""``suggest``."""

import csv
import io
import json

import pandas as pd
import pytest

from sklearn_ctran import load
from sklearn_ctran.inspection import suggest_labels


def test_images_come_in_the_order_of_their_best_question(cli, model, scenes):
    rows = list(csv.DictReader(io.StringIO(cli("suggest", model, "photos").stdout)))
    priorities = [float(row["priority"]) for row in rows]
    assert len(rows) == 60 and priorities == sorted(priorities, reverse=True)
    expected = suggest_labels(load(model), scenes.images)
    best = int(expected.gains[:, 0].argmax())
    assert rows[0]["path"].endswith(f"{best:03}.png")
    assert rows[0]["label"] == expected.labels[best, 0]
    assert priorities[0] == pytest.approx(float(expected.gains.max()), rel=1e-4)


def test_several_questions_as_a_file(cli, model):
    shown = cli("suggest", model, "photos/000.png", "-n", "3", "--out", "questions.csv")
    assert shown.stdout == "questions.csv: 3 questions about 1 images.\n"
    frame = pd.read_csv("questions.csv")
    assert frame.columns.tolist() == ["path", "priority", "label", "gain"]
    assert frame["gain"].is_monotonic_decreasing
    assert (frame["priority"] == frame["gain"][0]).all()


def test_what_the_table_says_is_not_asked(cli, model, desk):
    labels = ",".join(f"digit {digit}" for digit in range(9))
    table = desk / "known.csv"
    table.write_text(f"file,{labels}\n000.png{',0' * 9}\n")
    arguments = (table, "--images", "photos", "--known-from-table", "-n", "5")
    told = json.loads(cli("suggest", model, *arguments, "--json").stdout)
    assert {row["label"] for row in told["questions"]} <= {"digit 9", "city=Oslo", "city=Rome"}


def test_candidates(cli, model):
    told = cli("suggest", model, "photos/000.png", "-n", "9", "--candidates", "1", "--json").stdout
    assert len(json.loads(told)["questions"]) == 9
    assert cli("suggest", model, "photos", "--candidates", "0").exit_code == 2


def test_an_output_that_is_no_table(cli, model):
    assert cli("suggest", model, "photos", "--out", "questions.doc").exit_code == 1
