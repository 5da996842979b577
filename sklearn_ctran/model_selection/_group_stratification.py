"""Splits by groups in which every label has about the same share of positives in each part."""

from collections.abc import Iterator

import numpy as np
from scipy import sparse
from sklearn.model_selection import BaseCrossValidator

from sklearn_ctran._labels.forms import unmask
from sklearn_ctran._labels.states import is_missing
from sklearn_ctran._utils.rows import check_rows
from sklearn_ctran._utils.typing import Labels
from sklearn_ctran.model_selection._coverage import cover
from sklearn_ctran.model_selection._iterative import stratify_groups, sum_by_fold
from sklearn_ctran.model_selection._stratification import (
    MultilabelStratifiedKFold,
)


class MultilabelStratifiedGroupKFold(MultilabelStratifiedKFold):
    """K folds that keep groups whole, in which every label has about the same share of positives.

    All samples of a group, such as the photos of one patient, camera or place, are in one fold. As
    far as the groups allow, folds have equal sizes and equal shares of each label. Groups with the
    largest shares of rare labels are assigned first, each to the fold that has least of its labels
    and samples. Missing entries are treated as in :class:`MultilabelStratifiedKFold`.

    A label that is positive in as many groups as there are folds has a positive in each fold, and
    one that is positive in two groups has one in each training part. Where the groups do not allow
    this for all labels at once, a warning names the labels that have no positive in some fold.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2 and at most the number of groups.
    shuffle : bool, default=False
        Whether to take equally large groups in random order. If False, in that of their names.
    random_state : int, RandomState instance or None, default=None
        Seeds the shuffling; only with ``shuffle=True``.

    Raises
    ------
    ValueError
        If a parameter cannot be used.

    See Also
    --------
    MultilabelStratifiedKFold : Assigns samples one by one.
    sklearn.model_selection.StratifiedGroupKFold : For one class a sample.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ctran.model_selection import MultilabelStratifiedGroupKFold
    >>> Y = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [1, 0], [0, 1]])
    >>> patients = ["a", "a", "b", "b", "c", "d"]
    >>> cv = MultilabelStratifiedGroupKFold(2)
    >>> [test.tolist() for _, test in cv.split(Y, Y, groups=patients)]
    [[0, 1, 5], [2, 3, 4]]
    """

    # scikit-learn's metadata routing passes groups on without a request, as to its own splitters.
    __metadata_request__split = {"groups": True}

    def split(
        self, X: Labels, y: Labels, groups: Labels | None = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the rows of the training and the test part of each fold.

        Parameters
        ----------
        X, y : object
            As in :meth:`MultilabelStratifiedKFold.split`.
        groups : array-like of shape (n_samples,)
            The group of each sample: numbers or texts.

        Yields
        ------
        train, test : ndarray of int
            Ascending. Each row is in exactly one test part, with all rows of its group.

        Raises
        ------
        ValueError
            If `y` holds other values or a label without annotated entries, `groups` are not given
            or one is missing, or there are fewer groups than folds.

        Warns
        -----
        UserWarning
            If a label has no positive in some fold; names the labels.
        """
        check_rows(X=X, y=y, groups=groups)
        return BaseCrossValidator.split(self, X, y, groups)

    def _assign(self, labels, rng, groups):
        names, group = _read_groups(groups)
        if self.n_splits > len(names):
            raise ValueError(
                f"There are fewer groups ({len(names)}) than folds (n_splits={self.n_splits}): "
                "lower n_splits."
            )
        ones = np.ones((labels.n_samples, 1), dtype=np.int64)
        columns = sparse.hstack([labels.indicators, ones], format="csr")
        counts = sum_by_fold(columns, group, len(names))
        fold = stratify_groups(counts, self.n_splits, rng)
        # The last column, of sizes, is a mark of all groups: no fold may become empty.
        marks = counts[:, [*range(len(labels.names)), counts.shape[1] - 1]].astype(bool)
        return cover(fold, marks.astype(np.int64), counts, self.n_splits, may_move=True)[group]


def _read_groups(groups):
    """Names of the groups, in order, and the position among them of each sample's group."""
    if groups is None:
        raise ValueError(
            "groups is None: pass the group of each sample as groups=..., or use "
            "MultilabelStratifiedKFold for samples without groups."
        )
    groups = np.asarray(unmask(groups))
    if groups.ndim != 1:
        raise ValueError(f"groups must have one value for each sample, got shape {groups.shape}.")
    row = next((row for row, value in enumerate(groups.tolist()) if is_missing(value)), None)
    if row is not None:
        raise ValueError(
            f"Row {row} of groups has no value (NaN, None or masked): give it a group of its own "
            "if it belongs to no other row, or leave it out."
        )
    try:
        return np.unique(groups, return_inverse=True)
    except TypeError as error:
        raise ValueError(f"groups must be all numbers or all texts: {error}.") from error
