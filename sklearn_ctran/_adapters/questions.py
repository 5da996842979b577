"""Many predictions for the same images given different known states, each image encoded once."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples, check_is_fitted

from sklearn_ctran._adapters.unwrap import unwrap
from sklearn_ctran._labels.known import encode_known_classes
from sklearn_ctran._labels.targets import Targets
from sklearn_ctran._rules.reading import read_rules
from sklearn_ctran._task import KNOWN, LabelTask
from sklearn_ctran._utils.names import as_names, did_you_mean, listed
from sklearn_ctran._utils.rows import check_rows, names_of_rows
from sklearn_ctran.modules.label_states import UNKNOWN

#: Rows of one call of `predict_proba`: more would only take memory.
_CHUNK = 4096


def task_of(estimator, targets=None):
    """The LabelTask of a fitted estimator, of this package or not.

    `targets` (Targets) are what it was fitted on; None: its `label_names_` and `classes_` tell.
    The `extra_label_names_` and `label_groups_` of another package's estimator are taken as they
    are, and nothing is assumed about rules between its labels.
    """
    task = getattr(estimator, "task_", None)
    if isinstance(task, LabelTask):
        return task if targets is None else task.renamed(targets.names, targets.classes)
    n_classes = 0
    if targets is None:
        names, classes = as_names(estimator.label_names_), getattr(estimator, "classes_", None)
        targets = Targets(None, names, classes, exclusive=np.ndim(classes) == 1)
    elif targets.exclusive:
        n_classes = len(targets.names)
    extra_names = as_names(getattr(estimator, "extra_label_names_", ()))
    all_names = targets.names.tolist() + extra_names.tolist()
    groups = {
        name: tuple(all_names.index(label) for label in labels)
        for name, labels in getattr(estimator, "label_groups_", {}).items()
        if set(labels) <= set(all_names)
    }
    rules = replace(read_rules(as_names(all_names), classes=n_classes), groups=groups)
    return LabelTask(targets.names, targets.classes, targets.exclusive, extra_names, rules)


class Questions:
    """A fitted estimator of the protocol, images, and the known states of their labels.

    A question is one image with one set of states. Labels are numbered with targets first, then
    extra labels. The estimator may be wrapped in a pipeline, search or FrozenEstimator; its
    ``predict_proba`` takes `known_labels`, and `extra_labels` if it was fitted with them. `X` are
    images in any form that it takes, or the result of its ``encode``. `what` has the names of the
    two arguments, for errors. Raises ValueError if an argument cannot be used, or what is known
    contradicts the estimator's rules.

    Attributes
    ----------
    images : object
        As the innermost estimator reads them: the result of its ``encode``, if it has one.
    task : LabelTask
    names : list
        Names of the targets, then of the extra labels.
    n_targets : int
    classes : ndarray of shape (n_targets,), or None
        The classes, if the targets are those of a 1-D `y`.
    states : ndarray of shape (n_samples, n_targets + n_extra), int8
        Known states.
    components : list of tuple of int
        Labels that the estimator's rules connect.
    """

    def __init__(self, estimator, X, known_labels=None, extra_labels=None, *, what=KNOWN):
        check_is_fitted(estimator)
        self._given = {"X": X}
        estimator, X = unwrap(estimator, X)
        check_is_fitted(estimator)
        self._estimator = estimator
        self.images = estimator.encode(X) if hasattr(estimator, "encode") else X
        if not _num_samples(self.images):
            raise ValueError("X is empty: there is no image to ask about.")
        self.task = task_of(estimator)
        self.n_targets = self.task.n_labels
        self.classes = self.task.classes if self.task.exclusive else None
        self.names = self.task.all_names.tolist()
        self.components = self.task.rules.components
        self.states = self.read(known_labels, extra_labels, what)

    def read(self, known_labels, extra_labels, what=KNOWN):
        """States (n_samples, n_all_labels) of the images' labels, checked.

        An argument named "y" may hold one class a sample, if the estimator learned classes.
        """
        self._given |= zip(what, (known_labels, extra_labels), strict=True)
        check_rows(**self._given)
        if what[0] == "y" and known_labels is None:
            raise ValueError("y is None, but labels are needed here.")
        if what[0] == "y" and self.classes is not None and np.ndim(known_labels) == 1:
            known_labels = encode_known_classes(known_labels, self.classes)
        states = self.task.given_states(known_labels, extra_labels, _num_samples(self.images), what)
        self.check(states, what[0] if extra_labels is None else " and ".join(what))
        return states

    def read_truth(self, y):
        """States (n_samples, n_targets) of true labels of any form.

        Raises ValueError as :meth:`read`, and if none is annotated.
        """
        y = y.toarray() if hasattr(y, "toarray") else y
        states = self.read(y, None, ("y", "extra_labels"))[:, : self.n_targets]
        if (states == UNKNOWN).all():
            raise ValueError(f"y has no label of {listed(self.task.names)}: all are missing.")
        return states

    def positions(self, labels, what):
        """The positions of a list of labels; `what` is the argument's name, for errors.

        Raises ValueError if it is no list or empty, or a name is not a label.
        """
        if isinstance(labels, (str, bytes, Mapping)) or not hasattr(labels, "__len__"):
            raise ValueError(f"{what} must be a list of names of labels, got {labels!r}.")
        if not len(labels):
            raise ValueError(f"{what} is empty: name at least one label.")
        return [self.position(label) for label in labels]

    def position(self, label):
        """The position of a label; raises ValueError if no label has this name."""
        if label not in self.names:
            raise ValueError(
                f"{label!r} is not a label of this estimator.{did_you_mean(label, self.names)} Its "
                f"labels are {listed(self.names)}."
            )
        return self.names.index(label)

    def check(self, states, what):
        """Raise ValueError if the states of an image contradict the estimator's rules.

        The estimator's own error would count rows from the start of a chunk.
        """
        self.task.rules.check(states, what)

    def possible(self, states):
        """Which rows of states obey the estimator's rules, ndarray of shape (n_rows,), bool."""
        return ~self.task.rules.contradictions(states).any(axis=1)

    @property
    def row_names(self):
        """List of the images' paths, else of an index that an argument has; None without."""
        return names_of_rows(*self._given.values())

    def ask(self, rows, states, with_extra=False):
        """Probabilities (n_questions, n_targets), float32, of the labels for each question.

        `rows` (n_questions,) has the image of each question; an image may have many. `states`
        (n_questions, n_targets + n_extra), int8, are known. `with_extra` appends the extra labels'
        probabilities.
        """
        parts = [slice(first, first + _CHUNK) for first in range(0, len(rows), _CHUNK)]
        return np.concatenate([self._ask(rows[p], states[p], with_extra) for p in parts])

    def decide(self):
        """Decisions of ``predict`` for all images, given their `states`; (n_samples, n_targets).

        1 or 0; for the targets of a 1-D `y`, 1 for the class.
        """
        decided = self._estimator.predict(self.images, **self._known(self.states))
        if self.classes is None:
            return np.asarray(decided)
        return (np.asarray(decided)[:, None] == self.classes).astype(np.int64)

    def _ask(self, rows, states, with_extra):
        X = _safe_indexing(self.images, rows)
        known = self._known(states)
        proba = self._estimator.predict_proba(X, **known)
        if not (with_extra and "extra_labels" in known):
            return proba
        return np.concatenate([proba, self._estimator.predict_extra_proba(X, **known)], axis=1)

    def _known(self, states):
        """The arguments of a prediction that say what is known."""
        known = {"known_labels": states[:, : self.n_targets]}
        if len(self.names) > self.n_targets:
            known["extra_labels"] = states[:, self.n_targets :]
        return known
