"""The options that say what a table of tags means, and its reader."""

import inspect
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import typer

import sklearn_ctran
from sklearn_ctran._cli.parsing import parse_list, parse_separator

#: Formats -> their readers in ``datasets``. All return Bunches like that of ``load_tags``, whose
#: arguments have the names of options.
READERS = {
    "table": "load_tags",
    "label-studio": "load_label_studio",
    "coco": "load_coco",
    "yolo": "load_yolo",
    "fiftyone": "load_fiftyone",
    "image-folder": "load_image_folder",
}
#: Files that are a table, and no image.
_SUFFIXES = (".csv", ".txt", ".tsv", ".tab", ".parquet", ".pq")

Table = Annotated[
    Path, typer.Argument(help="A CSV, TSV or Parquet file; with --format, a file or folder of it.")
]


@dataclass(frozen=True)
class TagTable:
    """How a table says which labels which image has; see ``datasets.load_tags``."""

    format: Annotated[
        str | None,
        typer.Option(help=f"Of the table: {', '.join(READERS)}.  [default: by its name]"),
    ] = None
    images: Annotated[
        Path | None, typer.Option(help="The folder of the images.  [default: that of the table]")
    ] = None
    path_column: Annotated[
        str | None, typer.Option(help="The column of the images' names.  [default: found]")
    ] = None
    column: Annotated[
        str | None, typer.Option(help="The column of tags, such as 'beach;sunset'.")
    ] = None
    sep: Annotated[str | None, typer.Option(help="What separates tags.  [default: found]")] = None
    label_columns: Annotated[
        str | None, typer.Option(help="The columns of labels, of 0 and 1: 'beach,sunset'.")
    ] = None
    missing: Annotated[
        str | None,
        typer.Option(help="What of a tag that is not listed: 'negative' or 'unknown'."),
    ] = None
    blank: Annotated[str | None, typer.Option(help="The same for an image without any tag.")] = None
    extra_columns: Annotated[
        str | None, typer.Option(help="Columns that may be known, but are not predicted: 'city'.")
    ] = None
    positive: Annotated[str, typer.Option(help="What means 1 in columns of labels.")] = "1"
    negative: Annotated[str, typer.Option(help="What means 0 there.")] = "0"
    unknown: Annotated[str, typer.Option(help="What means unknown, beside an empty cell.")] = "-1"
    suffix: Annotated[str, typer.Option(help="What is added to each name, such as '.jpg'.")] = ""
    on_missing_file: Annotated[
        str, typer.Option(help="Rows without a file: 'raise' an error, or 'skip' them.")
    ] = "raise"
    duplicates: Annotated[
        str, typer.Option(help="Several rows of an image: 'raise', 'merge' or 'first'.")
    ] = "raise"
    merge_spellings: Annotated[
        bool, typer.Option("--merge-spellings", help="'Sunset' and 'sunset ' are one tag.")
    ] = False
    min_count: Annotated[
        int, typer.Option(min=0, help="Labels with fewer positives are left out.")
    ] = 0
    encoding: Annotated[str | None, typer.Option(help="Of a CSV file.  [default: UTF-8]")] = None
    delimiter: Annotated[
        str | None, typer.Option(help="What separates a CSV file's cells.  [default: found]")
    ] = None

    label_config: Annotated[
        Path | None, typer.Option(help="Label Studio's labeling configuration, a file.")
    ] = None
    unticked: Annotated[
        str, typer.Option(help="Label Studio: of an unticked choice beside a ticked one.")
    ] = "negative"
    empty: Annotated[
        str, typer.Option(help="Label Studio: of the choices where nothing is ticked.")
    ] = "unknown"
    crowd: Annotated[str, typer.Option(help="COCO: what crowds say: 'positive' or 'unknown'.")] = (
        "positive"
    )
    unannotated: Annotated[
        str, typer.Option(help="COCO, YOLO: of images without any: 'negative' or 'unknown'.")
    ] = "negative"
    field: Annotated[
        str | None, typer.Option(help="FiftyOne: the field of the labels.  [default: found]")
    ] = None

    def is_table(self, path):
        """Whether a path names a table, and no image or folder of images."""
        return self.format is not None or path.suffix.lower() in _SUFFIXES

    def read(self, table, console, with_labels=True, **others):
        """The Bunch of a table; a person is told what was found in it.

        `with_labels` False reads which images there are, without labels if the format can do that.
        `others` are further arguments of the reader.
        """
        name = self._format(table)
        reader = getattr(sklearn_ctran.datasets, READERS[name])
        arguments = self._given() | {key: each for key, each in others.items() if each is not None}
        parameters = inspect.signature(reader).parameters
        if "label_config" not in parameters:
            arguments.pop("label_config", None)  # It is that of the predictions.
        _check_options(arguments, parameters, name)
        if not with_labels and "label_columns" in parameters:
            arguments |= {"label_columns": [], "column": None}
        data = reader(table, **arguments)
        console.say(str(data.summary))
        if not len(data.images):
            raise ValueError(f"{str(table)!r} has no row of an image.")
        return data

    def _format(self, table):
        """The format of a file; wrong usage, if it is not clear."""
        name = self.format
        if name is None and self.is_table(table):
            return "table"
        if name not in READERS:
            told = f"{str(table)!r} is no table" if name is None else f"There is no format {name!r}"
            raise typer.BadParameter(f"{told}: --format is one of {', '.join(READERS)}.")
        return name

    def _given(self):
        """Options that are not at their defaults, as arguments of readers."""
        given = {
            field.name: value
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default and field.name != "format"
        }
        for name in given.keys() & {"label_columns", "extra_columns"}:
            given[name] = parse_list(given[name], f"--{name.replace('_', '-')}")
        for name in given.keys() & {"sep", "delimiter"}:
            given[name] = parse_separator(given[name])
        return given


def _check_options(arguments, parameters, name):
    """Wrong usage, if the format `name` lacks one of the arguments, or has others that it needs."""
    _, *needed = [key for key, each in parameters.items() if each.default is each.empty]
    for verdict, options in (
        ("is not", [key for key in arguments if key not in parameters]),
        ("is needed", [key for key in needed if key not in arguments]),
    ):
        if options:
            option = f"--{options[0].replace('_', '-')}"
            raise typer.BadParameter(f"{option} {verdict} for the format {name!r}.")
