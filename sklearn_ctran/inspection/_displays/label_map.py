"""A map of labels by their embeddings (paper, Figure 4)."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from sklearn_ctran._utils.names import as_names
from sklearn_ctran._utils.typing import Estimator, LabelNames, RandomState
from sklearn_ctran.inspection._attention import transformer_of
from sklearn_ctran.inspection._displays.canvas import (
    COLOURS,
    MARKERS,
    OTHER,
    add_legend,
    axes_for,
    ink,
    points,
    shortened,
    write_note,
)
from sklearn_ctran.inspection._displays.choice import check_most, positions_of
from sklearn_ctran.inspection._displays.documentation import documented

_REST = "in no group"


class LabelMapDisplay:
    """Labels as points, near one another if the model has like embeddings of them.

    Parameters
    ----------
    embeddings : array-like of shape (n_labels, d)
        Of the labels.
    label_names : array-like of shape (n_labels,)
        Names of the labels.
    groups : dict, default=None
        Name of a group -> names of its labels, for the colours. A label is in one group at most.
    method : {"tsne", "pca"}, default="tsne"
        How the embeddings become points.
    random_state : int, RandomState instance or None, default=0
        Seeds t-SNE.

    Attributes
    ----------
    points : ndarray of shape (n_labels, 2), float
        Places of the labels. Axes of t-SNE have no meaning.
    explained_ : ndarray of shape (2,), float, or None
        Shares of the variance along the axes of PCA; None for t-SNE.
    group_of : list of length n_labels
        Name of each label's group, or None.
    label_names : list of length n_labels
    named_ : list
        Names that are written. Where names would cover one another, some are left out.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
        The last three after `plot`.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("agg")
    >>> from sklearn_ctran.inspection import LabelMapDisplay
    >>> embeddings = [[0, 1, 0], [0, 2, 0], [3, 0, 0]]
    >>> display = LabelMapDisplay.from_embeddings(
    ...     embeddings, ["cat", "dog", "car"], groups={"animal": ["cat", "dog"]}, method="pca"
    ... )
    >>> display.points.shape, display.group_of
    ((3, 2), ['animal', 'animal', None])
    """

    def __init__(
        self,
        embeddings: ArrayLike,
        label_names: LabelNames,
        *,
        groups: Mapping[Any, Sequence[Any]] | None = None,
        method: Literal["tsne", "pca"] = "tsne",
        random_state: RandomState = 0,
    ) -> None:
        embeddings = np.asarray(embeddings, dtype=np.float64)
        self.label_names = as_names(label_names).tolist()
        if embeddings.ndim != 2 or len(embeddings) != len(self.label_names):
            raise ValueError(
                f"embeddings must have a row for each of {len(self.label_names)} labels, got shape "
                f"{embeddings.shape}."
            )
        if len(embeddings) < 3:
            raise ValueError(f"A map needs at least 3 labels, got {len(embeddings)}.")
        self.method = method
        self.group_of = _groups(groups, self.label_names)
        self.points, self.explained_ = _places(embeddings, method, random_state)

    @classmethod
    @documented
    def from_estimator(
        cls,
        estimator: Estimator,
        *,
        groups: Mapping[Any, Sequence[Any]] | None = None,
        method: Literal["tsne", "pca"] = "tsne",
        random_state: RandomState = 0,
        ax: Any = None,
        **kwargs: Any,
    ) -> "LabelMapDisplay":
        """Draw the map of the labels of a fitted estimator, extra labels too.

        Parameters
        ----------
        estimator : CTranClassifier, or what wraps one
            Fitted.
        groups : dict, default=None
            Name of a group -> names of its labels, for the colours. None: the estimator's
            `label_groups`.
        method : {"tsne", "pca"}, default="tsne"
            "tsne": neighbours stay neighbours (the paper's Figure 4). "pca": the two directions
            along which embeddings differ most.
        random_state : int, RandomState instance or None, default=0
            Seeds t-SNE.
        {plotted}

        Returns
        -------
        display : LabelMapDisplay

        Raises
        ------
        TypeError
            If the estimator has no transformer of this package.
        ValueError
            If there are fewer than 3 labels, or an argument cannot be used.
        {no_matplotlib}
        """
        inner, _ = transformer_of(estimator)
        embeddings = inner.net_.module_.label_embedding.label.detach().float().cpu().numpy()
        return cls.from_embeddings(
            embeddings,
            inner.task_.all_names,
            groups=inner.task_.groups if groups is None else groups,
            method=method,
            random_state=random_state,
            ax=ax,
            **kwargs,
        )

    @classmethod
    @documented
    def from_embeddings(
        cls,
        embeddings: ArrayLike,
        label_names: LabelNames,
        *,
        groups: Mapping[Any, Sequence[Any]] | None = None,
        method: Literal["tsne", "pca"] = "tsne",
        random_state: RandomState = 0,
        ax: Any = None,
        **kwargs: Any,
    ) -> "LabelMapDisplay":
        """Draw the map of given embeddings.

        Parameters
        ----------
        embeddings : array-like of shape (n_labels, d)
            Of the labels.
        label_names : array-like of shape (n_labels,)
            Names of the labels.
        groups, method, random_state
            As in :meth:`from_estimator`.
        {plotted}

        Returns
        -------
        display : LabelMapDisplay
        """
        display = cls(
            embeddings, label_names, groups=groups, method=method, random_state=random_state
        )
        return display.plot(ax=ax, **kwargs)

    @documented
    def plot(
        self,
        ax: Any = None,
        *,
        labels: Sequence[Any] | None = None,
        max_labels: Any = "auto",
    ) -> "LabelMapDisplay":
        """Draw a point for each label, and names where there is room.

        Parameters
        ----------
        {ax}
        labels : list, default=None
            Names that are written first, over points too. None: those farthest from the middle.
        max_labels : int or "auto", default="auto"
            How many names are written at most; all points are drawn. "auto": as many as do not
            cover one another. The picture says how many are left out.

        Returns
        -------
        display : LabelMapDisplay

        Raises
        ------
        ValueError
            If `labels` or `max_labels` cannot be used.
        {no_matplotlib}
        """
        check_most(max_labels)
        distance = np.linalg.norm(self.points - self.points.mean(axis=0), axis=1)
        order = np.argsort(-distance, kind="stable").tolist()
        first = [] if labels is None else positions_of(labels, self.label_names)
        order = first + [i for i in order if i not in set(first)]
        self.ax_ = ax = axes_for(ax, (7.2, 5.6))
        self.figure_ = ax.figure
        groups = list(dict.fromkeys(group for group in self.group_of if group is not None))
        for i, group in enumerate([*groups, None]):
            self._draw_group(ax, i, group)
        if groups:
            names = [*groups, *([_REST] if None in self.group_of else [])]
            add_legend(ax, ax.collections[: len(names)], names)
        ax.set(xticks=[], yticks=[])
        ax.margins(0.12, 0.06)
        for axis, name, i in ((ax.xaxis, "first", 0), (ax.yaxis, "second", 1)):
            if self.explained_ is not None:
                share = f"{name} component ({100 * self.explained_[i]:.0f} %)"
                axis.set_label_text(share, fontsize=points("small"))
        n_all, how = len(self.label_names), "t-SNE" if self.method == "tsne" else "PCA"
        note = f"{n_all} labels by {how} of their embeddings"
        write_note(ax, f"{note}, {n_all} named")
        # Where points are depends on the layout, of the whole figure if `ax` is in a part of it.
        ax.figure.canvas.figure.draw_without_rendering()
        self.named_ = self._write_names(ax, order, max_labels, len(first))
        n_named = len(self.named_)
        write_note(ax, f"{note}, {n_named} named" if n_named < n_all else note)
        return self

    def _draw_group(self, ax, i, group):
        members = [j for j, own in enumerate(self.group_of) if own == group]
        if not members:
            return
        colour, marker = COLOURS[i % 6], MARKERS[(i + i // 6) % len(MARKERS)]
        if group is None:
            colour, marker = OTHER if i else COLOURS[0], "."
        size = 36 if len(self.label_names) <= 100 else 16
        ax.scatter(*self.points[members].T, color=colour, marker=marker, s=size)

    def _write_names(self, ax, order, max_labels, n_first):
        """Write names beside points, without covering one another.

        Only the names of the first `n_first` labels may cover points.
        """
        size = points("small" if len(order) <= 100 else "x-small")
        texts = shortened(self.label_names, 22)
        most = len(order) if max_labels == "auto" else max_labels
        where = ax.transData.transform(self.points)
        half = ax.figure.dpi / 72 * 3
        taken = np.column_stack([where - half, where + half])
        inside, named = ax.get_window_extent(), []
        for place, label in enumerate(order):
            if len(named) == most:
                break
            others = taken[len(order) :] if place < n_first else np.delete(taken, label, axis=0)
            for align, shift in (("left", 5), ("right", -5)):
                text = ax.annotate(
                    texts[label],
                    self.points[label],
                    (shift, 0),
                    textcoords="offset points",
                    ha=align,
                    va="center",
                    fontsize=size,
                    color=ink(ax),
                )
                box = text.get_window_extent()
                extent = np.array([box.x0, box.y0, box.x1, box.y1])
                is_free = inside.x0 <= box.x0 and box.x1 <= inside.x1
                if is_free and not _touches(extent, others):
                    taken = np.vstack([taken, extent])
                    named.append(self.label_names[label])
                    break
                text.remove()
        return named


def _touches(box, others):
    """Whether a box (left, bottom, right, top) covers a part of others (n, 4)."""
    apart = (
        (others[:, 0] >= box[2])
        | (others[:, 2] <= box[0])
        | (others[:, 1] >= box[3])
        | (others[:, 3] <= box[1])
    )
    return not apart.all()


def _places(embeddings, method, random_state):
    """Points (n_labels, 2), and the shares of variance along their axes, or None."""
    if method == "pca":
        pca = PCA(2, svd_solver="full").fit(embeddings)
        return pca.transform(embeddings), pca.explained_variance_ratio_
    if method != "tsne":
        raise ValueError(f"method must be 'tsne' or 'pca', got {method!r}.")
    perplexity = min(30.0, (len(embeddings) - 1) / 3)
    tsne = TSNE(2, perplexity=perplexity, init="pca", random_state=random_state)
    return tsne.fit_transform(embeddings.astype(np.float32)), None


def _groups(groups, names):
    """The group of each label, or None; raises ValueError if one is in two of them."""
    group_of = [None] * len(names)
    for group, labels in (groups or {}).items():
        for i in positions_of(list(labels), names, f"groups[{group!r}]"):
            if group_of[i] is not None:
                raise ValueError(f"{names[i]!r} is in two groups, {group_of[i]!r} and {group!r}.")
            group_of[i] = group
    return group_of
