"""Results of the tasks of ``compare``, one JSON file each, so that later calls need no fit."""

import json
import re
from contextlib import suppress
from pathlib import Path

import joblib

from sklearn_ctran._compare.tasks import run_task
from sklearn_ctran._utils.files import replacing


class Store:
    """A directory of outcomes, each under the key of its task.

    A file that is damaged or was changed counts as missing.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def load(self, key):
        """The outcome of a task, whatever the method was called then, or None if there is none."""
        for path in self.folder.glob(f"*-{key}.json"):
            with suppress(OSError, ValueError, KeyError, TypeError):
                content = json.loads(path.read_text(encoding="utf-8"))
                outcome = content["outcome"]
                if content["key"] == key and content["digest"] == _digest(outcome):
                    return outcome
        return None

    def save(self, name, key, outcome):
        """Write an outcome completely or, if anything fails, not at all.

        The name of the method is a part of the file's name, for human readers.
        """
        content = {"method": name, "key": key, "digest": _digest(outcome), "outcome": outcome}
        readable = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40]
        path = self.folder / f"{readable}-{key}.json"
        with replacing(path) as unfinished:
            unfinished.write_text(json.dumps(content, indent=1), encoding="utf-8")


def run_or_load(store, key, task, samples, evaluation):
    """Load the outcome of a task, or run it and save its outcome if nothing failed.

    Without a key the outcome is neither loaded nor saved. Returns the outcome, see
    :func:`~sklearn_ctran._compare.tasks.run_task`, and whether it was loaded.
    """
    outcome = None if key is None else store.load(key)
    if outcome is not None:
        return outcome, True
    outcome = run_task(task, samples, evaluation)
    if key is not None and not outcome["errors"]:
        store.save(task.name, key, outcome)
    return outcome, False


def _digest(outcome):
    return joblib.hash(json.dumps(outcome, sort_keys=True), hash_name="sha1")
