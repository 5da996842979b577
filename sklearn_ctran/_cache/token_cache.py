"""Image tokens that outlive the call that computed them: `TokenCache`.

Tokens lie in segment files, one per batch of the backbone, which readers map instead of reading;
`_cache_index` says which image's tokens are where. "In memory" is the same thing in a directory
of this session's own (`_cache_session`), because worker processes have to share it.
"""

import os
import re
from contextlib import suppress
from datetime import datetime

import numpy as np

from sklearn_ctran._cache.index import FILE_NAME, Index, Space
from sklearn_ctran._cache.info import TokenCacheInfo
from sklearn_ctran._cache.request import _DTYPES, _Request
from sklearn_ctran._cache.session import (
    current_session,
    free_bytes,
    join_session,
    session_base,
    session_directory,
    session_token,
)


class TokenCache:
    """Tokens of images that a frozen backbone has seen, for every fit, fold and process.

    A plain value: two caches with the same parameters are equal and have the same contents. Its
    files are safe to use by several threads and processes at once.

    Parameters
    ----------
    location : str or path-like, optional
        A directory, made if need be, which later sessions can use too. None: in memory, for this
        session and its worker processes. (In memory means files in ``/dev/shm``, or, where there
        is no such file system with 2 GB free, in the directory for temporary files. They go when
        the process ends; what a killed process left behind goes when the next session starts.)
    max_size : int, whole float or str, optional
        Bytes that its files may have, or a string such as ``"500MB"`` or ``"20GB"``. What was not
        used for longest makes room for what is new. None: half of what is free there, what the
        cache has already taken included. It is a limit to what this object writes: other objects
        for the same location may have another.
    dtype : {"float32", "bfloat16", "float16"}, default="float32"
        What tokens are stored as; they are served as float32. Each dtype has its own tokens.

    Raises
    ------
    TypeError, ValueError
        If a parameter cannot be used.
    """

    def __init__(self, location=None, *, max_size=None, dtype="float32"):
        if location is not None:
            if not os.fsdecode(location):
                raise ValueError(
                    "The cache's location is an empty string: give the path of a directory ('.' "
                    "is the working directory), or None for a TokenCache in memory."
                )
            # Worker processes and later calls may have another working directory.
            location = os.path.abspath(os.path.expanduser(os.fsdecode(location)))
        if dtype not in _DTYPES:
            raise ValueError(f"dtype must be one of {', '.join(_DTYPES)}, got {dtype!r}.")
        self.location = location
        self.max_size = max_size
        self.dtype = dtype
        self._max_bytes = _parse_size(max_size)

    def tokens(self, space, keys, compute, *, label="", batch_size=64):
        """Tokens of some images, computed if nobody has yet.

        Whoever else asks for the same at the same time, thread or process, waits for those that
        are computed here, and the other way round.

        Parameters
        ----------
        space : str
            Stands for all that the tokens depend on but the image: backbone, weights,
            preprocessing, precision.
        keys : list of bytes
            One digest per image. Images with the same key are computed once.
        compute : generator function
            Given positions in `keys` (ndarray of int64), it yields ``(positions, tokens)`` batch
            by batch until all are done; tokens are float32 Tensors (batch, P, C). It is called
            with at most ``8 * batch_size`` positions at a time. What it has yielded is kept,
            whatever happens to it afterwards.
        label : str
            The space in words, for `info`.
        batch_size : int
            About what `compute` yields at a time.

        Returns
        -------
        CachedTokens
            In the order of `keys`.

        Raises
        ------
        ValueError
            If there are no keys; if tokens overflow float16; if `compute` yields anything but
            what was asked for, or tokens of another shape than those that the cache has; if the
            cache's index is broken or not of this version.
        OSError
            If the location cannot be read and written.

        Warns
        -----
        TokenCacheWarning
            If there is no room. The rest of the tokens is then in memory only, for this call.
        """
        if not len(keys):
            raise ValueError("There are no images: keys is empty.")
        space = Space(space, self.dtype, label)
        directory = self._directory()
        try:
            return _request(self, directory, space, keys, compute, batch_size)
        except (OSError, ValueError):
            if self.location is not None or os.path.isdir(directory):
                raise
        # The process whose session this one had joined has ended: in one of its own, then.
        return _request(self, self._directory(), space, keys, compute, batch_size)

    def info(self):
        """What the cache holds.

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

    def clear(self, space=None):
        """Remove tokens: all, or those of one space (a name, see `info`) in all dtypes.

        Tokens that are being used stay usable, and their memory is freed afterwards.

        Returns
        -------
        int
            Bytes freed.
        """
        _, index = self._existing()
        return index.clear(space) if index else 0

    def _directory(self):
        """The directory, made if there is none."""
        if self.location is None:
            return session_directory()
        try:
            os.makedirs(self.location, exist_ok=True)
        except FileExistsError:
            raise NotADirectoryError(f"The cache's location {self.location} is a file.") from None
        return self.location

    def _existing(self):
        """The directory, and its index if there is one; nothing is made."""
        directory = self.location or current_session() or session_base()
        exists = os.path.exists(os.path.join(directory, FILE_NAME))
        return directory, self._index(directory) if exists else None

    def _index(self, directory):
        return Index(directory, durable=self.location is not None)

    def _limit(self, directory, used):
        """Bytes allowed in a directory in which the cache uses some already."""
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
        # Not by way of __getstate__, which makes a directory.
        return TokenCache(self.location, max_size=self.max_size, dtype=self.dtype)

    def __deepcopy__(self, memo):
        return self.__copy__()

    def __getstate__(self):
        # A worker process is to find what this process has, or is going to have.
        return vars(self) | {"session": session_token() if self.location is None else ""}

    def __setstate__(self, state):
        state = dict(state)
        join_session(state.pop("session"))
        vars(self).update(state)


def resolve_cache(cache):
    """A `TokenCache` from a parameter's value.

    Parameters
    ----------
    cache : None, "memory", str, path-like or TokenCache

    Returns
    -------
    TokenCache or None

    Raises
    ------
    ValueError
        For an empty string.
    TypeError
        For anything else.
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


def _request(cache, directory, space, keys, compute, batch_size):
    request = _Request(cache, directory, space, keys)
    request.run(compute, batch_size)
    return request.result()


def _parse_size(size):
    """Bytes from "20GB", "1.5 GiB" or a number; None stays."""
    if size is None:
        return None
    if isinstance(size, str):
        match = re.fullmatch(r"\s*([\d.]+)\s*(?:([KMGT])(I?))?B?\s*", size.upper())
        with suppress(TypeError, ValueError):
            power = " KMGT".index(match[2] or " ")
            size = int(float(match[1]) * (1024 if match[3] else 1000) ** power)
    if isinstance(size, (float, np.floating)) and float(size).is_integer():
        size = int(size)  # 2e9
    if not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size <= 0:
        raise ValueError(
            f"max_size must be a positive number of bytes or a string such as '20GB', got {size!r}."
        )
    return int(size)
