"""Time of a grid search over photos, compared with one pass of the backbone and the fits alone.

``GridSearchCV`` fits 12 candidates on 3 folds each, from paths of Corel5k photos and with a frozen
MobileNetV2. With ``cache="memory"`` each photo should go through the backbone once, for any number
of candidates and folds, and the rest of a fit should take as long as on ready tokens. The script
compares

- the parts: one pass of the backbone over all photos, and the same 36 fits and scores on its
  tokens, given as an array (the sum of the times that ``GridSearchCV`` reports);
- the whole search over the photos, from an empty cache. It takes turns with the search on tokens,
  candidate by candidate, so that other load on the machine affects both;
- the same search without turns, by two worker processes that share the cache.

Images are counted where they enter the backbone; with worker processes, where their tokens enter
the cache.

Usage (5 minutes)::

    python benchmarks/speed/search.py --shared ../shared --json search.json

Its output::

                                  s  of which fits  scores  images through backbone
    backbone, once              8.2                                             900
    fits and scores on tokens  84.5           76.9     7.6                        0
    parts together             92.8           76.9     7.6                      900
    search over photos         83.3           73.3     9.9                      900
    search, 2 processes        74.7          122.5    11.2                      900

    processor AMD EPYC, features avx2 avx512f avx512_bf16, cores 2, threads 2, torch 2.14.1, ...

    search / parts: 0.898; the goal, at most 1.1, is reached
"""

import argparse
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
from _speed import describe_machine, print_table, write_json
from corel5k import compute_tokens, read_corel5k
from sklearn.model_selection import GridSearchCV, KFold, ParameterGrid

from sklearn_ctran import CTranClassifier
from sklearn_ctran._cache.token_cache import TokenCache
from sklearn_ctran._images.encoder import _Passes
from sklearn_ctran._images.images import check_images

CANDIDATES = {"n_layers": (1, 2), "lr": (1e-3, 2e-3, 4e-3), "dropout": (0.1, 0.2)}
N_FOLDS = 3
IMAGE_SIZE = 224
GOAL_RATIO = 1.1


def main():
    arguments = parse_arguments()
    seed = arguments.seed
    paths, Y, train, _ = read_corel5k(Path(arguments.shared) / "data" / "corel5k")
    weights = Path(arguments.shared) / "data" / "weights" / "mobilenet_v2-imagenet.pth"
    rows = np.random.RandomState(seed).permutation(np.flatnonzero(train))[: arguments.photos]
    paths, Y = [paths[row] for row in rows], Y[rows]
    params = {"max_epochs": arguments.epochs, "random_state": seed}
    n_distinct = len(set(check_images(paths, decode=False).keys()))
    print(f"{len(paths)} photos, {n_distinct} of them distinct, {Y.shape[1]} words", flush=True)

    once, tokens = pass_once(paths, weights)
    model = CTranClassifier("mobilenet_v2", weights=weights, image_size=IMAGE_SIZE, **params)
    heads, search = take_turns(CTranClassifier(None, **params), tokens, model, paths, Y)
    # The parts do not include GridSearchCV's own work, such as selecting the rows of a fold.
    heads["seconds"] = heads["fit"] + heads["score"]
    in_all = once["seconds"] + heads["seconds"]
    results = {
        "backbone, once": once,
        "fits and scores on tokens": heads,
        "parts together": {**heads, "seconds": in_all, "images": once["images"]},
        "search over photos": search,
        "search, 2 processes": search_in_processes(model, paths, Y, n_jobs=2),
    }
    machine = describe_machine(seed)
    print_table(
        {name: [_cell(x) for x in result.values()] for name, result in results.items()},
        ("s", "of which fits", "scores", "images through backbone"),
        machine,
    )
    ratio = search["seconds"] / in_all
    verdict = "reached" if ratio <= GOAL_RATIO else "missed"
    print(f"search / parts: {ratio:.3f}; the goal, at most {GOAL_RATIO}, is {verdict}")
    write_json(arguments.json, {"ratio": ratio, "distinct_photos": n_distinct, **results}, machine)


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/corel5k")
    parser.add_argument("--photos", type=int, default=900, help="training photos to use (900)")
    parser.add_argument("--epochs", type=int, default=3, help="of each fit (3)")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def _cell(value):
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.1f}" if value else ""


def pass_once(paths, weights):
    """Pass all photos through the backbone once; return figures as `take_turns`, and tokens."""
    print("One pass of the backbone ...", flush=True)
    with counted_images() as counter:
        start = time.perf_counter()
        tokens = compute_tokens(paths, weights, IMAGE_SIZE)
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "fit": 0.0, "score": 0.0, "images": counter.n_images}, tokens


def take_turns(head, tokens, model, paths, Y):
    """Search on tokens and, from an empty cache, on photos, in turns candidate by candidate.

    Returns
    -------
    heads, photos : dict
        ``seconds`` of the search, of ``fit`` and of ``score``, and ``images``, the number that went
        through the backbone.
    """
    TokenCache().clear()
    totals = [{"seconds": 0.0, "fit": 0.0, "score": 0.0, "images": 0} for _ in range(2)]
    for candidate in ParameterGrid(CANDIDATES):
        grid = {name: [value] for name, value in candidate.items()}
        print(f"Searching: {candidate} ...", flush=True)
        for total, (estimator, X) in zip(totals, ((head, tokens), (model, paths)), strict=True):
            with counted_images() as counter:
                result = run_search(estimator, X, Y, grid)
            for key, value in (result | {"images": counter.n_images}).items():
                total[key] += value
    return totals


def search_in_processes(model, paths, Y, n_jobs):
    """Search over photos by worker processes; return figures as `take_turns`."""
    print(f"Searching by {n_jobs} processes ...", flush=True)
    cache = TokenCache()
    cache.clear()
    result = run_search(model, paths, Y, CANDIDATES, n_jobs)
    # Images that two processes computed at the same time would be counted twice.
    return result | {"images": sum(space["images"] for space in cache.info().spaces)}


def run_search(model, X, Y, grid, n_jobs=1):
    """Return the seconds of a grid search, and the sums over its fits and scores."""
    search = GridSearchCV(model, grid, cv=KFold(N_FOLDS), refit=False, n_jobs=n_jobs)
    start = time.perf_counter()
    search.fit(X, Y)
    seconds = time.perf_counter() - start
    fit, score = (
        N_FOLDS * float(search.cv_results_[f"mean_{what}_time"].sum()) for what in ("fit", "score")
    )
    return {"seconds": seconds, "fit": fit, "score": score}


@contextmanager
def counted_images():
    """Yield an object with ``n_images``, which counts images through backbones in this process."""
    counter = SimpleNamespace(n_images=0)
    original = _Passes._report

    def count(self, n_images):
        counter.n_images += n_images
        return original(self, n_images)

    with mock.patch.object(_Passes, "_report", count):
        yield counter


if __name__ == "__main__":
    main()
