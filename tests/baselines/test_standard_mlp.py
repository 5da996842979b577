"""StandardMLP: one hidden layer, which learns nothing of extra labels."""

import numpy as np
import pytest

from sklearn_ctran.baselines import LinearHead, StandardMLP


def test_predictions_are_its_equation(noisy_table):
    X, Y = noisy_table
    extra = Y[:, ::-1][:, :2]
    model = StandardMLP(n_hidden=7, max_epochs=5, lr=0.02, random_state=0)
    module = model.fit(X, Y, extra_labels=extra).net_.module_
    assert module.hidden.weight.shape == (7, 6)
    weights = [w.detach().numpy() for w in (*module.hidden.parameters(), *module.out.parameters())]
    standardised = (X - X.mean(axis=0)) / X.std(axis=0)
    hidden = np.maximum(standardised @ weights[0].T + weights[1], 0)
    expected = hidden @ weights[2].T + weights[3]
    np.testing.assert_allclose(model.decision_function(X), expected, rtol=1e-3, atol=1e-4)
    # Extra labels have their share, whatever the image.
    share = (extra.sum(axis=0) + 1) / (150 + 2)
    np.testing.assert_allclose(model.predict_extra_proba(X), np.tile(share, (150, 1)), rtol=1e-5)


def test_a_perceptron_learns_what_is_not_linear():
    rng = np.random.RandomState(0)
    X = rng.randn(400, 2).astype(np.float32)
    Y = np.column_stack([X[:, 0] * X[:, 1] > 0, X[:, 0] > 0]).astype(int)
    params = {"max_epochs": 100, "lr": 0.01, "dropout": 0.0, "random_state": 0}
    assert StandardMLP(**params).fit(X, Y).score(X, Y) > 0.95
    assert LinearHead(**params).fit(X, Y).score(X, Y) < 0.85


def test_without_a_hidden_layer_it_is_linear(noisy_table):
    X, Y = noisy_table
    params = {"max_epochs": 5, "lr": 0.02, "random_state": 0}
    model = StandardMLP(n_hidden=None, **params).fit(X, Y, extra_labels=Y[:, :1])
    weight, bias = (w.detach().numpy() for w in model.net_.module_.out.parameters())
    assert weight.shape == (3, 6)
    expected = (X - X.mean(axis=0)) / X.std(axis=0) @ weight.T + bias
    np.testing.assert_allclose(model.decision_function(X), expected, rtol=1e-3, atol=1e-5)
    linear = LinearHead(**params).fit(X, Y)
    np.testing.assert_allclose(model.predict_proba(X), linear.predict_proba(X), rtol=1e-3)
    with pytest.raises(ValueError, match="n_hidden was None then and is 3 now"):
        model.set_params(n_hidden=3, warm_start=True).fit(X, Y, extra_labels=Y[:, :1])
