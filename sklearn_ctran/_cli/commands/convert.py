"""``convert``: labels of other programs as a table."""

from pathlib import Path
from typing import Annotated

import typer

from sklearn_ctran._cli.output import Result
from sklearn_ctran._cli.tag_tables import Table, TagTable

EXAMPLE = "sklearn-ctran convert tags.csv --images photos --missing negative --out labels.csv"


def run(
    console,
    *,
    table: Table,
    out: Annotated[
        Path, typer.Option(help="A .csv, .tsv or .parquet file. One that is there is replaced.")
    ],
    form: Annotated[
        str,
        typer.Option(help="columns: one of 1, 0 and nothing for each label; tags: one column."),
    ] = "columns",
    tag_sep: Annotated[str, typer.Option(help="What separates tags, one character.")] = ";",
    tags: TagTable,
):
    """Write the labels of a table, or of another program's export, as a table that fit reads.

    What was found in it is told on standard error: files that are missing, spellings, duplicates.
    Extra labels of --extra-columns are left out. In the form of tags, labels that are known to be
    absent and unknown ones look the same.
    """
    if form not in ("columns", "tags"):
        raise typer.BadParameter(f"--form is columns or tags, not {form!r}.")
    from sklearn_ctran._utils.files import writable
    from sklearn_ctran.datasets import save_predictions

    writable(out, "labels.csv")
    data = tags.read(table, console)
    if form == "tags":
        save_predictions(out, data.target, form="tags", sep=tag_sep)
    else:
        save_predictions(out, data.target)
    n_images, n_labels = data.target.shape
    told = {"out": out, "labels": data.target_names, "images": n_images}
    text = f"{out}: {n_labels} labels of {n_images:,} images."
    return Result(text, told | {"table": vars(data.summary)})
