"""Known labels and exclusive groups in operations that can be exported."""

import numpy as np
import torch
from torch import nn

from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN

_LARGEST = float(np.finfo(np.float32).max)


class RulesGraph(nn.Module):
    """What a LabelTask makes of logits and states, for groups of labels that exclude each other.

    Raises ValueError for rules that cannot be exported: implications, and groups with a label in
    common.
    """

    def __init__(self, task):
        super().__init__()
        self.n_targets, self.n_classes = task.n_labels, task.n_classes
        rules = task.rules.consistent
        self.groups = [] if rules is None else _disjoint_groups(rules)

    def propagated(self, states):
        """States (n, n_all_labels) with those that they imply, by groups."""
        for members, exactly_one in self.groups:
            own = states[:, members]
            has_positive = (own == POSITIVE).any(dim=1, keepdim=True)
            own = torch.where(has_positive & (own == UNKNOWN), NEGATIVE, own)
            if exactly_one:
                is_last = (own == NEGATIVE).sum(dim=1, keepdim=True) == len(members) - 1
                own = torch.where(is_last & (own == UNKNOWN), POSITIVE, own)
            states = _with_columns(states, members, own.to(states.dtype))
        return states

    def forward(self, logits, states):
        """Probabilities and logits of targets; then those of extra labels, if there are any."""
        proba = torch.sigmoid(logits)
        for members, exactly_one in self.groups:
            own = logits[:, members].masked_fill(states[:, members] == NEGATIVE, -torch.inf)
            none = torch.full_like(own[:, :1], -torch.inf if exactly_one else 0.0)
            every = torch.cat([own, none], dim=1).log_softmax(dim=1)[:, :-1]
            proba = _with_columns(proba, members, every.exp())
            is_classes = self.n_classes > 0 and members[0] == 0
            own = own if is_classes else _log_odds(own, none)
            logits = _with_columns(logits, members, own)
        is_known = states != UNKNOWN
        known = states.to(proba.dtype)
        proba = torch.where(is_known, known, proba)
        logits = torch.where(is_known, _LARGEST * (2 * known - 1), logits)
        logits = logits.clamp(-_LARGEST, _LARGEST)
        n = self.n_targets
        extra = (proba[:, n:], logits[:, n:]) if proba.shape[1] > n else ()
        return proba[:, :n], logits[:, :n], *extra


def _disjoint_groups(rules):
    """Lists of the positions of the labels of each group, and whether exactly one is positive."""
    if rules.implications:
        raise ValueError(
            "The model has implications between labels (implies=...), which cannot be exported. "
            "Fit it without them, and correct what it predicts afterwards."
        )
    groups = [(list(members), exactly_one) for members, exactly_one in rules.exclusive]
    members = [i for each, _ in groups for i in each]
    if len(set(members)) < len(members):
        raise ValueError(
            "Two of the model's exclusive_groups have a label in common, which cannot be exported. "
            "Fit it with groups that share no label."
        )
    return groups


def _log_odds(own, none):
    """The logit of each label's marginal, from logits (n, m) and that of no label (n, 1)."""
    m = int(own.shape[1])
    others = own[:, None].expand(-1, m, -1).masked_fill(torch.eye(m, dtype=torch.bool), -torch.inf)
    others = torch.cat([others, none[:, None].expand(-1, m, -1)], dim=2)
    return own - others.logsumexp(dim=2)


def _with_columns(table, columns, values):
    """A table (n, L) with other values (n, m) in some columns."""
    n_labels = int(table.shape[1])
    source = torch.arange(n_labels)
    source[columns] = torch.arange(n_labels, n_labels + len(columns))
    return torch.cat([table, values], dim=1)[:, source]
