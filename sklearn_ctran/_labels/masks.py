"""The masks of label mask training."""

import math
from numbers import Real

import torch

from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN


def sample_label_states(
    targets,
    unknown_fraction,
    generator,
    *,
    n_extra=0,
    hide_positives=False,
    lead=None,
    tie=0.0,
):
    """Draw which labels training hides: label mask training (paper, section 3.4).

    For each sample, n is uniform over the integers of [low * L, high * L], and the n hidden labels
    are a uniform choice among all L. Of extra labels, whatever is hidden of the others, all are
    hidden in half of the samples, and any number in the rest: at prediction, none may be known, or
    all of them while nothing else is.

    Parameters
    ----------
    targets : torch.Tensor of shape (batch, n_labels), int8
        1 positive, 0 negative, -1 not annotated.
    unknown_fraction : (float, float) or None
        The range of the hidden share, (0.25, 1.0) in the paper. None hides everything (the
        paper's "no LMT").
    generator : torch.Generator
        The source of randomness, on the device of `targets`.
    n_extra : int
        How many of the labels, the last ones, are extra labels.
    hide_positives : bool
        Labels are classes, and the one that is positive is always hidden: shown, it would leave
        nothing to predict.
    lead : torch.Tensor of shape (n_labels,), int64, optional
        The first label of each label's group; its own position where it is in none.
    tie : float
        Probability that a group of a sample is hidden or shown as its first label is.

    Returns
    -------
    states : torch.Tensor of shape (batch, n_labels), int8
        What the model is told: the target of a shown label, -1 elsewhere.
    hidden : torch.Tensor of shape (batch, n_labels), bool
        The labels to be predicted: hidden ones that are annotated.
    """
    n_samples, n_labels = targets.shape
    if unknown_fraction is None:
        hidden = torch.ones_like(targets, dtype=torch.bool)
    else:
        rand = {"generator": generator, "device": targets.device}
        low, high = hidden_counts(unknown_fraction, n_labels - n_extra)
        hidden = _choose(n_samples, n_labels - n_extra, low, high, rand)
        if n_extra:
            hidden_extra = _choose(n_samples, n_extra, 0, n_extra, rand)
            hidden_extra |= torch.rand(n_samples, 1, **rand) < 0.5
            hidden = torch.cat([hidden, hidden_extra], dim=1)
        if lead is not None:
            # One draw a group: that of its first label.
            is_tied = torch.rand(n_samples, n_labels, **rand)[:, lead] < tie
            hidden = torch.where(is_tied, hidden[:, lead], hidden)
        if hide_positives:
            hidden |= targets == POSITIVE
    states = targets.masked_fill(hidden, UNKNOWN)
    return states, hidden & (targets != UNKNOWN)


def _choose(n_samples, n_labels, low, high, rand):
    """For each sample, at random, low to high of the labels: (n_samples, n_labels), bool."""
    n_hidden = torch.randint(low, high + 1, (n_samples, 1), **rand)
    # The rank of each label in a random order: the first n are hidden.
    rank = torch.rand(n_samples, n_labels, **rand).argsort(dim=1).argsort(dim=1)
    return rank < n_hidden


def leads(groups, n_labels):
    """The first label of each label's group, its own position where it is in none.

    Parameters
    ----------
    groups : iterable of sequences of int
        Positions of labels; disjoint.
    n_labels : int

    Returns
    -------
    lead : torch.Tensor of shape (n_labels,), int64
    """
    lead = torch.arange(n_labels)
    for members in groups:
        lead[list(members)] = members[0]
    return lead


def hidden_counts(unknown_fraction, n_labels):
    """The least and the greatest number of labels to hide, both at least 1.

    Parameters
    ----------
    unknown_fraction : (float, float)
        Shares with 0 <= low <= high <= 1.
    n_labels : int

    Returns
    -------
    low, high : int
    """
    low, high = (share * n_labels for share in unknown_fraction)
    low = max(1, math.ceil(low - 1e-9))
    return low, max(low, math.floor(high + 1e-9))


def check_unknown_fraction(fraction):
    """Raise a ValueError unless it is None or a pair of shares, the lower one first."""
    if fraction is None:
        return
    are_numbers = all(isinstance(share, Real) for share in fraction)
    if not are_numbers or len(fraction) != 2 or not 0 <= fraction[0] <= fraction[1] <= 1:
        raise ValueError(
            "unknown_fraction must be None or a pair (low, high) with 0 <= low <= high <= 1, "
            f"got {fraction!r}."
        )
