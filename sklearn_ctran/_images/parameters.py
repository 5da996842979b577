"""The constructor parameters of every estimator that reads images, and their reader."""

import os
from numbers import Integral

from sklearn.utils._param_validation import Interval, StrOptions
from torch import nn

from sklearn_ctran._cache.session import join_session, session_token
from sklearn_ctran._cache.token_cache import TokenCache, resolve_cache
from sklearn_ctran._images.readable import with_readable
from sklearn_ctran._images.reader import ImageReader

#: What scikit-learn validates them by.
IMAGE_PARAMETERS = {
    "backbone": [str, nn.Module, None],
    "weights": [str, os.PathLike, None],
    "image_size": [Interval(Integral, 1, None, closed="left"), tuple, list, None],
    "batch_size": [Interval(Integral, 1, None, closed="left")],
    "device": [str],
    "precision": [StrOptions({"auto", "float32", "bfloat16"})],
    "encoder_engine": [StrOptions({"auto", "torch", "openvino", "onnxruntime"})],
    "n_jobs": [Integral, None],
    "on_error": [StrOptions({"raise", "skip", "warn"})],
    "cache": [str, os.PathLike, TokenCache, None],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}


class ReadsImages:
    """An estimator with these parameters makes an :class:`ImageReader` of them.

    Its pickles carry the name of this session's cache, so that a worker process finds the tokens
    that this process has in memory.
    """

    backbone: object
    image_size: object
    batch_size: int
    precision: str
    encoder_engine: str
    n_jobs: object
    on_error: str
    cache: object
    verbose: int

    def _image_reader(self, preprocessing):
        is_name = isinstance(self.backbone, str)
        name = self.backbone if is_name else type(self.backbone).__name__
        return ImageReader(
            preprocessing,
            label=f"{name}, image_size={self.image_size}",
            batch_size=self.batch_size,
            precision=self.precision,
            engine=self.encoder_engine,
            n_jobs=self.n_jobs,
            cache=resolve_cache(self.cache),
            verbose=self.verbose,
        )

    def _with_readable(self, X, use, on_error=None, **options):
        """The Outcome of :func:`with_readable` by these parameters, unless `on_error` is given."""
        return with_readable(X, on_error or self.on_error, self.n_jobs, use, **options)

    def _set_skipped(self, outcome, consequence):
        """Keep the images that a fit could not read, and warn of them if `on_error` says so."""
        if self.on_error == "warn":
            outcome.warn(consequence)
        self.skipped_ = outcome.skipped

    def __getstate__(self):
        state = super().__getstate__()
        return state | {"_session": session_token()} if self.cache == "memory" else state

    def __setstate__(self, state):
        join_session(state.pop("_session", ""))
        super().__setstate__(state)
