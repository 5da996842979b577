"""The masked linear model: label mask training without a transformer."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from sklearn_ctran._masks import sample_label_states

# Known-negative flags are frequent and say little each; scaled down, weight decay holds them back.
_NEGATIVE_SCALE = 0.1


class MaskedLinear:
    """One linear layer from features and label states to logits, trained with hidden labels.

    The inputs are the features, a flag per label known to be present and a smaller flag per label
    known to be absent. In training, n labels are hidden in each row, n uniform on
    [L / 4, L], and the loss is taken over the hidden ones.

    Parameters
    ----------
    lr : float, default=3e-3
        Highest learning rate of AdamW; it falls to zero along a cosine.
    weight_decay : float, default=0.3
        Weight decay of AdamW.
    dropout : float, default=0.3
        Dropout on all inputs.
    max_epochs : int, default=40
        Passes over the training rows.
    batch_size : int, default=64
        Rows per step.
    random_state : int, default=0
        Determines weights, batches, hidden labels and dropout.
    """

    def __init__(
        self,
        *,
        lr=3e-3,
        weight_decay=0.3,
        dropout=0.3,
        max_epochs=40,
        batch_size=64,
        random_state=0,
    ):
        self.lr = lr
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.random_state = random_state

    def fit(self, X, Y):
        """Train on features and complete labels.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Standardised features.
        Y : ndarray of shape (n_samples, n_labels)
            Labels, 0 or 1.

        Returns
        -------
        self : MaskedLinear
            The fitted model.
        """
        X = torch.as_tensor(X, dtype=torch.float32)
        Y = torch.as_tensor(Y, dtype=torch.int8)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.random_state)
            self.linear_ = nn.Linear(X.shape[1] + 2 * Y.shape[1], Y.shape[1])
            self._train(X, Y)
        return self

    def _train(self, X, Y):
        steps = self.max_epochs * -(-len(X) // self.batch_size)
        optimizer = torch.optim.AdamW(
            self.linear_.parameters(), lr=self.lr, weight_decay=self.weight_decay
        )
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
        for _ in range(self.max_epochs):
            for rows in torch.randperm(len(X)).split(self.batch_size):
                states, hidden = sample_label_states(Y[rows], (0.25, 1.0), torch.default_generator)
                logits = self.linear_(F.dropout(_join(X[rows], states), self.dropout))
                loss = F.binary_cross_entropy_with_logits(logits[hidden], Y[rows][hidden].float())
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()

    @torch.inference_mode()
    def predict_proba(self, X, known_labels=None):
        """Probability of each label, given the features and the known labels.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Standardised features.
        known_labels : ndarray of shape (n_samples, n_labels) or None
            0 or 1 where known, -1 where unknown.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_labels)
            Known labels as they were given.
        """
        if known_labels is None:
            known_labels = np.full((len(X), self.linear_.out_features), -1)
        X = torch.as_tensor(X, dtype=torch.float32)
        predicted = self.linear_(_join(X, torch.as_tensor(known_labels))).sigmoid().numpy()
        return np.where(known_labels >= 0, known_labels, predicted)


def _join(X, known_labels):
    """Features and flags of known labels, side by side."""
    return torch.cat([X, known_labels == 1, _NEGATIVE_SCALE * (known_labels == 0)], dim=1)
