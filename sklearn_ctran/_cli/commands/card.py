"""``card``: what a model is, what it learned from, and how well it does."""

from pathlib import Path
from typing import Annotated

import typer

from sklearn_ctran._cli.options import Model
from sklearn_ctran._cli.output import Result

EXAMPLE = "sklearn-ctran card model.ctran --markdown --out README.md"


def run(
    console,
    *,
    model: Model,
    markdown: Annotated[
        bool,
        typer.Option("--markdown", help="As Markdown, as the Hugging Face hub reads it."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="A file for it.  [default: standard output]")
    ] = None,
):
    """Show the card of a model: labels, training data, scores, licence, versions.

    Only the card is read, so that the file may come from anybody; nobody has checked what it says.
    Of a model that was saved without a card, what it tells of itself is shown.
    """
    from sklearn_ctran._persistence.card import card_in
    from sklearn_ctran._utils.files import replacing, writable

    card = card_in(model)
    text = card.to_markdown() if markdown else str(card)
    if out is None:
        return Result(text, card.to_dict())
    out = writable(out, "README.md")
    with replacing(out) as unfinished:
        unfinished.write_text(text + "\n", encoding="utf-8")
    return Result(f"{out}: the card of {model}.", card.to_dict())
