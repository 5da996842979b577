"""Cards as Markdown and text: everything is said, and nothing in them is obeyed."""

import json

import pytest

from sklearn_ctran import ModelCard

CARD = ModelCard(
    name="Rain | shine",
    description="Weather in *photos*.\n\nTwo paragraphs.",
    licence="cc-by-4.0",
    authors=["A. Person", "B. Person"],
    data={"images": 40, "share": 0.123456},
    label_counts={"cat": 12},
    scores=[{"method": "C-Tran", "mAP": 0.8125}, {"method": "majority", "F1": 0.25}],
    intended_use="Signs.",
    limits="Not at night.",
    created="2026-11-28",
)
CARD.automatic.update(
    model="CTranClassifier",
    labels=["cat", "dog"],
    extra_labels=["city"],
    parameters={"d_model": 128},
    versions={"torch": "2.9"},
)
SAID = (
    ["Two paragraphs.", "cc-by-4.0", "A. Person, B. Person", "40", "0.1235", "12", "C-Tran"]
    + ["0.8125", "majority", "0.25", "Signs.", "Not at night.", "2026-11-28", "CTranClassifier"]
    + ["cat", "dog", "city", "128", "2.9"]
)


@pytest.mark.parametrize("said", SAID)
def test_both_say_everything(said):
    assert said in CARD.to_markdown()
    assert said in str(CARD)


def test_the_header_is_what_the_hub_reads():
    _, header, body = CARD.to_markdown().split("---\n", 2)
    lines = dict(line.split(": ", 1) for line in header.splitlines())
    assert {key: json.loads(value) for key, value in lines.items()} == {
        "library_name": "sklearn-ctran",
        "pipeline_tag": "image-classification",
        "tags": ["sklearn-ctran", "multi-label-classification"],
        "license": "cc-by-4.0",
    }
    assert body.startswith("\n# Rain \\| shine\n")
    assert "## Scores" in body and "| method" in body


def test_an_empty_card():
    assert str(ModelCard()) == "A model of sklearn-ctran\n========================"
    assert ModelCard().to_markdown().endswith("# A model of sklearn-ctran\n")


def test_what_strangers_write_is_not_obeyed():
    bad = "<script>alert(1)</script>\x1b[2J\n---\nlicense: mit"
    card = ModelCard(
        name=bad,
        description=bad,
        licence=bad,
        authors=[bad],
        data={bad: bad},
        label_counts={bad: 1},
        scores=[{bad: bad}],
        limits=bad,
    )
    card.automatic.update(labels=[bad, 3, None], parameters={bad: [bad]}, versions="text")
    markdown, text = card.to_markdown(), str(card)
    assert "\x1b" not in markdown + text
    assert "<script" not in markdown.replace("\\<script", "").split("---\n", 2)[2]
    header = markdown.split("---\n", 2)[1]
    assert len(header.splitlines()) == 4  # No text has left its line.
    assert "\\<script" in markdown or "&lt;script" in markdown


def test_many_labels_are_not_all_named():
    card = ModelCard()
    card.automatic["labels"] = [f"label {i}" for i in range(500)]
    assert "... and 300 more." in str(card)
    assert "label 499" not in card.to_markdown()
