"""What is in each table, and the command line that its script has."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from _cells import run_cell
from _common import describe_machine, timed
from _data import EVERYONE, PAPER_SETS, read
from recipes import LEAST_EPOCHS, RECIPES

from sklearn_ctran._utils.devices import resolve_device
from sklearn_ctran._utils.files import writable


@dataclass(frozen=True)
class Table:
    """A table of the paper.

    Attributes
    ----------
    title : str
    datasets : tuple of str
        Those of the paper, in its order.
    rows : tuple of str
        Methods, in its order.
    kind : {"regular", "partial", "extra"}
        Which scores of a cell it shows.
    columns : tuple of str
    further : tuple of str
        More rows on sets that everyone can run.
    """

    title: str
    datasets: tuple
    rows: tuple
    kind: str
    columns: tuple
    further: tuple = ()

    def columns_of(self, dataset):
        """The columns on a data set: those of the paper, or all shares of known labels."""
        return PERCENTS if self.kind == "partial" and dataset in EVERYONE else self.columns


#: Rows that are not the paper's, at the end of every table where a data set has them.
OWN_ROWS = ("C-Tran, published", "C-Tran, memory")
ALL = ("mAP", "CP", "CR", "CF1", "OP", "OR", "OF1")
TOP_3 = ("CP3", "CR3", "CF13", "OP3", "OR3", "OF13")
PERCENTS = ("0", "25", "50", "75")
_FOUR = ("coco80", "vg500", "news500", "coco1000")

TABLES = {
    "table1": Table(
        "Table 1: regular inference, all and top-3",
        ("coco80",),
        (
            "CNN-RNN", "RNN-Attention", "Order-Free RNN", "ML-ZSL", "SRN", "ResNet101",
            "Multi-Evidence", "ML-GCN", "SSGRL", "KGGR", "C-Tran",
        ),
        "regular",
        (*ALL, *TOP_3),
    ),
    "table2": Table(
        "Table 2: regular inference on VG-500",
        ("vg500",),
        ("ResNet101", "ML-GCN", "SSGRL", "KGGR", "C-Tran"),
        "regular",
        (*ALL, *TOP_3),
    ),
    "table3": Table(
        "Table 3: partial labels, mAP by the percentage known",
        _FOUR,
        ("Feedbackprop", "C-Tran"),
        "partial",
        PERCENTS,
    ),
    "table4": Table(
        "Table 4: extra labels, by the number of groups known (of 28)",
        ("cub312",),
        ("Standard", "Multi-task", "ConceptBottleneck", "C-Tran"),
        "extra",
        ("0", "10", "15", "20"),
    ),
    "table5": Table(
        "Table 5: ablations, mAP by the percentage known",
        _FOUR,
        ("C-Tran, no image", "C-Tran, no LMT", "C-Tran"),
        "partial",
        ("0", "50"),
        further=("ResNet101",),
    ),
    "layers": Table(
        "Number of layers (section 4.4), mAP with nothing known",
        ("coco80",),
        ("C-Tran, 2 layers", "C-Tran, 3 layers", "C-Tran, 4 layers"),
        "partial",
        ("0",),
    ),
    "figure4": Table(
        "Figure 4: label embeddings with and without label mask training",
        ("coco80",),
        ("C-Tran, no LMT", "C-Tran"),
        "partial",
        ("0", "50"),
    ),
}  # fmt: skip


def run_table(name, doc, argv=None):
    """Compute the cells of a table that are not there yet; return the arguments."""
    table = TABLES[name]
    arguments = parse_arguments(table, doc, argv)
    check_before(table, arguments)
    machine = describe_machine(arguments.seeds[0])
    for dataset in arguments.dataset:
        for seed in arguments.seeds:
            with timed(f"Reading {dataset}"):
                data = read_or_say(dataset, seed, arguments)
            for row in rows_of(table, dataset, arguments.rows):
                with timed(f"{table.title.partition(':')[0]}, {dataset}, {row}, seed {seed}"):
                    found = run_cell(
                        data, dataset, row, seed, arguments,
                        is_extra=table.kind == "extra", machine=machine,
                    )  # fmt: skip
                shown = found["scores"][table.kind]
                cells = (f"{name} {shown[name]:.1f}" for name in table.columns_of(dataset))
                print("    " + "  ".join(cells), flush=True)
    return arguments


def check_before(table, arguments):
    """End with a message for what no fit can come of, before the first one."""
    for name, value in (("--subset", arguments.subset), ("--epochs", arguments.epochs)):
        if value is not None and value < 1:
            raise SystemExit(f"{name}: must be 1 or more, got {value}.")
    if wrong := [seed for seed in arguments.seeds if not 0 <= seed < 2**32 - 1]:
        raise SystemExit(f"--seeds: must be from 0 to 2**32 - 2, got {wrong[0]}.")
    for dataset in arguments.dataset:
        for row in rows_of(table, dataset, arguments.rows):
            least = LEAST_EPOCHS.get(RECIPES[dataset][row]["estimator"], 1)
            if arguments.epochs is not None and arguments.epochs < least:
                raise SystemExit(
                    f"--epochs: {row} trains in {least} stages and needs {least} or more, got "
                    f"{arguments.epochs}. --rows leaves it out."
                )
    try:
        resolve_device(arguments.device)
    except ValueError as error:
        raise SystemExit(f"--device: {error}") from error
    try:
        Path(arguments.out).mkdir(parents=True, exist_ok=True)
        writable(Path(arguments.out) / "cell.json", "results")
    except OSError as error:
        raise SystemExit(
            f"--out: results cannot be written to {arguments.out!r}: {error}"
        ) from error


def read_or_say(dataset, seed, arguments):
    """The Data of a set; end with the reader's message, and what to do, if it cannot be read."""
    try:
        return read(dataset, arguments.data_home, seed, arguments.subset)
    except (OSError, ValueError, LookupError, ImportError) as error:
        raise SystemExit(
            f"{dataset} cannot be read: {error}\n--data-home names the folder of the data sets. "
            "--dataset digits needs no files."
        ) from error


def rows_of(table, dataset, asked):
    """The rows that are computed on a data set: those asked for, else all that it has."""
    if asked is None:
        further = table.further if dataset in EVERYONE else ()
        return [*further, *table.rows, *(row for row in OWN_ROWS if row in RECIPES[dataset])]
    if missing := [row for row in asked if row not in RECIPES[dataset]]:
        has = ", ".join(RECIPES[dataset])
        raise SystemExit(f"--rows: {dataset} has no {missing[0]!r}, but {has}.")
    return asked


def parse_arguments(table, doc, argv):
    """Read the command line of a table's script."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = (*PAPER_SETS, *EVERYONE)
    rows = list(dict.fromkeys(row for made in RECIPES.values() for row in made))
    add = parser.add_argument
    add("--dataset", nargs="+", choices=names, default=table.datasets, help="(the paper's)")
    add("--rows", nargs="+", choices=rows, help="methods (the paper's, and C-Tran's other forms)")
    add("--data-home", metavar="DIR", help="folder of the data sets")
    add("--out", metavar="DIR", default="paper_results", help="folder of results (paper_results)")
    add("--seeds", nargs="+", type=int, default=[0], help="a fit for each (0)")
    add("--device", default="auto", help="where networks run (auto)")
    add("--epochs", type=int, help="passes through the training images (the recipe's)")
    add("--subset", type=int, metavar="N", help="rehearse with N images of each part, 64 pixels")
    return parser.parse_args(argv)
