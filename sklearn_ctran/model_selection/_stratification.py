"""Splits in which every label has about the same share of positives in each part."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.model_selection import BaseCrossValidator, BaseShuffleSplit, ShuffleSplit
from sklearn.utils import _safe_indexing, check_random_state, indexable

from sklearn_ctran._utils.checks import check_count
from sklearn_ctran._utils.names import listed
from sklearn_ctran._utils.rows import check_rows
from sklearn_ctran._utils.typing import Labels, RandomState
from sklearn_ctran._utils.warnings import warn
from sklearn_ctran.model_selection._coverage import cover
from sklearn_ctran.model_selection._iterative import StratifiedLabels, stratify, sum_by_fold


class MultilabelStratifiedKFold(BaseCrossValidator):
    """K folds in which every label has about the same share of positives.

    This is iterative stratification (Sechidis, Tsoumakas, Vlahavas: On the Stratification of
    Multi-Label Data, ECML PKDD 2011), with exactly the fold sizes of
    :class:`sklearn.model_selection.KFold`.

    A label with as many positives as folds, or more, has one in each fold. One with fewer, but two
    or more, has them in different folds, and so one in each training part. If rare labels share
    images, this may not hold for all of them at once: a warning names those without a positive in
    some fold.

    Missing entries are neither positive nor negative. For a label that has some, the positive
    entries and the rarer of the negative and the missing ones are stratified (in a sparse `y`
    always the missing ones), so that the share of positives among annotated samples is kept too.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    shuffle : bool, default=False
        Whether to assign samples in random order and break ties at random. If False, samples are
        assigned in their order, and ties go to the first fold.
    random_state : int, RandomState instance or None, default=None
        Seeds the shuffling; only with ``shuffle=True``.

    Raises
    ------
    ValueError
        If a parameter cannot be used.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ctran.model_selection import MultilabelStratifiedKFold
    >>> Y = np.array([[1, 0], [1, 0], [0, 1], [0, 1]])
    >>> [test.tolist() for _, test in MultilabelStratifiedKFold(2).split(Y, Y)]
    [[0, 2], [1, 3]]
    """

    def __init__(
        self, n_splits: int = 5, *, shuffle: bool = False, random_state: RandomState = None
    ) -> None:
        check_count("n_splits", n_splits, 2)
        if not isinstance(shuffle, (bool, np.bool_)):
            raise ValueError(f"shuffle must be True or False, got {shuffle!r}.")
        if not shuffle and random_state is not None:
            raise ValueError(
                "random_state has no effect without shuffling: set shuffle=True, or leave it out."
            )
        self.n_splits = n_splits
        self.shuffle = shuffle
        self.random_state = random_state

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : object
            Ignored.

        Returns
        -------
        n_splits : int
        """
        return self.n_splits

    def split(
        self, X: Labels, y: Labels, groups: None = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the rows of the training and the test part of each fold.

        Parameters
        ----------
        X : array-like of n_samples elements
            Only its length matters.
        y : array-like, sparse matrix or DataFrame of shape (n_samples, n_labels), or (n_samples,)
            1, 0, and -1 or NaN where the label is not annotated. A sparse `y` is not made dense;
            entries that it does not store are 0. One dimension: one class a sample.
        groups : None
            Not supported; see :class:`MultilabelStratifiedGroupKFold`.

        Yields
        ------
        train, test : ndarray of int
            Ascending. Each row is in exactly one test part.

        Raises
        ------
        ValueError
            If `y` holds other values or a label without annotated entries, there are fewer samples
            than folds, or `groups` are given.

        Warns
        -----
        UserWarning
            If a label has no positive in some fold; names the labels.
        """
        _refuse_groups(groups)
        check_rows(X=X, y=y)
        return super().split(X, y)

    def _iter_test_indices(self, X, y, groups):
        labels = StratifiedLabels(y)
        rng = check_random_state(self.random_state) if self.shuffle else None
        fold = self._assign(labels, rng, groups)
        warn_without_positive(labels, fold, self.n_splits, "test fold")
        for number in range(self.n_splits):
            yield np.flatnonzero(fold == number)

    def _assign(self, labels, rng, groups):
        """The fold of each row, (n_samples,)."""
        if self.n_splits > labels.n_samples:
            raise ValueError(
                f"There are fewer samples ({labels.n_samples}) than folds "
                f"(n_splits={self.n_splits}): lower n_splits."
            )
        sizes = np.full(self.n_splits, labels.n_samples // self.n_splits)
        sizes[: labels.n_samples % self.n_splits] += 1
        fold = stratify(labels.indicators, sizes, rng)
        return cover(fold, labels.positives, labels.indicators, self.n_splits)


class MultilabelStratifiedShuffleSplit(BaseShuffleSplit):
    """Random training and test parts in which every label has about the same share of positives.

    Each split is drawn independently, by iterative stratification. Missing entries are treated as
    in :class:`MultilabelStratifiedKFold`. A label with two positives or more has one in the
    training part and one in the test part, even if its share of a part would be rounded to none. If
    that does not hold for all labels at once, for example because the test part has fewer images
    than there are labels, a warning names the others.

    Parameters
    ----------
    n_splits : int, default=10
        Number of splits, at least 1.
    test_size, train_size : float, int or None, default=None
        Size of each part: a share of the samples, in (0, 1), or a number of them. None: the rest;
        if both are None, `test_size` is 0.1. Sizes are exactly those of
        :class:`sklearn.model_selection.ShuffleSplit`.
    random_state : int, RandomState instance or None, default=None
        Seeds the draws.

    Raises
    ------
    ValueError
        If `n_splits` cannot be used.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ctran.model_selection import MultilabelStratifiedShuffleSplit
    >>> Y = np.array([[1, 0], [1, 0], [0, 1], [0, 1]])
    >>> splitter = MultilabelStratifiedShuffleSplit(3, test_size=0.5, random_state=0)
    >>> [Y[test].sum(axis=0).tolist() for _, test in splitter.split(Y, Y)]
    [[1, 1], [1, 1], [1, 1]]
    """

    def __init__(
        self,
        n_splits: int = 10,
        *,
        test_size: float | None = None,
        train_size: float | None = None,
        random_state: RandomState = None,
    ) -> None:
        check_count("n_splits", n_splits)
        super().__init__(
            n_splits, test_size=test_size, train_size=train_size, random_state=random_state
        )

    def split(
        self, X: Labels, y: Labels, groups: None = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the rows of the training and the test part of each split.

        Parameters
        ----------
        X, y, groups : object
            As in :meth:`MultilabelStratifiedKFold.split`.

        Yields
        ------
        train, test : ndarray of int
            In random order.

        Raises
        ------
        ValueError
            If `y` holds other values or a label without annotated entries, the sizes do not fit the
            number of samples, or `groups` are given.

        Warns
        -----
        UserWarning
            If a label has no positive in the training or the test part; names the labels.
        """
        _refuse_groups(groups)
        check_rows(X=X, y=y)
        return super().split(X, y)

    def _iter_indices(self, X, y, groups=None):
        labels = StratifiedLabels(y)
        whole = ShuffleSplit(1, test_size=self.test_size, train_size=self.train_size)
        whole._default_test_size = self._default_test_size
        n_train, n_test = (len(part) for part in next(whole.split(np.empty(labels.n_samples))))
        sizes = np.array([n_train, n_test, labels.n_samples - n_train - n_test])
        rng = check_random_state(self.random_state)
        for _ in range(self.n_splits):
            part = stratify(labels.indicators, sizes, rng)
            part = cover(part, labels.positives, labels.indicators, 2)
            warn_without_positive(labels, part, 2, "training or test part")
            order = rng.permutation(labels.n_samples)
            yield order[part[order] == 0], order[part[order] == 1]


def multilabel_train_test_split(
    X: Labels,
    y: Labels,
    *arrays: Labels,
    test_size: float | None = None,
    train_size: float | None = None,
    random_state: RandomState = None,
) -> list[Any]:
    """Split images and labels into a training and a test part with the same shares of labels.

    A label with two positives or more has one in each part, as in
    :class:`MultilabelStratifiedShuffleSplit`.

    Parameters
    ----------
    X : array-like of n_samples elements
    y : array-like, sparse matrix or DataFrame of shape (n_samples, n_labels), or (n_samples,)
        The labels to stratify by, as in :meth:`MultilabelStratifiedKFold.split`.
    *arrays : array-like of n_samples elements
        Further arrays to split, such as extra labels or file names.
    test_size, train_size : float, int or None, default=None
        As in :class:`MultilabelStratifiedShuffleSplit`; if both are None, `test_size` is 0.25.
    random_state : int, RandomState instance or None, default=None
        Seeds the split.

    Returns
    -------
    parts : list of length 2 * (2 + len(arrays))
        ``X_train, X_test, y_train, y_test``, then two for each of `arrays`, of the types passed;
        sparse matrices become CSR.

    Raises
    ------
    ValueError
        As :meth:`MultilabelStratifiedShuffleSplit.split`, and if lengths differ or an argument is
        None.

    Warns
    -----
    UserWarning
        If a label has no positive in a part; names the labels.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ctran.model_selection import multilabel_train_test_split
    >>> Y = np.array([[1, 0], [1, 0], [0, 1], [0, 1]])
    >>> names = ["a", "b", "c", "d"]
    >>> *_, train, test = multilabel_train_test_split(Y, Y, names, test_size=0.5, random_state=0)
    >>> train, test
    (['b', 'c'], ['d', 'a'])
    """
    if X is None:
        raise ValueError("X is None, which cannot be split.")
    missing = [i for i, array in enumerate(arrays) if array is None]
    if missing:
        raise ValueError(f"arrays[{missing[0]}] is None, which cannot be split: leave it out.")
    X, y, *arrays = indexable(X, y, *arrays)
    check_rows(X=X, y=y, **{f"arrays[{i}]": array for i, array in enumerate(arrays)})
    splitter = MultilabelStratifiedShuffleSplit(
        1, test_size=test_size, train_size=train_size, random_state=random_state
    )
    splitter._default_test_size = 0.25
    rows = next(splitter.split(X, y))
    return [_safe_indexing(array, part) for array in (X, y, *arrays) for part in rows]


def _refuse_groups(groups):
    if groups is not None:
        raise ValueError(
            "groups are not supported: samples are assigned one by one. Leave groups out, or use "
            "MultilabelStratifiedGroupKFold."
        )


def warn_without_positive(labels, fold, n_folds, part):
    """Warn of labels without a positive in one of the first `n_folds` folds."""
    positives = sum_by_fold(labels.positives, fold, n_folds)
    n_folds_with = np.bincount(positives.tocoo().col, minlength=len(labels.names))
    lacking = labels.names[n_folds_with < n_folds]
    if len(lacking):
        warn(
            f"Label(s) {listed(lacking)} have no positive in some {part}, where their scores are "
            "undefined: use fewer or larger parts, or leave out labels that are so rare."
        )
