"""Finished tasks of ``compare``, one JSON file each, so that a later call need not repeat them."""

import json
import os
import re
import uuid
from contextlib import suppress
from pathlib import Path

import joblib


class Store:
    """A directory of outcomes.

    An outcome is found again by a key, a digest of all that it depends on. A file that cannot be
    read, or says anything else than what was written, is no outcome.

    Parameters
    ----------
    folder : path
        Made if it is not there.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def load(self, key):
        """The outcome of a task, if it is there, whatever the method was called then.

        Parameters
        ----------
        key : str
            As in :meth:`save`.

        Returns
        -------
        outcome : dict or None
        """
        for path in self.folder.glob(f"*-{key}.json"):
            with suppress(OSError, ValueError, KeyError, TypeError):
                content = json.loads(path.read_text(encoding="utf-8"))
                outcome = content["outcome"]
                if content["key"] == key and content["digest"] == _digest(outcome):
                    return outcome
        return None

    def save(self, name, key, outcome):
        """Write an outcome: all of it or, whatever happens, nothing.

        Parameters
        ----------
        name : str
            The method's, for those who look into the directory.
        key : str
        outcome : dict
            Of what JSON knows.
        """
        content = {"method": name, "key": key, "digest": _digest(outcome), "outcome": outcome}
        readable = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40]
        path = self.folder / f"{readable}-{key}.json"
        unfinished = path.with_suffix(f".{uuid.uuid4().hex}.tmp")
        try:
            unfinished.write_text(json.dumps(content, indent=1), encoding="utf-8")
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)


def _digest(outcome):
    return joblib.hash(json.dumps(outcome, sort_keys=True), hash_name="sha1")
