"""Errors that say which images of a set cannot be read.

They are ValueErrors, FileNotFoundErrors or TypeErrors, as a single image would raise.
"""

#: What reading one image may raise.
ERRORS = (ValueError, TypeError, OSError)

_MOST = 20

#: What an array may be, if it is an image.
ARRAYS = "a numpy image (H, W), (H, W, 1), (H, W, 3), (H, W, 4) or (H, W, K) with K bands"

#: How an error about a row that holds no image ends; said once of several rows.
IMAGES_ARE = (
    "an image is a path, an encoded file (bytes, BytesIO or a dict with 'bytes' or 'path'), a PIL "
    f"image or {ARRAYS}."
)


class Unreadable(Exception):
    """Some images cannot be read.

    Attributes
    ----------
    messages : dict of int to str
        What is wrong, by the number of the row.
    n_images : int or None
        The number of images that were looked at; None if reading ended at the first bad one.
    is_complete : bool
        Whether the images were decoded, so that no other one is broken.
    """

    messages: dict = {}
    n_images = None
    is_complete = False


class UnreadableImages(Unreadable, ValueError):
    """Files or arrays are broken."""


class MissingImages(Unreadable, FileNotFoundError):
    """Files do not exist."""


class NoImages(Unreadable, TypeError):
    """Rows hold something else than images."""


def unreadable(errors, n_images=None, is_complete=False):
    """An Unreadable of a dict from numbers of rows to their errors.

    It names the first 20. Its type is that of the first.
    """
    rows = sorted(errors)
    first = errors[rows[0]]
    kinds = {FileNotFoundError: MissingImages, TypeError: NoImages}
    kind = next((kinds[base] for base in kinds if isinstance(first, base)), UnreadableImages)
    messages = {row: str(errors[row]) for row in rows}
    error = kind(messages[rows[0]] if len(rows) == 1 else _together(messages, n_images))
    error.messages, error.n_images, error.is_complete = messages, n_images, is_complete
    error.__cause__ = first.__cause__
    return error


def _together(messages, n_images):
    advice = "Leave these rows out of X. (With on_error='skip', fit does so itself.)"
    return f"{summary(messages, n_images)}\n{advice}"


def summary(messages, n_images):
    """Text that says how many images cannot be read, and what is wrong with the first 20."""
    lines = [f"{len(messages)} of {n_images} images cannot be read:"]
    shown = [messages[row] for row in sorted(messages)[:_MOST]]
    lines += [text.removesuffix(f"; {IMAGES_ARE}") for text in shown]
    if len(messages) > _MOST:
        lines.append(f"... and {len(messages) - _MOST} more.")
    if any(text.endswith(IMAGES_ARE) for text in shown):
        lines.append(f"A{IMAGES_ARE[1:]}")
    return "\n".join(lines)
