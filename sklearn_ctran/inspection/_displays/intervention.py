"""An intervention on one photo, before and after, as bars."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sklearn_ctran._images.pictures import are_pictures, read_pictures
from sklearn_ctran._utils.checks import check_rows_exist
from sklearn_ctran._utils.typing import Estimator, Images, KnownLabels
from sklearn_ctran.inspection._displays.bars import height_for, n_bars_that_fit, name_rows
from sklearn_ctran.inspection._displays.canvas import (
    COLOURS,
    OTHER,
    axes_for,
    import_pyplot,
    n_characters_that_fit,
    parts_of,
    points,
    shortened,
    size_of,
)
from sklearn_ctran.inspection._displays.choice import (
    check_most,
    chosen,
    left_out_note,
)
from sklearn_ctran.inspection._displays.documentation import documented
from sklearn_ctran.inspection._effects import Intervention, intervene


class InterventionDisplay:
    """Probabilities of one photo before and after labels were set (paper, Figure 1).

    Parameters
    ----------
    intervention : Intervention
        What :func:`intervene` returned.
    row : int, default=0
        Which of its images.
    labels_set : dict, default=None
        What was set: name of a label -> 1 or 0. It is written over the bars.
    photo : ndarray of shape (height, width, 3), uint8, default=None
        The image, drawn beside the bars.

    Attributes
    ----------
    before, after : ndarray of shape (n_labels,), float32
        P(label = 1) of each target, in [0, 1].
    label_names : list of length n_labels
    shown_ : list
        Names of the labels that are drawn, from the top.
    bars_ : tuple of matplotlib BarContainer
        Those before, and those after.
    axes_ : ndarray of matplotlib Axes
        That of the photo, if there is one, and that of the bars.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
        The last five after `plot`.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("agg")
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> from sklearn_ctran.inspection import InterventionDisplay
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> model = MaskedLinear(random_state=0).fit(X, Y)
    >>> display = InterventionDisplay.from_estimator(model, X, {0: 1}, row=2)
    >>> display.shown_
    [0, 1, 2, 3, 4]
    """

    def __init__(
        self,
        intervention: Intervention,
        *,
        row: int = 0,
        labels_set: Mapping[Any, int] | None = None,
        photo: np.ndarray | None = None,
    ) -> None:
        check_rows_exist([row], len(intervention.before))
        self.before = intervention.before[row]
        self.after = intervention.after[row]
        self.label_names = list(intervention.label_names)
        self.labels_set = dict(labels_set or {})
        self.photo = photo

    @classmethod
    @documented
    def from_estimator(
        cls,
        estimator: Estimator,
        X: Images,
        labels: Mapping[Any, int],
        *,
        row: int = 0,
        known_labels: KnownLabels = None,
        extra_labels: KnownLabels = None,
        photos: Images | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> "InterventionDisplay":
        """Set labels, and draw what becomes of the probabilities of one photo.

        Parameters
        ----------
        {fitted}
        labels : dict
            Name of a target or an extra label -> 1 or 0, as in :func:`intervene`.
        row : int, default=0
            Which image of `X`.
        {known}
        {photos}
        {plotted}

        Returns
        -------
        display : InterventionDisplay
        """
        import_pyplot()  # Before minutes of predictions.
        result = intervene(
            estimator, X, labels, known_labels=known_labels, extra_labels=extra_labels
        )
        if photos is None and are_pictures(X):
            photos = X
        return cls.from_intervention(
            result, row=row, labels_set=labels, photos=photos, ax=ax, **kwargs
        )

    @classmethod
    @documented
    def from_intervention(
        cls,
        intervention: Intervention,
        *,
        row: int = 0,
        labels_set: Mapping[Any, int] | None = None,
        photos: Images | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> "InterventionDisplay":
        """Draw an intervention that is computed already.

        Parameters
        ----------
        intervention : Intervention
            What :func:`intervene` returned.
        row : int, default=0
            Which of its images.
        labels_set : dict, default=None
            What was set; it is written over the bars.
        photos : array-like, default=None
            Its images, in any form that estimators take. None: no photo.
        {plotted}

        Returns
        -------
        display : InterventionDisplay
        """
        (photo,) = [None] if photos is None else read_pictures(photos, [row])
        display = cls(intervention, row=row, labels_set=labels_set, photo=photo)
        return display.plot(ax=ax, **kwargs)

    @documented
    def plot(
        self,
        ax: Any = None,
        *,
        labels: Sequence[Any] | None = None,
        max_labels: Any = "auto",
    ) -> "InterventionDisplay":
        """Draw two bars for each label, the one that changed most on top.

        Parameters
        ----------
        {ax}
        labels : list, default=None
            Names of the labels to draw. None: those whose probability changed most.
        {max_labels}

        Returns
        -------
        display : InterventionDisplay

        Raises
        ------
        ValueError
            If `labels` or `max_labels` cannot be used.
        {no_matplotlib}
        """
        check_most(max_labels)
        change = self.after - self.before
        n_wanted = min(len(change) if labels is None else len(labels), 14)
        width = 6.4 if self.photo is None else 9.6
        self.ax_ = ax = axes_for(ax, (width, height_for(1.8 * n_wanted)))
        self.figure_ = ax.figure
        order = np.argsort(-np.abs(change), kind="stable")
        fit = max(1, int(n_bars_that_fit(ax) / 1.5))
        show = chosen(order, self.label_names, labels, max_labels, fit)
        self.shown_ = [self.label_names[i] for i in show]
        rule = "the largest changes" if labels is None else "as chosen"
        note = left_out_note(len(show), len(change), rule)
        ratios = [1] if self.photo is None else [1, 1.5]
        note = self._note(ax, note)
        parts = parts_of(ax, 1, len(ratios), note, width_ratios=ratios, wspace=0.04)[0]
        if self.photo is not None:
            parts[0].imshow(self.photo)
            parts[0].set_axis_off()
        self.axes_ = parts
        self._draw(parts[-1], show)
        return self

    def _note(self, ax, note):
        most = n_characters_that_fit(0.4 * size_of(ax)[0], points("small"))
        names = shortened(list(self.labels_set), most)
        states = self.labels_set.values()
        told = ", ".join(f"{name} = {state}" for name, state in zip(names, states, strict=True))
        return "; ".join(filter(None, [f"set (*): {told}" if told else "", note]))

    def _draw(self, ax, show):
        places = np.arange(len(show))
        pairs = ((-0.2, self.before, OTHER), (0.2, self.after, COLOURS[0]))
        self.bars_ = tuple(
            ax.barh(places + shift, values[show], height=0.38, color=colour)
            for shift, values, colour in pairs
        )
        is_set = [name in self.labels_set for name in self.shown_]
        marks = [" *" if own else "" for own in is_set]
        name_rows(ax, self.shown_, share=0.28 if self.photo is None else 0.2, marks=marks)
        ax.set(xlim=(0, 1.001), xlabel="probability")
        # Above the axes, because there may be a bar at any place inside.
        above = {"loc": "lower right", "bbox_to_anchor": (1, 1), "ncols": 2, "frameon": False}
        ax.legend(self.bars_, ["before", "after"], fontsize=points("small"), **above)
