"""What one label says about the others: interventions (paper, sections 3.2 and 4.3)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sklearn_ctran._adapters.questions import Questions
from sklearn_ctran._utils.frames import to_frame
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE


@dataclass(frozen=True, eq=False)
class Intervention:
    """Probabilities before and after labels were set.

    Attributes
    ----------
    before, after : ndarray of shape (n_samples, n_labels), float32
        P(label = 1) of the targets, in [0, 1].
    difference : ndarray of shape (n_samples, n_labels), float32
        ``after - before``, in [-1, 1].
    label_names : list of length n_labels
        Of the columns.
    """

    before: np.ndarray
    after: np.ndarray
    label_names: list

    @property
    def difference(self):
        return self.after - self.before


def intervene(estimator, X, labels, *, known_labels=None, extra_labels=None):
    """What would be in these images if some labels applied, or did not?

    The paper's interventions: section 3.2, and "grey beak" in section 4.3.

    Parameters
    ----------
    estimator : estimator, or pipeline or search (GridSearchCV, ...) that ends in one
        Fitted.
    X : array-like
        Images, in whatever form the estimator takes them.
    labels : dict
        Name of a target or an extra label -> 1 (set positive) or 0 (set negative), in all images.
        That overrides what is known of these labels.
    known_labels, extra_labels : array-like, DataFrame or dict, default=None
        What is known, as in ``predict_proba``.

    Returns
    -------
    intervention : Intervention

    Raises
    ------
    ValueError
        If `labels` is no dict of labels to 0 or 1; and whatever the estimator raises, of what is
        known and `labels` together too.
    """
    if not isinstance(labels, Mapping):
        raise ValueError(f"labels must be a dict like {{'rain': 1}}, got {labels!r}.")
    if not labels:
        raise ValueError("labels is empty: give a dict of at least one label, like {'rain': 1}.")
    questions = Questions(estimator, X, known_labels, extra_labels)
    states = questions.states.copy()
    for label, value in labels.items():
        if not np.isscalar(value) or value not in (NEGATIVE, POSITIVE):
            raise ValueError(f"labels[{label!r}] must be 0 or 1, got {value!r}.")
        states[:, questions.position(label)] = value
    questions.check(states, "known_labels with labels set")
    rows = np.arange(len(states))
    return Intervention(
        before=questions.ask(rows, questions.states),
        after=questions.ask(rows, states),
        label_names=questions.names[: questions.n_targets],
    )


@dataclass(frozen=True, eq=False)
class LabelEffects:
    """How the probabilities of labels change with the state of another one, their "cause".

    That is the model's view, learned from labels that occur together: prediction, not causation.
    An image counts for a cause if what is known of the image, and the rules between labels, allow
    both states of it; what is known of the cause itself does not matter. Where no image counts, all
    but the baseline is NaN.

    Attributes
    ----------
    cause_names : list of length n_causes
        The labels that were set.
    label_names : list of length n_labels
        The targets.
    baseline : ndarray of shape (n_labels,), float64
        Mean over the images of p(label), given no more than what is known.
    n_images : ndarray of shape (n_causes,), int64
        Images that count.
    positive, negative : ndarray of shape (n_causes, n_labels), float64
        Mean over the images that count of p(label | cause positive), p(label | cause negative).
    effect : ndarray of shape (n_causes, n_labels), float64
        Mean over the images that count of p(label | cause positive) - p(label | cause negative),
        in [-1, 1]; NaN where a label would be its own cause.
    spread : ndarray of shape (n_causes, n_labels), float64
        Standard deviation over these images of that difference; 0 for a label's effect on itself.
    per_image : ndarray of shape (n_samples, n_causes, n_labels), float32, or None
        The difference on each image, if it was asked for; 1 for a label's effect on itself, NaN
        where the image does not count.
    """

    cause_names: list
    label_names: list
    baseline: np.ndarray
    n_images: np.ndarray
    positive: np.ndarray
    negative: np.ndarray
    effect: np.ndarray
    spread: np.ndarray
    per_image: np.ndarray | None

    def to_frame(self):
        """The effects as a table, a row for each cause and a column for each label.

        Returns
        -------
        frame : pandas.DataFrame of shape (n_causes, n_labels)

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return to_frame(self.effect, index=self.cause_names, columns=self.label_names)


def label_effects(
    estimator, X, *, labels=None, known_labels=None, extra_labels=None, per_image=False
):
    """How each label's probability changes when another is set positive, or negative.

    All the interventions (paper, section 3.2) of one label, in one table. The estimator is asked
    ``1 + 2 * n_causes`` times about each image.

    Parameters
    ----------
    estimator : estimator, or pipeline or search (GridSearchCV, ...) that ends in one
        Fitted.
    X : array-like
        Images, in whatever form the estimator takes them.
    labels : list, default=None
        Names of the labels to set, targets or extra; None for all.
    known_labels, extra_labels : array-like, DataFrame or dict, default=None
        What is known, as in ``predict_proba``. The label that is set overrides it. Images of which
        so much is known that the rules settle the label do not count for it.
    per_image : bool, default=False
        Whether to keep the differences of each image, ``n_samples * n_causes * n_labels`` numbers.

    Returns
    -------
    effects : LabelEffects

    Raises
    ------
    ValueError
        If `labels` is empty or no list, or no label has one of the names; and whatever the
        estimator raises.
    """
    questions = Questions(estimator, X, known_labels, extra_labels)
    every = range(len(questions.names))
    causes = every if labels is None else questions.positions(labels, "labels")
    shape = len(causes), questions.n_targets
    positive, negative, effect, spread = np.full((4, *shape), np.nan)
    n_images = np.zeros(len(causes), dtype=np.int64)
    kept = np.full((len(questions.states), *shape), np.nan, np.float32) if per_image else None
    for i, cause in enumerate(causes):
        rows, if_positive, if_negative = _ask_both(questions, cause)
        n_images[i] = len(rows)
        if not len(rows):
            continue
        difference = if_positive - if_negative
        positive[i], negative[i] = _mean(if_positive), _mean(if_negative)
        effect[i], spread[i] = _mean(difference), difference.std(axis=0, dtype=np.float64)
        if cause < questions.n_targets:
            effect[i, cause] = np.nan
        if per_image:
            kept[rows, i] = difference
    return LabelEffects(
        cause_names=[questions.names[cause] for cause in causes],
        label_names=questions.names[: questions.n_targets],
        baseline=_mean(questions.ask(np.arange(len(questions.states)), questions.states)),
        n_images=n_images,
        positive=positive,
        negative=negative,
        effect=effect,
        spread=spread,
        per_image=kept,
    )


def _ask_both(questions, cause):
    """Images that allow both states of a label, and their targets' probabilities with each."""
    both = []
    for state in (POSITIVE, NEGATIVE):
        states = questions.states.copy()
        states[:, cause] = state
        both.append(states)
    rows = np.flatnonzero(questions.possible(both[0]) & questions.possible(both[1]))
    if not len(rows):
        return rows, None, None
    return rows, *(questions.ask(rows, states[rows]) for states in both)


def _mean(values):
    return values.mean(axis=0, dtype=np.float64)
