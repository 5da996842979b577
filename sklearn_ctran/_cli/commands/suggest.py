"""``suggest``: what to ask an annotator next."""

from pathlib import Path
from typing import Annotated

import typer

from sklearn_ctran._cli.options import Asking, Model, Places, Running
from sklearn_ctran._cli.output import Result
from sklearn_ctran._cli.tag_tables import TagTable

EXAMPLE = (
    "sklearn-ctran suggest model.ctran tags.csv --images photos --known-from-table "
    "--missing unknown --out questions.csv"
)


def run(
    console,
    *,
    model: Model,
    places: Places,
    out: Annotated[
        Path | None,
        typer.Option(
            help="A .csv, .tsv or .parquet file. One that is there is replaced.  "
            "[default: standard output]"
        ),
    ] = None,
    n: Annotated[int, typer.Option("--questions", "-n", min=1, help="For each image.")] = 1,
    candidates: Annotated[
        int, typer.Option(min=1, help="Labels of an image that are tried, the least certain ones.")
    ] = 8,
    asking: Asking,
    tags: TagTable,
    running: Running,
):
    """Find the questions whose answers would tell most: which label of which image.

    The result has a row for each question. Its gain, in nats, is the expected drop of the
    uncertainty about the image's other labels. The priority of an image is the gain of its best
    question; images come in this order. With --known-from-table, labels that the table has are not
    asked for, and change what is worth asking.
    """
    from sklearn_ctran._cli.frames import as_records, as_text, check_writable, write_frame
    from sklearn_ctran._cli.models import load_model, questions_about
    from sklearn_ctran._cli.predicting import question_frame

    if out is not None:
        check_writable(out, "questions.csv")
    loaded = load_model(model, running, asking, console)
    questions = questions_about(loaded, places, tags, asking, console)
    console.say(f"{model} looks for questions about {len(questions):,} images.")
    frame = question_frame(loaded, questions, n, candidates)
    if out is None:
        return Result(as_text(frame).rstrip("\n"), {"questions": as_records(frame)})
    write_frame(frame, out)
    text = f"{out}: {len(frame):,} questions about {len(questions):,} images."
    return Result(text, {"out": out, "questions": len(frame), "images": len(questions)})
