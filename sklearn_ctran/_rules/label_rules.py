"""Rules between labels, as users write them: groups, exclusive groups and implications.

Labels may be written by name or by position: names win, and numbers are no positions where some
label has another number as its name. What is behind this module sees positions only.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import expit

from sklearn_ctran._rules.consistent import CONTRADICTION, ConsistentLabels
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN

#: Tables of states are worked on in blocks of about so many entries.
_BLOCK_ENTRIES = 2**22


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


def _blocks(states):
    """Yields (number of the first row, some rows)."""
    n_rows = max(1, _BLOCK_ENTRIES // max(1, states.shape[1]))
    for first in range(0, len(states), n_rows):
        yield first, states[first : first + n_rows]


def _first(rows):
    return int(rows.argmax()) if rows.any() else None


def _name(names, position):
    """A label's name as users wrote it, not as NumPy prints it."""
    return names[position : position + 1].tolist()[0]


def _listed(names):
    names = list(names)
    return ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
