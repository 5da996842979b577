"""Any number of methods on the same data, the same folds and the same hidden labels."""

import sys

import numpy as np
from sklearn.utils.parallel import Parallel, delayed

from sklearn_ctran._compare.arguments import (
    read_estimators,
    read_extra_fractions,
    read_known_fractions,
    read_samples,
    read_seeds,
)
from sklearn_ctran._compare.comparison import Comparison
from sklearn_ctran._compare.describe import describe_object
from sklearn_ctran._compare.folds import read_parts
from sklearn_ctran._compare.keys import describe_data, task_key
from sklearn_ctran._compare.metrics import is_loss, read_metrics
from sklearn_ctran._compare.store import Store
from sklearn_ctran._compare.tasks import Questionnaire, run_task
from sklearn_ctran._utils.checks import check_count
from sklearn_ctran._utils.warnings import warn


def compare(
    estimators,
    X,
    y,
    *,
    known_fractions=None,
    cv=None,
    split=None,
    metrics=None,
    extra_labels=None,
    extra_known_fractions=None,
    n_draws=1,
    random_state=0,
    n_jobs=None,
    results_dir=None,
    verbose=0,
):
    """Fit methods on the same folds and score them on the same labels, a share of the others told.

    Each method is cloned and fitted once for each fold and seed, and asked at every share. In each
    test row a share of the annotated labels, drawn at random, is told to ``predict_proba`` as
    `known_labels`; only the others are scored (paper, section 4.2). They are drawn as by
    :func:`~sklearn_ctran.metrics.partial_label_scorer`: the same for every method, and what is told
    for a share is told for a larger one too. A method whose ``predict_proba`` has no parameter
    `known_labels` is told nothing and scored on the same entries.

    Parameters
    ----------
    estimators : dict of str to estimator, or iterable of (str, estimator)
        Not fitted. Those of this package, and any of scikit-learn's kind with ``predict_proba``:
        pipelines, searches, meta-estimators. A `random_state` that is None, also of what an
        estimator is made of, is set to the seed; with several seeds every one is, whatever it was.
    X : array-like of length n_samples
        Images or features, in whatever form the estimators take them.
    y : array-like, sparse matrix or DataFrame of shape (n_samples, n_labels), or (n_samples,)
        1, 0, and -1 or NaN where nobody annotated the label; such entries are neither told nor
        scored. One dimension: one class a sample.
    known_fractions : float or iterable of float, default=None
        Shares in [0, 1), rounded down in each row. None: (0, 0.25, 0.5, 0.75), or 0 for a 1-D `y`,
        of which nothing can be known.
    cv : int, splitter or iterable of (train, test), default=None
        Folds. An int: that many of
        :class:`~sklearn_ctran.model_selection.MultilabelStratifiedKFold`, shuffled anew with each
        seed; other folds are the same for all seeds. None: 5, unless there is a `split`.
    split : tuple (train, test), default=None
        The one split to use, such as a data set's official one: row numbers, or booleans of
        shape (n_samples,). Needs no `cv`.
    metrics : str, callable, dict of str to these, or iterable of these, default=None
        Functions of :mod:`sklearn_ctran.metrics`; ``"mAP"``, ``"CP"``, ``"CR"``, ``"CF1"``,
        ``"OP"``, ``"OR"``, ``"OF1"`` and, for a 1-D `y`, ``"accuracy"``; or any
        ``metric(y_true, y_score, known_labels=...)`` that returns a number and leaves out what is
        -1 in `y_true` or is not -1 in `known_labels`. All three are ndarrays of shape (n_samples,
        n_labels); for a 1-D `y` there is a column for each class, in ascending order. None: mAP,
        or accuracy for a 1-D `y`. Losses are reported as they are; that lower is better is known of
        this package's and of functions with an attribute ``greater_is_better = False``.
    extra_labels : array-like, sparse matrix, DataFrame or dict, default=None
        Labels that may be known but are not to be predicted, of shape (n_samples, n_extra_labels),
        in the forms of `y`; a dict maps names to columns. Methods whose `fit` does not take them
        are fitted without.
    extra_known_fractions : float or iterable of float, default=None
        Shares in [0, 1] of each row's annotated extra labels that are told, each with each of
        `known_fractions`. None: (0, 0.5, 1) if there are `extra_labels`.
    n_draws : int, default=1
        How often what is told is drawn anew for each fitted method and share; scores and seconds
        are means over the draws. Draws cost predictions, seeds cost fits.
    random_state : int or list of int, default=0
        A seed determines the folds, what is told, and the estimators' `random_state`. With several
        seeds everything is repeated for each.
    n_jobs : int, default=None
        How many fits run side by side, in processes; results do not depend on it. None: 1, unless
        in a ``joblib.parallel_config`` context.
    results_dir : path, default=None
        Directory where each finished fit is written at once. Calls with the same directory do not
        repeat what is there: fits of an estimator with the same parameters (but `n_jobs` and
        `verbose`) and classes on the same data and rows with the same seeds, shares, metrics and
        versions. Failures are not kept; seconds are those of the fit that is there. Classes and
        functions of one's own count by their code and that of the functions and constants they
        name; images by path, size and time of change.
    verbose : int, default=0
        1: a line for each finished fit goes to standard error.

    Returns
    -------
    comparison : Comparison
        ``print(comparison)``, ``comparison.to_frame()``, ``comparison.to_markdown()``,
        ``comparison.errors``.

    Raises
    ------
    ValueError, TypeError
        If an argument cannot be used.
    RuntimeError
        If every method fails everywhere; with the first error.

    Warns
    -----
    UserWarning
        Of methods that failed somewhere: their errors are in ``comparison.errors``, and the others
        go on. Of methods that `results_dir` cannot recognise. And what the methods and metrics
        warned of, each text once, with the methods' names.

    Notes
    -----
    Seconds are wall-clock time. With `n_jobs` above 1 they are those of jobs that run side by
    side and slow one another down. Seconds of a prediction include what is done only once here
    for all shares, such as the pass of the images through a backbone. Methods that share a cache of
    image tokens, as they do by default, share that work: it counts as the first one's. With
    ``cache=None`` each does its own.

    Metrics that decide do so at 0.5, unless `metrics` say otherwise, and for a
    :class:`~sklearn_ctran.model_selection.TunedThresholds` at its own thresholds, as its `predict`.
    """
    check_count("n_draws", n_draws)
    methods = read_estimators(estimators)
    samples = read_samples(X, y, extra_labels)
    exclusive = samples.targets.exclusive
    questions = Questionnaire(
        read_known_fractions(known_fractions, exclusive),
        read_extra_fractions(extra_known_fractions, extra_labels),
        read_metrics(metrics, exclusive),
        n_draws,
    )
    seeds = read_seeds(random_state)
    parts = read_parts(cv, split, seeds, samples)
    reseed = len(seeds) > 1
    # All methods on a fold before the next: an interrupted comparison has compared something.
    tasks = [(name, part) for part in parts for name in methods]
    store, keys = None, [None] * len(tasks)
    if results_dir is not None:
        store = Store(results_dir)
        keys = _keys(methods, samples, tasks, questions, reseed)
    outcomes = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_run_or_load)(store, key, name, methods[name], samples, part, questions, reseed)
        for key, (name, part) in zip(keys, tasks, strict=True)
    )
    runs, errors, warned = [], {}, {}
    for number, ((name, part), (outcome, is_old)) in enumerate(
        zip(tasks, outcomes, strict=True), start=1
    ):
        if verbose:
            _report(number, len(tasks), name, part, outcome, is_old)
        place = {"method": name, "seed": part.seed, "fold": part.fold}
        for row in outcome["rows"]:
            if extra_labels is None:
                row = {key: value for key, value in row.items() if key != "extra_known_fraction"}
            runs.append({**place, **row})
        for text in outcome["warnings"]:
            warned.setdefault(text, {})[name] = None
        if outcome["errors"]:
            errors.setdefault(name, []).extend({**place, **error} for error in outcome["errors"])
    if not runs:
        first = next(iter(errors.values()))[0]
        raise RuntimeError(
            f"Every method failed. The first error, of {_place(first)}: {first['message']}\n\n"
            f"{first['traceback']}"
        )
    for text, names in warned.items():
        warn(f"{', '.join(map(repr, names))}: {text}")
    for name, failures in errors.items():
        n_failed = len({(failure["seed"], failure["fold"]) for failure in failures})
        warn(
            f"{name!r} failed in {n_failed} of {len(parts)} runs; all its errors are in the "
            f"comparison's errors[{name!r}]. The first: {failures[0]['message']}"
        )
    return Comparison(
        methods=list(methods),
        metrics=list(questions.metrics),
        runs=runs,
        errors={name: [_text(failure) for failure in errors[name]] for name in errors},
        n_runs=len(parts),
        losses=frozenset(name for name, metric in questions.metrics.items() if is_loss(metric)),
    )


def _run_or_load(store, key, name, estimator, samples, part, questions, reseed):
    """The outcome of a task, and whether it was there already."""
    outcome = None if key is None else store.load(key)
    if outcome is not None:
        return outcome, True
    outcome = run_task(estimator, samples, part, questions, reseed)
    if key is not None and not outcome["errors"]:
        store.save(name, key, outcome)
    return outcome, False


def _keys(methods, samples, tasks, questions, reseed):
    data = describe_data(samples)
    texts = {}
    for name, estimator in methods.items():
        texts[name] = describe_object(estimator)
        if describe_object(estimator) != texts[name]:
            warn(
                f"results_dir cannot recognise {name!r}, which has a parameter that cannot be told "
                "from others by its content: it is fitted in every call."
            )
            texts[name] = None
    return [
        None if texts[name] is None else task_key(data, texts[name], part, questions, reseed)
        for name, part in tasks
    ]


def _report(number, n_tasks, name, part, outcome, is_old):
    if outcome["errors"]:
        what = f"failed: {outcome['errors'][0]['message']}"
    elif is_old:
        what = "from results_dir"
    else:
        seconds = [row["predict_seconds"] for row in outcome["rows"]]
        what = f"fit {outcome['rows'][0]['fit_seconds']:.1f} s, predict {np.mean(seconds):.2f} s"
    where = _place({"method": name, "seed": part.seed, "fold": part.fold})
    print(f"compare: {number} of {n_tasks}, {where}: {what}", file=sys.stderr, flush=True)


def _place(failure):
    where = f", {failure['where']}" if failure.get("where") else ""
    return f"{failure['method']!r}, seed {failure['seed']}, fold {failure['fold']}{where}"


def _text(failure):
    return f"{_place(failure)}:\n{failure['traceback']}"
