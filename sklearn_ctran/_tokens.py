"""Image tokens: features as given, or computed from images by a frozen backbone."""

import math
import sys
import time

import numpy as np
import torch

from sklearn_ctran._device import autocast


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

    def batch(self, rows, generator=None):
        """Rows as a Tensor (B, P, C); features are never augmented."""
        return torch.from_numpy(self.values[rows])

    def pooled(self, pool):
        """The same after ``pool(Tensor (B, P, C)) -> Tensor (B, P', C)``, batch by batch."""
        values = None
        for rows in np.array_split(np.arange(len(self)), math.ceil(len(self) / 256)):
            chunk = pool(self.batch(rows)).numpy()
            if values is None:
                values = np.empty((len(self), *chunk.shape[1:]), dtype=np.float32)
            values[rows] = chunk
        return Tokens(values)

    def mean_and_scale(self, rows):
        """Mean and standard deviation of each channel over all tokens of `rows`.

        Returns
        -------
        mean, scale : Tensor of shape (C,), float32
            The scale of a constant channel is 1.
        """
        # By chunks, for a second copy of the features may not fit; around a value of each
        # channel, for the difference of large squares would be noise.
        origin = self.values[rows[0], 0].astype(np.float64)
        total, squares = np.zeros((2, len(origin)))
        for chunk in np.array_split(rows, math.ceil(len(rows) / 256)):
            deviation = self.values[chunk] - origin
            total += deviation.sum(axis=(0, 1))
            squares += np.square(deviation, out=deviation).sum(axis=(0, 1))
        n_tokens = len(rows) * self.values.shape[1]
        mean = total / n_tokens
        scale = np.sqrt(np.maximum(squares / n_tokens - mean**2, 0))
        mean += origin
        scale[scale <= 1e-7 * np.abs(mean)] = 1.0
        return tuple(torch.from_numpy(x.astype(np.float32)) for x in (mean, scale))


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


def encode_images(
    backbone, images, preprocess, *, batch_size=64, device="cpu", precision="float32", verbose=0
):
    """Pass every image through a backbone once.

    Parameters
    ----------
    backbone : Backbone
        Evaluated without gradients, in evaluation mode.
    images : Images
    preprocess : Preprocessing
    batch_size : int
    device : str
    precision : {"float32", "bfloat16"}
        Of the backbone; tokens are float32.
    verbose : int
        Above 0, progress goes to standard error.

    Returns
    -------
    tokens : ndarray of shape (n_samples, n_tokens, n_channels), float32
        Row-major over the feature map's (h, w).
    """
    source = ImageBatches(images, preprocess)
    was_training = backbone.training
    backbone = backbone.to(device).eval()
    tokens, start = None, time.perf_counter()
    for first in range(0, len(source), batch_size):
        rows = np.arange(first, min(first + batch_size, len(source)))
        with torch.inference_mode(), autocast(device, precision):
            features = backbone(source.batch(rows).to(device)).flatten(2).transpose(1, 2)
            features = features.float().cpu().numpy()
        if tokens is None:
            tokens = np.empty((len(source), *features.shape[1:]), dtype=np.float32)
        tokens[rows] = features
        if verbose:
            rate = (rows[-1] + 1) / (time.perf_counter() - start)
            end = "\n" if rows[-1] + 1 == len(source) else ""
            message = f"\rimage tokens: {rows[-1] + 1}/{len(source)}, {rate:.0f} images/s"
            print(message, end=end, file=sys.stderr, flush=True)
    backbone.train(was_training)
    return tokens
