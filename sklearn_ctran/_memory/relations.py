"""What known labels say of others beyond the image: residuals of the regression go together."""

from dataclasses import dataclass

import torch

from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN

#: With more labels there are none: the time of a prediction grows with the cube of their number.
MOST_LABELS = 128
#: Share of each label's variance that is its own, and by how many rows that is doubled.
_OWN, _FEW = 0.3, 300.0
#: Entries of the matrices that exist at a time.
_BLOCK = 1 << 22


def deviation(prior):
    """Standard deviations of labels of which these shares are positive."""
    return (prior * (1 - prior)) ** 0.5


@dataclass(frozen=True)
class LabelRelations:
    """The joint normal distribution of the regression's residuals, given those of known labels.

    Attributes
    ----------
    prior : Tensor of shape (n_labels,), float32
        Share of positives.
    covariance : Tensor of shape (n_labels, n_labels), float32, or None
        Of the residuals of targets in standard deviations; None with too many labels.
    own : Tensor of shape (n_labels,), float32
        Added to its diagonal for known labels.
    """

    prior: torch.Tensor
    covariance: torch.Tensor | None
    own: torch.Tensor | None

    @classmethod
    def learn(cls, prior, residuals, is_annotated, weights):
        """From residuals (n_rows, n_labels) of predictions by other rows, 0 where not annotated.

        `is_annotated` is (n_rows, n_labels), bool, `weights` are (n_rows,).
        """
        if len(prior) > MOST_LABELS:
            return cls(prior, None, None)
        weights, is_annotated = weights.double()[:, None], is_annotated.double()
        residuals = residuals.double() * is_annotated
        n_pairs = (weights * is_annotated).T @ is_annotated
        covariance = (weights * residuals).T @ residuals / n_pairs.clamp(min=1)
        # Pairs of different rows, where entries are missing, may contradict each other.
        values, vectors = torch.linalg.eigh(covariance)
        covariance = (vectors * values.clamp(min=0)) @ vectors.T
        own = covariance.diagonal() * (_OWN + _FEW / n_pairs.diagonal().clamp(min=1)) + 1e-3
        return cls(prior, covariance.float(), own.float())

    def __call__(self, z, states):
        """Predictions `z` (n_queries, n_labels) of unknown labels, given known `states`."""
        if self.covariance is None or not (states != UNKNOWN).any():
            return z
        size = max(1, _BLOCK // z.shape[1] ** 2)
        parts = zip(z.split(size), states.split(size), strict=True)
        return torch.cat([self.given(*part) for part in parts])

    def given(self, z, states, solve=torch.linalg.solve):
        """As a call, for any states, where there is a covariance; `solve` solves linear systems."""
        known = (states != UNKNOWN).float()
        target = ((states == POSITIVE).float() - self.prior) / deviation(self.prior)
        residuals = ((target - z) * known)[:, :, None]
        among_known = known[:, :, None] * self.covariance * known[:, None, :]
        diagonal = 1 - known + self.own * known
        among_known = among_known + diagonal[:, :, None] * torch.eye(len(self.prior))
        solved = solve(among_known, residuals)[:, :, 0] * known
        return torch.where(known > 0, z, z + solved @ self.covariance)
