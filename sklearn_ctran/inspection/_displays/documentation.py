"""What the docstrings of all pictures share, written once."""

from sklearn_ctran._utils.typing import Function
from sklearn_ctran.metrics._documentation import SHARED_TEXTS, with_shared_parameters

_AX = """\
ax : matplotlib Axes, default=None
    Where to draw. None: in a new figure. In a figure of your own, ``layout="constrained"`` makes
    room for names."""

_FITTED = """\
estimator : estimator, or pipeline or search that ends in one
    Fitted.
X : array-like
    Images, in a form that the estimator takes."""

_KNOWN = """\
known_labels, extra_labels : array-like, DataFrame or dict, default=None
    Known labels, as in ``predict_proba``."""

_PHOTOS = """\
photos : array-like, default=None
    The images to show, a row for each of `X`, in any form of images that estimators take (paths,
    arrays, PIL images, ...). None: `X`, if it holds images."""

_TEXTS = SHARED_TEXTS | {
    "{ax}": _AX,
    "{plotted}": f"""\
{_AX}
**kwargs : object
    Arguments of :meth:`plot`.""",
    "{fitted}": _FITTED,
    "{known}": _KNOWN,
    "{photos}": _PHOTOS,
    "{scored}": f"""\
{_FITTED} Not those of its `fit`.
y : array-like, sparse matrix or DataFrame of shape (n_samples, n_labels)
    The truth; -1 or NaN entries do not count.
{_KNOWN} Known entries do not count.
sample_weight : array-like of shape (n_samples,), default=None
    Weights of the rows.""",
    "{label_names}": """\
label_names : array-like of shape (n_labels,), default=None
    Names of the labels. None: the columns of a DataFrame, else positions.""",
    "{max_labels}": """\
max_labels : int or "auto", default="auto"
    How many labels are drawn at most. "auto": as many as can be read in the axes. The picture
    says what is left out.""",
    "{no_matplotlib}": """\
ImportError
    If matplotlib is not installed.""",
}


def documented(function: Function) -> Function:
    """Replace lines like ``{ax}`` in a docstring by what pictures share; return the function."""
    return with_shared_parameters(function, _TEXTS)
