"""Rules between labels, as users write them: groups, exclusive groups and implications.

Labels may be written by name or by position: names win, and numbers are no positions where some
label has another number as its name. What is behind this module sees positions only.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from numbers import Integral

import numpy as np
import torch
from scipy.special import expit

from sklearn_ctran._labels import NEGATIVE, POSITIVE, UNKNOWN
from sklearn_ctran.modules.diagram import EntangledRulesError
from sklearn_ctran.modules.rules import CONTRADICTION, ConsistentLabels

_MODES = {"at_most_one": False, "exactly_one": True}
#: Tables of states are worked on in blocks of about so many entries.
_BLOCK_ENTRIES = 2**22

_GROUPS_FORM = 'a dict like {"weather": ["sun", "rain", "snow"]}'
_EXCLUSIVE_FORM = (
    'a list like ["weather", ["day", "night"]], whose items are names of label_groups or lists of '
    'labels, or a dict like {"weather": "exactly_one", ("day", "night"): "at_most_one"}'
)
_IMPLIES_FORM = 'a dict from child to parent(s) like {"cat": "animal", "bus": ["vehicle", "large"]}'


@dataclass(frozen=True)
class LabelRules:
    """What is declared about the labels.

    Attributes
    ----------
    names : ndarray of shape (n_labels,)
    groups : dict of tuple of int
        The positions of each of the `label_groups`, by name.
    consistent : ConsistentLabels or None
        None if no label excludes or implies another.
    classes : int
        The first so many labels are the classes of a 1-D `y`.
    """

    names: np.ndarray
    groups: dict
    consistent: ConsistentLabels | None
    classes: int = 0

    def check(self, states, what):
        """Refuse rows that contradict the rules.

        Parameters
        ----------
        states : ndarray of shape (n_samples, n_labels), int8
        what : str
            The argument's name, for errors.

        Raises
        ------
        ValueError
            Names a row that does so, and its labels.
        """
        row = _first(self.contradictions(states).any(axis=1))
        if row is not None:
            raise ValueError(f"{what}, row {row}: {self._complaint(states[row])}")

    def contradictions(self, states):
        """Which rows contradict the rules, and where.

        Parameters
        ----------
        states : ndarray of shape (n_samples, n_labels), int8

        Returns
        -------
        contradictions : ndarray of shape (n_samples, n_components), bool
            In the order of `components`.
        """
        found = np.zeros((len(states), len(self.components)), dtype=bool)
        if self.consistent is None or (states == UNKNOWN).all():
            return found
        for first, block in _blocks(states):
            rows = torch.from_numpy(block.copy())
            with torch.no_grad():
                total = self.consistent.log_partition(torch.zeros(1, 1).expand(rows.shape), rows)
            found[first : first + len(block)] = (total < CONTRADICTION).numpy()
        return found

    def _complaint(self, states):
        """What is wrong with a row (n_labels,) that contradicts the rules: a single one if any."""
        for number, (members, _) in enumerate(self.consistent.exclusive):
            labels = [self._name(i) for i in members if states[i] == POSITIVE]
            if len(labels) > 1 and self._is_classes(number):
                return f"the classes {_listed(labels)} exclude each other."
            if len(labels) > 1:
                return f"{labels[0]!r} and {labels[1]!r} are both positive, but exclude each other."
        for child, parent in self.consistent.implications:
            if states[child] == POSITIVE and states[parent] == NEGATIVE:
                return (
                    f"{self._name(child)!r} is positive but {self._name(parent)!r}, which it "
                    "implies, is negative."
                )
        for number, (members, exactly_one) in enumerate(self.consistent.exclusive):
            if exactly_one and (states[list(members)] == NEGATIVE).all():
                if self._is_classes(number):
                    return "every class is said to be absent."
                labels = _listed(map(self._name, members))
                return f"none of {labels} is positive, but exactly one must be."
        component = self.components[int(self.contradictions(states[None])[0].argmax())]
        known = [i for i in component if states[i] != UNKNOWN]
        return (
            f"what is said of {_listed(map(self._name, known))} contradicts the rules: no labels "
            "obey them all and agree with it."
        )

    def settle(self, states):
        """What follows from known labels.

        Parameters
        ----------
        states : ndarray of shape (n_samples, n_labels), int8

        Returns
        -------
        settled : ndarray of shape (n_samples, n_labels), int8
            Known states stay.
        """
        if self.consistent is None:
            return states
        settled = np.empty_like(states)
        for first, block in _blocks(states):
            rows = slice(first, first + len(block))
            settled[rows] = self.consistent.settle(torch.from_numpy(block.copy())).numpy()
        return settled

    @property
    def components(self):
        """Positions of the labels that rules tie together, in a tuple for each component."""
        return [] if self.consistent is None else self.consistent.components

    def probabilities(self, logits, states):
        """Logits to probabilities (paper, eq. 5), of the label sets that obey the rules.

        Parameters
        ----------
        logits : ndarray of shape (n_samples, n_labels), float32
        states : ndarray of shape (n_samples, n_labels), int8

        Returns
        -------
        proba : ndarray of shape (n_samples, n_labels), float32, in [0, 1]
            What is known, or follows from it, is exactly 0 or 1.
        """
        proba = np.where(states == UNKNOWN, expit(logits), states).astype(np.float32)
        if self.consistent is not None:
            bound = self.consistent.bound.numpy()
            proba[:, bound] = self._ask(self.consistent.marginals, logits, states)[:, bound]
        return proba

    def consistent_logits(self, logits, states):
        """Logits of :meth:`probabilities`, which differ where labels are under a rule.

        Parameters
        ----------
        logits : ndarray of shape (n_samples, n_labels), float32
        states : ndarray of shape (n_samples, n_labels), int8

        Returns
        -------
        logits : ndarray of shape (n_samples, n_labels), float64
            Exact where probabilities round to 0 or 1 too; infinite where nothing else is possible.
        """
        if self.consistent is None:
            return logits.astype(np.float64)
        return self._ask(self.consistent.logits, logits, states)

    def class_logits(self, logits, states):
        """Logits of the classes of a 1-D `y`, whose softmax is their probabilities.

        Parameters and result are those of :meth:`consistent_logits`, of the classes only.
        """
        positive = self._ask(lambda *args: self.consistent.log_marginals(*args)[1], logits, states)
        return positive[:, : self.classes]

    def complete(self, labels, logits, states):
        """Let labels under an exactly-one rule be those of the most probable label set.

        Each label by its own probability, none of such a group may reach a half.

        Parameters
        ----------
        labels : ndarray of shape (n_samples, n_first_labels), int64
            Of the first labels only.
        logits, states : ndarray of shape (n_samples, n_labels)

        Returns
        -------
        labels : ndarray of shape (n_samples, n_first_labels), int64
        """
        exactly_one = self._exactly_one()
        if not exactly_one:
            return labels
        columns = [i for i in exactly_one if i < labels.shape[1]]
        labels = labels.copy()
        labels[:, columns] = self._ask(self.consistent.most_probable, logits, states)[:, columns]
        return labels

    def _exactly_one(self):
        """Positions of the labels in components that have an exactly-one rule."""
        if self.consistent is None:
            return []
        groups = {members[0] for members, exactly in self.consistent.exclusive if exactly}
        return [i for component in self.components if groups & set(component) for i in component]

    @staticmethod
    def _ask(method, logits, states):
        parts = []
        for first, block in _blocks(states):
            rows = torch.tensor(logits[first : first + len(block)])
            parts.append(method(rows, torch.tensor(block)).numpy())
        return np.concatenate(parts)

    def _is_classes(self, number):
        return self.classes > 0 and number == 0

    def _name(self, position):
        return _name(self.names, position)


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


def _blocks(states):
    """Yields (number of the first row, some rows)."""
    n_rows = max(1, _BLOCK_ENTRIES // max(1, states.shape[1]))
    for first in range(0, len(states), n_rows):
        yield first, states[first : first + n_rows]


def _is_number(label):
    """Tell an integer that may be a position from all else."""
    return isinstance(label, Integral) and not isinstance(label, (bool, np.bool_))


def _first(rows):
    return int(rows.argmax()) if rows.any() else None


def _name(names, position):
    """A label's name as users wrote it, not as NumPy prints it."""
    return names[position : position + 1].tolist()[0]


def _listed(names):
    names = list(names)
    return ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
