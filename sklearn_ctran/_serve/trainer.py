"""Training in the background: when, on what, and what becomes of it."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

from sklearn_ctran._serve.errors import RequestError
from sklearn_ctran._serve.refit import write_job
from sklearn_ctran._utils.files import sha256_of
from sklearn_ctran.modules.label_states import UNKNOWN

#: Fewer annotated images than this teach nothing.
LEAST_IMAGES = 10
#: Characters of an error that are told: its end says most.
_MOST_REASON = 2000


class Trainer:
    """Fits the served model anew, to a table and all annotations, and swaps it.

    Parameters
    ----------
    folder : ServerFolder
    read : callable
        The bytes of the image of a place.
    swap : callable
        Called with the new ServedModel.
    table : (list of str, list of str, ndarray of shape (n_rows, n_labels)) or None
        Images, names of labels and states that every fit begins with.
    every : int
        New annotations after which training begins by itself; 0: never.
    """

    def __init__(self, folder, read, swap, table=None, every=0):
        self._folder, self._read, self._swap = folder, read, swap
        self._table, self._every = table, every
        self._wish = threading.Event()
        self._end = threading.Event()
        self._process = None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.state = {"state": "idle", "message": None, "skipped": []}

    def start(self):
        """Begin to wait for something to learn."""
        self.note_change()
        self._thread.start()

    def note_change(self):
        """Train if enough annotations are new."""
        new = self._folder.annotations.n_changes - self._folder.current["n_changes"]
        if self._every and new >= self._every:
            self._wish.set()

    def ask(self):
        """Train as soon as possible."""
        self._wish.set()

    def stop(self):
        """End, with the training that is going on."""
        self._end.set()
        self._wish.set()
        if self._process is not None:
            self._process.kill()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _work(self):
        while True:
            self._wish.wait()
            self._wish.clear()
            if self._end.is_set():
                return
            began = time.monotonic()
            self.state = {"state": "training", "message": None, "skipped": []}
            try:
                version = self._train()
                seconds = time.monotonic() - began
                message = f"Version {version} was trained in {seconds:.0f} seconds."
                self.state = self.state | {"state": "idle", "message": message}
            except Exception as error:
                # Whatever it is, the old model goes on answering, and says why it is still old.
                self.state = self.state | {"state": "failed", "message": str(error)}
            if not self._end.is_set():
                print(self.state["message"], file=sys.stderr, flush=True)

    def _train(self):
        n_changes = self._folder.annotations.n_changes
        images, names, states = self._rows()
        version, job = self._folder.next_version, self._folder.path / "job.npz"
        out = self._folder.file_of(version)
        current = self._folder.file_of(self._folder.current["version"])
        write_job(job, current, out, self._folder.tokens, images, names, states)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sklearn_ctran._serve.refit", str(job)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        errors = self._process.stderr.read()
        status = self._process.wait()
        self._process.stdin.close()
        self._process.stderr.close()
        if status:
            reason = errors.strip()[-_MOST_REASON:] or f"exit status {status}"
            raise RuntimeError(f"Training failed: {reason}")
        served = self._folder.load(version)
        self._swap(served)
        self._folder.set_current(version, n_changes)
        return version

    def _rows(self):
        """Images, names and states of the table and of all annotated images.

        An annotated image that the table has too is the annotators'.
        """
        paths, labels = [], []
        for photo in self._folder.annotations.photos():
            if not photo.states:
                continue
            try:
                paths.append(self._folder.keep_image(self._read(photo.place)))
                labels.append(photo.states)
            except RequestError as error:
                self.state["skipped"].append(str(error))
        if len(paths) < LEAST_IMAGES and self._table is None:
            gone = f"; {len(self.state['skipped'])} more cannot be read" * bool(
                self.state["skipped"]
            )
            raise RuntimeError(
                f"Training needs at least {LEAST_IMAGES} annotated images, there are "
                f"{len(paths)}{gone}."
            )
        images, names, table = self._table or ([], [], np.empty((0, 0), np.int8))
        annotated = {Path(path).name for path in paths}
        kept = [row for row, path in enumerate(images) if _digest(path) not in annotated]
        names = list(dict.fromkeys([*names, *(label for given in labels for label in given)]))
        states = np.full((len(kept) + len(paths), len(names)), UNKNOWN, dtype=np.int8)
        states[: len(kept), : table.shape[1]] = table[kept]
        for row, given in enumerate(labels, len(kept)):
            for label, state in given.items():
                states[row, names.index(label)] = state
        return [*(images[row] for row in kept), *paths], names, states


def _digest(path):
    try:
        return sha256_of(path)
    except OSError:
        return None
