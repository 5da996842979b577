"""``card``."""

import json

import pytest

from sklearn_ctran import ModelCard, load, load_card


@pytest.mark.filterwarnings("default")  # Some labels are rare.
def test_the_card_that_fit_writes(cli, tags, small):
    shown = cli(
        "fit",
        tags,
        "--images",
        "photos",
        "--missing",
        "negative",
        "--out",
        "m.ctran",
        "--max-epochs",
        "1",
        *small,
    )
    assert shown.exit_code == 0, shown.stderr
    card = load_card("m.ctran")
    assert card.data["images"] == 60
    assert set(card.label_counts) == {f"digit {digit}" for digit in range(10)}
    assert {row["method"] for row in card.scores} == {"C-Tran", "majority", "binary relevance"}
    shown = cli("card", "m.ctran")
    assert "digit 3" in shown.stdout and "binary relevance" in shown.stdout
    assert json.loads(cli("card", "m.ctran", "--json").stdout)["data"] == card.data


def test_markdown_in_a_file(cli, model):
    load(model).save("mine.ctran", card=ModelCard(name="Mine", licence="mit"))
    shown = cli("card", "mine.ctran", "--markdown", "--out", "README.md")
    assert shown.stdout == "README.md: the card of mine.ctran.\n"
    with open("README.md", encoding="utf-8") as file:
        text = file.read()
    assert text.startswith("---\nlibrary_name") and "# Mine" in text
    assert cli("card", "mine.ctran", "--markdown").stdout.strip() == text.strip()


def test_a_model_without_a_card_tells_of_itself(cli, model):
    told = json.loads(cli("card", model, "--json").stdout)
    assert told["automatic"]["labels"][3] == "digit 3"
    assert told["automatic"]["extra_labels"] == ["city=Oslo", "city=Rome"]
    assert told["name"] == "" and told["scores"] == []


def test_what_is_no_model(cli, desk):
    (desk / "text.ctran").write_text("text")
    shown = cli("card", "text.ctran")
    assert shown.exit_code == 1
    assert "text.ctran' cannot be read" in shown.stderr
    assert cli("card", "lost.ctran").exit_code == 1
    shown = cli("card", "text.ctran", "--out", "nowhere/README.md")
    assert shown.exit_code == 1
