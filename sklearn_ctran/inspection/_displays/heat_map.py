"""Tables of numbers in colours, under names at two sides."""

import numpy as np

from sklearn_ctran.inspection._displays.canvas import (
    figure_width,
    ink,
    n_characters_that_fit,
    n_lines_that_fit,
    on_colour,
    points,
    shortened,
    size_of,
    size_that_fits,
)

#: The least width of a cell with a number in it, in points.
_CELL = 21


def n_rows_that_fit(ax):
    """How many rows, and how many columns, can be named in axes, (rows, columns)."""
    width, height = size_of(ax)
    # Names stand at the left and on end below, where they take their share.
    return (
        n_lines_that_fit(0.8 * height, points("small")),
        n_lines_that_fit(0.75 * width, points("small")),
    )


def draw_heat_map(ax, values, row_names, column_names, *, limit=None, title="", texts=None):
    """Draw values (n_rows, n_columns) in colours from blue, below 0, to red; grey where NaN.

    The colours end at `limit`, that of the largest value if None. `texts` is written into the
    cells if there is room. Returns the image.
    """
    import matplotlib

    n_rows, n_columns = values.shape
    width, height = size_of(ax)
    if limit is None:
        limit = np.nanmax(np.abs(values), initial=0.0, where=np.isfinite(values)) or 1.0
    cmap = matplotlib.colormaps["RdBu_r"].with_extremes(bad="#9A9A9A")
    image = ax.imshow(values, cmap=cmap, vmin=-limit, vmax=limit, aspect="auto")
    row_size = size_that_fits(0.8 * height, n_rows, points("small"))
    column_size = size_that_fits(0.75 * width, n_columns, points("small"))
    most = n_characters_that_fit(0.25 * figure_width(ax), row_size)
    ax.set_yticks(range(n_rows), shortened(row_names, most), fontsize=row_size)
    most = n_characters_that_fit(0.3 * height, column_size)
    names = shortened(column_names, most)
    ax.set_xticks(range(n_columns), names, fontsize=column_size, rotation=90)
    ax.tick_params(length=0)
    bar = ax.figure.colorbar(image, ax=ax, pad=0.02, shrink=0.9, aspect=30)
    bar.set_label(title, fontsize=points("small"), color=ink(ax))
    bar.ax.tick_params(labelsize=points("x-small"))
    has_room = 0.6 * width / n_columns >= _CELL and 0.7 * height / n_rows >= 10
    if texts is not None and has_room:
        colours = image.to_rgba(np.ma.masked_invalid(values))
        for (row, column), text in np.ndenumerate(texts):
            colour = on_colour(colours[row, column, :3])
            style = {"ha": "center", "va": "center", "fontsize": points("x-small")}
            ax.text(column, row, text, color=colour, **style)
    return image
