"""How much each sample, and each positive label, counts in training."""

from collections.abc import Mapping
from numbers import Real

import numpy as np
from sklearn.utils.validation import _check_sample_weight, check_consistent_length

from sklearn_ctran._utils.checks import check_not_masked
from sklearn_ctran._utils.names import did_you_mean, listed, name_at
from sklearn_ctran._utils.warnings import warn
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN

#: Between these, products of weights and losses are finite and not zero in float32.
_LEAST_TOTAL, _LARGEST_TOTAL = 1e-30, 1e30


def check_sample_weight(sample_weight, X):
    """Weights (n_samples,), float64: the number of samples that each one stands for; None is all 1.

    Raises ValueError if the number of weights differs from that of samples, a weight is negative,
    NaN, infinite or masked, all are zero, or their sum is too large or too small for float32. Warns
    if they look like shares (of a sum of 1, say) rather than numbers of samples.
    """
    check_not_masked(sample_weight, "sample_weight")
    weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    if not weights.any():  # Older versions of scikit-learn accept this.
        raise ValueError("Every sample_weight is zero: there is nothing to learn from.")
    row = int(weights.argmax())
    with np.errstate(over="ignore"):
        total = weights.sum()
    if not _LEAST_TOTAL < total < _LARGEST_TOTAL:
        raise ValueError(
            f"sample_weight sums to {total:g} (the largest, of row {row}, is {weights[row]:g}), "
            f"which float32 cannot compute with: divide all by their mean, or correct that row."
        )
    # The sum of a few ordinary weights may be small too: then their mean is not.
    if total < 2 and total < 0.5 * np.count_nonzero(weights):
        warn(
            "sample_weight sums to less than 2 though more samples have one. A weight is how often "
            "its sample counts, so these are as little to learn from as one or two samples: shares "
            "of labels, pos_weight='balanced', calibration and regularisation come out as if there "
            "were no more. Multiply by len(sample_weight) / sum(sample_weight), for a mean of 1."
        )
    return weights


def check_held_out(held_out, weights):
    """Which samples are held out, (n_samples,), bool; None if that is not said.

    Raises ValueError if they are not as many booleans as there are weights of samples, or all
    samples of a weight above 0 are held out, or none.
    """
    if held_out is None:
        return None
    check_not_masked(held_out, "held_out")
    values = np.asarray(held_out)
    if values.ndim != 1 or values.dtype != bool:
        raise ValueError(
            "held_out must be one boolean for each sample, True where it is held out, got "
            f"{values.dtype} of shape {values.shape}. The numbers of rows make them by "
            "np.isin(np.arange(n_samples), rows)."
        )
    check_consistent_length(weights, values)
    if not weights[values].any():
        raise ValueError(
            "held_out holds no sample out, or only samples of weight 0: leave it out, or set True "
            "for some."
        )
    if not weights[~values].any():
        raise ValueError(
            "held_out leaves no sample to learn from, or only samples of weight 0: set False for "
            "some."
        )
    return values


def learned_weights(weights, held_out):
    """The weights of samples, 0 for those that are held out (bool, or None for none)."""
    return weights if held_out is None else np.where(held_out, 0.0, weights)


#: How the warning of labels without a positive begins.
NO_POSITIVE = "There is no positive to learn from"


def check_learnable(states, weights, task, held_out=None):
    """Raise ValueError if a label is annotated only in samples that nothing is learned from.

    These have a weight of 0 or are held out. Warn of labels without a positive in the others. The
    classes of a 1-D `y` may have none by weights of 0, but not because they are held out. No
    `weights` (None) are all 1, no `held_out` (bool) is all False; `task` is a LabelTask.
    """
    names, what = task.all_names, "of weight 0"
    if held_out is not None:
        weights, what = learned_weights(weights, held_out), "that are held out or of weight 0"
    if weights is not None:
        states = states[weights > 0]
    is_annotated = (states != UNKNOWN).any(axis=0)
    if not is_annotated.all():
        name = name_at(names, int(np.argmin(is_annotated)))
        raise ValueError(
            f"Label {name!r} is annotated in samples {what} only: nothing to learn from."
        )
    is_positive = (states == POSITIVE).any(axis=0)
    if held_out is None:
        is_positive[: task.n_classes] = True
    if not is_positive.all():
        others = "" if held_out is None else "hold other samples out, "
        warn(
            f"{NO_POSITIVE} for label(s) {listed(names[~is_positive])}, which will be predicted as "
            f"absent nearly everywhere. Annotate positives, {others}or leave the column(s) out."
        )


def log_odds(states, weights):
    """Log-odds (n_labels,), float32, of each label: log(positives / negatives), counted by weight.

    Always finite: one positive and one negative are added to each label.
    """
    n_positive, n_negative = (weights @ (states == value) for value in (POSITIVE, NEGATIVE))
    return np.log((n_positive + 1) / (n_negative + 1)).astype(np.float32)


def read_pos_weight(pos_weight, log_odds, names, n_labels, bound):
    """Factors (n_all_labels,), float32, of each label's loss where the label is positive.

    `pos_weight` is described in `CTranClassifier`. `log_odds`, `names` and `bound` are
    (n_all_labels,), extra labels last; `bound` marks labels under a rule, whose loss is not a sum
    over labels. Raises ValueError if a weight is not finite and above 0, their number is not that
    of the labels, a name is not a label, or the weight of a label under a rule is not 1. Also if
    every target is under a rule, unless a dict gives weights to extra labels.
    """
    weights = np.ones_like(log_odds)
    if pos_weight is None:
        return weights
    if bound.all() or (bound[:n_labels].all() and not _is_by_name(pos_weight)):
        raise ValueError(
            "pos_weight weighs labels that are trained one by one; these are classes, or under a "
            "rule. Weigh the samples instead: sample_weight. (Extra labels may be given theirs in "
            "a dict.)"
        )
    if isinstance(pos_weight, str):
        return np.where(bound, weights, np.exp(-log_odds))
    given = _weights_by_position(pos_weight, names, n_labels, bound)
    for position, value in given.items():
        _check_pos_weight(value, name_at(names, position), bound[position])
        weights[position] = value
    return weights


def _is_by_name(pos_weight):
    return isinstance(pos_weight, Mapping) or hasattr(pos_weight, "items")  # a pandas Series


def _weights_by_position(pos_weight, names, n_labels, bound):
    """Return the weights that a dict, number or sequence gives, by the position of the label."""
    if _is_by_name(pos_weight):
        return {_position(name, names): value for name, value in pos_weight.items()}
    if isinstance(pos_weight, Real):
        return dict.fromkeys(np.flatnonzero(~bound).tolist(), pos_weight)
    given = dict(enumerate(pos_weight))
    if len(given) != n_labels:
        raise ValueError(f"pos_weight has {len(given)} weights for {n_labels} labels.")
    return given


def _position(name, names):
    names = names.tolist()
    if name not in names:
        hint = did_you_mean(name, names)
        raise ValueError(f"pos_weight names {name!r}, which is not a label.{hint}")
    return names.index(name)


def _check_pos_weight(value, name, is_bound):
    if not isinstance(value, Real) or not 0 < value < np.inf:
        raise ValueError(f"pos_weight of label {name!r} must be finite and above 0, got {value!r}.")
    if is_bound and value != 1:
        raise ValueError(
            f"pos_weight of label {name!r} must be 1: labels under a rule are trained together."
        )
