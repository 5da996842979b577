"""The constructor parameters of every estimator that reads images, and their reader."""

import os
from numbers import Integral
from typing import Any, Self

from sklearn.utils._param_validation import StrOptions
from torch import nn

from sklearn_ctran._cache.session import join_session, session_token
from sklearn_ctran._cache.token_cache import TokenCache, resolve_cache
from sklearn_ctran._images.readable import with_readable
from sklearn_ctran._images.reader import ImageReader
from sklearn_ctran._utils.sklearn_compat import WholeNumber
from sklearn_ctran.modules.backbone import own_image_size

#: What scikit-learn validates them by.
IMAGE_PARAMETERS = {
    "backbone": [str, nn.Module, None],
    "weights": [str, os.PathLike, None],
    "image_size": [
        WholeNumber(Integral, 1, None, closed="left"),
        StrOptions({"auto"}),
        tuple,
        list,
        None,
    ],
    "batch_size": [WholeNumber(Integral, 1, None, closed="left")],
    "device": [str],
    "precision": [StrOptions({"auto", "float32", "bfloat16"})],
    "encoder_engine": [StrOptions({"auto", "torch", "openvino", "onnxruntime"})],
    "n_views": [WholeNumber(Integral, 1, 2, closed="both")],
    "n_jobs": [Integral, None],
    "on_error": [StrOptions({"raise", "skip", "warn"})],
    "cache": [str, os.PathLike, TokenCache, None],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}


class ReadsImages:
    """An estimator with these parameters makes an :class:`ImageReader` of them.

    Its pickles carry the name of this session's cache, so that a worker process finds the tokens
    that this process has in memory. They show no progress, for which who
    loads a model did not ask.
    """

    backbone: object
    weights: object
    image_size: object
    batch_size: int
    precision: str
    encoder_engine: str
    n_views: int
    n_jobs: object
    on_error: str
    cache: object
    verbose: int

    def _image_reader(self, preprocessing, n_views=None):
        """The ImageReader; with `n_views` of a fit, None: of the parameters."""
        n_views = self.n_views if n_views is None else n_views
        is_name = isinstance(self.backbone, str)
        name = self.backbone if is_name else type(self.backbone).__name__
        views = f", n_views={n_views}" if n_views > 1 else ""
        return ImageReader(
            preprocessing,
            label=f"{name}, image_size={self.image_size}{views}",
            batch_size=self.batch_size,
            precision=self.precision,
            engine=self.encoder_engine,
            n_views=n_views,
            n_jobs=self.n_jobs,
            cache=resolve_cache(self.cache),
            verbose=self._progress(),
        )

    def _own_image_size(self):
        """What `image_size` means: "auto" is what the backbone was evaluated on."""
        if self.image_size != "auto":
            return self.image_size
        return tuple(own_image_size(self.backbone, self.weights))

    def _progress(self):
        """What `verbose` means now: 0 in an estimator that was fitted elsewhere."""
        return self.verbose if getattr(self, "_shows_progress", False) else 0

    def set_params(self, **params: Any) -> Self:
        """Set parameters, see :meth:`sklearn.base.BaseEstimator.set_params`.

        Parameters
        ----------
        **params : dict
            Parameters by name. `verbose` makes a loaded model show progress again.

        Returns
        -------
        self : object
        """
        super().set_params(**params)  # type: ignore[misc]
        if "verbose" in params:
            self._shows_progress = True
        return self

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
        state = {name: value for name, value in state.items() if name != "_shows_progress"}
        return state | {"_session": session_token()} if self.cache == "memory" else state

    def __setstate__(self, state):
        join_session(state.pop("_session", ""))
        super().__setstate__(state)
