"""Rows of cells as text: plain, Markdown, reStructuredText."""

import re


def plain(rows):
    """Columns apart by two blanks, the first one to the left, the others to the right.

    Parameters
    ----------
    rows : iterable of sequence of str

    Returns
    -------
    text : str
    """
    rows, widths = _measure(rows)
    lines = ("  ".join(_aligned(row, widths)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def markdown(rows):
    """A Markdown table, whose first row is the header.

    Parameters
    ----------
    rows : iterable of sequence of str
        Texts of others have to go through :func:`markdown_text` before.

    Returns
    -------
    text : str
    """
    rows, widths = _measure(rows)
    widths = [max(2, width) for width in widths]  # The least that a rule needs is "-:".
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    header, *body = (_aligned(row, widths) for row in rows)
    return "\n".join(f"| {' | '.join(row)} |" for row in [header, rule, *body])


def rst(rows):
    """A simple table of reStructuredText, whose first row is the header.

    Parameters
    ----------
    rows : iterable of sequence of str
        The first one of a row not empty. Texts of others have to go through :func:`rst_text`.

    Returns
    -------
    text : str
    """
    rows, widths = _measure(rows)
    rule = "  ".join("=" * width for width in widths)
    header, *body = ("  ".join(_aligned(row, widths)).rstrip() for row in rows)
    return "\n".join([rule, header, rule, *body, rule])


def markdown_text(text):
    """Any text so that Markdown shows it as it is, in one line."""
    return re.sub(r"([\\`*_~&#|<\[])", r"\\\1", " ".join(text.split()))


def rst_text(text):
    """Any text so that reStructuredText shows it as it is, in one line."""
    text = re.sub(r"([\\`*|]|_\b)", r"\\\1", " ".join(text.split()))
    # Bullets, numbers of lists, comments and rules are only what they are at the beginning.
    is_plain = text[:1].isalnum() and not re.match(r"\w+[.)]", text)
    return text if is_plain else f"\\ {text}"


def _measure(rows):
    rows = [list(row) for row in rows]
    return rows, [max(map(len, column)) for column in zip(*rows, strict=True)]


def _aligned(row, widths):
    return [row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]
