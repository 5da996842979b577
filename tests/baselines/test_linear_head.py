"""LinearHead: a logistic regression for each label on pooled features."""

import numpy as np
from sklearn.linear_model import LogisticRegression

from sklearn_ctran.baselines import LinearHead

EXACT = {"dropout": 0.0, "precision": "float64", "batch_size": 1000, "random_state": 0}


def test_without_decay_it_is_logistic_regression_per_label(noisy_table):
    X, Y = noisy_table
    model = LinearHead(weight_decay=0, lr=0.05, max_epochs=500, **EXACT).fit(X, Y)
    for label in range(3):
        logistic = LogisticRegression(C=np.inf).fit(X, Y[:, label])
        expected = logistic.predict_proba(X)[:, 1]
        np.testing.assert_allclose(model.predict_proba(X)[:, label], expected, atol=2e-3)


def test_end_to_end(pictures):
    images, Y = pictures
    model = LinearHead("small", image_size=None, augment="flip", max_epochs=12, lr=0.01)
    model.set_params(random_state=0, batch_size=16).fit(images, Y)
    assert not model.net_.module_.backbone.frozen
    assert model.score(images, Y) > 0.9
