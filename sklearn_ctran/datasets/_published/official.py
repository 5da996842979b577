"""Official files of published data sets: where they are, and what is said of those that are not."""

import os
from dataclasses import dataclass
from pathlib import Path

from sklearn_ctran.datasets._published.download import Download, fetch

#: The environment variable that names the folder of all published sets.
VARIABLE = "SKLEARN_CTRAN_DATA"

#: The folder of all published sets where neither an argument nor the variable names one.
DEFAULT = "~/sklearn_ctran_data"


@dataclass(frozen=True)
class OfficialFile:
    """A file as its authors publish it.

    Attributes
    ----------
    name : str
        Its path in the folder of the set, with "/".
    published : str
        Where it is published, in words that end a sentence, with an address.
    download : Download or None
        How to get it, if its licence allows that.
    """

    name: str
    published: str
    download: Download | None = None


def find_data_home(data_home=None):
    """The folder of all published sets, a Path: the argument, the variable, or the default.

    Raises TypeError if the argument is no path.
    """
    if data_home is None:
        data_home = os.environ.get(VARIABLE) or DEFAULT
    if not isinstance(data_home, (str, os.PathLike)):
        raise TypeError(f"data_home must be the path of a folder, got {data_home!r}.")
    return Path(data_home).expanduser()


class SetFolder:
    """The folder of one published set.

    Parameters
    ----------
    title : str
        What errors call the set.
    name : str
        The name of its folder in the folder of all sets.
    data_home : path-like or None
        The argument of the reader.
    download : bool
        Whether files that are not there are downloaded, where that is possible.
    """

    def __init__(self, title, name, data_home=None, download=False):
        if not isinstance(download, bool):
            raise TypeError(f"download must be True or False, got {download!r}.")
        self.title = title
        self.path = find_data_home(data_home) / name
        self._name = name
        self._download = download

    def joined(self, name):
        """The path of a file in the folder, as a text; it need not be there."""
        return str(self.path.joinpath(*name.split("/")))

    def has(self, file):
        """Whether an OfficialFile is there."""
        return os.path.isfile(self.joined(file.name))

    def find(self, file):
        """The path of an OfficialFile, as a text.

        It is downloaded if that was asked for. Raises FileNotFoundError, which says what it is
        called and where it is published, if it is not there.
        """
        path = self.joined(file.name)
        if os.path.isfile(path):
            return path
        if self._download and file.download is not None:
            fetch(file.download, self.path, f"{self.title}: {file.name}")
            if os.path.isfile(path):
                return path
            raise FileNotFoundError(
                f"{self.title}: {file.download.url} does not hold the file {file.name!r}."
            )
        raise FileNotFoundError(self._missing(file, path))

    def _missing(self, file, path):
        """What to say of a file that is not there."""
        there = "" if self.path.is_dir() else f" There is no folder {str(self.path)!r} either."
        if file.download is not None:
            how = " download=True gets it."
        elif self._download:
            how = " It cannot be downloaded by a program, or its licence does not say so."
        else:
            how = ""
        return (
            f"{self.title}: there is no file {path!r}.{there} It is published {file.published}. "
            f"Put it there, or name the folder above {self._name!r}: data_home='...', or the "
            f"environment variable {VARIABLE}.{how}"
        )
