"""What every estimator that answers for new labels refuses."""

import numpy as np
import pytest

from sklearn_ctran.baselines import TextSimilarity


def test_names_and_vectors_that_cannot_be_answered_for():
    X, Y = np.eye(4), np.eye(4, dtype=int)
    model = TextSimilarity(np.eye(4), temperature=0.1, bias=0.0).fit(X, Y)
    with pytest.raises(ValueError, match="name them in labels="):
        model.predict_proba(X, label_embeddings={"x": X[0]})
    with pytest.raises(ValueError, match="labels names no label"):
        model.predict_proba(X, labels=[])
    with pytest.raises(ValueError, match="twice"):
        model.predict_proba(X, labels=["x", "x"])
