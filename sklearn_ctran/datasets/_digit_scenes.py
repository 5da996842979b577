"""Scenes of handwritten digits: a multi-label image problem that ships with scikit-learn."""

from numbers import Integral, Real
from typing import Literal

import numpy as np
from sklearn.datasets import load_digits
from sklearn.utils import Bunch, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_ctran._utils.sklearn_compat import WholeNumber, validate_params
from sklearn_ctran._utils.typing import RandomState

_N_DIGITS = 10
_DIGIT_SIDE = 8
_GRID = 3
_BACKGROUND = 64.0
_CLEAR_CONTRAST = (0.6, 1.0)
_FAINT_CONTRAST = (0.0, 0.15)
_TEST_SHARE = 0.3


# Pairs of digits that sum to nine. Digits that are easily confused (3 and 8, 4 and 9, 1 and 7, 5
# and 6) belong to different pairs, so that known labels help to tell them apart.
_PAIRS = np.array([(digit, 9 - digit) for digit in range(_N_DIGITS // 2)])


_DESCR = """\
Digit scenes
------------

Grey images on which some of the ten digits are written, each at most once, in cells of a 3 x 3
grid. Label d is 1 where digit d is on the canvas, however faint. The handwriting is scikit-learn's
``load_digits`` (test set of the UCI ML hand-written digits data set, E. Alpaydin and C. Kaynak,
1998).

Digits come in pairs that sum to nine: 0 and 9, 1 and 8, 2 and 7, 3 and 6, 4 and 5.
"""


@validate_params(
    {
        "n_samples": [WholeNumber(Integral, 1, None, closed="left")],
        "subset": [StrOptions({"train", "test", "all", "split"})],
        "image_size": [WholeNumber(Integral, _GRID * _DIGIT_SIDE, None, closed="left")],
        "togetherness": [Interval(Real, 0, 1, closed="both")],
        "faint_share": [Interval(Real, 0, 1, closed="both")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_digit_scenes(
    n_samples: int = 2000,
    *,
    subset: Literal["train", "test", "all", "split"] = "all",
    image_size: int = 32,
    togetherness: float = 0.8,
    faint_share: float = 0.5,
    noise: float = 0.1,
    random_state: RandomState = None,
) -> Bunch:
    """Compose images of several handwritten digits that tend to come in pairs.

    Each scene draws 1, 2 or 3 (equally likely) of the five pairs of digits that sum to nine: 0
    and 9, 1 and 8, 2 and 7, 3 and 6, 4 and 5. With probability `togetherness` both digits of a
    drawn pair are written, otherwise one of them, either equally likely. Digits of other pairs are
    absent. Each digit is at a random place in its own cell of a 3 x 3 grid. It is clear or, with
    probability `faint_share`, so faint that it can hardly be seen in the noise.

    The image alone does therefore not determine the labels, and known labels help. With the
    default `togetherness` a digit is present in 36 % of the scenes, in 89 % of the scenes with its
    partner, and in 6 % of the scenes without it. With ``t = togetherness`` these shares are
    ``0.2 * (1 + t)``, ``2 * t / (1 + t)`` and ``(1 - t) / (4 - t)``.

    Parameters
    ----------
    n_samples : int, default=2000
        Number of scenes.

    subset : {"train", "test", "all", "split"}, default="all"
        Which of scikit-learn's 1,797 digit images to use. "train" and "test" are a fixed split
        (about 70 % and 30 % of each digit), so that training and test scenes share no digit image.
        "split" makes both: the last 30 % of the scenes are test scenes.

    image_size : int, default=32
        Height and width of the scenes in pixels, at least 24. Digits are 8 x 8 pixels, enlarged by
        the largest whole factor that fits into a cell.

    togetherness : float, default=0.8
        Probability that both digits of a drawn pair are written, between 0 and 1.

    faint_share : float, default=0.5
        Probability that a digit is written faintly, between 0 and 1.

    noise : float, default=0.1
        Standard deviation of the pixel noise, as a share of the range from black to white.

    random_state : int, RandomState instance or None, default=None
        Determines the scenes. Pass an int for the same output in each call.

    Returns
    -------
    scenes : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        images : ndarray of shape (n_samples, image_size, image_size), dtype uint8
            The scenes.
        Y : ndarray of shape (n_samples, 10), dtype int64
            1 where the digit of that column is on the canvas.
        label_names : ndarray of shape (10,), dtype str
            The digits' names.
        digit_rows : ndarray of shape (n_samples, 10), dtype int64
            Row of :func:`sklearn.datasets.load_digits` used for each digit, -1 where it is absent.
        is_faint : ndarray of shape (n_samples, 10), dtype bool
            Which digits were written faintly.
        target, target_names : ndarray
            ``Y`` and ``label_names``, under the names that they have in published data sets.
        extra, extra_names : None
            There are no extra labels.
        groups : dict of str to tuple of str
            The pairs of digits, as "0 and 9".
        split : ndarray of shape (n_samples,), or None
            "train" and "test", if `subset` is "split".
        DESCR : str
            Description of the data set.

    Examples
    --------
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(100, random_state=0)
    >>> scenes.images.shape, scenes.Y.shape
    ((100, 32, 32), (100, 10))
    """
    rng = check_random_state(random_state)
    digits = load_digits()
    Y = _sample_labels(n_samples, togetherness, rng)
    if subset == "split":
        is_test = np.arange(n_samples) >= n_samples - round(_TEST_SHARE * n_samples)
        split = np.where(is_test, "test", "train").astype(object)
    else:
        split = np.full(n_samples, subset, dtype=object)
    digit_rows = _sample_handwriting(Y, digits.target, split, rng)
    is_faint = (rng.random_sample(Y.shape) < faint_share) & (Y == 1)
    low, high = np.where(is_faint[..., None], _FAINT_CONTRAST, _CLEAR_CONTRAST).transpose(2, 0, 1)
    contrast = rng.uniform(low, high)
    images = _draw(digit_rows, contrast, digits.images, image_size, rng)
    images += rng.normal(scale=255.0 * noise, size=images.shape)
    names = np.array([str(digit) for digit in range(_N_DIGITS)])
    return Bunch(
        images=np.clip(np.rint(images), 0, 255).astype(np.uint8),
        Y=Y,
        label_names=names,
        digit_rows=digit_rows,
        is_faint=is_faint,
        target=Y,
        target_names=names,
        extra=None,
        extra_names=None,
        groups={f"{one} and {other}": (str(one), str(other)) for one, other in _PAIRS.tolist()},
        split=split if subset == "split" else None,
        DESCR=_DESCR,
    )


def _sample_labels(n_samples, togetherness, rng):
    """Draw pairs, and which of their digits are written; return the labels of all scenes."""
    n_pairs = len(_PAIRS)
    n_drawn = rng.randint(1, 4, size=(n_samples, 1))
    rank = rng.random_sample((n_samples, n_pairs)).argsort(axis=1).argsort(axis=1)
    drawn = rank < n_drawn
    together = rng.random_sample((n_samples, n_pairs)) < togetherness
    first = rng.random_sample((n_samples, n_pairs)) < 0.5
    Y = np.zeros((n_samples, _N_DIGITS), dtype=np.int64)
    Y[:, _PAIRS[:, 0]] = drawn & (together | first)
    Y[:, _PAIRS[:, 1]] = drawn & (together | ~first)
    return Y


def _sample_handwriting(Y, targets, subsets, rng):
    """Choose a row of the digits data for each label that is present; -1 for the others.

    `subsets` (n_samples,) says of which subset each scene is.
    """
    rows = np.full(Y.shape, -1, dtype=np.int64)
    for subset, of_digit in _split_digits(targets).items():
        for digit, available in enumerate(of_digit):
            present = np.flatnonzero((Y[:, digit] == 1) & (subsets == subset))
            if len(present):
                rows[present, digit] = rng.choice(available, size=len(present))
    return rows


def _split_digits(targets):
    """Rows of each digit in each subset, the same in every call."""
    rng = np.random.RandomState(0)
    split = {"train": [], "test": [], "all": []}
    for digit in range(_N_DIGITS):
        rows = rng.permutation(np.flatnonzero(targets == digit))
        n_test = round(_TEST_SHARE * len(rows))
        split["test"].append(rows[:n_test])
        split["train"].append(rows[n_test:])
        split["all"].append(rows)
    return split


def _draw(digit_rows, contrast, digit_images, image_size, rng):
    """Draw each digit of a scene at a random place in its own cell."""
    cell = image_size // _GRID
    zoom = cell // _DIGIT_SIDE
    side = zoom * _DIGIT_SIDE
    strokes = digit_images / digit_images.max() * (255.0 - _BACKGROUND)
    strokes = strokes.repeat(zoom, axis=1).repeat(zoom, axis=2)
    margin = image_size - _GRID * cell

    images = np.full((len(digit_rows), image_size, image_size), _BACKGROUND)
    for image, rows, weights in zip(images, digit_rows, contrast, strict=True):
        corner = rng.randint(0, margin + 1, size=2)
        cells = rng.permutation(_GRID**2)
        jitter = rng.randint(0, cell - side + 1, size=(_N_DIGITS, 2))
        for place, digit in enumerate(np.flatnonzero(rows >= 0)):
            top, left = corner + cell * np.array(divmod(cells[place], _GRID)) + jitter[digit]
            image[top : top + side, left : left + side] += weights[digit] * strokes[rows[digit]]
    return images
