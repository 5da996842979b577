"""Rows of texts as tables: plain, Markdown, reStructuredText.

The first row is the header. The first column is aligned to the left, the others to the right.
"""

import re
from functools import partial

from tabulate import tabulate


def _table(form, rows):
    """A table in a format of tabulate's; `rows` is an iterable of sequences of str."""
    rows = list(map(list, rows))
    # tabulate pads the columns below a header, for which a plain table has no need.
    n_header_rows = 0 if form == "plain" else 1
    return tabulate(
        rows[n_header_rows:],
        *rows[:n_header_rows],
        tablefmt=form,
        colalign=["left", *["right"] * (len(rows[0]) - 1)],
        disable_numparse=True,
    )


plain = partial(_table, "plain")

#: Texts of users must go through :func:`markdown_text` first.
markdown = partial(_table, "pipe")

#: Texts of users must go through :func:`rst_text` first.
rst = partial(_table, "rst")


def markdown_text(text):
    """Escape a text so that Markdown shows it as it is, in one line."""
    return re.sub(r"([\\`*_~&#|<\[])", r"\\\1", " ".join(text.split()))


def rst_text(text):
    """Escape a text so that reStructuredText shows it as it is, in one line."""
    text = re.sub(r"([\\`*|]|_\b)", r"\\\1", " ".join(text.split()))
    # Bullets, numbers of lists, comments and rules have a meaning only at the beginning.
    is_plain = text[:1].isalnum() and not re.match(r"\w+[.)]", text)
    return text if is_plain else f"\\ {text}"
