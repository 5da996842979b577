"""Models are known by their numbers: in other processes too, and after they were used."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from small_models import quick

from sklearn_ctran._scale.model_digest import digest_of_model
from sklearn_ctran.baselines import MLkNN
from sklearn_ctran.model_selection import TunedThresholds

LOAD = """
import pickle, sys
from sklearn_ctran._scale.model_digest import digest_of_model
print(digest_of_model(pickle.load(open(sys.argv[1], "rb"))))
"""


@pytest.fixture
def data():
    rng = np.random.RandomState(0)
    return rng.rand(40, 5), rng.randint(2, size=(40, 3))


@pytest.mark.parametrize(
    "model",
    [
        quick(backbone=None, memory="auto"),
        quick(backbone=None, memory=None),
        TunedThresholds(quick(backbone=None), cv=2),
        MLkNN(),
        MultiOutputClassifier(LogisticRegression()),
    ],
    ids=lambda model: type(model).__name__,
)
def test_only_another_fit_has_another_digest(model, data):
    X, Y = data
    digest = digest_of_model(model.fit(X, Y))
    model.predict_proba(X)
    assert digest_of_model(model) == digest
    assert digest_of_model(pickle.loads(pickle.dumps(model))) == digest
    assert digest_of_model(model.fit(X, 1 - Y)) != digest


def test_another_process_has_the_same(tmp_path, data):
    model = quick(backbone=None).fit(*data)
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(model))
    done = subprocess.run(
        [sys.executable, "-c", LOAD, path], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == digest_of_model(model)


def test_weights_count(data):
    models = [quick(backbone=None, memory=None, max_epochs=n).fit(*data) for n in (1, 2)]
    assert digest_of_model(models[0]) != digest_of_model(models[1])


def test_a_class_of_a_function_is_no_obstacle():
    class Local:
        values = None

    model = Local()
    model.values = np.ones(3)
    other = Local()
    other.values = np.ones(4)
    assert digest_of_model(model) != digest_of_model(other)
