"""The folder of a server: its annotations, images, tokens and models."""

import hashlib
import json
import re
from pathlib import Path

from filelock import FileLock, Timeout

from sklearn_ctran._persistence.savable import load
from sklearn_ctran._serve.annotations import AnnotationStore
from sklearn_ctran._serve.served import ServedModel
from sklearn_ctran._utils.files import replacing, sha256_of


class ServerFolder:
    """What a server keeps, used by one server at a time.

    ``annotations.sqlite`` has the annotations, ``images/`` the annotated images by their digests,
    ``tokens/`` their tokens, ``models/`` a file for each version, and ``current.json`` says which
    is served, and up to which change of the annotations it has learned.

    Parameters
    ----------
    path : Path
        Made if it is not there.
    model : Path
        The file that the first version is; the folder is bound to it.
    """

    def __init__(self, path, model):
        self.path = Path(path)
        for name in ("images", "tokens", "models"):
            (self.path / name).mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(self.path / "lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise ValueError(
                f"Another server uses the folder {str(self.path)!r}: stop it, or give this one "
                "another folder with --folder."
            ) from None
        try:
            self._model = Path(model)
            self.current = self._read_current()
            self.annotations = AnnotationStore(self.path / "annotations.sqlite")
        except BaseException:
            self._lock.release()
            raise

    @property
    def tokens(self):
        """The folder of the token cache."""
        return self.path / "tokens"

    def file_of(self, version):
        """The file of a version."""
        return self._model if version == "0" else self.path / "models" / f"{version}.ctran"

    @property
    def versions(self):
        """Names of all versions, the first is "0", that of the file."""
        names = [path.stem for path in (self.path / "models").glob("*.ctran")]
        return ["0", *sorted((name for name in names if name.isdecimal()), key=int)]

    @property
    def next_version(self):
        """The name of a version that is not there yet."""
        return str(int(self.versions[-1]) + 1)

    def load(self, version):
        """Load a version, with the folder's cache."""
        estimator = load(self.file_of(version))
        if "cache" in estimator.get_params():
            estimator.set_params(cache=str(self.tokens))
        return ServedModel(estimator, version)

    def set_current(self, version, n_changes):
        """Say which version is served, and how many changes of the annotations it knows."""
        self.current = self.current | {"version": version, "n_changes": n_changes}
        self._write_current()

    def keep_image(self, data):
        """Keep the bytes of an image; the path, a str, of its file, named by its digest."""
        path = self.path / "images" / hashlib.sha256(data).hexdigest()
        if not path.exists():
            with replacing(path) as unfinished:
                unfinished.write_bytes(data)
        return str(path)

    def close(self):
        """Let another server have the folder."""
        self.annotations.close()
        self._lock.release()

    def _read_current(self):
        digest = sha256_of(self._model)
        path = self.path / "current.json"
        if not path.exists():
            self.current = {"model": digest, "version": "0", "n_changes": 0}
            self._write_current()
            return self.current
        try:
            current = json.loads(path.read_text(encoding="utf-8"))
            is_ours = re.fullmatch("[0-9]{1,9}", current["version"]) and current["n_changes"] >= 0
            model = current["model"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{str(path)!r} is damaged: {error!r}.") from None
        if not is_ours or not self.file_of(current["version"]).exists():
            raise ValueError(f"{str(path)!r} names a version whose file is not there.")
        if model != digest:
            raise ValueError(
                f"The folder {str(self.path)!r} belongs to another model than "
                f"{str(self._model)!r}: name another one with --folder, or delete it, annotations "
                "and all."
            )
        return current

    def _write_current(self):
        with replacing(self.path / "current.json") as unfinished:
            unfinished.write_text(json.dumps(self.current), encoding="utf-8")
