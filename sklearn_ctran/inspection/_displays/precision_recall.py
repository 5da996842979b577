"""Precision and recall of each label, with the thresholds in use marked."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import precision_recall_curve

from sklearn_ctran._utils.names import as_names
from sklearn_ctran._utils.typing import Estimator, Images, KnownLabels, LabelNames, Labels
from sklearn_ctran.inspection._displays.canvas import (
    COLOURS,
    axes_for,
    ink,
    n_characters_that_fit,
    parts_of,
    points,
    shortened,
    size_of,
)
from sklearn_ctran.inspection._displays.choice import chosen, left_out_note
from sklearn_ctran.inspection._displays.documentation import documented
from sklearn_ctran.inspection._displays.scored import entries_of, predict_for
from sklearn_ctran.metrics._decisions import read_threshold
from sklearn_ctran.metrics._label_counts import count_labels

#: Width and height of the panel of a label in points, at least.
_PANEL = (84, 112)


class LabelPrecisionRecallDisplay:
    """Precision against recall of each label, a panel each, with its threshold marked.

    Parameters
    ----------
    curves : dict
        Name of a label -> its precision, recall and thresholds, three ndarrays as of
        :func:`sklearn.metrics.precision_recall_curve`. Labels without a positive have none.
    precision, recall : array-like of shape (n_labels,)
        At the thresholds in use; NaN where undefined.
    threshold : array-like of shape (n_labels,)
        In [0, 1].
    support : array-like of shape (n_labels,)
        Number of positive entries that count.
    label_names : array-like of shape (n_labels,)
        Names of the labels.

    Attributes
    ----------
    curves : dict
    precision, recall, threshold, support : ndarray of shape (n_labels,)
    label_names : list of length n_labels
    shown_ : list
        Names of the labels that are drawn.
    axes_ : dict
        Name of a label -> the matplotlib Axes of its panel.
    ax_ : matplotlib Axes
        Those that the panels divide.
    figure_ : matplotlib Figure
        The last four after `plot`.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("agg")
    >>> from sklearn_ctran.inspection import LabelPrecisionRecallDisplay
    >>> y_true, y_score = [[1, 0], [1, 1], [0, 1]], [[0.9, 0.7], [0.2, 0.6], [0.1, 0.8]]
    >>> display = LabelPrecisionRecallDisplay.from_predictions(
    ...     y_true, y_score, label_names=["cat", "dog"]
    ... )
    >>> display.precision.round(2), display.recall.round(2)
    (array([1.  , 0.67]), array([0.5, 1. ]))
    """

    def __init__(
        self,
        curves: dict,
        precision: ArrayLike,
        recall: ArrayLike,
        threshold: ArrayLike,
        support: ArrayLike,
        label_names: LabelNames,
    ) -> None:
        self.curves = curves
        self.precision = np.asarray(precision, dtype=np.float64)
        self.recall = np.asarray(recall, dtype=np.float64)
        self.threshold = np.asarray(threshold, dtype=np.float64)
        self.support = np.asarray(support)
        self.label_names = as_names(label_names).tolist()

    @classmethod
    @documented
    def from_estimator(
        cls,
        estimator: Estimator,
        X: Images,
        y: Labels,
        *,
        known_labels: KnownLabels = None,
        extra_labels: KnownLabels = None,
        sample_weight: ArrayLike | None = None,
        threshold: ArrayLike | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> "LabelPrecisionRecallDisplay":
        """Predict, and draw precision and recall of each label.

        Parameters
        ----------
        {scored}
        threshold : float or array-like of shape (n_labels,), default=None
            In [0, 1], what is marked. None: the estimator's (``TunedThresholds``), else 0.5.
        {plotted}

        Returns
        -------
        display : LabelPrecisionRecallDisplay
        """
        predicted = predict_for(estimator, X, y, known_labels, extra_labels)
        if threshold is not None:
            predicted["threshold"] = threshold
        return cls.from_predictions(**predicted, sample_weight=sample_weight, ax=ax, **kwargs)

    @classmethod
    @documented
    def from_predictions(
        cls,
        y_true: Labels,
        y_score: ArrayLike,
        *,
        known_labels: KnownLabels = None,
        sample_weight: ArrayLike | None = None,
        threshold: ArrayLike = 0.5,
        label_names: LabelNames | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> "LabelPrecisionRecallDisplay":
        """Draw precision and recall of each label, given probabilities.

        Parameters
        ----------
        {probabilities}
        {entries}
        threshold : float or array-like of shape (n_labels,), default=0.5
            In [0, 1], what is marked. A label is predicted where its probability is above this.
        {label_names}
        {plotted}

        Returns
        -------
        display : LabelPrecisionRecallDisplay

        Raises
        ------
        {errors}
        {no_matplotlib}
        """
        entries = entries_of(y_true, y_score, known_labels, sample_weight, label_names)
        counts = count_labels(entries, threshold, None)
        names = entries.names.tolist()
        display = cls(
            {names[i]: _curve(entries, i) for i in np.flatnonzero(entries.positive.any(axis=0))},
            counts.precision,
            counts.recall,
            read_threshold(threshold, len(names)),
            entries.positive.sum(axis=0),
            names,
        )
        return display.plot(ax=ax, **kwargs)

    @documented
    def plot(
        self,
        ax: Any = None,
        *,
        labels: Sequence[Any] | None = None,
        max_labels: Any = "auto",
    ) -> "LabelPrecisionRecallDisplay":
        """Draw a panel for each label, those with the most positives first.

        Parameters
        ----------
        {ax}
        labels : list, default=None
            Names of the labels to draw. None: those with the most positives.
        {max_labels}

        Returns
        -------
        display : LabelPrecisionRecallDisplay

        Raises
        ------
        ValueError
            If `labels` or `max_labels` cannot be used, or no label has a positive.
        {no_matplotlib}
        """
        by_support = np.argsort(-self.support, kind="stable")
        order = [label for label in by_support if self.label_names[label] in self.curves]
        if not order:
            raise ValueError("No label has a positive entry, so there is nothing to draw.")
        self.ax_ = ax = axes_for(ax, (8.0, 5.6))
        self.figure_ = ax.figure
        width, height = size_of(ax, whole=True)
        across, down = (
            max(1, int(room / least)) for room, least in zip((width, height), _PANEL, strict=True)
        )
        show = chosen(order, self.label_names, labels, max_labels, across * down)
        # A full picture has full rows; fewer panels are about square.
        n_columns = max(1, round((len(show) * width / height) ** 0.5))
        n_columns = across if len(show) == across * down else min(len(show), n_columns)
        n_rows = -(-len(show) // n_columns)
        self.shown_ = [self.label_names[label] for label in show]
        rule = "those with the most positives" if labels is None else "as chosen"
        note = left_out_note(len(show), len(self.label_names), rule)
        panels = parts_of(ax, n_rows, n_columns, note, wspace=0.08, hspace=0.08).ravel()
        self.axes_ = dict(zip(self.shown_, panels, strict=False))
        most = n_characters_that_fit(width / n_columns - 12, points("small"))
        titles = shortened(self.shown_, most)
        for i, (panel, label) in enumerate(zip(panels, show, strict=False)):
            self._draw(panel, label, titles[i])
            is_left, is_last = i % n_columns == 0, i + n_columns >= len(show)
            panel.tick_params(labelleft=is_left, labelbottom=is_last, labelsize=points("x-small"))
        for panel in panels[len(show) :]:
            panel.set_axis_off()
        size = points("small")
        panels[(n_rows - 1) * n_columns].set_xlabel("recall", fontsize=size)
        panels[0].set_ylabel("precision", fontsize=size)
        return self

    def _draw(self, panel, label, title):
        name = self.label_names[label]
        if name in self.curves:
            precision, recall, _ = self.curves[name]
            panel.step(recall, precision, where="post", color=COLOURS[0], linewidth=1.5)
        panel.plot(
            self.recall[label], self.precision[label], "o", color=COLOURS[3], markersize=5, zorder=3
        )
        told = f"{title}\nt = {self.threshold[label]:.2f}, n = {self.support[label]}"
        panel.set_title(told, fontsize=points("x-small"), pad=2, color=ink(panel))
        panel.set(xlim=(-0.04, 1.04), ylim=(-0.04, 1.04), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])


def _curve(entries, label):
    """Precision, recall and thresholds of a label."""
    rows = entries.counted[:, label]
    return precision_recall_curve(
        entries.positive[rows, label],
        entries.score[rows, label],
        sample_weight=entries.weight[rows],
    )
