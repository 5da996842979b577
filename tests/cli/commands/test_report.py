"""``report``."""

import json

import pytest

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def report(cli, model, tags):
    """A function that writes a report on the model from the table of tags."""
    common = ("--images", "photos", "--missing", "negative", "--n-photos", "2")

    def run(*arguments, table=tags):
        return cli("report", model, table, *common, *arguments)

    return run


def test_a_page(report, desk):
    shown = report("--title", "Digits & more", "--out", "page.html")
    assert shown.exit_code == 0, shown.stderr
    assert shown.stdout.startswith("page.html: a report on ")
    page = (desk / "page.html").read_text(encoding="utf-8")
    assert "Digits &amp; more" in page and "60" in page and page.count("data:image/jpeg") == 2


def test_a_part_of_the_table(report, tags):
    lines = tags.read_text().splitlines()
    parts = ["part", *(["test"] * 30 + ["train"] * 30)]
    tags.write_text("\n".join(f"{line},{part}" for line, part in zip(lines, parts, strict=True)))
    told = json.loads(report("--column=tags", "--split-column=part", "--json").stdout)
    assert told["images"] == 30
    shown = report("--column=tags", "--split-column=part", "--test-part=val")
    assert shown.exit_code == 1 and "No image is in the part 'val'" in shown.stderr


def test_a_table_of_other_labels(report, desk):
    table = desk / "others.csv"
    table.write_text("file,tags\n000.png,cat\n")
    shown = report(table=table)
    assert shown.exit_code == 1 and "has none of the model's labels" in shown.stderr


def test_labels_that_the_table_lacks_are_not_scored(report, desk, scenes):
    table = desk / "few.csv"
    rows = [f"{row:03}.png,{labels[0]},{labels[1]},1" for row, labels in enumerate(scenes.Y)]
    table.write_text("\n".join(["file,digit 0,digit 1,digit 12", *rows, ""]))
    shown = report("--label-columns=digit 0,digit 1,digit 12", "--out=few.html", table=table)
    assert shown.exit_code == 0, shown.stderr
    assert "does not know the labels 'digit 12'" in shown.stderr


def test_wrong_usage(report):
    shown = report("--known-from-table")
    assert shown.exit_code == 2 and "would tell all" in shown.stderr
    assert report("--out", "no/page.html").exit_code == 1
    assert report("--known", "digit 1=1").exit_code == 0
