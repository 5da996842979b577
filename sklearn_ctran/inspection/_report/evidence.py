"""What the sections of a report are about: predictions of an estimator, and the truth."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sklearn_ctran._adapters.questions import Questions
from sklearn_ctran._adapters.unwrap import network_in, unwrap
from sklearn_ctran.metrics import MultilabelReport, multilabel_report
from sklearn_ctran.metrics._own_threshold import own_thresholds
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN

#: Columns of the scores of each label that follow from decisions, not from probabilities.
_DECIDED = ("precision", "recall", "f1")


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a fitted estimator says of images, and what is true of them.

    `X`, `y`, `train`, `known_labels` and `extra_labels` are as users gave them; `photos` are the
    images to show, or None. `final` is inside of the wrappers, and `network` the one in it that has
    a history, or None. `truth` and `known` are states (n_samples, n_labels); `proba` and
    `decisions`, 1 or 0, are predictions of that shape.
    """

    estimator: object
    X: object
    y: object
    train: tuple | None
    extra_labels: object
    photos: object
    final: object
    network: object
    questions: Questions
    truth: np.ndarray
    known: np.ndarray
    proba: np.ndarray
    decisions: np.ndarray

    @property
    def names(self):
        """Names of the labels that are predicted, a list."""
        return self.questions.names[: self.questions.n_targets]

    @property
    def is_exclusive(self):
        """Whether `y` had one class for each row."""
        return self.questions.task.exclusive

    @property
    def asked(self):
        """Entries that are annotated and not known, bool: those that are scored."""
        return (self.truth != UNKNOWN) & (self.known == UNKNOWN)

    @cached_property
    def scores(self):
        """The MultilabelReport of the probabilities, and of the decisions of `predict`."""
        thresholds = own_thresholds(self.final)
        ranked = self.report(self.proba, known_labels=self.known, threshold=thresholds)
        decided = self.report(self.decisions.astype(np.float64), known_labels=self.known)
        columns = {name: decided.by_label[name] for name in _DECIDED}
        summary = decided.summary | {"mAP": ranked.summary["mAP"]}
        return MultilabelReport(ranked.label_names, ranked.by_label | columns, summary, None)

    def report(self, score, **params):
        """The MultilabelReport of some scores (n_samples, n_labels). It warns of nothing.

        What is undefined is in the findings.
        """
        params |= {"label_names": self.names, "zero_division": 0}
        return multilabel_report(self.truth, score, top_k=None, as_frame=False, **params)

    def states_given(self, known):
        """States of all labels, extra labels included, if `known` are those of the targets."""
        return np.hstack([known, self.questions.states[:, self.questions.n_targets :]])

    def extra_of(self, rows):
        """The argument of a prediction that says which extra labels of rows are known, a dict."""
        states = self.questions.states[rows, self.questions.n_targets :]
        return {"extra_labels": states} if states.shape[1] else {}


def gather(estimator, X, y, train, known_labels, extra_labels, photos):
    """Predict, and return the Evidence; raises ValueError if an argument cannot be used."""
    questions = Questions(estimator, X, known_labels, extra_labels)
    truth = questions.read_truth(y)
    final, _ = unwrap(estimator)
    proba = questions.ask(np.arange(len(truth)), questions.states)
    return Evidence(
        estimator=estimator,
        X=X,
        y=y,
        train=train,
        extra_labels=extra_labels,
        photos=photos,
        final=final,
        network=network_in(final),
        questions=questions,
        truth=truth,
        known=questions.states[:, : questions.n_targets],
        proba=proba,
        decisions=(questions.decide() == POSITIVE).astype(np.int64),
    )
