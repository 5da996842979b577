"""Fits as tasks. Estimators with callbacks are in tests/neural and tests/model_selection."""

import pytest

from sklearn_ctran._utils.fit_tasks import as_task, begin_fit, end_fit, inner_task, metadata_of


class Old:
    """An estimator as of scikit-learn before 1.9."""


def test_without_callbacks_nothing_happens():
    begin_fit(Old(), None, None, None)
    end_fit(Old(), None, None, None)
    assert inner_task(Old(), "fold") is inner_task(None, "fold") is None
    with as_task(None, Old(), Old(), None, None):
        pass


def test_the_tasks_of_a_fit():
    sklearn_callback = pytest.importorskip("sklearn.callback", reason="needs scikit-learn 1.9")

    class New(sklearn_callback.CallbackSupportMixin):
        pass

    class Recorder:
        max_propagation_depth = None

        def setup(self, estimator, context):
            pass

        teardown = setup

        def on_fit_task_begin(self, estimator, context, *, X=None, metadata=None):
            seen.append(("begin", context.task_name, context.max_subtasks, X, metadata))

        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            seen.append(("end", context.task_name, fitted_estimator is not None))

    seen, outer, inner = [], New().set_callbacks(Recorder()), New()
    begin_fit(outer, "X", "y", [1.0], n_tasks=2)
    task = inner_task(outer, "fit-fold")
    with as_task(task, outer, inner, "some", "y"):
        assert inner._skl_callbacks == outer._skl_callbacks
        begin_fit(inner, "some", "y", None)
        end_fit(inner, "some", "y", None)
    assert not hasattr(inner, "_skl_callbacks")
    end_fit(outer, "X", "y", [1.0])
    # Those of the inner fit are the task's own: scikit-learn takes them for one.
    assert seen == [
        ("begin", "fit", 2, "X", {"sample_weight": [1.0]}),
        ("begin", "fit", None, "some", None),
        ("end", "fit", True),
        ("end", "fit", True),
    ]


def test_weights_are_metadata():
    assert metadata_of(None) is None
    assert metadata_of([1.0]) == {"sample_weight": [1.0]}
