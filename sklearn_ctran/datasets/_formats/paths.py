"""The paths of the images of a frame, for all that writes them into files."""

import os


def read_image_paths(frame, images, n_rows, relative_to=None):
    """Paths as texts: of `images`, or the index of a frame; relative to a folder if one is given.

    Raises ValueError if there is no index, or another number of images.
    """
    if images is None:
        if not hasattr(frame, "iloc"):
            raise ValueError("A frame without an index has no paths: pass them as images=.")
        images = frame.index
    paths = [str(path) for path in images]
    if len(paths) != n_rows:
        raise ValueError(f"There are {len(paths)} images, but the frame has {n_rows} rows.")
    if relative_to is None:
        return paths
    return [relative(path, relative_to) for path in paths]


def relative(path, folder):
    """A path relative to a folder, with "/"."""
    inner = os.path.relpath(os.path.abspath(path), os.path.abspath(folder))
    return inner.replace(os.sep, "/")


def inside(path, folder, argument):
    """A path relative to a folder, with "/"; ValueError if it is elsewhere.

    `argument` is the name of the folder's, for errors.
    """
    inner = relative(path, folder)
    if inner.split("/")[0] == os.pardir:
        raise ValueError(f"{path!r} is not in the folder {argument}={os.fspath(folder)!r}.")
    return inner
