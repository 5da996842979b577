"""Label groups, exclusive groups and implications: from the user's parameters to LabelRules."""

from collections.abc import Hashable, Mapping
from numbers import Integral

import numpy as np
import torch

from sklearn_ctran._rules.consistent import ConsistentLabels
from sklearn_ctran._rules.diagram import EntangledRulesError
from sklearn_ctran._rules.label_rules import LabelRules
from sklearn_ctran._utils.names import did_you_mean, listed, name_at
from sklearn_ctran.modules.label_states import UNKNOWN

_MODES = {"at_most_one": False, "exactly_one": True}

_GROUPS_FORM = 'a dict like {"weather": ["sun", "rain", "snow"]}'

_EXCLUSIVE_FORM = (
    'a list like ["weather", ["day", "night"]], whose items are names of label_groups or lists of '
    'labels, or a dict like {"weather": "exactly_one", ("day", "night"): "at_most_one"}'
)

_IMPLIES_FORM = 'a dict from child to parent(s) like {"cat": "animal", "bus": ["vehicle", "large"]}'


def read_rules(names, label_groups=None, exclusive_groups=None, implies=None, classes=0):
    """Read, as LabelRules, which labels belong together, exclude or imply each other.

    The parameters are those of `CTranClassifier`; `classes` is the number of classes of a 1-D `y`,
    which are the first labels: exactly one is positive. A label is given by its name or by its
    position; a name takes precedence. If a label's name is an integer other than its position,
    positions are not accepted at all.

    Raises TypeError if a parameter is not of an accepted form, and ValueError if a label or group
    is unknown, rules contradict each other, or they are too entangled.
    """
    labels = Labels(names)
    groups = _read_groups(label_groups, labels)
    # A group that is given twice counts once, in the stricter mode: groups that share no label with
    # another rule are much faster to evaluate.
    exclusive = {tuple(range(classes)): True} if classes else {}
    for members, exactly_one in _read_exclusive(exclusive_groups, groups, labels):
        members = tuple(sorted(members))
        exclusive[members] = exclusive.get(members, False) or exactly_one
    implications = _read_implies(implies, labels)
    consistent = None
    if exclusive or implications:
        consistent = _combine(list(exclusive.items()), implications, names)
    return LabelRules(names, groups, consistent, classes)


class Labels:
    """Finds the positions of labels that are given by name or position."""

    def __init__(self, names):
        self.names = names
        self._positions = {name: i for i, name in enumerate(names.tolist())}
        numbers = {name: i for name, i in self._positions.items() if _is_number(name)}
        # Where labels have other numbers as names, a number is ambiguous: it is a name.
        self._by_position = all(name == i for name, i in numbers.items())

    def find(self, label):
        """Return the position of a label, None if there is no such label."""
        if not isinstance(label, Hashable):
            return None
        position = self._positions.get(label)
        # To Python, True is 1: a boolean finds only a label whose name is a boolean.
        is_bool = isinstance(label, (bool, np.bool_))
        if position is not None and is_bool <= isinstance(name_at(self.names, position), bool):
            return position
        if self._by_position and _is_number(label) and 0 <= label < len(self.names):
            return int(label)
        return None

    def position(self, label, where):
        """Return the position of a label; raise ValueError, with the place `where`, if unknown."""
        position = self.find(label)
        if position is None:
            meant = did_you_mean(label, self.names)
            hint = ""
            if _is_number(label) and not self._by_position:
                hint = " Labels whose names are integers go by name, not by position."
            raise ValueError(
                f"{where} names {label!r}, which is not a label.{meant} The labels are "
                f"{listed(self.names)}.{hint}"
            )
        return position

    def members(self, group, where):
        """Return the positions of a list of labels; raise ValueError if one is there twice."""
        members = {}
        for label in group:
            position = self.position(label, where)
            if position in members:
                raise ValueError(
                    f"{where} has {name_at(self.names, position)!r} twice: name each label once."
                )
            members[position] = None
        return tuple(members)


def _read_groups(label_groups, labels):
    """Return the positions of each group's labels, by the group's name."""
    groups, group_of = {}, {}
    for name, group in _items(label_groups, "label_groups", _GROUPS_FORM):
        where = f"label_groups[{name!r}]"
        if labels.find(name) is not None:
            raise ValueError(f"{where}: {name!r} is a label too. Give the group another name.")
        if not isinstance(group, (list, tuple)):
            raise TypeError(f"{where} must be a list of labels, got {group!r}: {_GROUPS_FORM}.")
        if not group:
            raise ValueError(f"{where} is empty: list its labels, or leave it out.")
        groups[name] = labels.members(group, where)
        for position in groups[name]:
            if position in group_of:
                label = name_at(labels.names, position)
                raise ValueError(
                    f"label_groups must not overlap: {label!r} is in both "
                    f"{group_of[position]!r} and {name!r}."
                )
            group_of[position] = name
    return groups


def _read_exclusive(exclusive_groups, groups, labels):
    """Yield (positions, whether exactly one label is positive) of each exclusive group."""
    for key, group, mode in _exclusive_items(exclusive_groups):
        where = f"exclusive_groups[{key!r}]"
        if not isinstance(mode, str) or mode not in _MODES:
            raise ValueError(f"{where} must be 'at_most_one' or 'exactly_one', got {mode!r}.")
        members = _read_exclusive_group(group, where, groups, labels)
        if len(members) < 2:
            raise ValueError(
                f"{where} needs at least two labels to exclude each other, has {len(members)}: add "
                "labels, or leave it out."
            )
        yield members, _MODES[mode]


def _exclusive_items(exclusive_groups):
    """Return (key or index, group, mode) of each item of a dict or list."""
    if exclusive_groups is None:
        return []
    if isinstance(exclusive_groups, Mapping):
        return [(key, key, mode) for key, mode in exclusive_groups.items()]
    if isinstance(exclusive_groups, (list, tuple)):
        return [(i, group, "at_most_one") for i, group in enumerate(exclusive_groups)]
    raise TypeError(f"exclusive_groups must be {_EXCLUSIVE_FORM}; got {exclusive_groups!r}.")


def _read_exclusive_group(group, where, groups, labels):
    if isinstance(group, Hashable) and group in groups:
        return groups[group]
    if isinstance(group, (list, tuple)):
        return labels.members(group, where)
    if isinstance(group, (str, Integral)):
        meant = did_you_mean(group, list(groups)).strip()
        hint = f"{meant} label_groups has {listed(groups) or 'no group'}".strip()
        if labels.find(group) is not None:
            hint = "It is a label, a group is a list of them"
        raise ValueError(
            f"{where}: {group!r} is not a name in label_groups. {hint}; exclusive_groups must be "
            f"{_EXCLUSIVE_FORM}."
        )
    raise TypeError(f"{where} is {group!r}, but exclusive_groups must be {_EXCLUSIVE_FORM}.")


def _read_implies(implies, labels):
    """Return pairs of positions (child, parent), in which there is no cycle."""
    parents = {}
    for child, above in _items(implies, "implies", _IMPLIES_FORM):
        where = f"implies[{child!r}]"
        if isinstance(above, (set, frozenset, Mapping, np.ndarray)):
            raise TypeError(f"{where} is {above!r}, but implies must be {_IMPLIES_FORM}.")
        several = isinstance(above, (list, tuple)) and labels.find(above) is None
        above = labels.members(above if several else [above], where)
        position = labels.position(child, "implies")
        if position in above:
            raise ValueError(f"{where}: a label cannot imply itself. Leave it out.")
        parents.setdefault(position, {}).update(dict.fromkeys(above))
    cycle = _find_cycle(parents)
    if cycle:
        path = " -> ".join(repr(name_at(labels.names, position)) for position in cycle)
        raise ValueError(f"implies goes round in a circle: {path}. Leave out one of these.")
    return [(child, parent) for child, above in parents.items() for parent in above]


def _find_cycle(parents):
    """Return a path of labels that ends where it begins, or None."""
    done = set()
    for start in parents:
        path, branches = [start], [iter(parents[start])]
        while path:
            label = next(branches[-1], None)
            if label is None:
                done.add(path.pop())
                branches.pop()
            elif label in path:
                return path[path.index(label) :] + [label]
            elif label not in done:
                path.append(label)
                branches.append(iter(parents.get(label, ())))
    return None


def _combine(exclusive, implications, names):
    """Return the ConsistentLabels of all rules; raise ValueError if they make no sense."""
    try:
        consistent = ConsistentLabels(len(names), exclusive, implications)
    except EntangledRulesError as error:
        raise ValueError(
            "exclusive_groups and implies: the rules on these labels are too entangled: "
            f"{listed(names[list(error.labels)])}. Leave out some of the rules that connect them."
        ) from error
    unknown = torch.full((1, len(names)), UNKNOWN, dtype=torch.int8)
    contradictions = consistent.contradictions(unknown)[0].nonzero().flatten().tolist()
    if contradictions:
        labels = consistent.components[contradictions[0]]
        raise ValueError(
            "exclusive_groups and implies contradict each other: no labels obey all the rules on "
            f"{listed(names[list(labels)])}. Leave out some of them."
        )
    impossible = (~consistent.can_be_positive).nonzero().flatten().tolist()
    if impossible:
        raise ValueError(
            f"exclusive_groups and implies leave {name_at(names, impossible[0])!r} no way to be "
            f"positive: {_why_impossible(impossible[0], consistent, names)}. Leave out one of "
            "these rules."
        )
    return consistent


def _why_impossible(label, consistent, names):
    """Say which rules prevent a label from ever being positive."""
    needed = {label} | {parent for child, parent in consistent.implications if child == label}
    for members, _ in consistent.exclusive:
        both = [member for member in members if member in needed]
        if len(both) > 1:
            return _why_excluded(label, both, names)
    component = next(labels for labels in consistent.components if label in labels)
    return f"the rules on {listed(names[list(component)])} rule it out"


def _why_excluded(label, both, names):
    """Say that a label needs several labels, itself among them or not, of an exclusive group."""
    if label in both:
        other = next(member for member in both if member != label)
        return f"it implies {name_at(names, other)!r}, which it excludes"
    first, second = (repr(name_at(names, member)) for member in both[:2])
    return f"it implies both {first} and {second}, which exclude each other"


def _items(mapping, what, form):
    """Return the items of a dict or None; raise TypeError for anything else."""
    if mapping is None:
        return ()
    if not isinstance(mapping, Mapping):
        raise TypeError(f"{what} must be {form}; got {mapping!r}.")
    return mapping.items()


def _is_number(label):
    """Tell an integer, which may be a position, from anything else."""
    return isinstance(label, Integral) and not isinstance(label, (bool, np.bool_))
