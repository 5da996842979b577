"""Scores at the thresholds that an estimator predicts with."""

import functools
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.datasets import make_multilabel_classification
from sklearn.neighbors import KNeighborsClassifier

from sklearn_ctran.metrics import (
    class_f1,
    hamming_loss,
    make_multilabel_scorer,
    mean_average_precision,
)
from sklearn_ctran.metrics._own_threshold import with_own_threshold
from sklearn_ctran.model_selection import TunedThresholds

Y_TRUE, Y_SCORE = [[1, 0], [0, 1]], [[0.4, 0.4], [0.2, 0.8]]
TUNED = SimpleNamespace(thresholds_=np.array([0.3, 0.5]))


@pytest.mark.parametrize(
    "metric, expected",
    [
        (hamming_loss, 0.0),
        (functools.partial(hamming_loss, top_k=1), 0.0),
        (functools.partial(hamming_loss, threshold=0.5), 0.25),
        (functools.partial(functools.partial(hamming_loss, threshold=0.5), top_k=1), 0.25),
    ],
)
def test_thresholds_of_the_estimator_are_used_unless_one_is_given(metric, expected):
    assert with_own_threshold(metric, TUNED)(Y_TRUE, Y_SCORE) == expected


@pytest.mark.parametrize(
    "metric, estimator",
    [
        (mean_average_precision, TUNED),
        (hamming_loss, SimpleNamespace()),
        # A classifier of a 1-D y has no thresholds.
        (hamming_loss, SimpleNamespace(thresholds_=np.array([np.nan, np.nan]))),
    ],
)
def test_other_metrics_and_estimators_change_nothing(metric, estimator):
    assert with_own_threshold(metric, estimator) is metric


def test_scorers_use_tuned_thresholds():
    X, Y = make_multilabel_classification(random_state=0)
    model = TunedThresholds(KNeighborsClassifier(), random_state=0).fit(X, Y)
    proba = model.predict_proba(X)
    score = make_multilabel_scorer(class_f1)(model, X, Y)
    assert score == class_f1(Y, proba, threshold=model.thresholds_)
    assert score != class_f1(Y, proba)
    fixed = make_multilabel_scorer(class_f1, threshold=0.5)
    assert fixed(model, X, Y) == class_f1(Y, proba)
