"""Effects of labels on others, as a heat map."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sklearn_ctran._utils.typing import Estimator, Images, KnownLabels
from sklearn_ctran.inspection._displays.canvas import (
    axes_for,
    import_pyplot,
    points,
    write_note,
)
from sklearn_ctran.inspection._displays.choice import (
    check_most,
    chosen,
    left_out_note,
    positions_of,
)
from sklearn_ctran.inspection._displays.documentation import documented
from sklearn_ctran.inspection._displays.heat_map import draw_heat_map, n_rows_that_fit
from sklearn_ctran.inspection._effects import LabelEffects, label_effects


class LabelEffectsDisplay:
    """How the probability of each label changes with another one's state, as a heat map.

    Parameters
    ----------
    effects : LabelEffects
        What :func:`label_effects` returned.

    Attributes
    ----------
    effects : LabelEffects
    causes_, labels_ : list
        Names of the rows and of the columns that are drawn.
    values_ : ndarray of shape (n_rows, n_columns), float64
        The effects that are drawn, in [-1, 1]; NaN for a label's effect on itself.
    image_ : matplotlib AxesImage
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
        The last six after `plot`.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("agg")
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> from sklearn_ctran.inspection import LabelEffectsDisplay
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> model = MaskedLinear(random_state=0).fit(X, Y)
    >>> LabelEffectsDisplay.from_estimator(model, X, labels=[0]).values_.round(2)
    array([[  nan,  0.12,  0.08,  0.08, -0.04]])
    """

    def __init__(self, effects: LabelEffects) -> None:
        self.effects = effects

    @classmethod
    @documented
    def from_estimator(
        cls,
        estimator: Estimator,
        X: Images,
        *,
        labels: Sequence[Any] | None = None,
        known_labels: KnownLabels = None,
        extra_labels: KnownLabels = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> "LabelEffectsDisplay":
        """Compute the effects of labels, and draw them.

        Parameters
        ----------
        {fitted}
        labels : list, default=None
            Names of the labels to set, as in :func:`label_effects`. None: all, which takes
            ``1 + 2 * n_labels`` predictions of each image.
        {known}
        {plotted}

        Returns
        -------
        display : LabelEffectsDisplay
        """
        import_pyplot()  # Before minutes of predictions.
        effects = label_effects(
            estimator, X, labels=labels, known_labels=known_labels, extra_labels=extra_labels
        )
        return cls(effects).plot(ax=ax, **kwargs)

    @classmethod
    @documented
    def from_effects(
        cls, effects: LabelEffects, *, ax: Any = None, **kwargs: Any
    ) -> "LabelEffectsDisplay":
        """Draw effects that are computed already.

        Parameters
        ----------
        effects : LabelEffects
            What :func:`label_effects` returned.
        {plotted}

        Returns
        -------
        display : LabelEffectsDisplay
        """
        return cls(effects).plot(ax=ax, **kwargs)

    @documented
    def plot(
        self,
        ax: Any = None,
        *,
        causes: Sequence[Any] | None = None,
        labels: Sequence[Any] | None = None,
        max_labels: Any = "auto",
    ) -> "LabelEffectsDisplay":
        """Draw the heat map: red where a label becomes more probable, blue where less.

        Parameters
        ----------
        {ax}
        causes, labels : list, default=None
            Names of the labels that are set (rows), and of those whose probability changes
            (columns). None: those with the largest effects, in the order of the estimator.
        {max_labels}

        Returns
        -------
        display : LabelEffectsDisplay

        Raises
        ------
        ValueError
            If `causes`, `labels` or `max_labels` cannot be used.
        {no_matplotlib}
        """
        check_most(max_labels)
        effects = self.effects
        n_causes, n_labels = effects.effect.shape
        side = float(np.clip(2.6 + 0.3 * n_labels, 4.2, 9))
        self.ax_ = ax = axes_for(ax, (side + 1.2, min(side, 1.6 + 0.25 * n_causes + 1)))
        self.figure_ = ax.figure
        size = np.nan_to_num(np.abs(effects.effect))
        n_rows, n_columns = n_rows_that_fit(ax)
        rows = _largest(size.max(axis=1), effects.cause_names, causes, max_labels, n_rows)
        # The columns are those on which the rows that are shown have effects.
        columns = _largest(
            size[rows].max(axis=0), effects.label_names, labels, max_labels, n_columns
        )
        self.values_ = effects.effect[np.ix_(rows, columns)]
        self.causes_ = [effects.cause_names[row] for row in rows]
        self.labels_ = [effects.label_names[column] for column in columns]
        texts = np.where(
            np.isnan(self.values_), "", np.char.mod("%+.2f", np.nan_to_num(self.values_))
        )
        title = "change from 0 to 1"
        self.image_ = draw_heat_map(
            ax, self.values_, self.causes_, self.labels_, title=title, texts=texts
        )
        size = points("small")
        ax.set_ylabel("label that is set", fontsize=size)
        ax.set_xlabel("label whose probability changes", fontsize=size)
        notes = [
            left_out_note(
                len(rows), n_causes, "largest effects" if causes is None else "as chosen", "rows"
            ),
            left_out_note(
                len(columns),
                n_labels,
                "largest effects" if labels is None else "as chosen",
                "columns",
            ),
        ]
        write_note(ax, "; ".join(filter(None, notes)))
        return self


def _largest(size, names, wanted, max_labels, fit):
    """Positions of the names to show: those wanted, or the largest, in their own order."""
    if wanted is not None:
        return positions_of(wanted, names)
    return sorted(chosen(np.argsort(-size, kind="stable"), names, None, max_labels, fit))
