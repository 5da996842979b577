"""Check that a change of the code leaves the numbers of this package as they are.

Save the predictions of some twenty small fits, change the code, and compare::

    python benchmarks/same_numbers.py save before.npz
    python benchmarks/same_numbers.py check before.npz

The comparison is exact: arrays must be equal bit by bit, as they are on one machine with one
version of each package and one number of threads. Each array that differs is printed with its
largest difference, and the exit status is 1.
"""

import argparse
import sys
import warnings

import numpy as np
import torch
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_multilabel_classification
from sklearn.linear_model import LogisticRegression
from torch import nn

from sklearn_ctran import CTranClassifier, ImageTokens, baselines, compare, inspection, recipes
from sklearn_ctran.datasets import make_digit_scenes
from sklearn_ctran.metrics import mean_average_precision, partial_label_scorer
from sklearn_ctran.model_selection import (
    MultilabelCalibrator,
    MultilabelStratifiedKFold,
    TunedThresholds,
)

SHORT = {"max_epochs": 3, "batch_size": 16, "random_state": 0, "cache": None, "device": "cpu"}


def make_data():
    """Make features and labels (some missing), tokens, and digit scenes."""
    X, Y = make_multilabel_classification(
        120, n_features=12, n_classes=6, random_state=0, allow_unlabeled=True
    )
    rng = np.random.default_rng(0)
    gaps = Y.astype(float)
    gaps[rng.random(Y.shape) < 0.1] = np.nan
    extra = (rng.random((120, 3)) < 0.4).astype(float)
    extra[rng.random(extra.shape) < 0.1] = np.nan
    known = np.where(rng.random(Y.shape) < 0.4, Y, -1)
    return {
        "X": X.astype(np.float32),
        "Y": Y,
        "gaps": gaps,
        "extra": extra,
        "known": known,
        "weight": rng.integers(0, 3, 120).astype(float),
        "tokens": rng.normal(size=(120, 9, 8)).astype(np.float32),
        "classes": np.array(["a", "b", "c"])[X[:, 0].argsort().argsort() * 3 // 120],
        "scenes": make_digit_scenes(80, random_state=0),
    }


def _predictions(model, X, known=None, extra=None):
    labels = {"known_labels": known, "extra_labels": extra}
    predictions = {
        "proba": model.predict_proba(X),
        "proba_known": model.predict_proba(X, **labels),
        "decision": model.decision_function(X, **labels),
        "predict": model.predict(X, **labels),
    }
    if extra is not None:
        predictions["extra"] = model.predict_extra_proba(X, **labels)
    return predictions


def ctran_features(d):
    """The default on features, with missing labels and weights."""
    model = CTranClassifier(**SHORT).fit(d["X"], d["gaps"], sample_weight=d["weight"])
    score = model.score(d["X"], d["gaps"], known_labels=d["known"])
    return _predictions(model, d["X"], d["known"]) | {"score": score}


def ctran_float64(d):
    """Tokens, extra labels, groups and rules, in float64."""
    Y, E = d["Y"].copy(), d["extra"].copy()
    Y[:, 1] = np.where(Y[:, 0], 0, Y[:, 1])
    Y[:, 2] = np.maximum(Y[:, 2], Y[:, 3])
    model = CTranClassifier(
        backbone=None,
        precision="float64",
        label_groups={"g": [4, 5]},
        exclusive_groups=[[0, 1]],
        implies={3: 2},
        pos_weight={4: 2.0},
        **SHORT,
    ).fit(d["tokens"], Y, extra_labels=E)
    return _predictions(model, d["tokens"], {"g": 4, 3: 1}, {"extra0": 1}) | {
        "groups": np.array(sorted(model.label_groups_))
    }


def ctran_decoding(d):
    """Whole label sets."""
    model = CTranClassifier(exclusive_groups={(0, 1): "at_most_one"}, **SHORT)
    Y = d["Y"].copy()
    Y[:, 1] = np.where(Y[:, 0], 0, Y[:, 1])
    X = d["X"]
    model.fit(X, Y)
    X = X[:20]
    return {
        "greedy": model.predict(X, decoding="greedy"),
        "beam": model.predict(X, decoding="beam", known_labels={2: 1}),
        "sample": model.sample_labels(X, 3, random_state=0),
        "log_score": model.log_score(X, Y[:20]),
        "encoded": model.predict_proba(model.encode(X)[3:9]),
    }


def ctran_small(d):
    """A small CNN trained on augmented images."""
    scenes = d["scenes"]
    model = CTranClassifier("small", image_size=(32, 28), augment="flip+crop", n_masks=2, **SHORT)
    model.fit(scenes.images, scenes.Y)
    return _predictions(model, scenes.images[:20], {9: 1})


def _convolution():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 16, 5, stride=4), nn.ReLU())


def ctran_frozen(d):
    """A frozen module as backbone, in bfloat16, with its tokens in the cache."""
    scenes = d["scenes"]
    params = SHORT | {"cache": "memory", "precision": "bfloat16"}
    model = CTranClassifier(_convolution(), image_size=32, regions=None, position="sine", **params)
    model.fit(scenes.images, scenes.Y)
    tokens = ImageTokens(_convolution(), image_size=32, random_state=0)
    return _predictions(model, scenes.images[:20], {9: 1}) | {
        "tokens": tokens.fit_transform(scenes.images[:5])
    }


def ctran_classes(d):
    """Classes of a 1-D y, with extra labels and early stopping."""
    model = CTranClassifier(early_stopping=True, validation_fraction=0.2, **SHORT)
    model.fit(d["X"], d["classes"], extra_labels=d["extra"])
    return _predictions(model, d["X"], None, d["extra"]) | {
        "score": model.score(d["X"], d["classes"]),
        "samples": model.sample_labels(d["X"][:5], 2, random_state=0),
        "log_score": model.log_score(d["X"], d["classes"]),
    }


def ctran_warm(d):
    """The paper's model and another loss, trained twice."""
    paper = recipes.PAPER_MODEL | {"d_model": 16}
    model = CTranClassifier(None, loss="asymmetric", warm_start=True, **paper, **SHORT)
    model.fit(d["tokens"], d["Y"]).fit(d["tokens"], d["Y"])
    return _predictions(model, d["tokens"], d["known"]) | {
        "loss": np.array([epoch["train_loss"] for epoch in model.history_])
    }


def _baseline(make):
    def case(d):
        model = make().fit(d["X"], d["gaps"], extra_labels=d["extra"])
        predictions = _predictions(model, d["X"], d["known"], d["extra"])
        model = make().fit(d["X"], d["classes"])
        classes = _predictions(model, d["X"])
        return predictions | {f"classes_{key}": value for key, value in classes.items()}

    return case


def label_powerset(d):
    """The label powerset, pruned."""
    model = baselines.LabelPowerset(prune=1).fit(d["X"], d["Y"])
    return _predictions(model, d["X"], d["known"])


def linear_head_images(d):
    """A linear head on images, and feedback-prop on it."""
    scenes = d["scenes"]
    head = baselines.LinearHead(_convolution(), image_size=32, pool="gem", **SHORT)
    model = baselines.FeedbackProp(head, variant="RF").fit(scenes.images, scenes.Y)
    return _predictions(model, scenes.images[:20], {9: 1})


def meta(d):
    """Thresholds and calibration, learned out of fold."""
    model = CTranClassifier(**SHORT)
    tuned = TunedThresholds(model, cv=3, random_state=0).fit(d["X"], d["gaps"])
    calibrated = MultilabelCalibrator(model, cv=3, random_state=0).fit(d["X"], d["Y"])
    wrapped = TunedThresholds(CalibratedClassifierCV(LogisticRegression()), cv=3, random_state=0)
    wrapped.fit(d["X"], d["Y"][:, :1])
    return {
        "thresholds": tuned.thresholds_,
        "tuned": tuned.predict(d["X"]),
        "calibrated": calibrated.predict_proba(d["X"]),
        "wrapped": wrapped.predict(d["X"]),
    }


def inspected(d):
    """Effects of labels, suggested labels, errors in labels."""
    X, Y, E = d["X"][:40], d["Y"][:40], d["extra"][:40]
    model = CTranClassifier(**SHORT).fit(X, Y, extra_labels=E)
    suggested = inspection.suggest_labels(model, X, np.where(d["known"][:40] < 0, np.nan, 1))
    errors = inspection.find_label_errors(model, X, Y, cv=2, random_state=0)
    return {
        "effects": inspection.label_effects(model, X).effect,
        "intervene": inspection.intervene(model, X, {0: 1, "extra1": 0}).after,
        "suggested": suggested.positions,
        "gains": suggested.gains,
        "errors": errors.label_quality_scores,
    }


def compared(d):
    """A comparison on two folds."""
    methods = {
        "C-Tran": CTranClassifier(**SHORT),
        "chain": baselines.ClassifierChain(),
        "wrapped": baselines.BinaryRelevance(),
    }
    table = compare(
        methods,
        d["X"],
        d["Y"],
        known_fractions=[0, 0.5],
        cv=MultilabelStratifiedKFold(2, shuffle=True, random_state=0),
        random_state=0,
    )
    scorer = partial_label_scorer(mean_average_precision, known_fraction=0.5, random_state=0)
    chain = baselines.ClassifierChain().fit(d["X"], d["Y"])
    return {
        "scores": np.array([run["score"] for run in table.runs]),
        "scorer": scorer(chain, d["X"], d["Y"]),
    }


NEURAL = {"backbone": None, **SHORT}
CASES = {
    "C-Tran, features": ctran_features,
    "C-Tran, float64, rules": ctran_float64,
    "C-Tran, label sets": ctran_decoding,
    "C-Tran, small CNN": ctran_small,
    "C-Tran, frozen module": ctran_frozen,
    "C-Tran, classes": ctran_classes,
    "C-Tran, warm start": ctran_warm,
    "binary relevance": _baseline(baselines.BinaryRelevance),
    "chain": _baseline(baselines.ClassifierChain),
    "chains": _baseline(lambda: baselines.ClassifierChain(n_chains=3, random_state=0)),
    "label powerset": label_powerset,
    "masked linear": _baseline(lambda: baselines.MaskedLinear(random_state=0)),
    "linear head": _baseline(lambda: baselines.LinearHead(**NEURAL)),
    "feedback-prop": _baseline(lambda: baselines.FeedbackProp(baselines.LinearHead(**NEURAL))),
    "feedback-prop, images": linear_head_images,
    "MLP": _baseline(lambda: baselines.StandardMLP(**NEURAL)),
    "multi-task": _baseline(lambda: baselines.MultiTask(**NEURAL)),
    "bottleneck": _baseline(lambda: baselines.ConceptBottleneck(**NEURAL)),
    "bottleneck, float64": _baseline(
        lambda: baselines.ConceptBottleneck(mode="independent", precision="float64", **NEURAL)
    ),
    "thresholds, calibration": meta,
    "inspection": inspected,
    "compare": compared,
}


def compute():
    """Compute the arrays of all cases, by case and name."""
    data, arrays = make_data(), {}
    for name, case in CASES.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = case(data)
        arrays |= {f"{name}: {key}": np.asarray(value) for key, value in found.items()}
        print(f"{name}: {len(found)} arrays", flush=True)
    return arrays


def differences(before, after):
    """Describe each array that is missing, new or different in one line."""
    lines = [f"{name}: only on one side" for name in sorted(before.keys() ^ after.keys())]
    for name in sorted(before.keys() & after.keys()):
        old, new = before[name], after[name]
        if old.dtype != new.dtype or old.shape != new.shape:
            lines.append(f"{name}: {old.dtype} {old.shape} became {new.dtype} {new.shape}")
        elif not np.array_equal(old, new, equal_nan=old.dtype.kind == "f"):
            size = f" by {np.nanmax(np.abs(old - new)):.3g}" if old.dtype.kind in "fi" else ""
            lines.append(f"{name}: differs{size}")
    return lines


def main(arguments=None):
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["save", "check"])
    parser.add_argument("file", help="a .npz file")
    options = parser.parse_args(arguments)
    after = compute()
    if options.command == "save":
        np.savez(options.file, **after)
        return 0
    with np.load(options.file) as file:
        lines = differences(dict(file), after)
    print("\n".join(lines) or f"All {len(after)} arrays are equal.")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
