"""The task of estimators of other packages: what task_of in questions.py makes of them."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from sklearn_ctran._adapters.questions import task_of
from sklearn_ctran.inspection import intervene, suggest_labels
from sklearn_ctran.model_selection import TunedThresholds


class Foreign(ClassifierMixin, BaseEstimator):
    """Follows the protocol, and has attributes as other packages have them."""

    def __init__(self, groups=None):
        self.groups = groups

    def fit(self, X, y):
        self.n_outputs_ = np.shape(y)[1]
        self.classes_ = np.arange(self.n_outputs_)  # As OneVsRestClassifier and MLPClassifier do.
        self.label_names_ = list("abcd")[: self.n_outputs_]
        self.label_groups_ = self.groups or {}
        self.task_ = "multilabel"
        return self

    def predict_proba(self, X, known_labels=None):
        proba = np.tile(np.linspace(0.2, 0.7, self.n_outputs_), (len(X), 1))
        known = np.full(proba.shape, -1) if known_labels is None else np.asarray(known_labels)
        return np.where(known < 0, proba, known)


@pytest.fixture
def data():
    rng = np.random.RandomState(0)
    return rng.rand(30, 2), rng.randint(2, size=(30, 4))


def test_nothing_is_assumed_about_rules(data):
    X, Y = data
    model = Foreign().fit(X, Y)
    assert task_of(model).rules.components == []
    known = {"a": 1, "b": 1}  # would exclude each other as classes of a 1-D y
    assert suggest_labels(model, X, known_labels=known).labels.shape[0] == 30
    after = intervene(model, X, {"b": 1}, known_labels={"a": 1}).after
    np.testing.assert_array_equal(after[:, :2], 1)


@pytest.mark.parametrize(
    "groups", [{"g": ()}, {"g": ("a", "nobody")}, {"g": ("a", "b"), "h": ("b",)}, {"a": ("b",)}]
)
def test_groups_are_taken_as_they_are(data, groups):
    X, Y = data
    model = Foreign(groups).fit(X, Y)
    expected = {name: labels for name, labels in groups.items() if "nobody" not in labels}
    assert task_of(model).groups == expected
    assert TunedThresholds(Foreign(groups), cv=2).fit(X, Y).predict(X).shape == Y.shape


class FailsLate(Foreign):
    """Its extra labels cannot be read, which a meta-estimator finds after it has fitted."""

    @property
    def extra_label_names_(self):
        raise ValueError("no names today")


def test_a_failed_fit_of_a_meta_estimator_changes_nothing(data):
    X, Y = data
    model = TunedThresholds(Foreign(), cv=2).fit(X, Y)
    before = dict(vars(model))
    model.set_params(estimator=FailsLate())
    with pytest.raises(ValueError, match="no names today"):
        model.fit(X, Y)
    assert vars(model) == before | {"estimator": model.estimator}
