"""How much each sample, and each positive label, counts in training."""

from collections.abc import Mapping
from numbers import Real

import numpy as np
from sklearn.utils.validation import _check_sample_weight

from sklearn_ctran._utils.warnings import warn
from sklearn_ctran.modules.label_states import UNKNOWN


def check_sample_weight(sample_weight, X):
    """The weights of samples, as they count in a fit: how many samples each one stands for.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,) or None
    X : array-like of length n_samples

    Returns
    -------
    weights : ndarray of shape (n_samples,), float64
        All 1 for None.

    Raises
    ------
    ValueError
        If there are more or fewer weights than samples, one is negative, NaN or infinite, or all
        are zero.

    Warns
    -----
    UserWarning
        If they are shares, of a sum of 1, say, rather than numbers of samples.
    """
    weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    if not weights.any():  # which older versions of scikit-learn let pass
        raise ValueError("Every sample_weight is zero: there is nothing to learn from.")
    # Few samples may have a small sum, if their weights are not small themselves.
    if weights.sum() < 2 and weights.sum() < 0.5 * np.count_nonzero(weights):
        warn(
            "sample_weight sums to less than 2 though more samples have one. A weight is how often "
            "its sample counts, so these are as little to learn from as one or two samples: shares "
            "of labels, pos_weight='balanced', calibration and regularisation come out as if there "
            "were no more. Multiply by len(sample_weight) / sum(sample_weight), for a mean of 1."
        )
    return weights


def check_annotated(states, weights, names):
    """Raise a ValueError if a label is annotated in samples of weight 0 only.

    Parameters
    ----------
    states : ndarray of shape (n_samples, n_labels), int8
        -1 where nobody annotated the label.
    weights : ndarray of shape (n_samples,)
    names : ndarray of shape (n_labels,)
    """
    annotated = (states[weights > 0] != UNKNOWN).any(axis=0)
    if not annotated.all():
        name = names.tolist()[int(np.argmin(annotated))]
        raise ValueError(
            f"Label {name!r} is annotated in samples of weight 0 only: nothing to learn from."
        )


def read_pos_weight(pos_weight, log_odds, names, n_labels, bound):
    """What the loss of each label is multiplied with where the label is positive.

    Parameters
    ----------
    pos_weight : "balanced", float, array-like of shape (n_labels,), dict or None
        See `CTranClassifier`.
    log_odds : ndarray of shape (n_labels + n_extra_labels,), float32
        Of the positive against the negative entries of each label.
    names : ndarray of shape (n_labels + n_extra_labels,)
        Extra labels come last.
    n_labels : int
    bound : ndarray of shape (n_labels + n_extra_labels,), bool
        Labels under a rule, whose loss is not a sum over labels.

    Returns
    -------
    weights : ndarray of shape (n_labels + n_extra_labels,), float32

    Raises
    ------
    ValueError
        If a weight is not finite and above 0, there are more or fewer than labels, a name is none
        of a label, or a label under a rule is given one: by its name, or because all are that are
        no extra labels.
    """
    weights = np.ones_like(log_odds)
    if pos_weight is None:
        return weights
    by_name = isinstance(pos_weight, Mapping) or hasattr(pos_weight, "items")  # or a pandas Series
    if bound.all() or (bound[:n_labels].all() and not by_name):
        raise ValueError(
            "pos_weight weighs labels that are trained one by one; these are classes, or under a "
            "rule. Weigh the samples instead: sample_weight. (Extra labels may be given theirs in "
            "a dict.)"
        )
    if isinstance(pos_weight, str):
        return np.where(bound, weights, np.exp(-log_odds))
    if by_name:
        items = list(pos_weight.items())
        given = np.array([_position(name, names) for name, _ in items], dtype=int)
        values = [value for _, value in items]
    elif isinstance(pos_weight, Real):
        given = np.flatnonzero(~bound)
        values = [pos_weight] * len(given)
    else:
        given, values = np.arange(n_labels), list(pos_weight)
        if len(values) != n_labels:
            raise ValueError(f"pos_weight has {len(values)} weights for {n_labels} labels.")
    for i, value in zip(given, values, strict=True):
        if not isinstance(value, Real) or not 0 < value < np.inf:
            raise ValueError(
                f"pos_weight of label {names.tolist()[i]!r} must be finite and above 0, got "
                f"{value!r}."
            )
        if bound[i] and value != 1:
            raise ValueError(
                f"pos_weight of label {names.tolist()[i]!r} must be 1: labels under a rule are "
                "trained together."
            )
        weights[i] = value
    return weights


def _position(name, names):
    found = [i for i, other in enumerate(names.tolist()) if other == name]
    if not found:
        raise ValueError(f"pos_weight names {name!r}, which is not a label.")
    return found[0]
