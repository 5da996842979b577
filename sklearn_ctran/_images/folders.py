"""Image files in folders."""

from functools import cache
from pathlib import Path

from PIL import Image


@cache
def image_suffixes():
    """Suffixes, in lower case, of the image formats that Pillow reads."""
    Image.init()
    return {
        suffix
        for suffix, kind in Image.registered_extensions().items()
        if kind in Image.OPEN and Image.MIME.get(kind, "").startswith("image/")
    }


def images_in(folder):
    """Paths of the image files in a folder and its folders, sorted; hidden files are left out."""
    return sorted(
        path
        for path in Path(folder).rglob("*")
        if path.suffix.lower() in image_suffixes()
        and not path.name.startswith(".")
        and path.is_file()
    )


def find_images(places):
    """Paths, texts, of image files, and of those in folders, in the order of the places.

    Raises FileNotFoundError for a place that is not there, or a folder without an image.
    """
    paths = []
    for place in map(Path, places):
        if place.is_dir():
            found = images_in(place)
            if not found:
                raise FileNotFoundError(f"There is no image in the folder {str(place)!r}.")
            paths += found
        elif place.exists():
            paths.append(place)
        else:
            raise FileNotFoundError(f"There is no file or folder {str(place)!r}.")
    return [str(path) for path in paths]
