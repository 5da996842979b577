"""What makes a finished task of compare another one."""

import functools
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_ctran import CTranClassifier, TokenCache
from sklearn_ctran._compare_inputs import read_samples
from sklearn_ctran._compare_keys import describe_data, describe_object
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


def mine(code):
    """A class or function "made" of another version of one program."""
    space = {"__name__": "program", "BaseEstimator": BaseEstimator}
    exec(code, space)
    return space["made"]


METHOD = """
class made(BaseEstimator):
    {}
    def fit(self, X, y):
        return {}
"""
METRIC = """
def made(a, b, known_labels=None, weight={}):
    return {}
"""


@pytest.mark.parametrize(
    "template, versions",
    [
        (METHOD, [("", 1), ("", 2), ("rate = 1", 1)]),
        (METRIC, [(1, "a"), (1, "b"), (2, "a"), (1, "lambda: 0"), (1, "lambda: 1")]),
    ],
)
def test_code_of_one_s_own_counts(template, versions):
    made = [mine(template.format(*version)) for version in versions]
    made = [value() if isinstance(value, type) else value for value in made]
    texts = [describe_object(value) for value in made]
    assert len(set(texts)) == len(texts)
    again = mine(template.format(*versions[0]))
    assert describe_object(again() if isinstance(again, type) else again) == texts[0]


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


def test_images_count_by_what_they_are(tmp_path):
    y = np.array([[0, 1], [1, 0]])
    paths = [str(tmp_path / name) for name in ("a.png", "b.png")]
    for path in paths:
        Image.new("L", (4, 4), 7).save(path)

    def describe(X, y=y, extra=None):
        return describe_data(read_samples(X, y, extra))

    before = describe(paths)
    assert describe(list(paths)) == before
    assert describe(paths[::-1]) != before != describe(paths, pd.DataFrame(y, columns=["a", "b"]))
    assert describe(paths, extra={"a": [0, 1]}) != describe(paths, extra={"b": [0, 1]}) != before
    os.utime(paths[1], (1, 1))
    assert describe(paths) != before
    pictures = [Image.open(path) for path in paths]
    assert describe(pictures) == describe([picture.copy() for picture in pictures])
    assert describe(pictures) != describe([pictures[0], Image.new("L", (4, 4), 8)])
    array = np.zeros((4, 4, 3), dtype=np.uint8)
    assert describe([array, array]) == describe([array, array.copy()])
    assert describe(np.zeros((2, 3))) != describe(np.eye(2, 3))
    assert describe(["no file", "b"]) != describe(["no file", "c"])
