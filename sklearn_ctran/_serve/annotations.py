"""Annotations on the disk: none is lost once its webhook was answered."""

import json
import sqlite3
import threading
from typing import NamedTuple

import numpy as np

from sklearn_ctran.datasets._label_studio.results import votes
from sklearn_ctran.modules.label_states import UNKNOWN

_VERSION = 1


class AnnotatedPhoto(NamedTuple):
    """What annotators together say of a photo.

    Attributes
    ----------
    place : str
        Where the image is.
    states : dict of str to int
        State of each label that was judged: 1 or 0.
    """

    place: str
    states: dict


class AnnotationStore:
    """Annotations by their numbers, in an SQLite file.

    Every method is a transaction that is on the disk when it returns.
    """

    def __init__(self, path):
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        try:
            self._open(path)
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise ValueError(f"{str(path)!r} is no store of annotations: {error}.") from None

    def _open(self, path):
        version = self._database.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):
            raise sqlite3.DatabaseError(f"it is of version {version}, not {_VERSION}")
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS annotations (annotation INTEGER PRIMARY KEY, task INTEGER, "
            "project INTEGER, place TEXT NOT NULL, states TEXT NOT NULL, change INTEGER NOT NULL)"
        )
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS changes (number INTEGER PRIMARY KEY AUTOINCREMENT)"
        )
        self._database.execute(f"PRAGMA user_version = {_VERSION}")

    def put(self, rows):
        """Add annotations, or replace those of the same number.

        `rows` are tuples of annotation, task, project (int), place (str) and states, a dict of
        label to 1 or 0.
        """
        with self._transaction() as database:
            for annotation, task, project, place, states in rows:
                number = database.execute("INSERT INTO changes DEFAULT VALUES").lastrowid
                database.execute(
                    "REPLACE INTO annotations VALUES (?, ?, ?, ?, ?, ?)",
                    (annotation, task, project, place, json.dumps(states), number),
                )

    def remove(self, column, numbers):
        """Remove annotations whose `column` ("annotation", "task", "project") is in `numbers`."""
        assert column in ("annotation", "task", "project")
        with self._transaction() as database:
            for number in numbers:
                gone = database.execute(f"DELETE FROM annotations WHERE {column} = ?", (number,))
                if gone.rowcount:
                    database.execute("INSERT INTO changes DEFAULT VALUES")

    @property
    def n_changes(self):
        """Number of annotations that came, changed or went, ever."""
        with self._lock:
            row = self._database.execute("SELECT MAX(number) FROM changes").fetchone()
        return row[0] or 0

    def __len__(self):
        with self._lock:
            return self._database.execute("SELECT COUNT(*) FROM annotations").fetchone()[0]

    def photos(self):
        """A list of AnnotatedPhoto, each with the votes of all annotators of its task."""
        with self._lock:
            rows = self._database.execute(
                "SELECT project, task, place, states FROM annotations "
                "ORDER BY project, task, annotation"
            ).fetchall()
        by_task = {}
        for project, task, place, states in rows:
            by_task.setdefault((project, task), []).append((place, json.loads(states)))
        return [_voted(annotations) for annotations in by_task.values()]

    def close(self):
        """Close the file."""
        with self._lock:
            self._database.close()

    def _transaction(self):
        return _Transaction(self._lock, self._database)


class _Transaction:
    def __init__(self, lock, database):
        self._lock, self._database = lock, database

    def __enter__(self):
        self._lock.acquire()
        self._database.execute("BEGIN IMMEDIATE")
        return self._database

    def __exit__(self, kind, error, traceback):
        try:
            self._database.execute("COMMIT" if kind is None else "ROLLBACK")
        finally:
            self._lock.release()


def _voted(annotations):
    """The AnnotatedPhoto of a task; its place is that of the last annotation."""
    labels = list(dict.fromkeys(label for _, states in annotations for label in states))
    table = [[states.get(label, UNKNOWN) for label in labels] for _, states in annotations]
    majority, _ = votes(np.reshape(table, (len(annotations), len(labels))))
    states = {
        label: int(state) for label, state in zip(labels, majority, strict=True) if state != UNKNOWN
    }
    return AnnotatedPhoto(annotations[-1][0], states)
