"""A contact sheet: photos, with what is true of them and what is predicted."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import _num_samples

from sklearn_ctran._labels.known import encode_known_labels
from sklearn_ctran._labels.states import in_order, read_states
from sklearn_ctran._utils.checks import check_rows_exist
from sklearn_ctran._utils.frames import columns_of
from sklearn_ctran._utils.names import as_names
from sklearn_ctran._utils.rows import check_rows
from sklearn_ctran._utils.typing import Estimator, Images, KnownLabels, LabelNames, Labels
from sklearn_ctran.inspection._displays.canvas import COLOURS, OTHER, RIGHT, WRONG, axes_for
from sklearn_ctran.inspection._displays.choice import positions_of
from sklearn_ctran.inspection._displays.documentation import documented
from sklearn_ctran.inspection._displays.scored import predict_for
from sklearn_ctran.inspection._displays.sheet import (
    Line,
    clipped,
    draw_sheet,
    n_photos_that_fit,
    titles_of,
)
from sklearn_ctran.metrics._decisions import read_threshold
from sklearn_ctran.metrics._inputs import label_names as names_of_columns
from sklearn_ctran.metrics._inputs import table_shape
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN

#: What a line under a photo says of a label: a mark and a colour. No two have the same mark.
_FALSE, _MISSED, _FOUND, _NEW, _KNOWN = (
    ("✗", WRONG),
    ("○", COLOURS[1]),
    ("✓", RIGHT),
    ("?", OTHER),
    ("=", OTHER),
)


class ContactSheetDisplay:
    """Photos with their labels, true and predicted; what is wrong comes first.

    Parameters
    ----------
    photos : array-like of length n_samples
        Images in any form that estimators take.
    y_true : array-like of shape (n_samples, n_labels)
        1, 0, and -1 where the label is not annotated.
    y_pred : array-like of shape (n_samples, n_labels)
        1 where a label is predicted, 0 elsewhere.
    y_score : array-like of shape (n_samples, n_labels), default=None
        Probabilities, in [0, 1], written behind the labels.
    known_labels : array-like of shape (n_samples, n_labels), default=None
        What the predictions knew: 1, 0, and -1 elsewhere. Such labels are neither right nor wrong.
    label_names : array-like of shape (n_labels,), default=None
        Names of the labels. None: positions.

    Attributes
    ----------
    is_found, is_false, is_missed : ndarray of shape (n_samples, n_labels), bool
        Labels that are true and predicted; predicted, but not true; true, but not predicted.
    rows_ : ndarray of int
        Rows of the photos that are drawn.
    axes_ : ndarray of matplotlib Axes
        Those of the photos.
    ax_ : matplotlib Axes
        Those that the sheet divides.
    figure_ : matplotlib Figure
        The last four after `plot`.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("agg")
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> from sklearn_ctran.inspection import ContactSheetDisplay
    >>> scenes = make_digit_scenes(3, random_state=0)
    >>> guess = scenes.Y.copy()
    >>> guess[1, 0] = 1 - guess[1, 0]
    >>> sheet = ContactSheetDisplay.from_predictions(scenes.images, scenes.Y, guess, rows="worst")
    >>> sheet.rows_.tolist()
    [1, 0, 2]
    """

    def __init__(
        self,
        photos: Images,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        y_score: ArrayLike | None = None,
        known_labels: ArrayLike | None = None,
        label_names: LabelNames | None = None,
    ) -> None:
        self.photos = photos
        self.y_true = np.asarray(y_true)
        self.y_pred = np.asarray(y_pred)
        self.y_score = None if y_score is None else np.asarray(y_score)
        nothing = np.full(self.y_true.shape, UNKNOWN)
        self.known_labels = nothing if known_labels is None else np.asarray(known_labels)
        names = np.arange(self.y_true.shape[1]) if label_names is None else label_names
        self.label_names = as_names(names).tolist()
        is_asked = self.known_labels == UNKNOWN
        is_predicted = (self.y_pred == POSITIVE) & is_asked
        self.is_found = is_predicted & (self.y_true == POSITIVE)
        self.is_false = is_predicted & (self.y_true == NEGATIVE)
        self.is_missed = ~is_predicted & is_asked & (self.y_true == POSITIVE)

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
        threshold: ArrayLike | None = None,
        photos: Images | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> "ContactSheetDisplay":
        """Predict, and draw a sheet of photos.

        Parameters
        ----------
        {fitted}
        y : array-like, sparse matrix or DataFrame of shape (n_samples, n_labels)
            The truth; -1 or NaN entries are neither right nor wrong.
        {known}
        threshold : float or array-like of shape (n_labels,), default=None
            In [0, 1]. A label is predicted where its probability is above this. None: the
            estimator's (``TunedThresholds``), else 0.5.
        {photos}
        {plotted}

        Returns
        -------
        display : ContactSheetDisplay
        """
        given = predict_for(estimator, X, y, known_labels, extra_labels)
        own = given.pop("threshold")
        cuts = read_threshold(own if threshold is None else threshold, given["y_score"].shape[1])
        y_pred = (given["y_score"] > cuts).astype(np.int64)
        return cls.from_predictions(
            X if photos is None else photos, y_pred=y_pred, **given, ax=ax, **kwargs
        )

    @classmethod
    @documented
    def from_predictions(
        cls,
        photos: Images,
        y_true: Labels,
        y_pred: ArrayLike,
        *,
        y_score: ArrayLike | None = None,
        known_labels: KnownLabels = None,
        label_names: LabelNames | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> "ContactSheetDisplay":
        """Draw a sheet of photos, given predictions.

        Parameters
        ----------
        photos : array-like of length n_samples
            Images in any form that estimators take: paths, arrays, PIL images, ...
        y_true : array-like, sparse matrix or DataFrame of shape (n_samples, n_labels)
            0, 1, and -1 or NaN where the label is not annotated.
        y_pred : array-like of shape (n_samples, n_labels)
            What ``predict`` returned, 1 or 0.
        y_score : array-like of shape (n_samples, n_labels), default=None
            Probabilities, in [0, 1], written behind the labels.
        known_labels : array-like of shape (n_samples, n_labels), DataFrame or dict, default=None
            The `known_labels` of the predictions.
        {label_names}
        {plotted}

        Returns
        -------
        display : ContactSheetDisplay

        Raises
        ------
        ValueError
            If shapes differ, or a value cannot be used.
        {no_matplotlib}
        """
        check_rows(X=photos, y_true=y_true, known_labels=known_labels)
        y_true = y_true.toarray() if hasattr(y_true, "toarray") else y_true
        n_samples, n_labels = table_shape(y_true, "y_true")
        if label_names is None:
            label_names = names_of_columns(y_true, n_labels=n_labels)
        names = as_names(label_names)
        if columns_of(y_true) is not None and set(columns_of(y_true)) == set(names):
            y_true = in_order(y_true, names, "y_true")
        truth = read_states(y_true, names, "y_true")
        for what, table in (("y_pred", y_pred), ("y_score", y_score)):
            if table is not None and np.shape(table) != truth.shape:
                raise ValueError(
                    f"{what} must have the shape of y_true, {truth.shape}, got {np.shape(table)}."
                )
        n_photos = _num_samples(photos)
        if n_photos != n_samples:
            raise ValueError(f"There are {n_photos} photos, but {n_samples} rows in y_true.")
        known = (
            None if known_labels is None else encode_known_labels(known_labels, n_samples, names)
        )
        display = cls(photos, truth, y_pred, y_score=y_score, known_labels=known, label_names=names)
        return display.plot(ax=ax, **kwargs)

    @documented
    def plot(
        self,
        ax: Any = None,
        *,
        rows: Any = "given",
        n_photos: Any = "auto",
        labels: Sequence[Any] | None = None,
    ) -> "ContactSheetDisplay":
        """Draw the sheet.

        Parameters
        ----------
        {ax}
        rows : list of int, "given" or "worst", default="given"
            Which photos, in this order. "given": the first; "worst": those with the most wrong
            labels.
        n_photos : int or "auto", default="auto"
            How many photos at most. "auto": as many as can be seen in the axes. A list in `rows`
            is drawn as a whole.
        labels : list, default=None
            Names of the labels to write under photos. None: all that are true or predicted.

        Returns
        -------
        display : ContactSheetDisplay

        Raises
        ------
        ValueError
            If an argument cannot be used, or a photo cannot be read; the message names its row.
        {no_matplotlib}
        """
        ax = axes_for(ax, (8.0, 6.4))
        n_fit = n_photos_that_fit(ax, n_photos)
        shown = None if labels is None else positions_of(labels, self.label_names)
        self.rows_ = self._rows(rows, n_fit)
        self.ax_, self.figure_ = ax, ax.figure
        is_wrong = (self.is_false | self.is_missed)[self.rows_].any(axis=1)
        titles = titles_of(self.photos)
        captions = [
            [Line("", titles[row]), *clipped_labels]
            for row in self.rows_
            for clipped_labels in [clipped(self._lines(row, shown))]
        ]
        cases = ["✓ right", "✗ predicted, not true", "○ true, not predicted"]
        if (self.known_labels != UNKNOWN).any():
            cases.append("= known")
        if (self.y_true == UNKNOWN).any():
            cases.append("? predicted, not annotated")
        # Lines are not broken within a case.
        note = "   ".join(case.replace(" ", "\xa0") for case in cases)
        frames = np.where(is_wrong, WRONG, RIGHT)
        self.axes_ = draw_sheet(ax, self.photos, self.rows_, captions, frames, note)
        return self

    def _rows(self, rows, n_fit):
        n_samples = len(self.y_true)
        if not isinstance(rows, str):
            return check_rows_exist(rows, n_samples)
        if rows == "given":
            return np.arange(min(n_fit, n_samples))
        if rows != "worst":
            raise ValueError(f"rows must be a list of numbers, 'given' or 'worst', got {rows!r}.")
        n_wrong = (self.is_false | self.is_missed).sum(axis=1)
        return np.argsort(-n_wrong, kind="stable")[:n_fit]

    def _lines(self, row, shown):
        """Lines of all labels of a photo that are true or predicted, the wrong ones first."""
        is_new = (self.y_pred[row] == POSITIVE) & (self.y_true[row] == UNKNOWN)
        is_known = self.known_labels[row] == POSITIVE
        cases = (
            (_FALSE, self.is_false[row]),
            (_MISSED, self.is_missed[row]),
            (_KNOWN, is_known),
            (_FOUND, self.is_found[row]),
            (_NEW, is_new & ~is_known),
        )
        lines = []
        for (mark, colour), mask in cases:
            for label in np.flatnonzero(mask):
                if shown is None or label in shown:
                    text = str(self.label_names[label])
                    if self.y_score is not None and mark != "=":
                        text = f"{self.y_score[row, label]:.2f} {text}"
                    lines.append(Line(mark, text, colour))
        return lines
