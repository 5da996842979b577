"""A token cache's index: where each image's tokens are, and which process is computing which.

One sqlite database per directory, shared by threads and processes. Every method of `Index` is one
short transaction on a new connection, so that a process may fork or be killed at any time. The
first transaction of a process examines an index that others may have made or damaged (`trust`).
"""

import itertools
import os
import sqlite3
import time
from collections import defaultdict
from contextlib import closing, contextmanager, suppress
from typing import NamedTuple

from sklearn_ctran._cache.lives import (
    current_owner,
    is_alive,
    life_path,
    remove_file,
    start_life,
)
from sklearn_ctran._cache.trust import (
    APPLICATION,
    FILE_NAME,
    OUR_FILES,
    are_sound_rows,
    doubt_about_files,
    doubt_about_schema,
    index_files,
    is_ours,
    is_segment_file,
    is_sound_segment,
)

_VERSION = 1

_SCHEMA = (
    """CREATE TABLE spaces (
        id INTEGER PRIMARY KEY, name TEXT, dtype TEXT, label TEXT, UNIQUE (name, dtype))""",
    """CREATE TABLE segments (
        id INTEGER PRIMARY KEY AUTOINCREMENT, space INTEGER, file TEXT UNIQUE,
        n INTEGER, p INTEGER, c INTEGER, bytes INTEGER, last_used REAL)""",
    """CREATE TABLE tokens (
        space INTEGER, key BLOB, segment INTEGER, row INTEGER,
        PRIMARY KEY (space, key)) WITHOUT ROWID""",
    "CREATE INDEX tokens_of_segment ON tokens (segment)",
    """CREATE TABLE claims (
        space INTEGER, key BLOB, owner TEXT, call TEXT,
        PRIMARY KEY (space, key)) WITHOUT ROWID""",
)

_BYTES = "MAX(0, MIN(CAST(bytes AS INTEGER), 1 << 50))"  # whatever somebody wrote there

# What sqlite says of a file that the system cannot read or write, or that others have locked.
_OF_THE_SYSTEM = ("locked", "readonly", "unable to open", "I/O", "authorization")

_HOUR = 3600

_LARGEST_NUMBER = """SELECT MAX(seq) FROM (SELECT seq FROM sqlite_sequence
    UNION SELECT id FROM segments UNION SELECT id FROM spaces UNION SELECT 0)"""

_MOST_NUMBERS = 2**53  # sqlite has no more after 2**63, and then says that it is full

_STEPS = 1_000_000  # of sqlite, between two looks at the clock

_MOST_SECONDS = 600  # for one transaction

_file_numbers = itertools.count()

_examined = set()  # indexes, as (path, device, inode), that this process has examined


class NoRoom(Exception):
    """Nothing more can be stored: the limit is reached or the file system is full."""


class BrokenIndex(ValueError):
    """The index is not one that this version has written, or somebody has damaged it."""


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
    rows: dict  # key -> row


class Answer(NamedTuple):
    """The result of `Index.claim`. Each requested key is in one of the four."""

    stored: list  # of Stored
    claimed: list  # now claimed by the caller, who computes them
    free: list  # not claimed by anybody, as the caller has reached its limit
    held: list  # being computed by others


class Index:
    """The index of one existing directory.

    If not `durable`, commits do not wait for the disk, which suits a cache in memory. Every method
    raises BrokenIndex if the database is broken, not a token cache's or of another version; OSError
    if it cannot be read or written; NoRoom if the file system is full.
    """

    def __init__(self, directory, durable):
        self.directory = directory
        self.durable = durable

    # ------------------------------------------------------------------ tokens

    def claim(self, space, keys, limit, call):
        """Look keys up, and claim up to `limit` of those that are neither stored nor computed.

        `keys` (list of bytes) has no duplicates. `call` names the claims for `release`. Returns an
        Answer.
        """
        with self._transaction() as db:
            owner = self._owner(db)
            number = _space_number(db, space)
            db.execute("CREATE TEMP TABLE wanted (key BLOB PRIMARY KEY) WITHOUT ROWID")
            db.executemany("INSERT INTO wanted VALUES (?)", ((key,) for key in keys))
            stored, unsound = _find(db, number)
            self._drop(db, unsound)
            known = {key for segment in stored for key in segment.rows}
            held = self._held(db, number, owner)
            missing = [key for key in keys if key not in known and key not in held]
            claimed = missing[:limit]
            db.executemany(
                "INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?)",
                ((number, key, owner, call) for key in claimed),
            )
        return Answer(stored, claimed, missing[limit:], list(held))

    def release(self, call):
        """Give up the claims of a call."""
        with self._transaction() as db:
            db.execute("DELETE FROM claims WHERE call = ?", (call,))

    def add(self, space, file, keys, shape, n_bytes):
        """Enter a finished segment, and release the claims of its keys.

        Raises ValueError if the tokens of this space have another shape.
        """
        with self._transaction() as db:
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
                "INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?)",
                ((number, key, segment, row) for row, key in enumerate(keys)),
            )
            db.executemany(
                "DELETE FROM claims WHERE space = ? AND key = ?", ((number, key) for key in keys)
            )

    # ------------------------------------------------------------------ segments

    def drop(self, segments):
        """Remove segments, pairs of number and file, from the index, and their files."""
        with self._transaction() as db:
            self._drop(db, segments)

    def reserve(self, n_bytes, limit, in_use):
        """Evict the least recently used segments until `n_bytes` more fit; return a new file name.

        `limit` maps the bytes stored now to the bytes allowed. Files `in_use` are not evicted. If
        even evicting all others does not make enough room, none is evicted and NoRoom is raised.
        """
        with self._transaction() as db:
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
        # It may have been damaged since this process has examined it.
        path = os.path.join(self.directory, FILE_NAME)
        _examined.difference_update([index for index in list(_examined) if index[0] == path])
        try:
            with self._transaction() as db:
                rows = db.execute(
                    f"SELECT segments.id, file, {_BYTES} FROM segments "
                    "LEFT JOIN spaces ON spaces.id = segments.space WHERE ?1 IS NULL OR name = ?1",
                    (name,),
                ).fetchall()
                self._drop(db, [row[:2] for row in rows])
                if name is None:
                    db.execute("DELETE FROM claims")
            return sum(size for *_, size in rows)
        except BrokenIndex:
            if name is not None or not is_ours(self.directory):
                raise
        return self._start_afresh()

    def summary(self):
        """One tuple per space: name, label, dtype, images, bytes, P, C, last use (seconds)."""
        with self._transaction() as db:
            self._drop(db, _unsound_segments(db))
            return db.execute(
                "SELECT name, label, dtype, SUM(n), SUM(bytes), p, c, MAX(last_used) "
                "FROM segments JOIN spaces ON spaces.id = segments.space "
                "GROUP BY spaces.id ORDER BY MAX(last_used) DESC"
            ).fetchall()

    # ------------------------------------------------------------------ inside a transaction

    @contextmanager
    def _transaction(self):
        path = os.path.join(self.directory, FILE_NAME)
        doubt = doubt_about_files(self.directory)
        if doubt:
            raise _unusable(path, doubt)
        try:
            with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as db:
                self._prepare(db)
                self._examine(db, path)
                db.execute("BEGIN IMMEDIATE")
                with db:  # commits, or rolls back
                    _check_format(db, path)
                    yield db
        except sqlite3.OperationalError as error:
            if "full" in str(error):
                raise NoRoom from error
            if not any(word in str(error) for word in _OF_THE_SYSTEM):
                raise _unusable(path, f"is broken ({error})") from error
            raise OSError(
                f"The token cache's index {path} cannot be used: {error}. If no other process is "
                f"using the cache, {way_out(self.directory)}, or choose another location."
            ) from error
        except sqlite3.ProgrammingError:
            raise  # A bug in this module, not a broken file.
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise _unusable(path, f"is broken or not a database ({error})") from error

    def _prepare(self, db):
        """Settings of a connection; a broken index must not keep sqlite busy for ever."""
        ends = time.monotonic() + _MOST_SECONDS
        db.set_progress_handler(lambda: time.monotonic() > ends, _STEPS)
        db.text_factory = lambda text: text.decode(errors="replace")
        db.execute("PRAGMA trusted_schema = OFF")
        db.execute("PRAGMA temp_store = MEMORY")
        db.execute(f"PRAGMA synchronous = {'FULL' if self.durable else 'OFF'}")

    def _examine(self, db, path):
        """Look through an index that this process sees for the first time.

        Raises BrokenIndex if its structure is damaged; drops segments that cannot be the cache's.
        """
        status = os.stat(path)
        index = (path, status.st_dev, status.st_ino)
        if index in _examined:
            return
        db.execute("BEGIN IMMEDIATE")
        with db:
            _check_format(db, path)
        # Outside of a transaction, as it takes a while for millions of images.
        (result,) = db.execute("PRAGMA integrity_check(1)").fetchone()
        if result != "ok":
            raise _unusable(path, f"is broken ({result})")
        db.execute("BEGIN IMMEDIATE")
        with db:
            db.execute(
                "DELETE FROM spaces WHERE typeof(name) <> 'text' OR typeof(label) <> 'text' "
                "OR dtype NOT IN ('float32', 'bfloat16', 'float16') OR dtype IS NULL"
            )
            self._drop(db, _unsound_segments(db))
            (number,) = db.execute(_LARGEST_NUMBER).fetchone()
            if type(number) is not int or number > _MOST_NUMBERS:
                raise _unusable(path, "is broken: it has no numbers left")
        _examined.add(index)

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
                    f"The token cache's index is broken, and {path} cannot be removed: remove the "
                    f"directory {self.directory}, or choose another location."
                )
        return freed

    def _drop(self, db, segments):
        segments = list(segments)
        numbers = [(number,) for number, _ in segments]
        db.executemany("DELETE FROM tokens WHERE segment = ?", numbers)
        db.executemany("DELETE FROM segments WHERE id = ?", numbers)
        for _, file in segments:
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


def way_out(directory):
    """What people can do about a cache that cannot be used."""
    return f"call TokenCache({directory!r}).clear() or remove the directory {directory}"


def _check_format(db, path):
    """Create the tables of a new database; raise ValueError for one of another format."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if (application, version) == (APPLICATION, _VERSION):
        doubt = doubt_about_schema(db, _SCHEMA)
        if doubt:
            raise _unusable(path, doubt)
        return
    if application == APPLICATION:
        raise _unusable(path, f"has format {version}, and this version reads format {_VERSION}")
    if application or version or db.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise _unusable(path, "is a database, but not a token cache's")
    for statement in _SCHEMA:
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {APPLICATION}")
    db.execute(f"PRAGMA user_version = {_VERSION}")


def _unusable(path, what):
    directory = os.path.dirname(path)
    return BrokenIndex(
        f"The token cache's index {path} {what}. To start afresh, {way_out(directory)}, or choose "
        "another location."
    )


def _space_number(db, space):
    db.execute(
        "INSERT INTO spaces (name, dtype, label) VALUES (?, ?, ?) ON CONFLICT (name, dtype) "
        "DO UPDATE SET label = excluded.label WHERE excluded.label NOT IN ('', label)",
        space,
    )
    return db.execute(
        "SELECT id FROM spaces WHERE name = ? AND dtype = ?", (space.name, space.dtype)
    ).fetchone()[0]


def _find(db, number):
    """The stored ones of the wanted keys, by segment, whose time of use is updated.

    Returns a list of Stored, and the segments that cannot be what the cache has written.
    """
    rows = defaultdict(dict)
    # CROSS JOIN keeps sqlite from reading all of a large cache for a few keys.
    for segment, key, row in db.execute(
        "SELECT segment, wanted.key, row FROM wanted CROSS JOIN tokens "
        "ON tokens.space = ? AND tokens.key = wanted.key",
        (number,),
    ):
        rows[segment][key] = row
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
            and _has_sound_rows(db, segment, shape[0])
        ):
            stored.append(Stored(segment, file, tuple(shape), its_rows))
        else:
            unsound.append((segment, file))
    now = time.time()
    db.executemany(
        "UPDATE segments SET last_used = ? WHERE id = ?", ((now, each.segment) for each in stored)
    )
    return stored, unsound


def _has_sound_rows(db, segment, n):
    """Whether no two images have the same row of a segment, in whatever space, or one beyond it."""
    rows = db.execute("SELECT row FROM tokens WHERE segment = ?", (segment,)).fetchall()
    return are_sound_rows([row for (row,) in rows], n)


def _unsound_segments(db):
    """Pairs (number, file) of segments that cannot be what the cache has written."""
    spaces = {space for (space,) in db.execute("SELECT id FROM spaces")}
    rows = db.execute("SELECT id, space, file, n, p, c, bytes, last_used FROM segments")
    return [
        (segment, file)
        for segment, space, file, *shape, n_bytes, last_used in rows
        if space not in spaces or not is_sound_segment(file, shape, n_bytes, last_used)
    ]


def _used(db):
    return db.execute(f"SELECT COALESCE(SUM({_BYTES}), 0) FROM segments").fetchone()[0]
