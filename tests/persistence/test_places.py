"""The classes that a file may name."""

import inspect
from importlib import import_module

import pytest
import torch
from saved_models import savable
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

import sklearn_ctran
from sklearn_ctran import CTranClassifier, ImageTokens, baselines, model_selection
from sklearn_ctran._persistence.fields import FIELDS
from sklearn_ctran._persistence.places import ESTIMATORS, OBJECTS, OPTIMIZERS, find, place_of
from sklearn_ctran._persistence.savable import Savable

#: They hold classifiers of scikit-learn's.
WRAPPING = {"BinaryRelevance", "ClassifierChain", "LabelPowerset"}


def test_every_public_estimator_can_be_saved_or_wraps_others():
    spaces = (sklearn_ctran, baselines, model_selection)
    public = {name: getattr(space, name) for space in spaces for name in space.__all__}
    estimators = {
        name
        for name, each in public.items()
        if inspect.isclass(each) and issubclass(each, BaseEstimator)
    }
    assert set(ESTIMATORS) == estimators - WRAPPING
    assert all(issubclass(public[name], Savable) for name in estimators)
    assert savable().keys() == ESTIMATORS.keys() - {"ImageTokens"}


@pytest.mark.parametrize(("places", "names"), [("estimator", ESTIMATORS), ("object", OBJECTS)])
def test_classes_are_where_the_list_says(places, names):
    for name, where in names.items():
        kind = find(name, places)
        assert kind is getattr(import_module(f"sklearn_ctran.{where}"), name)
        assert kind.__module__ == f"sklearn_ctran.{where}"
        assert place_of(kind) == places
        assert name in FIELDS


def test_optimizers():
    for name in OPTIMIZERS:
        assert find(name, "optimizer") is getattr(torch.optim, name)
        assert place_of(getattr(torch.optim, name)) == "optimizer"


@pytest.mark.parametrize("name", ["LogisticRegression", "os", "__import__", "", "CTran", "Savable"])
def test_nothing_else_is_found(name):
    for places in ("estimator", "object", "optimizer", "module"):
        with pytest.raises(ValueError, match=f"names the class '{name}', which no file has"):
            find(name, places)


def test_classes_of_others():
    class Mine(CTranClassifier):
        pass

    Mine.__name__ = "CTranClassifier"
    assert place_of(Mine) is None
    assert place_of(LogisticRegression) is None
    assert place_of(ImageTokens) == "estimator"
