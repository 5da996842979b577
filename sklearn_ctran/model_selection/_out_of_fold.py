"""Out-of-fold probabilities of any estimator."""

import warnings
from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.utils.parallel import delayed

from sklearn_ctran._adapters.probabilities import predict_proba
from sklearn_ctran._adapters.samples import fit, held_out_once
from sklearn_ctran._labels.weights import NO_POSITIVE
from sklearn_ctran._utils.fit_tasks import as_task, inner_task
from sklearn_ctran._utils.names import listed
from sklearn_ctran._utils.parallel import one_by_one
from sklearn_ctran._utils.progress import Progress
from sklearn_ctran._utils.warnings import each_once, warn
from sklearn_ctran.model_selection._stratification import MultilabelStratifiedKFold
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE


def out_of_fold(
    estimator, samples, *, cv, n_jobs, random_state, keep=False, verbose=0, caller=None
):
    """Probabilities of each row from a clone fitted on other rows, given its extra labels.

    `n_jobs` folds are fitted side by side; `cv` and `random_state` are those of
    :func:`held_out_folds`, `verbose` that of :class:`Progress`. The fits are tasks of `caller`, an
    estimator that may have scikit-learn's callbacks, or None. Returns `proba` (n_samples,
    n_labels), float64, and `folds`, a list of each clone and the rows that were held out from it.
    `proba` is NaN where the clone had no positive, or no negative, of the label to learn from; a
    warning names these labels. Without `keep` the clones, which are large and come from other
    processes, are None. Raises ValueError as :func:`held_out_folds`, and whatever the estimator
    raises.
    """
    folds = held_out_folds(cv, samples.X, samples.y, random_state)
    targets = samples.targets
    learnable = [_has_both(targets.states[train]) for train, _ in folds]
    _warn_not_learnable(targets, learnable)
    tasks = [inner_task(caller, "fit-fold") for _ in folds]
    # Nobody needs the caller in another process if there is no task.
    tasks = [(None, None) if task is None else (task, caller) for task in tasks]
    jobs = (
        delayed(_predict_fold)(clone(estimator), samples, *fold, keep, *task)
        for fold, task in zip(folds, tasks, strict=True)
    )
    finished = one_by_one(jobs, n_jobs)
    with Progress("out of fold", len(folds), " folds", verbose=verbose) as progress:
        places = (f"fold {number}" for number in range(len(folds)))
        parts = list(progress.each(finished, places))
    proba = np.empty(targets.states.shape)
    for (_, test), (part, _), can_learn in zip(folds, parts, learnable, strict=True):
        proba[test] = np.where(can_learn, part, np.nan)
    return proba, [(model, test) for (_, model), (_, test) in zip(parts, folds, strict=True)]


def _predict_fold(estimator, samples, train, test, keep, task, caller):
    held_out, samples = samples.take(test), samples.take(train)
    with (
        as_task(task, caller, estimator, samples.X, samples.y),
        each_once(leave_out=NO_POSITIVE),  # These are named for all folds together.
    ):
        fit(estimator, samples)
    proba = predict_proba(
        estimator, held_out.X, held_out.targets, extra_labels=held_out.extra_labels
    )
    return proba, estimator if keep else None


def held_out_folds(cv, X, y, random_state):
    """Pairs of training and test rows; every row is in exactly one of the latter.

    An int `cv` is that many shuffled, stratified folds, seeded by `random_state`. Raises ValueError
    if a row is not held out, or more than once.
    """
    advice = "MultilabelStratifiedKFold"
    if not isinstance(cv, Integral):
        return held_out_once(cv, X, y, advice)
    cv = MultilabelStratifiedKFold(cv, shuffle=True, random_state=random_state)
    with warnings.catch_warnings():
        # Out-of-fold rows are used together, so that one fold needs no positive.
        warnings.filterwarnings("ignore", message=".* have no positive in some test fold")
        return held_out_once(cv, X, y, advice)


def renumber_folds(cv, rows, n_samples):
    """Renumber folds for a subset of the rows, ascending numbers in [0, n_samples).

    An int or a splitter stays as it was; an iterable becomes a list of (train, test).
    """
    if isinstance(cv, Integral) or hasattr(cv, "split"):
        return cv
    number = np.full(n_samples, -1)
    number[rows] = np.arange(len(rows))
    folds = [(number[train], number[test]) for train, test in cv]
    folds = [(train[train >= 0], test[test >= 0]) for train, test in folds]
    return [(train, test) for train, test in folds if len(test)]


def _has_both(states):
    """Which labels have both a positive and a negative."""
    return (states == POSITIVE).any(axis=0) & (states == NEGATIVE).any(axis=0)


def _warn_not_learnable(targets, learnable):
    """Warn of labels that lack a positive, or a negative, in the training rows of some fold.

    Labels that lack it in all rows are left to the caller.
    """
    lacking = _has_both(targets.states) & ~np.all(learnable, axis=0)
    if lacking.any():
        warn(
            f"Label(s) {listed(targets.names[lacking])} have no positive, or no negative, among "
            "the training rows of some fold: the probabilities of that fold are left out for them. "
            "Ask for more folds, or leave labels out that are so rare."
        )
