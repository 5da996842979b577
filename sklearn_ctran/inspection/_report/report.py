"""``report``: one HTML page of all that matters of a fitted estimator."""

import os
from collections.abc import Callable
from datetime import datetime
from functools import partial
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from string import Template

from sklearn.utils.validation import check_is_fitted

from sklearn_ctran._adapters.unwrap import unwrap
from sklearn_ctran._utils.checks import check_count
from sklearn_ctran._utils.files import replacing, writable
from sklearn_ctran._utils.progress import Progress
from sklearn_ctran._utils.typing import Estimator, FilePath, Images, KnownLabels, Labels
from sklearn_ctran.inspection._displays.canvas import import_pyplot
from sklearn_ctran.inspection._report import photos as sheets
from sklearn_ctran.inspection._report import sections
from sklearn_ctran.inspection._report.evidence import Evidence, gather
from sklearn_ctran.inspection._report.markup import Section, paragraph, text

#: Most photos of a sheet: about 10 kB each.
_MOST_PHOTOS = 200


def report(
    estimator: Estimator,
    X: Images,
    y: Labels,
    path: FilePath = "report.html",
    *,
    train: tuple[Images, Labels] | None = None,
    known_labels: KnownLabels = None,
    extra_labels: KnownLabels = None,
    photos: Images | None = None,
    title: str | None = None,
    n_photos: int = 24,
    label_errors: bool = False,
    verbose: int | None = None,
) -> Path:
    """Write one HTML page of all that matters of a fitted estimator.

    It has what looks wrong and what to do about it; scores of all labels together, of each, and
    against the share of labels that are known; calibration; the course of training; the labels and
    which occur together; what knowing a label does; the photos with most wrong labels; and what
    the model consists of. The page is one file that needs no network. It can be printed and mailed;
    photos are in it as thumbnails of at most 240 pixels.

    With many labels or images the page says what it leaves out: the table has at most 1,000
    labels, effects are those of the 20 most frequent labels on the first 200 images.

    Parameters
    ----------
    estimator : estimator, or pipeline or search (GridSearchCV, ...) that ends in one
        Fitted.
    X : array-like
        Images that it was not fitted on, in a form that it takes.
    y : array-like, sparse matrix or DataFrame of shape (n_samples, n_labels), or (n_samples,)
        Their labels, in any form that `fit` takes; -1 or NaN entries are not scored.
    path : str or path-like, default="report.html"
        Where the page is written. A file that is there is replaced, once the page is complete; if
        anything fails, it stays as it is.
    train : tuple (X, y), default=None
        What the estimator was fitted on, for :func:`diagnose`. None: rules that need it are left
        out, and named.
    known_labels, extra_labels : array-like, DataFrame or dict, default=None
        Known labels, as in ``predict_proba``. Known entries are not scored. The known-label curve
        draws its own `known_labels`.
    photos : array-like, default=None
        The images to show, a row for each of `X`, in any form of images that estimators take
        (paths, arrays, PIL images, ...). None: `X`, if it holds images; else none are shown.
    title : str, default=None
        Of the page. None: "Report on" and the class of the estimator.
    n_photos : int, default=24
        Photos of each sheet, from 0 to 200.
    label_errors : bool, default=False
        Whether to look for wrong labels in `y` (:func:`find_label_errors`). It fits the estimator
        on five folds of `X`. There is no such section for a 1-D `y`.
    verbose : int or None, default=None
        1: progress on standard error, a bar or lines of a log; 0: none. None: only on a terminal or
        in a notebook.

    Returns
    -------
    path : pathlib.Path
        Of the page.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError, TypeError
        If an argument cannot be used. Errors of the estimator are passed on.
    ImportError
        If matplotlib is not installed.
    OSError
        If the page cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> from sklearn_ctran.inspection import report
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> model = MaskedLinear(random_state=0).fit(X[:50], Y[:50])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = report(model, X[50:], Y[50:], Path(folder) / "report.html", title="Words")
    ...     "<h1>Words</h1>" in page.read_text(encoding="utf-8")
    True
    """
    check_is_fitted(estimator)
    file = _checked(estimator, path, n_photos)
    import_pyplot()  # Before minutes of predictions.
    with Progress("report", 9 + bool(label_errors), "section", verbose=verbose) as progress:
        progress.at("predictions")
        shown = sheets.photos_of(X, photos)
        evidence = gather(estimator, X, y, train, known_labels, extra_labels, shown)
        makers: dict[str, Callable[[Evidence], Section | None]] = {
            "overview": sections.overview,
            "findings": sections.findings,
            "scores": sections.scores,
            "calibration": sections.calibration,
            "photos": partial(sheets.contact_sheet, n_photos=n_photos),
            "effects": sections.effects,
            "label errors": partial(sheets.label_errors, n_photos=n_photos, verbose=verbose),
            "training": sections.training,
            "data": sections.data,
            "model": sections.model,
        }
        if not label_errors:
            del makers["label errors"]
        parts = []
        for name, make in makers.items():
            progress.at(name)
            parts.append(make(evidence))
            progress.update()
    name = type(evidence.final).__name__
    page = _page(title or f"Report on {name}", name, [part for part in parts if part is not None])
    with replacing(file) as unfinished:
        unfinished.write_text(page, encoding="utf-8")
    return file


def _checked(estimator, path, n_photos):
    """The path of the page; raises TypeError or ValueError if an argument cannot be used."""
    if not hasattr(unwrap(estimator)[0], "label_names_"):
        raise TypeError(
            "report needs an estimator of this package, or a pipeline or search that ends in one, "
            f"got {type(estimator).__name__}: sklearn_ctran.baselines.BinaryRelevance wraps others."
        )
    check_count("n_photos", n_photos, least=0)
    if n_photos > _MOST_PHOTOS:
        raise ValueError(
            f"n_photos must be at most {_MOST_PHOTOS}, because the photos are in the page, got "
            f"{n_photos}."
        )
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(
            f"path must say where the page is written, such as 'report.html', got {path!r}."
        )
    return writable(path, "report.html")


def _page(title, name, parts):
    """The whole page of some sections."""
    when = datetime.now().astimezone()
    here = files("sklearn_ctran.inspection._report")
    template, style, script = (
        here.joinpath(file).read_text(encoding="utf-8")
        for file in ("page.html", "page.css", "page.js")
    )
    return Template(template).substitute(
        title=text(title),
        subtitle=paragraph(f"{name}, {when:%Y-%m-%d %H:%M %Z}"),
        links="".join(f'<a href="#{part.key}">{text(part.title)}</a>' for part in parts),
        sections="\n".join(part.html for part in parts),
        footer=paragraph(f"Written by sklearn-ctran {version('sklearn-ctran')}."),
        style=style,
        script=script,
    )
