"""A token cache's index: where each image's tokens are, and which process is computing which.

Every method of `Index` is one short transaction (`database`).
"""

import errno
import itertools
import os
import time
from collections import defaultdict
from contextlib import contextmanager, suppress
from typing import NamedTuple

from sklearn_ctran._cache.database import (
    BrokenIndex,
    DiskFails,
    NoRoom,
    Unwritable,
    forget,
    transaction,
    way_out,
)
from sklearn_ctran._cache.lives import (
    current_owner,
    is_alive,
    life_path,
    remove_file,
    start_life,
)
from sklearn_ctran._cache.trust import (
    OUR_FILES,
    index_files,
    is_ours,
    is_segment_file,
    is_sound_row,
    is_sound_segment,
)
from sklearn_ctran._utils.warnings import warn

_BYTES = "MAX(0, MIN(CAST(bytes AS INTEGER), 1 << 50))"  # whatever somebody wrote there

_SOUND_SPACE = """typeof(name) = 'text' AND typeof(label) = 'text'
    AND dtype IN ('float32', 'bfloat16', 'float16')"""

_SPACE_NUMBER = "SELECT id FROM spaces WHERE name = ? AND dtype = ?"

_HOUR = 3600

_file_numbers = itertools.count()

_cleaned = set()  # identities of indexes from which this process has dropped what cannot be


class TokenCacheWarning(UserWarning):
    """Tokens could not be cached, or do not arrive. Results are right all the same."""


class Space(NamedTuple):
    """Tokens of one backbone, preprocessing and dtype; `label` describes them to people."""

    name: str
    dtype: str
    label: str


class Stored(NamedTuple):
    """A segment that has some of the requested keys."""

    segment: int
    file: str
    shape: tuple  # (n, P, C)
    rows: dict  # key -> (row, checksum)


class Answer(NamedTuple):
    """The result of `Index.claim`. Each requested key is in one of the four."""

    stored: list  # of Stored
    claimed: list  # now claimed by the caller, who computes them
    free: list  # not claimed by anybody, as the caller has reached its limit
    held: list  # being computed by others


class Index:
    """The index of one existing directory.

    If not `durable`, commits do not wait for the disk, which suits a cache in memory. Every method
    raises BrokenIndex if the database is broken, not a token cache's or of another version; NoRoom
    if it has to be written and cannot; OSError if it cannot be read.
    """

    def __init__(self, directory, durable):
        self.directory = directory
        self.durable = durable

    # ------------------------------------------------------------------ tokens

    def claim(self, space, keys, limit, call):
        """Look keys up, and claim up to `limit` of those that are neither stored nor computed.

        `keys` (list of bytes) has no duplicates. `call` names the claims for `release`. Returns an
        Answer. The index of an earlier version starts afresh, with a warning.
        """
        with self._writing(replaces=self._warn_of_version) as db:
            owner = self._owner(db)
            number = _space_number(db, space)
            stored, unsound = _find(db, number, keys)
            self._drop(db, unsound)
            now = time.time()
            db.executemany(
                "UPDATE segments SET last_used = ? WHERE id = ?",
                ((now, each.segment) for each in stored),
            )
            known = {key for segment in stored for key in segment.rows}
            held = self._held(db, number, owner)
            missing = [key for key in keys if key not in known and key not in held]
            claimed = missing[:limit]
            db.executemany(
                "INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?)",
                ((number, key, owner, call) for key in claimed),
            )
        return Answer(stored, claimed, missing[limit:], list(held))

    def find(self, space, keys):
        """Look keys up without writing anything; returns a list of Stored."""
        with self._reading() as db:
            found = db.execute(_SPACE_NUMBER, (space.name, space.dtype)).fetchone()
            return _find(db, *found, keys)[0] if found else []

    def release(self, call):
        """Give up the claims of a call."""
        with self._writing() as db:
            db.execute("DELETE FROM claims WHERE call = ?", (call,))

    def add(self, space, file, rows, shape, n_bytes):
        """Enter a finished segment, and release the claims of its keys.

        `rows` are pairs of a key and the checksum of its row, in order. Raises ValueError if the
        tokens of this space have another shape.
        """
        with self._writing() as db:
            number = _space_number(db, space)
            other = db.execute(
                "SELECT p, c FROM segments WHERE space = ? LIMIT 1", (number,)
            ).fetchone()
            check_same_shape(other, shape[1:], self.directory)
            segment = db.execute(
                "INSERT INTO segments (space, file, n, p, c, bytes, last_used) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (number, file, *shape, n_bytes, time.time()),
            ).lastrowid
            db.executemany(
                "INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?, ?)",
                ((number, key, segment, row, checksum) for row, (key, checksum) in enumerate(rows)),
            )
            db.executemany(
                "DELETE FROM claims WHERE space = ? AND key = ?",
                ((number, key) for key, _ in rows),
            )

    # ------------------------------------------------------------------ segments

    def drop(self, segments):
        """Remove segments, pairs of number and file, from the index, and their files."""
        with self._writing() as db:
            self._drop(db, segments)

    def reserve(self, n_bytes, limit, in_use):
        """Evict the least recently used segments until `n_bytes` more fit; return a new file name.

        `limit` maps the bytes stored now to the bytes allowed. Files `in_use` are not evicted. If
        even evicting all others does not make enough room, none is evicted and NoRoom is raised.
        """
        with self._writing() as db:
            used = _used(db)
            excess = used + n_bytes - limit(used)
            evicted = []
            for segment, file, size in db.execute(
                f"SELECT id, file, {_BYTES} FROM segments ORDER BY last_used, id"
            ):
                if excess <= 0:
                    break
                if file not in in_use:
                    evicted.append((segment, file))
                    excess -= size
            if excess > 0:
                raise NoRoom
            self._drop(db, evicted)
            return f"{self._owner(db)}-{next(_file_numbers)}.tokens"

    def clear(self, name=None):
        """Remove all segments, or those of the spaces with a name; returns the bytes freed.

        Without a name it gives up all claims, and makes a broken index start afresh.
        """
        forget(self.directory)  # It may have been damaged since this process has examined it.
        try:
            return self._clear(name)
        except NoRoom as error:
            if isinstance(error, Unwritable) and not isinstance(error, DiskFails):
                raise
            return self._clear_full(name)
        except BrokenIndex:
            if name is not None or not is_ours(self.directory):
                raise
        return self._start_afresh()

    def _clear(self, name):
        with self._writing() as db:
            rows = _segments_of(db, name)
            self._drop(db, [row[:2] for row in rows])
            if name is None:
                db.execute("DELETE FROM claims")
        return sum(size for *_, size in rows)

    def _clear_full(self, name):
        """The same where the index cannot grow: a full disk has no room for its journal."""
        with self._reading() as db:
            rows = _segments_of(db, name)
        for _, file, _ in rows:
            self._remove(file)
        freed = sum(size for *_, size in rows)
        try:
            self._clear(name)
        except NoRoom as error:
            if name is None:
                return max(freed, self._start_afresh())
            raise OSError(
                errno.ENOSPC,
                f"The files of the token cache in {self.directory} are removed, but there is no "
                f"room to change its index. Make some room, then {way_out(self.directory)}.",
            ) from error
        return freed

    def summary(self):
        """One tuple per space: name, label, dtype, images, bytes, P, C, last use (seconds)."""
        with self._reading() as db:
            db.execute("CREATE TEMP TABLE unsound (id INTEGER)")
            db.executemany(
                "INSERT INTO unsound VALUES (?)", [(id_,) for id_, _ in _unsound_segments(db)]
            )
            return db.execute(
                "SELECT name, label, dtype, SUM(n), SUM(bytes), p, c, MAX(last_used) "
                "FROM segments JOIN spaces ON spaces.id = segments.space "
                f"WHERE segments.id NOT IN (SELECT id FROM unsound) AND {_SOUND_SPACE} "
                "GROUP BY spaces.id ORDER BY MAX(last_used) DESC"
            ).fetchall()

    # ------------------------------------------------------------------ inside a transaction

    @contextmanager
    def _reading(self):
        with transaction(self.directory, writes=False) as (db, _):
            yield db

    @contextmanager
    def _writing(self, replaces=None):
        opened = transaction(self.directory, durable=self.durable, replaces=replaces)
        with opened as (db, index):
            if index not in _cleaned:
                db.execute(f"DELETE FROM spaces WHERE NOT ({_SOUND_SPACE}) OR dtype IS NULL")
                self._drop(db, _unsound_segments(db))
            yield db
        _cleaned.add(index)

    def _warn_of_version(self, version):
        warn(
            f"The token cache in {self.directory} is of an earlier version of this package (format "
            f"{version}, without checksums). It starts afresh: its tokens are computed again.",
            TokenCacheWarning,
        )

    def _start_afresh(self):
        """Remove the files that the cache itself makes; returns the bytes freed."""
        freed = 0
        for name in os.listdir(self.directory):
            ours = OUR_FILES.fullmatch(name)
            path = os.path.join(self.directory, name)
            if ours and name.endswith(".alive"):
                is_alive(self.directory, ours[1])  # removes that of a dead process
            elif ours:
                with suppress(FileNotFoundError):
                    freed += os.lstat(path).st_size
                remove_file(path)
        for path in index_files(self.directory):
            remove_file(path)
            if os.path.lexists(path):
                raise OSError(
                    f"The token cache's index {path} can neither be used nor removed: remove the "
                    f"directory {self.directory}, or choose another location."
                )
        return freed

    def _drop(self, db, segments):
        segments = list(segments)
        numbers = [(number,) for number, _ in segments]
        db.executemany("DELETE FROM tokens WHERE segment = ?", numbers)
        db.executemany("DELETE FROM segments WHERE id = ?", numbers)
        for _, file in segments:
            self._remove(file)

    def _remove(self, file):
        # Somebody else may have written any path into the index.
        if is_segment_file(file):
            remove_file(os.path.join(self.directory, file))

    def _held(self, db, number, owner):
        """The wanted keys that somebody is computing; claims of dead processes are removed."""
        claims = db.execute(
            "SELECT wanted.key, owner FROM wanted CROSS JOIN claims "
            "ON claims.space = ? AND claims.key = wanted.key",
            (number,),
        ).fetchall()
        others = {claimer for _, claimer in claims} - {owner}
        dead = {claimer for claimer in others if not is_alive(self.directory, claimer)}
        db.executemany("DELETE FROM claims WHERE owner IS ?", ((claimer,) for claimer in dead))
        return dict.fromkeys(key for key, claimer in claims if claimer not in dead)

    def _owner(self, db):
        """This process's name here. The first call removes the files of dead processes.

        It needs `db` in a transaction: otherwise another process could see the sign of life before
        it is locked, and take this process for a dead one.
        """
        owner = current_owner(self.directory)
        if owner is None:
            owner = start_life(self.directory)
            self._sweep(db, owner)
        return owner

    def _sweep(self, db, owner):
        """Remove files that are neither in the index nor being written by a living process."""
        kept = {file for (file,) in db.execute("SELECT file FROM segments")}
        kept.add(os.path.basename(life_path(self.directory, owner)))
        for file in os.listdir(self.directory):
            ours = OUR_FILES.fullmatch(file)
            if not ours or file in kept:
                continue
            is_dead = not is_alive(self.directory, ours[1])
            path = os.path.join(self.directory, file)
            with suppress(FileNotFoundError):
                is_old = time.time() - os.lstat(path).st_mtime > _HOUR
                if is_dead or (is_old and not file.endswith(".alive")):
                    remove_file(path)


def check_same_shape(known, new, directory):
    """Raise ValueError if a space's tokens have a shape (P, C) other than that of new ones."""
    if known is not None and tuple(known) != tuple(new):
        raise ValueError(
            f"The cache in {directory} holds tokens of shape {tuple(known)} for this backbone and "
            f"preprocessing, but new ones have shape {tuple(new)}: something that changes them is "
            "missing from the space's name. If the cache is damaged or somebody else's, "
            f"{way_out(directory)}."
        )


def _space_number(db, space):
    db.execute(
        "INSERT INTO spaces (name, dtype, label) VALUES (?, ?, ?) ON CONFLICT (name, dtype) "
        "DO UPDATE SET label = excluded.label WHERE excluded.label NOT IN ('', label)",
        space,
    )
    return db.execute(_SPACE_NUMBER, (space.name, space.dtype)).fetchone()[0]


def _find(db, number, keys):
    """The stored ones of some keys, by segment.

    Returns a list of Stored, and the segments that cannot be what the cache has written.
    """
    db.execute("CREATE TEMP TABLE wanted (key BLOB PRIMARY KEY) WITHOUT ROWID")
    db.executemany("INSERT INTO wanted VALUES (?)", ((key,) for key in keys))
    rows = defaultdict(dict)
    # CROSS JOIN keeps sqlite from reading all of a large cache for a few keys.
    for segment, key, *place in db.execute(
        "SELECT segment, wanted.key, row, checksum FROM wanted CROSS JOIN tokens "
        "ON tokens.space = ? AND tokens.key = wanted.key",
        (number,),
    ):
        rows[segment][key] = tuple(place)
    stored, unsound = [], []
    for segment, its_rows in rows.items():
        found = db.execute(
            "SELECT space, file, n, p, c, bytes, last_used FROM segments WHERE id = ?", (segment,)
        ).fetchone()
        if found is None:
            continue  # Without a segment, its tokens are missing.
        space, file, *shape, n_bytes, last_used = found
        if (
            space == number
            and is_sound_segment(file, shape, n_bytes, last_used)
            and all(is_sound_row(row, shape[0]) for row, _ in its_rows.values())
        ):
            stored.append(Stored(segment, file, tuple(shape), its_rows))
        else:
            unsound.append((segment, file))
    return stored, unsound


def _unsound_segments(db):
    """Pairs (number, file) of segments that cannot be what the cache has written."""
    spaces = {space for (space,) in db.execute("SELECT id FROM spaces")}
    rows = db.execute("SELECT id, space, file, n, p, c, bytes, last_used FROM segments")
    return [
        (segment, file)
        for segment, space, file, *shape, n_bytes, last_used in rows
        if space not in spaces or not is_sound_segment(file, shape, n_bytes, last_used)
    ]


def _segments_of(db, name):
    """Number, file and bytes of the segments of the spaces with a name, or of all for None."""
    return db.execute(
        f"SELECT segments.id, file, {_BYTES} FROM segments "
        "LEFT JOIN spaces ON spaces.id = segments.space WHERE ?1 IS NULL OR name = ?1",
        (name,),
    ).fetchall()


def _used(db):
    return db.execute(f"SELECT COALESCE(SUM({_BYTES}), 0) FROM segments").fetchone()[0]
