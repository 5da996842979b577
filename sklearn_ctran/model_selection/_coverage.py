"""The last step of a stratified split: each label gets a positive in each part, if it has enough.

Stratification keeps shares. The share of a label with few positives may be rounded to none. Such a
label gets a positive by a swap of two rows, which keeps the sizes of the parts. Whether all labels
can be served at once is a question of graph colouring: of three rows, each two of which share a
label with no other positive, two lie in one of two parts. So this is a tabu search [1]_: it takes
the best swap, even if that is no gain, and leaves the rows of the last swaps alone.

.. [1] F. Glover: Tabu Search - Part I. ORSA Journal on Computing, 1989.
"""

from typing import NamedTuple

import numpy as np

from sklearn_ctran.model_selection._iterative import sum_by_fold

_PATIENCE = 50  # Turns without a gain before the search ends.
_REST = 3  # Turns for which a row that was moved stays where it is.
_MOST_LABELS = 10  # Labels that one turn looks at.
_MOST_ROWS = 50  # Rows of a label that are tried at a time.


class _Swap(NamedTuple):
    """Row `row` goes to fold `to`, and row `other` of this fold, unless -1, takes its place."""

    loss: int  # How many more parts lack a label.
    cost: float  # How much further the shares are off.
    row: int
    to: int
    other: int


def cover(fold, marks, columns, n_parts, may_move=False):
    """Return folds of rows, changed so that more labels have a positive in more parts.

    `fold` (n_rows,) is each row's fold; the first `n_parts` of the folds are parts. Each label of
    `marks` (n_rows, n_labels), 0 and 1, should be in all parts, or in as many as it has rows. Of
    equally good swaps, that one is taken which best keeps the shares of `columns` (n_rows,
    n_columns), counts, in all folds. With `may_move`, single rows are moved too.
    """
    search = _Search(fold, marks, columns, n_parts, may_move)
    best, fewest, patience = fold, search.lacking.sum(), _PATIENCE
    while fewest and patience:
        search.take_turn()
        patience -= 1
        if search.lacking.sum() < fewest:
            best, fewest, patience = search.fold.copy(), search.lacking.sum(), _PATIENCE
    return best


class _Search:
    """Folds of rows, the counts that follow from them, and swaps that change them."""

    def __init__(self, fold, marks, columns, n_parts, may_move):
        self.fold, self.marks, self.columns = fold.copy(), marks, columns
        self.n_parts, self.may_move = n_parts, may_move
        self.squares, self.by_label = columns.multiply(columns).tocsr(), marks.tocsc()
        n_folds = max(fold.max() + 1, n_parts)
        self.counts = sum_by_fold(marks, fold, n_folds).toarray()
        sums = sum_by_fold(columns, fold, n_folds).toarray()
        shares = np.bincount(fold, minlength=n_folds)[:, None] / len(fold)
        total = sums.sum(axis=0)
        self.surplus = sums - (1 / n_folds if may_move else shares) * total
        self.weight = 1 / np.maximum(total, 1)
        self.wanted = np.minimum(self.counts.sum(axis=0), n_parts)
        self.turn = 0
        self.free_from = np.zeros(len(fold), dtype=np.int64)
        self.last_turn = np.zeros(marks.shape[1], dtype=np.int64)

    @property
    def lacking(self):
        """The number of parts in which each label lacks a positive."""
        return self.wanted - (self.counts[: self.n_parts] > 0).sum(axis=0)

    def take_turn(self):
        """Make the best swap for the first label with a gain, or the best for some labels.

        The label that was not looked at for longest comes first, of these the rarest. Nothing
        changes if no rows may be moved.
        """
        self.turn += 1
        lacking = np.flatnonzero(self.lacking)
        order = np.lexsort((self.counts[:, lacking].sum(axis=0), self.last_turn[lacking]))
        best = None
        for label in lacking[order[:_MOST_LABELS]]:
            self.last_turn[label] = self.turn
            swap = self._best_of_label(label)
            if swap and (best is None or swap < best):
                best = swap
                if swap.loss < 0:
                    break
        if best:
            self._apply(best)

    def _apply(self, swap):
        here = self.fold[swap.row]
        for row, old, new in ((swap.row, here, swap.to), (swap.other, swap.to, here)):
            if row < 0:
                continue
            self.fold[row] = new
            self.free_from[row] = self.turn + _REST + 1
            for sums, table in ((self.counts, self.marks), (self.surplus, self.columns)):
                values = table[[row]].toarray()[0]
                sums[old] -= values
                sums[new] += values

    def _best_of_label(self, label):
        """The best swap that brings a positive of a label into a part that lacks one, or None."""
        rows = self.by_label.indices[self.by_label.indptr[label] : self.by_label.indptr[label + 1]]
        has_spare = self.counts[:, label] > 1
        has_spare[self.n_parts :] = True
        rows = rows[has_spare[self.fold[rows]] & (self.free_from[rows] <= self.turn)]
        swaps = (
            swap
            for here in np.unique(self.fold[rows])
            for to in np.flatnonzero(self.counts[: self.n_parts, label] == 0)
            for swap in self._swaps(rows[self.fold[rows] == here], here, to)
        )
        return min(swaps, default=None)

    def _swaps(self, rows, here, to):
        """For each of some rows of fold `here` its best swap with a row of fold `to`."""
        others = np.flatnonzero((self.fold == to) & (self.free_from <= self.turn))
        # A fold gains by a label that it has not, and loses by one that it has once.
        in_here, in_to = (self._change(here, 1), self._change(to, 1))
        out_here, out_to = (self._change(here, -1), self._change(to, -1))
        gains = in_to + out_here, in_here + out_to
        slope = 2 * self.weight * (self.surplus[to] - self.surplus[here])
        marks, columns, squares = (t[others] for t in (self.marks, self.columns, self.squares))
        gain_others, cost_others = marks @ gains[1], squares @ (2 * self.weight) - columns @ slope
        first = self.marks[rows] @ gains[0]
        for i in np.argsort(-first, kind="stable")[:_MOST_ROWS]:
            row = rows[i]
            mark, column = self.marks[[row]].toarray()[0], self.columns[[row]].toarray()[0]
            # What both rows have stays where it is.
            gain = first[i] + gain_others - marks @ (mark * (gains[0] + gains[1]))
            cost = cost_others - columns @ (4 * self.weight * column)
            if self.may_move:
                gain, cost = np.append(gain, first[i]), np.append(cost, 0.0)
            if not len(gain):
                continue
            best = np.flatnonzero(gain == gain.max())
            best = best[cost[best].argmin()]
            own = column @ slope + column @ (2 * self.weight * column)
            other = int(others[best]) if best < len(others) else -1
            yield _Swap(-int(gain[best]), float(own + cost[best]), int(row), int(to), other)

    def _change(self, fold, step):
        """Whether a fold has a label first, or no more, once it gets (1) or loses (-1) a row."""
        if fold >= self.n_parts:
            return np.zeros(self.marks.shape[1], dtype=np.int64)
        return step * (self.counts[fold] == (0 if step > 0 else 1))
