"""Several masks per image: when they raise mAP per second.

With ``n_masks`` a step trains on several masks of each image, while the image goes through the
backbone once. This can help only if the backbone takes most of a step's time. Two cases are
compared, on Corel5k photos with a frozen MobileNetV2 and one encoder layer:

- flipped images: with ``augment="flip"`` they go through the backbone in every epoch;
- ready tokens: without augmentation the backbone's tokens come from the cache and take no time.

Each is fitted with 1, 2 and 4 masks for the same number of epochs, and with 1 mask for as many
epochs as take about the time of 4 masks. All photos are from the training part. Scores are mAP over
unknown labels with 0 / 25 / 50 / 75 % of the labels known, means of 3 draws. "more mAP/s" is the
gain in the mean over the first fit, divided by the additional seconds. The fits are too long to
take turns; they run in the order of the table.

Usage (5 minutes)::

    python benchmarks/speed/masks.py --shared ../shared --json masks.json

Its output. Something slowed the first fit down: a fit with one more epoch took less time. The lines
below it therefore show no gains::

                                        0 %  25 %  50 %  75 %  mean  fit s  more mAP/s
    flipped images, 1 mask, 4 epochs   50.4  51.6  54.2  59.4  53.9   71.6
    flipped images, 2 masks, 4 epochs  52.0  54.0  57.0  62.3  56.3   41.7
    flipped images, 4 masks, 4 epochs  52.6  54.4  58.3  62.3  56.9   44.3
    flipped images, 1 mask, 5 epochs   51.6  53.3  56.4  61.5  55.7   53.8
    ready tokens, 1 mask, 4 epochs     50.0  51.4  54.2  59.6  53.8    3.6
    ready tokens, 2 masks, 4 epochs    52.1  53.7  56.1  61.8  55.9    5.4       1.213
    ready tokens, 4 masks, 4 epochs    52.6  54.5  57.8  62.3  56.8    9.7       0.492
    ready tokens, 1 mask, 11 epochs    53.9  55.0  57.9  65.0  58.0    7.1       1.193

    processor AMD EPYC, features avx2 avx512f avx512_bf16, cores 2, threads 2, torch 2.14.1, ...

    flipped images: 4 masks 56.9 in 44 s, 5 epochs 55.7 in 54 s: masks gain 1.2 points more
    ready tokens: 4 masks 56.8 in 10 s, 11 epochs 58.0 in 7 s: epochs gain 1.2 points more
"""

import argparse
from pathlib import Path

import numpy as np
from _speed import describe_machine, print_table, write_json
from corel5k import read_corel5k
from sklearn.base import clone

# isort: split
from _common import PERCENTS_KNOWN, compare  # in a folder that _speed makes known

from sklearn_ctran import CTranClassifier

N_MASKS = (1, 2, 4)
N_DRAWS = 3
CASES = {"flipped images": "flip", "ready tokens": None}  # name -> augment
COLUMNS = (*(f"{percent} %" for percent in PERCENTS_KNOWN), "mean", "fit s", "more mAP/s")


def main():
    arguments = parse_arguments()
    seed = arguments.seed
    paths, Y, train, _ = read_corel5k(Path(arguments.shared) / "data" / "corel5k")
    weights = Path(arguments.shared) / "data" / "weights" / "mobilenet_v2-imagenet.pth"
    rows = np.random.RandomState(seed).permutation(np.flatnonzero(train))
    n = arguments.photos
    data = [
        ([paths[row] for row in part], Y[part]) for part in (rows[:n], rows[n:][: arguments.valid])
    ]
    model = CTranClassifier(
        "mobilenet_v2",
        weights=weights,
        image_size=arguments.image_size,
        n_layers=arguments.layers,
        random_state=seed,
    )
    fill_cache(model, data)
    results = {
        case: compare_masks(case, model.set_params(augment=augment), data, arguments.epochs, seed)
        for case, augment in CASES.items()
    }
    machine = describe_machine(seed)
    rows = {name: cells for case in results.values() for name, cells in make_rows(case).items()}
    print_table(rows, COLUMNS, machine)
    for case, result in results.items():
        print(describe(case, result))
    write_json(arguments.json, results, machine)


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/corel5k")
    parser.add_argument("--photos", type=int, default=1000, help="to train on (1000)")
    parser.add_argument("--valid", type=int, default=500, help="to score on (500)")
    parser.add_argument("--image-size", type=int, default=224, help="pixels per side (224)")
    parser.add_argument("--layers", type=int, default=1, help="of the encoder (1)")
    parser.add_argument("--epochs", type=int, default=4, help="with each number of masks (4)")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def fill_cache(model, data):
    """Compute all tokens, so that the first fit does not need more time than the others."""
    (photos, Y), (valid_photos, _) = data
    clone(model).set_params(max_epochs=1).fit(photos, Y).predict(valid_photos)


def compare_masks(case, model, data, n_epochs, seed):
    """Fit a model with growing numbers of masks, then longer with one mask.

    Parameters
    ----------
    case : str
        Prefix of the names of the results.
    model : CTranClassifier
        This function sets its `n_masks` and `max_epochs`.
    data : list of two pairs
        Photos and labels, for training and for scoring.
    n_epochs, seed : int

    Returns
    -------
    results : dict
        Name -> dict with ``mAP`` by share of known labels, ``fit_seconds``, ``n_masks`` and
        ``n_epochs``; in the order of fitting.
    """
    results = {}

    def add(n_masks, n_epochs):
        name = f"{case}, {n_masks} mask{'s' * (n_masks > 1)}, {n_epochs} epochs"
        model.set_params(n_masks=n_masks, max_epochs=n_epochs)
        (photos, Y), (valid_photos, Y_valid) = data
        methods = {name: (model, photos, valid_photos)}
        result = compare(methods, Y, Y_valid, seed, n_draws=N_DRAWS)[name]
        results[name] = {
            **{key: result[key] for key in ("mAP", "fit_seconds")},
            "mean": float(np.mean(list(result["mAP"].values()))),
            "n_masks": n_masks,
            "n_epochs": n_epochs,
        }
        return result["fit_seconds"]

    seconds = [add(n_masks, n_epochs) for n_masks in N_MASKS]
    add(1, max(n_epochs + 1, round(n_epochs * seconds[-1] / seconds[0])))
    return results


def make_rows(results):
    """Make the cells of COLUMNS for each fit of one case; gains are relative to the first."""
    first = next(iter(results.values()))
    rows = {}
    for name, result in results.items():
        scores = [f"{score:.1f}" for score in (*result["mAP"].values(), result["mean"])]
        more_seconds = result["fit_seconds"] - first["fit_seconds"]
        gain = f"{(result['mean'] - first['mean']) / more_seconds:.3f}" if more_seconds > 0 else ""
        rows[name] = [*scores, f"{result['fit_seconds']:.1f}", gain]
    return rows


def describe(case, results):
    """Say whether more masks or more epochs gain more in about the same time."""
    *_, masks, epochs = results.values()
    difference = masks["mean"] - epochs["mean"]
    return (
        f"{case}: {masks['n_masks']} masks {masks['mean']:.1f} in {masks['fit_seconds']:.0f} s, "
        f"{epochs['n_epochs']} epochs {epochs['mean']:.1f} in {epochs['fit_seconds']:.0f} s: "
        f"{'masks' if difference > 0 else 'epochs'} gain {abs(difference):.1f} points more"
    )


if __name__ == "__main__":
    main()
