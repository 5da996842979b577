"""Decision diagrams of entangled label rules: sums over all label sets that obey them."""

import functools
import operator

import torch
from torch import nn

from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE

#: The score of what is impossible. Finite, because infinities turn gradients into NaN.
NEVER = -1e30

#: The greatest number of nodes in a level of a diagram.
MAX_WIDTH = 4096

#: And in all levels of all diagrams: to build them takes seconds, and 200 MB.
MAX_NODES = 1 << 20

# The number, in every level, of the node from which no path is consistent.
_DEAD = 0


class EntangledRulesError(ValueError):
    """The decision diagram of the rules that connect `labels` (positions) would be too wide."""

    def __init__(self, labels):
        super().__init__(f"the rules on these labels are too entangled: {labels}")
        self.labels = labels

    def __reduce__(self):
        return type(self), (self.labels,)


class Diagram(nn.Module):
    """A decision diagram of one component: each path from its root is a consistent label set.

    Each level decides one label. A node has two branches to nodes of the next level: one where the
    label is negative, one where it is positive.
    """

    def __init__(self, labels, groups, implications, ancestors):
        super().__init__()
        order, levels = _narrowest(labels, groups, implications, ancestors)
        self.can_be_positive = torch.tensor(
            [any(high != _DEAD for _, high in level) for level in levels]
        )
        self.sizes = [2 * len(level) for level in levels]
        next_nodes = torch.cat([torch.tensor(level).T.flatten() for level in levels])
        self.register_buffer("order", torch.tensor(order), persistent=False)
        self.register_buffer("next_nodes", next_nodes, persistent=False)

    def forward(self, logits, states, hard):
        """Return the log-partitions (N, 1) of logits and states (N, L)."""
        below, _ = self._upwards(logits, states, hard)
        return below[1:].T

    @property
    def labels(self):
        """Positions of the labels, in the order of the levels."""
        return self.order

    def log_marginals(self, logits, states):
        """Log-partitions (2, N, labels) with a label negative, and with it positive."""
        _, levels = self._upwards(logits, states, hard=False)
        above = logits.new_zeros(1, len(logits))
        totals = []
        for score, nodes, below in reversed(levels):
            to_here = above + score[:, None]
            totals.append((to_here + below).logsumexp(dim=1))
            above = _logsumexp_by(to_here.flatten(0, 1), nodes)[1:]
        return torch.stack(totals, dim=-1)

    def _upwards(self, logits, states, hard):
        """Return the totals (2, N) below the dead node and the root, and the levels, last first.

        A level is (scores (2, N) of its branches, negative ones first, the nodes (2 * n,) they lead
        to, and the totals (2, n, N) below these nodes).
        """
        order = like(self.order, logits)
        scores, known = take(logits, order).T, take(states, order).T
        ruled_out = torch.stack([known == POSITIVE, known == NEGATIVE], dim=1)
        scores = torch.stack([torch.zeros_like(scores), scores], dim=1)
        scores = scores.masked_fill(ruled_out, NEVER).unbind()
        next_nodes = like(self.next_nodes, logits).split(self.sizes)
        dead = logits.new_full((1, len(logits)), NEVER)
        below = torch.cat([dead, torch.zeros_like(dead)])
        levels = []
        for score, nodes in zip(reversed(scores), reversed(next_nodes), strict=True):
            after = below.index_select(0, nodes).unflatten(0, (2, -1))
            levels.append((score, nodes, after))
            branches = after + score[:, None]
            # If two branches are equal, max gives the whole gradient to one; torch.maximum to both.
            total = branches.max(dim=0).values if hard else torch.logaddexp(*branches)
            below = torch.cat([dead, total])
        return below, levels


def _narrowest(labels, groups, implications, ancestors):
    """Try two orders of the labels; return the one with the narrower diagram, and its levels."""
    pairs = {"parents first": [(p, c) for c, p in implications], "children first": implications}
    best, width = None, MAX_WIDTH
    for before in pairs.values():
        order = _depth_first(labels, [members for members, _ in groups], before)
        levels = _grow(_Residuals(order, groups, ancestors), width)
        if levels is not None:
            best, width = (order, _merge(levels)), max(map(len, levels)) - 1
    if best is None:
        raise EntangledRulesError(labels)
    return best


def _depth_first(labels, groups, before):
    """Order labels so that `first` precedes `second` in all pairs of `before`.

    Labels that rules connect come close together.
    """
    after, n_before = _successors(labels, before)
    groups_of = _memberships(labels, groups)
    unseen = dict(enumerate(groups))
    order = {}
    stack = [label for label in reversed(labels) if not n_before[label]]
    while stack:
        label = stack.pop()
        if label in order or n_before[label]:
            continue
        order[label] = len(order)
        for number in groups_of[label]:
            stack.extend(reversed(unseen.pop(number, ())))
        for second in reversed(after[label]):
            n_before[second] -= 1
            stack.append(second)
    if len(order) < len(labels):
        raise ValueError(f"The implications among these labels have a cycle: {labels}.")
    return tuple(order)


def _successors(labels, pairs):
    """Return the labels that follow each one, and how many precede it, by pairs (first, second)."""
    after = {label: [] for label in labels}
    n_before = dict.fromkeys(labels, 0)
    for first, second in dict.fromkeys(pairs):
        after[first].append(second)
        n_before[second] += 1
    return after, n_before


def _memberships(labels, groups):
    """Return the numbers of the groups that each label is in."""
    groups_of = {label: [] for label in labels}
    for number, members in enumerate(groups):
        for label in members:
            groups_of[label].append(number)
    return groups_of


class _Residuals:
    """What the labels decided so far leave to the later ones.

    A residual is (later labels that must be positive, later labels that must be negative, numbers
    of exactly-one groups that still need a positive). Sets of labels are integers with one bit for
    each place in the order.
    """

    def __init__(self, order, groups, ancestors):
        self.n_labels = len(order)
        place = {label: k for k, label in enumerate(order)}
        groups = [([place[label] for label in members], exactly) for members, exactly in groups]
        self.must_have = [_bits(members) for members, exactly in groups if exactly]
        # Of each label, all that is positive if it is; all that is negative if it is negative; and
        # all that is negative if it is positive. The first two contain the label itself.
        self.above = [
            _bits(place[other] for other in (label, *ancestors.get(label, ()))) for label in order
        ]
        self.below = _transpose(self.above)
        rivals = self._rivals([members for members, _ in groups])
        self.excluded = [_union(rivals[k] for k in _places(above)) for above in self.above]

    def _rivals(self, groups):
        """For each label, return the labels that are, or imply, a rival in one of its groups."""
        rivals = [0] * self.n_labels
        for members in groups:
            for direction in (members, members[::-1]):
                passed = 0
                for k in direction:
                    rivals[k] |= passed
                    passed |= self.below[k]
        return rivals

    def first(self):
        """Return the residual before any label is decided."""
        return 0, 0, tuple(range(len(self.must_have)))

    def decide(self, residual, k, positive):
        """Return the residual after the k-th label is decided too; None if nothing completes it."""
        true, false, waiting = residual
        later = -1 << (k + 1)
        if positive:
            true, false = true | self.above[k], false | self.excluded[k]
        else:
            false |= self.below[k]
        while True:
            waiting = tuple(number for number in waiting if not self.must_have[number] & true)
            choices = [self.must_have[number] & later & ~false for number in waiting]
            if not all(choices):
                return None
            only = _only_place(choices)
            if only is None:
                return None if true & false else (true & later, false & later, waiting)
            true, false = true | self.above[only], false | self.excluded[only]


def _only_place(choices):
    """Return the place of the first set that has just one; None if all have several."""
    for places in choices:
        if not places & (places - 1):
            return places.bit_length() - 1
    return None


def _grow(residuals, max_width):
    """Levels of (node after negative, node after positive); None if there are too many nodes."""
    levels, level, n_nodes = [], [residuals.first()], 0
    for k in range(residuals.n_labels):
        nodes = {None: _DEAD}
        branches = []
        for residual in level:
            after = (residuals.decide(residual, k, positive) for positive in (False, True))
            branches.append(tuple(nodes.setdefault(node, len(nodes)) for node in after))
        n_nodes += len(nodes)
        if len(nodes) - 1 > max_width or n_nodes > MAX_NODES:
            return None
        levels.append(branches)
        level = [node for node in nodes if node is not None]
    return levels


def _merge(levels):
    """Merge nodes with the same branches; nodes that cannot be completed become the dead one."""
    merged, places = [], [_DEAD, 1]
    for level in reversed(levels):
        nodes = {(_DEAD, _DEAD): _DEAD}
        branches = [(places[low], places[high]) for low, high in level]
        places = [_DEAD, *(nodes.setdefault(pair, len(nodes)) for pair in branches)]
        # If no label set is consistent, the level keeps its dead node.
        merged.append(list(nodes)[1:] or list(nodes))
    return merged[::-1]


def _bits(places):
    """Return a set of places as bits."""
    return sum(1 << k for k in set(places))


def _union(sets):
    return functools.reduce(operator.or_, sets, 0)


def _transpose(sets):
    """For each place, return the places whose set contains it."""
    transposed = [0] * len(sets)
    for k, places in enumerate(sets):
        for other in _places(places):
            transposed[other] |= 1 << k
    return transposed


def _places(bits):
    """Yield the places of a set given as bits."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _logsumexp_by(values, index):
    """Logsumexp of the rows of values (S, N) that have the same index (S,): (max + 1, N)."""
    index = index[:, None].expand_as(values)
    largest = values.new_full((int(index.max()) + 1, values.shape[1]), NEVER)
    largest = largest.scatter_reduce(0, index, values, "amax")
    sums = torch.zeros_like(largest).scatter_add(
        0, index, (values - largest.gather(0, index)).exp()
    )
    return torch.where(sums > 0, largest + sums.log(), NEVER)


def like(tensor, other):
    """Return a tensor on the device of another."""
    return tensor.to(other.device)


def take(table, columns):
    """Return the columns (S,) of a table (B, L): (B, S)."""
    return table.index_select(1, columns)
