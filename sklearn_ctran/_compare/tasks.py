"""The tasks of ``compare``: fit one method on one fold, score it at every share of known labels."""

import traceback
import warnings
from dataclasses import dataclass
from itertools import product

import numpy as np
from sklearn.base import clone

from sklearn_ctran._compare.fitted import FittedMethod
from sklearn_ctran._compare.folds import Fold
from sklearn_ctran.metrics._inputs import default_names
from sklearn_ctran.metrics._known import draw_known_labels

#: Added to a seed, so that extra labels are known at other places than targets.
_EXTRA_SEED = 2**31

#: Between the seeds of draws, so that draws of neighbouring seeds differ.
_DRAW_STEP = 1_000_003


@dataclass(frozen=True)
class Task:
    """A method to fit and score on a fold."""

    name: str
    estimator: object
    fold: Fold
    reseed: bool  #: set each `random_state` of the estimator, not only those that are None


@dataclass(frozen=True)
class Evaluation:
    """How every fitted method is scored."""

    known_fractions: list
    extra_known_fractions: list  #: [None] if there are no extra labels
    metrics: dict
    n_draws: int

    @property
    def shares(self):
        """All pairs of a known fraction and an extra known fraction."""
        return list(product(self.known_fractions, self.extra_known_fractions))


def run_task(task, samples, evaluation):
    """Fit, predict and score; errors are returned, not raised.

    The outcome is a dict of numbers and text only: ``rows``, dicts with ``known_fraction``,
    ``extra_known_fraction`` (only if there are extra labels), ``metric``, ``score``,
    ``fit_seconds`` and ``predict_seconds``; ``errors``, dicts with ``where``, ``message`` and
    ``traceback``; ``warnings``, a list of str.
    """
    outcome = {"rows": [], "errors": []}
    with warnings.catch_warnings(record=True) as caught:
        try:
            method, held_out = _fit(task, samples)
        except Exception as error:
            outcome["errors"].append(_describe("", error))
        else:
            for share in evaluation.shares:
                _score_share(outcome, method, held_out, share, task.fold.seed, evaluation)
    texts = {f"{each.category.__name__}: {each.message}": None for each in caught}
    return {**outcome, "warnings": list(texts)}


def _fit(task, samples):
    """A fitted clone of the method, and the held-out samples."""
    estimator = clone(task.estimator)
    seeds = {
        name: task.fold.seed
        for name, value in estimator.get_params().items()
        if name.rpartition("__")[2] == "random_state" and (task.reseed or value is None)
    }
    estimator.set_params(**seeds)
    method = FittedMethod(estimator, samples.take(task.fold.train))
    held_out = samples.take(task.fold.test)
    method.encode(held_out.X)
    return method, held_out


def _score_share(outcome, method, held_out, share, seed, evaluation):
    """Add the scores at a pair of known fractions to the outcome, or the errors."""
    fraction, extra_fraction = share
    place = {"known_fraction": fraction}
    if extra_fraction is not None:
        place["extra_known_fraction"] = extra_fraction
    where = ", ".join(f"{name} {value:g}" for name, value in place.items())
    try:
        answers = [
            _predict(method, held_out, fraction, extra_fraction, draw)
            for draw in _draw_seeds(seed, fraction, extra_fraction, evaluation.n_draws)
        ]
    except Exception as error:
        outcome["errors"].append(_describe(where, error))
        return
    seconds = {
        "fit_seconds": method.fit_seconds,
        "predict_seconds": float(np.mean([seconds for *_, seconds in answers])),
    }
    for name, metric in evaluation.metrics.items():
        try:
            metric = method.with_own_threshold(metric)
            with default_names(held_out.targets.names):
                scores = [
                    _score(name, metric, held_out.targets.states, proba, known)
                    for proba, known, _ in answers
                ]
        except Exception as error:
            outcome["errors"].append(_describe(f"{where}, metric {name}", error))
            continue
        score = float(np.mean(scores))
        outcome["rows"].append({**place, "metric": name, "score": score, **seconds})


def _predict(method, held_out, fraction, extra_fraction, seed):
    """Draw known labels and predict: probabilities, known labels and seconds."""
    known = draw_known_labels(held_out.targets.states, fraction, seed)
    extra = None
    if extra_fraction:
        states = np.column_stack(list(held_out.extra_labels.values()))
        extra = draw_known_labels(states, extra_fraction, (seed + _EXTRA_SEED) % 2**32)
    proba, seconds = method.predict_proba(held_out.targets, known if fraction else None, extra)
    return proba, known, seconds


def _draw_seeds(seed, fraction, extra_fraction, n_draws):
    """Seeds of the draws of known labels; the first one is the fold's own."""
    if not fraction and extra_fraction in (None, 0, 1):
        return [seed]  # Nothing is random.
    return [(seed + draw * _DRAW_STEP) % 2**32 for draw in range(n_draws)]


def _score(name, metric, truth, proba, known):
    score = metric(truth, proba, known_labels=known)
    if np.ndim(score) != 0:
        raise ValueError(
            f"The metric {name!r} returned an array of shape {np.shape(score)}; it must return "
            "one number, such as that of average='macro'."
        )
    return float(score)


def _describe(where, error):
    text = "".join(traceback.format_exception(error))
    return {"where": where, "message": f"{type(error).__name__}: {error}", "traceback": text}
