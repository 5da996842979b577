"""A token cache's index: which image's tokens lie in which file, and who is computing which.

One sqlite database per directory, shared by threads and processes. Every method of `Index` is one
short transaction on a connection of its own, which is what makes it safe to fork and to be killed.
"""

import atexit
import itertools
import os
import re
import secrets
import sqlite3
import time
from collections import defaultdict
from contextlib import closing, contextmanager, suppress
from typing import NamedTuple

from filelock import FileLock, Timeout

FILE_NAME = "index.sqlite"


_APPLICATION = 0x43547261  # "CTra": tells our databases from all others.


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


_lives = {}  # (process id, directory) -> _Life


class NoRoom(Exception):
    """Nothing more can be stored: the limit is reached, or the file system is full."""


class Space(NamedTuple):
    """What tokens of one kind have in common; `label` is for people."""

    name: str
    dtype: str
    label: str


class Stored(NamedTuple):
    """A segment, and in which of its rows the keys that were asked for lie."""

    file: str
    shape: tuple  # (n, P, C)
    rows: dict


class Answer(NamedTuple):
    """What `Index.claim` found out about keys; each is in one of the four."""

    stored: list  # of Stored
    claimed: list  # to be computed by the caller
    free: list  # nobody's, beyond the number that may be claimed at once
    held: list  # being computed by others


class Index:
    """The index of one directory.

    Parameters
    ----------
    directory : str
        It exists.
    durable : bool
        Whether commits wait for the disk. They need not where nothing outlives the session.

    Raises
    ------
    ValueError
        By every method, if the database is broken, foreign or of another version.
    OSError
        By every method, if the database cannot be read and written.
    NoRoom
        By every method, if the file system is full.
    """

    def __init__(self, directory, durable):
        self.directory = directory
        self.durable = durable

    # ------------------------------------------------------------------ tokens

    def claim(self, space, keys, limit, call):
        """Look keys up, and claim up to `limit` of those that nobody has or computes.

        Parameters
        ----------
        space : Space
        keys : list of bytes, without duplicates
        limit : int
        call : str
            A name for the claims, to release them by.

        Returns
        -------
        Answer
        """
        with self._transaction() as db:
            owner = self._life(db).owner
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
        """Make a finished segment known; its keys are no longer claimed.

        Raises
        ------
        ValueError
            If the space has tokens of another shape.
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
        """Forget segments, and remove what there is of their files."""
        with self._transaction() as db:
            self._drop(db, files)

    def reserve(self, n_bytes, limit, in_use):
        """Evict the least recently used segments until `n_bytes` more are within a limit.

        Parameters
        ----------
        n_bytes : int
        limit : callable
            Bytes stored by now -> bytes allowed.
        in_use : container of str
            Files that stay.

        Returns
        -------
        file : str
            A name for a new segment's file that no other has or will have.

        Raises
        ------
        NoRoom
            If evicting all others were not enough; then nothing is evicted.
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
            return f"{self._life(db).owner}-{next(_file_numbers)}.tokens"

    def clear(self, name=None):
        """Remove all segments, or those of the spaces of one name; returns their bytes."""
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
                raise  # A mistake of ours, not a broken file.
            raise _unusable(path, f"is broken or no database ({error})") from error

    def _drop(self, db, files):
        rows = [(file,) for file in files]
        db.executemany(
            "DELETE FROM tokens WHERE segment = (SELECT id FROM segments WHERE file = ?)", rows
        )
        db.executemany("DELETE FROM segments WHERE file = ?", rows)
        for file in files:
            remove_file(os.path.join(self.directory, file))

    def _held(self, db, number, owner):
        """Those wanted keys that somebody computes; the dead lose their claims."""
        claims = db.execute(
            "SELECT wanted.key, owner FROM wanted CROSS JOIN claims "
            "ON claims.space = ? AND claims.key = wanted.key",
            (number,),
        ).fetchall()
        others = {claimer for _, claimer in claims} - {owner}
        dead = {claimer for claimer in others if not self._is_alive(claimer)}
        db.executemany("DELETE FROM claims WHERE owner = ?", ((claimer,) for claimer in dead))
        return dict.fromkeys(key for key, claimer in claims if claimer not in dead)

    # ------------------------------------------------------------------ who is alive

    def _life(self, db):
        """This process's sign of life in this directory; the first one sweeps the dead's files.

        Inside a transaction, so that nobody takes a file that is not locked yet for a dead one's.
        """
        where = (os.getpid(), self.directory)
        # The directory may have been deleted and made anew since.
        if where not in _lives or not os.path.exists(_lives[where].path):
            _lives[where] = _Life(self.directory)
            self._sweep(db)
        return _lives[where]

    def _is_alive(self, owner):
        path = _sign_of_life(self.directory, owner)
        if not os.path.exists(path):
            return False
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except (Timeout, PermissionError):
            return True
        lock.release()  # Before: Windows removes no open file.
        remove_file(path)
        return False

    def _sweep(self, db):
        """Remove files that no segment of the index needs and no living process is writing."""
        kept = {file for (file,) in db.execute("SELECT file FROM segments")}
        kept.add(os.path.basename(_lives[os.getpid(), self.directory].path))
        for file in os.listdir(self.directory):
            ours = _OUR_FILES.fullmatch(file)
            if not ours or file in kept:
                continue
            is_alive = self._is_alive(ours[1])
            path = os.path.join(self.directory, file)
            with suppress(FileNotFoundError):
                is_old = time.time() - os.stat(path).st_mtime > _HOUR
                if not is_alive or (is_old and not file.endswith(".alive")):
                    remove_file(path)


class _Life:
    """A locked file that says: this process is alive. The system unlocks it whatever it dies of."""

    def __init__(self, directory):
        self.owner = secrets.token_hex(8)
        self.path = _sign_of_life(directory, self.owner)
        # Not of one thread: it ends with the process.
        self._lock = FileLock(self.path, thread_local=False)
        self._lock.acquire()

    def end(self):
        self._lock.release()  # Before: Windows removes no open file.
        with suppress(OSError):
            os.unlink(self.path)


@atexit.register
def end_lives(directory=None):
    """Take back this process's signs of life: all, or the one in a directory."""
    for process, where in list(_lives):
        # A forked child has inherited its parent's.
        if process == os.getpid() and directory in (None, where):
            _lives.pop((process, where)).end()


def remove_file(path):
    """Remove a file, or leave it to a later sweep.

    Windows removes no file that somebody has open or mapped (a PermissionError).
    """
    with suppress(FileNotFoundError, PermissionError):
        os.unlink(path)


def check_same_shape(known, new):
    """Raise a ValueError if a space has tokens of a shape (P, C) and new ones differ."""
    if known is not None and tuple(known) != tuple(new):
        raise ValueError(
            f"The cache holds tokens of shape {tuple(known)} for this backbone and preprocessing, "
            f"but new ones have shape {tuple(new)}: something that changes them is missing from "
            "the space's name."
        )


def _sign_of_life(directory, owner):
    return os.path.join(directory, f"{owner}.alive")


def _check_format(db, path):
    """Make the tables of a new database; refuse what is not ours."""
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
    """The wanted keys that are there, by segment; the segments count as used."""
    rows = defaultdict(dict)
    # CROSS JOIN keeps sqlite from going through all of a large cache for a few keys.
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
