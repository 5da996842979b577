"""The task of one fit: its labels, how they are named and grouped, and the rules between them.

A fitted estimator holds its task as ``task_``. Whoever has to read known labels, turn logits into
probabilities or decide on labels asks the task, so that all estimators answer alike.
"""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.utils.validation import check_consistent_length

from sklearn_ctran._labels.known import encode_known
from sklearn_ctran._labels.targets import encode_extra_labels, encode_targets
from sklearn_ctran._rules.label_rules import LabelRules
from sklearn_ctran._rules.reading import read_rules
from sklearn_ctran._utils.names import as_names
from sklearn_ctran.modules.label_states import NEGATIVE, UNKNOWN

#: The arguments by which users say what is known, unless a function has other names for them.
KNOWN = ("known_labels", "extra_labels")


@dataclass(frozen=True, eq=False)
class LabelTask:
    """The labels of one fit. Targets come first everywhere, then extra labels.

    Attributes
    ----------
    names : ndarray of shape (n_labels,)
        Of the targets.
    classes : ndarray
        ``[[0, 1]] * n_labels``, or the classes of a 1-D `y`.
    exclusive : bool
        Whether the targets are the classes of a 1-D `y`.
    extra_names : ndarray of shape (n_extra_labels,)
    rules : LabelRules
        Of all labels.
    """

    names: np.ndarray
    classes: np.ndarray
    exclusive: bool
    extra_names: np.ndarray
    rules: LabelRules

    @property
    def n_labels(self):
        """Number of targets."""
        return len(self.names)

    @property
    def n_classes(self):
        """Number of classes of a 1-D `y`, which are the first labels; 0 where it was a table."""
        return self.n_labels if self.exclusive else 0

    @property
    def n_extra(self):
        """Number of extra labels."""
        return len(self.extra_names)

    @property
    def n_all_labels(self):
        """Number of targets and extra labels."""
        return self.n_labels + self.n_extra

    @property
    def all_names(self):
        """Names of targets and extra labels, ndarray of shape (n_all_labels,)."""
        return self.rules.names

    @property
    def groups(self):
        """Name of a group -> tuple of the names of its labels."""
        names = self.all_names
        return {
            name: tuple(names[list(members)].tolist())
            for name, members in self.rules.groups.items()
        }

    @property
    def always_hides_positives(self):
        """Whether training must hide the class of every row: shown, it leaves nothing to learn."""
        return self.exclusive and not self.n_extra

    def renamed(self, names, classes):
        """The same task with other `names` and `classes`; `all_names` and rules keep theirs."""
        return replace(self, names=names, classes=classes)

    def given_states(self, known_labels, extra_labels, n_samples, what=KNOWN):
        """States (n_samples, n_all_labels), int8, that the user gives, without what they imply.

        The labels have any form of ``predict_proba``; `what` has the names of the two arguments.
        Raises ValueError or TypeError if an argument cannot be read.
        """
        return encode_known(
            known_labels, extra_labels, n_samples, self.names, self.extra_names, self.groups, what
        )

    def states(self, known_labels, extra_labels, n_samples):
        """Known states, as :meth:`given_states`, and the states that they imply by the rules.

        States that contradict the rules are a ValueError too.
        """
        states = self.given_states(known_labels, extra_labels, n_samples)
        self.rules.check(states, KNOWN[0] if extra_labels is None else " and ".join(KNOWN))
        return self.rules.propagate(states)

    def probabilities(self, logits, states):
        """Probabilities (n_samples, n_all_labels), float32, that obey states and rules."""
        return self.rules.probabilities(logits, states)

    def scale_classes(self, proba, states):
        """Probabilities of a 1-D `y` whose classes sum to 1; others stay as they are.

        `proba` is (n_samples, n_labels or more), as are `states`. A class that is known to be
        absent gets 0. If all possible classes of a row had 0, they become equal.
        """
        if not self.exclusive:
            return proba
        classes = slice(self.n_classes)
        possible = states[:, classes] != NEGATIVE
        shares = np.where(possible, proba[:, classes], 0.0)
        shares = np.where(shares.any(axis=1, keepdims=True), shares, possible)
        return np.hstack([shares / shares.sum(axis=1, keepdims=True), proba[:, self.n_classes :]])

    def decision_values(self, logits, states):
        """Logits that obey states and rules, float32, as ``decision_function`` returns them.

        Arguments are (n_samples, n_all_labels), values (n_samples, n_labels), or (n_samples,) for
        two classes. They are the greatest or the least finite float32 where a label is known.
        """
        read = self.rules.class_logits if self.exclusive else self.rules.consistent_logits
        values, states = read(logits, states)[:, : self.n_labels], states[:, : self.n_labels]
        largest = np.finfo(np.float32).max
        values = np.where(states == UNKNOWN, values, np.where(states, largest, -largest))
        if self.exclusive and self.n_labels == 2:
            values = values[:, 1] - values[:, 0]
        return np.clip(values, -largest, largest).astype(np.float32)

    def decide(self, proba, logits, states):
        """Labels (n_samples, n_labels), int64, or the class (n_samples,) of each row.

        All arguments are (n_samples, n_all_labels).
        """
        proba = proba[:, : self.n_labels]
        if self.exclusive:
            return self.classes[proba.argmax(axis=1)]
        return self.rules.complete((proba > 0.5).astype(np.int64), logits, states)


def make_task(targets, extra_names=(), label_groups=None, exclusive_groups=None, implies=None):
    """The LabelTask of some targets (their states are not used) and extra labels.

    The rules are those of :func:`~sklearn_ctran._rules.reading.read_rules`. Raises ValueError or
    TypeError if a target and an extra label have one name, or rules cannot be read.
    """
    extra_names = as_names(extra_names)
    both = set(targets.names.tolist()) & set(extra_names.tolist())
    if both:
        raise ValueError(
            f"{min(both, key=str)!r} is a label of y and of extra_labels: names must differ."
        )
    rules = read_rules(
        as_names(targets.names.tolist() + extra_names.tolist()),
        label_groups,
        exclusive_groups,
        implies,
        classes=len(targets.names) if targets.exclusive else 0,
    )
    return LabelTask(targets.names, targets.classes, targets.exclusive, extra_names, rules)


def read_labels(y, extra_labels, label_groups=None, exclusive_groups=None, implies=None):
    """The task and the true states of the arguments of ``fit``; rules are as in :func:`make_task`.

    True states (n_samples, n_all_labels), int8, are what is annotated, and what that implies; -1
    elsewhere. Raises ValueError or TypeError if an argument cannot be read, or a row contradicts
    the rules.
    """
    targets = encode_targets(y)
    extra, extra_names = encode_extra_labels(extra_labels)
    check_consistent_length(targets.states, extra)
    task = make_task(targets, extra_names, label_groups, exclusive_groups, implies)
    if extra is None:
        states, what = targets.states, "y"
    else:
        states, what = np.concatenate([targets.states, extra], axis=1), "y and extra_labels"
    task.rules.check(states, what)
    return task, task.rules.propagate(states)
