"""One request for tokens: stored ones are mapped, missing ones computed and stored."""

import os
import secrets
import time
from collections import Counter
from contextlib import closing, suppress

import numpy as np
import torch

from sklearn_ctran._cache.index import NoRoom, check_same_shape
from sklearn_ctran._cache.lives import remove_file
from sklearn_ctran._cache.segments import DTYPES, CachedTokens, Segment, map_file, write_file
from sklearn_ctran._utils.warnings import warn

_CLAIMED_BATCHES = 8

_LOOK_AHEAD = 4096  # keys looked up at a time, after the first look at all of them

_POLL_SECONDS = 0.05

_WARN_SECONDS = 60  # without one more image, while others compute

_MOST_SECONDS = 600

_MOST_LOSSES = 5  # of an image's tokens: others evict them, or the index does not let go of them


class TokenCacheWarning(UserWarning):
    """Tokens could not be cached, or do not arrive. Results are right all the same."""


class Request:
    """One call of `TokenCache.tokens`.

    There is one key per image; duplicates are allowed. `limit` maps the bytes stored now to the
    bytes allowed. `max_size` is the limit as the user wrote it, for the warning.
    """

    def __init__(self, index, space, keys, limit, max_size):
        self.index = index
        self.space = space
        self.dtype = DTYPES[space.dtype]
        self.keys = list(keys)
        self.limit = limit
        self.max_size = max_size
        self.first = {}  # key -> its first position
        for position, key in enumerate(self.keys):
            self.first.setdefault(key, position)
        self.segments = []
        self.slots = {}  # file -> position in segments
        self.places = {}  # key -> (position in segments, row)
        self.shape = None  # (P, C)
        self.is_full = False

    def run(self, compute, batch_size):
        """Find, compute or wait for the tokens of all keys; returns CachedTokens."""
        self._fill(compute, batch_size)
        places = np.array([self.places[key] for key in self.keys], dtype=np.int32)
        return CachedTokens(self.segments, places[:, 0].copy(), places[:, 1].copy())

    def _fill(self, compute, batch_size):
        call = secrets.token_hex(8)
        try:
            self._fill_by_claims(compute, _CLAIMED_BATCHES * batch_size, call)
        except NoRoom:
            # Even the index has no room for claims: compute all that is missing without them.
            self._give_up()
            self._compute([key for key in self.first if key not in self.places], compute)
        finally:
            with suppress(NoRoom):
                self.index.release(call)

    def _fill_by_claims(self, compute, limit, call):
        queue = list(self.first)
        n_looked_up = len(queue)
        losses = Counter()
        patience = _Patience(self.index.directory)
        while queue:
            looked_up, queue = queue[:n_looked_up], queue[n_looked_up:]
            answer = self.index.claim(self.space, looked_up, limit, call)
            lost = self._take(answer.stored)
            losses.update(lost)
            patience.progressed(len(self.places))
            here = self._without_claim(answer, lost, losses, patience, limit)
            if answer.claimed or here:
                self._compute(answer.claimed + here, compute)
            elif not answer.stored:
                time.sleep(_POLL_SECONDS)
            if self.is_full:
                self.index.release(call)  # Others must not wait for what is not stored.
            queue = answer.free + lost + queue + answer.held
            if here:
                queue = [key for key in queue if key not in self.places]
                patience.took_over(len(self.places))
            n_looked_up = _LOOK_AHEAD

    @staticmethod
    def _without_claim(answer, lost, losses, patience, limit):
        """Keys that are lost again and again, or held too long: they are computed without a claim.

        This is how the loop ends, whatever the index says.
        """
        if not (answer.claimed or answer.stored) and patience.is_over(len(answer.held)):
            return answer.held[:limit]
        return [key for key in lost if losses[key] > _MOST_LOSSES]

    def _take(self, stored):
        """Map stored segments; returns the keys of those whose files are gone or damaged."""
        lost, broken = [], []
        for segment, file, shape, rows in stored:
            if file not in self.slots:
                path = os.path.join(self.index.directory, file)
                values = map_file(path, shape, self.dtype)
                if values is None:
                    lost.extend(rows)
                    broken.append((segment, file))
                    continue
                self._append(Segment(path, values))
            slot = self.slots[file]
            self.places.update((key, (slot, row)) for key, row in rows.items())
        if broken:
            self.index.drop(broken)
        return lost

    def _append(self, segment):
        check_same_shape(self.shape, segment.values.shape[1:], self.index.directory)
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
        check_same_shape(self.shape, values.shape[1:], self.index.directory)
        values = _to_dtype(values, self.dtype, positions)
        segment = None
        if not self.is_full:
            try:
                segment = self._write(keys, values)
            except NoRoom:
                self._give_up()
        # A copy, as the generator may overwrite its memory.
        self._append(segment or Segment(None, values.clone()))
        slot = len(self.segments) - 1
        self.places.update((key, (slot, row)) for row, key in enumerate(keys))

    def _write(self, keys, values):
        """Store a segment, and map it; None if another process removed its file at once."""
        file = self.index.reserve(values.nbytes, self.limit, self.slots)
        path = os.path.join(self.index.directory, file)
        try:
            write_file(path, values, self.index.durable)
            # Mapped before it is in the index, where others can evict it.
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
        warn(
            f"The token cache in {self.index.directory} has no room left "
            f"(max_size={self.max_size!r}). The rest of these tokens is kept in this process's "
            "memory and will be computed again next time. Use TokenCache(max_size=...) with a "
            "larger size, dtype='bfloat16' for half the bytes, or another location.",
            TokenCacheWarning,
        )


class _Patience:
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
