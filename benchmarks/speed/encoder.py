"""Encoder steps: ours, the plain formulation, and bare matrix products.

For several sizes, the script measures the time of a training step (forward, backward, optimiser)
and of a prediction:

- plain: an implementation without any optimisation of speed: ``nn.TransformerEncoder``, label
  embeddings repeated for each image, the diagonal of a dense L x L read-out, float32, torch's
  default AdamW.
- ours: `CTran` with the paper's model only, once with the estimator's `channel_dropout`, once with
  the paper's dropout of entries; in float32 and in the precision that the estimator picks. Up to
  d = 512 also with what the estimator adds to the paper's model.
- limit: all multiply-adds of ours, forward and backward, as bare matrix products of the same
  shapes, without softmax, norms, dropout and optimiser.

A prediction has four batches; the time is per batch. Variants take turns. Times are medians, ratios
are medians of the ratios round by round. The script first copies the plain model's weights to ours
and prints the largest difference of their logits.

Usage (7 minutes)::

    python benchmarks/speed/encoder.py --json encoder.json
    python benchmarks/speed/encoder.py --sizes 0 2      # by position in SIZES

Part of its output (train ms, plain/this, this/limit; predict ms, plain/this, this/limit)::

    64 x (24 + 74), d = 128  plain, float32        279     1   7.14    42.2     1  2.98
      ours, drops channels, float32                142  1.96   3.65    42.7  0.98  3.01
      ours, drops channels, bfloat16              88.2  3.12   2.25    28.1   1.5  1.93
      ours, drops entries, bfloat16                136  2.11   3.35    28.6  1.48  2.05
      ours, all of the estimator's, bfloat16       104  2.65   2.67      32  1.28  2.29
      limit, bfloat16                             39.1  7.14      1      14  2.98     1
    2 x (324 + 80), d = 2048  plain, float32     3,328     1   4.09     778     1  2.81
      ours, drops channels, bfloat16               966  3.45   1.19     322  2.42  1.16
      ours, drops entries, bfloat16                991  3.36   1.22     322  2.42  1.16
      limit, bfloat16                              813  4.09      1     277  2.81     1

    processor AMD EPYC, features avx2 avx512f avx512_bf16, cores 2, threads 2, torch 2.14.1, ...
"""

import argparse
from collections import Counter
from typing import NamedTuple

import numpy as np
import torch
from _speed import describe_machine, print_table, speed_ratio, time_interleaved, write_json
from torch import nn
from torch.nn import functional as F

from sklearn_ctran._neural.training import net_precision
from sklearn_ctran._utils.devices import autocast
from sklearn_ctran._utils.memory import keep_freed_memory
from sklearn_ctran.modules.ctran import CTran

N_LAYERS, N_HEADS, DROPOUT = 3, 4, 0.1
N_PREDICTED = 4  # batches of one prediction
COLUMNS = ("train ms", "plain/this", "this/limit", "predict ms", "plain/this", "this/limit")
PLAIN = "plain, float32"
LIMITS = {f"limit, {precision}": precision for precision in ("float32", "bfloat16")}


class Size(NamedTuple):
    """Images per batch, tokens per image, labels, and the width of the tokens."""

    batch: int
    n_image_tokens: int
    n_labels: int
    d_model: int

    def __str__(self):
        return f"{self.batch} x ({self.n_image_tokens} + {self.n_labels}), d = {self.d_model}"


SIZES = (
    Size(64, 24, 74, 128),
    Size(64, 49, 20, 256),
    Size(16, 49, 80, 512),
    Size(2, 324, 80, 2048),
    Size(2, 324, 500, 2048),
)


def main():
    arguments = parse_arguments()
    keep_freed_memory()  # As every fit does. All variants gain from it.
    rows, results = {}, {}
    for size in (SIZES[position] for position in arguments.sizes):
        torch.manual_seed(arguments.seed)
        result = compare(size, arguments.precision, arguments.repeats)
        print(f"{size}: plain and ours differ by {result['difference']:.1e}", flush=True)
        results[str(size)] = result
        rows |= {f"{size}  {name}": cells for name, cells in result["rows"].items()}
    machine = describe_machine(arguments.seed)
    print_table(rows, COLUMNS, machine)
    write_json(arguments.json, results, machine)


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    everything = range(len(SIZES))
    parser.add_argument(
        "--sizes", type=int, nargs="+", choices=everything, default=everything, metavar="N",
        help="; ".join(f"{i}: {size}" for i, size in enumerate(SIZES)) + " (all)",
    )  # fmt: skip
    parser.add_argument(
        "--precision", choices=("auto", "float32", "bfloat16"), default="auto",
        help="second precision of ours; auto: what the estimator picks (auto)",
    )  # fmt: skip
    parser.add_argument("--repeats", type=int, help="rounds that count (7, or 2 at d >= 1024)")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights and inputs (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


class PlainCTran(nn.Module):
    """The paper's model, implemented without any optimisation of speed.

    Parameters
    ----------
    n_labels, d_model : int
    backbone : nn.Module or None
        From uint8 images to feature maps (B, d, h, w). None: tokens (B, P, d) are given.
    """

    def __init__(self, n_labels, d_model, backbone=None):
        super().__init__()
        self.backbone = backbone
        self.label = nn.Embedding(n_labels, d_model)
        self.state = nn.Embedding(3, d_model, padding_idx=0)
        self.norm = nn.LayerNorm(d_model)
        layer = nn.TransformerEncoderLayer(d_model, N_HEADS, d_model, DROPOUT, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, N_LAYERS)
        self.readout = nn.Linear(d_model, n_labels)

    def forward(self, X, states):
        """Logits (B, L) of images or tokens and label states (B, L)."""
        if self.backbone is not None:
            X = self.backbone(X).flatten(2).transpose(1, 2)
        batch, n_labels = states.shape
        labels = self.label(torch.arange(n_labels, device=states.device).repeat(batch, 1))
        labels = labels + self.state(states.long() + 1)
        tokens = self.encoder(self.norm(torch.cat([X, labels], dim=1)))
        return self.readout(tokens[:, -n_labels:]).diagonal(dim1=1, dim2=2)


def make_ours(n_labels, d_model, *, with_extras=False, channel_dropout=True, backbone=None):
    """Make the paper's model, or the one with what the estimator adds for given features."""
    extras = {"attention_bias": True, "shortcut": True, "input_dropout": 0.5}
    return CTran(
        n_labels,
        d_model,
        backbone=backbone,
        n_layers=N_LAYERS,
        n_heads=N_HEADS,
        dropout=DROPOUT,
        channel_dropout=channel_dropout,
        **(extras if with_extras else {}),
    )


@torch.no_grad()
def copy_weights(plain, ours):
    """Copy the weights of a plain model to ours; neither has a backbone."""
    d_model = plain.norm.normalized_shape[0]
    weights = {
        "label_embedding.label": plain.label.weight,
        "label_embedding.state": plain.state.weight[1:],
        **{f"input_norm.{name}": weight for name, weight in plain.norm.named_parameters()},
        **{f"readout.{name}": weight for name, weight in plain.readout.named_parameters()},
    }
    for i, layer in enumerate(plain.encoder.layers):
        for name, weight in layer.named_parameters():
            kind = name.rpartition("_")[2]
            if "in_proj" in name:
                weights[f"layers.{i}.query.{kind}"] = weight[:d_model]
                weights[f"layers.{i}.key_value.{kind}"] = weight[d_model:]
            else:
                weights[f"layers.{i}.{name.replace('self_attn.out_proj', 'out')}"] = weight
    missing, unexpected = ours.load_state_dict(weights, strict=False)
    assert set(missing) <= {"feature_mean", "feature_scale"} and not unexpected


def pick_precision(module, device, precision="auto"):
    """Return the precision that the estimator's parameter `precision` means for a module."""
    return net_precision(precision, module, device)


def make_batch(size):
    """Make random tokens (B, P, d), states (B, L), int8, and targets (B, L)."""
    shape = size.batch, size.n_labels
    return (
        torch.randn(size.batch, size.n_image_tokens, size.d_model),
        torch.randint(-1, 2, shape, dtype=torch.int8),
        torch.randint(0, 2, shape).float(),
    )


def training_step(module, optimizer, batch, precision="float32"):
    """Copy a batch to the module's device and do a forward, backward and optimiser step."""
    device = next(module.parameters()).device
    X, states, targets = (x.to(device) for x in batch)
    optimizer.zero_grad()
    with autocast(device, precision):
        logits = module(X, states)
    loss = F.binary_cross_entropy_with_logits(logits.float(), targets.expand_as(logits))
    loss.backward()
    optimizer.step()


def predict(module, batch, precision="float32", n_batches=1):
    """Predict the logits of the same batch several times, and return them."""
    X, states, _ = batch
    # Like the estimator, use one context for all batches, so that weights are cast once.
    with torch.inference_mode(), autocast(X.device, precision):
        for _ in range(n_batches):
            logits = module(X, states)
    return logits


def products(size, training):
    """Count the matrix products of ours in one batch.

    Returns
    -------
    products : Counter
        (n_matrices, rows, inner, columns) -> number of products of this shape.
    """
    counts = Counter()
    n_tokens = size.n_image_tokens + size.n_labels
    d = size.d_model
    for layer in range(N_LAYERS):
        # Only labels are read out, so the last layer updates them alone.
        n_queries = size.n_labels if layer == N_LAYERS - 1 else n_tokens
        counts.update(_linear(size.batch * n_tokens, d, 2 * d, training))  # keys and values
        for _ in range(4):  # queries, output, both of the ReLU layer
            counts.update(_linear(size.batch * n_queries, d, d, training))
        counts.update(_attention(size.batch * N_HEADS, n_queries, n_tokens, d // N_HEADS, training))
    return counts


def _linear(rows, inner, columns, training):
    yield 1, rows, inner, columns
    if training:
        yield 1, rows, columns, inner  # gradient of the input
        yield 1, columns, rows, inner  # of the weight


def _attention(n, n_queries, n_tokens, width, training):
    for _ in range(2 if training else 1):  # the second: gradients of weights and of queries
        yield n, n_queries, width, n_tokens
        yield n, n_queries, n_tokens, width
    if training:
        yield n, n_tokens, n_queries, width  # gradient of the keys
        yield n, n_tokens, n_queries, width  # of the values


def count_multiply_adds(size, training):
    """Count the multiply-adds in all :func:`products`."""
    return sum(int(np.prod(shape)) * n for shape, n in products(size, training).items())


def bare(shapes, precision):
    """Make a function that computes all :func:`products` into preallocated memory."""
    dtype = getattr(torch, precision)
    prepared = []
    for (n, rows, inner, columns), repeats in shapes.items():
        a, b = torch.randn(n, rows, inner), torch.randn(n, inner, columns)
        operands = [x.to(dtype) for x in (a, b, torch.empty(n, rows, columns))]
        if n == 1:
            operands = [x[0] for x in operands]
        prepared += [(torch.mm if n == 1 else torch.bmm, *operands)] * repeats

    def multiply():
        for product, a, b, out in prepared:
            product(a, b, out=out)

    return multiply


def make_variants(size, precision="auto"):
    """Make the models: name -> (module, optimiser, precision), the plain one first."""
    labels, d = size.n_labels, size.d_model
    plain = PlainCTran(labels, d)
    variants = {PLAIN: (plain, torch.optim.AdamW(plain.parameters()), "float32")}
    ours = {
        "channels": make_ours(labels, d),
        "entries": make_ours(labels, d, channel_dropout=False),
    }
    picked = pick_precision(ours["channels"], "cpu", precision)
    copy_weights(plain, ours["channels"])
    for what, module in ours.items():
        optimizer = torch.optim.AdamW(module.parameters(), fused=True)
        for name in dict.fromkeys(["float32", picked]):
            variants[f"ours, drops {what}, {name}"] = module, optimizer, name
    if d <= 512:
        full = make_ours(labels, d, with_extras=True)
        optimizer = torch.optim.AdamW(full.parameters(), fused=True)
        variants[f"ours, all of the estimator's, {picked}"] = full, optimizer, picked
    return variants


def compare(size, precision="auto", repeats=None):
    """Time all variants and the limit at one size.

    Returns
    -------
    result : dict
        ``difference``, the largest between the logits of plain and ours; ``multiply_adds`` of a
        training step; ``limit``, the name of the faster limit in training and in prediction;
        ``rows``, name -> the cells of COLUMNS.
    """
    is_large = size.d_model >= 1024
    repeats = repeats or (2 if is_large else 7)
    batch = make_batch(size)
    variants = make_variants(size, precision)
    ours = next(name for name in variants if name != PLAIN)
    logits = []
    for name in (PLAIN, ours):
        logits.append(predict(variants[name][0].eval(), batch))
    difference = float((logits[1][0] - logits[0]).abs().max())
    train = _time(size, variants, batch, True, repeats)
    rows = {name: cells + ["", "", ""] for name, cells in train["rows"].items()}
    forward = _time(size, variants, batch, False, repeats)
    for name, cells in forward["rows"].items():
        rows[name][3:] = cells
    return {
        "difference": difference,
        "multiply_adds": count_multiply_adds(size, training=True),
        "limit": [train["limit"], forward["limit"]],
        "rows": rows,
    }


def _time(size, variants, batch, training, repeats):
    """Measure milliseconds, plain/this and this/limit of each variant; name the lower limit."""
    functions = {}
    for name, (module, optimizer, precision) in variants.items():
        functions[name] = make_step(module, optimizer, batch, precision, training)
    shapes = products(size, training)
    functions |= {name: bare(shapes, precision) for name, precision in LIMITS.items()}
    seconds = time_interleaved(functions, repeats)
    if not training:
        seconds |= {name: seconds[name] / N_PREDICTED for name in variants}
    limit = min(LIMITS, key=lambda name: np.median(seconds[name]))
    rows = {}
    for name, values in seconds.items():
        ratios = [speed_ratio(values, seconds[PLAIN]), speed_ratio(seconds[limit], values)]
        rows[name] = [1e3 * float(np.median(values)), *ratios]
    return {"limit": limit, "rows": rows}


def make_step(module, optimizer, batch, precision, training):
    """Make a function that does a training step, or a prediction of N_PREDICTED batches."""

    def step():
        # Several variants share a module, and may need it in another mode.
        module.train(training)
        if training:
            training_step(module, optimizer, batch, precision)
        else:
            predict(module, batch, precision, N_PREDICTED)

    return step


if __name__ == "__main__":
    main()
