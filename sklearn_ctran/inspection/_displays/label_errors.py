"""The labels that look most wrong, as a sheet of photos."""

from typing import Any

import numpy as np
from sklearn.utils.validation import _num_samples

from sklearn_ctran._utils.typing import Images
from sklearn_ctran.inspection._displays.canvas import COLOURS, OTHER, WRONG, axes_for
from sklearn_ctran.inspection._displays.documentation import documented
from sklearn_ctran.inspection._displays.sheet import (
    Line,
    draw_sheet,
    n_photos_that_fit,
    titles_of,
)
from sklearn_ctran.inspection._label_errors import LabelErrors


class LabelErrorsDisplay:
    """Photos of the given labels that a model disagrees with, the most suspicious first.

    Parameters
    ----------
    errors : LabelErrors
        What :func:`find_label_errors` returned.
    photos : array-like
        The images that it got, in any form that estimators take.

    Attributes
    ----------
    errors : LabelErrors
    rows_ : ndarray of int
        Rows of the photos that are drawn, one for each suspicious label.
    captions_ : list of list of str
        What is written under them.
    axes_ : ndarray of matplotlib Axes
        Those of the photos.
    ax_ : matplotlib Axes
        Those that the sheet divides.
    figure_ : matplotlib Figure
        The last five after `plot`.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("agg")
    >>> import numpy as np
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> from sklearn_ctran.inspection import LabelErrorsDisplay, find_label_errors
    >>> X = np.random.RandomState(0).randn(100, 2)
    >>> Y = (X > 0).astype(int)
    >>> Y[7, 1] = 1 - Y[7, 1]
    >>> errors = find_label_errors(MaskedLinear(random_state=0), X, Y, random_state=0)
    >>> photos = np.random.RandomState(0).randint(256, size=(100, 8, 8), dtype=np.uint8)
    >>> int(LabelErrorsDisplay.from_errors(errors, photos, n_photos=4).rows_[0])
    7
    """

    def __init__(self, errors: LabelErrors, photos: Images) -> None:
        n_samples = len(errors.label_quality_scores)
        n_photos = _num_samples(photos)
        if n_photos != n_samples:
            raise ValueError(f"There are {n_photos} photos, but the errors are of {n_samples}.")
        self.errors = errors
        self.photos = photos

    @classmethod
    @documented
    def from_errors(
        cls, errors: LabelErrors, photos: Images, *, ax: Any = None, **kwargs: Any
    ) -> "LabelErrorsDisplay":
        """Draw a sheet of suspicious labels.

        Parameters
        ----------
        errors : LabelErrors
            What :func:`find_label_errors` returned.
        photos : array-like
            The images that it got, in any form that estimators take.
        {plotted}

        Returns
        -------
        display : LabelErrorsDisplay

        Raises
        ------
        ValueError
            If the numbers of photos differ, or nothing is suspicious.
        {no_matplotlib}
        """
        return cls(errors, photos).plot(ax=ax, **kwargs)

    @documented
    def plot(
        self, ax: Any = None, *, n_photos: Any = "auto", skip: int = 0
    ) -> "LabelErrorsDisplay":
        """Draw the sheet.

        Parameters
        ----------
        {ax}
        n_photos : int or "auto", default="auto"
            How many suspicious labels at most. "auto": as many as can be seen in the axes.
        skip : int, default=0
            How many of the first ones to leave out: the next sheet.

        Returns
        -------
        display : LabelErrorsDisplay

        Raises
        ------
        ValueError
            If an argument cannot be used, nothing is left to draw, or a photo cannot be read.
        {no_matplotlib}
        """
        errors = self.errors
        if not 0 <= skip < len(errors):
            raise ValueError(
                f"There are {len(errors)} suspicious labels, of which skip={skip} leaves none."
            )
        ax = axes_for(ax, (8.0, 6.4))
        which = np.arange(len(errors))[skip : skip + n_photos_that_fit(ax, n_photos)]
        self.ax_, self.figure_ = ax, ax.figure
        self.rows_ = errors.rows[which]
        titles = titles_of(self.photos)
        captions = [self._caption(i, titles) for i in which]
        self.captions_ = [[line.text for line in caption] for caption in captions]
        frames = np.where(errors.breaks_rules[which], WRONG, OTHER)
        note = f"{skip + 1} to {skip + len(which)} of {len(errors)} suspicious labels"
        if errors.breaks_rules[which].any():
            note += "; framed: they break the rules"
        self.axes_ = draw_sheet(ax, self.photos, self.rows_, captions, frames, note)
        return self

    def _caption(self, i, titles):
        errors = self.errors
        is_given = errors.given_label[i] == 1
        proba = 1 - errors.label_quality[i] if not is_given else errors.label_quality[i]
        mark, colour = ("+", WRONG) if is_given else ("−", COLOURS[0])
        return [
            Line("", titles[errors.rows[i]]),
            Line(mark, str(errors.labels[i]), colour),
            Line("", f"given {errors.given_label[i]}, P = {proba:.2f}"),
            *([Line("", "breaks a rule")] if errors.breaks_rules[i] else []),
        ]
