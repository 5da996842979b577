"""Horizontal bars under names of labels."""

import numpy as np

from sklearn_ctran.inspection._displays.canvas import (
    figure_width,
    n_characters_that_fit,
    n_lines_that_fit,
    points,
    shortened,
    size_of,
    size_that_fits,
)


def n_bars_that_fit(ax):
    """How many names fit beside one another into the height of axes."""
    return n_lines_that_fit(size_of(ax)[1], points("small"))


def height_for(n_bars):
    """Height in inches of a new figure with so many bars, within reason."""
    return float(np.clip(1.3 + 0.19 * n_bars, 2.4, 8))


def name_rows(ax, names, share=0.32, marks=None):
    """Names of rows 0, 1, ... from the top, at the left of axes; `share` of the figure's width.

    `marks` are texts that are put behind the names as they are.
    """
    size = size_that_fits(size_of(ax)[1], len(names), points("small"))
    texts = shortened(names, n_characters_that_fit(share * figure_width(ax), size))
    texts = [text + mark for text, mark in zip(texts, marks or [""] * len(names), strict=True)]
    ax.set_yticks(range(len(names)), texts, fontsize=size)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    return size
