"""One cell: a fit of one method on one data set with one seed, its scores in one JSON file."""

import json
import time
from copy import deepcopy
from pathlib import Path

import numpy as np
from _data import PAPER_SETS, cut_from_the_middle, joined, with_extra_labels
from _scores import predict_shares, score_extra, score_labels
from corel5k import read_texts
from recipes import COREL5K_WEIGHTS, LEAST_EPOCHS, RECIPES, REHEARSAL

import sklearn_ctran
from sklearn_ctran import baselines
from sklearn_ctran._utils.files import replacing


def cell_path(arguments, dataset, row, seed, is_extra):
    """Where the scores of a cell are; rehearsals and fits of other epochs are other cells."""
    kind = "extra" if is_extra else "labels"
    name = row.lower().replace(", ", "-").replace(" ", "-")
    rehearsal = "" if arguments.subset is None else f"-subset{arguments.subset}"
    epochs = "" if arguments.epochs is None else f"-epochs{arguments.epochs}"
    return Path(arguments.out) / dataset / f"{name}-{kind}-seed{seed}{rehearsal}{epochs}.json"


def run_cell(data, dataset, row, seed, arguments, *, is_extra, machine):
    """Fit and score a cell unless its file is there; return what the file has.

    A fit that was killed goes on where its checkpoint is.
    """
    path = cell_path(arguments, dataset, row, seed, is_extra)
    if path.exists():
        return json.loads(path.read_text())
    recipe = RECIPES[dataset][row]
    path.parent.mkdir(parents=True, exist_ok=True)
    model = make_model(recipe, dataset, seed, arguments, path.with_suffix(".checkpoint"))
    if is_extra:
        data = with_extra_labels(data, seed)
    start = time.perf_counter()
    fit(model, data, is_extra, recipe)
    fitted = time.perf_counter()
    test, answers = cut_from_the_middle(data.test, recipe["test_crop"]), {}
    if is_extra:
        how = {name: recipe[name] for name in ("not_visible", "known_groups")}
        scores = score_extra(model, test, data.groups, seed, **how)
    else:
        answers = predict_shares(model, test.X, np.asarray(test.Y), seed)
        scores = score_labels(test.Y, answers, decisions=recipe["decisions"], seed=seed)
    found = {
        "dataset": dataset,
        "row": row,
        "seed": seed,
        "subset": arguments.subset,
        "asked_epochs": arguments.epochs,
        "best_epoch": recipe["best_epoch"],
        "scores": scores,
        "n_train": len(data.train.X),
        "n_test": len(test.X),
        "fit_seconds": fitted - start,
        "predict_seconds": time.perf_counter() - fitted,
        "epochs": len(getattr(model, "history_", [])) or None,
        "machine": machine,
    }
    if answers:  # For the intervals of differences.
        np.savez_compressed(path.with_suffix(".answers.npz"), truth=np.asarray(test.Y), **answers)
    keep_embeddings(model, path)
    with replacing(path) as unfinished:
        unfinished.write_text(json.dumps(found, indent=1) + "\n")
    return found


def fit(model, data, is_extra, recipe):
    """Fit a model on the training part; extra labels are for models that take them.

    The part by which the best epoch is chosen is held out.
    """
    part, more = data.train, {}
    if recipe["best_epoch"] is not None:
        others = cut_from_the_middle(data.part(recipe["best_epoch"]), recipe["test_crop"])
        more["held_out"] = np.arange(len(part.X) + len(others.X)) >= len(part.X)
        part = joined(part, others)
    if is_extra:
        more["extra_labels"] = part.extra
    model.fit(part.X, part.Y, **more)


def make_model(recipe, dataset, seed, arguments, checkpoint):
    """The estimator of a recipe, with what the command line changes."""
    kind = getattr(sklearn_ctran, recipe["estimator"], None)
    kind = kind or getattr(baselines, recipe["estimator"])
    if recipe["wraps"]:
        inner = make_model(recipe["wraps"], dataset, seed, arguments, checkpoint)
        return kind(inner, **recipe["params"])
    known = kind().get_params()
    shared = {name: value for name, value in recipe["params"].items() if name in known}
    model = kind(**deepcopy(shared))
    changes = {"random_state": seed, "device": arguments.device, "checkpoint": str(checkpoint)}
    changes["verbose"] = 1
    folder = Path(arguments.data_home or ".")
    if shared.get("label_embeddings") == "texts":
        changes["label_embeddings"] = read_texts(folder)
    if shared.get("weights") == COREL5K_WEIGHTS:
        file = folder / COREL5K_WEIGHTS
        changes["weights"] = str(file) if file.exists() else "DEFAULT"
    if arguments.subset is not None and dataset in PAPER_SETS:
        changes |= REHEARSAL
        changes["max_epochs"] = LEAST_EPOCHS.get(recipe["estimator"], REHEARSAL["max_epochs"])
    if arguments.epochs is not None:
        changes["max_epochs"] = arguments.epochs
    return model.set_params(**{name: value for name, value in changes.items() if name in known})


def keep_embeddings(model, path):
    """Keep the label embeddings of a C-Tran beside its scores, for Figure 4."""
    module = getattr(getattr(model, "net_", None), "module_", None)
    embedding = getattr(module, "label_embedding", None)
    if embedding is not None:
        values = embedding.label.detach().cpu().float().numpy()
        np.savez(
            path.with_suffix(".embeddings.npz"),
            embeddings=values,
            names=np.asarray([str(name) for name in model.label_names_]),
        )
