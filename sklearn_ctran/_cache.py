"""Image tokens that outlive the call that computed them: `TokenCache`.

Tokens lie in segment files, one per batch of the backbone, which readers map instead of reading;
`_cache_index` says which image's tokens are where. "In memory" is the same thing in a directory
of this session's own (`_cache_session`), because worker processes have to share it.
"""

import os
import re
import secrets
import time
import warnings
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import torch

from sklearn_ctran._cache_index import (
    FILE_NAME,
    Index,
    NoRoom,
    Space,
    check_same_shape,
    remove_file,
)
from sklearn_ctran._cache_segments import CachedTokens, Segment, map_file, write_file
from sklearn_ctran._cache_session import (
    current_session,
    free_bytes,
    join_session,
    session_base,
    session_directory,
    session_token,
)

_DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}
_CLAIMED_BATCHES = 8
_LOOK_AHEAD = 4096  # keys looked up at a time once all have been
_POLL_SECONDS = 0.05


class TokenCacheWarning(UserWarning):
    """Tokens could not be cached; results are right all the same."""


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


@dataclass(frozen=True, repr=False)
class TokenCacheInfo:
    """What a `TokenCache` holds.

    Attributes
    ----------
    location : str or None
        None is in memory.
    bytes : int
    max_size : int
        In bytes.
    spaces : list of dict
        With the keys label, space, images, bytes, dtype, shape (P, C) and last_used (datetime).
    """

    location: str | None
    bytes: int
    max_size: int
    spaces: list

    def __repr__(self):
        where = "in memory" if self.location is None else f"at {self.location}"
        used = f"{_format_size(self.bytes)} of at most {_format_size(self.max_size)}"
        table = [("label", "images", "size", "dtype", "shape", "last used")]
        for space in self.spaces:
            table.append(
                (
                    space["label"] or space["space"],
                    f"{space['images']:,}",
                    _format_size(space["bytes"]),
                    space["dtype"],
                    "{} x {}".format(*space["shape"]),
                    f"{space['last_used']:%Y-%m-%d %H:%M}",
                )
            )
        if not self.spaces:
            return f"TokenCache {where}: empty, at most {_format_size(self.max_size)}"
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in table
        ]
        return "\n".join([f"TokenCache {where}: {used}", *lines])


def _request(cache, directory, space, keys, compute, batch_size):
    request = _Request(cache, directory, space, keys)
    request.run(compute, batch_size)
    return request.result()


class _Request:
    """One call of `TokenCache.tokens`."""

    def __init__(self, cache, directory, space, keys):
        self.cache = cache
        self.directory = directory
        self.index = cache._index(directory)
        self.space = space
        self.keys = list(keys)
        self.first = {}  # key -> its first position
        for position, key in enumerate(self.keys):
            self.first.setdefault(key, position)
        self.segments = []
        self.slots = {}  # file -> position in segments
        self.places = {}  # key -> (position in segments, row)
        self.shape = None  # (P, C)
        self.is_full = False

    def result(self):
        places = np.array([self.places[key] for key in self.keys], dtype=np.int32)
        return CachedTokens(self.segments, places[:, 0].copy(), places[:, 1].copy())

    def run(self, compute, batch_size):
        """Find, compute or wait for the tokens of all keys."""
        call = secrets.token_hex(8)
        queue = list(self.first)
        n_asked = len(queue)
        try:
            while queue:
                asked, queue = queue[:n_asked], queue[n_asked:]
                answer = self.index.claim(self.space, asked, _CLAIMED_BATCHES * batch_size, call)
                lost = self._take(answer.stored)
                if answer.claimed:
                    self._compute(answer.claimed, compute)
                elif not answer.stored:
                    time.sleep(_POLL_SECONDS)
                if self.is_full:
                    self.index.release(call)  # Others who wait for these get none.
                queue = answer.free + lost + queue + answer.held
                n_asked = _LOOK_AHEAD
        except NoRoom:
            # Not even the index takes anything more: without claims, then.
            self._give_up()
            self._compute([key for key in self.first if key not in self.places], compute)
        finally:
            with suppress(NoRoom):
                self.index.release(call)

    def _take(self, stored):
        """Map the segments that were found; returns the keys of those that cannot be."""
        lost, broken = [], []
        for file, shape, rows in stored:
            if file not in self.slots:
                path = os.path.join(self.directory, file)
                values = map_file(path, shape, _DTYPES[self.space.dtype])
                if values is None:
                    lost.extend(rows)
                    broken.append(file)
                    continue
                self._append(Segment(path, values))
            slot = self.slots[file]
            self.places.update((key, (slot, row)) for key, row in rows.items())
        if broken:
            self.index.drop(broken)
        return lost

    def _append(self, segment):
        check_same_shape(self.shape, segment.values.shape[1:])
        self.shape = segment.values.shape[1:]
        if segment.path is not None:
            self.slots[os.path.basename(segment.path)] = len(self.segments)
        self.segments.append(segment)

    def _compute(self, keys, compute):
        asked = np.array([self.first[key] for key in keys], dtype=np.int64)
        todo = set(asked.tolist())
        with closing(compute(asked)) as batches:
            for positions, values in batches:
                positions = np.asarray(positions).tolist()
                if not (todo.issuperset(positions) and _is_batch(values, len(positions))):
                    raise ValueError(
                        f"compute yielded {len(positions)} positions and tokens of shape "
                        f"{tuple(values.shape)}; positions still missing and tokens (batch, P, C) "
                        "are expected."
                    )
                todo.difference_update(positions)
                self._add(positions, values)
        if todo:
            raise ValueError(f"compute left out {len(todo)} of {len(keys)} positions.")

    def _add(self, positions, values):
        keys = [self.keys[position] for position in positions]
        check_same_shape(self.shape, values.shape[1:])
        values = _to_dtype(values, _DTYPES[self.space.dtype], positions)
        segment = None
        if not self.is_full:
            try:
                segment = self._write(keys, values)
            except NoRoom:
                self._give_up()
        # A copy: the generator may use its memory again.
        self._append(segment or Segment(None, values.clone()))
        slot = len(self.segments) - 1
        self.places.update((key, (slot, row)) for row, key in enumerate(keys))

    def _write(self, keys, values):
        """Store a segment, and map it; None if somebody removed its file at once."""

        def limit(used):
            return self.cache._limit(self.directory, used)

        file = self.index.reserve(values.nbytes, limit, self.slots)
        path = os.path.join(self.directory, file)
        try:
            write_file(path, values, self.index.durable)
            # Before others can see it, and evict it.
            mapped = map_file(path, values.shape, values.dtype)
            if mapped is None:
                remove_file(path)
                return None
            self.index.add(self.space, file, keys, tuple(values.shape), values.nbytes)
        except BaseException:
            remove_file(path)
            raise
        return Segment(path, mapped)

    def _give_up(self):
        if self.is_full:
            return
        self.is_full = True
        warnings.warn(
            f"The token cache in {self.directory} has no room left "
            f"(max_size={self.cache.max_size!r}): the rest of these tokens is kept in this "
            "process's memory and will be computed again next time. Use "
            "TokenCache(max_size=...) with a larger size, dtype='bfloat16' for half the bytes, "
            "or another location.",
            TokenCacheWarning,
            stacklevel=2,
        )


def _is_batch(values, n_rows):
    return values.ndim == 3 and len(values) == n_rows and values.numel() > 0


def _to_dtype(values, dtype, positions):
    converted = values.detach().to("cpu", dtype).contiguous()
    if dtype == torch.float16:
        overflown = (converted.isinf() & values.cpu().isfinite()).flatten(1).any(dim=1)
        if overflown.any():
            row = positions[int(overflown.nonzero()[0])]
            raise ValueError(
                f"Row {row} has tokens beyond float16's largest number, 65504: use "
                "dtype='bfloat16' or 'float32' for the cache."
            )
    return converted


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


def _format_size(n_bytes):
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:.4g} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:,.1f} TB"
