"""The state of a net in training: what it is made of, and how it comes back."""

import json
import time

import numpy as np
import torch
from skorch.callbacks import Callback
from skorch.history import History

from sklearn_ctran._neural.distributed import ALONE
from sklearn_ctran._utils.progress import say
from sklearn_ctran._utils.randomness import generator_states, set_generator_states

#: Within an epoch the state is kept after so many seconds.
_SECONDS = 600.0


class Checkpoint:
    """What a fit keeps of itself in a CheckpointFolder, and goes on from.

    `folder` is None where nothing is kept: in the other processes of a fit by several, of which
    `share` is this one's, or in all. `description` is that of the fit, `verbose` as of
    :class:`Progress`. Raises ValueError if the folder holds another fit.
    """

    def __init__(self, folder, description, share=ALONE, verbose=0):
        self.folder = folder
        self.share = share
        self.verbose = verbose
        self._state = share.from_first(None if folder is None else folder.read(description))
        self._is_kept = share.from_first(folder is not None)
        self._start = None

    def generator(self, rng):
        """The RandomState that the fit begins with: `rng`, or that of the fit that goes on."""
        if self._state is None and self.share.n == 1:
            self._start = _tensors(rng.get_state())
            return rng
        start = None if self._state is None else self._state["start"]
        self._start = self.share.from_first(start or _tensors(rng.get_state()))
        name, keys, *rest = self._start
        rng = np.random.RandomState()
        rng.set_state((name, keys.numpy().astype(np.uint32), *rest))
        return rng

    def train(self, net, images):
        """``net.fit`` on LabelledImages, or the part of it that has not been done."""
        if not self._is_kept:
            net.fit(images, None)
            return
        state = self._state
        if state is not None:
            done = len(json.loads(state["history"]))
            text = f"checkpoint: going on after {done} of {net.max_epochs} epochs."
            say(text, self.verbose)
        if state is not None and state["is_finished"]:
            net.initialize()
            _restore_weights(net, state)
            return
        if self.folder is not None:
            self.folder.check_space(_n_state_bytes(net.module))
        with net.watched(keep_progress=KeepProgress(self, state)):
            net.fit(images, None)
        if not net.is_broken_off:
            self.keep(net, _gather_trained(net), "finished")

    def keep(self, net, state, progress):
        """Write a state of the net; `progress` is it in words."""
        if self.folder is not None:
            self.folder.write(state | {"start": self._start}, progress)


class KeepProgress(Callback):
    """Keeps the state of training by a Checkpoint, after each epoch and within long ones.

    It must be the last of the callbacks: what it keeps is the state after all others have done
    their part, and what it brings back is theirs too. Training goes on from `state`, or begins if
    it is None.
    """

    def __init__(self, checkpoint, state=None):
        self.checkpoint = checkpoint
        self.state = state

    def on_train_begin(self, net, **kwargs):
        """Bring the state back."""
        self._last_time = time.monotonic()
        self._order = self._unfinished = None
        state, self.state = self.state, None
        if state is not None:
            _restore(net, state)
            self._order, self._unfinished = state["order"], state["unfinished"]

    def on_epoch_begin(self, net, **kwargs):
        """Bring back the order of batches, and what the unfinished epoch has recorded."""
        if self._order is not None:
            net.order_generator.set_state(self._order)
        if self._unfinished is not None:
            epoch = json.loads(self._unfinished)
            net.history[-1] = epoch
            net.n_to_skip = len(epoch["batches"])
        self._unfinished = None
        self._order = net.order_generator.get_state()

    def on_batch_end(self, net, training=False, **kwargs):
        """Keep the state if the last time was long ago.

        Several processes keep states together, but their clocks would not agree when.
        """
        is_alone = self.checkpoint.share.n == 1
        if training and is_alone and time.monotonic() - self._last_time >= _SECONDS:
            *history, unfinished = net.history
            self._keep(net, history, unfinished)

    def on_epoch_end(self, net, **kwargs):
        """Keep the state."""
        self._order = net.order_generator.get_state()
        self._keep(net, net.history, None)

    def _keep(self, net, history, unfinished):
        state = _gather(net) | {
            # Nobody needs single batches any more, of which there may be millions.
            "history": _as_json([epoch | {"batches": []} for epoch in history]),
            "unfinished": None if unfinished is None else _as_json(unfinished),
            "order": self._order,
        }
        self.checkpoint.keep(net, state, f"{len(history)} of {net.max_epochs} epochs")
        self._last_time = time.monotonic()


def _gather(net):
    """Weights, optimiser, callbacks and generators of a net in training: tensors, plain values."""
    return {
        "weights": _weights(net.module_),
        "optimizer": _plain(net.optimizer_.state_dict()),
        "callbacks": {name: _attributes(callback) for name, callback in net.callbacks_},
        "masks": net.mask_generator.get_state(),
        "generators": net.share.from_all(generator_states()),
        "is_finished": False,
    }


def _gather_trained(net):
    """The same of a net whose training is over."""
    history = _as_json([epoch | {"batches": []} for epoch in net.history])
    return {"weights": _weights(net.module_), "history": history, "is_finished": True}


def _tensors(state):
    """The state of a RandomState, as values that can be kept."""
    name, keys, *rest = state
    return [name, torch.from_numpy(keys.astype(np.int64)), *rest]


def _as_json(history):
    return json.dumps(history, default=float)


def _restore(net, state):
    """Bring back what :func:`_gather` returned, into a net whose training begins."""
    _restore_weights(net, state)
    net.optimizer_.load_state_dict(state["optimizer"])
    for key, callback in net.callbacks_:
        for name, value in state["callbacks"].get(key, {}).items():
            held = getattr(callback, name, None)
            if hasattr(held, "load_state_dict"):
                held.load_state_dict(value)
            else:
                setattr(callback, name, value)
    net.mask_generator.set_state(state["masks"])
    set_generator_states(state["generators"][net.share.rank])


def _restore_weights(net, state):
    """Bring back weights and history."""
    net.module_.load_state_dict(state["weights"], strict=False)
    net.history_ = History(json.loads(state["history"]))


def _weights(module):
    """The weights and buffers of a module, without those of a frozen backbone."""
    is_frozen = module.backbone is not None and module.backbone.frozen
    return {
        name: value
        for name, value in module.state_dict().items()
        if not (is_frozen and name.startswith("backbone."))
    }


def _n_state_bytes(module):
    """How large a state about is: weights, and two moments of each that trains."""
    sizes = [each.numel() * each.element_size() for each in _weights(module).values()]
    return 3 * sum(sizes)


def _attributes(callback):
    """What a callback has learned, as far as it is plain values, or has a ``state_dict``.

    By scikit-learn's convention these are the attributes whose names end with an underscore.
    """
    kept = {}
    for name, value in vars(callback).items():
        if not name.endswith("_"):
            continue
        if hasattr(value, "load_state_dict") and not isinstance(value, type):
            value = value.state_dict()
        try:
            kept[name] = _plain(value)
        except TypeError:
            continue
    return kept


def _plain(value):
    """A copy of tensors, numbers, texts, lists, tuples and dicts; TypeError if there is more."""
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str, torch.Tensor)):
        return value
    if isinstance(value, dict):
        return {_plain(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([_plain(each) for each in value])
    raise TypeError(type(value).__name__)
