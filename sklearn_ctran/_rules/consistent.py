"""Exact probabilities of labels that exclude or imply one another."""

import torch
from torch import nn

from sklearn_ctran._rules.diagram import (
    MAX_NODES,
    NEVER,
    Diagram,
    EntangledRulesError,
    like,
    take,
)
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN

#: A log-partition below this means that no consistent label set is left.
CONTRADICTION = -1e29


class ConsistentLabels(nn.Module):
    """The distribution over label sets that obey exclusive groups and implications.

    A label set y is consistent if it obeys all rules and agrees with the known states. Its
    probability is then proportional to exp(sum of z_i y_i), where z are the logits. Labels under no
    rule are left out. Logits are (batch, n_labels), float, or (..., batch, n_labels) where a method
    says so; states are (batch, n_labels), int8.

    Parameters
    ----------
    n_labels : int
    exclusive : sequence of (tuple of int, bool)
        Positions of labels of which at most one is positive, or exactly one if the bool is True.
    implications : sequence of (int, int)
        Positions (child, parent): if the child is positive, so is the parent. No cycles.

    Attributes
    ----------
    given_implications, implications : list of (int, int)
        The pairs as they were given, and all pairs of a label and what it implies, directly or not.
    components : list of tuple of int
        Positions of labels that rules connect, ordered by the first one.
    bound, can_be_positive : tensor of shape (n_labels,), bool
        Labels under a rule; labels that are positive in some consistent label set.

    Raises EntangledRulesError if sums over the label sets of a component are too costly.
    """

    def __init__(self, n_labels, exclusive, implications):
        super().__init__()
        self.n_labels = n_labels
        self.exclusive = [(tuple(members), bool(exactly)) for members, exactly in exclusive]
        self.given_implications = [tuple(pair) for pair in implications]
        ancestors = _ancestors(implications)
        self.implications = [(child, above) for child in ancestors for above in ancestors[child]]
        self.components = _components(
            [members for members, _ in self.exclusive] + [tuple(pair) for pair in implications]
        )
        if not self.components:
            raise ValueError("There are no rules: neither exclusive groups nor implications.")
        self._index_rules()
        self._build_parts(implications, ancestors)

    def _index_rules(self):
        """Register the rules as tensors of positions, for :meth:`propagate`."""
        groups = enumerate(self.exclusive)
        flat = [(i, group, len(m) - 1 if one else -1) for group, (m, one) in groups for i in m]
        # Of each membership: label, group, and the number of negative rivals that make the label
        # positive (-1: no number does).
        members, group, decisive = torch.tensor(flat, dtype=torch.long).reshape(-1, 3).T
        pairs = torch.tensor(self.implications, dtype=torch.long).reshape(-1, 2)
        bound = torch.zeros(self.n_labels, dtype=torch.bool)
        bound[[i for component in self.components for i in component]] = True
        tensors = {"members": members, "group": group, "decisive": decisive, "bound": bound}
        for name, tensor in (tensors | {"below": pairs[:, 0], "above": pairs[:, 1]}).items():
            self.register_buffer(name, tensor.contiguous(), persistent=False)

    def _build_parts(self, implications, ancestors):
        """Make the modules that sum over label sets, each for one or several components."""
        by_size, diagrams, n_nodes = {}, {}, 0
        for number, (labels, groups, pairs) in enumerate(self._split_rules(implications)):
            if len(groups) == 1 and not pairs:
                by_size.setdefault(len(labels), {})[number] = groups[0]
            else:
                diagrams[number] = Diagram(labels, groups, pairs, ancestors)
                n_nodes += sum(diagrams[number].sizes) // 2
                if n_nodes > MAX_NODES:
                    raise EntangledRulesError(labels)
        groups = [_Groups(same.values()) for same in by_size.values()]
        self.parts = nn.ModuleList([*groups, *diagrams.values()])
        columns = [*(number for same in by_size.values() for number in same), *diagrams]
        self.register_buffer("columns", torch.tensor(columns).argsort(), persistent=False)
        possible = torch.ones(self.n_labels, dtype=torch.bool)
        for diagram in diagrams.values():
            possible[diagram.order] = diagram.can_be_positive
        self.register_buffer("can_be_positive", possible, persistent=False)

    def _split_rules(self, implications):
        """Return (labels, exclusive groups, implications) of each component."""
        rules = [(labels, [], []) for labels in self.components]
        rules_of = {label: each for each in rules for label in each[0]}
        for members, exactly in self.exclusive:
            rules_of[members[0]][1].append((members, exactly))
        for child, parent in implications:
            rules_of[child][2].append((child, parent))
        return rules

    def propagate(self, states):
        """Add the states that known states imply, by unit propagation.

        Known states stay as they are, also in rows that contradict the rules.
        """
        while True:
            extended = torch.where(states == UNKNOWN, self._implied(states), states)
            if torch.equal(extended, states):
                return extended
            states = extended

    def _implied(self, states):
        """States (B, L) that a single rule implies; unknown where none does."""
        members, below, above = (like(t, states) for t in (self.members, self.below, self.above))
        positive, negative = (states == POSITIVE).int(), (states == NEGATIVE).int()
        # An unknown label adds nothing to these sums, so they are sums over its rivals.
        excluded = self._sum_over_group(take(positive, members)) > 0
        left_over = self._sum_over_group(take(negative, members)) == like(self.decisive, states)
        n = self.n_labels
        becomes_positive = _sum_by(left_over.int(), members, n)
        becomes_positive += _sum_by(take(positive, below), above, n)
        becomes_negative = _sum_by(excluded.int(), members, n)
        becomes_negative += _sum_by(take(negative, above), below, n)
        implied = torch.full_like(states, UNKNOWN)
        implied[becomes_negative > 0] = NEGATIVE
        implied[becomes_positive > 0] = POSITIVE
        return implied

    def _sum_over_group(self, values):
        """For each membership (B, S), the sum over all members of its group (B, S)."""
        group = like(self.group, values)
        return take(_sum_by(values, group, len(self.exclusive)), group)

    def contradictions(self, states):
        """Components without a consistent label set in each row, (batch, n_components), bool."""
        logits = torch.zeros(1, 1, device=states.device).expand(states.shape)
        return self.log_partition(logits, states) < CONTRADICTION

    def log_partition(self, logits, states, hard=False):
        """Log of the sum of exp(sum of z_i y_i) over the consistent label sets y of each component.

        `logits` are (..., batch, n_labels), the result is (..., batch, n_components): -1e30 where
        no label set is consistent. `hard` takes the greatest summand instead of the sum.
        """
        rows = logits.to(torch.promote_types(logits.dtype, torch.float32))
        rows = rows.reshape(-1, self.n_labels)
        states = states.expand(logits.shape).reshape(-1, self.n_labels)
        total = torch.cat([part(rows, states, hard) for part in self.parts], dim=1)
        total = take(total, like(self.columns, total))
        # Filling also removes the gradient, which is meaningless for a contradiction.
        total = total.masked_fill(total < CONTRADICTION, NEVER)
        return total.reshape(*logits.shape[:-1], len(self.components))

    def nll(self, logits, states, targets):
        """Negative log-likelihood of `targets`, the annotated states, given the known ones.

        `targets` is -1 where a label was not annotated. `logits` are (..., batch, n_labels), the
        result is (..., batch, n_components).
        """
        completed = torch.where(targets == UNKNOWN, states, targets)
        return self.log_partition(logits, states) - self.log_partition(logits, completed)

    def count_components(self, labels):
        """Count, over all rows, components that contain one of `labels` (batch, n_labels), bool."""
        found = [labels[:, component].any(dim=1).sum() for component in self.components]
        return torch.stack(found).sum()

    def marginals(self, logits, states):
        """Probabilities of labels under a rule, (batch, n_labels), float32; 0 for other labels.

        No label is more probable than a label that it implies, to the last bit.
        """
        proba = self._below_parents(self._gradient(logits, states, hard=False).clamp(0, 1))
        states = self.propagate(states)
        is_known = (states != UNKNOWN) & like(self.bound, states)
        return torch.where(is_known, states.to(proba), proba).float()

    def log_marginals(self, logits, states):
        """Log-partitions (2, batch, n_labels), float64, with each label negative, and positive.

        Their difference is the logit of the label's probability, exact also very close to 0 or 1.
        They are about -1e30 or less where no label set is consistent, and 0 for labels under no
        rule.
        """
        logits = logits.double()
        totals = logits.new_zeros(2, *logits.shape)
        for part in self.parts:
            totals[..., part.labels] = part.log_marginals(logits, states)
        return totals

    def logits(self, logits, states):
        """Logits of :meth:`marginals`, float64; those of labels under no rule stay as they are.

        No label has a higher logit than a label that it implies. Infinite where only one state is
        consistent.
        """
        negative, positive = self.log_marginals(logits, states)
        odds = positive - negative
        odds = odds.masked_fill(negative < CONTRADICTION, torch.inf)
        odds = odds.masked_fill(positive < CONTRADICTION, -torch.inf)
        return torch.where(like(self.bound, odds), self._below_parents(odds), logits.double())

    def _below_parents(self, values):
        """Lower values (B, L) of labels to those of the labels they imply, against rounding."""
        below, above = like(self.below, values), like(self.above, values)
        return values.scatter_reduce(1, below.expand(len(values), -1), take(values, above), "amin")

    def most_probable(self, logits, states):
        """The most probable consistent label set, int8; 0 for labels under no rule."""
        return self._gradient(logits, states, hard=True).round().to(torch.int8)

    @torch.inference_mode(False)
    @torch.enable_grad()
    def _gradient(self, logits, states, hard):
        """Gradient of the log-partition: expected labels, or those of the greatest summand."""
        # Apple's GPUs have no float64.
        dtype = torch.float32 if logits.device.type == "mps" else torch.float64
        logits = logits.detach().to(dtype, copy=True).requires_grad_()
        total = self.log_partition(logits, states, hard).sum()
        return torch.autograd.grad(total, logits)[0]


class _Groups(nn.Module):
    """Exclusive groups of one size that share no label with another rule: softmaxes."""

    def __init__(self, groups):
        super().__init__()
        members, exactly_one = zip(*groups, strict=True)
        self.register_buffer("members", torch.tensor(members), persistent=False)
        self.register_buffer("exactly_one", torch.tensor(exactly_one)[:, None], persistent=False)

    def forward(self, logits, states, hard):
        """Return the log-partitions (N, groups) of logits and states (N, L)."""
        scores = self._scores(logits, states)
        return scores.max(dim=-1).values if hard else scores.logsumexp(dim=-1)

    @property
    def labels(self):
        """Positions of the members, group by group."""
        return self.members.flatten()

    def log_marginals(self, logits, states):
        """Log-partitions (2, N, labels) with a label negative, and with it positive."""
        scores = self._scores(logits, states)
        # With a label negative, the other label sets are left: those before and those after it.
        before = scores[..., :-2].logcumsumexp(dim=-1)
        after = scores[..., 1:].flip(-1).logcumsumexp(dim=-1).flip(-1)
        before = torch.cat([torch.full_like(after[..., :1], NEVER), before], dim=-1)
        return torch.stack([torch.logaddexp(before, after), scores[..., :-1]]).flatten(-2)

    def _scores(self, logits, states):
        """Scores (N, groups, members + 1) of label sets with one member positive; last, none."""
        members = like(self.members, logits)
        scores, known = (
            take(table, members.flatten()).unflatten(1, members.shape) for table in (logits, states)
        )
        positive = known == POSITIVE
        n_positive = positive.sum(dim=-1, keepdim=True)
        ruled_out = (known == NEGATIVE) | (n_positive > positive)
        no_member = torch.zeros_like(scores[..., :1]).masked_fill(
            (n_positive > 0) | like(self.exactly_one, logits), NEVER
        )
        return torch.cat([scores.masked_fill(ruled_out, NEVER), no_member], dim=-1)


def _components(rules):
    """Return the labels that rules (tuples of labels) connect, as sorted tuples."""
    component = {}
    for members in rules:
        found = _distinct(component[label] for label in members if label in component)
        joined = max(found, key=len, default=set())
        for labels in (members, *(other for other in found if other is not joined)):
            joined.update(labels)
            component.update(dict.fromkeys(labels, joined))
    return sorted(tuple(sorted(labels)) for labels in _distinct(component.values()))


def _distinct(sets):
    return {id(labels): labels for labels in sets}.values()


def _ancestors(implications):
    """For each child, return all labels that it implies, directly or not."""
    parents = {}
    for child, parent in implications:
        parents.setdefault(child, []).append(parent)
    ancestors = {}
    for child in parents:
        found, stack = {}, list(parents[child])
        while stack:
            label = stack.pop()
            if label not in found:
                found[label] = None
                stack.extend(parents.get(label, ()))
        ancestors[child] = tuple(found)
    return ancestors


def _sum_by(values, index, n):
    """Sum the columns of values (B, S) that have the same index (S,): (B, n)."""
    return values.new_zeros(len(values), n).scatter_add_(1, index.expand(len(values), -1), values)
