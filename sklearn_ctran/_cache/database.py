"""The database under a token cache's index: its tables, its transactions and what can go wrong.

One sqlite file per directory, shared by threads and processes. Each transaction is a new
connection, so that a process may fork or be killed at any time. The first transaction of a process
examines an index that others may have made or damaged (`trust`).
"""

import errno
import os
import sqlite3
import time
from contextlib import closing, contextmanager

from sklearn_ctran._cache.trust import (
    APPLICATION,
    FILE_NAME,
    doubt_about_files,
    doubt_about_schema,
)

_VERSION = 2  # 1 had no checksums

_SCHEMA = (
    """CREATE TABLE spaces (
        id INTEGER PRIMARY KEY, name TEXT, dtype TEXT, label TEXT, UNIQUE (name, dtype))""",
    """CREATE TABLE segments (
        id INTEGER PRIMARY KEY AUTOINCREMENT, space INTEGER, file TEXT UNIQUE,
        n INTEGER, p INTEGER, c INTEGER, bytes INTEGER, last_used REAL)""",
    """CREATE TABLE tokens (
        space INTEGER, key BLOB, segment INTEGER, row INTEGER, checksum INTEGER,
        PRIMARY KEY (space, key)) WITHOUT ROWID""",
    "CREATE INDEX tokens_of_segment ON tokens (segment)",
    """CREATE TABLE claims (
        space INTEGER, key BLOB, owner TEXT, call TEXT,
        PRIMARY KEY (space, key)) WITHOUT ROWID""",
)

_TABLES = ("spaces", "segments", "tokens", "claims")

#: What the system says of a file system without room.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

# What sqlite says of a file that the system cannot read or write.
_OF_THE_SYSTEM = ("readonly", "unable to open", "I/O", "authorization")

_LARGEST_NUMBER = """SELECT MAX(seq) FROM (SELECT seq FROM sqlite_sequence
    UNION SELECT id FROM segments UNION SELECT id FROM spaces UNION SELECT 0)"""

_MOST_NUMBERS = 2**53  # sqlite has no more after 2**63, and then says that it is full

_STEPS = 1_000_000  # of sqlite, between two looks at the clock

_MOST_SECONDS = 600  # for one transaction

_LOCK_SECONDS = 60  # while another process has the index, perhaps a stopped one

_examined = set()  # identities of indexes that this process has examined


class NoRoom(Exception):
    """Nothing more can be stored: the limit is reached or the file system is full."""


class Unwritable(NoRoom, OSError):
    """The index is read-only, or another process has had it for a minute and may be stopped."""


class DiskFails(Unwritable):
    """The disk does not take what is written: it fails, or a quota is reached."""


class BrokenIndex(ValueError):
    """The index is not one that this version has written, or somebody has damaged it."""


@contextmanager
def transaction(directory, *, durable=False, writes=True, replaces=None):
    """Yield a connection in a transaction of a directory's index, and the index's identity.

    It is created if it does not exist. If not `durable`, commits do not wait for the disk. If an
    earlier version of this package has made it, ``replaces(version)`` is called after it has been
    emptied; without this function it is an error. Raises BrokenIndex if the database is broken, not
    a token cache's or of another version; NoRoom if it cannot be written; OSError if it cannot be
    read.
    """
    path = os.path.join(directory, FILE_NAME)
    doubt = doubt_about_files(directory)
    if doubt:
        raise _unusable(path, doubt)
    try:
        with closing(_connect(path, durable)) as db:
            status = os.stat(path)
            index = (path, status.st_dev, status.st_ino)
            if index not in _examined:
                _examine(db, path, writes, replaces)
                _examined.add(index)
            db.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
            with db:  # commits, or rolls back
                _check_format(db, path, replaces)
                yield db, index
    except sqlite3.ProgrammingError:
        raise  # A bug in this package, not a broken file.
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise _explained(error, path, writes) from error
    except OSError as error:
        if writes and error.errno in FULL:
            raise NoRoom from error
        if writes and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise _explained(error, path, writes) from error
        raise


def forget(directory):
    """Let the next transaction in a directory examine its index again."""
    path = os.path.join(directory, FILE_NAME)
    _examined.difference_update([index for index in list(_examined) if index[0] == path])


def way_out(directory):
    """What people can do about a cache that cannot be used."""
    return f"call TokenCache({directory!r}).clear() or remove the directory {directory}"


def _connect(path, durable):
    """A connection; a broken index must not keep sqlite busy for ever."""
    db = sqlite3.connect(path, timeout=_LOCK_SECONDS, isolation_level=None)
    ends = time.monotonic() + _MOST_SECONDS
    db.set_progress_handler(lambda: time.monotonic() > ends, _STEPS)
    db.text_factory = lambda text: text.decode(errors="replace")
    try:
        db.execute("PRAGMA trusted_schema = OFF")
        db.execute("PRAGMA temp_store = MEMORY")
        db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
    except BaseException:
        db.close()
        raise
    return db


def _examine(db, path, writes, replaces):
    """Raise BrokenIndex if an index that this process sees for the first time is damaged."""
    db.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    with db:
        _check_format(db, path, replaces)
    # Outside of a transaction, as it takes a while for millions of images.
    (result,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    if result != "ok":
        raise _unusable(path, f"is broken ({result})")
    (number,) = db.execute(_LARGEST_NUMBER).fetchone()
    if type(number) is not int or number > _MOST_NUMBERS:
        raise _unusable(path, "is broken: it has no numbers left")


def _check_format(db, path, replaces):
    """Create the tables of a new database; raise BrokenIndex for one of another format."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if application == APPLICATION:
        if version == _VERSION:
            doubt = doubt_about_schema(db, _SCHEMA)
            if doubt:
                raise _unusable(path, doubt)
            return
        if not (0 < version < _VERSION and replaces is not None and _has_our_tables(db)):
            raise _unusable(path, f"has format {version}, and this version reads {_VERSION}")
        for name in _TABLES:
            db.execute(f"DROP TABLE {name}")
        replaces(version)
    elif application or version or db.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise _unusable(path, "is a database, but not a token cache's")
    for statement in _SCHEMA:
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {APPLICATION}")
    db.execute(f"PRAGMA user_version = {_VERSION}")


def _has_our_tables(db):
    """Whether an index of another version has tables of our names and nothing that would act."""
    found = db.execute("SELECT type, tbl_name FROM sqlite_master").fetchall()
    return {kind for kind, _ in found} == {"table", "index"} and {name for _, name in found} - {
        "sqlite_sequence"
    } == set(_TABLES)


def _explained(error, path, writes):
    """The exception for people that an error of sqlite or of the system is."""
    text, directory = str(error), os.path.dirname(path)
    if isinstance(error, sqlite3.OperationalError):
        if "full" in text:
            return NoRoom()
        if not any(word in text for word in ("locked", *_OF_THE_SYSTEM)):
            return _unusable(path, f"is broken ({text})")
    elif isinstance(error, (sqlite3.Error, UnicodeDecodeError)):
        return _unusable(path, f"is broken or not a database ({text})")
    if not os.path.isdir(directory):
        return FileNotFoundError(f"The token cache's directory {directory} has been removed.")
    text = f"The token cache's index {path} cannot be {'written' if writes else 'read'}: {text}."
    if "locked" in text:
        return Unwritable(
            f"{text} A process that uses it may be stopped: continue or end it. If there is none, "
            f"remove the directory {directory}, or choose another location."
        )
    if writes and "I/O" not in text:
        return Unwritable(
            f"{text} Make it and its directory writable, remove the directory {directory}, or "
            "choose another location."
        )
    kind = DiskFails if writes else OSError
    return kind(f"{text} If no other process is using it, {way_out(directory)}, or choose another.")


def _unusable(path, what):
    directory = os.path.dirname(path)
    return BrokenIndex(
        f"The token cache's index {path} {what}. To start afresh, {way_out(directory)}, or choose "
        "another location."
    )
