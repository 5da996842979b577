"""The learning-rate range test: one short training, with a rate that grows step by step."""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter1d
from sklearn.base import clone

from sklearn_ctran._utils.checks import Diverged, check_count
from sklearn_ctran._utils.frames import to_frame
from sklearn_ctran._utils.progress import Progress
from sklearn_ctran._utils.typing import DataFrame, Estimator, ExtraLabels, Images, Labels
from sklearn_ctran._utils.warnings import warn

#: The losses are smoothed over this share of the steps, as a standard deviation.
_WIDTH = 0.05

_NEEDED = {"lr", "lr_schedule", "max_epochs", "early_stopping", "callbacks", "checkpoint"}


@dataclass(frozen=True, eq=False)
class LearningRates:
    """Losses of training steps, each at a higher learning rate than the one before.

    Attributes
    ----------
    rates : ndarray of shape (n_steps,), float64
        Learning rates, ascending. Less than were asked for if the loss diverged.
    losses : ndarray of shape (n_steps,), float64
        The training loss of each step, before its weights change.
    smoothed : ndarray of shape (n_steps,), float64
        The same, without most of its noise.
    suggestion : float
        The rate at which the smoothed loss falls fastest: a value for `lr`. NaN if it falls
        nowhere.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import LinearHead
    >>> from sklearn_ctran.model_selection import find_lr
    >>> X, Y = make_multilabel_classification(100, n_classes=3, random_state=0)
    >>> found = find_lr(LinearHead(backbone=None, random_state=0), X, Y, n_steps=30)
    >>> len(found.rates) == len(found.losses) <= 30
    True
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    suggestion: float

    def __repr__(self):
        return (
            f"<LearningRates: suggestion {self.suggestion:.2g}, of {len(self.rates)} rates from "
            f"{self.rates[0]:.2g} to {self.rates[-1]:.2g}>"
        )

    def to_frame(self) -> DataFrame:
        """Return the steps as a data frame.

        Returns
        -------
        frame : pandas.DataFrame
            One row for each step; columns ``rate``, ``loss``, ``smoothed``.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return to_frame({"rate": self.rates, "loss": self.losses, "smoothed": self.smoothed})


def find_lr(
    estimator: Estimator,
    X: Images,
    y: Labels,
    *,
    extra_labels: ExtraLabels = None,
    sample_weight: ArrayLike | None = None,
    lowest: float = 1e-6,
    highest: float = 1.0,
    n_steps: int = 100,
    verbose: int | None = None,
) -> LearningRates:
    """Find a learning rate: train a few steps at growing rates, and see where the loss falls.

    This is the range test of Smith [1]_. A new model, as `estimator` would fit it, is trained on
    batches of `X` while its learning rate grows exponentially. The other rates (of the backbone,
    say) keep their ratio to it. At low rates the loss hardly moves; it falls fastest at the
    suggested rate, and diverges beyond. `estimator` stays as it is, and so do the global random
    states.

    Parameters
    ----------
    estimator : CTranClassifier or a neural baseline
        It need not be fitted; of one that is, weights are not used. Its `lr` does not matter but
        for the ratios; `early_stopping`, `callbacks`, `checkpoint` and `distributed` do not count.
    X, y, extra_labels, sample_weight : object
        As in its `fit`.
    lowest, highest : float, default=1e-6, 1.0
        The first and the last rate; 0 < lowest < highest.
    n_steps : int, default=100
        Training steps, at least 10. Training ends before if the loss is four times the lowest.
    verbose : int or None, default=None
        1: progress on standard error, a bar or lines of a log; 0: none. None: only on a terminal or
        in a notebook.

    Returns
    -------
    rates : LearningRates
        ``rates.suggestion`` is a value for `lr`, which is the peak of ``lr_schedule="one_cycle"``.

    Raises
    ------
    TypeError
        If `estimator` has no learning rate.
    ValueError
        If a rate or `n_steps` cannot be used, or the loss diverges in the first steps; and whatever
        `fit` raises.

    Warns
    -----
    UserWarning
        If the loss falls nowhere.

    Notes
    -----
    Mini-batches differ by chance. With few images, see how much the suggestion varies with the
    `random_state` of the estimator.

    References
    ----------
    .. [1] L. N. Smith: Cyclical Learning Rates for Training Neural Networks. WACV 2017,
       section 3.3.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import LinearHead
    >>> from sklearn_ctran.model_selection import find_lr
    >>> X, Y = make_multilabel_classification(500, random_state=0)
    >>> model = LinearHead(backbone=None, random_state=0)
    >>> found = find_lr(model, X, Y)
    >>> 1e-3 < found.suggestion < 1
    True
    >>> model = model.set_params(lr=found.suggestion).fit(X, Y)
    """
    # Here, because it imports skorch, which nothing else in this package needs.
    from sklearn_ctran.model_selection._range_test import IsOver, RangeTest

    _check(estimator, lowest, highest, n_steps)
    progress = Progress("find_lr", n_steps, " steps", verbose=verbose)
    test = RangeTest(np.geomspace(lowest, highest, n_steps), progress)
    model = _to_test(estimator, test)
    given = {"extra_labels": extra_labels, "sample_weight": sample_weight}
    given = {name: value for name, value in given.items() if value is not None}
    with progress, suppress(IsOver, Diverged):  # It was over, or a loss was infinite.
        model.fit(X, y, **given)
    losses = np.array(test.losses)
    if len(losses) < 3:
        raise ValueError(
            f"The loss diverged after {len(losses)} steps, at a rate of {lowest:g}: set a lower "
            "`lowest`, or look for extreme values in the features."
        )
    rates = test.rates[: len(losses)]
    smoothed = gaussian_filter1d(losses, _WIDTH * n_steps, mode="nearest")
    return LearningRates(rates, losses, smoothed, _steepest(rates, smoothed))


def _check(estimator, lowest, highest, n_steps):
    is_estimator = hasattr(estimator, "get_params") and not isinstance(estimator, type)
    if not is_estimator or not set(estimator.get_params(deep=False)) >= _NEEDED:
        raise TypeError(
            f"find_lr needs a CTranClassifier or another neural estimator, got {estimator!r}. Of a "
            "pipeline pass its last step, and X as that step gets it."
        )
    check_count("n_steps", n_steps, least=10)
    if not 0 < lowest < highest < np.inf:
        raise ValueError(
            f"The rates must be 0 < lowest < highest, got lowest={lowest!r}, highest={highest!r}."
        )


def _to_test(estimator, test):
    """A clone whose training is the test."""
    model = clone(estimator)
    if hasattr(model, "set_callbacks"):
        model.set_callbacks()
    names = model.get_params(deep=False)
    params = {
        "callbacks": [test],
        "max_epochs": len(test.rates),
        "lr_schedule": None,
        "early_stopping": False,
        "checkpoint": None,
        "distributed": None,
        "warm_start": False,
        "verbose": 0,
    }
    if names.get("random_state") is None:
        # Without one, fits draw from numpy's global generator.
        params["random_state"] = int(np.random.SeedSequence().generate_state(1)[0] >> 1)
    return model.set_params(**params)


def _steepest(rates, smoothed):
    """The rate at which a curve falls fastest, up to its lowest point."""
    slope = np.gradient(smoothed, np.log(rates))[: smoothed.argmin() + 1]
    if slope.min() >= 0:
        warn(
            "The loss falls at no learning rate, so there is no suggestion: set a lower `lowest` "
            "or more `n_steps`, or see whether the labels can be told from the images at all."
        )
        return float("nan")
    return float(rates[slope.argmin()])
