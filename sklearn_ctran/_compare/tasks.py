"""One task of ``compare``: fit a method on a part, ask it at every share, score its answers."""

import inspect
import time
import traceback
import warnings
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from sklearn.base import clone

from sklearn_ctran._adapters.probabilities import predict_proba, takes_known_labels
from sklearn_ctran._adapters.samples import fit
from sklearn_ctran._adapters.unwrap import fit_target, fits_with, unwrap
from sklearn_ctran._labels.states import check_columns
from sklearn_ctran._protocol import LabelPredictions
from sklearn_ctran._utils.names import as_names, describe
from sklearn_ctran.metrics._known import draw_known_labels
from sklearn_ctran.metrics._own_threshold import with_own_threshold
from sklearn_ctran.model_selection._meta import LearnedOutOfFold

#: Added to a seed: what is told of the extra labels is not where it is told of the others.
_EXTRA_SEED = 2**31


#: Between the seeds of draws, so that those of seeds close to each other differ.
_DRAW_STEP = 1_000_003


@dataclass(frozen=True)
class Questionnaire:
    """What every fitted method is asked, and how its answers are scored.

    Attributes
    ----------
    known_fractions : list of float
    extra_known_fractions : list of float, or [None] if there are no extra labels
    metrics : dict of str to callable
    n_draws : int
    """

    known_fractions: list
    extra_known_fractions: list
    metrics: dict
    n_draws: int

    @property
    def shares(self):
        """All pairs of a known and an extra known fraction."""
        return list(product(self.known_fractions, self.extra_known_fractions))


def run_task(estimator, samples, part, questions, reseed):
    """Fit, ask and score; errors are part of what is returned.

    Parameters
    ----------
    estimator : estimator
        Cloned.
    samples : Samples
    part : Part
    questions : Questionnaire
    reseed : bool
        Whether every `random_state` of the estimator is set to the seed, or those that are None.

    Returns
    -------
    outcome : dict
        ``rows``, list of dict: ``known_fraction``, ``extra_known_fraction``, ``metric``, ``score``,
        ``fit_seconds``, ``predict_seconds``; ``errors``, list of dict: ``where``, ``message``,
        ``traceback``; ``warnings``, list of str. Nothing else than numbers and text.
    """
    with warnings.catch_warnings(record=True) as caught:
        outcome = _run(estimator, samples, part, questions, reseed)
    texts = {f"{each.category.__name__}: {each.message}": None for each in caught}
    return {**outcome, "warnings": list(texts)}


def _run(estimator, samples, part, questions, reseed):
    outcome = {"rows": [], "errors": []}
    try:
        method = _Fitted(_seeded(clone(estimator), part.seed, reseed), samples.take(part.train))
        held_out = samples.take(part.test)
        method.look_at(held_out.X)
    except Exception as error:
        outcome["errors"].append(_describe("", error))
        return outcome
    for known_fraction, extra_fraction in questions.shares:
        where = f"known_fraction {known_fraction:g}"
        if extra_fraction is not None:
            where += f", extra_known_fraction {extra_fraction:g}"
        try:
            answers = [
                method.answer(held_out, known_fraction, extra_fraction, seed)
                for seed in _draw_seeds(part.seed, known_fraction, extra_fraction, questions)
            ]
        except Exception as error:
            outcome["errors"].append(_describe(where, error))
            continue
        for name, metric in questions.metrics.items():
            try:
                scores = [
                    _score(name, method.complete(metric), held_out.targets.states, proba, known)
                    for proba, known, _ in answers
                ]
            except Exception as error:
                outcome["errors"].append(_describe(f"{where}, metric {name}", error))
                continue
            outcome["rows"].append(
                {
                    "known_fraction": known_fraction,
                    "extra_known_fraction": extra_fraction,
                    "metric": name,
                    "score": float(np.mean(scores)),
                    "fit_seconds": method.fit_seconds,
                    "predict_seconds": float(np.mean([seconds for *_, seconds in answers])),
                }
            )
    return outcome


def _describe(where, error):
    text = "".join(traceback.format_exception(error))
    return {"where": where, "message": f"{type(error).__name__}: {error}", "traceback": text}


def _seeded(estimator, seed, reseed):
    seeds = {
        name: seed
        for name, value in estimator.get_params().items()
        if name.rpartition("__")[2] == "random_state" and (reseed or value is None)
    }
    estimator.set_params(**seeds)  # FrozenEstimator's returns None.
    return estimator


def _draw_seeds(seed, known_fraction, extra_fraction, questions):
    """Seeds of the draws of what is told; the first is the part's own."""
    if not known_fraction and extra_fraction in (None, 0, 1):
        return [seed]  # Nothing is drawn.
    return [(seed + draw * _DRAW_STEP) % 2**32 for draw in range(questions.n_draws)]


def _draw_extra(extra_labels, fraction, seed):
    """What is told of the extra labels, ndarray of shape (n_samples, n_extra_labels), or None."""
    if not fraction:
        return None
    states = np.column_stack(list(extra_labels.values()))
    return draw_known_labels(states, fraction, (seed + _EXTRA_SEED) % 2**32)


def _score(name, metric, truth, proba, known):
    score = metric(truth, proba, known_labels=known)
    if np.ndim(score) != 0:
        raise ValueError(
            f"The metric {name!r} returned an array of shape {np.shape(score)}; it must return "
            "one number, such as that of average='macro'."
        )
    return float(score)


class _Fitted:
    """A fitted method that can be asked about the same images again and again.

    Parameters
    ----------
    estimator : estimator
    samples : Samples
        To fit on.
    """

    def __init__(self, estimator, samples):
        if not hasattr(estimator, "predict_proba"):
            name = type(unwrap(estimator)[0]).__name__
            raise TypeError(
                f"{name} has no predict_proba, which is what is compared. If a classifier inside "
                "of it lacks one, wrap that in CalibratedClassifierCV."
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
        # Of the estimators of the protocol, a frozen one may have learned them before.
        learned = learned or len(getattr(final, "extra_label_names_", ())) > 0
        self._takes_extra = learned and "extra_labels" in parameters
        self._untold = None

    def look_at(self, X):
        """Do once, with images, what does not depend on what is known of them.

        Parameters
        ----------
        X : array-like
        """
        start = time.perf_counter()
        self._final, X = unwrap(self._estimator, X)
        if isinstance(self._final, LabelPredictions) and hasattr(self._final, "encode"):
            X = self._final.encode(X)
        self._X = X
        self._look_seconds = time.perf_counter() - start

    def complete(self, metric):
        """A metric, with the method's thresholds if it has any."""
        return with_own_threshold(metric, self._final)

    def answer(self, held_out, known_fraction, extra_fraction, seed):
        """Draw what is told, and ask.

        Parameters
        ----------
        held_out : Samples
            With the images looked at.
        known_fraction : float
        extra_fraction : float or None
        seed : int
            Determines what is told.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_labels)
        known : ndarray of shape (n_samples, n_labels)
            What was to be told; the rest is to be scored.
        seconds : float
        """
        known = draw_known_labels(held_out.targets.states, known_fraction, seed)
        proba, seconds = self.ask(
            held_out.targets,
            known if known_fraction else None,
            _draw_extra(held_out.extra_labels, extra_fraction, seed),
        )
        return proba, known, seconds

    def ask(self, targets, known, extra):
        """Probabilities of the images looked at, and the seconds that they take from scratch.

        Parameters
        ----------
        targets : Targets
        known, extra : ndarray of shape (n_samples, n_labels) or (n_samples, n_extra_labels), \
                or None
            What is told, as far as the method can be told.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_labels)
        seconds : float
        """
        known = known if self._takes_known else None
        extra = extra if self._takes_extra else None
        if known is None and extra is None and self._untold:
            return self._untold  # A method that cannot be told answers once.
        start = time.perf_counter()
        proba = np.array(predict_proba(self._final, self._X, targets, known, extra))
        proba.setflags(write=False)  # No metric is to spoil it for the next one.
        seconds = self._look_seconds + time.perf_counter() - start
        if known is None and extra is None:
            self._untold = proba, seconds
        return proba, seconds


def _check_names(fitted, samples):
    """Refuse a method, fitted before, whose labels are others, or in another order."""
    own = getattr(fitted, "label_names_", None)
    if own is not None and hasattr(samples.y, "columns"):
        check_columns(samples.y.columns, own)
    own, given = getattr(fitted, "extra_label_names_", ()), samples.extra_labels
    if len(own) and given is not None and list(own) != list(given):
        raise ValueError(
            f"The method was fitted with the extra labels {describe(as_names(own))}; "
            f"extra_labels has {describe(as_names(given))}."
        )


def _learns_extra(estimator):
    """Whether extra labels can be told to `fit`, and to that of what it wraps if it passes on."""
    step, _, _ = fit_target(estimator)
    takes = fits_with(step, "extra_labels")
    if takes and isinstance(step, LearnedOutOfFold):
        return _learns_extra(step.estimator)
    return takes
