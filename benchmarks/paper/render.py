"""The paper's tables from the results that are there: the paper's figure, ours, the difference.

Reads the JSON files of ``--out`` and prints each table as reStructuredText: the mean over the seeds
that were run, with its standard deviation from two seeds on, the paper's figure and the difference.
A cell that was not computed says "not run". Usage::

    python benchmarks/paper/render.py --out paper_results --rst tables.rst
"""

import argparse
import json
from pathlib import Path

import numpy as np
from _data import EVERYONE, PAPER_SETS
from _published import PUBLISHED
from _tables import TABLES, rows_of
from tabulate import tabulate

from sklearn_ctran._utils.files import writable

NOT_RUN = "not run"


def main(argv=None):
    arguments = parse_arguments(argv)
    if arguments.rst:
        try:
            writable(arguments.rst, "tables.rst")
        except OSError as error:
            raise SystemExit(f"--rst: {error}") from error
    cells = read_cells(arguments.out, arguments.subset, arguments.epochs)
    text = render_all(cells, arguments.tables, arguments.dataset)
    print(text)
    if arguments.rst:
        Path(arguments.rst).write_text(text + "\n", encoding="utf-8")


def parse_arguments(argv):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", metavar="DIR", default="paper_results", help="(paper_results)")
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES), help="(all)")
    sets = (*PAPER_SETS, *EVERYONE)
    parser.add_argument(
        "--dataset", nargs="+", choices=sets, help="(the paper's, and those with results)"
    )
    parser.add_argument("--subset", type=int, metavar="N", help="the rehearsals with N images")
    parser.add_argument("--epochs", type=int, metavar="N", help="the fits of --epochs N")
    parser.add_argument("--rst", metavar="FILE", help="write the tables to this file too")
    return parser.parse_args(argv)


def read_cells(out, subset=None, epochs=None):
    """What all files say, as a list; rehearsals, and fits of other epochs, only if asked for."""
    if not Path(out).is_dir():
        raise SystemExit(f"--out: there is no folder {str(out)!r}. The scripts of tables make it.")
    found = [read_cell(path) for path in sorted(Path(out).glob("*/*.json"))]
    wanted = (subset, epochs)
    return [cell for cell in found if (cell["subset"], cell.get("asked_epochs")) == wanted]


def read_cell(path):
    """What a file of a cell says."""
    try:
        cell = json.loads(path.read_text(encoding="utf-8"))
        if {"dataset", "row", "subset", "scores"} <= set(cell):
            return cell | {"file": path.name}
    except (ValueError, TypeError):
        pass
    raise SystemExit(f"{path} is no file of a cell, or damaged. Delete it, and compute it again.")


def render_all(cells, names, asked=None):
    """The tables, of the data sets asked for, else the paper's and those that have results."""
    parts = []
    in_paper = {dataset for table in TABLES.values() for dataset in table.datasets}
    others = [dataset for dataset in (*PAPER_SETS, *EVERYONE) if dataset not in in_paper]
    for name in names:
        table = TABLES[name]
        datasets = asked or [
            *table.datasets, *(each for each in others if has_any(cells, each, table))
        ]  # fmt: skip
        parts.append(f"{table.title}\n{'-' * len(table.title)}\n")
        parts += [render(cells, name, dataset) for dataset in datasets]
    return "\n".join(parts)


def has_any(cells, dataset, table):
    """Whether a cell of a data set belongs to a table."""
    return any(cells_of(cells, dataset, row, table.kind) for row in rows_of(table, dataset, None))


def cells_of(cells, dataset, row, kind):
    """The cells of a method on a data set that have scores of a kind, one for each seed."""
    return [
        cell
        for cell in cells
        if (cell["dataset"], cell["row"]) == (dataset, row) and kind in cell["scores"]
    ]


def render(cells, name, dataset):
    """A table of a data set."""
    table = TABLES[name]
    columns = table.columns_of(dataset)
    published = PUBLISHED.get(name, {}).get(dataset, {})
    lines = []
    for row in rows_of(table, dataset, None):
        own = [cell["scores"][table.kind] for cell in cells_of(cells, dataset, row, table.kind)]
        theirs = published.get(row, {})
        texts = [_cell(own, theirs.get(column), column) for column in columns]
        lines.append([shown_name(row, dataset), len(own) or "", *texts])
    head = ["", "seeds", *columns]
    unit = "%, ours (the paper's, difference)" if published else "%"
    return f"{dataset} ({unit})\n\n{tabulate(lines, head, 'rst', disable_numparse=True)}\n"


def shown_name(row, dataset):
    """The name of a row; "ResNet101" is a linear head on another backbone on sets of ours."""
    return "linear head" if row == "ResNet101" and dataset in EVERYONE else row


def _cell(own, theirs, column):
    """Our figure, and in brackets the paper's and the difference."""
    if not own:
        return NOT_RUN if theirs is None else f"{NOT_RUN} ({theirs:.1f})"
    values = [scores[column] for scores in own]
    ours = f"{np.mean(values):.1f}"
    if len(values) > 1:
        ours += f" ± {np.std(values, ddof=1):.1f}"
    if theirs is None:
        return ours
    return f"{ours} ({theirs:.1f}, {np.mean(values) - theirs:+.1f})"


if __name__ == "__main__":
    main()
