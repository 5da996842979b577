"""What a token cache holds, as a table."""

from dataclasses import dataclass


@dataclass(frozen=True, repr=False)
class TokenCacheInfo:
    """What a `TokenCache` holds.

    Attributes
    ----------
    location : str or None
        None is in memory.
    bytes : int
    max_size : int
        In bytes.
    spaces : list of dict
        With the keys label, space, images, bytes, dtype, shape (P, C) and last_used (datetime).
    """

    location: str | None
    bytes: int
    max_size: int
    spaces: list

    def __repr__(self):
        where = "in memory" if self.location is None else f"at {self.location}"
        used = f"{_format_size(self.bytes)} of at most {_format_size(self.max_size)}"
        table = [("label", "images", "size", "dtype", "shape", "last used")]
        for space in self.spaces:
            table.append(
                (
                    space["label"] or space["space"],
                    f"{space['images']:,}",
                    _format_size(space["bytes"]),
                    space["dtype"],
                    "{} x {}".format(*space["shape"]),
                    f"{space['last_used']:%Y-%m-%d %H:%M}",
                )
            )
        if not self.spaces:
            return f"TokenCache {where}: empty, at most {_format_size(self.max_size)}"
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in table
        ]
        return "\n".join([f"TokenCache {where}: {used}", *lines])


def _format_size(n_bytes):
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:.4g} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:,.1f} TB"
