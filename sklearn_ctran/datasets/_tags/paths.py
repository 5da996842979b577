"""Which column of a table has the paths."""

from sklearn_ctran._utils.names import listed
from sklearn_ctran.datasets._tags.columns import as_text
from sklearn_ctran.datasets._tags.image_folder import is_image_name

#: Names that columns of paths have, in lower case, without "_" and spaces.
_NAMES = frozenset(
    ("path", "file", "filename", "filepath", "image", "imagename", "imagepath", "img", "photo")
)

#: Cells that are looked at to see whether they are paths.
_MOST = 1000


def read_paths(columns, path_column=None):
    """The paths of a table's rows as texts, None where there is none; and the column's name.

    The name is None for the index of a frame. `path_column` None: the column that has the name of
    such a column, or the names of images. Raises ValueError if there is none, or several.
    """
    if path_column is not None:
        name = columns.check(path_column, "path_column")
        return columns.texts(name), name
    having = [name for name in columns.names if _are_images(columns[name])]
    named = [name for name in columns.names if _plain(name) in _NAMES]
    both = [name for name in named if name in having]
    for found in (both, named, having):
        if len(found) == 1:
            return columns.texts(found[0]), found[0]
        if found:
            raise ValueError(
                f"{columns.source} has several columns that may be the paths of images: "
                f"{listed(found)}. Say which: path_column={found[0]!r}."
            )
    if columns.index is not None:
        return [as_text(path) for path in columns.index], None
    raise ValueError(
        f"{columns.source} has no column that is called 'path' or holds names of image files, "
        f"only {listed(columns.names)}. Say which column has them: path_column='...'."
    )


def _plain(name):
    return name.lower().replace("_", "").replace(" ", "")


def _are_images(values):
    """Whether most cells of a column are names of image files."""
    texts = [as_text(value) for value in values[:_MOST] if isinstance(value, str)]
    texts = [text for text in texts if text]
    return bool(texts) and sum(map(is_image_name, texts)) > len(texts) / 2
