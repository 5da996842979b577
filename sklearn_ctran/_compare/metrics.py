"""The metrics of ``compare``."""

import inspect
from collections.abc import Iterable, Mapping

import numpy as np

import sklearn_ctran.metrics as _metrics
from sklearn_ctran._compare.arguments import unique
from sklearn_ctran.metrics._scorers import _is_loss
from sklearn_ctran.modules.label_states import POSITIVE


def accuracy(y_true, y_score, *, known_labels=None):
    """Share of the rows whose true class has the highest score; of equal scores the first counts.

    Both arrays have the shape (n_samples, n_classes); `y_true` is 1 for the class, 0 for the
    others. `known_labels` is not used: the class of a sample cannot be known in part.
    """
    return float((y_true[np.arange(len(y_true)), y_score.argmax(axis=1)] == POSITIVE).mean())


_ALIASES = {
    "mAP": _metrics.mean_average_precision,
    "CP": _metrics.class_precision,
    "CR": _metrics.class_recall,
    "CF1": _metrics.class_f1,
    "OP": _metrics.overall_precision,
    "OR": _metrics.overall_recall,
    "OF1": _metrics.overall_f1,
    "accuracy": accuracy,
}


def read_metrics(metrics, exclusive):
    """Read names and metrics as a dict; `exclusive` is whether `y` is 1-D."""
    if metrics is None:
        metrics = "accuracy" if exclusive else "mAP"
    if isinstance(metrics, str) or callable(metrics):
        metrics = [metrics]
    if not isinstance(metrics, Iterable):
        raise TypeError(
            "metrics must be a name, a function, a dict of names to these, or a list of them, got "
            f"{metrics!r}."
        )
    if not isinstance(metrics, Mapping):
        metrics = list(metrics)
        names = unique([_metric_name(metric) for metric in metrics], "metrics")
        metrics = dict(zip(names, metrics, strict=True))
    if not metrics:
        raise ValueError("metrics is empty.")
    return {name: _read_metric(name, metric, exclusive) for name, metric in metrics.items()}


def _metric_name(metric):
    name = metric if isinstance(metric, str) else getattr(metric, "__name__", None)
    if name is None:
        raise TypeError(f"{metric!r} has no name: pass metrics as a dict of names to metrics.")
    return name


def _read_metric(name, metric, exclusive):
    if not isinstance(name, str):
        raise TypeError(f"Names of metrics must be texts, got {name!r}.")
    if isinstance(metric, str):
        if metric not in _ALIASES:
            raise ValueError(
                f"There is no metric {metric!r}; the names are {', '.join(_ALIASES)}. Any function "
                "of sklearn_ctran.metrics can be passed itself."
            )
        metric = _ALIASES[metric]
    if metric is accuracy and not exclusive:
        raise ValueError(
            "accuracy needs a y of one class per sample. For several labels use subset_accuracy "
            "or hamming_loss of sklearn_ctran.metrics."
        )
    try:
        inspect.signature(metric).bind(None, None, known_labels=None)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"The metric {name!r} cannot be called as metric(y_true, y_score, known_labels=...): "
            f"{error}. Pass a function of sklearn_ctran.metrics, or one of your own that takes "
            "known_labels and leaves out the entries that are -1 in y_true, and those that are not "
            "-1 in known_labels."
        ) from error
    return metric


def is_loss(metric):
    """Whether lower is better: a loss of this package, or ``greater_is_better`` is False."""
    return _is_loss(metric) or not getattr(metric, "greater_is_better", True)
