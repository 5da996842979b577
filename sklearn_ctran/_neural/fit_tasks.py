"""Training and its epochs as tasks within a fit, for scikit-learn's callbacks."""

from skorch.callbacks import Callback

from sklearn_ctran._utils.fit_tasks import metadata_of


def epoch_tasks(estimator, X, y, sample_weight):
    """Names and skorch callbacks that report the epochs of a fit; empty if nobody listens."""
    context = getattr(estimator, "_callback_fit_ctx", None)
    if context is None or not context._callbacks:
        return {}
    return {"epoch_tasks": EpochTasks(estimator, context, X, y, sample_weight)}


def check_callbacks(estimator, share):
    """Raise ValueError if an estimator with callbacks is to be fitted by several processes."""
    if share.n > 1 and getattr(estimator, "_skl_callbacks", []):
        raise ValueError(
            f"set_callbacks was called, but {share.n} processes train together, and each would "
            "report the fit as its own: call set_callbacks() to have none, and set verbose=1."
        )


class EpochTasks(Callback):
    """Reports training as a task within a fit, and each epoch as a task within it.

    `context` is that of the fit. After an epoch, scikit-learn's callbacks get an estimator that has
    the network of that moment, without a memory, which is learned at the end of the fit. If one of
    them says so, training stops, as by early stopping.
    """

    def __init__(self, estimator, context, X, y, sample_weight):
        self._estimator = estimator
        self._context = context
        self._data = {"X": X, "y": y, "metadata": metadata_of(sample_weight)}
        self._epoch = None

    def on_train_begin(self, net, **kwargs):
        """Begin the task of training."""
        self._training = self._context.subcontext("train", max_subtasks=net.max_epochs)
        self._training.call_on_fit_task_begin(estimator=self._estimator, **self._data)

    def on_epoch_begin(self, net, **kwargs):
        """Begin the task of an epoch."""
        self._epoch = self._training.subcontext("epoch")
        self._epoch.call_on_fit_task_begin(estimator=self._estimator, **self._data)

    def on_epoch_end(self, net, **kwargs):
        """End the task of an epoch, and perhaps the training."""
        if self._end_epoch(net):
            raise KeyboardInterrupt  # What skorch takes as the end of training.

    def on_train_end(self, net, **kwargs):
        """End the task of training; early stopping has left out the end of its last epoch."""
        self._end_epoch(net)
        self._end(self._training, net)

    def _end_epoch(self, net):
        epoch, self._epoch = self._epoch, None
        return epoch is not None and self._end(epoch, net)

    def _end(self, task, net):
        return task.call_on_fit_task_end(
            estimator=self._estimator,
            reconstruction_attributes=lambda: {"net_": net, "memory_": None},
            **self._data,
        )
