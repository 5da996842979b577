"""Axes, colours and texts of all pictures. Colours of texts and lines are those of the style."""

import textwrap

import numpy as np

#: Okabe and Ito's colours, which people with any colour vision tell apart, without black and
#: yellow, of which one can hardly be seen on a white or on a black background.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#8A8A8A")
#: More than colours, so that no two of the first 42 series look alike, in grey neither.
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")

RIGHT, WRONG, OTHER = COLOURS[0], COLOURS[3], COLOURS[6]

#: Width of a character, and height of a line, as shares of the font's size.
_CHARACTER, _LINE = 0.58, 1.35


def import_pyplot():
    """The module matplotlib.pyplot; raises ImportError if matplotlib is not installed."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            'Pictures need matplotlib, which is not installed: pip install "sklearn-ctran[plot]". '
            "What would be drawn is in the attributes of this object."
        ) from error
    return plt


def axes_for(ax, size):
    """`ax`, or axes of a new figure of a size in inches, (width, height).

    Raises TypeError if `ax` is something else, such as a figure or the array of ``subplots``.
    """
    plt = import_pyplot()
    if ax is not None:
        if not isinstance(ax, plt.Axes):
            raise TypeError(
                f"ax must be one matplotlib Axes, got {type(ax).__name__}: pass one item of the "
                "array that plt.subplots returns, or figure.add_subplot() of a figure."
            )
        return ax
    return plt.subplots(figsize=size, layout="constrained")[1]


def parts_of(ax, n_rows, n_columns, note="", **options):
    """Divide axes into a grid of axes, ndarray of shape (n_rows, n_columns); their frame goes.

    A note is written over them. `options` are those of ``GridSpec``.
    """
    ax.set_axis_off()
    figure, place = ax.figure, ax.get_subplotspec()
    width, height = size_of(ax, whole=True)
    lines = _note_lines(width, note)
    room = len(lines) * _LINE * points("small")
    ratios = {"height_ratios": [room, max(height - room, room)]} if lines else {}
    if place is not None:
        whole = place.subgridspec(1 + bool(lines), 1, hspace=0.02, **ratios)
    else:
        box = ax.get_position()
        where = {"left": box.x0, "right": box.x1, "bottom": box.y0, "top": box.y1}
        whole = figure.add_gridspec(1 + bool(lines), 1, hspace=0.02, **where, **ratios)
    if lines:
        top = figure.add_subplot(whole[0])
        top.set_axis_off()
        top.text(0, 0.5, "\n".join(lines), va="center", fontsize=points("small"), color=ink(ax))
    grid = whole[-1].subgridspec(n_rows, n_columns, **options)
    parts = np.empty((n_rows, n_columns), dtype=object)
    for row, column in np.ndindex(parts.shape):
        parts[row, column] = figure.add_subplot(grid[row, column])
    return parts


def size_of(ax, whole=False):
    """Width and height of axes in points, before texts beside them take their share.

    `whole` is with the room for such texts, where a layout engine divides the figure.
    """
    figure, place = ax.figure, ax.get_subplotspec()
    box = ax.get_window_extent()
    scale = 72 / figure.dpi
    width, height = box.width * scale, box.height * scale
    if whole and place is not None and figure.get_layout_engine() is not None:
        margins = figure.subplotpars
        width *= 0.96 / (margins.right - margins.left)
        height *= 0.96 / (margins.top - margins.bottom)
    return width, height


def figure_width(ax):
    """Width of the whole figure in points."""
    return ax.figure.bbox.width * 72 / ax.figure.dpi


def points(size="small"):
    """A font's size in points, of a name such as "small"."""
    from matplotlib.font_manager import FontProperties

    return FontProperties(size=size).get_size_in_points()


def ink(ax):
    """The colour of texts in the style in which axes were made."""
    return ax.xaxis.label.get_color()


def n_lines_that_fit(height, size):
    """How many lines of text of a size fit into a height, both in points; at least 1."""
    return max(1, int(height / (_LINE * size)))


def n_characters_that_fit(width, size):
    """How many characters of text of a size fit into a width, both in points; at least 6."""
    return max(6, int(width / (_CHARACTER * size)))


def size_that_fits(room, n_lines, size, least=3.0):
    """The size of a font, at most `size`, in which so many lines fit into `room` points."""
    return max(least, min(size, room / (_LINE * max(1, n_lines))))


def shortened(names, most):
    """Names as texts in one line of at most `most` characters, without their middle if need be.

    Two different names never become the same text: their numbers in the list are added.
    """
    texts = [_short(name, most) for name in names]
    twice = {text for text in texts if texts.count(text) > 1} if len(texts) < 1000 else set()
    return [
        _short(f"{i} {name}", most) if text in twice else text
        for i, (name, text) in enumerate(zip(names, texts, strict=True))
    ]


def _short(name, most):
    text = " ".join(str(name).split())
    if len(text) > most:
        tail = max(1, (most - 1) // 3)
        text = f"{text[: most - 1 - tail]}…{text[-tail:]}"
    return text.replace("$", r"\$")  # matplotlib would read a formula between two of them.


def write_note(ax, text):
    """Write a small text over axes, in as many lines as their width asks for."""
    if text:
        # Names at the left take room from the axes later.
        lines = "\n".join(_note_lines(0.75 * size_of(ax)[0], text))
        ax.set_title(lines, loc="left", fontsize=points("small"), color=ink(ax))


def _note_lines(width, text):
    return textwrap.wrap(text, n_characters_that_fit(width, points("small")))


def series_style(i):
    """The look of the i-th of several lines: keyword arguments of ``plot``."""
    return {
        "color": COLOURS[i % len(COLOURS)],
        "linestyle": LINES[(i // len(COLOURS) + i) % len(LINES)],
        "marker": MARKERS[i % len(MARKERS)],
        "markersize": 5,
    }


def add_legend(ax, handles, names, title=None, tails=None):
    """A legend of some handles under their names; beside the axes if it would cover much.

    `tails` are texts that stand behind the names as they are.
    """
    tails = [""] * len(names) if tails is None else tails
    width, height = size_of(ax)
    size = size_that_fits(height, len(names) + 2, points("small"), least=4.0)
    most = n_characters_that_fit(0.3 * figure_width(ax), size) - max(map(len, tails))
    texts = [text + tail for text, tail in zip(shortened(names, most), tails, strict=True)]
    # matplotlib leaves out names that start with an underscore.
    texts = [f" {text}" if text.startswith("_") else text for text in texts]
    is_small = len(texts) <= 4 and max(map(len, texts)) * _CHARACTER * size < 0.35 * width
    beside = {} if is_small else {"loc": "upper left", "bbox_to_anchor": (1.01, 1.02)}
    return ax.legend(
        handles, texts, fontsize=size, title=title, title_fontsize=size, framealpha=0.6, **beside
    )


def on_colour(colour):
    """Black or white, whichever can be read on a colour."""
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(colour)
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"
