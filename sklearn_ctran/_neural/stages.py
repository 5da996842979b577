"""Training in stages: some parts of a network first, then others."""

import numpy as np

from sklearn_ctran._neural.net import LabelMaskNet

_COUNTS = {2: "two", 4: "four"}


class StagedNet(LabelMaskNet):
    """A net whose module has ``set_stage``: 1, 2, ... in training, None before and after it.

    `stage_shares` are the stages' shares of the epochs; each has at least one. With
    `cycles_by_stage`, the learning rate goes through a cycle in each stage, else one in all.
    """

    stage_shares: tuple[float, ...] = (0.5, 0.5)
    cycles_by_stage = False

    @property
    def stage_lengths(self):
        """Epochs of each stage."""
        shares, ends = self.stage_shares, [0]
        for number, end in enumerate(np.cumsum(shares[:-1]), start=1):
            latest = self.max_epochs - len(shares) + number
            ends.append(min(max(round(end * self.max_epochs), ends[-1] + 1), latest))
        return np.diff([*ends, self.max_epochs]).tolist()

    @property
    def stage(self):
        """The stage of the present epoch, from 1."""
        return 1 + int(np.searchsorted(np.cumsum(self.stage_lengths), len(self.history)))

    @property
    def is_last_stage(self):
        """Whether no stage follows this one."""
        return self.stage == len(self.stage_shares)

    @property
    def cycle(self):
        """The cycle of the learning rate of the present epoch, from 1."""
        return self.stage if self.cycles_by_stage else super().cycle

    @property
    def cycle_lengths(self):
        """Epochs of each cycle of the learning rate."""
        return self.stage_lengths if self.cycles_by_stage else super().cycle_lengths

    def on_epoch_begin(self, *args, **kwargs):
        """Begin a stage when it is time; skorch calls this."""
        super().on_epoch_begin(*args, **kwargs)
        self.module_.set_stage(self.stage)

    def on_train_end(self, *args, **kwargs):
        """Leave the module as it was before the stages; skorch calls this."""
        super().on_train_end(*args, **kwargs)
        self.module_.set_stage(None)


def check_stages(estimator, what, n_stages=2):
    """Raise ValueError unless an estimator can train in the stages that `what` needs."""
    trains = f"{what} trains in {_COUNTS[n_stages]} stages"
    if estimator.distributed:
        raise ValueError(
            f"{trains}, and distributed={estimator.distributed!r} does not know of stages: leave "
            "one of them out."
        )
    if estimator.max_epochs != "auto" and estimator.max_epochs < n_stages:
        raise ValueError(f"{trains}: max_epochs must be {n_stages} or more.")
