"""Graphs of labels: how much each label tells of each other one."""

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_array

from sklearn_ctran._utils.names import as_names, did_you_mean, listed
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN

#: The graph that is counted in the training table.
COOCCURRENCE = "cooccurrence"


def read_label_graph(graph, names, what="graph"):
    """Read the weights of the edges from row to column, ndarray (n_labels, n_labels), float32.

    `graph` is an array-like (or a sparse matrix) in the order of the `names`, or a pandas DataFrame
    with the names as its index and columns, in any order; it may hold other names too. `what` is
    the argument's name, for errors. Raises ValueError if the graph is not square, has another
    number of labels, lacks one or has one twice, or an edge's weight is negative, infinite or
    missing.
    """
    names = as_names(names).tolist()
    if hasattr(graph, "iloc"):
        rows = _by_name(graph, names, what)
    else:
        rows = graph.toarray() if sparse.issparse(graph) else graph
        _check_square(np.shape(rows), names, what)
    weights = check_array(rows, dtype=np.float32, ensure_all_finite=False, input_name=what)
    for wrong, problem in (
        (np.isnan(weights), "is missing (NaN)"),
        (np.isinf(weights), "is infinite"),
        (weights < 0, "is negative"),
    ):
        if wrong.any():
            row, column = (int(i) for i in np.argwhere(wrong)[0])
            raise ValueError(
                f"{what}: the weight of the edge from {names[row]!r} to {names[column]!r} "
                f"{problem}: {weights[row, column]:g}. Weights are 0, where there is no edge, or "
                "above."
            )
    return weights


def _check_square(shape, names, what):
    n = len(names)
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ValueError(
            f"{what} must be square, a row and a column for each of the {n} labels; its shape is "
            f"{shape}."
        )
    if shape[0] != n:
        raise ValueError(
            f"{what} must have a row and a column for each of the {n} labels {listed(names)}; its "
            f"shape is {shape}. A DataFrame by name may have more."
        )


def _by_name(graph, names, what):
    """The named rows and columns of a DataFrame, in their order."""
    for axis, found in (("row", graph.index.tolist()), ("column", graph.columns.tolist())):
        twice = [name for name in names if found.count(name) > 1]
        if twice:
            raise ValueError(f"{what} has more than one {axis} for {listed(twice)}.")
        missing = [name for name in names if name not in found]
        if missing:
            raise ValueError(
                f"{what} has no {axis} for {listed(missing)}.{did_you_mean(missing[0], found)}"
            )
    rows, columns = (_positions(axis.tolist(), names) for axis in (graph.index, graph.columns))
    return graph.iloc[rows, columns]


def _positions(found, names):
    return [found.index(name) for name in names]


def cooccurrence(states, weights):
    """P(column given row) among training rows, ndarray (n_labels, n_labels), float32.

    `states` (n_samples, n_labels) are true states, `weights` (n_samples,) are those of the samples.
    Each pair of labels is counted over the rows in which both are annotated; it is 0 where no such
    row has the label of the row. The diagonal is 0: no label is a neighbour of itself.
    """
    positive = (states == POSITIVE).astype(np.float64)
    annotated = (states != UNKNOWN).astype(np.float64)
    weighted = positive * np.asarray(weights, dtype=np.float64)[:, None]
    both, given = weighted.T @ positive, weighted.T @ annotated
    shares = np.divide(both, given, out=np.zeros_like(both), where=given > 0)
    np.fill_diagonal(shares, 0)
    return shares.astype(np.float32)


def lift(states, weights):
    """P(column given row) - P(column) among training rows, (n_labels, n_labels), float32.

    Arguments are as in :func:`cooccurrence`. 0 where nothing is known, and on the diagonal.
    """
    weights = np.asarray(weights, dtype=np.float64)
    positive, annotated = weights @ (states == POSITIVE), weights @ (states != UNKNOWN)
    shares = np.divide(positive, annotated, out=np.zeros_like(positive), where=annotated > 0)
    together = weights * (states == POSITIVE).T @ (states != UNKNOWN)
    difference = np.where(together > 0, cooccurrence(states, weights) - shares, 0)
    np.fill_diagonal(difference, 0)
    return difference.astype(np.float32)


def similarity(vectors, others):
    """Cosines (n_vectors, n_others), float32, of vectors with the same number of dimensions."""
    rows, columns = (
        x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), np.finfo(np.float32).tiny)
        for x in (vectors, others)
    )
    return (rows @ columns.T).astype(np.float32)


def nearest_and_farthest(weights, n_neighbors):
    """Edges (2, n_rows, n_columns), float32: 1 for the largest weights of a row, and the smallest.

    Of each there are `n_neighbors`, but at most half of the columns. NaN is neither.
    """
    n_columns = np.isfinite(weights).sum(axis=1).min(initial=weights.shape[1])
    n = min(n_neighbors, n_columns // 2)
    edges = np.zeros((2, *weights.shape), dtype=np.float32)
    for kind, sign in enumerate((-1, 1)):
        order = np.argsort(sign * weights, axis=1, kind="stable")  # NaN comes last.
        np.put_along_axis(edges[kind], order[:, :n], 1, axis=1)
    return edges
