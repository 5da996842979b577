"""C-Tran against every baseline of this package, on photos and features, with known labels.

Data are Corel5k photos (74 words with at least 50 training photos) and MULAN's ``scene``,
``yeast``, ``emotions`` and ``flags``, with their official splits. On photos every method gets paths
and reads the same tokens of a frozen MobileNetV2, or their mean; MULAN's features are standardised
on the training part. The script prints the mean average precision over the unknown labels, with 0 /
25 / 50 / 75 % of each test row's labels known. Known and scored labels are the same for every
method. As in the paper's Table 4, it then predicts 54 of the 74 words with the other 20 as extra
labels, of which none, half or all are known. Figures are means and standard deviations over seeds.
Settings are the defaults, except the regularisation strength of the logistic regressions and SVMs.
It is chosen by cross-validation on the training part of each MULAN set; for photos it is C=0.01,
the best of a few values on a part of the training photos. Usage::

    python benchmarks/comparison.py --shared ../shared --json comparison.json --rst comparison.rst

``docs/comparison.rst`` shows its output.
"""

import argparse
import json
import time
from functools import partial
from pathlib import Path

import numpy as np
from _common import describe_machine
from corel5k import read_corel5k
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from sklearn_ctran import CTranClassifier, ImageTokens, compare
from sklearn_ctran.baselines import (
    BinaryRelevance,
    ClassifierChain,
    ConceptBottleneck,
    FeedbackProp,
    LabelPowerset,
    LinearHead,
    MaskedLinear,
    MultiTask,
    StandardMLP,
)
from sklearn_ctran.metrics import (
    class_f1,
    hamming_loss,
    make_multilabel_scorer,
    mean_average_precision,
    overall_f1,
)
from sklearn_ctran.model_selection import MultilabelStratifiedKFold

SETS = ("corel5k", "scene", "yeast", "emotions", "flags", "corel5k, extra labels")
METRICS = {
    "mAP": mean_average_precision,
    "CF1": partial(class_f1, zero_division=0),
    "OF1": partial(overall_f1, zero_division=0),
    "Hamming loss": hamming_loss,
}
N_EXTRA = 20


def main():
    arguments = parse_arguments()
    folder = Path(arguments.shared) / "data"
    machine = describe_machine(arguments.seed)
    comparisons, seconds = {}, {}
    for name in arguments.sets:
        print(f"\n{name}\n{'-' * len(name)}", flush=True)
        start = time.perf_counter()
        comparisons[name] = run(name, folder, arguments)
        seconds[name] = time.perf_counter() - start
        print(f"{comparisons[name]}\n{seconds[name]:.0f} s", flush=True)
    print("\n" + ", ".join(f"{key} {value}" for key, value in machine.items()))
    print(f"{sum(seconds.values()) / 60:.0f} minutes in all")
    if arguments.json:
        rows = {name: comparison.rows for name, comparison in comparisons.items()}
        report = {"scores": rows, "seconds": seconds, **machine}
        Path(arguments.json).write_text(json.dumps(report) + "\n", encoding="utf-8")
    if arguments.rst:
        Path(arguments.rst).write_text(render(comparisons, seconds, machine), encoding="utf-8")


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS, help="which sets (all)")
    parser.add_argument("--seeds", type=int, default=2, help="fits of each method (2)")
    parser.add_argument("--draws", type=int, default=5, help="draws of known labels a fit (5)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--results-dir", metavar="DIR", help="keep finished fits here")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    parser.add_argument("--rst", metavar="FILE", help="write the tables of mAP to this file too")
    return parser.parse_args()


def run(name, folder, arguments):
    """Compare all methods on a data set."""
    first = arguments.seed
    more = {
        "metrics": METRICS,
        "n_draws": arguments.draws,
        "results_dir": arguments.results_dir,
        "verbose": 1,
    }
    seeds = list(range(first, first + arguments.seeds))
    if name.startswith("corel5k"):
        paths, Y, train, _ = read_corel5k(folder / "corel5k")
        photos = {
            "backbone": "mobilenet_v2",
            "weights": str(folder / "weights" / "mobilenet_v2-imagenet.pth"),
        }
        split = np.flatnonzero(train), np.flatnonzero(~train)
        if name == "corel5k":
            methods = make_photo_methods(photos)
            return compare(methods, paths, Y, split=split, random_state=seeds, **more)
        order = np.random.RandomState(first).permutation(Y.shape[1])
        return compare(
            make_extra_methods(photos), paths, Y[:, order[N_EXTRA:]],
            extra_labels=Y[:, order[:N_EXTRA]], known_fractions=0, split=split,
            random_state=seeds, **more,
        )  # fmt: skip
    X, Y, train = read_mulan(folder / "mulan", name)
    split = np.flatnonzero(train), np.flatnonzero(~train)
    methods = make_table_methods(*choose_regularisation(X[train], Y[train]))
    if name == "scene":  # Its features come from a grid of cells of the photo.
        cells = FunctionTransformer(to_cells)
        methods["C-Tran, cells"] = make_pipeline(
            StandardScaler(), cells, CTranClassifier(backbone=None)
        )
    return compare(methods, X, Y, split=split, random_state=seeds, **more)


def read_mulan(folder, name):
    """Read features, labels and the mask of training rows."""
    with np.load(folder / f"{name}.npz", allow_pickle=False) as table:
        X, Y = table["X"].astype(np.float32), table["Y"].astype(np.int64)
        return X, Y, table["train"].astype(bool)


def to_cells(X):
    """Reshape features of ``scene`` into tokens: mean and variance of 3 channels in 49 cells."""
    return X.reshape(len(X), 6, 49).transpose(0, 2, 1)


def choose_regularisation(X, Y):
    """Choose C of a logistic regression and of an SVM per label by 3-fold cross-validation."""
    found = []
    for classifier, name, values in (
        (LogisticRegression(max_iter=1000), "C", (1e-3, 1e-2, 1e-1, 1.0)),
        (make_probable(SVC()), "estimator__C", (1.0, 10.0)),
    ):
        search = GridSearchCV(
            make_pipeline(StandardScaler(), BinaryRelevance(classifier)),
            {f"binaryrelevance__estimator__{name}": values},
            scoring=make_multilabel_scorer(mean_average_precision),
            cv=MultilabelStratifiedKFold(3, shuffle=True, random_state=0),
        )
        found.append(search.fit(X, Y).best_params_.popitem()[1])
    print(f"C of logistic regression: {found[0]}, of SVM: {found[1]}")
    return found


def make_probable(svm):
    """Give an SVM probabilities that keep the order of its scores."""
    return CalibratedClassifierCV(svm, cv=2, ensemble=False)


def make_photo_methods(photos):
    """Make the methods that take paths of photos."""
    logistic = LogisticRegression(C=0.01, max_iter=1000)
    features = ImageTokens(**photos, pool="mean"), StandardScaler()
    classical = {
        "binary relevance": BinaryRelevance(logistic),
        "classifier chain": ClassifierChain(logistic, order="random", chain_method="predict_proba"),
        "label powerset": LabelPowerset(logistic, prune=3),
        "masked linear": MaskedLinear(),
    }
    return {
        **{name: make_pipeline(*features, method) for name, method in classical.items()},
        **make_networks(photos),
    }


def make_table_methods(C_logistic, C_svm):
    """Make the methods that take tables of features."""
    logistic = LogisticRegression(C=C_logistic, max_iter=1000)
    svm = make_probable(SVC(C=C_svm))
    chain = {"order": "random", "chain_method": "predict_proba"}
    methods = {
        "binary relevance": BinaryRelevance(logistic),
        "binary relevance, SVM": BinaryRelevance(svm),
        "classifier chain": ClassifierChain(logistic, **chain),
        "10 classifier chains": ClassifierChain(logistic, n_chains=10, **chain),
        "label powerset": LabelPowerset(logistic),
        "masked linear": MaskedLinear(),
        **make_networks({"backbone": None}),
    }
    return {name: make_pipeline(StandardScaler(), method) for name, method in methods.items()}


def make_networks(images):
    """Make the networks; `images` are their image parameters."""
    return {
        "linear head": LinearHead(**images),
        "feedback-prop": FeedbackProp(LinearHead(**images)),
        "MLP": StandardMLP(**images),
        "concept bottleneck": ConceptBottleneck(**images),
        "C-Tran": CTranClassifier(**images),
    }


def make_extra_methods(photos):
    """Make the methods of the paper's Table 4, and the masked linear model."""
    modes = ("independent", "sequential", "joint")
    pooled = ImageTokens(**photos, pool="mean")
    return {
        "MLP": StandardMLP(**photos),
        "multi-task": MultiTask(**photos),
        **{f"bottleneck, {mode}": ConceptBottleneck(mode=mode, **photos) for mode in modes},
        "masked linear": make_pipeline(pooled, StandardScaler(), MaskedLinear()),
        "C-Tran": CTranClassifier(**photos),
    }


def render(comparisons, seconds, machine):
    """Render the tables of mAP as reStructuredText."""
    parts = [
        f"{name}\n{'~' * len(name)}\n\n{comparison.to_rst('mAP')}\n"
        for name, comparison in comparisons.items()
    ]
    described = ", ".join(f"{key} {value}" for key, value in machine.items())
    return "\n".join([*parts, f"{described}; {sum(seconds.values()) / 60:.0f} minutes in all.\n"])


if __name__ == "__main__":
    main()
