"""Values of options that are more than a number or a text. What is wrong is wrong usage."""

import csv
import json
import re

import typer


def parse_optional(text):
    """A text, or None for "none"."""
    return None if text.lower() == "none" else text


def parse_image_size(text):
    """ "224" -> 224, "256,224" -> (256, 224), "auto" -> "auto", "none" -> None."""
    if parse_optional(text) is None or text == "auto":
        return parse_optional(text)
    if not re.fullmatch(r"[1-9]\d*(,[1-9]\d*)?", text):
        raise typer.BadParameter(
            f"--image-size is a number such as 224, two such as 256,224, auto, or "
            f"none, not {text!r}."
        )
    sizes = [int(part) for part in text.split(",")]
    return sizes[0] if len(sizes) == 1 else tuple(sizes)


def parse_list(text, option):
    """The parts of a text such as 'beach,"red, white"'; None stays None, "" is no part."""
    if text is None:
        return None
    try:
        (row,) = csv.reader([text], skipinitialspace=True)
    except (csv.Error, ValueError):
        raise typer.BadParameter(f"{option}: a line break in {text!r} cannot be read.") from None
    return [part.strip() for part in row if part.strip()]


def parse_separator(text):
    """What separates cells; ``\\t`` and ``\\n`` as they are written in programs."""
    return {r"\t": "\t", r"\n": "\n"}.get(text, text)


def parse_settings(texts, option, names):
    """A dict of texts such as "lr=0.001": values are JSON, or else texts; `names` may be set."""
    from sklearn_ctran._utils.names import did_you_mean  # It needs NumPy.

    settings = {}
    for text in texts or ():
        name, sign, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not sign:
            raise typer.BadParameter(f"{option} is NAME=VALUE, such as lr=0.001, not {text!r}.")
        if name not in names:
            raise typer.BadParameter(
                f"{option}: there is no parameter {name!r}.{did_you_mean(name, names)}"
            )
        try:
            settings[name] = json.loads(value)
        except ValueError:
            settings[name] = value
    return settings
