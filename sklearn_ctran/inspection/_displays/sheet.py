"""Sheets of photos with a few lines of text under each."""

from typing import NamedTuple

import numpy as np
from sklearn.utils.validation import _num_samples

from sklearn_ctran._images.pictures import read_pictures
from sklearn_ctran._utils.checks import check_count
from sklearn_ctran._utils.rows import row_names
from sklearn_ctran.inspection._displays.canvas import (
    ink,
    n_characters_that_fit,
    parts_of,
    points,
    shortened,
    size_of,
)

#: Least width of a photo in points, and lines of text below it.
_PHOTO, N_LINES = 92, 6
_SIZE = "x-small"


class Line(NamedTuple):
    """A line of text under a photo: a mark, the text, and the colour of the mark."""

    mark: str
    text: str
    colour: str | None = None


def n_photos_that_fit(ax, n_photos):
    """How many photos a sheet has, given an argument `n_photos`, a number or "auto"."""
    if not (isinstance(n_photos, str) and n_photos == "auto"):
        check_count("n_photos", n_photos)
        return n_photos
    width, height = size_of(ax, whole=True)
    height -= points("small") * 2
    cell = 0.75 * _PHOTO + _text_height()
    return max(1, int(width / _PHOTO)) * max(1, int(height / cell))


def draw_sheet(ax, photos, rows, captions, frames, note):
    """Draw some rows of a set of photos, each over its caption, a list of Line.

    `frames` has a colour for each. Returns the axes of the photos, an ndarray.
    """
    pictures = read_pictures(photos, rows)
    width, height = size_of(ax, whole=True)
    shape = float(np.median([picture.shape[1] / picture.shape[0] for picture in pictures]))
    n_columns, n_rows = _grid(len(rows), width, height, shape)
    text = _text_height()
    ratios = [max(height / n_rows - text, text / 2), text] * n_rows
    options = {"height_ratios": ratios, "hspace": 0.02, "wspace": 0.05}
    parts = parts_of(ax, 2 * n_rows, n_columns, note, **options)
    axes, texts = parts[::2].ravel(), parts[1::2].ravel()
    most = n_characters_that_fit(width / n_columns - 14, points(_SIZE))
    for i, (picture, caption, frame) in enumerate(zip(pictures, captions, frames, strict=True)):
        _draw_photo(axes[i], picture, frame)
        _write(texts[i], caption, most)
    for empty in (*axes[len(rows) :], *texts):
        empty.set_axis_off()
    return axes[: len(rows)]


def titles_of(photos):
    """What the rows of a set of photos are called: the names of their files, else their numbers."""
    files = row_names(photos).get("file")
    if files is not None:
        return list(files)
    return [f"row {i}" for i in range(_num_samples(photos))]


def _text_height():
    return (N_LINES + 1) * 1.25 * points(_SIZE)


def _grid(n, width, height, shape):
    """Columns and rows in which photos of a shape, width / height, are largest."""
    text = _text_height()

    def side(n_columns):
        n_rows = -(-n // n_columns)
        return min(width / n_columns, shape * max(height / n_rows - text, 1))

    n_columns = max(range(1, n + 1), key=side)
    return n_columns, -(-n // n_columns)


def _draw_photo(ax, picture, colour):
    ax.imshow(picture, interpolation="nearest" if max(picture.shape) < 64 else None)
    ax.set(xticks=[], yticks=[], anchor="S")
    for spine in ax.spines.values():
        spine.set(color=colour, linewidth=2.5)


def _write(ax, caption, most):
    size = points(_SIZE)
    texts = shortened([line.text for line in caption], most)
    for i, (line, text) in enumerate(zip(caption, texts, strict=True)):
        place = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "top"}
        below = -1.25 * size * i - 3
        # Only matplotlib's own font is sure to have the marks.
        mark = {"family": "DejaVu Sans", "color": line.colour or ink(ax), "weight": "bold"}
        start = 1.3 * size if line.mark else 0
        for left, part, look in ((0, line.mark, mark), (start, text, {"color": ink(ax)})):
            ax.annotate(part, (0, 1), (left, below), fontsize=size, **place, **look)


def clipped(lines):
    """Lines of a caption, as many as there is room for; the last one says how many are left out."""
    if len(lines) <= N_LINES:
        return lines
    n_more = len(lines) - N_LINES + 1
    return [*lines[: N_LINES - 1], Line("", f"… {n_more} more")]
