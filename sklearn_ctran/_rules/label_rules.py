"""The label rules of one fit: checks of states, and probabilities that obey the rules."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import expit

from sklearn_ctran._rules.consistent import ConsistentLabels
from sklearn_ctran._utils.names import listed, name_at
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN

#: Tables of states are processed in blocks of about this many entries.
_BLOCK_ENTRIES = 2**22


@dataclass(frozen=True)
class LabelRules:
    """Groups of labels, and the labels that exclude or imply each other.

    States and logits are (n_samples, n_labels); states are int8, logits float32.

    Attributes
    ----------
    names : ndarray of shape (n_labels,)
    groups : dict of tuple of int
        The positions of the labels of each group in `label_groups`, by the group's name.
    consistent : ConsistentLabels or None
        None if no label excludes or implies another.
    classes : int
        The number of classes of a 1-D `y`, which are the first labels; 0 for other `y`.
    """

    names: np.ndarray
    groups: dict
    consistent: ConsistentLabels | None
    classes: int = 0

    def _saved_fields(self):
        rules = self.consistent
        return {
            "names": self.names,
            "groups": self.groups,
            "exclusive": [] if rules is None else rules.exclusive,
            "implications": [] if rules is None else rules.given_implications,
            "classes": self.classes,
        }

    @classmethod
    def _from_saved_fields(cls, fields):
        names, rules = fields["names"], (fields["exclusive"], fields["implications"])
        consistent = ConsistentLabels(len(names), *rules) if any(rules) else None
        return cls(names, fields["groups"], consistent, fields["classes"])

    def check(self, states, what):
        """Raise ValueError, with its labels, for the first row that contradicts the rules.

        `what` is the argument's name.
        """
        is_wrong = self.contradictions(states).any(axis=1)
        if is_wrong.any():
            row = int(is_wrong.argmax())
            raise ValueError(f"{what}, row {row}: {self._complaint(states[row])}")

    def contradictions(self, states):
        """Rows that contradict the rules, by component, (n_samples, n_components), bool."""
        found = np.zeros((len(states), len(self.components)), dtype=bool)
        if self.consistent is None or (states == UNKNOWN).all():
            return found
        for rows in _blocks(states):
            found[rows] = self.consistent.contradictions(_tensor(states[rows])).numpy()
        return found

    def _complaint(self, states):
        """Say which rule a row (n_labels,) breaks, or which of its states contradict the rules."""
        for complain in (self._about_two, self._about_implied, self._about_none):
            complaint = complain(states)
            if complaint:
                return complaint
        component = self.components[int(self.contradictions(states[None])[0].argmax())]
        known = [i for i in component if states[i] != UNKNOWN]
        return (
            f"the states of {listed(self.names[known])} contradict the rules: no label set with "
            "these states obeys them all."
        )

    def _about_two(self, states):
        for number, (members, _) in enumerate(self.consistent.exclusive):
            positive = [i for i in members if states[i] == POSITIVE]
            if len(positive) > 1 and self._is_classes(number):
                return f"the classes {listed(self.names[positive])} exclude each other."
            if len(positive) > 1:
                first, second = (repr(name_at(self.names, i)) for i in positive[:2])
                return f"{first} and {second} are both positive, but exclude each other."
        return None

    def _about_implied(self, states):
        for child, parent in self.consistent.implications:
            if states[child] == POSITIVE and states[parent] == NEGATIVE:
                return (
                    f"{name_at(self.names, child)!r} is positive but "
                    f"{name_at(self.names, parent)!r}, which it implies, is negative."
                )
        return None

    def _about_none(self, states):
        for number, (members, exactly_one) in enumerate(self.consistent.exclusive):
            if exactly_one and (states[list(members)] == NEGATIVE).all():
                if self._is_classes(number):
                    return "every class is negative, but exactly one must be positive."
                names = listed(self.names[list(members)])
                return f"none of {names} is positive, but exactly one must be."
        return None

    def propagate(self, states):
        """Add the states that known states imply; known states stay as they are."""
        if self.consistent is None:
            return states
        extended = np.empty_like(states)
        for rows in _blocks(states):
            extended[rows] = self.consistent.propagate(_tensor(states[rows])).numpy()
        return extended

    @property
    def components(self):
        """Positions of the labels that rules connect, in one tuple per component."""
        return [] if self.consistent is None else self.consistent.components

    @property
    def bound(self):
        """Which labels are under a rule, ndarray of shape (n_labels,), bool."""
        if self.consistent is None:
            return np.zeros(len(self.names), dtype=bool)
        return self.consistent.bound.numpy()

    def probabilities(self, logits, states):
        """Turn logits into probabilities (paper, eq. 5), float32, that obey the rules.

        They are exactly 0 or 1 for labels that are known or implied.
        """
        proba = np.where(states == UNKNOWN, expit(logits), states).astype(np.float32)
        if self.consistent is not None:
            bound = self.bound
            marginals = self._by_blocks(self.consistent.marginals, logits, states)
            proba[:, bound] = marginals[:, bound]
        return proba

    def consistent_logits(self, logits, states):
        """Logits of :meth:`probabilities`, float64; `logits` change only for labels under a rule.

        They are exact even if the probability rounds to 0 or 1, and infinite if only one state is
        possible.
        """
        if self.consistent is None:
            return logits.astype(np.float64)
        return self._by_blocks(self.consistent.logits, logits, states)

    def class_logits(self, logits, states):
        """Logits (n_samples, n_classes), float64; their softmax is the classes' probabilities."""

        def log_positive(*tensors):
            return self.consistent.log_marginals(*tensors)[1]

        return self._by_blocks(log_positive, logits, states)[:, : self.classes]

    def complete(self, labels, logits, states):
        """Predict the most probable label set where exactly one label must be positive.

        In such a group, it may be that no label has a probability of at least 0.5. `labels`
        (n_samples, n_first_labels), int64, are predictions of the first labels, label by label; the
        result has the same form.
        """
        exactly_one = self._exactly_one()
        if not exactly_one:
            return labels
        columns = [i for i in exactly_one if i < labels.shape[1]]
        most_probable = self._by_blocks(self.consistent.most_probable, logits, states)
        labels = labels.copy()
        labels[:, columns] = most_probable[:, columns]
        return labels

    def _exactly_one(self):
        """Return the positions of labels whose component has an exactly-one rule."""
        if self.consistent is None:
            return []
        groups = {members[0] for members, exactly in self.consistent.exclusive if exactly}
        return [i for component in self.components if groups & set(component) for i in component]

    @staticmethod
    def _by_blocks(method, logits, states):
        parts = (method(_tensor(logits[rows]), _tensor(states[rows])) for rows in _blocks(states))
        return np.concatenate([part.numpy() for part in parts])

    def _is_classes(self, number):
        return self.classes > 0 and number == 0


def _blocks(states):
    """Yield the rows of each block, as slices."""
    n_rows = max(1, _BLOCK_ENTRIES // max(1, states.shape[1]))
    for first in range(0, len(states), n_rows):
        yield slice(first, first + n_rows)


def _tensor(array):
    """Copy an array, which may be read-only or have negative strides, into a tensor."""
    return torch.from_numpy(array.copy())
