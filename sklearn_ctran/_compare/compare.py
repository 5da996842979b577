"""``compare``: any number of methods on the same folds, with the same labels known."""

from collections.abc import Iterable, Mapping, Sequence

from numpy.typing import ArrayLike
from sklearn.utils.parallel import delayed

from sklearn_ctran._compare.arguments import (
    read_estimators,
    read_extra_fractions,
    read_known_fractions,
    read_samples,
    read_seeds,
)
from sklearn_ctran._compare.comparison import Comparison
from sklearn_ctran._compare.folds import read_folds
from sklearn_ctran._compare.keys import task_keys
from sklearn_ctran._compare.metrics import is_loss, read_metrics
from sklearn_ctran._compare.outcomes import Outcomes, place_of, progress_line
from sklearn_ctran._compare.store import Store, run_or_load
from sklearn_ctran._compare.tasks import Evaluation, Task
from sklearn_ctran._utils.checks import check_count
from sklearn_ctran._utils.parallel import one_by_one
from sklearn_ctran._utils.progress import Progress
from sklearn_ctran._utils.typing import (
    Estimator,
    ExtraLabels,
    FilePath,
    Images,
    Labels,
    Metric,
    Splits,
)


def compare(
    estimators: Mapping[str, Estimator] | Iterable[tuple[str, Estimator]],
    X: Images,
    y: Labels,
    *,
    known_fractions: float | Iterable[float] | None = None,
    cv: Splits = None,
    split: tuple[ArrayLike, ArrayLike] | None = None,
    metrics: str | Metric | Mapping[str, str | Metric] | Iterable[str | Metric] | None = None,
    extra_labels: ExtraLabels = None,
    extra_known_fractions: float | Iterable[float] | None = None,
    n_draws: int = 1,
    random_state: int | Sequence[int] = 0,
    n_jobs: int | None = None,
    results_dir: FilePath | None = None,
    verbose: int | None = None,
) -> Comparison:
    """Fit methods on the same folds, and score them on the same labels with the same others known.

    Each method is cloned and fitted once for each fold and seed, and predicts once for each share
    of known labels. In each test row a share of the annotated labels, drawn at random, is passed to
    ``predict_proba`` as `known_labels`; only the others are scored (paper, section 4.2). They are
    drawn as by :func:`~sklearn_ctran.metrics.partial_label_scorer`: the same for every method, and
    what is known at a share is known at a larger one too. A method whose ``predict_proba`` has no
    parameter `known_labels` predicts without, and is scored on the same entries.

    Parameters
    ----------
    estimators : dict of str to estimator, or iterable of (str, estimator)
        Not fitted. Estimators of this package or any others with scikit-learn's interface and
        ``predict_proba``: pipelines, searches, meta-estimators. Each `random_state` that is None,
        also of inner estimators, is set to the seed; with several seeds, each `random_state` is.
    X : array-like of length n_samples
        Images or features, in any form that the estimators take.
    y : array-like, sparse matrix or DataFrame of shape (n_samples, n_labels), or (n_samples,)
        1, 0, and -1 or NaN where a label was not annotated; such entries are neither known nor
        scored. 1-D: one class per sample.
    known_fractions : float or iterable of float, default=None
        Shares of known labels in [0, 1), rounded down in each row. None: (0, 0.25, 0.5, 0.75), or 0
        for a 1-D `y`, of which nothing can be known.
    cv : int, splitter or iterable of (train, test), default=None
        Folds. An int: that many of
        :class:`~sklearn_ctran.model_selection.MultilabelStratifiedKFold`, shuffled anew with each
        seed; other folds are the same for all seeds. None: 5, unless there is a `split`.
    split : tuple (train, test), default=None
        A single split in place of `cv`, such as the official one of a data set: row numbers, or
        booleans of shape (n_samples,).
    metrics : str, callable, dict of str to these, or iterable of these, default=None
        Functions of :mod:`sklearn_ctran.metrics`; ``"mAP"``, ``"CP"``, ``"CR"``, ``"CF1"``,
        ``"OP"``, ``"OR"``, ``"OF1"`` and, for a 1-D `y`, ``"accuracy"``; or any
        ``metric(y_true, y_score, known_labels=...)`` that returns a number and leaves out entries
        that are -1 in `y_true` or not -1 in `known_labels`. All three are ndarrays of shape
        (n_samples, n_labels); a 1-D `y` has a column for each class, in ascending order. None: mAP,
        or accuracy for a 1-D `y`. Losses are reported as they are; lower is better for the losses
        of this package and for functions with an attribute ``greater_is_better = False``.
    extra_labels : array-like, sparse matrix, DataFrame or dict, default=None
        Labels that may be known but are not predicted, of shape (n_samples, n_extra_labels), in the
        forms of `y`; a dict maps names to columns. Methods whose `fit` does not take them are
        fitted without.
    extra_known_fractions : float or iterable of float, default=None
        Shares in [0, 1] of each row's annotated extra labels that are known, each combined with
        each of `known_fractions`. None: (0, 0.5, 1) if there are `extra_labels`.
    n_draws : int, default=1
        How often known labels are drawn for each fitted method and share; scores and seconds are
        means over the draws. A draw costs a prediction, a seed costs a fit.
    random_state : int or list of int, default=0
        A seed determines the folds, the known labels, and the estimators' `random_state`. With
        several seeds everything is repeated for each.
    n_jobs : int, default=None
        How many fits run at the same time, in processes; results do not depend on it. None: 1,
        unless in a ``joblib.parallel_config`` context.
    results_dir : path, default=None
        Directory to which the result of each fit is written at once. Later calls with the same
        directory do not repeat a fit with the same estimator, data, rows, seed, shares, metrics and
        versions. Failures are not kept; seconds are those of the fit that was kept. Estimators are
        the same if their classes and parameters are, apart from `n_jobs` and `verbose`. Classes and
        functions count by name and version. They can be recognised only if they can be imported
        from an installed package. With others (lambdas, nested functions, classes and functions of
        a script, a notebook or a package in development mode) a method is fitted in each call; with
        such a metric all methods are. Images count by path, size and time of change.
    verbose : int or None, default=None
        1: on standard error, a bar or lines of a log, with the method and the fold that is being
        fitted (with `n_jobs`, the first of those that are), and a line for each finished fit; 0:
        nothing. None: only on a terminal or in a notebook.

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
        For each method that failed somewhere: its errors are in ``comparison.errors``, and the
        other methods go on. If `results_dir` cannot recognise a method or metric. For each warning
        of the methods and metrics, once, with the names of the methods.

    Notes
    -----
    Seconds are wall-clock time. With `n_jobs` above 1, fits that run at the same time slow one
    another down. Seconds of a prediction include work that is done once for all shares, such as the
    pass of the images through a backbone. Methods that share a cache of image tokens, as by
    default, share that work, which counts for the first of them. With ``cache=None`` each method
    does its own.

    Metrics that need decisions use the threshold 0.5 unless they have another one, and the
    thresholds of a :class:`~sklearn_ctran.model_selection.TunedThresholds`, as its `predict` does.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import BinaryRelevance, MaskedLinear
    >>> from sklearn_ctran import compare
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> methods = {"masked": MaskedLinear(), "alone": BinaryRelevance()}
    >>> comparison = compare(methods, X, Y, cv=2, known_fractions=[0, 0.5])
    >>> comparison
    <Comparison of masked, alone by mAP>
    """
    check_count("n_draws", n_draws)
    methods = read_estimators(estimators)
    samples = read_samples(X, y, extra_labels)
    exclusive = samples.targets.exclusive
    evaluation = Evaluation(
        read_known_fractions(known_fractions, exclusive),
        read_extra_fractions(extra_known_fractions, extra_labels),
        read_metrics(metrics, exclusive),
        n_draws,
    )
    seeds = read_seeds(random_state)
    folds = read_folds(cv, split, seeds, samples)
    # All methods on a fold before the next fold: an interrupted comparison has compared something.
    tasks = [
        Task(name, estimator, fold, reseed=len(seeds) > 1)
        for fold in folds
        for name, estimator in methods.items()
    ]
    outcomes = _run(tasks, samples, evaluation, n_jobs, results_dir, verbose)
    outcomes.warn(len(folds))
    return Comparison(
        methods=list(methods),
        metrics=list(evaluation.metrics),
        runs=outcomes.runs,
        errors=outcomes.errors,
        n_runs=len(folds),
        losses=frozenset(name for name, metric in evaluation.metrics.items() if is_loss(metric)),
    )


def _run(tasks, samples, evaluation, n_jobs, results_dir, verbose):
    """Run all tasks, or load their results."""
    store, keys = None, [None] * len(tasks)
    if results_dir is not None:
        store, keys = Store(results_dir), task_keys(tasks, samples, evaluation)
    jobs = (
        delayed(run_or_load)(store, key, task, samples, evaluation)
        for key, task in zip(keys, tasks, strict=True)
    )
    finished = one_by_one(jobs, n_jobs)
    outcomes = Outcomes()
    with Progress("compare", len(tasks), " fits", verbose=verbose) as progress:
        finished = progress.each(finished, map(place_of, tasks))
        for task, (outcome, is_loaded) in zip(tasks, finished, strict=True):
            outcomes.add(task, outcome)
            progress.say(progress_line(task, outcome, is_loaded))
    return outcomes
