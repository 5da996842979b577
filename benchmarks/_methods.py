"""The methods that ``comparison.py`` compares, and how their settings are chosen."""

from functools import cache

import numpy as np
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from sklearn_ctran import CTranClassifier, ImageTokens
from sklearn_ctran.baselines import (
    CNNRNN,
    CSRA,
    KGGR,
    MLGCN,
    MLZSL,
    SRN,
    SSGRL,
    BinaryRelevance,
    ClassifierChain,
    ConceptBottleneck,
    FeedbackProp,
    LabelPowerset,
    LinearHead,
    LinearProbe,
    MaskedLinear,
    MemoryClassifier,
    MLDecoder,
    MLkNN,
    MultiEvidence,
    MultiTask,
    OrderFreeRNN,
    Query2Label,
    RNNAttention,
    StandardMLP,
    TokenNeighbours,
)
from sklearn_ctran.metrics import mean_average_precision, partial_label_scorer
from sklearn_ctran.model_selection import MultilabelStratifiedKFold, multilabel_train_test_split

N_FOLDS = 3
#: Settings of methods whose fits take long are chosen on at most so many training rows.
MOST_ROWS = 1500
C_LOGISTIC = (1e-3, 1e-2, 1e-1, 1.0, 10.0)

#: Networks whose settings ``rival_settings.py`` chooses for photos.
NETWORKS = {
    "linear head": LinearHead,
    "MLP": StandardMLP,
    "CSRA": CSRA,
    "ML-Decoder": MLDecoder,
    "Query2Label": Query2Label,
    "ML-GCN": MLGCN,
    "SSGRL": SSGRL,
    "KGGR": KGGR,
    "ML-ZSL": MLZSL,
    "CNN-RNN": CNNRNN,
    "order-free RNN": OrderFreeRNN,
    "RNN-attention": RNNAttention,
    "multi-evidence": MultiEvidence,
    "SRN": SRN,
}
#: What it has chosen where that is not the default. "texts": vectors of the labels' names.
CHOSEN = {
    "MLP": {"n_hidden": 1024},
    "SSGRL": {"label_embeddings": "texts"},
    "CNN-RNN": {"lr": 1e-3},
    "order-free RNN": {"n_hidden": 512},
    "RNN-attention": {"weight_decay": 0.3},
    "SRN": {"max_epochs": 40},
}


def tune(estimator, grid, X, Y, before=(), shares=(0,), most_rows=None):
    """Choose settings one after the other by 3-fold cross-validation of mAP.

    Parameters
    ----------
    estimator : estimator
        Not fitted, and not changed.
    grid : dict of str to tuple
        Values of its parameters. Later ones are tried with the best of the earlier ones.
    X, Y : ndarray
        The training part.
    before : tuple of transformers, default=()
        What comes before `estimator` in a pipeline.
    shares : tuple of float, default=(0,)
        Shares of known labels, over which mAP is averaged.
    most_rows : int, default=None
        The settings are chosen on at most this number of rows.

    Returns
    -------
    tuned : estimator
        A clone with the best settings.
    """
    if most_rows is not None and len(X) > most_rows:
        X, _, Y, _ = multilabel_train_test_split(X, Y, train_size=most_rows, random_state=0)
    tuned = clone(estimator)
    for name, values in grid.items():
        pipeline = make_pipeline(*before, tuned)
        parameter = f"{pipeline.steps[-1][0]}__{name}"
        search = GridSearchCV(
            pipeline,
            {parameter: values},
            scoring=lambda *scored: _mean_score(shares, *scored),
            cv=MultilabelStratifiedKFold(N_FOLDS, shuffle=True, random_state=0),
            refit=False,
            error_score="raise",
        ).fit(X, Y)
        tuned.set_params(**{name: search.best_params_[parameter]})
    chosen = {name: tuned.get_params()[name] for name in grid}
    print(f"    {type(tuned).__name__}: {chosen}", flush=True)
    return tuned


def _mean_score(shares, estimator, X, Y):
    """Mean of mAP over shares of known labels."""
    scorers = (partial_label_scorer(mean_average_precision, share) for share in shares)
    return np.mean([scorer(estimator, X, Y) for scorer in scorers])


def tune_methods(X, Y, for_svm=(), for_trees=(), only=None):
    """Choose the settings of the classical methods on the training part.

    Returns name -> pipeline that starts with a scaler. `for_svm` and `for_trees` are transformers
    that reduce the number of scaled features for methods whose time grows with it. `only` has the
    names that are wanted, None for all; what only others need is not tuned.
    """
    has_many = Y.shape[1] > 50  # labels: weak penalties would take long, and rare label sets too
    strengths = C_LOGISTIC[:3] if has_many else C_LOGISTIC
    scaled = (StandardScaler(),)
    before_svm, before_trees = (*scaled, *for_svm), (*scaled, *for_trees)
    logistic = LogisticRegression(max_iter=1000)

    @cache
    def relevance():
        return tune(BinaryRelevance(logistic), {"estimator__C": strengths}, X, Y, scaled)

    @cache
    def svm():
        grid = {"estimator__estimator__C": (0.3, 1.0, 3.0, 10.0)}
        each = BinaryRelevance(make_probable(SVC()))
        return tune(each, grid, X, Y, before_svm, most_rows=MOST_ROWS)

    def trees():
        grid = {"estimator__learning_rate": (0.01, 0.03, 0.1)}
        each = HistGradientBoostingClassifier(max_leaf_nodes=8, early_stopping=False)
        return tune(BinaryRelevance(each), grid, X, Y, before_trees, most_rows=MOST_ROWS)

    def powerset():
        grid = {"estimator__C": strengths, "smoothing": (0.0, 1e-3, 1e-2, 5e-2, 0.1)}
        each = LabelPowerset(logistic, prune=3 if has_many else 0)
        return tune(each, grid, X, Y, scaled, shares=(0, 0.5))

    def neighbours():
        grid = {"n_neighbors": (10, 30, 60), "sharpness": (3.0, 10.0)}
        return tune(TokenNeighbours(), grid, X, Y)

    def chain(of, **own):
        return ClassifierChain(of.estimator, order="random", chain_method="predict_proba", **own)

    makers = {
        "binary relevance": (scaled, relevance),
        "binary relevance, SVM": (before_svm, svm),
        "boosted trees": (before_trees, trees),
        "classifier chain": (scaled, lambda: chain(relevance())),
        "10 classifier chains": (scaled, lambda: chain(relevance(), n_chains=10)),
        "classifier chain, SVM": (before_svm, lambda: chain(svm())),
        "label powerset": (scaled, powerset),
        "MLkNN": (scaled, lambda: tune(MLkNN(), {"n_neighbors": (5, 10, 20, 40)}, X, Y, scaled)),
        "token neighbours": ((), neighbours),
        "linear probe": ((), LinearProbe),
        "masked linear": (scaled, MaskedLinear),
        "memory": (scaled, MemoryClassifier),
        "binary relevance, memory": (scaled, lambda: MemoryClassifier(relevance())),
        "binary relevance, SVM, memory": (before_svm, lambda: MemoryClassifier(svm())),
        "MLP, memory": (scaled, lambda: MemoryClassifier(StandardMLP(None))),
    }
    return {
        name: make_pipeline(*before, make())
        for name, (before, make) in makers.items()
        if only is None or name in only
    }


def make_probable(svm):
    """Give an SVM probabilities that keep the order of its scores."""
    return CalibratedClassifierCV(svm, cv=2, ensemble=False)


def make_photo_methods(photos, paths, Y, texts, only=None):
    """Make the methods that take paths of photos; `paths` and `Y` are the training part.

    `only` is that of :func:`tune_methods`. `texts` are vectors of the labels,
    (n_labels, n_dimensions).

    Kernel SVMs read 512 principal components of the 1,280 features, and boosted trees 64: with 256
    trees are slower and worse.
    """
    pooled = ImageTokens(**photos, pool="mean")
    features = pooled.fit_transform(paths)
    methods = tune_methods(
        features, Y, for_svm=(_components(512),), for_trees=(_components(64),), only=only
    )
    return {
        **{name: make_pipeline(pooled, each) for name, each in methods.items()},
        **make_networks(photos, {name: with_texts(own, texts) for name, own in CHOSEN.items()}),
    }


def make_table_methods(name, X, Y, only=None):
    """Make the methods that take tables of features; `X` and `Y` are the training part.

    `only` is that of :func:`tune_methods`.
    """
    networks = make_networks({"backbone": None})
    # With the 499 features and 74 labels of corel5k, each SVM would take minutes.
    for_svm = (_components(256),) if X.shape[1] > 300 else ()
    methods = {
        **tune_methods(X, Y, for_svm, only=only),
        **{name: make_pipeline(StandardScaler(), each) for name, each in networks.items()},
    }
    if name == "scene":  # Its features come from a grid of cells of the photo.
        cells = FunctionTransformer(to_cells)
        ctran = CTranClassifier(backbone=None)
        methods["C-Tran, cells"] = make_pipeline(StandardScaler(), cells, ctran)
    return methods


def _components(number):
    """Principal components, by an exact method without random numbers."""
    return PCA(number, svd_solver="covariance_eigh")


def to_cells(X):
    """Reshape features of ``scene`` into tokens: mean and variance of 3 channels in 49 cells."""
    return X.reshape(len(X), 6, 49).transpose(0, 2, 1)


def make_networks(images, chosen=None):
    """Make the networks; `images` are their image parameters, `chosen` their own by name."""
    chosen = chosen or {}
    rivals = {name: kind(**images, **chosen.get(name, {})) for name, kind in NETWORKS.items()}
    return {
        **rivals,
        "feedback-prop": FeedbackProp(LinearHead(**images)),
        "concept bottleneck": ConceptBottleneck(**images),
        "C-Tran, no memory": CTranClassifier(**images, memory=None),
        "C-Tran": CTranClassifier(**images),
    }


def with_texts(settings, texts):
    """The settings, with vectors of the labels where they say "texts"."""
    return {name: texts if value == "texts" else value for name, value in settings.items()}


def make_extra_methods(photos):
    """Make the methods of the paper's Table 4, and the masked linear model."""
    modes = ("independent", "sequential", "joint")
    pooled = ImageTokens(**photos, pool="mean")
    return {
        "MLP": StandardMLP(**photos),
        "multi-task": MultiTask(**photos),
        **{f"bottleneck, {mode}": ConceptBottleneck(mode=mode, **photos) for mode in modes},
        "bottleneck, joint, logits": ConceptBottleneck(passes="logits", **photos),
        "bottleneck, sequential, logits": ConceptBottleneck(
            mode="sequential", passes="logits", two_stages=True, **photos
        ),
        "masked linear": make_pipeline(pooled, StandardScaler(), MaskedLinear()),
        "C-Tran": CTranClassifier(**photos),
    }
