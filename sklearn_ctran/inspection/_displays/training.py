"""What happened in training, epoch by epoch: losses and validation scores of ``history_``."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sklearn_ctran._adapters.unwrap import network_in, unwrap
from sklearn_ctran._utils.names import listed
from sklearn_ctran._utils.typing import Estimator
from sklearn_ctran.inspection._displays.canvas import (
    OTHER,
    add_legend,
    axes_for,
    parts_of,
    series_style,
    write_note,
)
from sklearn_ctran.inspection._displays.documentation import documented


class TrainingCurveDisplay:
    """Losses, and validation scores if there are any, against the epochs of a fit.

    Parameters
    ----------
    history : list of dict
        ``history_`` of a fitted estimator: a dict for each epoch, with ``train_loss``, and
        ``valid_loss`` where something is held out (`early_stopping`).

    Attributes
    ----------
    epochs : ndarray of shape (n_epochs,), int64
    losses, scores : dict of str to ndarray of shape (n_epochs,), float64
        ``train_loss``, ``valid_loss``, and whatever else begins with ``valid_`` or ``train_`` and
        is a number; NaN in epochs without it.
    best_epoch : int or None
        The epoch of lowest ``valid_loss``, whose weights ``early_stopping=True`` keeps.
    lines_ : dict of str to matplotlib Line2D
    axes_ : ndarray of matplotlib Axes
        That of the losses and, if there are scores, that of the scores below.
    ax_ : matplotlib Axes
        Those that they divide.
    figure_ : matplotlib Figure
        The last four after `plot`.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("agg")
    >>> from sklearn_ctran.inspection import TrainingCurveDisplay
    >>> history = [
    ...     {"epoch": 1, "train_loss": 0.9, "valid_loss": 0.8},
    ...     {"epoch": 2, "train_loss": 0.5, "valid_loss": 0.7},
    ... ]
    >>> TrainingCurveDisplay(history).plot().best_epoch
    2
    """

    def __init__(self, history: Sequence[dict]) -> None:
        if not len(history):
            raise ValueError(
                "The history is empty: nothing was trained here. Files of the authors' code, for "
                "instance, hold no history."
            )
        self.epochs = np.array([row.get("epoch", i + 1) for i, row in enumerate(history)])
        series = _series(history)
        self.losses = {name: values for name, values in series.items() if name.endswith("loss")}
        self.scores = {name: series[name] for name in series if name not in self.losses}
        valid = self.losses.get("valid_loss", np.array([np.nan]))
        is_held_out = not np.isnan(valid).all()
        self.best_epoch = int(self.epochs[np.nanargmin(valid)]) if is_held_out else None
        self.lines_: dict = {}

    @classmethod
    @documented
    def from_estimator(cls, estimator: Estimator, *, ax: Any = None) -> "TrainingCurveDisplay":
        """Draw the ``history_`` of a fitted estimator.

        Parameters
        ----------
        estimator : CTranClassifier or another that has ``history_``, or what wraps one
            Fitted.
        {ax}

        Returns
        -------
        display : TrainingCurveDisplay

        Raises
        ------
        TypeError
            If the estimator has no ``history_``.
        ValueError
            If the history is empty.
        {no_matplotlib}
        """
        network = network_in(estimator)
        if network is None:
            name = type(unwrap(estimator)[0]).__name__
            raise TypeError(f"{name} has no history_: only fitted networks of this package do.")
        return cls(network.history_).plot(ax=ax)

    @documented
    def plot(
        self, ax: Any = None, *, series: Sequence[str] | None = None
    ) -> "TrainingCurveDisplay":
        """Draw the losses, and below them the validation scores.

        Parameters
        ----------
        {ax}
        series : list of str, default=None
            Which keys of the history to draw, such as ``["train_loss"]``. None: all.

        Returns
        -------
        display : TrainingCurveDisplay

        Raises
        ------
        ValueError
            If the history has no such key.
        {no_matplotlib}
        """
        names = [*self.losses, *self.scores]
        for name in series or ():
            if name not in names:
                raise ValueError(f"The history has no {name!r}; it has {listed(names)}.")
        wanted = names if series is None else series
        losses, scores = (
            {name: each[name] for name in each if name in wanted}
            for each in (self.losses, self.scores)
        )
        panels = [(part, what) for part, what in ((losses, "loss"), (scores, "score")) if part]
        self.ax_ = ax = axes_for(ax, (6.4, 3.6 + 2.4 * (len(panels) - 1)))
        self.figure_ = ax.figure
        parts = np.array([ax])
        if len(panels) > 1:
            parts = parts_of(ax, len(panels), 1, hspace=0.05)[:, 0]
        self.axes_ = parts
        for part, (curves, what) in zip(parts, panels, strict=True):
            self._draw(part, curves, what)
        for part in parts[:-1]:
            part.tick_params(labelbottom=False)
        parts[-1].set_xlabel("epoch")
        write_note(parts[0], self._note())
        return self

    def _draw(self, part, curves, what):
        for name, values in curves.items():
            style = series_style(list(self.losses | self.scores).index(name))
            if len(self.epochs) > 30:
                style["marker"] = None
            (self.lines_[name],) = part.plot(self.epochs, values, **style)
        if self.best_epoch is not None:
            part.axvline(self.best_epoch, color=OTHER, linestyle=":", linewidth=1)
        texts = [name.replace("_", " ").replace("valid", "validation") for name in curves]
        if len(curves) > 1:
            add_legend(part, [self.lines_[name] for name in curves], texts)
        part.set_ylabel(what if len(curves) > 1 else texts[0])
        part.set_xlim(self.epochs[0] - 0.5, self.epochs[-1] + 0.5)
        part.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)

    def _note(self):
        if self.best_epoch is None:
            return "Nothing was held out: the loss is that of the training images."
        return f"Dotted: epoch {self.best_epoch}, the lowest validation loss."


def _series(history):
    """Numbers of the history by key, ndarrays of shape (n_epochs,)."""
    keys = dict.fromkeys(
        key
        for row in history
        for key, value in row.items()
        if key.startswith(("train_", "valid_"))
        and not key.endswith(("_best", "_count"))
        and np.isscalar(value)
    )
    return {
        key: np.array([row.get(key, np.nan) for row in history], dtype=np.float64) for key in keys
    }
