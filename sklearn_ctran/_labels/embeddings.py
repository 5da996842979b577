"""Vectors that describe labels, such as embeddings of their names."""

from collections.abc import Mapping

import numpy as np
from sklearn.utils.validation import check_array

from sklearn_ctran._utils.names import as_names, did_you_mean, listed


def read_label_embeddings(embeddings, names, what="label_embeddings"):
    """Read a vector for each label: an ndarray of shape (n_labels, n_dimensions), float32.

    `embeddings` is an array-like in the order of the `names`, or has names of labels: a dict of
    vectors, or a pandas DataFrame with the names as its index; both may hold other names too, as
    published word vectors do. `what` is the argument's name, for errors. Raises ValueError if a
    label has no vector, or two, or a vector has another length, an infinite or a missing number.
    """
    names = as_names(names).tolist()
    if isinstance(embeddings, Mapping) or hasattr(embeddings, "iloc"):
        rows = _by_name(embeddings, names, what)
    elif np.ndim(embeddings) != 2 or len(embeddings) != len(names):
        raise ValueError(
            f"{what} must have one row for each of the {len(names)} labels, got an array of shape "
            f"{np.shape(embeddings)}. A dict or DataFrame by name may have more."
        )
    else:
        rows = embeddings
    vectors = check_array(rows, dtype=np.float32, ensure_all_finite=False, input_name=what)
    strange = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(strange):
        raise ValueError(
            f"{what} has infinite or missing numbers for {listed([names[i] for i in strange])}."
        )
    return vectors


def _by_name(embeddings, names, what):
    """The vectors of the named labels, in their order, from a dict or a DataFrame."""
    if not isinstance(embeddings, Mapping):
        keys = embeddings.index.tolist()
        twice = [name for name in names if keys.count(name) > 1]
        if twice:
            raise ValueError(f"{what} has more than one row for {listed(twice)}.")
        embeddings = dict(zip(keys, np.asarray(embeddings), strict=True))
    missing = [name for name in names if name not in embeddings]
    if missing:
        raise ValueError(
            f"{what} has no vector for {listed(missing)}."
            f"{did_you_mean(missing[0], list(embeddings))}"
        )
    sizes = {name: np.shape(embeddings[name]) for name in names}
    first = sizes[names[0]]
    for name, size in sizes.items():
        if len(size) != 1 or size != first:
            raise ValueError(
                f"{what}: the vector of {name!r} has the shape {size}, "
                f"that of {names[0]!r} {first}."
            )
    return np.array([embeddings[name] for name in names])
