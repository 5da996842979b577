"""Curves of the results that are there: mAP against the percentage of labels known, by method.

One picture for each data set that has results of Tables 3 and 5, with standard deviations over the
seeds. Usage::

    python benchmarks/paper/draw.py --out paper_results --folder pictures
"""

import argparse
from pathlib import Path

import numpy as np
from _tables import EVERYONE, PAPER_SETS
from render import cells_of, read_cells, shown_name

#: Rows that a picture has, as far as they were run.
ROWS = (
    "C-Tran, memory", "C-Tran", "C-Tran, no LMT", "Feedbackprop", "ResNet101", "C-Tran, no image",
)  # fmt: skip


def main(argv=None):
    arguments = parse_arguments(argv)
    cells = read_cells(arguments.out)
    folder = Path(arguments.folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SystemExit(f"--folder: {error}") from error
    for dataset in (*PAPER_SETS, *EVERYONE):
        curves = curves_of(cells, dataset)
        if curves:
            draw(curves, dataset, folder / f"{dataset}.svg")


def parse_arguments(argv):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", metavar="DIR", default="paper_results", help="(paper_results)")
    parser.add_argument("--folder", metavar="DIR", required=True, help="folder of the pictures")
    return parser.parse_args(argv)


def curves_of(cells, dataset):
    """Shown name of a row -> mAP (n_seeds, n_shares) of its cells."""
    curves = {}
    for row in ROWS:
        of_row = [
            list(cell["scores"]["partial"].values())
            for cell in cells_of(cells, dataset, row, "partial")
        ]
        if of_row:
            curves[shown_name(row, dataset)] = np.array(of_row)
    return curves


def draw(curves, dataset, path):
    """Draw the curves of a data set into a file."""
    import matplotlib.pyplot as plt

    from sklearn_ctran.inspection import KnownLabelDisplay

    n_shares = next(iter(curves.values())).shape[1]
    display = KnownLabelDisplay(
        np.arange(n_shares) / n_shares,
        {name: scores.mean(axis=0) for name, scores in curves.items()},
        spread={
            name: scores.std(axis=0, ddof=1) for name, scores in curves.items() if len(scores) > 1
        },
        metric="mAP (%)",
    ).plot()
    display.ax_.set_title(dataset)
    # Without a date and random names the same results make the same file.
    with plt.rc_context({"svg.hashsalt": dataset}):
        display.figure_.savefig(path, metadata={"Date": None})
    plt.close(display.figure_)


if __name__ == "__main__":
    main()
