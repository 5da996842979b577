"""``cache``: what a cache of tokens holds."""

from pathlib import Path
from typing import Annotated

import typer

import sklearn_ctran
from sklearn_ctran._cli.output import Result

EXAMPLE = "sklearn-ctran cache tokens"


def run(
    console,
    folder: Annotated[Path, typer.Argument(help="The folder of the cache.")],
    clear: Annotated[bool, typer.Option("--clear", help="Remove all tokens.")] = False,
    space: Annotated[
        str | None, typer.Option(help="With --clear: only this space, a name that --json shows.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Clear without a question.")] = False,
):
    """Show what a cache of tokens holds, or clear it.

    There is a space for each combination of backbone, weights and preprocessing. Only files that
    the cache itself has made are removed.
    """
    if space is not None and not clear:
        raise typer.BadParameter("--space says what --clear removes, but there is no --clear.")
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {str(folder)!r}.")
    cache = sklearn_ctran.TokenCache(folder)
    info = cache.info()
    if not clear:
        return Result(repr(info), _data(info))
    spaces = {each["space"] for each in info.spaces}
    if space is not None and space not in spaces:
        raise ValueError(f"The cache {folder} has no space {space!r}: --json shows their names.")
    if not yes:
        console.confirm(f"Remove the tokens in {folder}? They have to be computed again.")
    n_bytes = cache.clear(space)
    return Result(f"Removed {_size(n_bytes)} from {folder}.", {"removed_bytes": n_bytes})


def _data(info):
    return {
        "location": info.location,
        "bytes": info.bytes,
        "max_size": info.max_size,
        "spaces": info.spaces,
    }


def _size(n_bytes):
    from sklearn_ctran._cache.sizes import format_size

    return format_size(n_bytes)
