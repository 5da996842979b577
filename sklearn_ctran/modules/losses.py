"""Losses on logits, entry by entry, for the hidden labels."""

import torch
from torch import nn
from torch.nn import functional as F


def binary_cross_entropy(logits, targets):
    """Binary cross-entropy (paper, eq. 6) of logits and 0/1 targets, entry by entry."""
    return F.binary_cross_entropy_with_logits(logits, targets, reduction="none")


def focal(logits, targets, gamma=2.0):
    """Focal loss (Lin et al., ICCV 2017) without class weights, entry by entry."""
    p_true = torch.sigmoid(torch.where(targets > 0.5, logits, -logits))
    return (1 - p_true) ** gamma * binary_cross_entropy(logits, targets)


def asymmetric(logits, targets, gamma_negative=4.0, gamma_positive=1.0, shift=0.05):
    """Asymmetric loss (Ridnik et al., ICCV 2021), entry by entry.

    Negatives are focused harder than positives, and negatives below probability `shift` are free.
    """
    p = torch.sigmoid(logits)
    p_negative = (p - shift).clamp(min=0)
    positive = -targets * (1 - p) ** gamma_positive * F.logsigmoid(logits)
    negative = -(1 - targets) * p_negative**gamma_negative * torch.log1p(-p_negative + 1e-8)
    return positive + negative


LOSSES = {
    "bce": binary_cross_entropy,
    "focal": focal,
    "asymmetric": asymmetric,
}


class EntrywiseLoss(nn.Module):
    """A loss function as a module, its result checked to be one value per entry.

    Parameters
    ----------
    function : callable
        ``function(logits, targets)``, both of shape (..., L), returning that shape.
    """

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, logits, targets):
        """Loss of each entry."""
        loss = self.function(logits, targets)
        if loss.shape != logits.shape:
            raise ValueError(
                f"loss must return one value per entry, of shape {tuple(logits.shape)}, but "
                f"returned {tuple(loss.shape)}: use reduction='none'."
            )
        return loss
