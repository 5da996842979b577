"""``errors``: entries of a table that look wrong."""

from pathlib import Path
from typing import Annotated

import typer

from sklearn_ctran._cli.options import Backbone, Learning, Running
from sklearn_ctran._cli.output import Result
from sklearn_ctran._cli.tag_tables import Table, TagTable

EXAMPLE = (
    "sklearn-ctran errors tags.csv --images photos --missing negative --out errors.csv "
    "--sheet errors.png"
)


def run(
    console,
    *,
    table: Table,
    out: Annotated[
        Path | None,
        typer.Option(
            help="A .csv, .tsv or .parquet file. One that is there is replaced.  "
            "[default: standard output]"
        ),
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="A picture (.png, .pdf, ...) of the first of them.")
    ] = None,
    n_photos: Annotated[int, typer.Option(min=1, help="Photos on the --sheet.")] = 24,
    most: Annotated[
        int | None, typer.Option(min=1, help="Entries at most, the most suspicious ones.")
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="Each entry is judged by others' folds.")] = 5,
    learning: Learning,
    backbone: Backbone,
    tags: TagTable,
    running: Running,
):
    """Find entries of a table that look wrong, the most suspicious first.

    A model is fitted once for each of --folds, and judges the images of that fold, given their
    other labels. The result has a row for each entry that it takes for the opposite, with the
    probability of what the table says.
    """
    from sklearn_ctran._cli import fitting
    from sklearn_ctran._cli.frames import as_records, as_text, check_writable, write_frame
    from sklearn_ctran._neural.classifier import CTranClassifier
    from sklearn_ctran._utils.files import writable
    from sklearn_ctran.inspection import find_label_errors

    if out is not None:
        check_writable(out, "errors.csv")
    if sheet is not None:
        writable(sheet, "errors.png")
    data = tags.read(table, console)
    examples = fitting.Examples(data.images, data.target, data.extra)
    with fitting.estimator_parameters(backbone, running, learning, data, console) as parameters:
        examples = fitting.encoded(examples, parameters, console.verbose)
        errors = find_label_errors(
            CTranClassifier(**parameters),
            examples.images,
            examples.labels,
            **examples.extra_labels(),
            cv=folds,
            random_state=backbone.seed,
            verbose=console.verbose,
        )
    if sheet is not None and len(errors):
        _draw(errors, examples.images, sheet, n_photos)
    frame = fitting.error_frame(errors, examples.names).head(most)
    drawn = sheet if len(errors) else None
    told = {"suspicious": len(errors), "images": len(examples), "sheet": drawn}
    if out is None:
        return Result(as_text(frame).rstrip("\n"), told | {"errors": as_records(frame)})
    write_frame(frame, out)
    text = f"{out}: {len(frame):,} of {len(errors):,} entries that look wrong."
    return Result(text, told | {"out": out})


def _draw(errors, images, sheet, n_photos):
    """Write a picture of the most suspicious labels, as large as its photos need."""
    from math import ceil

    from matplotlib.figure import Figure

    from sklearn_ctran._utils.files import replacing
    from sklearn_ctran.inspection import LabelErrorsDisplay

    n_photos = min(n_photos, len(errors))
    figure = Figure(figsize=(11.0, 1.0 + 2.2 * ceil(n_photos / 6)), layout="constrained")
    LabelErrorsDisplay.from_errors(errors, images, ax=figure.add_subplot(), n_photos=n_photos)
    with replacing(sheet) as unfinished:
        figure.savefig(unfinished, format=sheet.suffix.lstrip(".") or "png", dpi=120)
