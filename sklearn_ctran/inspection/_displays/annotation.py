"""Quality against the number of annotated labels."""

from typing import Any, Literal

from sklearn_ctran._utils.typing import Estimator, Images, Labels
from sklearn_ctran.inspection._annotation import AnnotationCurves, simulate_annotation
from sklearn_ctran.inspection._displays.canvas import (
    add_legend,
    axes_for,
    import_pyplot,
    series_style,
)
from sklearn_ctran.inspection._displays.documentation import documented

_TITLES = {"mAP": "mAP of unknown labels", "table_mAP": "mAP of the whole table"}


class AnnotationDisplay:
    """Mean average precision against the number of labels asked for, a line for each strategy.

    Parameters
    ----------
    curves : AnnotationCurves
        What :func:`simulate_annotation` returned.

    Attributes
    ----------
    curves : AnnotationCurves
    lines_ : dict of str to matplotlib Line2D
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
        The last three after `plot`.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("agg")
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> from sklearn_ctran.inspection import AnnotationDisplay
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> model = MaskedLinear(random_state=0).fit(X[:50], Y[:50])
    >>> display = AnnotationDisplay.from_estimator(
    ...     model, X[50:], Y[50:], strategies=["uncertain"], n_questions=2
    ... )
    >>> display.lines_["uncertain"].get_ydata().round(2)
    array([0.66, 0.82, 0.9 ])
    """

    def __init__(self, curves: AnnotationCurves) -> None:
        self.curves = curves
        self.lines_: dict = {}

    @classmethod
    @documented
    def from_estimator(
        cls,
        estimator: Estimator,
        X: Images,
        y: Labels,
        *,
        measure: Literal["table_mAP", "mAP"] = "table_mAP",
        ax: Any = None,
        **kwargs: Any,
    ) -> "AnnotationDisplay":
        """Simulate an annotator, and draw the curves.

        Parameters
        ----------
        {fitted}
        y : array-like of shape (n_samples, n_labels)
            The answers, as in :func:`simulate_annotation`.
        measure : {"table_mAP", "mAP"}, default="table_mAP"
            As in :meth:`plot`.
        {ax}
        **kwargs : object
            Further arguments of :func:`simulate_annotation`.

        Returns
        -------
        display : AnnotationDisplay
        """
        import_pyplot()  # Before minutes of predictions.
        return cls(simulate_annotation(estimator, X, y, **kwargs)).plot(ax=ax, measure=measure)

    @classmethod
    @documented
    def from_curves(
        cls, curves: AnnotationCurves, *, ax: Any = None, **kwargs: Any
    ) -> "AnnotationDisplay":
        """Draw curves that are computed already.

        Parameters
        ----------
        curves : AnnotationCurves
            What :func:`simulate_annotation` returned.
        {plotted}

        Returns
        -------
        display : AnnotationDisplay
        """
        return cls(curves).plot(ax=ax, **kwargs)

    @documented
    def plot(
        self, ax: Any = None, *, measure: Literal["table_mAP", "mAP"] = "table_mAP"
    ) -> "AnnotationDisplay":
        """Draw the curves.

        Parameters
        ----------
        {ax}
        measure : {"table_mAP", "mAP"}, default="table_mAP"
            "table_mAP": of all labels, those answered too. "mAP": of those still unknown, or of
            those that were scored.

        Returns
        -------
        display : AnnotationDisplay

        Raises
        ------
        ValueError
            If there is no such measure.
        {no_matplotlib}
        """
        if measure not in _TITLES:
            raise ValueError(f"measure must be 'table_mAP' or 'mAP', got {measure!r}.")
        self.ax_ = ax = axes_for(ax, (6.4, 4.4))
        self.figure_ = ax.figure
        for i, (name, values) in enumerate(getattr(self.curves, measure).items()):
            style = series_style(i)
            if len(values) > 30:
                style["marker"] = None
            (self.lines_[name],) = ax.plot(self.curves.n_questions, values, **style)
        ax.set(xlabel="labels asked for, per photo", ylabel=_TITLES[measure])
        ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        add_legend(ax, list(self.lines_.values()), list(self.lines_))
        return self
