"""What label tokens attend to: the photo's tokens and one another (paper, equation 2)."""

import math
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from sklearn.utils import gen_batches
from sklearn.utils.validation import _num_samples, check_is_fitted

from sklearn_ctran._adapters.unwrap import unwrap
from sklearn_ctran._utils.checks import check_rows_exist
from sklearn_ctran._utils.devices import plain_torch
from sklearn_ctran._utils.frames import take
from sklearn_ctran._utils.names import did_you_mean, listed
from sklearn_ctran._utils.rows import check_rows
from sklearn_ctran._utils.typing import Estimator, Images, KnownLabels
from sklearn_ctran.modules.ctran import CTran
from sklearn_ctran.modules.regions import guess_grid

#: Images whose weights are computed together.
_BATCH = 16


@dataclass(frozen=True, eq=False)
class Attention:
    """Attention weights of the transformer for some images.

    Tokens are in the order of the model: image tokens, then a token for each label, targets first.

    Attributes
    ----------
    weights : ndarray of shape (n_samples, n_layers, n_heads, n_attending, n_tokens), float32
        How much of what a token takes from all tokens, in [0, 1], comes from each of them: the
        last axis sums to 1. The attending tokens are the labels or, with ``attending="all"``, all
        tokens.
    label_names : list of length n_all_labels
        Targets, then extra labels.
    n_image_tokens : int
        How many of the tokens, the first ones, are of the image.
    has_whole : bool
        Whether the first image token is the mean of the whole image (`regions`).
    grid : (int, int) or None
        Rows and columns of the other image tokens, which are in row-major order; None if there
        are none.
    box : (float, float, float, float)
        Left, right, bottom and top of the part of the image that the model sees, as shares of its
        width and height; the origin is the upper left corner. Only crops leave something out.
    is_centered : bool
        Whether these are shares of the square in the middle of the image, as for
        ``image_size="auto"``, which leaves out what is beside it.

    Examples
    --------
    >>> from torch import nn
    >>> from sklearn_ctran import CTranClassifier
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> from sklearn_ctran.inspection import attention
    >>> scenes = make_digit_scenes(20, image_size=24, random_state=0)
    >>> model = CTranClassifier(nn.PixelUnshuffle(8), image_size=None, d_model=8, max_epochs=1)
    >>> weights = attention(model.fit(scenes.images, scenes.Y), scenes.images[:2])
    >>> weights.grid, weights.has_whole, weights.maps(3).shape
    ((3, 3), True, (2, 1, 4, 3, 3))
    """

    weights: np.ndarray
    label_names: list
    n_image_tokens: int
    has_whole: bool
    grid: tuple | None
    box: tuple
    is_centered: bool = False

    def of(self, label: Any) -> np.ndarray:
        """What one label attends to.

        Parameters
        ----------
        label : object
            Name of a target or an extra label.

        Returns
        -------
        weights : ndarray of shape (n_samples, n_layers, n_heads, n_tokens), float32

        Raises
        ------
        ValueError
            If there is no such label.
        """
        first = self.weights.shape[3] - len(self.label_names)
        return self.weights[..., first + self._position(label), :]

    def maps(self, label: Any) -> np.ndarray:
        """What one label attends to in the image, in the form of the image.

        Parameters
        ----------
        label : object
            Name of a target or an extra label.

        Returns
        -------
        maps : ndarray of shape (n_samples, n_layers, n_heads, n_rows, n_columns), float32
            Without the token of the whole image, if there is one.

        Raises
        ------
        ValueError
            If there is no such label, or the model has no tokens of places in the image.
        """
        if self.grid is None:
            raise ValueError(
                "The model has no tokens of places in the image, so nothing can be laid over it."
            )
        tokens = self.of(label)[..., int(self.has_whole) : self.n_image_tokens]
        return tokens.reshape(*tokens.shape[:-1], *self.grid)

    def _position(self, label):
        if label not in self.label_names:
            raise ValueError(
                f"{label!r} is not a label here.{did_you_mean(label, self.label_names)} The labels "
                f"are {listed(self.label_names)}."
            )
        return self.label_names.index(label)


def attention(
    estimator: Estimator,
    X: Images,
    known_labels: KnownLabels = None,
    extra_labels: KnownLabels = None,
    *,
    rows: Sequence[int] | None = None,
    attending: Literal["labels", "all"] = "labels",
    grid: tuple[int, int] | None = None,
) -> Attention:
    """Compute what each label attends to, in every layer and head.

    These are the weights of equation 2 of the paper, with the learned bias between labels if there
    is one (`attention_bias`). They are computed only here: predictions never hold them, and are no
    slower for this function. They show what the transformer reads, not why a label is predicted;
    by default, the shortcut and the memory are parts of the prediction too.

    Parameters
    ----------
    estimator : CTranClassifier, or pipeline or search that ends in one
        Fitted. What wraps one in one piece, as ``TunedThresholds`` does, is opened.
    X : array-like
        Images, in a form that the estimator takes; also what its ``encode`` returns.
    known_labels, extra_labels : array-like, DataFrame or dict, default=None
        Known labels, as in ``predict_proba``. They change what labels attend to.
    rows : list of int, default=None
        Which images to compute it for; the others are not read. None: all of them.
    attending : {"labels", "all"}, default="labels"
        "all": image tokens attend too, also in the last layer, where no prediction needs them.
    grid : (int, int), default=None
        Rows and columns of the image tokens, without that of the whole image. None: as in
        training if their number is the same; else that of `regions`, a square, or a single row.

    Returns
    -------
    attention : Attention

    Raises
    ------
    TypeError
        If the estimator has no transformer of this package.
    ValueError
        If an argument cannot be used, or `grid` has another number of places than the image has
        tokens. Errors of the estimator are passed on.

    Examples
    --------
    >>> from sklearn_ctran import CTranClassifier
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> from sklearn_ctran.inspection import attention
    >>> scenes = make_digit_scenes(20, random_state=0)
    >>> model = CTranClassifier(
    ...     backbone="small", image_size=None, d_model=8, n_layers=1, max_epochs=1, random_state=0
    ... ).fit(scenes.images, scenes.Y)
    >>> result = attention(model, scenes.images[:2], {9: 1})
    >>> result.weights.shape  # 2 images, 1 layer, 4 heads, 10 labels, 9 regions + 1 + 10 tokens
    (2, 1, 4, 10, 20)
    >>> result.maps(0).shape
    (2, 1, 4, 3, 3)
    """
    if attending not in ("labels", "all"):
        raise ValueError(f"attending must be 'labels' or 'all', got {attending!r}.")
    estimator, X = transformer_of(estimator, X)
    module, task = estimator.net_.module_, estimator.task_
    check_rows(X=X, known_labels=known_labels, extra_labels=extra_labels)
    states = task.states(known_labels, extra_labels, _num_samples(X))
    if rows is not None:
        rows = check_rows_exist(rows, len(states))
        X, states = take(X, rows), states[rows]
    encoded = estimator.encode(X)
    n_image_tokens = encoded.shape[1] if module.use_image else 0
    has_whole = module.pooling is not None and n_image_tokens > 1
    n_places = n_image_tokens - has_whole
    grid = _grid(module, n_places, grid)
    with plain_torch(), torch.no_grad(), _evaluating(module):
        device = module.feature_mean.device
        weights = [
            module.attention_weights(
                encoded.batch(np.arange(len(encoded))[rows]).to(device, module.feature_mean.dtype),
                torch.from_numpy(states[rows]).to(device),
                attending == "all",
            )
            for rows in gen_batches(len(encoded), _BATCH)
        ]
    return Attention(
        weights=torch.cat(weights).float().cpu().numpy(),
        label_names=task.all_names.tolist(),
        n_image_tokens=n_image_tokens,
        has_whole=has_whole,
        grid=grid,
        box=_box(estimator),
        is_centered="center" in (_image_size(estimator) or ()),
    )


def transformer_of(estimator, X=None):
    """The estimator whose ``net_`` is a CTran, inside of whatever wraps it, and its input.

    Raises TypeError if there is none.
    """
    check_is_fitted(estimator)
    inner, X = unwrap(estimator, X)
    while getattr(inner, "estimator_", None) is not None:
        inner, X = unwrap(inner.estimator_, X)
    check_is_fitted(inner)
    if not isinstance(getattr(getattr(inner, "net_", None), "module_", None), CTran):
        raise TypeError(
            f"Only the transformer of a CTranClassifier has attention and embeddings of labels, "
            f"got {type(inner).__name__}."
        )
    return inner, X


@contextmanager
def _evaluating(module):
    """Evaluation mode, in which nothing is dropped; then each part is as before."""
    training = [part for part in module.modules() if part.training]
    module.eval()
    try:
        yield
    finally:
        for part in training:
            part.training = True


def _grid(module, n_places, grid):
    """Rows and columns of `n_places` image tokens; None if there are fewer than two."""
    if grid is not None:
        if math.prod(grid) != n_places or len(grid) != 2:
            raise ValueError(
                f"grid={tuple(grid)} has other places than the {n_places} tokens of each image."
            )
        return tuple(map(int, grid))
    if n_places < 2:
        return None
    if math.prod(module.grid) == n_places:
        return tuple(map(int, module.grid))
    if module.pooling is not None and n_places == module.pooling**2:
        return module.pooling, module.pooling
    return guess_grid(n_places)


def _box(estimator):
    """The part of an image that the estimator sees, as `box` of Attention."""
    size = _image_size(estimator)
    margin = 0.0 if size is None else (1 - size[1] / size[0]) / 2
    return margin, 1 - margin, 1 - margin, margin


def _image_size(estimator):
    """`image_size` of an estimator that reads images and crops them, a tuple, else None."""
    size = getattr(estimator, "image_size", None)
    size = estimator.chosen_["image_size"] if size == "auto" else size
    is_tuple = isinstance(size, (tuple, list)) and getattr(estimator, "backbone", None) is not None
    return size if is_tuple else None
