"""Vectors of labels are read before anything is learned."""

import numpy as np
import pytest

from sklearn_ctran.baselines import MLDecoder


def test_labels_without_a_vector_are_named(noisy_table):
    with pytest.raises(ValueError, match="one row for each of the 3 labels"):
        MLDecoder(label_embeddings=np.eye(2)).fit(*noisy_table)
