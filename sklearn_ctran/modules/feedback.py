"""Feedback-prop: changes of a fitted network's layers, until it agrees with known labels."""

from contextlib import ExitStack

import torch

from sklearn_ctran.modules.label_states import UNKNOWN

#: Layers beside those of the backbone: the cells of its feature map, and what the head reads.
TOKENS, POOLED = "tokens", "pooled"


class Route:
    """The way from images or features to logits, with something added at layers on it.

    `module` is a fitted PooledModel. Layers are named as submodules of its backbone's network, or
    "tokens" or "pooled", whose values are in units of the features' standard deviation.
    """

    def __init__(self, module):
        self.module = module

    def logits(self, source, added, states):
        """Logits (n_paths, B, L) with `added`, by layer.

        `source` are images (B, 3, H, W) or features (B, P, C), `states` are (B, L).
        """
        return self._pass(source, added, states, {})

    @torch.no_grad()
    def values(self, source, layers, states):
        """The value of each layer, by name, with nothing added."""
        values = dict.fromkeys(layers)
        self._pass(source, {}, states, values)
        return values

    def _pass(self, source, added, states, values):
        module = self.module
        tokens = source
        if source.ndim == 4:
            with ExitStack() as hooks:
                for name in {*added, *values} - {TOKENS, POOLED}:
                    hook = _adds(name, added, values)
                    layer = module.backbone.trunk.get_submodule(name)
                    hooks.enter_context(_removed(layer.register_forward_hook(hook)))
                tokens = module.backbone(source).flatten(2).transpose(1, 2)
        scaled = _changed(TOKENS, tokens / module.feature_scale, added, values)
        pooled = module.pool(scaled * module.feature_scale)
        pooled = (pooled if module.pooling is None else pooled[:, 0]) - module.feature_mean
        pooled = _changed(POOLED, pooled / module.feature_scale, added, values)
        return module.head(pooled, states)


def _changed(name, value, added, values):
    """The value of a layer with what is added to it; it is kept if that is wanted."""
    if name in values:
        values[name] = value
    return value + added[name] if name in added else value


def _adds(name, added, values):
    def hook(layer, inputs, output):
        if not isinstance(output, torch.Tensor):
            raise ValueError(
                f"The layer {name!r} returns a {type(output).__name__}, not a tensor: choose one "
                "inside of it, or after it."
            )
        return _changed(name, output, added, values)

    return hook


def _removed(handle):
    stack = ExitStack()
    stack.callback(handle.remove)
    return stack


def feed_back(
    route, source, states, loss, *, layers, together, n_steps, step_size, optimizer, weight_decay
):
    """Logits (n_paths, B, L), after `n_steps` steps that lower the loss of the known labels.

    Parameters
    ----------
    route : Route
    source : Tensor
        Images (B, 3, H, W) or features (B, P, C).
    states : Tensor of shape (B, L)
        Known states.
    loss : callable
        From logits to losses (B,).
    layers : sequence of str
        Layers that are changed, the first one first.
    together : bool
        Whether all change in the same steps, by what is added to them (residual feedback), or one
        after the other, each by its own value (layer-wise feedback). The weight decay is of these.
    n_steps, step_size, optimizer, weight_decay
        Steps, and torch's "sgd" or "adam" that makes them.
    """
    unknown = torch.full_like(states, UNKNOWN)
    values = route.values(source, layers, unknown)
    added = {name: torch.zeros_like(value) for name, value in values.items()}
    is_told = (states != UNKNOWN).any(dim=1)
    make = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[optimizer]
    for group in [layers] if together else [[name] for name in layers]:
        origins = {name: 0.0 if together else values[name] for name in group}
        changed = {name: (added[name] + origins[name]).requires_grad_() for name in group}
        steps = make(list(changed.values()), lr=step_size, weight_decay=weight_decay)
        for _ in range(n_steps):
            now = added | {name: changed[name] - origins[name] for name in group}
            total = loss(route.logits(source, now, unknown)).sum()
            gradients = torch.autograd.grad(total, list(changed.values()))
            for value, gradient in zip(changed.values(), gradients, strict=True):
                value.grad = gradient
            steps.step()
        for name in group:
            change = changed[name].detach() - origins[name]
            # Weight decay alone would move images of which nothing is known.
            added[name] = torch.where(_like(is_told, change), change, 0.0)
    with torch.no_grad():
        return route.logits(source, added, unknown)


def _like(rows, values):
    return rows.view(-1, *[1] * (values.ndim - 1))
