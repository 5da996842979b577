"""Settings of the networks among the rivals, chosen inside the training part of Corel5k.

Each network has the same budget: three candidates, of which the first is its default. It learns
from 3,600 of the 4,500 training photos and is scored on the other 900: mean of mAP with nothing and
with half of the labels known. No test photo is read. The candidate that is marked is taken:
the default, unless another is at least 0.2 better, as less than that is what seeds do;
``_methods.py`` (``CHOSEN``) and so ``comparison.py`` use it where it is not the default. What is
already in ``--json`` is not run again. Usage::

    python benchmarks/rival_settings.py --shared ../shared --json rival_settings.json

``benchmarks/results/rival_settings.json`` has the published run.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from _common import describe_machine, hide_labels, score_percent, timed
from _methods import NETWORKS, with_texts
from corel5k import compute_tokens, hold_out, read_corel5k, read_texts

from sklearn_ctran._utils.files import replacing

SHARES = (0, 50)
#: By how much another candidate must be better than the default.
MARGIN = 0.2
#: What is tried beside the defaults. ``texts``: the labels' sentence embeddings.
CANDIDATES = {
    "RNN-attention": ({"weight_decay": 0.3}, {"n_hidden": 256}),
    "SSGRL": ({"label_embeddings": "texts"}, {"d_model": 256}),
    "ML-Decoder": ({"layer_dropout": 0.3}, {"max_epochs": 12}),
    "Query2Label": ({"n_encoder_layers": 0, "n_decoder_layers": 1}, {"layer_dropout": 0.3}),
    "KGGR": ({"label_embeddings": "texts"}, {"d_model": 256}),
    "CSRA": ({"residual_weight": 1.0}, {"n_heads": 4}),
    "ML-GCN": ({"label_embeddings": "texts"}, {"n_hidden": 256}),
    "ML-ZSL": ({"label_embeddings": "texts"}, {"lr": 1e-3}),
    "CNN-RNN": ({"order": "rare"}, {"lr": 1e-3}),
    "order-free RNN": ({"n_hidden": 512}, {"lr": 1e-3}),
    "multi-evidence": ({"n_hidden": 256}, {"n_regions": 5}),
    "SRN": ({"dropout": 0.7}, {"max_epochs": 40}),
    "MLP": ({"n_hidden": 1024}, {"max_epochs": 30}),
    "linear head": ({"dropout": 0.7}, {"max_epochs": 20}),
}


def main():
    arguments = parse_arguments()
    folder = Path(arguments.shared) / "data"
    paths, Y, train, words = read_corel5k(folder / "corel5k")
    learned, held_out = hold_out(train, arguments.seed)
    rows = np.flatnonzero(train)
    with timed("Computing image tokens"):
        weights = folder / "weights" / "mobilenet_v2-imagenet.pth"
        tokens = compute_tokens([paths[row] for row in rows], weights, 224)
    at = np.searchsorted(rows, np.arange(len(paths)))
    parts = [(tokens[at[part]], Y[part]) for part in (learned, held_out)]
    by_word = read_texts(folder)
    texts = np.stack([by_word[word] for word in words.tolist()])
    found = read_found(arguments.json)
    for name in arguments.methods:
        for settings in ({}, *CANDIDATES[name]):
            key = f"{name} {json.dumps(settings)}"
            if key not in found:
                found[key] = try_settings(name, settings, texts, *parts, arguments.seed)
                print(f"{key}: {found[key]['mean']:.1f}  {found[key]}", flush=True)
                write_found(arguments.json, found)
    print_best(found, arguments.methods)


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/")
    names = list(CANDIDATES)
    parser.add_argument("--methods", nargs="+", choices=names, default=names, help="which (all)")
    parser.add_argument("--seed", type=int, default=0, help="of parts, fits and known labels (0)")
    parser.add_argument("--json", metavar="FILE", help="read what is there, and write to it")
    return parser.parse_args()


def try_settings(name, settings, texts, learned, held_out, seed):
    """Fit a network on what is learned; mAP on what is held out, by percent known, and seconds."""
    model = NETWORKS[name](None, random_state=seed).set_params(**with_texts(settings, texts))
    start = time.perf_counter()
    model.fit(*learned)
    seconds = time.perf_counter() - start
    X, Y = held_out
    scores = {}
    for share in SHARES:
        known = hide_labels(Y, share, seed)
        scores[str(share)] = score_percent(Y, model.predict_proba(X, known), known)
    epochs = len(model.history_)
    mean = float(np.mean(list(scores.values())))
    return {"mean": mean, **scores, "seconds": seconds, "epochs": epochs, **describe_machine(seed)}


def read_found(path):
    """What an earlier run has found."""
    return json.loads(Path(path).read_text()) if path and Path(path).exists() else {}


def write_found(path, found):
    """Keep what was found so far."""
    if path:
        with replacing(Path(path)) as unfinished:
            unfinished.write_text(json.dumps(found, indent=1) + "\n")


def print_best(found, names):
    """Print what each candidate scores, and mark the best."""
    for name in names:
        own = {key: value for key, value in found.items() if key.startswith(f"{name} {{")}
        best = max(own, key=lambda key: own[key]["mean"])
        if own[best]["mean"] < own[f"{name} {{}}"]["mean"] + MARGIN:
            best = f"{name} {{}}"
        for key, value in own.items():
            shares = " / ".join(f"{value[str(share)]:.1f}" for share in SHARES)
            mark = "*" if key == best else " "
            print(f"{mark} {key:60} {shares}   {value['seconds']:.0f} s, {value['epochs']} epochs")


if __name__ == "__main__":
    main()
