"""From images to tokens: each image is passed through a backbone once."""

import contextlib
import hashlib

import numpy as np
import torch

from sklearn_ctran._images.engines import BothViews, engine_version, installed_version, make_engine
from sklearn_ctran._images.tokens import ImageBatches, Tokens
from sklearn_ctran._utils.progress import Progress
from sklearn_ctran._utils.threads import prefetch
from sklearn_ctran._utils.turns import turn

#: The version of decoding and resizing. Raise it when the pixels that they produce change.
_VERSION = 1


class Encoder:
    """Passes images through a backbone in evaluation mode.

    `preprocess` is used without augmentation. `precision`, "float32" or "bfloat16", is that of the
    backbone; tokens are float32. `engine` computes them, see :func:`make_engine`. `n_views` of 2
    makes them the mean of an image's and its mirror image's. `verbose` is that of
    :class:`Progress`.
    """

    def __init__(
        self,
        backbone,
        preprocess,
        *,
        batch_size=64,
        device="cpu",
        precision="float32",
        engine="torch",
        n_views=1,
        verbose=0,
    ):
        self.backbone = backbone
        self.preprocess = preprocess
        self.batch_size = batch_size
        self.device = device
        self.precision = precision
        self.engine = engine
        self.n_views = n_views
        self.verbose = verbose

    def space(self, size, fingerprint):
        """Digest of all that tokens depend on, except the image.

        `size` is the height and width of the preprocessed images, `fingerprint` the backbone's.
        """
        steps = f"{_VERSION} {installed_version('torchvision')} {self.preprocess.steps} {size}"
        engine = engine_version(self.engine, self.precision)
        views = " mirrored" if self.n_views == 2 else ""
        text = f"{fingerprint} {steps} {self.precision}{engine}{views}"
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def encode(self, images, cache=None, label=""):
        """Compute the tokens of images, or read them from a cache that has them.

        The tokens of an image are the positions (h, w) of its feature map, row by row:
        (n_samples, n_tokens, n_channels), float32. `label` is the name of these tokens in the
        cache. Tokens are kept only under the key of the very bytes that were decoded.
        """
        keys = None if cache is None else images.keys()
        with contextlib.closing(_Passes(self, images.bound_to(keys))) as passes:
            if cache is None:
                return Tokens.collect(passes(np.arange(len(images))), len(images))
            size = self.preprocess.final_size(images.sizes[0])
            space = self.space(size, self.backbone.fingerprint())
            return cache.tokens(space, keys, passes, label=label, batch_size=self.batch_size)

    def encode_anew(self, batches, pool):
        """An EncodedBatches of ImageBatches."""
        return EncodedBatches(batches, self.engine_for(batches.images), pool)

    def engine_for(self, images):
        """From a batch of these images, when preprocessed, to their features."""
        size = self.preprocess.final_size(images.sizes[0])
        engine = make_engine(self.engine, self.backbone, self.device, self.precision, size)
        return BothViews(engine) if self.n_views == 2 else engine


class EncodedBatches(ImageBatches):
    """Images that are decoded, and passed through a backbone, batch by batch, each time anew.

    Either they are augmented, so that no two passes are equal, or they pass only once.
    ``pool(feature map) -> Tensor (B, P', C)`` makes tokens of features (B, C, h, w).
    """

    def __init__(self, batches, engine, pool):
        super().__init__(batches.images, batches.preprocess)
        self._engine = engine
        self._pool = pool

    def batch(self, rows, generator=None):
        """Return rows as a Tensor (B, P', C), augmented if there is a generator."""
        images = super().batch(rows, generator)
        with torch.no_grad():
            return self._pool(self._engine(images))


class _Passes:
    """Passes one set of images through a backbone and reports progress."""

    def __init__(self, encoder, images):
        self.encoder = encoder
        self.source = ImageBatches(images, encoder.preprocess)
        self.engine = None  # made when the first image is passed
        self.bar = None  # likewise

    def __call__(self, rows):
        """Yield rows and their tokens, Tensor (B, P, C), float32, on the CPU, batch by batch.

        Meanwhile it is this process's turn on the device.
        """
        with turn(self.encoder.device):
            yield from self._passed(rows)

    def _passed(self, rows):
        encoder = self.encoder
        was_training = encoder.backbone.training
        if self.engine is None:
            self.engine = encoder.engine_for(self.source.images)
        encoder.backbone.eval()
        size = encoder.batch_size
        parts = [rows[first : first + size] for first in range(0, len(rows), size)]
        batches = (self.source.batch(part) for part in parts)
        if torch.device(encoder.device).type != "cpu":
            batches = prefetch(batches)  # On a CPU, decoding ahead slows the network down.
        try:
            with contextlib.closing(batches):
                for part, images in zip(parts, batches, strict=True):
                    yield part, self.engine(images).flatten(2).transpose(1, 2)
                    self._report(len(part))
        finally:
            encoder.backbone.train(was_training)

    def _report(self, n_images):
        if self.bar is None:
            verbose = self.encoder.verbose
            self.bar = Progress("image tokens", len(self.source), " images", verbose=verbose)
        self.bar.update(n_images)

    def close(self):
        """End the progress bar, if there is one."""
        if self.bar is not None:
            self.bar.close()
