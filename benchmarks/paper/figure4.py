"""Figure 4: maps of the label embeddings with and without label mask training.

Computes the two cells as the scripts of the tables do, and draws the embeddings of their labels on
a plane, side by side. Where labels of one group lie together, it prints how much nearer they are to
each other than to others: the mean cosine within groups less that between groups (COCO's twelve
super-categories; the pairs of digits that come together). Usage::

    python benchmarks/paper/figure4.py --data-home DATA --plot figure4.png
    python benchmarks/paper/figure4.py --dataset digits --plot figure4.png
"""

import argparse

import numpy as np
from _cells import cell_path
from _tables import TABLES, parse_arguments, run_table

from sklearn_ctran._utils.files import writable

#: COCO's categories by super-category, in the order of the 80 labels: number of labels in each.
COCO_GROUPS = {
    "person": 1, "vehicle": 8, "outdoor": 5, "animal": 10, "accessory": 5, "sports": 10,
    "kitchen": 7, "food": 10, "furniture": 6, "electronic": 6, "appliance": 5, "indoor": 7,
}  # fmt: skip
#: Digits that sum to nine are drawn together.
DIGIT_GROUPS = {digit: min(digit, 9 - digit) for digit in range(10)}


def main(argv=None):
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--plot", metavar="FILE")
    own, rest = parser.parse_known_args(argv)
    doc = __doc__ + "\n  --plot FILE  draw the maps into it"
    check_plot(own.plot, parse_arguments(TABLES["figure4"], doc, rest).dataset)
    arguments = run_table("figure4", doc, rest)
    for dataset in arguments.dataset:
        rows = arguments.rows or TABLES["figure4"].rows
        maps = {row: read_embeddings(arguments, dataset, row) for row in rows}
        groups = groups_of(dataset)
        for row, (embeddings, names) in maps.items():
            if groups and len(groups) == len(names):
                print(f"{dataset}, {row}: {nearness(embeddings, groups):+.3f} nearer in groups")
        if own.plot:
            draw(maps, groups, own.plot)


def check_plot(path, datasets):
    """End with a message if the maps cannot be drawn, before minutes of work."""
    if path is None:
        return
    if len(datasets) > 1:
        raise SystemExit("--plot: the file has the maps of one data set: name one --dataset.")
    try:
        writable(path, "figure4.png")
    except OSError as error:
        raise SystemExit(f"--plot: {error}") from error


def read_embeddings(arguments, dataset, row):
    """The embeddings of labels that a cell has kept, and the labels' names."""
    cell = cell_path(arguments, dataset, row, arguments.seeds[0], False)
    path = cell.with_suffix(".embeddings.npz")
    if not path.exists():
        raise SystemExit(
            f"There is no {path}: {row!r} has no embeddings of labels, or only its scores were "
            f"copied. In the second case delete {cell}, and run this again."
        )
    with np.load(path, allow_pickle=False) as file:
        return file["embeddings"], file["names"].tolist()


def groups_of(dataset):
    """The group of each label in order, or None."""
    if dataset == "coco80":
        return [group for group, number in COCO_GROUPS.items() for _ in range(number)]
    return list(DIGIT_GROUPS.values()) if dataset == "digits" else None


def members(groups, names):
    """Name of each group -> names of its labels, or None."""
    if not groups or len(groups) != len(names):
        return None
    pairs = list(zip(groups, names, strict=True))
    return {str(group): [name for other, name in pairs if other == group] for group in set(groups)}


def nearness(embeddings, groups):
    """Mean cosine of pairs of labels in one group, less that of the other pairs."""
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    cosines = units @ units.T
    same = np.equal.outer(groups, groups)
    others = ~np.eye(len(groups), dtype=bool)
    return float(cosines[same & others].mean() - cosines[~same].mean())


def draw(maps, groups, path):
    """The maps side by side."""
    import matplotlib.pyplot as plt

    from sklearn_ctran.inspection import LabelMapDisplay

    figure, axes = plt.subplots(1, len(maps), figsize=(6 * len(maps), 5), squeeze=False)
    for ax, (row, (embeddings, names)) in zip(axes[0], maps.items(), strict=True):
        LabelMapDisplay.from_embeddings(embeddings, names, groups=members(groups, names), ax=ax)
        ax.set_xlabel(row)  # Above the map is the display's own note.
    figure.savefig(path)
    plt.close(figure)


if __name__ == "__main__":
    main()
