"""The masked linear model is its equation, trained on the labels that are hidden."""

import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from sklearn_ctran.baselines import MaskedLinear
from sklearn_ctran.baselines._masked_linear import _Problem


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    X = 3 * rng.randn(200, 4) + [0, 5, 0, 0]
    Y = (X[:, :3] - [0, 5, 0] + 2 * rng.randn(200, 3) > 0).astype(int)
    return X, np.column_stack([Y, Y[:, 0] ^ (rng.rand(200) < 0.1)])


def test_predictions_are_its_equation(table):
    X, Y = table
    model = MaskedLinear(random_state=0).fit(X, Y)
    known = np.where(np.random.RandomState(0).rand(*Y.shape) < 0.5, Y, -1)
    flags = np.hstack([known == 0, known == 1])
    logits = X @ model.coef_.T + flags @ model.label_coef_.reshape(4, -1).T + model.intercept_
    proba = model.predict_proba(X, known)
    np.testing.assert_allclose(proba[known < 0], expit(logits)[known < 0], rtol=1e-10)
    nothing = expit(X @ model.coef_.T + model.intercept_)
    np.testing.assert_allclose(model.predict_proba(X), nothing, rtol=1e-10)
    assert model.label_coef_[3, 1, 0] > 0.5 > -0.3 > model.label_coef_[3, 0, 0]
    # Of a label that is asked about, nothing is known.
    np.testing.assert_allclose(model.label_coef_[range(4), :, range(4)], 0)


@pytest.mark.parametrize("standardize", [True, False])
def test_all_hidden_it_is_logistic_regression(table, standardize):
    X, Y = table
    model = MaskedLinear(C=0.3, unknown_fraction=None, standardize=standardize, tol=1e-9)
    proba = model.fit(X, Y).predict_proba(X)
    Z = StandardScaler().fit_transform(X) if standardize else X
    for label in range(4):
        logistic = LogisticRegression(C=0.3, tol=1e-9).fit(Z, Y[:, label])
        np.testing.assert_allclose(proba[:, label], logistic.predict_proba(Z)[:, 1], atol=1e-6)
    np.testing.assert_array_equal(model.label_coef_, 0)
    classes = X[:, :3].argmax(axis=1)
    proba = model.fit(X, classes).predict_proba(X)
    logistic = LogisticRegression(C=0.3, tol=1e-9, max_iter=1000).fit(Z, classes)
    np.testing.assert_allclose(proba, logistic.predict_proba(Z), atol=1e-6)


@pytest.mark.parametrize("n_classes", [0, 3])
def test_gradient(n_classes):
    rng = np.random.RandomState(0)
    X = rng.randn(12, 2)
    states = rng.randint(2, size=(12, 4)).astype(np.int8)
    states[:, :n_classes] = np.eye(3, dtype=np.int8)[rng.randint(3, size=12)][:, :n_classes]
    shown = np.where(rng.rand(12, 4) < 0.5, states, -1)
    problem = _Problem(X, states, [(shown, shown < 0)], rng.rand(12), n_classes, [0.1, 0.2, 0.3])
    at = rng.randn(problem.size)
    error = check_grad(lambda v: problem(v)[0], lambda v: problem(v)[1], at)
    assert error < 1e-5


def test_what_is_not_annotated_is_neither_shown_nor_learned(table):
    X, Y = table
    missing = np.random.RandomState(0).rand(*Y.shape) < 0.3
    model = MaskedLinear(unknown_fraction=None, C=0.3, tol=1e-9)
    proba = model.fit(X, np.where(missing, np.nan, Y)).predict_proba(X)
    Z = StandardScaler().fit_transform(X)
    seen = ~missing[:, 1]
    logistic = LogisticRegression(C=0.3, tol=1e-9).fit(Z[seen], Y[seen, 1])
    np.testing.assert_allclose(proba[:, 1], logistic.predict_proba(Z)[:, 1], atol=1e-6)
    # A label that is never annotated together with another says nothing about it.
    apart = Y.astype(float)
    apart[::2, 0], apart[1::2, 3] = np.nan, np.nan
    model = MaskedLinear(random_state=0).fit(X, apart)
    np.testing.assert_array_equal(model.label_coef_[[0, 3], :, [3, 0]], 0)


def test_which_labels_are_hidden(table):
    X, Y = table
    model = MaskedLinear(unknown_fraction=(0.5, 0.5), n_masks=3, random_state=0).fit(X, Y)
    masks = model._draw_masks(X, Y.astype(np.int8))
    assert len(masks) == 3
    for shown, hidden in masks:
        assert (hidden.sum(axis=1) == 2).all()
        np.testing.assert_array_equal(shown, np.where(hidden, -1, Y))
    assert (masks[0][1] != masks[1][1]).any()
    again = np.concatenate([X[:3], X[:3]]), np.concatenate([Y[:3], Y[:3]]).astype(np.int8)
    for shown, _ in model._draw_masks(*again):
        np.testing.assert_array_equal(shown[:3], shown[3:])
    never = MaskedLinear(unknown_fraction=(1.0, 1.0)).fit(X, Y)
    np.testing.assert_array_equal(never.label_coef_, 0)


def test_parameters_do_what_they_say(table):
    X, Y = table
    default = MaskedLinear(random_state=0).fit(X, Y)
    same = MaskedLinear(C=0.15, random_state=0).fit(X, Y)  # 0.3 / sqrt(4)
    np.testing.assert_array_equal(same.coef_, default.coef_)
    weak = MaskedLinear(C=0.001, random_state=0).fit(X, Y)
    assert np.abs(weak.coef_).max() < 0.3 * np.abs(default.coef_).max()
    weak = MaskedLinear(C_labels=0.001, random_state=0).fit(X, Y)
    assert np.abs(weak.label_coef_).max() < 0.3 * np.abs(default.label_coef_).max()
    other = MaskedLinear(random_state=1).fit(X, Y)
    assert (other.label_coef_ != default.label_coef_).any()
    more = MaskedLinear(random_state=0, n_masks=8).fit(X, Y)
    assert (more.label_coef_ != default.label_coef_).any()
    loose = MaskedLinear(random_state=0, tol=1e-2).fit(X, Y)
    assert loose.n_iter_ < default.n_iter_
    with pytest.warns(ConvergenceWarning, match="max_iter=2"):
        assert MaskedLinear(max_iter=2).fit(X, Y).n_iter_ == 2
    with pytest.raises(ValueError, match="unknown_fraction must be None or a pair"):
        MaskedLinear(unknown_fraction=(0.9, 0.2)).fit(X, Y)
    with pytest.raises(ValueError, match=r"unknown_fraction must be .*, got \('a', 'b'\)"):
        MaskedLinear(unknown_fraction=("a", "b")).fit(X, Y)


def test_a_solver_that_gives_up_says_so(table):
    X, Y = table
    with pytest.warns(ConvergenceWarning, match="gave up after 0 iterations.*ABNORMAL.*extreme"):
        MaskedLinear(standardize=False).fit(1e100 * X, Y)
    MaskedLinear(tol=1e-15).fit(X, Y)  # as far as rounding lets it: no warning


@pytest.mark.filterwarnings("ignore:There is no positive")
def test_labels_of_one_state_are_certain(table):
    X, Y = table
    Y = np.column_stack([Y[:, 0], np.zeros(200), np.ones(200)])
    model = MaskedLinear(random_state=0).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X)[:, 1:], [[0.0, 1.0]] * 200)
    np.testing.assert_array_equal(model.coef_[1:], 0)
