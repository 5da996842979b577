"""``report``: a page on a model."""

from pathlib import Path
from typing import Annotated

import typer

from sklearn_ctran._cli.options import Asking, Model, Part, Running
from sklearn_ctran._cli.output import Result
from sklearn_ctran._cli.tag_tables import Table, TagTable

EXAMPLE = "sklearn-ctran report model.ctran tags.csv --images photos --missing negative"


def run(
    console,
    *,
    model: Model,
    table: Table,
    out: Annotated[Path, typer.Option(help="The page. One that is there is replaced.")] = Path(
        "report.html"
    ),
    title: Annotated[str | None, typer.Option(help="Of the page.")] = None,
    n_photos: Annotated[int, typer.Option(min=0, max=200, help="Photos of each sheet.")] = 24,
    part: Part,
    asking: Asking,
    tags: TagTable,
    running: Running,
):
    """Write one page, HTML, on how well a model does on a table of tags.

    It has scores of all labels, calibration, what looks wrong and what to do about it, and the
    photos with most mistakes. The images should be none that the model has learned from: those of
    --test-part, after fit --holdout.
    """
    if asking.known_from_table:
        raise typer.BadParameter("The table has what is true: --known-from-table would tell all.")
    from sklearn_ctran._cli.models import labelled_questions, load_model
    from sklearn_ctran._utils.files import writable
    from sklearn_ctran.inspection import report

    writable(out, "report.html")
    loaded = load_model(model, running, asking, console)
    questions, truth = labelled_questions(loaded, table, tags, asking, part, console)
    report(
        loaded,
        questions.images,
        truth,
        out,
        **questions.arguments(),
        title=title,
        n_photos=n_photos,
        verbose=console.verbose,
    )
    text = f"{out}: a report on {model}, from {len(questions):,} images."
    return Result(text, {"out": out, "model": model, "images": len(questions)})
