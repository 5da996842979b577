"""Rows that show nearly the same: frames of a film, one photo saved twice."""

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

#: The cosine of two images above which they are copies,
NEAR = 0.8
#: in at least so many directions. In few, many images that have nothing in common are as near.
LEAST_DIRECTIONS = 64
#: Of more copies so many at a time are one group, and at most so large a share of all rows.
MOST_COPIES, MOST_SHARE = 512, 1 / 4
#: Rows whose cosines with all rows exist at a time, and copies of a row that are looked at.
_BLOCK, _N_LINKS = 512, 16


def group_copies(vectors):
    """Number of each row's group, ndarray (n_rows,), int64; most rows are alone in theirs.

    `vectors` are a Tensor (n_rows, n_directions), float32, of unit length. Copies of copies are in
    one group.
    """
    n_rows, n_directions = vectors.shape
    if n_directions < LEAST_DIRECTIONS:
        return np.arange(n_rows)
    ones, others = [], []
    for first in range(0, n_rows, _BLOCK):
        cosines = vectors[first : first + _BLOCK] @ vectors.T
        cosines.diagonal(first).zero_()
        near = torch.nonzero(cosines.amax(dim=1) > NEAR).ravel()
        best = cosines[near].topk(min(_N_LINKS, n_rows), dim=1)
        row, link = torch.nonzero(best.values > NEAR, as_tuple=True)
        ones.append(near[row] + first)
        others.append(best.indices[row, link])
    # Older SciPy takes no other numbers.
    links = tuple(torch.cat(each).numpy().astype(np.int32) for each in (ones, others))
    graph = coo_array((np.ones(len(links[0]), dtype=bool), links), shape=(n_rows, n_rows))
    _, numbers = connected_components(graph, directed=False)
    return _cut(numbers.astype(np.int64), max(1, min(MOST_COPIES, int(MOST_SHARE * n_rows))))


def larger_groups(numbers):
    """The rows, Tensors of int64, of each group of more than one."""
    order = torch.from_numpy(np.argsort(numbers, kind="stable"))
    _, counts = np.unique(numbers, return_counts=True)
    return [rows for rows in order.split(counts.tolist()) if len(rows) > 1]


def _cut(numbers, most):
    """Cut groups into parts of at most `most` rows, in the order of rows."""
    parts = np.zeros_like(numbers)
    for rows in larger_groups(numbers):
        parts[rows] = np.arange(len(rows)) // most
    _, numbers = np.unique(np.stack([numbers, parts]), axis=1, return_inverse=True)
    return numbers.ravel()
