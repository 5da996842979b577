"""skorch's scoring callbacks score what the estimator predicts."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, make_scorer
from skorch.callbacks import BatchScoring, Callback, EarlyStopping, EpochScoring

from sklearn_ctran import CTranClassifier
from sklearn_ctran.baselines import ConceptBottleneck, LinearHead, StandardMLP
from sklearn_ctran.metrics import mean_average_precision

QUICK = {
    "backbone": None,
    "max_epochs": 3,
    "batch_size": 8,
    "random_state": 0,
    "device": "cpu",
    "early_stopping": True,
    "validation_fraction": 0.4,
}
SMALL = {"d_model": 16, "n_layers": 1, "n_heads": 2, "memory": None}
MAP = make_scorer(mean_average_precision, response_method="predict_proba")


class ValidationPart(Callback):
    """Remembers the held-out rows of `X`, and their targets."""

    def on_epoch_end(self, net, dataset_valid, dataset_train, **kwargs):
        self.rows, self.train_rows = dataset_valid.rows, dataset_train.rows


def table(n=60, **kwargs):
    rng = np.random.RandomState(0)
    X = rng.randn(n, 6).astype(np.float32)
    return X, (X[:, :4] + rng.randn(n, 4) > 0).astype(int)


def fit(model, X, y, *callbacks, **kwargs):
    part = ValidationPart()
    model.set_params(callbacks=[*callbacks, part]).fit(X, y, **kwargs)
    return model, part


MODELS = {
    "ctran": lambda: CTranClassifier(**SMALL, **QUICK),
    "rules": lambda: CTranClassifier(**SMALL, **QUICK, exclusive_groups={(0, 1): "exactly_one"}),
    "linear": lambda: LinearHead(**QUICK),
    "mlp": lambda: StandardMLP(**QUICK),
    "concepts": lambda: ConceptBottleneck(**QUICK),
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("extra", [False, True])
def test_an_epochs_score_is_that_of_the_estimators_prediction(make, extra):
    X, Y = table()
    Y[:, 1] = 1 - Y[:, 0]
    extra = {"extra_labels": table()[1][:, :2]} if extra else {}
    scores = [
        EpochScoring(MAP, lower_is_better=False, name="mAP"),
        EpochScoring(MAP, lower_is_better=False, name="mAP_train", on_train=True),
        EpochScoring("f1_macro", lower_is_better=False),
        EpochScoring(lambda net, X, y: len(y), name="n"),
    ]
    model, part = fit(make().set_params(max_epochs=1), X, Y, *scores, **extra)
    last = model.history_[-1]
    proba = model.predict_proba(X[part.rows])
    expected = average_precision_score(Y[part.rows], proba, average="macro")
    assert last["mAP"] == pytest.approx(expected, abs=1e-6)
    expected = f1_score(Y[part.rows], model.predict(X[part.rows]), average="macro")
    assert last["f1_macro"] == pytest.approx(expected)
    assert last["n"] == len(part.rows) == 24
    assert 0 < last["mAP_train"] < 1
    assert last["mAP_best"]


def test_without_caching_the_scorer_gets_the_data():
    X, Y = table()
    seen = []

    def score(net, data, y):
        seen.append((len(data), y))
        return float(net.predict_proba(data).mean())

    scoring = EpochScoring(score, use_caching=False, name="mean")
    model, part = fit(CTranClassifier(**SMALL, **QUICK | {"max_epochs": 1}), X, Y, scoring)
    assert seen == [(24, None)]
    assert model.history_[-1]["mean"] == pytest.approx(model.predict_proba(X[part.rows]).mean())


@pytest.mark.parametrize("use_caching", [True, False])
def test_a_batchs_score(use_caching):
    X, Y = table()

    def n_right(net, X, y):
        return (net.predict(X) == y).mean()

    scores = [
        BatchScoring(n_right, name="right", lower_is_better=False, use_caching=use_caching),
        BatchScoring(n_right, name="train", on_train=True, use_caching=use_caching),
    ]
    model, part = fit(CTranClassifier(**SMALL, **QUICK | {"max_epochs": 1}), X, Y, *scores)
    expected = (model.predict(X[part.rows]) == Y[part.rows]).mean()
    assert model.history_[-1]["right"] == pytest.approx(expected)
    assert 0 < model.history_[-1]["train"] <= 1


def test_classes_are_scored_one_by_one():
    X, Y = table()
    y = np.array(["air", "sea", "land", "snow"])[(X[:, :4]).argmax(axis=1)]
    scoring = EpochScoring("f1_micro", lower_is_better=False)
    model, part = fit(CTranClassifier(**SMALL, **QUICK | {"max_epochs": 1}), X, y, scoring)
    right = (model.predict(X[part.rows]) == y[part.rows]).mean()
    assert model.history_[-1]["f1_micro"] == pytest.approx(right)  # one class each


def test_early_stopping_by_a_score():
    X, Y = table()
    params = QUICK | {"max_epochs": 30}
    callbacks = [
        EpochScoring(lambda net, X, y: 0.0, name="always_0", lower_is_better=False),
        EarlyStopping("always_0", patience=4, lower_is_better=False, sink=lambda message: None),
    ]
    model, _ = fit(LinearHead(**params), X, Y, *callbacks)
    assert len(model.history_) == 5  # The first, and four that were no better.


def test_scores_change_nothing_of_the_fit():
    X, Y = table()
    quick = {**SMALL, **QUICK}
    without = CTranClassifier(**quick).fit(X, Y)
    scores = [EpochScoring(MAP, name="a"), EpochScoring(MAP, name="b", on_train=True)]
    scored = CTranClassifier(**quick, callbacks=scores).fit(X, Y)
    np.testing.assert_array_equal(scored.predict_proba(X), without.predict_proba(X))


def test_missing_entries_count_for_our_metrics():
    X, Y = table()
    Y[::5, 0] = -1
    scoring = EpochScoring(MAP, lower_is_better=False, name="mAP")
    model, part = fit(LinearHead(**QUICK | {"max_epochs": 1}), X, Y, scoring)
    expected = mean_average_precision(Y[part.rows], model.predict_proba(X[part.rows]))
    assert model.history_[-1]["mAP"] == pytest.approx(expected)
