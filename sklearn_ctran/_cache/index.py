"""A token cache's index: where each image's tokens are, and which process is computing which.

One sqlite database per directory, shared by threads and processes. Every method of `Index` is one
short transaction on a new connection, so that a process may fork or be killed at any time.
"""

import itertools
import os
import re
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

FILE_NAME = "index.sqlite"

_APPLICATION = 0x43547261  # "CTra", the mark of a token cache's database

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

_OUR_FILES = re.compile(r"([0-9a-f]{16})(?:-\d+\.(?:tokens|tmp)|\.alive)")

_HOUR = 3600


_file_numbers = itertools.count()


class NoRoom(Exception):
    """Nothing more can be stored: the limit is reached or the file system is full."""


class Space(NamedTuple):
    """Tokens of one backbone, preprocessing and dtype; `label` describes them to people."""

    name: str
    dtype: str
    label: str


class Stored(NamedTuple):
    """A segment that has some of the requested keys."""

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
    raises ValueError if the database is broken, not a token cache's or of another version; OSError
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
            stored = _find(db, number)
            known = {key for segment in stored for key in segment.rows}
            held = self._held(db, number, owner)
            missing = [key for key in keys if key not in known and key not in held]
            claimed = missing[:limit]
            db.executemany(
                "INSERT INTO claims VALUES (?, ?, ?, ?)",
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
            check_same_shape(other, shape[1:])
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

    def drop(self, files):
        """Remove segments from the index, and their files."""
        with self._transaction() as db:
            self._drop(db, files)

    def reserve(self, n_bytes, limit, in_use):
        """Evict the least recently used segments until `n_bytes` more fit; return a new file name.

        `limit` maps the bytes stored now to the bytes allowed. Files `in_use` are not evicted. If
        even evicting all others does not make enough room, none is evicted and NoRoom is raised.
        """
        with self._transaction() as db:
            used = _used(db)
            excess = used + n_bytes - limit(used)
            evicted = []
            for file, size in db.execute("SELECT file, bytes FROM segments ORDER BY last_used, id"):
                if excess <= 0:
                    break
                if file not in in_use:
                    evicted.append(file)
                    excess -= size
            if excess > 0:
                raise NoRoom
            self._drop(db, evicted)
            return f"{self._owner(db)}-{next(_file_numbers)}.tokens"

    def clear(self, name=None):
        """Remove all segments, or those of the spaces with a name; returns the bytes freed."""
        with self._transaction() as db:
            rows = db.execute(
                "SELECT file, bytes FROM segments JOIN spaces ON spaces.id = segments.space "
                "WHERE ?1 IS NULL OR name = ?1",
                (name,),
            ).fetchall()
            self._drop(db, [file for file, _ in rows])
        return sum(size for _, size in rows)

    def summary(self):
        """One tuple per space: name, label, dtype, images, bytes, P, C, last use (seconds)."""
        with self._transaction() as db:
            return db.execute(
                "SELECT name, label, dtype, SUM(n), SUM(bytes), p, c, MAX(last_used) "
                "FROM segments JOIN spaces ON spaces.id = segments.space "
                "GROUP BY spaces.id ORDER BY MAX(last_used) DESC"
            ).fetchall()

    # ------------------------------------------------------------------ inside a transaction

    @contextmanager
    def _transaction(self):
        path = os.path.join(self.directory, FILE_NAME)
        try:
            with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as db:
                db.execute("PRAGMA temp_store = MEMORY")
                db.execute(f"PRAGMA synchronous = {'FULL' if self.durable else 'OFF'}")
                db.execute("BEGIN IMMEDIATE")
                with db:  # commits, or rolls back
                    _check_format(db, path)
                    yield db
        except sqlite3.OperationalError as error:
            if "full" in str(error):
                raise NoRoom from error
            raise OSError(f"The token cache's index {path} cannot be used: {error}.") from error
        except sqlite3.DatabaseError as error:
            if type(error) is not sqlite3.DatabaseError:
                raise  # A bug in this module, not a broken file.
            raise _unusable(path, f"is broken or not a database ({error})") from error

    def _drop(self, db, files):
        rows = [(file,) for file in files]
        db.executemany(
            "DELETE FROM tokens WHERE segment = (SELECT id FROM segments WHERE file = ?)", rows
        )
        db.executemany("DELETE FROM segments WHERE file = ?", rows)
        for file in files:
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
        db.executemany("DELETE FROM claims WHERE owner = ?", ((claimer,) for claimer in dead))
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
            ours = _OUR_FILES.fullmatch(file)
            if not ours or file in kept:
                continue
            is_dead = not is_alive(self.directory, ours[1])
            path = os.path.join(self.directory, file)
            with suppress(FileNotFoundError):
                is_old = time.time() - os.stat(path).st_mtime > _HOUR
                if is_dead or (is_old and not file.endswith(".alive")):
                    remove_file(path)


def check_same_shape(known, new):
    """Raise ValueError if a space's tokens have a shape (P, C) other than that of new ones."""
    if known is not None and tuple(known) != tuple(new):
        raise ValueError(
            f"The cache holds tokens of shape {tuple(known)} for this backbone and preprocessing, "
            f"but new ones have shape {tuple(new)}: something that changes them is missing from "
            "the space's name."
        )


def _check_format(db, path):
    """Create the tables of a new database; raise ValueError for one of another format."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if (application, version) == (_APPLICATION, _VERSION):
        return
    if application == _APPLICATION:
        raise _unusable(path, f"has format {version}, and this version reads format {_VERSION}")
    if application or version or db.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise _unusable(path, "is a database, but not a token cache's")
    for statement in _SCHEMA:
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {_APPLICATION}")
    db.execute(f"PRAGMA user_version = {_VERSION}")


def _unusable(path, what):
    return ValueError(
        f"The token cache's index {path} {what}. Delete the folder {os.path.dirname(path)} to "
        "start afresh, or choose another location."
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
    """The stored ones of the wanted keys, by segment, whose time of use is updated."""
    rows = defaultdict(dict)
    # CROSS JOIN keeps sqlite from reading all of a large cache for a few keys.
    for segment, key, row in db.execute(
        "SELECT segment, wanted.key, row FROM wanted CROSS JOIN tokens "
        "ON tokens.space = ? AND tokens.key = wanted.key",
        (number,),
    ):
        rows[segment][key] = row
    now = time.time()
    db.executemany(
        "UPDATE segments SET last_used = ? WHERE id = ?", ((now, segment) for segment in rows)
    )
    stored = []
    for segment, its_rows in rows.items():
        file, *shape = db.execute(
            "SELECT file, n, p, c FROM segments WHERE id = ?", (segment,)
        ).fetchone()
        stored.append(Stored(file, tuple(shape), its_rows))
    return stored


def _used(db):
    return db.execute("SELECT COALESCE(SUM(bytes), 0) FROM segments").fetchone()[0]
