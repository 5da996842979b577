"""What a network costs, measured on made-up images: operations, memory and time of a step."""

import copy
import math
import time
from typing import NamedTuple

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from sklearn_ctran._neural.training import build_net
from sklearn_ctran._utils.devices import plain_torch
from sklearn_ctran._utils.randomness import drawing


class Costs(NamedTuple):
    """Operations of the backbone and of the rest for an image; bytes; seconds of a step."""

    backbone_flops: int
    network_flops: int
    batch_bytes: int
    step_seconds: float


def measure_costs(estimator, n_steps):
    """The Costs of a fitted neural estimator; the median of `n_steps` training steps after one.

    It trains a copy of the network, on noise. Images are not read nor resized.
    """
    with plain_torch(), drawing(0):
        net = _net_to_train(estimator)
        module = net.module_
        image, tokens = _inputs(estimator, module, 1)
        backbone = 0 if image is None else _flops(lambda: module.backbone(image))
        backbone *= estimator._input.n_views
        states = torch.full((1, module.n_labels), -1, dtype=torch.int8, device=net.device)
        network = _flops(lambda: module(X=tokens, states=states))
        batch = _batch(estimator, net)
        seconds, n_bytes = [], 0
        for step in range(n_steps + 1):
            start = time.perf_counter()
            n_bytes = _train_step(net, batch, is_counted=not step) or n_bytes
            seconds.append(time.perf_counter() - start)
    return Costs(backbone, network, n_bytes, float(np.median(seconds[1:])))


def _net_to_train(estimator):
    """A net like the fitted one, whose weights are a copy."""
    maker = copy.copy(estimator)
    maker.callbacks = None  # They would be reset.
    task = estimator.task_
    net = build_net(
        maker,
        maker._net_class,
        copy.deepcopy(estimator.net_.module_),
        task,
        parameter_groups=maker._parameter_groups(),
        max_epochs=1,
        valid=None,
        pos_weight=np.ones(task.n_all_labels),
        seed=0,
        device=estimator.net_.device,
    )
    net.initialize()
    net.on_train_begin(net)
    return net


def _inputs(estimator, module, n_images):
    """Images (B, K, H, W), uint8, or None without a backbone; and tokens as the module reads them.

    Without the image the tokens are none.
    """
    device = module.feature_mean.device
    if not module.use_image:
        return None, torch.zeros(n_images, 0, 1, device=device)
    noise = torch.Generator().manual_seed(0)
    features = torch.randn(
        n_images, math.prod(module.grid), len(module.feature_mean), generator=noise
    )
    tokens = module.pool(features.to(device), module.grid)
    if module.backbone is None:
        return None, tokens
    shape = n_images, module.backbone.n_inputs, *estimator._input.size
    return torch.randint(256, shape, dtype=torch.uint8, generator=noise).to(device), tokens


def _flops(function):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        function()
    return counter.get_total_flops()


def _batch(estimator, net):
    """A batch of training, as skorch expects it."""
    module, n_images = net.module_, estimator.batch_size
    images, tokens = _inputs(estimator, module, n_images)
    sees_images = images is not None and passes_each_step(estimator, module)
    noise = torch.Generator().manual_seed(0)
    states = torch.randint(2, (n_images, module.n_labels), dtype=torch.int8, generator=noise)
    weights = torch.ones(n_images, dtype=estimator._dtype())
    inputs = {"X": images if sees_images else tokens, "states": states, "weights": weights}
    return inputs, states


def passes_each_step(estimator, module):
    """Whether images go through the backbone in each training step, and not once before."""
    return not module.backbone.frozen or bool(estimator._augmentation())


def _train_step(net, batch, is_counted):
    """Train a step; the bytes of what it keeps for its backward pass, if they are counted."""
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    if is_counted:
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            net.train_step(batch)
        for weight in net.module_.parameters():
            kept.pop(weight.untyped_storage().data_ptr(), None)
    else:
        net.train_step(batch)
    if torch.device(net.device).type == "cuda":
        torch.cuda.synchronize(net.device)
    return sum(kept.values())
