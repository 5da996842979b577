"""Training throughput on a GPU: ours, the plain formulation, and the card's peak.

The setting is the paper's (80 labels, d = 2048), once with a trained backbone (ResNet-101 with
random weights, 576 pixels), once on tokens of a frozen one (324 of 2,048 channels). A step starts
from a batch in host memory, uint8 or float32. It includes the copy to the GPU, the forward and
backward passes and the optimiser.

- ours: the paper's model, in the precision that the estimator picks, channels last, fused AdamW.
- plain: `encoder.PlainCTran` behind torchvision's ResNet, float32, torch's default AdamW; once with
  torch's default, where only convolutions may use TF32, and once without any TF32.

With the paper's batch size they take turns. The largest batch of each is found by doubling.
Throughput is compared with the peak, the measured speed of a product of two 8192 x 8192 bfloat16
matrices. Torch's counter counts the multiply-adds of the ResNet, `encoder.products` those of the
encoder. Without a GPU, nothing is measured.

Usage::

    python benchmarks/speed/gpu.py --json gpu.json
    python benchmarks/speed/gpu.py --device cpu --tiny      # does this script work?

Its output without a GPU::

    not measured: no CUDA device
"""

import argparse
from contextlib import contextmanager, nullcontext
from functools import partial

import numpy as np
import torch
from _speed import describe_machine, print_table, speed_ratio, time_interleaved, write_json
from encoder import (
    PlainCTran,
    Size,
    count_multiply_adds,
    make_batch,
    make_ours,
    pick_precision,
    training_step,
)
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from sklearn_ctran.modules.backbone import IMAGENET_MEAN, IMAGENET_STD, make_backbone

COLUMNS = ("batch", "images/s", "this/plain", "share of peak")
PLAIN = "plain, float32"


class Setting:
    """The model and the data of a measurement.

    Parameters
    ----------
    network : str
        torchvision's name of the backbone.
    side : int
        Height and width of the images.
    n_image_tokens, n_labels, d_model : int
    with_backbone : bool
        If True, batches are images and the backbone is trained; otherwise batches are tokens.
    batches : tuple of int
        Batch sizes at which all variants take turns.
    largest : int
        Maximum batch size.
    """

    def __init__(
        self, with_backbone, batches, network="resnet101", side=576, n_image_tokens=324,
        n_labels=80, d_model=2048, largest=1024,
    ):  # fmt: skip
        self.with_backbone = with_backbone
        self.batches = batches
        self.network = network
        self.side = side
        self.n_image_tokens = n_image_tokens
        self.n_labels = n_labels
        self.d_model = d_model
        self.largest = largest


PAPER = {
    "ResNet-101": Setting(True, (16,)),
    "frozen tokens": Setting(False, (16, 64, 256)),
}
_TINY = {
    "network": "resnet18", "side": 64, "n_image_tokens": 4, "n_labels": 5, "d_model": 512,
    "largest": 2,
}  # fmt: skip
TINY = {
    "ResNet-18, tiny": Setting(True, (1,), **_TINY),
    "frozen tokens, tiny": Setting(False, (1, 2), **_TINY),
}


def main():
    arguments = parse_arguments()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        print("not measured: no CUDA device")
        return
    torch.manual_seed(arguments.seed)
    device, repeats = arguments.device, arguments.repeats
    settings = TINY if arguments.tiny else PAPER
    peak = measure_peak(64 if arguments.tiny else 8192, device)
    print(f"peak: {peak / 1e12:.3g} T multiply-adds/s in bfloat16", flush=True)
    rows, results = {}, {"peak": peak}
    for name, setting in settings.items():
        results[name] = measure(setting, device, repeats, peak)
        for variant, cells in results[name]["rows"].items():
            rows[f"{name}: {variant}"] = cells
            print(f"{name}: {variant}: {cells[1]:.3g} images/s", flush=True)
    machine = describe_machine(arguments.seed)
    machine["device"] = torch.cuda.get_device_name() if device == "cuda" else device
    print_table(rows, COLUMNS, machine)
    write_json(arguments.json, results, machine)


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="(cuda)")
    parser.add_argument("--tiny", action="store_true", help="sizes that mean nothing, in seconds")
    parser.add_argument("--repeats", type=int, default=5, help="rounds that count (5)")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights and inputs (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def measure_peak(side, device):
    """Measure the multiply-adds per second in a product of two square bfloat16 matrices."""
    a, b, out = (torch.randn(side, side, device=device).bfloat16() for _ in range(3))

    def multiply():
        for _ in range(10):
            torch.mm(a, b, out=out)
        synchronize(device)

    seconds = time_interleaved({"peak": multiply}, n_repeats=5)["peak"]
    return 10 * side**3 / float(np.median(seconds))


def synchronize(device):
    """Wait until a GPU has finished."""
    if device == "cuda":
        torch.cuda.synchronize()


def measure(setting, device, repeats, peak):
    """Measure all variants at the given batch sizes, and each at its largest.

    Returns
    -------
    results : dict
        ``multiply_adds`` of one image, ``rows``: variant -> the cells of COLUMNS.
    """
    multiply_adds = count_training(setting)
    result = {"multiply_adds": multiply_adds, "rows": {}}

    def add(name, batch, seconds, ratio):
        throughput = batch / float(np.median(seconds))
        share = f"{throughput * multiply_adds / peak:.1%}"
        result["rows"][f"{name}, batch {batch}"] = [batch, throughput, ratio, share]

    makers = make_variants(setting, device)
    for batch in setting.batches:
        seconds = _take_turns(setting, makers, batch, device, repeats)
        for name, values in seconds.items():
            add(name, batch, values, speed_ratio(values, seconds[PLAIN]))
    for name, maker in makers.items():
        batch = find_largest(partial(_one_step, setting, maker, device), setting.largest)
        # Figures of a batch size at which variants took turns are fairer, so they are kept.
        if batch and batch not in setting.batches:
            seconds = _take_turns(setting, {name: maker}, batch, device, repeats)
            for values in seconds.values():
                add(f"{name}, largest", batch, values, "")
    return result


def _take_turns(setting, makers, batch, device, repeats):
    """Measure the seconds of each variant; none if they do not fit into memory together."""
    try:
        steps = {name: _one_step(setting, maker, device, batch) for name, maker in makers.items()}
        return time_interleaved(steps, repeats, n_warm_up=2)
    except torch.cuda.OutOfMemoryError:
        print(f"{', '.join(makers)}, batch {batch}: not measured, out of memory", flush=True)
        return {}
    finally:
        steps = None
        empty_cache()


def _one_step(setting, maker, device, batch):
    """Make a function that trains on a batch in host memory and waits for the device."""
    inputs = make_inputs(setting, batch)
    module, optimizer, precision, context = maker()

    def step():
        with context():
            training_step(module, optimizer, inputs, precision)
            synchronize(device)

    return step


def find_largest(make_step, limit):
    """Double the batch until memory is out.

    Parameters
    ----------
    make_step : callable
        Takes a batch size and returns a function without arguments, which is called twice.
    limit : int
        Maximum batch size.

    Returns
    -------
    batch : int
        The largest that fitted into memory, at most `limit`; 0 if none did.
    """
    best, batch = 0, 1
    while batch <= limit:
        try:
            step = make_step(batch)
            step()
            step()  # The first call has allocated the optimiser's moments.
        except torch.cuda.OutOfMemoryError:
            break
        finally:
            step = None  # The next step needs its memory.
            empty_cache()
        best, batch = batch, 2 * batch
    return best


def empty_cache():
    """Release torch's unused memory on the GPU."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def make_inputs(setting, batch):
    """Make images or tokens in host memory, with states and targets."""
    size = Size(batch, setting.n_image_tokens, setting.n_labels, setting.d_model)
    if not setting.with_backbone:
        return make_batch(size)
    _, states, targets = make_batch(size._replace(n_image_tokens=0))
    shape = batch, 3, setting.side, setting.side
    return torch.randint(0, 256, shape, dtype=torch.uint8), states, targets


def make_variants(setting, device):
    """Return name -> function that makes (module, optimiser, precision, context), plain first."""
    variants = {
        PLAIN: partial(_make_plain, setting, device, partial(_tf32, convolutions=True)),
        "plain, no TF32": partial(_make_plain, setting, device, partial(_tf32, convolutions=False)),
        "ours": partial(_make_ours, setting, device),
    }
    if not setting.with_backbone:
        del variants["plain, no TF32"]  # Without convolutions both are the same.
    return variants


def _make_plain(setting, device, context):
    backbone = PlainBackbone(setting.network) if setting.with_backbone else None
    module = PlainCTran(setting.n_labels, setting.d_model, backbone).to(device)
    return module, torch.optim.AdamW(module.parameters(), lr=1e-5), "float32", context


def _make_ours(setting, device):
    backbone = make_backbone(setting.network, None) if setting.with_backbone else None
    module = make_ours(setting.n_labels, setting.d_model, channel_dropout=False, backbone=backbone)
    module = module.to(device)
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-5, fused=True)
    return module, optimizer, pick_precision(module, device), nullcontext


class PlainBackbone(nn.Module):
    """torchvision's network without its pooling and classifier, on uint8 images."""

    def __init__(self, network):
        super().__init__()
        from torchvision import models

        self.trunk = nn.Sequential(*list(models.get_model(network, weights=None).children())[:-2])
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(3, 1, 1))

    def forward(self, images):
        """Feature maps (B, C, h, w) of images (B, 3, H, W)."""
        return self.trunk((images.float() / 255 - self.mean) / self.std)


@contextmanager
def _tf32(convolutions):
    """Allow TF32 in convolutions, as torch does by default, or not; nowhere else."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = convolutions, False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


def count_training(setting):
    """Count the multiply-adds of a training step for one image."""
    size = Size(1, setting.n_image_tokens, setting.n_labels, setting.d_model)
    n = count_multiply_adds(size, training=True)
    if setting.with_backbone:
        n += count_backbone(PlainBackbone(setting.network).trunk, setting.side)
    return n


def count_backbone(trunk, side):
    """Count the multiply-adds of a network's forward and backward pass on one image."""
    counter = FlopCounterMode(display=False)
    # Counting needs only shapes, which the meta device has.
    with counter, torch.device("meta"):
        trunk.to("meta").eval()(torch.empty(1, 3, side, side)).sum().backward()
    return counter.get_total_flops() // 2


if __name__ == "__main__":
    main()
