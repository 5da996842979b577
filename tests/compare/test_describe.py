"""Descriptions of estimators and metrics: what counts, and what does not."""

import functools
import os
import subprocess
import sys
import types
from collections import Counter, deque
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from scipy.stats import norm, uniform
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_ctran import CTranClassifier, TokenCache
from sklearn_ctran._compare.describe import describe_object
from sklearn_ctran.baselines import BinaryRelevance, ClassifierChain
from sklearn_ctran.metrics import class_f1

LOGISTIC = LogisticRegression()
#: Writes what another process says, in which this file is the module "other".
PROGRAM = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("other", sys.argv[1])
other = sys.modules["other"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(other)
print([other.describe_object(estimator) for estimator in other.estimators()])
"""


class Mine(ClassifierMixin, BaseEstimator):
    def __init__(self, inner=None, shift=0):
        self.inner = inner
        self.shift = shift

    def fit(self, X, y):
        return super().set_params(shift=1)


def estimators():
    """Of all kinds that can be recognised."""
    module = torch.nn.Linear(2, 2)
    torch.nn.init.constant_(module.weight, 0.5)
    torch.nn.init.constant_(module.bias, 0.5)
    return [
        LOGISTIC,
        make_pipeline(FunctionTransformer(np.log1p), MultiOutputClassifier(LOGISTIC)),
        make_pipeline(FunctionTransformer(lambda x: x + 1), ClassifierChain(LOGISTIC)),
        GridSearchCV(BinaryRelevance(LOGISTIC), {"estimator__C": [1, 2]}, cv=KFold(2)),
        CTranClassifier(backbone=module),
        Mine(np.arange(3)),
        Mine(np.random.RandomState(0)),
        Mine(pd.DataFrame({"a": [1]})),
        Mine(sparse.csr_matrix(np.eye(2))),
        Mine(np.array(["a", None], dtype=object)),
        Mine({"a": [class_f1, functools.partial(class_f1, top_k=1)]}),
    ]


def test_every_process_describes_alike():
    texts = [describe_object(estimator) for estimator in estimators()]
    assert len(set(texts)) == len(texts)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", PROGRAM, __file__]
    output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert output.stdout.strip() == str([text.replace(__name__, "other") for text in texts])


def made(code):
    """What a program calls "made"."""
    helpers = types.ModuleType("helpers")
    space = vars(types.ModuleType("program")) | {"BaseEstimator": BaseEstimator, "help": helpers}
    exec(code, space)
    helpers.rate = space.get("rate")
    return space["made"]() if isinstance(space["made"], type) else space["made"]


METHOD = """
rate = 1
def helper(): return rate
class Base(BaseEstimator):
    def __len__(self): return 5
class made(Base):
    factor = 2
    def fit(self, X, y):
        return 3
    @property
    def both(self):
        return [helper() for i in range(4)]
"""
METRIC = """
rate = 1
def around(x):
    def helper(): return x
    return helper
helper = around(2)
def made(a, b, known_labels=None, weight=3):
    if weight < 0: return made(a, b)
    return (lambda: helper() + 4)()
made.greater_is_better = 5
"""


@pytest.mark.parametrize("code, constants", [(METHOD, "12345"), (METRIC, "2345")])
def test_code_of_one_s_own_counts_with_what_it_names(code, constants):
    versions = [code] + [code.replace(constant, "9") for constant in constants]
    texts = [describe_object(made(version)) for version in versions]
    assert len(set(texts)) == len(texts)
    assert describe_object(made(code)) == texts[0]
    renamed = made(code.replace("(a, b", "(a, a_b"))
    assert describe_object(renamed)


def test_what_a_module_of_one_s_own_holds_counts():
    code = "def made(): return help.rate"
    one, two = (made(f"rate = {rate}\n{code}") for rate in (1, 2))
    assert describe_object(one) != describe_object(two)
    # What is not named does not.
    one, two = (made(f"rate = {rate}\ndef made(): return 1") for rate in (1, 2))
    assert describe_object(one) == describe_object(two)


class Counted:
    def __init__(self, n):
        self.n = n

    def metric(self, y_true, y_score, known_labels=None):
        return self.n


class Slotted:
    __slots__ = ("n",)

    def __init__(self, n):
        self.n = n


class Counts(Counter):
    """A class of Python's with a base that is not seen through, but known."""


@pytest.mark.parametrize(
    "a, b",
    [
        (Counted(1).metric, Counted(2).metric),
        (np.log, np.exp),
        (len, sum),
        ({1, 2}, {1, 3}),
        (slice(1), slice(2)),
        (Path("a"), Path("b")),
        (Slotted(1), Slotted(2)),
        (Counts("a"), Counts("b")),
        (deque([1]), deque([2])),
        (uniform(0, 1), uniform(0, 2)),
        (uniform(0, 1), norm(0, 1)),
        (torch.float32, torch.float64),
        (torch.zeros(1), torch.ones(1)),
        (pd.DataFrame({"a": range(999)}), pd.DataFrame({"a": [*range(500), 7, *range(501, 999)]})),
    ],
)
def test_different_values_differ(a, b):
    assert describe_object(Mine(a)) != describe_object(Mine(b))


def test_a_distribution_does_not_depend_on_numpy_s_generator():
    before = describe_object(uniform(0, 1))
    np.random.random_sample()
    assert describe_object(uniform(0, 1)) == before


def test_values_count_however_deep_and_long():
    long = np.arange(5000).astype(object)
    other = long.copy()
    other[2500] = -1
    inner = [make_pipeline(BinaryRelevance(LogisticRegression(C=C))) for C in (1, 2)]
    for a, b in ((long, other), (long.astype(int), other.astype(int)), inner):
        assert describe_object(Mine([a])) != describe_object(Mine([b]))
    assert describe_object(Mine(1)) != describe_object(Mine(1.0))


def test_what_changes_no_result_does_not_count():
    one = MultiOutputClassifier(CTranClassifier(verbose=1, cache=TokenCache("a")), n_jobs=1)
    two = MultiOutputClassifier(CTranClassifier(verbose=0, cache=TokenCache("b")), n_jobs=2)
    assert describe_object(one) == describe_object(two)


def test_of_a_frozen_estimator_what_it_has_learned_counts():
    X = np.arange(6.0)[:, None]
    first, again, other = (
        FrozenEstimator(make_pipeline(LogisticRegression()).fit(X, y))
        for y in ([0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1])
    )
    assert describe_object(first) == describe_object(again) != describe_object(other)
    # Of others, which are cloned, it does not.
    assert describe_object(first.estimator) == describe_object(other.estimator)
