"""Paths that cannot be used."""

import os


class Strange(os.PathLike):
    """A path whose text is `value`, no text, or an error that is raised."""

    def __init__(self, value):
        self.value = value

    def __fspath__(self):
        if isinstance(self.value, Exception):
            raise self.value
        return self.value
