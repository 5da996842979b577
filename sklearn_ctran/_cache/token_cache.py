"""Image tokens that outlive the call that computed them: `TokenCache`.

Tokens are in segment files, one per batch of the backbone (`segments`). A database (`index`) says
where the tokens of each image are, and has their checksums. A cache "in memory" is the same in a
directory that ends with the session (`session`), because worker processes have to share it.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Literal

import numpy as np
from torch import Tensor

from sklearn_ctran._cache.index import Index, Space
from sklearn_ctran._cache.info import TokenCacheInfo
from sklearn_ctran._cache.request import Request
from sklearn_ctran._cache.segments import DTYPES, CachedTokens
from sklearn_ctran._cache.session import (
    current_session,
    free_bytes,
    join_session,
    session_base,
    session_directory,
    session_token,
)
from sklearn_ctran._cache.sizes import parse_size
from sklearn_ctran._cache.trust import FILE_NAME
from sklearn_ctran._utils.typing import FilePath


class TokenCache:
    """Image tokens from a frozen backbone, shared by all fits, folds and processes.

    A plain value: two caches with the same parameters are equal and have the same contents.
    Several threads and processes may use them at once.

    Parameters
    ----------
    location : str or path-like, optional
        A directory, created if it does not exist, which later sessions can use too. None keeps
        tokens in memory for this session and its worker processes: in files in ``/dev/shm`` or,
        if that has less than 2 GB free, in the directory for temporary files. They are removed
        when the process ends, those of a killed process when the next session starts.
    max_size : int, whole float or str, optional
        Maximum size of its files in bytes, or a string such as ``"500MB"`` or ``"20GB"``. The
        least recently used tokens make room for new ones. None allows half of the free space,
        counting what the cache has taken as free. The limit holds for what this object writes;
        other objects for the same location may have another.
    dtype : {"float32", "bfloat16", "float16"}, default="float32"
        How tokens are stored; they are returned as float32. Each dtype has its own tokens.

    Raises
    ------
    TypeError, ValueError
        If a parameter is invalid.

    Examples
    --------
    >>> from torch import nn
    >>> from sklearn_ctran import ImageTokens, TokenCache
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> cache = TokenCache("tokens", max_size="100MB")  # a directory
    >>> images = make_digit_scenes(20, random_state=0).images
    >>> tokens = ImageTokens(nn.PixelUnshuffle(8), image_size=None, cache=cache)
    >>> tokens.fit_transform(images).shape
    (20, 16, 192)
    >>> cache.info().spaces[0]["images"]
    20
    >>> cache.clear()  # bytes
    245760
    """

    def __init__(
        self,
        location: FilePath | None = None,
        *,
        max_size: float | str | None = None,
        dtype: Literal["float32", "bfloat16", "float16"] = "float32",
    ) -> None:
        if location is not None:
            if not os.fsdecode(location):
                raise ValueError(
                    "The cache's location is an empty string: give the path of a directory ('.' "
                    "is the working directory), or None for a TokenCache in memory."
                )
            # Worker processes and later calls may have another working directory.
            location = os.path.abspath(os.path.expanduser(os.fsdecode(location)))
        if dtype not in DTYPES:
            raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, got {dtype!r}.")
        self.location = location
        self.max_size = max_size
        self.dtype = dtype
        self._max_bytes = parse_size(max_size)

    def tokens(
        self,
        space: str,
        keys: Sequence[bytes],
        compute: Callable[[np.ndarray], Iterable[tuple[np.ndarray, Tensor]]],
        *,
        label: str = "",
        batch_size: int = 64,
    ) -> CachedTokens:
        """Return the tokens of some images, and compute those that are missing.

        If several threads or processes request the same tokens at once, one of them computes them
        and the others wait.

        Parameters
        ----------
        space : str
            Digest of everything but the image that tokens depend on: backbone, weights,
            preprocessing, precision.
        keys : list of bytes
            One digest per image. Images with the same key are computed once.
        compute : generator function
            Takes positions in `keys` (ndarray of int64), at most ``8 * batch_size`` of them, and
            yields ``(positions, tokens)`` batch by batch until all are done; tokens are float32
            Tensors (batch, P, C). Batches that it has yielded are kept even if it then raises.
        label : str
            Description of the space, for `info`.
        batch_size : int
            Approximate number of images that `compute` yields at a time.

        Returns
        -------
        CachedTokens
            In the order of `keys`.

        Raises
        ------
        ValueError
            If there are no keys; if tokens overflow float16; if `compute` yields other positions
            than it was given, or tokens of another shape than the cached ones; if the cache's
            index is broken or of another version.
        OSError
            If the location cannot be read.

        Warns
        -----
        TokenCacheWarning
            If there is no room, or the location cannot be written: the remaining tokens are then
            kept in memory for this call only. If stored tokens are damaged: they are computed
            again. If tokens that others compute do not arrive for a minute: after ten, they are
            computed by this call. If the cache is of an earlier version: it starts afresh.
        """
        if not len(keys):
            raise ValueError("There are no images: keys is empty.")
        described = Space(space, self.dtype, label)
        directory = self._directory()
        try:
            return self._request(directory, described, keys).run(compute, batch_size)
        except (OSError, ValueError):
            if self.location is not None or os.path.isdir(directory):
                raise
        # This process had joined the session of one that has ended. It starts its own.
        return self._request(self._directory(), described, keys).run(compute, batch_size)

    def info(self) -> TokenCacheInfo:
        """Describe what the cache holds.

        Returns
        -------
        TokenCacheInfo
            Prints as a table.
        """
        directory, index = self._existing()
        rows = index.summary() if index else []
        spaces = [
            {
                "label": label,
                "space": name,
                "images": n_images,
                "bytes": n_bytes,
                "dtype": dtype,
                "shape": (p, c),
                "last_used": datetime.fromtimestamp(last_used),
            }
            for name, label, dtype, n_images, n_bytes, p, c, last_used in rows
        ]
        used = sum(space["bytes"] for space in spaces)
        return TokenCacheInfo(self.location, used, self._limit(directory, used), spaces)

    def clear(self, space: str | None = None) -> int:
        """Remove all tokens, or those of one space (a name from `info`) in all dtypes.

        Tokens in use stay usable; their memory is freed afterwards. Only files that the cache
        itself makes are removed, and only inside its directory. Without a `space`, a cache whose
        index is broken or of another version starts afresh.

        Returns
        -------
        int
            Bytes freed.
        """
        _, index = self._existing()
        return index.clear(space) if index else 0

    def _request(self, directory, space, keys):
        limit = partial(self._limit, directory)
        return Request(self._index(directory), space, keys, limit, self.max_size)

    def _directory(self):
        """The directory, created if it does not exist."""
        if self.location is None:
            return session_directory()
        try:
            os.makedirs(self.location, exist_ok=True)
        except FileExistsError:
            raise NotADirectoryError(f"The cache's location {self.location} is a file.") from None
        return self.location

    def _existing(self):
        """The directory, and its index if it exists; creates neither."""
        directory = self.location or current_session() or session_base()
        exists = os.path.lexists(os.path.join(directory, FILE_NAME))
        return directory, self._index(directory) if exists else None

    def _index(self, directory):
        return Index(directory, durable=self.location is not None)

    def _limit(self, directory, used):
        """Bytes allowed in a directory of which the cache uses some already."""
        if self._max_bytes is not None:
            return self._max_bytes
        while not os.path.exists(directory):
            directory = os.path.dirname(directory)
        return (free_bytes(directory) + used) // 2

    def _values(self):
        return self.location, self._max_bytes, self.dtype

    def __eq__(self, other):
        if not isinstance(other, TokenCache):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self):
        return hash(self._values())

    def __repr__(self):
        values = [] if self.location is None else [repr(self.location)]
        if self.max_size is not None:
            values.append(f"max_size={self.max_size!r}")
        if self.dtype != "float32":
            values.append(f"dtype={self.dtype!r}")
        return f"TokenCache({', '.join(values)})"

    def __copy__(self):
        # Not through __getstate__, which creates a directory.
        return TokenCache(self.location, max_size=self.max_size, dtype=self.dtype)

    def __deepcopy__(self, memo):
        return self.__copy__()

    def __getstate__(self):
        # A worker process must find the tokens that this process has now or later.
        return vars(self) | {"session": session_token() if self.location is None else ""}

    def __setstate__(self, state):
        state = dict(state)
        join_session(state.pop("session"))
        vars(self).update(state)


def resolve_cache(cache):
    """Convert a parameter `cache` (None, "memory", a path or a TokenCache) to a TokenCache or None.

    Raises ValueError for an empty string, TypeError for anything else.
    """
    if cache is None or isinstance(cache, TokenCache):
        return cache
    if isinstance(cache, str) and cache == "memory":
        return TokenCache()
    if isinstance(cache, (str, os.PathLike)):
        return TokenCache(cache)
    raise TypeError(
        f"cache must be None, 'memory', the path of a directory or a TokenCache, got {cache!r}."
    )
