"""Image tokens: features as given, or computed from images by a backbone, once per image."""

import contextlib
import hashlib
import math
import sys
import time
from importlib.metadata import version

import numpy as np
import torch

from sklearn_ctran._device import autocast
from sklearn_ctran._prefetch import prefetch

#: Of decoding and resizing: to be raised when the pixels that they make change.
_VERSION = 1
_CHUNK = 256  # images that are looked at together


class Tokens:
    """Features in memory, served in batches.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_tokens, n_channels), float32
    """

    def __init__(self, values):
        self.values = values

    def __len__(self):
        return len(self.values)

    @property
    def shape(self):
        """(n_samples, n_tokens, n_channels)."""
        return self.values.shape

    def batch(self, rows, generator=None):
        """Rows as a Tensor (B, P, C); features are never augmented."""
        return torch.from_numpy(self.values[rows])


class EncodedImages:
    """Images that a fitted estimator has passed through its backbone; made by its ``encode``.

    Stands for the images in every method that predicts or scores, and in that of other estimators
    with the same backbone, weights, preprocessing and `regions`. Rows can be chosen as of an
    array.

    Attributes
    ----------
    shape : (n_samples, n_tokens, n_channels)
    key : tuple
        Equal for what estimators can take in one another's place.
    """

    def __init__(self, tokens, key, rows=None):
        self._tokens = tokens
        self.key = key
        self._rows = np.arange(len(tokens)) if rows is None else rows

    def __len__(self):
        return len(self._rows)

    @property
    def shape(self):
        """(n_samples, n_tokens, n_channels)."""
        return (len(self), *self._tokens.shape[1:])

    def __getitem__(self, rows):
        """Some of the images: a slice, or an array of positions or booleans."""
        return EncodedImages(self._tokens, self.key, np.atleast_1d(self._rows[rows]))

    def batch(self, rows, generator=None):
        """Rows as a Tensor (B, P, C)."""
        return self._tokens.batch(self._rows[rows])

    def __repr__(self):
        return f"EncodedImages({len(self)} images, {' x '.join(map(str, self.shape[1:]))})"


class ImageBatches:
    """Images, decoded and resized when asked for.

    Parameters
    ----------
    images : Images
    preprocess : Preprocessing
    """

    def __init__(self, images, preprocess):
        self.images = images
        self.preprocess = preprocess

    def __len__(self):
        return len(self.images)

    def batch(self, rows, generator=None):
        """Rows as a Tensor (B, 3, H, W), uint8; augmented if there is a torch.Generator."""
        return self.images.batch(rows, self.preprocess, generator)


def pooled(tokens, pool):
    """Tokens in memory, of ``pool(Tensor (B, P, C)) -> Tensor (B, P', C)``, batch by batch.

    Parameters
    ----------
    tokens : Tokens or CachedTokens
    pool : callable

    Returns
    -------
    Tokens
    """
    chunks = _chunks(np.arange(len(tokens)))
    return _collect(((rows, pool(tokens.batch(rows))) for rows in chunks), len(tokens))


def mean_and_scale(tokens, rows, weights):
    """Weighted mean and standard deviation of each channel over all tokens of some images.

    Parameters
    ----------
    tokens : Tokens or CachedTokens
    rows : ndarray of int
    weights : ndarray of shape (n_rows,), float64
        Of the images in `rows`; above 0.

    Returns
    -------
    mean, scale : Tensor of shape (n_channels,), float64
        The scale of a constant channel is 1.
    """
    # Chunk by chunk around each chunk's own mean (Chan, Golub, LeVeque 1983): a second copy of
    # the features may not fit in memory, and the difference of large squares would be noise.
    # Images first become sums over their tokens, the only part that takes time.
    total, mean, squares = 0.0, 0.0, 0.0
    for chunk, weight in zip(_chunks(rows), _chunks(weights), strict=True):
        values = tokens.batch(chunk)
        weight = torch.from_numpy(weight) / values.shape[1]
        chunk_total = weight.sum() * values.shape[1]
        chunk_mean = weight @ values.sum(dim=1).double() / chunk_total
        deviations = (values - chunk_mean.float()).square_()
        chunk_squares = weight @ deviations.sum(dim=1).double()
        delta = chunk_mean - mean
        share = chunk_total / (total + chunk_total)
        squares = squares + chunk_squares + delta**2 * (total * share)
        mean = mean + delta * share
        total = total + chunk_total
    scale = (squares / total).sqrt()
    scale[scale <= 1e-7 * mean.abs()] = 1.0
    return mean, scale


def _chunks(rows):
    return np.array_split(rows, math.ceil(len(rows) / _CHUNK))


class Encoder:
    """Passes images through a backbone in evaluation mode, each once.

    Parameters
    ----------
    backbone : Backbone
    preprocess : Preprocessing
        Nothing random happens.
    batch_size : int
    device : str
    precision : {"float32", "bfloat16"}
        Of the backbone; tokens are float32.
    verbose : int
        Above 0, progress goes to standard error.
    """

    def __init__(
        self, backbone, preprocess, *, batch_size=64, device="cpu", precision="float32", verbose=0
    ):
        self.backbone = backbone
        self.preprocess = preprocess
        self.batch_size = batch_size
        self.device = device
        self.precision = precision
        self.verbose = verbose

    def space(self, size):
        """Digest of all that tokens depend on besides the image; `size` is that of its batch."""
        steps = f"{_VERSION} {version('torchvision')} {self.preprocess.resize_to} {size}"
        text = f"{self.backbone.fingerprint()} {steps} {self.precision}"
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def encode(self, images, cache=None, label=""):
        """Tokens of images, from a cache as far as it has them.

        Parameters
        ----------
        images : Images
        cache : TokenCache, optional
        label : str
            What the cache calls these tokens.

        Returns
        -------
        Tokens or CachedTokens
            Of shape (n_samples, n_tokens, n_channels), float32, row-major over the feature map's
            (h, w).
        """
        passes = _Passes(self, images)
        if cache is None:
            tokens = _collect(passes(np.arange(len(images))), len(images))
        else:
            space = self.space(self.preprocess.final_size(images.sizes[0]))
            tokens = cache.tokens(
                space, images.keys(), passes, label=label, batch_size=self.batch_size
            )
        passes.end_report()
        return tokens


def _collect(batches, n_images):
    """Tokens in memory from batches of rows and their Tensors (B, P, C)."""
    values = None
    for rows, tokens in batches:
        if values is None:
            values = np.empty((n_images, *tokens.shape[1:]), dtype=np.float32)
        values[rows] = tokens.numpy()
    return Tokens(values)


class _Passes:
    """The passes of one set of images through a backbone, with their progress."""

    def __init__(self, encoder, images):
        self.encoder = encoder
        self.source = ImageBatches(images, encoder.preprocess)
        self.backbone = None  # made when the first image has to go through it
        self.n_done = 0
        self.start = time.perf_counter()

    def __call__(self, rows):
        """Yield rows and their tokens, Tensor (B, P, C), float32, on the CPU, batch by batch."""
        encoder = self.encoder
        was_training = encoder.backbone.training
        if self.backbone is None:
            dtype = torch.bfloat16 if encoder.precision == "bfloat16" else torch.float32
            self.backbone = encoder.backbone.to(encoder.device).for_evaluation(dtype)
        size = encoder.batch_size
        parts = [rows[first : first + size] for first in range(0, len(rows), size)]
        self.backbone.eval()
        batches = (self.source.batch(part) for part in parts)
        if torch.device(encoder.device).type != "cpu":
            batches = prefetch(batches)  # On a CPU, decoding ahead would slow the network down.
        try:
            with contextlib.closing(batches):
                for part, images in zip(parts, batches, strict=True):
                    yield part, self._pass(images)
                    self._report(len(part))
        finally:
            encoder.backbone.train(was_training)

    @torch.inference_mode()
    def _pass(self, images):
        with autocast(self.encoder.device, self.encoder.precision):
            features = self.backbone(images.to(self.encoder.device))
        return features.flatten(2).transpose(1, 2).float().cpu()

    def _report(self, n_images):
        self.n_done += n_images
        if self.encoder.verbose:
            rate = self.n_done / (time.perf_counter() - self.start)
            message = f"{self.n_done} computed of {len(self.source)}, {rate:.0f} images/s"
            print(f"\rimage tokens: {message}", end="", file=sys.stderr, flush=True)

    def end_report(self):
        """End the line of progress, if there is one."""
        if self.encoder.verbose and self.n_done:
            print(file=sys.stderr)
