"""One request for tokens: stored ones are mapped, missing ones computed and stored."""

import os
import secrets
import time
from collections import Counter
from contextlib import closing, suppress

import numpy as np
import torch

from sklearn_ctran._cache.checksums import bound, sums_of_rows
from sklearn_ctran._cache.database import NoRoom, Unwritable
from sklearn_ctran._cache.index import TokenCacheWarning, check_same_shape
from sklearn_ctran._cache.lives import remove_file
from sklearn_ctran._cache.patience import Patience
from sklearn_ctran._cache.segments import DTYPES, CachedTokens, Segment, map_file, write_file
from sklearn_ctran._utils.threads import for_each
from sklearn_ctran._utils.warnings import warn

_CLAIMED_BATCHES = 8

_LOOK_AHEAD = 4096  # keys looked up at a time, after the first look at all of them

_POLL_SECONDS = 0.05

_MOST_LOSSES = 5  # of an image's tokens: others evict them, or the index does not let go of them


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
        self.has_claims = False
        self.n_damaged = 0

    def run(self, compute, batch_size):
        """Find, compute or wait for the tokens of all keys; returns CachedTokens."""
        self._fill(compute, batch_size)
        places = np.array([self.places[key] for key in self.keys], dtype=np.int32)
        return CachedTokens(self.segments, places[:, 0].copy(), places[:, 1].copy())

    def _fill(self, compute, batch_size):
        call = secrets.token_hex(8)
        try:
            self._fill_by_claims(compute, _CLAIMED_BATCHES * batch_size, call)
        except NoRoom as reason:
            self._fill_without_claims(compute, reason)
        finally:
            if self.has_claims:
                with suppress(NoRoom):
                    self.index.release(call)
            self._warn_of_damage()

    def _fill_without_claims(self, compute, reason):
        """Read what is stored, and compute the rest, although not even claims can be written."""
        # Damaged segments cannot be dropped, and a locked index not be read.
        with suppress(NoRoom):
            self._take(self.index.find(self.space, self._missing()))
        missing = self._missing()
        if missing:
            self._give_up(reason)
            self._compute(missing, compute)

    def _missing(self):
        return [key for key in self.first if key not in self.places]

    def _fill_by_claims(self, compute, limit, call):
        queue = list(self.first)
        n_looked_up = len(queue)
        losses = Counter()
        patience = Patience(self.index.directory)
        while queue:
            looked_up, queue = queue[:n_looked_up], queue[n_looked_up:]
            answer = self.index.claim(self.space, looked_up, limit, call)
            lost = self._take(answer.stored)
            losses.update(lost)
            patience.progressed(len(self.places))
            self.has_claims = self.has_claims or bool(answer.claimed)
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
        """Read stored segments; returns the keys of those whose files are gone or damaged."""
        segments = [None] * len(stored)

        def read(number):
            segments[number] = self._read(stored[number])

        # Checksums do not hold Python's lock.
        for_each(read, len(stored), torch.get_num_threads())
        lost, broken = [], []
        for (number, file, _, rows), segment in zip(stored, segments, strict=True):
            if segment is None:
                lost.extend(rows)
                broken.append((number, file))
                continue
            if file not in self.slots:
                self._append(segment)
            self.places.update((key, (self.slots[file], row)) for key, (row, _) in rows.items())
        if broken:
            self.index.drop(broken)
        return lost

    def _read(self, stored):
        """A stored segment whose checksums are right; None if its file is gone or damaged."""
        file, shape = stored.file, stored.shape
        is_mapped = file in self.slots
        segment = self.segments[self.slots[file]] if is_mapped else self._map(file, shape)
        sums = segment and segment.sums([row for row, _ in stored.rows.values()])
        if sums is None:
            return None
        for total, (key, (row, checksum)) in zip(sums, stored.rows.items(), strict=True):
            if bound(total, self.space, shape, file, row, key) != checksum:
                self.n_damaged += len(stored.rows)
                return None
        return segment

    def _map(self, file, shape):
        path = os.path.join(self.index.directory, file)
        # The session's directory, which is not durable, is this user's alone.
        return map_file(path, shape, self.dtype, is_shared=self.index.durable)

    def _warn_of_damage(self):
        if self.n_damaged:
            warn(
                f"The tokens of {self.n_damaged} images in {self.index.directory} are not what the "
                "cache has written there. They are computed again. Either somebody has changed the "
                "files, or the disk fails.",
                TokenCacheWarning,
            )

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
            except NoRoom as reason:
                self._give_up(reason)
        # A copy, as the generator may overwrite its memory.
        self._append(segment or Segment(values.clone()))
        slot = len(self.segments) - 1
        self.places.update((key, (slot, row)) for row, key in enumerate(keys))

    def _write(self, keys, values):
        """Store a segment, and map it; None if another process removed its file at once."""
        file = self.index.reserve(values.nbytes, self.limit, self.slots)
        path = os.path.join(self.index.directory, file)
        try:
            write_file(path, values, self.index.durable)
            # Mapped before it is in the index, where others can evict it.
            segment = self._map(file, values.shape)
            if segment is None:
                remove_file(path)
                return None
            shape = tuple(values.shape)
            sums = enumerate(zip(keys, sums_of_rows(values), strict=True))
            rows = [
                (key, bound(total, self.space, shape, file, row, key)) for row, (key, total) in sums
            ]
            self.index.add(self.space, file, rows, shape, values.nbytes)
        except BaseException:
            remove_file(path)
            raise
        return segment

    def _give_up(self, reason):
        if self.is_full:
            return
        self.is_full = True
        fate = "is kept in this process's memory and will be computed again next time."
        if isinstance(reason, Unwritable):
            message = f"{reason} What it lacks {fate}"
        else:
            message = (
                f"The token cache in {self.index.directory} has no room left "
                f"(max_size={self.max_size!r}). The rest of these tokens {fate} Use "
                "TokenCache(max_size=...) with a larger size, dtype='bfloat16' for half the bytes, "
                "or another location."
            )
        warn(message, TokenCacheWarning)


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
