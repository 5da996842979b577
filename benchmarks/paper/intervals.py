"""Whether the rows of a table differ by more than chance: paired bootstraps over the test images.

For each row of a table, at each share of known labels, the script prints the difference in mAP to
the row ``--against``, a mean over the seeds that both have, and the 95 % interval of this mean over
samples of the test images. Only results on the machine that computed them have the answers that
this needs. Usage::

    python benchmarks/paper/intervals.py --dataset corel5k --tables table1 --against ResNet101
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from _scores import draw_known
from _tables import EVERYONE, PAPER_SETS, TABLES, rows_of
from render import read_cells, shown_name
from tabulate import tabulate

sys.path.append(str(Path(__file__).parents[1]))
from _ranks import bootstrap_difference


def main(argv=None):
    arguments = parse_arguments(argv)
    cells = read_cells(arguments.out)
    for name in arguments.tables:
        print(render_intervals(arguments, cells, name))


def parse_arguments(argv):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    tables = [name for name, table in TABLES.items() if table.kind != "extra"]
    sets = (*PAPER_SETS, *EVERYONE)
    parser.add_argument("--out", metavar="DIR", default="paper_results", help="(paper_results)")
    parser.add_argument("--dataset", choices=sets, required=True)
    parser.add_argument("--tables", nargs="+", choices=tables, default=tables, help="(all)")
    parser.add_argument("--against", metavar="ROW", default="C-Tran", help="(C-Tran)")
    return parser.parse_args(argv)


def render_intervals(arguments, cells, name):
    """The differences of a table's rows, as reStructuredText."""
    table, dataset = TABLES[name], arguments.dataset
    of_rows = {
        row: answers_of(arguments.out, cells, dataset, row)
        for row in {arguments.against, *rows_of(table, dataset, None)}
    }
    if not of_rows[arguments.against]:
        raise SystemExit(f"--against: {arguments.out} has no answers of {arguments.against!r}.")
    percents = ("0",) if table.kind == "regular" else table.columns_of(dataset)
    lines = []
    for row in rows_of(table, dataset, None):
        if row != arguments.against and of_rows[row]:
            texts = (
                difference(of_rows[row], of_rows[arguments.against], percent)
                for percent in percents
            )
            lines.append([shown_name(row, dataset), *texts])
    title = f"{table.title}, {dataset}: less {shown_name(arguments.against, dataset)}"
    head = ["", *(f"{percent} %" for percent in percents)]
    return f"{title}\n\n{tabulate(lines, head, 'rst', disable_numparse=True)}\n"


def answers_of(out, cells, dataset, row):
    """Seed -> what a cell has answered: the true labels, and probabilities by percentage known."""
    answers = {}
    for cell in cells:
        path = Path(out) / dataset / Path(cell["file"]).with_suffix(".answers.npz").name
        if (cell["dataset"], cell["row"]) == (dataset, row) and path.exists():
            with np.load(path, allow_pickle=False) as file:
                answers[cell["seed"]] = dict(file)
    return answers


def difference(answers, others, percent):
    """Difference in mAP over the seeds that both have, and its interval, in percent, as text."""
    seeds = sorted({*answers} & {*others})
    if not seeds:
        return "no seed in common"
    truths, pairs, other_pairs = [], [], []
    for seed in seeds:
        truth = answers[seed]["truth"]
        known = draw_known(truth, int(percent) / 100, seed)
        truths.append(truth)
        pairs.append((known, answers[seed][percent]))
        other_pairs.append((known, others[seed][percent]))
    mean, low, high = bootstrap_difference(truths, pairs, other_pairs)
    return f"{mean:+.1f} ({low:+.1f} to {high:+.1f})"


if __name__ == "__main__":
    main()
