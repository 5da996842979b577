"""Rules between labels, as users write them."""

from collections.abc import Hashable, Mapping
from numbers import Integral

import numpy as np
import torch

from sklearn_ctran._rules.consistent import CONTRADICTION, ConsistentLabels
from sklearn_ctran._rules.diagram import EntangledRulesError
from sklearn_ctran._rules.label_rules import LabelRules, _listed, _name
from sklearn_ctran.modules.label_states import UNKNOWN

_MODES = {"at_most_one": False, "exactly_one": True}


_GROUPS_FORM = 'a dict like {"weather": ["sun", "rain", "snow"]}'


_EXCLUSIVE_FORM = (
    'a list like ["weather", ["day", "night"]], whose items are names of label_groups or lists of '
    'labels, or a dict like {"weather": "exactly_one", ("day", "night"): "at_most_one"}'
)


_IMPLIES_FORM = 'a dict from child to parent(s) like {"cat": "animal", "bus": ["vehicle", "large"]}'


def read_rules(names, label_groups=None, exclusive_groups=None, implies=None, classes=0):
    """Read what users declare about labels.

    Labels are written by name, or, where no name equals it, by position. Where names are integers
    that are not their labels' positions, by name only.

    Parameters
    ----------
    names : ndarray of shape (n_labels,)
    label_groups : dict of list of labels, or None
        Disjoint groups, by name.
    exclusive_groups : list, dict or None
        Groups (names of `label_groups`, or lists or tuples of labels) of which at most one label
        is positive. A dict maps the name or tuple to "at_most_one" or "exactly_one".
    implies : dict or None
        From a label to the label, or list of labels, that it implies.
    classes : int
        The first so many labels are the classes of a 1-D `y`: exactly one is positive.

    Returns
    -------
    LabelRules

    Raises
    ------
    TypeError
        If an argument is not the kind of container expected.
    ValueError
        If a label or group is unknown, or rules make no sense.
    """
    labels = Labels(names)
    groups = _read_groups(label_groups, labels)
    # Each group once, the stricter mode winning: alone, a group is much faster to evaluate.
    exclusive = {tuple(range(classes)): True} if classes else {}
    for members, exactly_one in _read_exclusive(exclusive_groups, groups, labels):
        members = tuple(sorted(members))
        exclusive[members] = exclusive.get(members, False) or exactly_one
    implications = _read_implies(implies, labels)
    consistent = None
    if exclusive or implications:
        try:
            consistent = ConsistentLabels(len(names), list(exclusive.items()), implications)
        except EntangledRulesError as error:
            raise ValueError(
                "exclusive_groups and implies: the rules on these labels are too entangled: "
                f"{_listed(_name(names, i) for i in error.labels)} ({len(error.labels)} labels). "
                "Leave out some of the rules that connect them."
            ) from error
        _check_possible(consistent, names)
    return LabelRules(names, groups, consistent, classes)


class Labels:
    """Finds labels by name or position."""

    def __init__(self, names):
        self.names = names
        self._positions = {name: i for i, name in enumerate(names.tolist())}
        numbers = {name: i for name, i in self._positions.items() if _is_number(name)}
        #: A position could be taken for a name where labels are numbered otherwise.
        self._by_position = all(name == i for name, i in numbers.items())

    def find(self, label):
        """The position of a label; None if there is no such label."""
        if not isinstance(label, Hashable):
            return None
        position = self._positions.get(label)
        # To Python True is 1.
        is_bool = isinstance(label, (bool, np.bool_))
        if position is not None and is_bool <= isinstance(_name(self.names, position), bool):
            return position
        if self._by_position and _is_number(label) and 0 <= label < len(self.names):
            return int(label)
        return None

    def position(self, label, where):
        """The position of a label, or a ValueError that says where it is."""
        position = self.find(label)
        if position is None:
            hint = ""
            if _is_number(label) and not self._by_position:
                hint = " Labels whose names are integers go by name, not by position."
            raise ValueError(
                f"{where} names {label!r}, which is not a label. The labels are "
                f"{_listed(self.names.tolist())}.{hint}"
            )
        return position

    def members(self, group, where):
        """The positions of a list of labels that are all different."""
        members = {}
        for label in group:
            position = self.position(label, where)
            if position in members:
                raise ValueError(
                    f"{where} has {_name(self.names, position)!r} twice: name each label once."
                )
            members[position] = None
        return tuple(members)


def _read_groups(label_groups, labels):
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
                raise ValueError(
                    f"label_groups must not overlap: {_name(labels.names, position)!r} is in both "
                    f"{group_of[position]!r} and {name!r}."
                )
            group_of[position] = name
    return groups


def _read_exclusive(exclusive_groups, groups, labels):
    """Yields (positions, whether exactly one)."""
    if isinstance(exclusive_groups, Mapping):
        items = [(key, key, mode) for key, mode in exclusive_groups.items()]
    elif exclusive_groups is None or isinstance(exclusive_groups, (list, tuple)):
        items = [(i, group, "at_most_one") for i, group in enumerate(exclusive_groups or ())]
    else:
        raise TypeError(f"exclusive_groups must be {_EXCLUSIVE_FORM}; got {exclusive_groups!r}.")
    for key, group, mode in items:
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


def _read_exclusive_group(group, where, groups, labels):
    if isinstance(group, Hashable) and group in groups:
        return groups[group]
    if isinstance(group, (list, tuple)):
        return labels.members(group, where)
    if isinstance(group, (str, Integral)):
        known = f"label_groups has {_listed(groups) or 'no group'}"
        hint = known if labels.find(group) is None else "It is a label, a group is a list of them"
        raise ValueError(
            f"{where}: {group!r} is not a name in label_groups. {hint}; exclusive_groups must be "
            f"{_EXCLUSIVE_FORM}."
        )
    raise TypeError(f"{where} is {group!r}, but exclusive_groups must be {_EXCLUSIVE_FORM}.")


def _read_implies(implies, labels):
    """Pairs (child, parent) without cycles."""
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
        path = " -> ".join(repr(_name(labels.names, position)) for position in cycle)
        raise ValueError(f"implies goes round in a circle: {path}. Leave out one of these.")
    return [(child, parent) for child, above in parents.items() for parent in above]


def _find_cycle(parents):
    """A path of labels whose last is its first, or None."""
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


def _check_possible(consistent, names):
    unknown = torch.full((1, len(names)), UNKNOWN, dtype=torch.int8)
    total = consistent.log_partition(torch.zeros(1, len(names)), unknown)[0]
    if (total < CONTRADICTION).any():
        labels = consistent.components[int(total.argmin())]
        raise ValueError(
            "exclusive_groups and implies contradict each other: no labels obey all the rules on "
            f"{_listed(_name(names, i) for i in labels)}. Leave out some of them."
        )
    impossible = (~consistent.can_be_positive).nonzero().flatten().tolist()
    if impossible:
        raise ValueError(
            f"exclusive_groups and implies leave {_name(names, impossible[0])!r} no way to be "
            f"positive: {_why_impossible(impossible[0], consistent, names)}. Leave out one of "
            "these rules."
        )


def _why_impossible(label, consistent, names):
    needed = {label} | {parent for child, parent in consistent.implications if child == label}
    for members, _ in consistent.exclusive:
        both = [member for member in members if member in needed]
        if label in both and len(both) > 1:
            other = next(member for member in both if member != label)
            return f"it implies {_name(names, other)!r}, which it excludes"
        if len(both) > 1:
            first, second = (repr(_name(names, member)) for member in both[:2])
            return f"it implies both {first} and {second}, which exclude each other"
    component = next(labels for labels in consistent.components if label in labels)
    return f"the rules on {_listed(_name(names, i) for i in component)} rule it out"


def _items(mapping, what, form):
    if mapping is None:
        return ()
    if not isinstance(mapping, Mapping):
        raise TypeError(f"{what} must be {form}; got {mapping!r}.")
    return mapping.items()


def _is_number(label):
    """Tell an integer that may be a position from all else."""
    return isinstance(label, Integral) and not isinstance(label, (bool, np.bool_))
