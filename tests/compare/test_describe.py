"""Descriptions of estimators and metrics: what counts, and what cannot be recognised."""

import functools
import os
import re
import subprocess
import sys
from collections import Counter, OrderedDict, deque
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.special
import torch
from scipy import sparse, stats
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_ctran import CTranClassifier, TokenCache
from sklearn_ctran._compare import describe
from sklearn_ctran._compare.describe import recognise
from sklearn_ctran.baselines import BinaryRelevance, ClassifierChain
from sklearn_ctran.metrics import class_f1, mean_average_precision, partial_label_scorer

LOGISTIC = LogisticRegression()
#: Prints what another process says, in which this file is the module "other".
PROGRAM = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("other", sys.argv[1])
other = sys.modules["other"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(other)
print([other.recognise(value) for value in other.recognisable()])
"""


def recognisable():
    """Estimators and metrics of all kinds."""
    module = torch.nn.Linear(2, 2)
    torch.nn.init.constant_(module.weight, 0.5)
    torch.nn.init.constant_(module.bias, 0.5)
    drawn = {"estimator__C": stats.loguniform(0.1, 1)}
    return [
        LOGISTIC,
        make_pipeline(FunctionTransformer(np.log1p), MultiOutputClassifier(LOGISTIC)),
        make_pipeline(FunctionTransformer(scipy.special.expit), ClassifierChain(LOGISTIC)),
        GridSearchCV(BinaryRelevance(LOGISTIC), {"estimator__C": [1, 2]}, cv=KFold(2)),
        RandomizedSearchCV(BinaryRelevance(LOGISTIC), drawn, random_state=0),
        CTranClassifier(backbone=module),
        LogisticRegression(random_state=np.random.RandomState(0)),
        class_f1,
        functools.partial(class_f1, top_k=1),
        partial_label_scorer(mean_average_precision, 0.5),
        KFold(3).split,
        *map(holding, contents()),
    ]


def holding(value):
    """An estimator with any value as its parameter."""
    return FunctionTransformer(kw_args={"value": value})


def contents():
    """Values that are different and can be recognised."""
    frame = pd.DataFrame({"a": range(999), "b": "text"})
    long = np.arange(5000)
    return [
        *(1, 1.0, True, "1", b"1", None, ..., np.float64(1), np.float32(1)),
        *([1], (1,), {1}, frozenset([1]), {1: 2}, {1: 3}, {"a", "b", "c"}, {"a", "b", "d"}),
        *(slice(1), slice(2), range(3), Path("a"), Path("b"), re.compile("a"), re.compile("b")),
        *(deque([1]), deque([2]), Counter("a"), Counter("b"), OrderedDict(a=1)),
        *(np.arange(3), np.arange(3.0), np.arange(3)[::-1], np.array(["a", None], dtype=object)),
        *(long, np.where(long == 2500, -1, long)),
        *(long.astype(object), np.where(long == 2500, -1, long).astype(object)),
        *(sparse.csr_matrix(np.eye(2)), sparse.csc_matrix(np.eye(2))),
        *(frame, frame.replace(500, 7), frame.set_axis(["c", "d"], axis=1)),
        *(np.random.RandomState(0), np.random.RandomState(1), np.random.default_rng(0)),
        *(stats.uniform(0, 1), stats.uniform(0, 2), stats.norm(0, 1)),
        *(torch.zeros(1), torch.ones(1), torch.float32, torch.float64),
        *(np.log, np.exp, len, sum, torch.relu, torch.nn.ReLU, [1, [2]], [1, 2]),
        *(make_pipeline(BinaryRelevance(LogisticRegression(C=C))) for C in (1, 2)),
    ]


def test_every_process_describes_alike():
    texts = [recognise(value) for value in recognisable()]
    assert None not in texts
    assert len(set(texts)) == len(texts)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", PROGRAM, __file__]
    output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert output.stdout.strip() == str(texts)


class Mine(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        return self


class Plain:
    def metric(self, y_true, y_score, known_labels=None):
        return 0.0

    @staticmethod
    def static(y_true, y_score, known_labels=None):
        return 0.0


def metric(y_true, y_score, known_labels=None):
    return 0.0


def closure():
    def inner(y_true, y_score, known_labels=None):
        return 0.0

    inner.__module__ = "sklearn_ctran"
    return inner


@pytest.mark.parametrize(
    "value",
    [
        *(Mine, Mine(), metric, closure(), lambda x: x, Plain, Plain(), Plain.static),
        *(Plain().metric, functools.partial(metric, a=1), make_pipeline(Mine())),
        *(
            np.frompyfunc(lambda x: x, 1, 1),
            (i for i in [1]),
            sys,
            stats.rv_histogram(np.histogram([1])),
        ),
        {1: 2}.keys(),
        np.random.mtrand._rand,  # which sklearn.utils.check_random_state(None) returns
        type("SomeNorm", (type(stats.norm),), {})(name="norm")(0, 1),
    ],
)
def test_anything_else_cannot_be_recognised(value):
    assert recognise(value) is None
    assert recognise(holding([value])) is None


def test_versions_of_installed_packages_count(monkeypatch):
    before = recognise(LOGISTIC), recognise(class_f1)
    monkeypatch.setattr(describe, "version", lambda name: f"{name} 99")
    describe._installed_version.cache_clear()
    try:
        assert "scikit-learn 99" in recognise(LOGISTIC) != before[0]
        assert recognise(class_f1) == before[1]
    finally:
        describe._installed_version.cache_clear()


@pytest.mark.parametrize(
    "folder, has_metadata, is_recognised",
    [("site-packages", True, True), ("site-packages", False, False), ("src", True, False)],
)
def test_packages_in_development_are_not_recognised(
    tmp_path, monkeypatch, folder, has_metadata, is_recognised
):
    (tmp_path / folder / "some_metrics").mkdir(parents=True)
    source = "def some_metric(y_true, y_score, known_labels=None):\n    return 0.0\n"
    (tmp_path / folder / "some_metrics" / "__init__.py").write_text(source)
    names = {"some_metrics": ["some-metrics"]} if has_metadata else {}
    monkeypatch.setattr(describe, "_distributions", lambda: names)
    monkeypatch.setattr(describe, "version", lambda name: "1.2")
    monkeypatch.syspath_prepend(tmp_path / folder)
    describe._installed_version.cache_clear()
    try:
        import some_metrics

        text = recognise(some_metrics.some_metric)
        assert text == ("some_metrics.some_metric 1.2" if is_recognised else None)
    finally:
        sys.modules.pop("some_metrics", None)
        describe._installed_version.cache_clear()


def test_a_script_with_the_name_of_a_standard_module_is_not_recognised(tmp_path, monkeypatch):
    assert recognise(Counter)
    monkeypatch.setattr(sys.modules["collections"], "__file__", str(tmp_path / "collections.py"))
    describe._installed_version.cache_clear()
    assert recognise(Counter) is None
    describe._installed_version.cache_clear()


def test_a_distribution_does_not_depend_on_numpy_s_generator():
    before = recognise(stats.uniform(0, 1))
    np.random.random_sample()
    assert recognise(stats.uniform(0, 1)) == before


def test_what_contains_itself_is_described():
    loop = [1]
    loop.append(loop)
    assert recognise(loop) not in (None, recognise([1, [1]]))


def test_parameters_that_change_no_result_do_not_count():
    one = MultiOutputClassifier(CTranClassifier(verbose=1, cache=TokenCache("a")), n_jobs=1)
    two = MultiOutputClassifier(CTranClassifier(verbose=0, cache=TokenCache("b")), n_jobs=2)
    assert recognise(one) == recognise(two) is not None


def test_of_a_frozen_estimator_what_it_has_learned_counts():
    X = np.arange(6.0)[:, None]
    first, again, other = (
        FrozenEstimator(make_pipeline(LogisticRegression()).fit(X, y))
        for y in ([0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1])
    )
    assert recognise(first) == recognise(again) != recognise(other)
    assert None not in (recognise(first), recognise(other))
    # Other estimators are cloned, so that what they have learned does not count.
    assert recognise(first.estimator) == recognise(other.estimator)
