"""What a label attends to: places of a photo, and other labels."""

from numbers import Integral
from typing import Any, Literal

import numpy as np

from sklearn_ctran._images.pictures import are_pictures, read_pictures
from sklearn_ctran._utils.checks import check_count
from sklearn_ctran._utils.typing import Estimator, Images, KnownLabels
from sklearn_ctran.inspection._attention import Attention, attention
from sklearn_ctran.inspection._displays.bars import n_bars_that_fit, name_rows
from sklearn_ctran.inspection._displays.canvas import (
    COLOURS,
    axes_for,
    import_pyplot,
    ink,
    n_characters_that_fit,
    parts_of,
    points,
    shortened,
    size_of,
    write_note,
)
from sklearn_ctran.inspection._displays.choice import check_most, chosen, left_out_note
from sklearn_ctran.inspection._displays.documentation import documented

_KINDS = ("both", "photo", "labels")


class AttentionDisplay:
    """What the transformer reads for a label of one photo: places of it, and other labels.

    Where image tokens are regions (`regions`), their borders are drawn. Attention shows what is
    read, not why a label is predicted.

    Parameters
    ----------
    attention : Attention
        What :func:`attention` returned.
    label : object
        Name of the label that attends.
    row : int, default=0
        Which of its images.
    photo : ndarray of shape (height, width, 3), uint8, default=None
        The image, whole. None: only the map is drawn.

    Attributes
    ----------
    maps : ndarray of shape (n_layers, n_heads, n_rows, n_columns), float32, or None
        What the label takes from each place of the photo, in [0, 1]; None without such places.
    to_labels : ndarray of shape (n_layers, n_heads, n_all_labels), float32
        What it takes from each label, itself too.
    to_whole : ndarray of shape (n_layers, n_heads), float32
        What it takes from the token of the whole image; 0 without one.
    label_names : list of length n_all_labels
    shown_ : list
        Names of the labels that are drawn; empty if none are.
    drawn_ : dict
        (layer, head) -> the map that is drawn over the photo, an ndarray (n_rows, n_columns).
    axes_ : ndarray of matplotlib Axes
    ax_ : matplotlib Axes
        Those that the parts divide.
    figure_ : matplotlib Figure
        The last five after `plot`.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("agg")
    >>> from sklearn_ctran import CTranClassifier
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> from sklearn_ctran.inspection import AttentionDisplay
    >>> scenes = make_digit_scenes(20, random_state=0)
    >>> model = CTranClassifier(
    ...     backbone="small", image_size=None, d_model=8, n_layers=1, max_epochs=1, random_state=0
    ... ).fit(scenes.images, scenes.Y)
    >>> display = AttentionDisplay.from_estimator(model, scenes.images, 3, known_labels={6: 1})
    >>> display.maps.shape, display.to_labels.shape
    ((1, 4, 3, 3), (1, 4, 10))
    """

    def __init__(
        self,
        attention: Attention,
        label: Any,
        *,
        row: int = 0,
        photo: np.ndarray | None = None,
    ) -> None:
        weights = attention.of(label)
        if not 0 <= row < len(weights):
            raise ValueError(f"There is no row {row}: the attention is of {len(weights)} images.")
        n_image = attention.n_image_tokens
        self.attention = attention
        self.label = label
        self.photo = photo
        self.label_names = attention.label_names
        self.maps = None if attention.grid is None else attention.maps(label)[row]
        self.to_labels = weights[row, ..., n_image:]
        whole = weights[row, ..., 0]
        self.to_whole = whole if attention.has_whole or n_image == 1 else np.zeros_like(whole)

    @classmethod
    @documented
    def from_estimator(
        cls,
        estimator: Estimator,
        X: Images,
        label: Any,
        *,
        row: int = 0,
        known_labels: KnownLabels = None,
        extra_labels: KnownLabels = None,
        photos: Images | None = None,
        grid: tuple[int, int] | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> "AttentionDisplay":
        """Compute the attention of a label for one photo, and draw it.

        Parameters
        ----------
        estimator : CTranClassifier, or what wraps one
            Fitted.
        X : array-like
            Images, in a form that the estimator takes.
        label : object
            Name of a target or an extra label.
        row : int, default=0
            Which image of `X`; the others are not read.
        {known}
        {photos}
        grid : (int, int), default=None
            As in :func:`attention`.
        {plotted}

        Returns
        -------
        display : AttentionDisplay

        Raises
        ------
        ValueError
            If there is no such label or row, or an argument cannot be used.
        TypeError
            If the estimator has no transformer of this package.
        {no_matplotlib}
        """
        import_pyplot()  # Before minutes of computing.
        if not isinstance(row, Integral) or isinstance(row, bool):
            raise ValueError(f"row must be the number of one row of X, got {row!r}.")
        result = attention(estimator, X, known_labels, extra_labels, rows=[row], grid=grid)
        photo = None
        if photos is not None or are_pictures(X):
            (photo,) = read_pictures(X if photos is None else photos, [row])
        return cls(result, label, photo=photo).plot(ax=ax, **kwargs)

    @documented
    def plot(
        self,
        ax: Any = None,
        *,
        kind: Literal["both", "photo", "labels"] = "both",
        layer: Any = -1,
        head: Any = "mean",
        max_labels: Any = "auto",
        opacity: float = 0.6,
        cmap: Any = "magma",
    ) -> "AttentionDisplay":
        """Draw the attention.

        Parameters
        ----------
        {ax}
        kind : {"both", "photo", "labels"}, default="both"
            The map over the photo, bars of the labels that are attended to most, or both.
        layer : int, "mean" or "all", default=-1
            Which layer; -1 is the last, whose attention goes into the prediction. "all": a map
            for each.
        head : int, "mean" or "all", default="mean"
            Which head. "all": a map for each. Bars are means where there are several maps.
        {max_labels}
        opacity : float, default=0.6
            Of the map over the photo where most is read, in [0, 1]; less where less is read.
        cmap : str or matplotlib Colormap, default="magma"
            Colours of the map.

        Returns
        -------
        display : AttentionDisplay

        Raises
        ------
        ValueError
            If an argument cannot be used, or the model has no tokens of places in the image.
        {no_matplotlib}
        """
        if kind not in _KINDS:
            raise ValueError(f"kind must be 'both', 'photo' or 'labels', got {kind!r}.")
        check_most(max_labels)
        if kind != "labels" and self.maps is None:
            raise ValueError(
                "The model has no tokens of places in the photo (features of one vector, or "
                "use_image=False): kind='labels' draws what it attends to among labels."
            )
        n_layers, n_heads = self.to_whole.shape
        layers, heads = _chosen(layer, n_layers, "layer"), _chosen(head, n_heads, "head")
        cells = [(i, j) for i in layers for j in heads]
        self.drawn_, self.shown_ = {}, []
        wide = 9.0 if kind == "both" else 5.6
        self.ax_ = ax = axes_for(ax, (wide, 4.2 if len(layers) == 1 else 2.2 * len(layers) + 1))
        self.figure_ = ax.figure
        look = {"alpha": opacity, "cmap": cmap}
        if kind == "labels":
            self.axes_ = np.array([ax])
            self._draw_labels(ax, cells, max_labels)
            return self
        if kind == "photo":
            photo_ax = ax
        else:
            photo_ax, labels_ax = parts_of(ax, 1, 2, width_ratios=[1, 1], wspace=0.05)[0]
            self._draw_labels(labels_ax, cells, max_labels)
        self.axes_ = self._draw_maps(photo_ax, layers, heads, look)
        if kind == "both":
            self.axes_ = np.array([*self.axes_, labels_ax])
        return self

    def _draw_maps(self, ax, layers, heads, look):
        from matplotlib.ticker import PercentFormatter

        cells = [(i, j) for i in layers for j in heads]
        self.drawn_ = {cell: _pick(self.maps, *cell) for cell in cells}
        name = shortened([self.label], n_characters_that_fit(size_of(ax)[0] / 2, points("small")))
        if len(cells) == 1:
            parts = np.array([ax])
            write_note(ax, f"{name[0]}: {self._shares(*cells[0])}")
        else:
            options = {"wspace": 0.03, "hspace": 0.03}
            parts = parts_of(ax, len(layers), len(heads), f"attention of {name[0]}", **options)
            parts = parts.ravel()
        top = max(values.max() for values in self.drawn_.values())
        for part, cell in zip(parts, cells, strict=True):
            shown = self._overlay(part, self.drawn_[cell], top, look)
        if len(cells) > 1:
            small = {"fontsize": points("x-small"), "color": ink(ax)}
            for part, j in zip(parts, heads, strict=False):
                part.set_title(_text("head", j), pad=2, **small)
            for part, i in zip(parts[:: len(heads)], layers, strict=True):
                part.set_ylabel(_text("layer", i), **small)
        bar = ax.figure.colorbar(shown, ax=list(parts), shrink=0.8, pad=0.02, aspect=30)
        bar.ax.tick_params(labelsize=points("x-small"))
        bar.ax.yaxis.set_major_formatter(PercentFormatter(1))
        bar.solids.set_alpha(1)
        return parts

    def _overlay(self, ax, values, top, look):
        """The map over the photo, and the borders of its places."""
        height, width = (1, 1) if self.photo is None else self.photo.shape[:2]
        if self.photo is not None:
            ax.imshow(self.photo, extent=(0, width, height, 0))
            # Where little is read, the photo stays as it is.
            look = look | {"alpha": look["alpha"] * (0.2 + 0.8 * values / max(top, 1e-12))}
        else:
            look = look | {"alpha": 1.0}
            height, width = values.shape
        extent = self._extent(width, height)
        shown = ax.imshow(values, extent=extent, vmin=0, vmax=top, interpolation="nearest", **look)
        if self.attention.has_whole:
            for edges, draw, ends in (
                (np.linspace(extent[0], extent[1], values.shape[1] + 1), ax.vlines, extent[2:]),
                (np.linspace(extent[3], extent[2], values.shape[0] + 1), ax.hlines, extent[:2]),
            ):
                draw(edges, *ends, color="white", linewidth=0.8, alpha=0.9)
        ax.set(xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[])
        return shown

    def _extent(self, width, height):
        """Left, right, bottom and top of what the model sees of a picture."""
        left, right, bottom, upper = self.attention.box
        if not self.attention.is_centered:
            return left * width, right * width, bottom * height, upper * height
        side = min(width, height)
        x, y = (width - side) / 2, (height - side) / 2
        return x + left * side, x + right * side, y + bottom * side, y + upper * side

    def _shares(self, i, j):
        """What goes to the photo and to labels, in words."""
        places = _pick(self.maps, i, j).sum()
        labels, whole = _pick(self.to_labels, i, j).sum(), _pick(self.to_whole, i, j)
        text = f"{100 * places:.0f} % to places of the photo, {100 * labels:.0f} % to labels"
        if self.attention.has_whole:
            text += f", {100 * whole:.0f} % to the photo as a whole"
        return text

    def _draw_labels(self, ax, cells, max_labels):
        values = np.mean([_pick(self.to_labels, *cell) for cell in cells], axis=0)
        order = np.argsort(-values, kind="stable")
        show = chosen(order, self.label_names, None, max_labels, n_bars_that_fit(ax))
        self.shown_ = [self.label_names[i] for i in show]
        is_self = [name == self.label for name in self.shown_]
        ax.barh(
            range(len(show)),
            100 * values[show],
            color=np.where(is_self, COLOURS[1], COLOURS[0]),
            height=0.75,
        )
        name_rows(ax, self.shown_, share=0.22, marks=[" *" if own else "" for own in is_self])
        ax.set_xlabel("attention (%)")
        note = left_out_note(len(show), len(values), "the highest; ") + "* itself"
        write_note(ax, note)


def _chosen(which, n, name):
    """Layers or heads to draw: numbers, or "mean"."""
    if isinstance(which, str):
        if which not in ("mean", "all"):
            raise ValueError(f"{name} must be a number, 'mean' or 'all', got {which!r}.")
        return list(range(n)) if which == "all" else ["mean"]
    check_count(name, which, least=-n)
    if which >= n:
        raise ValueError(f"There is no {name} {which}: there are {n}, 0 to {n - 1}.")
    return [which % n]


def _pick(values, layer, head):
    """Values (n_layers, n_heads, ...) of a layer and a head, or their means."""
    values = values.mean(axis=0) if layer == "mean" else values[layer]
    return values.mean(axis=0) if head == "mean" else values[head]


def _text(what, which):
    return f"mean {what}" if which == "mean" else f"{what} {which}"
