"""What happens between the steps of training: the learning rate, and how long it will take."""

import time

from skorch.callbacks import Callback, LRScheduler
from torch.optim.lr_scheduler import OneCycleLR

#: Steps, or seconds, after which the time of a step is known well enough.
_ENOUGH_STEPS, _ENOUGH_SECONDS = 5, 3.0


class OneCycle(LRScheduler):
    """One cycle of the learning rate over the whole fit (Smith and Topin, 2018), step by step.

    Each parameter group peaks at the learning rate that it was given.
    """

    def __init__(self):
        super().__init__(policy=OneCycleLR, step_every="batch", event_name="lr")

    def on_train_begin(self, net, X=None, **kwargs):
        """Spread the cycle over the steps of this fit."""
        n_steps = net.max_epochs * len(net.get_iterator(X, training=True))
        peaks = [group["lr"] for group in net.optimizer_.param_groups]
        self.lr_scheduler_ = OneCycleLR(net.optimizer_, max_lr=peaks, total_steps=n_steps + 1)
        self.batch_idx_ = 0

    def on_train_end(self, net, **kwargs):
        """Drop the scheduler, which holds the optimiser and its tensors."""
        self.lr_scheduler_ = None


class TimeEstimate(Callback):
    """Says, after the first steps, how long training will take.

    The first step is slower than others: it counts only if it is the only one so far. `may_stop`
    says whether training may stop before its last epoch.
    """

    def __init__(self, may_stop=False):
        self.may_stop = may_stop

    def on_train_begin(self, net, X=None, **kwargs):
        """Count the steps of this fit."""
        self._n_epochs = None
        self._n_steps = len(net.get_iterator(X, training=True))
        self._times = [time.perf_counter()]

    def on_batch_end(self, net, training=False, **kwargs):
        """Once enough steps are done, print the time of all."""
        if self._times is None or not training:
            return
        if self._n_epochs is None:  # Some may have been done before.
            self._n_epochs = net.max_epochs - len(net.history) + 1
        self._times.append(time.perf_counter())
        n_done, spent = len(self._times) - 1, self._times[-1] - self._times[0]
        if n_done < _ENOUGH_STEPS and spent < _ENOUGH_SECONDS:
            return
        times, self._times = self._times[min(1, n_done - 1) :], None
        n_steps = self._n_epochs * self._n_steps
        step = (times[-1] - times[0]) / (len(times) - 1)
        if n_steps > n_done:
            about = "at most about" if self.may_stop else "about"
            print(
                f"Training takes {about} {_as_text(n_steps * step)}: {self._n_epochs} epochs of "
                f"{self._n_steps} steps, {step:.2g} s a step."
            )

    def on_train_end(self, net, **kwargs):
        """Forget the times."""
        self._times = None


def _as_text(seconds):
    """A length of time for people: "40 s", "3 min 20 s", "2 h 5 min"."""
    seconds = max(1, round(seconds))
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    return f"{minutes // 60} h {minutes % 60} min"
