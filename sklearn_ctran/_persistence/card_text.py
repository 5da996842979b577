"""Model cards as Markdown and as text. They may come from anybody."""

import json

from sklearn_ctran._utils import tables

#: Labels that a text names.
_MOST_LABELS = 200

#: What the hub is told of every model.
_HEADER = {
    "library_name": "sklearn-ctran",
    "pipeline_tag": "image-classification",
    "tags": ["sklearn-ctran", "multi-label-classification"],
}


def as_markdown(card):
    """A card, a dict of its fields, as Markdown with a header in YAML."""
    header = _HEADER | ({"license": card["licence"]} if card["licence"] else {})
    # JSON is YAML, and no text can leave its line.
    lines = ["---", *(f"{key}: {json.dumps(value)}" for key, value in header.items()), "---", ""]
    lines += [f"# {tables.markdown_text(_name(card))}", ""]
    for title, parts in _sections(card, _without_html, _markdown_table):
        lines += [*([f"## {title}", ""] if title else []), *parts, ""]
    return "\n".join(lines)


def as_text(card):
    """A card, a dict of its fields, as text."""
    name = _name(card)
    lines = [name, "=" * len(name), ""]
    for title, parts in _sections(card, _clean, _plain_table):
        lines += [*([title, "-" * len(title)] if title else []), *parts, ""]
    return "\n".join(lines).rstrip()


def _name(card):
    return _shown(card["name"]) or "A model of sklearn-ctran"


def _sections(card, prose, table):
    """Pairs of a title and its lines; what says nothing is left out."""
    told = card["automatic"]
    if card["description"]:
        yield "", [prose(card["description"])]
    facts = [
        ("Model", told.get("model")),
        ("Licence", card["licence"]),
        ("Authors", ", ".join(card["authors"])),
        ("Created", card["created"]),
    ]
    facts = [(name, value) for name, value in facts if value]
    if facts:
        yield "", [table([("", ""), *facts])]
    for title, text in (("Intended use", "intended_use"), ("Limits", "limits")):
        if card[text]:
            yield title, [prose(card[text])]
    if card["scores"]:
        columns = list(dict.fromkeys(name for row in card["scores"] for name in row))
        rows = [[row.get(name, "") for name in columns] for row in card["scores"]]
        yield "Scores", [table([columns, *rows])]
    if card["data"]:
        yield "Training data", [table([("", ""), *card["data"].items()])]
    yield from _label_sections(card, told, table)
    for title, what in (("Parameters", "parameters"), ("Versions", "versions")):
        held = told.get(what)
        if isinstance(held, dict) and held:
            yield title, [table([("", ""), *held.items()])]


def _label_sections(card, told, table):
    counts = card["label_counts"]
    for title, what in (("Labels", "labels"), ("Extra labels", "extra_labels")):
        names = told.get(what)
        names = list(names) if isinstance(names, list) else []
        if what == "labels":
            names = names or list(counts)
        if not names:
            continue
        shown = names[:_MOST_LABELS]
        rows = [(name, counts.get(name, "") if isinstance(name, str) else "") for name in shown]
        lines = [table([("label", "images"), *rows])]
        if len(names) > len(shown):
            lines += ["", f"... and {len(names) - len(shown):,} more."]
        yield title, lines


def _markdown_table(rows):
    return tables.markdown([[tables.markdown_text(_shown(x)) for x in row] for row in rows])


def _plain_table(rows):
    # A header without words says nothing.
    rows = rows if any(rows[0]) else rows[1:]
    return tables.plain([list(map(_shown, row)) for row in rows])


def _shown(value):
    """A value on one line."""
    return f"{value:.4g}" if isinstance(value, float) else " ".join(_clean(str(value)).split())


def _without_html(text):
    """Text in which a page finds no HTML to run."""
    return _clean(text).replace("&", "&amp;").replace("<", "&lt;")


def _clean(text):
    """Text without control characters, which a terminal would obey."""
    return "".join(sign for sign in text if sign.isprintable() or sign in "\n\t")
