import numpy as np
from sklearn.datasets import make_classification

from sklearn_ctran.baselines import BinaryRelevance


def test_masked_classes_are_not_scored():
    X, y = make_classification(60, n_classes=3, n_informative=4, random_state=0)
    model = BinaryRelevance().fit(X, y)
    hidden = np.arange(60) % 4 == 0
    wrong = np.where(hidden, (y + 1) % 3, y)
    masked = np.ma.masked_array(wrong, mask=hidden)
    assert model.score(X, masked) == model.score(X[~hidden], y[~hidden])
    assert model.score(X, wrong) < model.score(X, masked)
