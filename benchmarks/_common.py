"""Code that the benchmarks share: hidden labels, fitting, seeds, scoring, tables and reports."""

import json
import os
import platform
import time
from contextlib import contextmanager
from importlib.metadata import version
from types import SimpleNamespace

import numpy as np
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from sklearn_ctran.baselines import BinaryRelevance, ClassifierChain
from sklearn_ctran.datasets import make_digit_scenes
from sklearn_ctran.metrics import mean_average_precision

PERCENTS_KNOWN = (0, 25, 50, 75)
_PACKAGES = ("numpy", "scikit-learn", "skorch", "torch", "torchvision")


def make_digit_parts(n_train, n_test, seed, **params):
    """Training and test scenes, which share no image of a digit, as two Bunches."""
    return tuple(
        make_digit_scenes(n, subset=part, random_state=seed + number, **params)
        for number, (n, part) in enumerate(((n_train, "train"), (n_test, "test")))
    )


def hide_labels(Y, percent_known, seed):
    """Hide the same number of labels in each row, drawn at random.

    Labels that are known at a smaller share are known at a larger one too.

    Parameters
    ----------
    Y : ndarray of shape (n_samples, n_labels)
        All labels, 0 or 1.
    percent_known : int
        Percentage of each row's labels that remains known.
    seed : int
        Determines which labels are hidden.

    Returns
    -------
    known_labels : ndarray of shape (n_samples, n_labels)
        `Y` where known, -1 where hidden.
    """
    n_labels = Y.shape[1]
    return np.where(random_ranks(Y.shape, seed) < round(percent_known / 100 * n_labels), Y, -1)


def random_ranks(shape, seed):
    """A random order of the columns for each row: the place of each, from 0."""
    return np.random.RandomState(seed).random_sample(shape).argsort(axis=1).argsort(axis=1)


def make_rivals(seed, **params):
    """Make a logistic regression per label, and a chain of them in random order.

    Parameters
    ----------
    seed : int
        Determines the order of the chain.
    **params : object
        Parameters of the logistic regression.
    """
    logistic = LogisticRegression(max_iter=1000, **params)
    chain = ClassifierChain(
        logistic, order="random", chain_method="predict_proba", random_state=seed
    )
    return {"logistic regression": BinaryRelevance(logistic), "classifier chain": chain}


def seeded(estimator, seed):
    """Clone an estimator, and give each of its parts that is random the seed."""
    model = clone(estimator)
    names = (name for name in model.get_params() if name.rpartition("__")[2] == "random_state")
    return model.set_params(**dict.fromkeys(names, seed))


@contextmanager
def timed(what):
    """Print a step and its duration; yield an object that has ``seconds`` afterwards."""
    print(f"{what} ...", flush=True)
    clock = SimpleNamespace(seconds=None)
    start = time.perf_counter()
    yield clock
    clock.seconds = time.perf_counter() - start
    print(f"    {clock.seconds:.1f} s", flush=True)


def score_percent(Y, probabilities, known_labels):
    """Macro mean average precision over the unknown entries, in percent."""
    return 100 * mean_average_precision(Y, probabilities, known_labels=known_labels)


def score_labels_percent(Y, probabilities, known_labels):
    """Average precision of each label over its unknown entries, in percent; NaN if undefined."""
    return 100 * mean_average_precision(Y, probabilities, known_labels=known_labels, average=None)


def compare(methods, Y_train, Y_test, seed, n_draws=1):
    """Fit each method and score it with a growing share of the test labels known.

    ``sklearn_ctran.compare`` would not reproduce the published figures of the scripts that use this
    function: it rounds the number of known labels down and draws other labels. Its metrics return
    one number, not one for each label, and all its methods get the same inputs.

    Parameters
    ----------
    methods : dict
        Name -> (estimator, training inputs, test inputs). Estimators have ``fit(X, Y)`` and
        ``predict_proba(X, known_labels)``.
    Y_train, Y_test : ndarray of shape (n_samples, n_labels)
        All labels, 0 or 1.
    seed : int
        Determines which test labels are hidden. They are the same for all methods.
    n_draws : int, default=1
        Number of draws of hidden labels; scores are means over the draws.

    Returns
    -------
    results : dict
        Name -> dict with keys ``mAP`` (percent known -> score in percent), ``by_label`` (percent
        known -> array with the score of each label), ``fit_seconds`` and ``predict_seconds`` (of
        one prediction for all test inputs).
    """
    results = {}
    for name, (estimator, X_train, X_test) in methods.items():
        with timed(f"Fitting {name}") as clock:
            estimator.fit(X_train, Y_train)
        result = _score_known_shares(estimator, X_test, Y_test, seed, n_draws)
        results[name] = {**result, "fit_seconds": clock.seconds}
        print("    mAP " + " / ".join(f"{score:.1f}" for score in result["mAP"].values()))
    return results


def _score_known_shares(estimator, X, Y, seed, n_draws):
    """Scores of one fitted method at each share of known labels, and seconds per prediction."""
    result = {"mAP": {}, "by_label": {}}
    seconds = []
    for percent in PERCENTS_KNOWN:
        scores, label_scores = [], []
        # With nothing known, every draw is the same.
        for draw in range(n_draws if percent else 1):
            known = hide_labels(Y, percent, seed + draw)
            start = time.perf_counter()
            probabilities = estimator.predict_proba(X, known_labels=known)
            seconds.append(time.perf_counter() - start)
            scores.append(score_percent(Y, probabilities, known))
            label_scores.append(score_labels_percent(Y, probabilities, known))
        result["mAP"][percent] = float(np.mean(scores))
        # A rare label may have no positive among the hidden entries of a draw.
        result["by_label"][percent] = np.ma.masked_invalid(label_scores).mean(axis=0).filled(np.nan)
    return {**result, "predict_seconds": float(np.mean(seconds))}


def print_table(results, machine):
    """Print one row per method, then the machine and the versions."""
    width = max(map(len, results))
    shares = "".join(f"{percent:>6} %" for percent in PERCENTS_KNOWN)
    print("\nmAP over unknown labels (%), by share of labels known\n")
    print(f"{'':{width}}{shares}{'fit':>9}{'predict':>10}")
    for name, result in results.items():
        scores = "".join(f"{result['mAP'][percent]:8.1f}" for percent in PERCENTS_KNOWN)
        times = f"{result['fit_seconds']:7.1f} s{result['predict_seconds']:8.2f} s"
        print(f"{name:{width}}{scores}{times}")
    print("\n" + ", ".join(f"{key} {value}" for key, value in machine.items()) + "\n")


def describe_machine(seed):
    """Describe machine, cores, threads, versions and seed as a flat dictionary."""
    return {
        "machine": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        **{package: version(package) for package in _PACKAGES},
        "seed": seed,
    }


def write_json(path, results, machine, **more):
    """Write scores, seconds and a description of the machine to a file.

    Parameters
    ----------
    path : str or None
        File to write; None: nothing is written.
    results : dict
        As returned by :func:`compare`.
    machine : dict
        As returned by :func:`describe_machine`.
    **more : object
        Further entries of the file.
    """
    if path is None:
        return
    report = {
        "mAP": {name: result["mAP"] for name, result in results.items()},
        "fit_seconds": {name: result["fit_seconds"] for name, result in results.items()},
        "predict_seconds": {name: result["predict_seconds"] for name, result in results.items()},
        **machine,
        **more,
    }
    with open(path, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=2)
        file.write("\n")
