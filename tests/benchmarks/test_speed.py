"""The speed benchmarks at sizes that take no time: they run, and the limit is counted right."""

import math
import multiprocessing
import sys

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode


@pytest.fixture
def size():
    from encoder import Size

    torch.manual_seed(0)
    return Size(batch=2, n_image_tokens=3, n_labels=5, d_model=8)


def count(function):
    """Multiply-adds of a function's matrix products."""
    # The counter knows this product only where it makes a new tensor.
    counter = FlopCounterMode(display=False, custom_mapping={torch.ops.aten.baddbmm_: _baddbmm})
    with counter:
        function()
    return counter.get_total_flops() // 2


def _baddbmm(_, left, right, **kwargs):
    return 2 * math.prod(left) * right[2]


def test_the_limit_counts_the_multiply_adds_of_ours(size):
    from encoder import N_HEADS, N_LAYERS, bare, count_multiply_adds, make_ours, products

    ours = make_ours(size.n_labels, size.d_model)
    n_tokens = size.n_image_tokens + size.n_labels
    tokens = torch.randn(size.batch, n_tokens, size.d_model, requires_grad=True)
    states = torch.zeros(size.batch, size.n_labels, dtype=torch.int8)
    forward = count_multiply_adds(size, training=False)
    assert count(lambda: ours.encode(tokens, states)) == forward
    # The backward pass makes attention weights again instead of keeping them; nobody needs that.
    n_queries = (N_LAYERS - 1) * n_tokens + size.n_labels
    again = size.batch * n_queries * n_tokens * size.d_model
    training = count_multiply_adds(size, training=True)
    assert count(lambda: ours.encode(tokens, states).sum().backward()) == training + again
    assert training == 3 * forward
    assert count(bare(products(size, True), "float32")) == training
    assert (size.batch * N_HEADS, size.n_labels, 2, n_tokens) in products(size, False)


def test_encoder(size):
    from encoder import COLUMNS, LIMITS, PLAIN, compare

    result = compare(size, precision="bfloat16", repeats=1)
    assert result["difference"] < 1e-5
    assert set(result["limit"]) <= set(LIMITS)
    assert list(result["rows"])[0] == PLAIN
    assert "ours, drops channels, bfloat16" in result["rows"]
    for cells in result["rows"].values():
        assert len(cells) == len(COLUMNS) and min(cells) > 0
    assert result["rows"][PLAIN][1] == result["rows"][PLAIN][4] == 1


def test_memory_of_labels():
    from memory import fit_features

    receiver, sender = multiprocessing.Pipe(duplex=False)
    fit_features(sender, n_labels=5, batch_size=2, n_steps=2, seed=0)
    assert 0 < receiver.recv() < 60


def test_memory_of_images(tmp_path):
    from memory import fit_paths, link_photos

    link_photos(tmp_path, 70)
    assert len(list(tmp_path.iterdir())) == 70
    receiver, sender = multiprocessing.Pipe(duplex=False)
    for n_steps in (1, None):
        fit_paths(sender, tmp_path, n_steps)
        assert receiver.recv() > 0


def test_step_timer_breaks_the_fit_off():
    from memory import StepTimer

    timer = StepTimer(n_steps=1)
    timer.on_batch_begin(None)
    timer.on_batch_end(None)
    with pytest.raises(KeyboardInterrupt):
        timer.on_batch_begin(None)


def test_gpu_says_that_there_is_none(monkeypatch, capsys):
    import gpu

    monkeypatch.setattr(sys, "argv", ["gpu.py"])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    gpu.main()
    assert capsys.readouterr().out == "not measured: no CUDA device\n"


def test_gpu_tiny(monkeypatch, capsys):
    import gpu

    images, tokens = gpu.TINY.values()
    monkeypatch.setattr(images, "largest", 0)  # It is looked for with tokens only: that is faster.
    monkeypatch.setattr(tokens, "batches", (1,))
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--device", "cpu", "--tiny", "--repeats", "1"])
    gpu.main()
    printed = capsys.readouterr().out
    for line in (
        "ResNet-18, tiny: ours, batch 1",
        "tokens, tiny: plain, float32, largest, batch 2",
    ):
        assert line in printed


def test_largest_batch():
    from gpu import find_largest

    def make_step(batch):
        def step():
            if batch > 11:
                raise torch.cuda.OutOfMemoryError

        return step

    assert find_largest(make_step, limit=100) == 8
    assert find_largest(make_step, limit=4) == 4
    assert find_largest(lambda batch: make_step(12), limit=4) == 0


def test_backbone_and_encoder_are_counted():
    from gpu import PAPER, PlainBackbone, count_backbone, count_training

    trunk = PlainBackbone("resnet18").trunk
    # torchvision gives 1.81e9 with the classifier; no gradient is needed of the images.
    first = 112 * 112 * 64 * 3 * 7 * 7
    assert count_backbone(trunk, 224) == pytest.approx(3 * 1.814e9 - first, rel=2e-3)
    d, n_tokens, n_queries = 2048, 404, 404 + 404 + 80  # queries of all three layers
    linear = (3 * n_tokens * 2 + n_queries * 4) * d**2
    attention = n_queries * n_tokens * 2 * d
    assert count_training(PAPER["frozen tokens"]) == 3 * (linear + attention)
    # 7.8e9 at 224 pixels.
    with_backbone = count_training(PAPER["ResNet-101"]) - 3 * (linear + attention)
    assert with_backbone == pytest.approx(3 * 7.8e9 * (576 / 224) ** 2, rel=0.02)


@pytest.mark.parametrize("precision, tolerance", [("float32", 1e-4), ("bfloat16", 0.02)])
def test_ours_learns_along_the_curve_of_the_plain_model(precision, tolerance):
    """The same weights, batches and optimiser, and no dropout: step by step the same loss."""
    from encoder import PlainCTran, copy_weights, make_ours

    torch.manual_seed(0)
    plain = PlainCTran(5, 16)
    ours = make_ours(5, 16, channel_dropout=False)
    copy_weights(plain, ours)
    for module in (plain, ours):
        for part in module.modules():
            if isinstance(part, torch.nn.Dropout):
                part.p = 0.0
            elif isinstance(part, torch.nn.MultiheadAttention):
                part.dropout = 0.0
    for layer in ours.layers:
        layer.attention_dropout = 0.0
    tokens = torch.randn(24, 32, 3, 16)
    states = torch.randint(-1, 2, (24, 32, 5), dtype=torch.int8)
    targets = (tokens[:, :, 0, :5] + (states == 1).roll(1, dims=2) > 0.5).float()
    curves = []
    for module, kind in ((plain, "float32"), (ours, precision)):
        optimizer = torch.optim.AdamW(module.parameters(), lr=3e-3)
        curves.append([])
        for batch in zip(tokens, states, targets, strict=True):
            curves[-1].append(step_loss(module, optimizer, batch, kind))
    assert curves[0][-1] < 0.9 * curves[0][0]  # it does learn
    assert curves[1] == pytest.approx(curves[0], abs=tolerance)


def step_loss(module, optimizer, batch, precision):
    """One training step, and the loss before it."""
    from encoder import autocast

    X, states, targets = batch
    optimizer.zero_grad()
    with autocast("cpu", precision):
        logits = module.train()(X, states).float()
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets.expand_as(logits))
    loss.backward()
    optimizer.step()
    return loss.item()


def test_recall():
    from recall import COLUMNS, measure

    result = measure(n_rows=60, n_labels=5, n_queries=8, n_repeats=2)
    assert len(result) == len(COLUMNS) and min(result.values()) > 0
    # Half a number a direction, a byte a label, a float for each label's coefficient.
    assert 0 < result["pickle_MB"] < 0.2
