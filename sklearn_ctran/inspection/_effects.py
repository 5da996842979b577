"""Effects of a label on the others: interventions (paper, sections 3.2 and 4.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_ctran._adapters.questions import Questions
from sklearn_ctran._utils.frames import import_pandas, to_frame
from sklearn_ctran._utils.typing import DataFrame, Estimator, Images, KnownLabels
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE


@dataclass(frozen=True, eq=False)
class Intervention:
    """Probabilities before and after labels were set.

    Attributes
    ----------
    before, after : ndarray of shape (n_samples, n_labels), float32
        P(label = 1) of each target, in [0, 1].
    difference : ndarray of shape (n_samples, n_labels), float32
        ``after - before``, in [-1, 1].
    label_names : list of length n_labels
        The targets, in the order of the columns.
    row_names : list of length n_samples, or None
        The paths in `X`, else the index of a data frame among the arguments; None without.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> from sklearn_ctran.inspection import intervene
    >>> X, Y = make_multilabel_classification(n_classes=3, random_state=0)
    >>> model = MaskedLinear(random_state=0).fit(X, Y)
    >>> result = intervene(model, X[:2], {0: 1})
    >>> result.difference.shape, result.after[:, 0].tolist()
    ((2, 3), [1.0, 1.0])
    """

    before: np.ndarray
    after: np.ndarray
    label_names: list
    row_names: list | None = None

    @property
    def difference(self) -> np.ndarray:
        return self.after - self.before

    def to_frame(self) -> DataFrame:
        """Return the probabilities as a data frame.

        Returns
        -------
        frame : pandas.DataFrame
            One row for each image and label; columns ``before``, ``after``, ``difference``. The
            index has two levels: ``image``, `row_names` or positions if there are none, and
            ``label``. ``frame["difference"].unstack()`` has a row for each image.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        names = range(len(self.before)) if self.row_names is None else self.row_names
        index = import_pandas().MultiIndex.from_product(
            [names, self.label_names], names=["image", "label"]
        )
        columns = {name: getattr(self, name).ravel() for name in ("before", "after", "difference")}
        return to_frame(columns, index=index)


def intervene(
    estimator: Estimator,
    X: Images,
    labels: Mapping[Any, int],
    *,
    known_labels: KnownLabels = None,
    extra_labels: KnownLabels = None,
) -> Intervention:
    """Predict the targets before and after some labels are set to positive or negative.

    These are the paper's interventions: section 3.2, and "grey beak" in section 4.3.

    Parameters
    ----------
    estimator : estimator, or pipeline or search (GridSearchCV, ...) that ends in one
        Fitted.
    X : array-like
        Images, in a form that the estimator takes.
    labels : dict
        Name of a target or an extra label -> 1 (set positive) or 0 (set negative), in all images.
        This overrides the known states of these labels.
    known_labels, extra_labels : array-like, DataFrame or dict, default=None
        Known labels, as in ``predict_proba``.

    Returns
    -------
    intervention : Intervention

    Raises
    ------
    ValueError
        If `labels` does not map labels to 0 or 1, or contradicts the known labels by the
        estimator's rules. Errors of the estimator are passed on.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> from sklearn_ctran.inspection import intervene
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> result = intervene(MaskedLinear(random_state=0).fit(X, Y), X, {0: 1})
    >>> result.difference.mean(axis=0).round(2)
    array([ 0.68,  0.12,  0.07,  0.06, -0.01])
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
        row_names=questions.row_names,
    )


@dataclass(frozen=True, eq=False)
class LabelEffects:
    """How the probabilities of labels change with the state of another label, their "cause".

    Effects are learned from labels that occur together: they are predictions, not causation. An
    image counts for a cause if the known labels of the image and the rules allow both states of
    the cause; the known state of the cause itself is ignored. If no image counts, everything but
    the baseline is NaN.

    Attributes
    ----------
    cause_names : list of length n_causes
        The labels that were set.
    label_names : list of length n_labels
        The targets.
    baseline : ndarray of shape (n_labels,), float64
        Mean over the images of p(label), given the known labels only.
    n_images : ndarray of shape (n_causes,), int64
        Number of images that count.
    positive, negative : ndarray of shape (n_causes, n_labels), float64
        Mean over the images that count of p(label | cause positive) and p(label | cause negative).
    effect : ndarray of shape (n_causes, n_labels), float64
        Mean over the images that count of p(label | cause positive) - p(label | cause negative),
        in [-1, 1]; NaN for a label's effect on itself.
    spread : ndarray of shape (n_causes, n_labels), float64
        Standard deviation of that difference over these images; 0 for a label's effect on itself.
    per_image : ndarray of shape (n_samples, n_causes, n_labels), float32, or None
        The difference for each image, if requested; 1 for a label's effect on itself, NaN where
        the image does not count.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> from sklearn_ctran.inspection import label_effects
    >>> X, Y = make_multilabel_classification(n_classes=3, random_state=0)
    >>> model = MaskedLinear(random_state=0).fit(X, Y)
    >>> effects = label_effects(model, X)
    >>> effects.effect.shape, effects.n_images
    ((3, 3), array([100, 100, 100]))
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

    def to_frame(self) -> DataFrame:
        """Return the effects as a data frame, a row for each cause and a column for each label.

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
    estimator: Estimator,
    X: Images,
    *,
    labels: Sequence[Any] | None = None,
    known_labels: KnownLabels = None,
    extra_labels: KnownLabels = None,
    per_image: bool = False,
) -> LabelEffects:
    """Compare each target's probability when another label is set positive and negative.

    The table holds all interventions on single labels (paper, section 3.2). Each image is
    predicted ``1 + 2 * n_causes`` times.

    Parameters
    ----------
    estimator : estimator, or pipeline or search (GridSearchCV, ...) that ends in one
        Fitted.
    X : array-like
        Images, in a form that the estimator takes.
    labels : list, default=None
        Names of the labels to set, targets or extra. None: all labels.
    known_labels, extra_labels : array-like, DataFrame or dict, default=None
        Known labels, as in ``predict_proba``. Setting a label overrides its known state. An image
        whose other known labels imply the label does not count for it.
    per_image : bool, default=False
        Whether to keep the differences of each image, ``n_samples * n_causes * n_labels`` numbers.

    Returns
    -------
    effects : LabelEffects

    Raises
    ------
    ValueError
        If `labels` is not a list of labels, or is empty. Errors of the estimator are passed on.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> from sklearn_ctran.inspection import label_effects
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> effects = label_effects(MaskedLinear(random_state=0).fit(X, Y), X, labels=[0])
    >>> effects.effect.round(2)
    array([[  nan,  0.12,  0.08,  0.08, -0.04]])
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
        if kept is not None:
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
    """Rows that allow both states of a label, and the targets' probabilities with either state."""
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
