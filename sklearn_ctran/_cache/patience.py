"""Waiting for tokens that others compute: visibly, and not for ever."""

import time

from sklearn_ctran._cache.index import TokenCacheWarning
from sklearn_ctran._utils.warnings import warn

_WARN_SECONDS = 60  # without one more image, while others compute

_MOST_SECONDS = 600


class Patience:
    """How long a request waits for tokens that others compute, if none of them arrives."""

    def __init__(self, directory):
        self.directory = directory
        self.since = time.monotonic()
        self.n_done = 0
        self.has_warned = False

    def progressed(self, n_done):
        """Note the number of images whose tokens are there; waiting starts anew if it grew."""
        if n_done > self.n_done:
            self.since, self.n_done = time.monotonic(), n_done

    def took_over(self, n_done):
        """Note the number after tokens were computed here, for which nobody has to wait anew."""
        self.n_done = n_done

    def is_over(self, n_held):
        """Whether it has waited long enough; warns well before."""
        waited = time.monotonic() - self.since
        if waited > _WARN_SECONDS and not self.has_warned:
            self.has_warned = True
            warn(
                f"Waiting for the tokens of {n_held} images, which another process or thread is "
                f"computing for the token cache in {self.directory}. None has arrived for "
                f"{waited:.0f} s. If it is stopped, continue or end it; otherwise this process "
                f"computes them itself after {_MOST_SECONDS} s. To do so at once, call "
                f"TokenCache({self.directory!r}).clear() in another process.",
                TokenCacheWarning,
            )
        return waited > _MOST_SECONDS
