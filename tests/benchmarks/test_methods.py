"""Settings are those of the best mean score over folds of the training part."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ctran.baselines import BinaryRelevance, LabelPowerset
from sklearn_ctran.metrics import mean_average_precision, partial_label_scorer
from sklearn_ctran.model_selection import MultilabelStratifiedKFold


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    X = rng.randn(90, 30)
    return X, (X[:, :3] + X[:, 3:6] + rng.randn(90, 3) > 0.3).astype(int)


def test_settings_are_the_best_of_the_folds(table):
    from _methods import tune

    X, Y = table
    logistic = LogisticRegression(max_iter=1000)
    powerset, strengths, smoothings = LabelPowerset(logistic), (1e-3, 1e-1, 1.0), (0.0, 0.3)
    grid = {"estimator__C": strengths, "smoothing": smoothings}
    scaler = StandardScaler()
    tuned = tune(powerset, grid, X, Y, before=(scaler,), shares=(0, 0.5))

    folds = MultilabelStratifiedKFold(3, shuffle=True, random_state=0)
    scorers = [partial_label_scorer(mean_average_precision, share) for share in (0, 0.5)]

    def score(**params):
        scores = []
        for train, test in folds.split(X, Y):
            model = make_pipeline(StandardScaler(), clone(powerset).set_params(**params))
            model.fit(X[train], Y[train])
            scores += [scorer(model, X[test], Y[test]) for scorer in scorers]
        return np.mean(scores)

    C = max(strengths, key=lambda C: score(estimator__C=C))
    smoothing = max(smoothings, key=lambda e: score(estimator__C=C, smoothing=e))
    assert (tuned.estimator.C, tuned.smoothing) == (C, smoothing)
    assert (powerset.estimator.C, powerset.smoothing) == (1.0, 0.0)  # as it was


def test_settings_can_be_chosen_on_fewer_rows(table):
    from _methods import tune

    X, Y = table
    seen = []

    class Counting(BinaryRelevance):
        def fit(self, X, y, **params):
            seen.append(len(X))
            return super().fit(X, y, **params)

    tune(Counting(LogisticRegression()), {"estimator__C": (0.1, 1.0)}, X, Y, most_rows=60)
    assert set(seen) == {40}
