"""What is believed of a cache's directory, which somebody else may have made, changed or damaged.

A bad directory may cost the cache, never anything else: only names that the cache makes itself are
opened or removed, only inside the directory, and no links are followed.
"""

import os
import re
import sqlite3
import stat
from contextlib import closing, suppress
from functools import cache

FILE_NAME = "index.sqlite"

APPLICATION = 0x43547261  # "CTra", the mark of a token cache's database

OUR_FILES = re.compile(r"([0-9a-f]{16})(?:-[0-9]+\.(?:tokens|tmp)|\.alive)")

_OWNER = re.compile(r"[0-9a-f]{16}")

_SEGMENT_FILE = re.compile(r"[0-9a-f]{16}-[0-9]+\.tokens")

_INDEX_FILES = (FILE_NAME, *(f"{FILE_NAME}-{suffix}" for suffix in ("journal", "wal", "shm")))

# The end of a journal that names another file, which sqlite removes after it has used the journal.
_SUPER_JOURNAL = bytes.fromhex("d9d505f920a163d7")

_APPLICATION_OFFSET = 68  # in the file, by sqlite's file format

_MOST_BYTES = 2**50

_MOST_SECONDS = 10**11  # the year 5138


def is_owner(name):
    """Whether a name is one that a process has in a cache's directory."""
    return isinstance(name, str) and _OWNER.fullmatch(name) is not None


def is_segment_file(name):
    """Whether a name is one that the cache gives to a segment."""
    return isinstance(name, str) and _SEGMENT_FILE.fullmatch(name) is not None


def is_plain_file(path):
    """Whether there is a file of its own at a path, not a link, a pipe or a folder.

    False, too, for one of several names of a file, whose others may be outside.
    """
    try:
        return _is_plain(os.lstat(path))
    except FileNotFoundError:
        return False


def _is_plain(status):
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1


def is_sound_segment(file, shape, n_bytes, last_used):
    """Whether the values of a segment in the index can be those that the cache has written."""
    numbers = (*shape, n_bytes)
    if not (is_segment_file(file) and all(type(number) is int for number in numbers)):
        return False
    n, p, c = shape
    is_time = type(last_used) in (int, float) and 0 <= last_used < _MOST_SECONDS
    is_size = 0 < n_bytes < _MOST_BYTES and n_bytes in (2 * n * p * c, 4 * n * p * c)
    return min(shape) > 0 and is_size and is_time


def is_sound_row(row, n):
    """Whether a value is a row of a segment with n rows."""
    return type(row) is int and 0 <= row < n


def doubt_about_files(directory):
    """What is wrong with the index's files before sqlite opens them; None if nothing is."""
    for name in _INDEX_FILES:
        # Looked at once: another process may remove a journal and make a new one meanwhile.
        with suppress(FileNotFoundError):
            if not _is_plain(os.lstat(os.path.join(directory, name))):
                return f"cannot be trusted: {name} is a link, has a second name or is no file"
    with suppress(OSError), open(os.path.join(directory, f"{FILE_NAME}-journal"), "rb") as journal:
        size = journal.seek(0, os.SEEK_END)
        journal.seek(max(size - len(_SUPER_JOURNAL), 0))
        if journal.read() == _SUPER_JOURNAL:
            return f"cannot be trusted: {FILE_NAME}-journal names another file"
    return None


def doubt_about_schema(db, statements):
    """What a database has beside the tables that the statements make; None if nothing."""
    if set(_schema(db)) == _expected_schema(statements):
        return None
    return "is broken: its tables are not those of a token cache"


@cache
def _expected_schema(statements):
    with closing(sqlite3.connect(":memory:")) as db:
        for statement in statements:
            db.execute(statement)
        return set(_schema(db))


def _schema(db):
    return db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()


def is_ours(directory):
    """Whether a directory's index, or what lies beside it, shows that a token cache made it."""
    with suppress(OSError):
        if any(is_segment_file(name) for name in os.listdir(directory)):
            return True
        path = os.path.join(directory, FILE_NAME)
        if is_plain_file(path):
            with open(path, "rb") as file:
                file.seek(_APPLICATION_OFFSET)
                return file.read(4) == APPLICATION.to_bytes(4, "big")
    return False


def index_files(directory):
    """The paths of the index and of its journals."""
    return [os.path.join(directory, name) for name in _INDEX_FILES]
