"""Decision diagrams of entangled label rules: sums over all label sets that obey them."""

import torch
from torch import nn

from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE

#: The score of what cannot be: finite, for infinities turn gradients into NaN.
NEVER = -1e30


#: Diagrams may not become wider.
MAX_WIDTH = 4096


# Among the nodes of a level of a diagram, the one without any completion.
_DEAD = 0


class EntangledRulesError(ValueError):
    """Rules whose decision diagram would be too wide.

    Parameters
    ----------
    labels : tuple of int
        The positions of the labels that the rules connect.
    """

    def __init__(self, labels):
        super().__init__(f"the rules on these labels are too entangled: {labels}")
        self.labels = labels

    def __reduce__(self):
        return type(self), (self.labels,)


class Diagram(nn.Module):
    """A decision diagram of one component: each path from its root is a consistent label set.

    A level decides one label. Its nodes have two branches each, for negative and positive, to nodes
    of the next level.
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
        """Logits and states (N, L) to log-partitions (N, 1)."""
        below, _ = self._upwards(logits, states, hard)
        return below[1:].T

    @property
    def labels(self):
        """The positions of the labels, in the order in which levels decide them."""
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
        """Totals of what is below the dead node and the root, (2, N); and the levels, last first.

        Of each level the scores (2, N) and the nodes (2 * n,) of its branches, negative ones first,
        and the totals (2, n, N) of what is below these nodes.
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
            # Unlike torch.maximum, max gives one of two equal branches all of the gradient.
            total = branches.max(dim=0).values if hard else torch.logaddexp(*branches)
            below = torch.cat([dead, total])
        return below, levels


def _narrowest(labels, groups, implications, ancestors):
    """An order of the labels and the levels of its diagram, the narrower of two."""
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
    """An order that keeps all pairs (first, second), and what rules connect close together."""
    after = {label: [] for label in labels}
    n_before = dict.fromkeys(labels, 0)
    for first, second in dict.fromkeys(before):
        after[first].append(second)
        n_before[second] += 1
    groups_of = {label: [] for label in labels}
    for number, members in enumerate(groups):
        for label in members:
            groups_of[label].append(number)
    order, seen = {}, set()
    stack = [label for label in reversed(labels) if not n_before[label]]
    while stack:
        label = stack.pop()
        if label in order or n_before[label]:
            continue
        order[label] = len(order)
        for number in groups_of[label]:
            if number not in seen:
                seen.add(number)
                stack.extend(reversed(groups[number]))
        for second in reversed(after[label]):
            n_before[second] -= 1
            stack.append(second)
    if len(order) < len(labels):
        raise ValueError(f"The implications among these labels have a cycle: {labels}.")
    return tuple(order)


class _Residuals:
    """What the labels decided so far leave to the later ones.

    A residual is (later labels that must be positive, later labels that must be negative, numbers
    of exactly-one groups that still need a positive). Sets of labels are integers, one bit for each
    place in the order.
    """

    def __init__(self, order, groups, ancestors):
        self.n_labels = len(order)
        place = {label: k for k, label in enumerate(order)}
        upwards = ((label, *ancestors.get(label, ())) for label in order)
        self.above = [_bits(place[label] for label in labels) for labels in upwards]
        self.below = [0] * len(order)
        for k, above in enumerate(self.above):
            for other in _places(above):
                self.below[other] |= 1 << k
        groups = [([place[label] for label in members], exactly) for members, exactly in groups]
        self.must_have = [_bits(members) for members, exactly in groups if exactly]
        rivals = self._rivals([members for members, _ in groups])
        # All that is negative where the label is positive.
        self.excluded = [0] * len(order)
        for k, above in enumerate(self.above):
            for other in _places(above):
                self.excluded[k] |= rivals[other]

    def _rivals(self, groups):
        """The labels below a rival of each label."""
        rivals = [0] * self.n_labels
        for members in groups:
            for direction in (members, members[::-1]):
                passed = 0
                for k in direction:
                    rivals[k] |= passed
                    passed |= self.below[k]
        return rivals

    def first(self):
        """The residual before any label is decided."""
        return 0, 0, tuple(range(len(self.must_have)))

    def decide(self, residual, k, positive):
        """The residual after the k-th label is decided too; None if nothing completes it."""
        true, false, waiting = residual
        later = -1 << (k + 1)
        if positive:
            true, false = true | self.above[k], false | self.excluded[k]
        else:
            false |= self.below[k]
        while True:
            waiting = tuple(number for number in waiting if not self.must_have[number] & true)
            left = [self.must_have[number] & later & ~false for number in waiting]
            if not all(left):
                return None
            last = next((places for places in left if not places & (places - 1)), None)
            if last is None:
                break
            only = last.bit_length() - 1
            true, false = true | self.above[only], false | self.excluded[only]
        return None if true & false else (true & later, false & later, waiting)


def _grow(residuals, max_width):
    """Levels of (node after negative, node after positive); None if one has too many nodes."""
    levels, level = [], [residuals.first()]
    for k in range(residuals.n_labels):
        nodes = {None: _DEAD}
        branches = []
        for residual in level:
            after = (residuals.decide(residual, k, positive) for positive in (False, True))
            branches.append(tuple(nodes.setdefault(node, len(nodes)) for node in after))
        if len(nodes) - 1 > max_width:
            return None
        levels.append(branches)
        level = [node for node in nodes if node is not None]
    return levels


def _merge(levels):
    """Make nodes with the same branches one, and branches without a completion dead."""
    merged, places = [], [_DEAD, 1]
    for level in reversed(levels):
        nodes = {(_DEAD, _DEAD): _DEAD}
        branches = [(places[low], places[high]) for low, high in level]
        places = [_DEAD, *(nodes.setdefault(pair, len(nodes)) for pair in branches)]
        # Where no label set is consistent, the level keeps its dead node.
        merged.append(list(nodes)[1:] or list(nodes))
    return merged[::-1]


def _bits(places):
    return sum(1 << k for k in set(places))


def _places(bits):
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _logsumexp_by(values, index):
    """Logs of sums of exp(values) (S, N) of the same index (S,), from 0 to its maximum."""
    index = index[:, None].expand_as(values)
    largest = values.new_full((int(index.max()) + 1, values.shape[1]), NEVER)
    largest = largest.scatter_reduce(0, index, values, "amax")
    sums = torch.zeros_like(largest).scatter_add(
        0, index, (values - largest.gather(0, index)).exp()
    )
    return torch.where(sums > 0, largest + sums.log(), NEVER)


def like(tensor, other):
    """A tensor on the device of another."""
    return tensor.to(other.device)


def take(table, columns):
    """Columns (S,) of a table (B, L): (B, S)."""
    return table.index_select(1, columns)
