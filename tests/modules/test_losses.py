"""Losses, entry by entry."""

import pytest
import torch
from torch import nn
from torchvision.ops import sigmoid_focal_loss

from sklearn_ctran.modules.losses import LOSSES, EntrywiseLoss, asymmetric, focal

LOGITS = torch.tensor([[-3.0, 0.0, 2.0], [40.0, -40.0, 1.0]])
TARGETS = torch.tensor([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])


def test_binary_cross_entropy():
    p = torch.sigmoid(LOGITS)
    expected = nn.functional.binary_cross_entropy(p, TARGETS, reduction="none")
    torch.testing.assert_close(LOSSES["bce"](LOGITS, TARGETS), expected)


def test_focal_equals_torchvision():
    expected = sigmoid_focal_loss(LOGITS, TARGETS, alpha=-1, gamma=2)
    torch.testing.assert_close(LOSSES["focal"](LOGITS, TARGETS), expected)


@pytest.mark.parametrize("gamma", [0, 1, 3.5])
def test_focus_of_focal(gamma):
    expected = sigmoid_focal_loss(LOGITS, TARGETS, alpha=-1, gamma=gamma)
    torch.testing.assert_close(focal(LOGITS, TARGETS, gamma=gamma), expected)


def test_asymmetric_without_asymmetry_is_focal():
    loss = asymmetric(LOGITS, TARGETS, gamma_negative=2, gamma_positive=2, shift=0)
    torch.testing.assert_close(loss, focal(LOGITS, TARGETS, gamma=2))


@pytest.mark.parametrize("bad", [{"gamma_negative": 0.5}, {"gamma_positive": -1}, {"shift": 1}])
def test_asymmetric_refuses(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        asymmetric(LOGITS, TARGETS, **bad)
    if "gamma_negative" in bad:
        with pytest.raises(ValueError, match="gamma must be 0, or 1 and above, got 0.5"):
            focal(LOGITS, TARGETS, gamma=0.5)


def test_pos_weight_is_that_of_torch():
    pos_weight = torch.tensor([2.0, 0.5, 3.0])
    expected = nn.BCEWithLogitsLoss(reduction="none", pos_weight=pos_weight)(LOGITS, TARGETS)
    torch.testing.assert_close(EntrywiseLoss(LOSSES["bce"], pos_weight)(LOGITS, TARGETS), expected)


def test_asymmetric():
    logits, targets = torch.tensor([1.0, 1.0, -4.0]), torch.tensor([1.0, 0.0, 0.0])
    p = torch.sigmoid(logits)
    loss = LOSSES["asymmetric"](logits, targets)
    assert loss[0] == pytest.approx(float(-p[0].log()))  # no focus on positives
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


@pytest.mark.parametrize("focus_has_gradient", [True, False])
def test_the_gradient_of_the_focus(focus_has_gradient):
    """The authors' code weighs the cross-entropy's gradient, and does not derive the weight."""
    logits = LOGITS.clone().requires_grad_()
    settings = {"gamma_negative": 4.0, "gamma_positive": 1.0, "shift": 0.05}
    loss = asymmetric(logits, TARGETS, **settings, focus_has_gradient=focus_has_gradient)
    (found,) = torch.autograd.grad(loss.sum(), logits)

    p = torch.sigmoid(logits)
    shifted = (p - 0.05).clamp(min=0)
    focus = torch.where(TARGETS > 0.5, 1 - p, shifted**4)
    focus = focus if focus_has_gradient else focus.detach()
    entropy = -torch.where(TARGETS > 0.5, p.log(), (1 - shifted).log())
    expected = focus * entropy
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(found, torch.autograd.grad(expected.sum(), logits)[0])
