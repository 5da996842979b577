"""What a token cache holds, as a table."""

from dataclasses import dataclass

from tabulate import tabulate

from sklearn_ctran._cache.sizes import format_size


@dataclass(frozen=True, repr=False)
class TokenCacheInfo:
    """What a `TokenCache` holds.

    Attributes
    ----------
    location : str or None
        Directory; None for a cache in memory.
    bytes : int
        Size of all tokens.
    max_size : int
        Limit in bytes.
    spaces : list of dict
        With the keys label, space, images, bytes, dtype, shape (P, C) and last_used (datetime).
    """

    location: str | None
    bytes: int
    max_size: int
    spaces: list

    def __repr__(self):
        where = "in memory" if self.location is None else f"at {self.location}"
        limit = f"at most {format_size(self.max_size)}"
        if not self.spaces:
            return f"TokenCache {where}: empty, {limit}"
        rows = [
            {
                "label": space["label"] or space["space"],
                "images": f"{space['images']:,}",
                "size": format_size(space["bytes"]),
                "dtype": space["dtype"],
                "shape": "{} x {}".format(*space["shape"]),
                "last used": f"{space['last_used']:%Y-%m-%d %H:%M}",
            }
            for space in self.spaces
        ]
        table = tabulate(rows, headers="keys", tablefmt="plain", disable_numparse=True)
        return f"TokenCache {where}: {format_size(self.bytes)} of {limit}\n{table}"
