"""Ranking metrics over the entries that a model had to predict."""

import numpy as np
from sklearn.metrics import average_precision_score
from sklearn.utils.validation import _check_sample_weight, check_array

from sklearn_ctran._labels import UNKNOWN, read_states


def mean_average_precision(y_true, y_score, *, known_labels=None, sample_weight=None):
    """Mean over labels of the average precision (mAP), as the paper reports it.

    Parameters
    ----------
    y_true : array-like of shape (n_samples, n_labels)
        0, 1, and -1 or NaN where nobody annotated the label: such entries do not count.
    y_score : array-like of shape (n_samples, n_labels)
        Scores or probabilities, higher for more likely labels.
    known_labels : array-like of shape (n_samples, n_labels), default=None
        0 or 1 where the model was told the label, -1 or NaN elsewhere. Told entries do not count.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    mAP : float
        In [0, 1]. A label without a positive among the entries that count is left out of the
        mean.

    Raises
    ------
    ValueError
        If shapes differ, a value is not allowed, or no label has a positive that counts.
    """
    y_score = check_array(y_score, input_name="y_score")
    names = range(y_score.shape[1])
    counted = _check_same_shape(y_true, y_score, names, "y_true")
    if known_labels is not None:
        told = _check_same_shape(known_labels, y_score, names, "known_labels") != UNKNOWN
        counted = np.where(told, UNKNOWN, counted)
    weights = _check_sample_weight(sample_weight, y_score)
    scores = []
    for truth, score in zip(counted.T, y_score.T, strict=True):
        use = truth != UNKNOWN
        if (truth[use] == 1).any():
            score = average_precision_score(truth[use], score[use], sample_weight=weights[use])
            scores.append(score)
    if not scores:
        raise ValueError("mAP is not defined: no label has a positive among the entries to score.")
    return float(np.mean(scores))


def _check_same_shape(labels, y_score, names, what):
    if np.shape(labels) != y_score.shape:
        raise ValueError(f"{what} has shape {np.shape(labels)}, y_score has {y_score.shape}.")
    return read_states(labels, names, what)
