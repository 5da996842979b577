"""Which labels occur together, and how much more often than by chance."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sklearn_ctran._labels.states import read_states
from sklearn_ctran._utils.names import as_names
from sklearn_ctran._utils.typing import LabelNames, Labels
from sklearn_ctran.inspection._displays.canvas import axes_for, points, write_note
from sklearn_ctran.inspection._displays.choice import chosen, left_out_note
from sklearn_ctran.inspection._displays.documentation import documented
from sklearn_ctran.inspection._displays.heat_map import draw_heat_map, n_rows_that_fit
from sklearn_ctran.metrics._inputs import label_names as names_of_columns
from sklearn_ctran.metrics._inputs import table_shape
from sklearn_ctran.metrics._undefined import ratio
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN


class CooccurrenceDisplay:
    """How often labels occur together, and the lift: how much more often than by chance.

    The lift of two labels is P(both) / (P(one) P(other)), over the rows in which both are
    annotated: 1 where they are independent, 2 where they are together twice as often.

    Parameters
    ----------
    counts : array-like of shape (n_labels, n_labels)
        Rows in which both labels are positive; on the diagonal, rows in which the label is.
    lift : array-like of shape (n_labels, n_labels)
        At least 0; NaN where undefined.
    label_names : array-like of shape (n_labels,)
        Names of the labels.

    Attributes
    ----------
    counts : ndarray of shape (n_labels, n_labels), int64
    lift : ndarray of shape (n_labels, n_labels), float64
    label_names : list of length n_labels
    shown_ : list
        Names of the labels that are drawn.
    image_ : matplotlib AxesImage
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
        The last four after `plot`.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("agg")
    >>> from sklearn_ctran.inspection import CooccurrenceDisplay
    >>> Y = [[1, 1, 0], [1, 1, 0], [0, 0, 1], [0, 0, 0]]
    >>> display = CooccurrenceDisplay.from_labels(Y, label_names=["sea", "ship", "cow"])
    >>> display.lift[0]
    array([nan,  2.,  0.])
    """

    def __init__(self, counts: Any, lift: Any, label_names: LabelNames) -> None:
        self.counts = np.asarray(counts)
        self.lift = np.asarray(lift, dtype=np.float64)
        self.label_names = as_names(label_names).tolist()

    @classmethod
    @documented
    def from_labels(
        cls,
        y: Labels,
        *,
        label_names: LabelNames | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> "CooccurrenceDisplay":
        """Count which labels occur together, and draw the lift.

        Parameters
        ----------
        y : array-like, sparse matrix or DataFrame of shape (n_samples, n_labels)
            1, 0, and -1 or NaN where the label is not annotated.
        {label_names}
        {plotted}

        Returns
        -------
        display : CooccurrenceDisplay

        Raises
        ------
        ValueError
            If `y` is no table of labels or all of it is missing, or an argument cannot be used.
        {no_matplotlib}
        """
        y = y.toarray() if hasattr(y, "toarray") else y
        n_labels = table_shape(y, "y")[1]
        if label_names is None:
            label_names = names_of_columns(y, n_labels=n_labels)
        names = as_names(label_names)
        if len(names) != n_labels:
            raise ValueError(f"label_names has {len(names)} names for {n_labels} labels.")
        states = read_states(y, names, "y")
        if (states == UNKNOWN).all():
            raise ValueError("y has no label: all are missing, so there is nothing to count.")
        positive = (states == POSITIVE).astype(np.float64)
        annotated = (states != UNKNOWN).astype(np.float64)
        both, of_both = positive.T @ positive, annotated.T @ annotated
        # Rows in which the one is positive, of those in which the other is annotated too.
        one = positive.T @ annotated
        lift = ratio(both * of_both, one * one.T)
        np.fill_diagonal(lift, np.nan)
        return cls(both.astype(np.int64), lift, names).plot(ax=ax, **kwargs)

    @documented
    def plot(
        self,
        ax: Any = None,
        *,
        labels: Sequence[Any] | None = None,
        max_labels: Any = "auto",
    ) -> "CooccurrenceDisplay":
        """Draw the lift in colours, and the numbers of rows where there is room.

        Parameters
        ----------
        {ax}
        labels : list, default=None
            Names of the labels to draw. None: the most frequent ones.
        {max_labels}

        Returns
        -------
        display : CooccurrenceDisplay

        Raises
        ------
        ValueError
            If `labels` or `max_labels` cannot be used.
        {no_matplotlib}
        """
        n_labels = len(self.label_names)
        side = float(np.clip(2.6 + 0.3 * n_labels, 4.2, 9))
        self.ax_ = ax = axes_for(ax, (side + 1.4, side))
        self.figure_ = ax.figure
        order = np.argsort(-np.diag(self.counts), kind="stable")
        show = chosen(order, self.label_names, labels, max_labels, min(n_rows_that_fit(ax)))
        self.shown_ = [self.label_names[i] for i in show]
        which = np.ix_(show, show)
        # In powers of two, so that twice as often and half as often are equally far from none.
        with np.errstate(divide="ignore"):
            values = np.log2(self.lift[which])
        texts = np.char.mod("%d", self.counts[which])
        title = "lift"
        values = np.clip(values, -3, 3)
        self.image_ = draw_heat_map(
            ax, values, self.shown_, self.shown_, limit=3, title=title, texts=texts
        )
        bar = self.image_.colorbar
        bar.set_ticks(range(-3, 4), labels=["≤ ⅛", "¼", "½", "1", "2", "4", "≥ 8"])
        bar.ax.tick_params(labelsize=points("x-small"))
        rule = "the most frequent" if labels is None else "as chosen"
        note = left_out_note(len(show), n_labels, rule)
        has_numbers = len(ax.texts) > 0
        write_note(ax, "; ".join(filter(None, [note, "numbers: rows" if has_numbers else ""])))
        return self
