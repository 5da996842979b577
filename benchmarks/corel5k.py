"""C-Tran against linear models on Corel5k photos, with known labels.

Corel5k, official split, the 74 words with at least 50 training photos. A frozen MobileNetV2
computes the image tokens of each photo once. C-Tran (with and without label mask training) reads
the tokens. Logistic regression per label, a classifier chain of it and the masked linear model read
their mean. The script prints the mean average precision over the unknown labels, with 0 / 25 / 50 /
75 % of each test photo's labels known. The known labels are the same for every method. Some words
are near-synonyms (cat and tiger, coral and ocean), so that one nearly determines the other; the
script therefore also prints scores by word. The photos are not part of this project. Usage::

    python benchmarks/corel5k.py --shared ../shared --json corel5k.json

A sample of its output (one core of an Intel Xeon with AMX, seed 0, while another job ran)::

                            0 %    25 %    50 %    75 %      fit   predict
    logistic regression    60.9    61.8    63.7    65.8   10.0 s    0.07 s
    classifier chain       60.8    61.9    63.9    66.0   14.7 s    0.09 s
    masked linear          61.9    63.9    66.8    69.4   23.7 s    0.01 s
    memory                 65.0    68.2    71.6    74.2    7.4 s    0.07 s
    no-LMT                 65.5    66.1    67.6    68.9  106.6 s    0.53 s
    C-Tran, no memory      64.1    66.8    70.3    73.6   93.3 s    0.33 s
    C-Tran                 66.1    69.5    72.8    76.0   80.5 s    0.32 s

and of ``--n-views 2`` (one core of an AMD EPYC with AVX-512 BF16, seed 0, while other jobs ran)::

                            0 %    25 %    50 %    75 %      fit   predict
    logistic regression    61.4    62.6    64.5    66.6   14.7 s    0.09 s
    classifier chain       61.4    62.6    64.6    66.7   33.2 s    0.11 s
    masked linear          61.3    63.6    67.1    70.4   55.7 s    0.02 s
    memory                 65.9    69.0    72.0    75.1   21.2 s    0.26 s
    no-LMT                 65.6    66.7    67.9    70.4  154.1 s    0.36 s
    C-Tran, no memory      65.3    67.5    70.3    73.5  122.5 s    0.35 s
    C-Tran                 66.9    69.9    73.1    76.8  119.7 s    0.69 s
"""

import argparse
from pathlib import Path

import numpy as np
from _common import (
    PERCENTS_KNOWN,
    compare,
    describe_machine,
    make_rivals,
    print_table,
    timed,
    write_json,
)
from sklearn.preprocessing import StandardScaler

from sklearn_ctran import CTranClassifier, ImageTokens, recipes
from sklearn_ctran.baselines import MaskedLinear, MemoryClassifier

MIN_TRAINING_PHOTOS = 50
SHOWN_WORDS = ("sky", "people", "cat", "tiger", "coral", "ocean", "jet", "locomotive")


def main():
    arguments = parse_arguments()
    seed = arguments.seed
    paths, Y, train, words = read_corel5k(Path(arguments.shared) / "data" / "corel5k")
    weights = Path(arguments.shared) / "data" / "weights" / "mobilenet_v2-imagenet.pth"
    print(f"{train.sum()} training photos, {(~train).sum()} test photos, {len(words)} words")

    with timed(f"Computing image tokens at {arguments.image_size} pixels") as clock:
        tokens = compute_tokens(paths, weights, arguments.image_size, arguments.n_views)
    print(f"    {tokens.shape[1]} tokens of {tokens.shape[2]} numbers per photo")
    make = make_ablation if arguments.ablation else make_methods
    methods = make(tokens, train, seed)
    results = compare(methods, Y[train], Y[~train], seed, n_draws=arguments.draws)
    machine = describe_machine(seed)
    print_table(results, machine)
    if not arguments.ablation:
        print_words(results, words)
    write_json(
        arguments.json,
        results,
        machine,
        image_size=arguments.image_size,
        n_views=arguments.n_views,
        draws=arguments.draws,
        token_seconds=clock.seconds,
        by_label=by_label(results, words),
    )


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/corel5k")
    parser.add_argument("--image-size", type=int, default=224, help="pixels per side (224)")
    parser.add_argument("--n-views", type=int, default=1, help="2: mirror images too (1)")
    parser.add_argument("--draws", type=int, default=5, help="times that labels are hidden (5)")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument(
        "--ablation",
        action="store_true",
        help="compare C-Tran without its additions instead of the rivals (13 minutes)",
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def read_corel5k(folder):
    """Read paths of the photos, labels, mask of training rows, words; frequent words only."""
    with np.load(folder / "labels.npz", allow_pickle=False) as table:
        Y, train, ids = table["Y"].astype(np.int64), table["train"], table["ids"]
        words = table["label_names"]
    frequent = Y[train].sum(axis=0) >= MIN_TRAINING_PHOTOS
    paths = [str(folder / "images" / f"{photo}.jpeg") for photo in ids]
    return paths, Y[:, frequent], train, words[frequent]


def hold_out(train, seed, n_held_out=900):
    """Rows of training photos to learn from, and random others to choose settings by."""
    order = np.random.RandomState(seed).permutation(np.flatnonzero(train))
    return np.sort(order[n_held_out:]), np.sort(order[:n_held_out])


def read_texts(folder):
    """Word -> sentence embedding (384,) of "a photo of <word>"; `folder` holds label_graphs/."""
    with np.load(folder / "label_graphs" / "corel5k_minilm.npz", allow_pickle=False) as file:
        return dict(zip(file["label_names"].tolist(), file["photo_text"], strict=True))


def compute_tokens(paths, weights, image_size, n_views=1):
    """Compute tokens of a frozen MobileNetV2, array (n_photos, n_tokens, n_channels)."""
    tokens = ImageTokens(
        "mobilenet_v2",
        weights=weights,
        image_size=image_size,
        n_views=n_views,
        device="cpu",
        cache=None,
        verbose=1,
    )
    return tokens.fit_transform(paths)


def make_methods(tokens, train, seed):
    """Make every method, with its training and test inputs."""
    pooled = tokens.mean(axis=1)
    scaler = StandardScaler().fit(pooled[train])
    features = scaler.transform(pooled[train]), scaler.transform(pooled[~train])
    photos = tokens[train], tokens[~train]
    settings = {"backbone": None, "random_state": seed, "verbose": 1}
    tables = {
        **make_rivals(C=0.01, seed=seed),
        "masked linear": MaskedLinear(random_state=seed),
        "memory": MemoryClassifier(random_state=seed),
    }
    return {
        **{name: (estimator, *features) for name, estimator in tables.items()},
        "no-LMT": (CTranClassifier(unknown_fraction=None, memory=None, **settings), *photos),
        "C-Tran, no memory": (CTranClassifier(memory=None, **settings), *photos),
        "C-Tran": (CTranClassifier(**settings), *photos),
    }


def make_ablation(tokens, train, seed):
    """Make C-Tran without its additions to the paper's model, with the same training settings."""
    without = {
        "C-Tran without shortcut": {"shortcut": False},
        "C-Tran without attention bias": {"attention_bias": False},
        "the paper's model": recipes.PAPER_MODEL | {"d_model": 128},
    }
    photos = tokens[train], tokens[~train]
    return {
        name: (CTranClassifier(None, random_state=seed, verbose=1, **params), *photos)
        for name, params in without.items()
    }


def by_label(results, words):
    """Return average precision by word, method and percent known; None if undefined."""
    return {
        str(word): {
            name: {
                percent: None if np.isnan(scores[label]) else float(scores[label])
                for percent, scores in result["by_label"].items()
            }
            for name, result in results.items()
        }
        for label, word in enumerate(words)
    }


def print_words(results, words):
    """Print the average precision of a few words with nothing and with half the labels known."""
    shown = ("logistic regression", "masked linear", "C-Tran")
    percents = PERCENTS_KNOWN[0], PERCENTS_KNOWN[2]
    print(f"AP of some words (%), {percents[0]} % -> {percents[1]} % of the labels known\n")
    print(f"{'':12}" + "".join(f"{name:>22}" for name in shown))
    for label in (list(words).index(word) for word in SHOWN_WORDS):
        cells = (
            " -> ".join(f"{results[name]['by_label'][percent][label]:.1f}" for percent in percents)
            for name in shown
        )
        print(f"{words[label]:12}" + "".join(f"{cell:>22}" for cell in cells))


if __name__ == "__main__":
    main()
