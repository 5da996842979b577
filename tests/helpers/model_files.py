"""Model files that are taken apart, changed and put together again."""

import json

from safetensors import safe_open
from safetensors.torch import save_file

from sklearn_ctran._persistence.container import _digest


def header_and_tensors(path):
    """The JSON of a file, and its tensors by name."""
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["sklearn_ctran"])
        return header, {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118


def write(path, header, tensors, fresh_digest=True):
    """A file of this content; its digest fits, as malice would see to it."""
    if fresh_digest:
        header["digest"] = _digest(header, tensors)
    save_file(tensors, path, {"sklearn_ctran": json.dumps(header)})


def entries(tree, at=()):
    """The place of each value in a tree of JSON, as a tuple of keys."""
    yield at
    items = (
        tree.items()
        if isinstance(tree, dict)
        else enumerate(tree)
        if isinstance(tree, list)
        else ()
    )
    for key, value in items:
        yield from entries(value, (*at, key))


def replace(tree, at, value):
    """Put a value at a place in a tree."""
    *parents, last = at
    for key in parents:
        tree = tree[key]
    tree[last] = value
