"""A fitted method of ``compare``, which predicts for the same images with other labels known."""

import inspect
import time
from dataclasses import replace

import numpy as np

from sklearn_ctran._adapters.probabilities import predict_proba, takes_known_labels
from sklearn_ctran._adapters.samples import fit
from sklearn_ctran._adapters.unwrap import fit_target, fits_with, unwrap
from sklearn_ctran._labels.states import column_order
from sklearn_ctran._protocol import LabelPredictions
from sklearn_ctran._utils.frames import columns_of
from sklearn_ctran._utils.names import listed
from sklearn_ctran.metrics._own_threshold import with_own_threshold
from sklearn_ctran.model_selection._meta import LearnedOutOfFold


class FittedMethod:
    """Fits an estimator on Samples, and predicts for the same images with other labels known.

    Raises TypeError if the estimator has no ``predict_proba``, and ValueError if it was fitted
    before, with other labels.
    """

    def __init__(self, estimator, samples):
        if not hasattr(estimator, "predict_proba"):
            name = type(unwrap(estimator)[0]).__name__
            raise TypeError(
                f"{name} has no predict_proba, which compare needs. If a classifier inside it "
                "lacks one, wrap that classifier in CalibratedClassifierCV."
            )
        if samples.extra_labels is not None and not _learns_extra(estimator):
            samples = replace(samples, extra_labels=None)
        start = time.perf_counter()
        fit(estimator, samples)
        self.fit_seconds = time.perf_counter() - start
        self._estimator = estimator
        final, _ = unwrap(estimator)
        _check_names(final, samples)
        self._final = final
        self._takes_known = takes_known_labels(final)
        parameters = inspect.signature(final.predict_proba).parameters
        learned = samples.extra_labels is not None
        # A frozen estimator may have learned extra labels before.
        learned = learned or len(getattr(final, "extra_label_names_", ())) > 0
        self._takes_extra = learned and "extra_labels" in parameters
        self._unconditional = None

    def encode(self, X):
        """Do once, with images, what does not depend on known labels."""
        start = time.perf_counter()
        self._final, X = unwrap(self._estimator, X)
        if isinstance(self._final, LabelPredictions) and hasattr(self._final, "encode"):
            X = self._final.encode(X)
        self._X = X
        self._encode_seconds = time.perf_counter() - start

    def with_own_threshold(self, metric):
        """The metric with the thresholds of the method, if it has any."""
        return with_own_threshold(metric, self._final)

    def predict_proba(self, targets, known, extra):
        """Predict for the encoded images; return `proba` and the seconds, including :meth:`encode`.

        `known` (n_samples, n_labels) and `extra` (n_samples, n_extra_labels) are states or None;
        they are ignored if the method does not take them. `proba` (n_samples, n_labels) is
        read-only.
        """
        known = known if self._takes_known else None
        extra = extra if self._takes_extra else None
        if known is not None or extra is not None:
            return self._predict(targets, known, extra)
        if self._unconditional is None:  # Without known labels one prediction is enough.
            self._unconditional = self._predict(targets, None, None)
        return self._unconditional

    def _predict(self, targets, known, extra):
        start = time.perf_counter()
        proba = np.array(predict_proba(self._final, self._X, targets, known, extra))
        proba.setflags(write=False)  # A metric that writes to it would change the next one's score.
        return proba, self._encode_seconds + time.perf_counter() - start


def _check_names(fitted, samples):
    """Raise ValueError if a method that was fitted before has other labels, or another order."""
    own = getattr(fitted, "label_names_", None)
    columns = columns_of(samples.y)
    if own is not None and columns is not None:
        order = column_order(columns, own)
        if order != sorted(order):
            raise ValueError(
                "The method was fitted before, on the labels in another order than that of y: pass "
                f"y[{listed(own)}]."
            )
    own, given = getattr(fitted, "extra_label_names_", ()), samples.extra_labels
    if len(own) and given is not None and list(own) != list(given):
        raise ValueError(
            f"The method was fitted with the extra labels {listed(own)}; "
            f"extra_labels has {listed(given)}."
        )


def _learns_extra(estimator):
    """Whether `fit` takes extra labels, also that of the estimator to which it passes them on."""
    step, _, _ = fit_target(estimator)
    takes = fits_with(step, "extra_labels")
    if takes and isinstance(step, LearnedOutOfFold):
        return _learns_extra(step.estimator)
    return takes
