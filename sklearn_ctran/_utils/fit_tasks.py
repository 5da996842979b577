"""scikit-learn's callbacks (1.9 and newer): a fit as a task, and fits of inner estimators in it."""

from contextlib import contextmanager


def begin_fit(estimator, X, y, sample_weight, n_tasks=None):
    """Tell the callbacks of an estimator that its fit begins; where there are none, do nothing.

    The fit has `n_tasks` tasks within it; None if their number is not known.
    """
    if not hasattr(estimator, "_init_callback_context"):  # scikit-learn before 1.9
        return
    context = estimator._init_callback_context(max_subtasks=n_tasks)
    metadata = metadata_of(sample_weight)
    context.call_on_fit_task_begin(estimator=estimator, X=X, y=y, metadata=metadata)


def end_fit(estimator, X, y, sample_weight):
    """Tell the callbacks that the fit has come to its end."""
    context = getattr(estimator, "_callback_fit_ctx", None)
    if context is not None:
        context.call_on_fit_task_end(
            estimator=estimator,
            X=X,
            y=y,
            metadata=metadata_of(sample_weight),
            reconstruction_attributes=dict,
        )


def inner_task(estimator, name):
    """A task within the fit of an estimator, for :func:`as_task`; None where nobody listens."""
    context = getattr(estimator, "_callback_fit_ctx", None)
    if context is None or not context._callbacks:
        return None
    return context.subcontext(task_name=name)


@contextmanager
def as_task(task, caller, inner, X, y):
    """A block in which `caller` fits `inner` on `X` and `y` as an :func:`inner_task`."""
    if task is None:
        yield
        return
    with task.propagate_callback_context(inner):
        task.call_on_fit_task_begin(estimator=caller, X=X, y=y)
        yield
        task.call_on_fit_task_end(estimator=caller, X=X, y=y)


def metadata_of(sample_weight):
    """Weights as callbacks get them."""
    return None if sample_weight is None else {"sample_weight": sample_weight}
