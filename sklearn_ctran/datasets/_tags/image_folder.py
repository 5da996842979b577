"""The files that paths in a table mean."""

import os


def is_image_name(name):
    """Whether a file of this name may be an image."""
    # Pillow is not imported before it is needed.
    from sklearn_ctran._images.folders import image_suffixes

    return os.path.splitext(name)[1].lower() in image_suffixes()


class ImageFolder:
    """Paths of a table are relative to a folder, "" being the current one.

    `looks`: whether files are looked for; else each is taken to be there.
    """

    def __init__(self, folder, suffix="", looks=True):
        self.folder, self._suffix, self._looks = folder, suffix, looks

    def path(self, written):
        """The path of a file, as far as is known before it is looked for."""
        return self.joined(written + self._suffix)

    def joined(self, name):
        """The path of a file of this name; addresses on the web stay as they are."""
        return name if "://" in name else os.path.join(self.folder, name)

    def find(self, written):
        """The path of a file that is there; None if there is none.

        A path of Windows, with backslashes, is the same with slashes.
        """
        path = self.path(written)
        if not self._looks or os.path.isfile(path):
            return path
        other = self.path(written.replace("\\", "/"))
        return other if other != path and os.path.isfile(other) else None

    def hint(self, written):
        """Say why there is no file at a path, as far as one can tell; else ""."""
        path = self.path(written.replace("\\", "/"))
        folder, file = os.path.split(path)
        if os.path.isdir(path):
            return " It is a folder."
        if os.path.islink(path):
            return " It is a link to a file that is gone."
        beside = os.path.join(self.folder, file)
        if os.path.isfile(beside):
            return f" But {beside!r} is there: is the folder in the table another one?"
        names = _names(folder)
        alike = [name for name in names if name.lower() == file.lower()]
        if alike:
            return f" But {alike[0]!r} is there: capital letters count."
        longer = [name for name in names if os.path.splitext(name)[0] == file]
        if longer:
            ending = os.path.splitext(longer[0])[1]
            return f" But {longer[0]!r} is there: suffix={ending!r} adds what the table lacks."
        return ""

    def images(self):
        """Paths of all images in the folder and the folders in it, relative to it."""
        from sklearn_ctran._images.folders import images_in

        root = self.folder or os.curdir
        return [os.path.relpath(path, root).replace(os.sep, "/") for path in images_in(root)]


def _names(folder):
    try:
        return sorted(os.listdir(folder or os.curdir))
    except (OSError, ValueError):  # ValueError: a zero byte in the path
        return []


def folder_or(images, folder, argument="images"):
    """The folder of an argument, as a text, or another one if it is None.

    Raises an error, with the argument's name, if it is no folder.
    """
    if images is None:
        return folder
    if not isinstance(images, (str, os.PathLike)):
        raise TypeError(f"{argument} must be the path of a folder, got {type(images).__name__}.")
    folder = os.fspath(images)
    if not os.path.isdir(folder):
        kind = "a file" if os.path.exists(folder) else "not there"
        raise FileNotFoundError(f"{argument}={folder!r} must be a folder, but it is {kind}.")
    return folder
