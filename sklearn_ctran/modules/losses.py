"""Losses on logits, entry by entry, for the hidden labels."""

import torch
from torch import nn
from torch.nn import functional as F


def binary_cross_entropy(logits, targets):
    """Binary cross-entropy (paper, eq. 6) of logits and 0/1 targets, entry by entry."""
    return F.binary_cross_entropy_with_logits(logits, targets, reduction="none")


def focal(logits, targets, gamma=2.0):
    """Focal loss (Lin et al., ICCV 2017, eq. 4) without class weights, entry by entry.

    `logits`, `targets` (float, 0 or 1) and the loss are (..., L). `gamma` is how strongly entries
    that are predicted well are down-weighted: 0, which is cross-entropy, or at least 1; in between,
    the gradient would be infinite at a loss of 0.
    """
    _check_focus(gamma=gamma)
    p_false = torch.sigmoid(torch.where(targets > 0.5, -logits, logits))
    return p_false**gamma * binary_cross_entropy(logits, targets)


def asymmetric(
    logits, targets, gamma_negative=4.0, gamma_positive=0.0, shift=0.05, focus_has_gradient=True
):
    """Asymmetric loss (Ridnik et al., ICCV 2021, eq. 7), entry by entry.

    `logits`, `targets` (float, 0 or 1) and the loss are (..., L). The gammas are the focus, as in
    :func:`focal`, of negative and of positive entries. Negatives with a probability below `shift`,
    in [0, 1), have no loss: they are easy and many.

    The gradient is that of the equation. The authors train without the gradient of the factor that
    is the focus (``disable_torch_grad_focal_loss``), which leads elsewhere: with
    ``focus_has_gradient=False`` the loss is the same, and its gradient theirs.
    """
    _check_focus(gamma_negative=gamma_negative, gamma_positive=gamma_positive)
    if not 0 <= shift < 1:
        raise ValueError(f"shift must be in [0, 1), got {shift}.")
    p = (torch.sigmoid(logits) - shift).clamp(min=0)
    # Without a shift, 1 - p may be rounded to 0; the sigmoid of -z is not.
    log_negative = F.logsigmoid(-logits) if shift == 0 else torch.log1p(-p)
    of_positive, of_negative = torch.sigmoid(-logits) ** gamma_positive, p**gamma_negative
    if not focus_has_gradient:
        of_positive, of_negative = of_positive.detach(), of_negative.detach()
    positive, negative = -of_positive * F.logsigmoid(logits), -of_negative * log_negative
    return torch.where(targets > 0.5, positive, negative)


def _check_focus(**gammas):
    for name, gamma in gammas.items():
        if gamma != 0 and gamma < 1:
            raise ValueError(f"{name} must be 0, or 1 and above, got {gamma}.")


LOSSES = {
    "bce": binary_cross_entropy,
    "focal": focal,
    "asymmetric": asymmetric,
}


class EntrywiseLoss(nn.Module):
    """A loss function as a module that checks that it returns one value per entry.

    ``function(logits, targets)`` takes tensors (..., L) and returns that shape. `pos_weight` (L,)
    is the factor of the loss of a label where the label is positive.
    """

    def __init__(self, function, pos_weight=None):
        super().__init__()
        self.function = function
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, logits, targets):
        """Loss of each entry."""
        loss = self.function(logits, targets)
        if loss.shape != logits.shape:
            raise ValueError(
                f"loss must return one value per entry, of shape {tuple(logits.shape)}, but "
                f"returned {tuple(loss.shape)}: use reduction='none'."
            )
        if self.pos_weight is None:
            return loss
        return loss * torch.where(targets > 0.5, self.pos_weight.to(loss.dtype), 1.0)
