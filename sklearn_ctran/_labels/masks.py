"""Label mask training: which annotated labels training shows, and which it hides."""

import math
from numbers import Real

import torch

from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN


def sample_label_states(
    true_states,
    unknown_fraction,
    generator,
    *,
    n_extra=0,
    extra_unknown_fraction=None,
    hide_positives=False,
    lead=None,
    tie=0.0,
):
    """Draw which labels training hides: label mask training (paper, section 3.4).

    For each sample, n is uniform over the integers in [low * L, high * L], and n of the L targets,
    chosen uniformly, are hidden; (low, high) is `unknown_fraction`, (0.25, 1.0) in the paper. None
    hides everything (the paper's "no LMT"). The last `n_extra` labels are extra labels. They are
    drawn independently of the targets: in half of the samples all of them are hidden, in the others
    any number. At prediction, all or none of them may be known, whatever is known of the targets.
    With an `extra_unknown_fraction` they are drawn by it, as the targets are by theirs.

    `true_states` is (batch, n_labels), int8; `generator` is on its device. `hide_positives` always
    hides positive labels: a shown positive class leaves nothing to predict. `tie` is the
    probability, drawn for each sample and group, that all labels of a group are hidden, or shown,
    as its first label is; `lead` is from :func:`leads`.

    Returns `shown` (batch, n_labels), int8, the true states of shown labels and -1 elsewhere, and
    `hidden` (batch, n_labels), bool, the labels to be predicted: annotated but not shown.
    """
    n_samples, n_labels = true_states.shape
    if unknown_fraction is None:
        hidden = torch.ones_like(true_states, dtype=torch.bool)
    else:
        rand = {"generator": generator, "device": true_states.device}
        low, high = hidden_counts(unknown_fraction, n_labels - n_extra)
        hidden = _choose(n_samples, n_labels - n_extra, low, high, rand)
        if n_extra:
            if extra_unknown_fraction is None:
                hidden_extra = _choose(n_samples, n_extra, 0, n_extra, rand)
                hidden_extra |= torch.rand(n_samples, 1, **rand) < 0.5
            else:
                low, high = hidden_counts(extra_unknown_fraction, n_extra)
                hidden_extra = _choose(n_samples, n_extra, low, high, rand)
            hidden = torch.cat([hidden, hidden_extra], dim=1)
        if lead is not None:
            # All labels of a group use the draw of its first label.
            is_tied = torch.rand(n_samples, n_labels, **rand)[:, lead] < tie
            hidden = torch.where(is_tied, hidden[:, lead], hidden)
        if hide_positives:
            hidden |= true_states == POSITIVE
    shown = true_states.masked_fill(hidden, UNKNOWN)
    return shown, hidden & (true_states != UNKNOWN)


def _choose(n_samples, n_labels, low, high, rand):
    """Choose, for each sample, low to high of the labels: (n_samples, n_labels), bool."""
    n_hidden = torch.randint(low, high + 1, (n_samples, 1), **rand)
    # The rank of each label in a random order: the first n labels are chosen.
    rank = torch.rand(n_samples, n_labels, **rand).argsort(dim=1).argsort(dim=1)
    return rank < n_hidden


def leads(groups, n_labels):
    """Position (n_labels,), int64, of the first label of each label's group.

    A label in no group is its own lead. `groups` has disjoint sequences of positions.
    """
    lead = torch.arange(n_labels)
    for members in groups:
        lead[list(members)] = members[0]
    return lead


def hidden_counts(unknown_fraction, n_labels):
    """Return the least and the greatest number of labels to hide, both at least 1."""
    low, high = (share * n_labels for share in unknown_fraction)
    low = max(1, math.ceil(low - 1e-9))
    return low, max(low, math.floor(high + 1e-9))


def check_unknown_fraction(fraction, name="unknown_fraction"):
    """Raise ValueError unless `fraction` is None or a pair of shares, the lower one first.

    `name` is the argument's, for errors.
    """
    if fraction is None:
        return
    is_pair = isinstance(fraction, (tuple, list)) and len(fraction) == 2
    are_numbers = is_pair and all(isinstance(share, Real) for share in fraction)
    if not are_numbers or not 0 <= fraction[0] <= fraction[1] <= 1:
        raise ValueError(
            f"{name} must be None or a pair (low, high) with 0 <= low <= high <= 1, "
            f"got {fraction!r}."
        )
