"""Downloads of official files, by way of pooch."""

import shutil
import zipfile
from dataclasses import dataclass

from sklearn_ctran._utils.files import replacing
from sklearn_ctran._utils.progress import Progress

#: Seconds without an answer after which a download ends.
_TIMEOUT = 30

#: Bytes that are read at a time: the bar counts megabytes.
_CHUNK = 2**20


@dataclass(frozen=True)
class Download:
    """A file on the web.

    Attributes
    ----------
    url : str
    checksum : str or None
        "sha256:..." or "md5:...", as published; None if nobody has published one.
    members : tuple of str
        What to take out of a zip file, into the folder of the set. () for a file that is read as
        it is.
    """

    url: str
    checksum: str | None = None
    members: tuple = ()

    @property
    def name(self):
        """The name of the file."""
        return self.url.rsplit("/", 1)[-1]


def fetch(download, folder, what, verbose=None):
    """Put a file, or what is to be taken out of it, into a folder (Path).

    A file that is there and has the right checksum is not downloaded again. `what` names it, for
    errors and the bar. Nothing is left of a download that fails.

    Raises ConnectionError if it does not arrive, ValueError if it is another one than published,
    ImportError without pooch.
    """
    pooch = _import_pooch()
    try:
        with Progress(what, unit="MB", verbose=verbose) as progress:
            path = pooch.retrieve(
                download.url,
                known_hash=download.checksum,
                fname=download.name,
                path=folder,
                downloader=pooch.HTTPDownloader(
                    progressbar=_Bar(progress), chunk_size=_CHUNK, timeout=_TIMEOUT
                ),
            )
    except ValueError as error:
        if "hash" not in str(error):
            raise
        raise ValueError(
            f"{what}: {download.url} is not the file that was published ({download.checksum}). "
            "Nothing was kept. Try again; if it stays so, the file has changed: get it by hand "
            "and look at it."
        ) from error
    except OSError as error:  # those of requests too
        raise ConnectionError(
            f"{what}: {download.url} could not be downloaded ({_reason(error)}). Nothing was "
            f"kept. Try again, or get it by hand and put it into {str(folder)!r}."
        ) from error
    if download.members:
        _take_out(path, download.members, folder)


def _import_pooch():
    try:
        import pooch
    except ImportError as error:
        raise ImportError(
            "Downloads need pooch, which is not installed: pip install 'sklearn-ctran[download]'."
        ) from error
    return pooch


def _reason(error):
    """The words of an error, without the objects that libraries put into them."""
    text = str(error) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:200]}..."


def _take_out(archive, members, folder):
    """Take files out of a zip file; each is there completely or not at all."""
    try:
        with zipfile.ZipFile(archive) as file:
            for member in members:
                path = folder / member
                path.parent.mkdir(parents=True, exist_ok=True)
                with replacing(path) as unfinished, file.open(member) as packed:
                    _write(unfinished, packed)
    except (KeyError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{archive} cannot be unpacked ({error.args[0]}). Delete it, and download it again."
        ) from error


def _write(path, content):
    """Write what a file holds into another one."""
    with open(path, "wb") as file:
        shutil.copyfileobj(content, file)


class _Bar:
    """What pooch asks of a bar, for :class:`Progress`."""

    total = 0

    def __init__(self, progress):
        self._progress, self._is_full = progress, False

    def update(self, n):
        """Say that a chunk, which has `n` bytes, is there."""
        if not self._is_full:
            self._progress.update(1)

    def reset(self):
        """pooch goes back to 0 and then says that all is there, which is shown already."""
        self._is_full = True

    def close(self):
        """The block around the bar closes it."""
