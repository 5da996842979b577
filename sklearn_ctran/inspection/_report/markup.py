"""Parts of the page. All texts that come from users are escaped here."""

from html import escape
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np


class Section(NamedTuple):
    """A section of the page: what its links lead to, its title, and all of its HTML."""

    key: str
    title: str
    html: str


def text(value):
    """A value as text that is safe in the page."""
    return escape(str(value))


def number(value, n_digits=3):
    """A number as people read it; "–" where it is not defined."""
    if isinstance(value, Integral):
        return f"{value:,}"
    return "–" if np.isnan(value) else f"{value:.{n_digits}f}"


def paragraph(words, kind=""):
    """A paragraph; `kind` is a class of the style sheet."""
    return f"<p{_class(kind)}>{text(words)}</p>"


def heading(words):
    """A heading within a section."""
    return f"<h3>{text(words)}</h3>"


def tiles(pairs):
    """Pairs of what and how much, large."""
    parts = (f"<div><dt>{text(what)}</dt><dd>{text(much)}</dd></div>" for what, much in pairs)
    return f'<dl class="tiles">{"".join(parts)}</dl>'


def table(heads, rows, caption):
    """A table that can be sorted by each column. Cells are texts or numbers."""
    are_numbers = [_is_number(cell) for cell in rows[0]] if rows else [False] * len(heads)
    head = "".join(
        f'<th scope="col"{_class("number" if is_number else "")}>'
        f'<button type="button">{text(name)}</button></th>'
        for name, is_number in zip(heads, are_numbers, strict=True)
    )
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    whole = (
        f"<table><caption>{text(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
    return scrolling(whole, caption)


def scrolling(html, name):
    """HTML in a box that scrolls, with the keyboard too, where it is wider than the page."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{text(name)}">{html}</div>'


def picture(drawing, caption):
    """An SVG drawing with a caption; it scrolls in its box where the page is narrow."""
    return (
        f'<figure class="picture">{scrolling(drawing, caption)}'
        f"<figcaption>{text(caption)}</figcaption></figure>"
    )


def side_by_side(*pictures):
    """Pictures beside one another where the page is wide."""
    return f'<div class="pictures">{"".join(pictures)}</div>'


def section(key, title, *parts):
    """The Section of some parts."""
    inner = "\n".join(parts)
    html = (
        f'<section id="{key}" aria-labelledby="{key}-title">\n'
        f'<h2 id="{key}-title">{text(title)}</h2>\n{inner}\n</section>'
    )
    return Section(key, title, html)


def _cell(value):
    if _is_number(value):
        return f'<td class="number" data-value="{float(value)!r}">{number(value)}</td>'
    return f"<td>{text(value)}</td>"


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_))


def _class(kind):
    return f' class="{kind}"' if kind else ""
