"""Losses, entry by entry."""

import pytest
import torch
from torch import nn
from torchvision.ops import sigmoid_focal_loss

from sklearn_ctran.modules.losses import LOSSES, EntrywiseLoss

LOGITS = torch.tensor([[-3.0, 0.0, 2.0], [40.0, -40.0, 1.0]])
TARGETS = torch.tensor([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])


def test_binary_cross_entropy():
    p = torch.sigmoid(LOGITS)
    expected = nn.functional.binary_cross_entropy(p, TARGETS, reduction="none")
    torch.testing.assert_close(LOSSES["bce"](LOGITS, TARGETS), expected)


def test_focal_equals_torchvision():
    expected = sigmoid_focal_loss(LOGITS, TARGETS, alpha=-1, gamma=2)
    torch.testing.assert_close(LOSSES["focal"](LOGITS, TARGETS), expected)


def test_asymmetric():
    logits, targets = torch.tensor([1.0, 1.0, -4.0]), torch.tensor([1.0, 0.0, 0.0])
    p = torch.sigmoid(logits)
    loss = LOSSES["asymmetric"](logits, targets)
    assert loss[0] == pytest.approx(float(-(1 - p[0]) * p[0].log()))
    shifted = p[1] - 0.05
    assert loss[1] == pytest.approx(float(-(shifted**4) * (1 - shifted).log()), rel=1e-4)
    assert loss[2] == 0  # below the shift


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_losses_are_finite_for_extreme_logits(name):
    logits = torch.tensor([1e4, -1e4], requires_grad=True)
    for target in (0.0, 1.0):
        loss = LOSSES[name](logits, torch.full((2,), target))
        assert torch.isfinite(loss).all()
        (gradient,) = torch.autograd.grad(loss.sum(), logits)
        assert torch.isfinite(gradient).all()


def test_a_loss_must_not_reduce():
    loss = EntrywiseLoss(nn.BCEWithLogitsLoss())
    with pytest.raises(ValueError, match="reduction='none'"):
        loss(LOGITS, TARGETS)
    EntrywiseLoss(nn.BCEWithLogitsLoss(reduction="none"))(LOGITS, TARGETS)
