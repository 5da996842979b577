"""Kernel ridge regression of labels on images, with the prediction of each row by the others."""

from dataclasses import dataclass

import numpy as np
import torch

from sklearn_ctran._memory.copies import larger_groups

#: exp(SHARPNESS * (cosine - 1)) is the kernel of two images.
SHARPNESS = 2.0
#: Variances of the noise that are tried, where that of the regression's prior is 1.
RIDGES = (0.1, 0.3, 1.0, 3.0)
#: Rows on which they are tried.
N_TRIED = 1500
#: Up to so many rows all are centres of the kernel, else a random choice of N_CENTRES.
MOST_CENTRES = 6000
N_CENTRES = 4096
#: Weights of rows that make a difference.
_WEIGHTS = 1e-6, 1e6


@dataclass(frozen=True)
class KernelRegression:
    """Ridge regression in the space of a kernel of cosines.

    Attributes
    ----------
    centres : ndarray of shape (n_centres,), int64, or None
        Rows that the kernel is taken with; None for all.
    coefficients : Tensor of shape (n_centres, n_labels), float32
    """

    centres: np.ndarray | None
    coefficients: torch.Tensor

    @classmethod
    def learn(cls, vectors, targets, is_annotated, weights, copies, rng):
        """A regression, and its targets of each row (n_samples, n_labels) predicted by the others.

        `copies` are the numbers of the rows' groups: rows of one group do not predict each other.

        `vectors` (n_samples, n_directions) have unit length. `targets` (n_samples, n_labels),
        float32, have a mean of about 0, and are 0 where nothing is annotated; predictions are
        divided by the share of annotated rows (inverse propensity weighting). A row of weight 2
        counts as twice.
        """
        vectors, targets, weights = (
            torch.from_numpy(np.asarray(each, dtype=np.float64))
            for each in (vectors, targets, weights)
        )
        is_annotated = torch.from_numpy(is_annotated)
        # Beyond these, the noise of equal rows is lost in rounding, or nothing but noise is left.
        noise = 1 / weights.clamp(*_WEIGHTS)
        share = (weights @ is_annotated.double()) / weights.sum()
        share[share == 0] = 1.0  # All targets are 0.
        ridge = RIDGES[-1]
        if len(vectors) > 1:
            tried = torch.from_numpy(rng.permutation(len(vectors))[:N_TRIED])
            kernel = _kernel_of(vectors[tried], vectors[tried])
            ridge = min(
                RIDGES,
                key=lambda ridge: _error(
                    _solve(kernel, targets[tried], ridge * noise[tried], copies[tried])[1] / share,
                    targets[tried],
                    is_annotated[tried] * weights[tried, None],
                ),
            )
        if len(vectors) <= MOST_CENTRES:
            kernel, centres = _kernel_of(vectors, vectors), None
            solution, left_out = _solve(kernel, targets, ridge * noise, copies)
        else:
            centres = np.sort(rng.permutation(len(vectors))[:N_CENTRES])
            precision = 1 / (ridge * noise)
            solution, left_out = _solve_by_centres(vectors, centres, targets, precision, copies)
        return cls(centres, (solution / share).float()), (left_out / share).float()

    def __call__(self, cosines):
        """Predictions (n_queries, n_labels) from cosines (n_queries, n_centres)."""
        return _kernel(cosines) @ self.coefficients


def _kernel(cosines):
    return torch.exp(SHARPNESS * (cosines - 1))


def _kernel_of(ones, others):
    """As :func:`_kernel`, of vectors, and without copies of a large matrix."""
    return (ones @ others.T).sub_(1).mul_(SHARPNESS).exp_()


def _error(predicted, targets, weights):
    return float((weights * (predicted - targets) ** 2).sum())


def _solve(kernel, targets, noise, copies):
    """Coefficients, and predictions of each row by all others (Rasmussen and Williams, eq. 5.12).

    `noise` (n_samples,) is the variance of each row's targets.
    """
    diagonal = kernel.diagonal().clone()
    kernel.diagonal().add_(noise)
    lower = torch.linalg.cholesky(kernel)
    kernel.diagonal().copy_(diagonal)  # Other noise may be tried with it.
    coefficients = torch.cholesky_solve(targets, lower)
    precision = torch.cholesky_inverse(lower)
    errors = coefficients / precision.diagonal()[:, None]
    for rows in larger_groups(copies):
        errors[rows] = torch.linalg.solve(precision[rows][:, rows], coefficients[rows])
    return coefficients, targets - errors


def _solve_by_centres(vectors, centres, targets, precision, copies):
    """As :func:`_solve`, in the space that some rows span (Nyström)."""
    vectors = vectors.float()
    centre_kernel = _kernel_of(vectors[centres], vectors[centres]).double()
    # The jitter keeps equal images from making the matrix singular.
    root = torch.linalg.cholesky(centre_kernel + 1e-6 * torch.eye(len(centres)).double())
    # The large products are in float32, the small matrices that are factored in float64.
    mapped = torch.linalg.solve_triangular(
        root.float(), _kernel_of(vectors[centres], vectors), upper=False
    )
    weighted = mapped * precision.float()
    gram = (weighted @ mapped.T).double()
    # The second term is what float32 may be wrong by if weights are large.
    prior = 1 + 1e-7 * gram.diagonal().max()
    lower = torch.linalg.cholesky(gram + prior * torch.eye(len(centres)).double())
    solution = torch.cholesky_solve((weighted @ targets.float()).double(), lower)
    root_precision = precision.sqrt()[:, None]
    errors = (targets - mapped.T @ solution.float()) * root_precision
    # The leverage of rows, whose errors are divided by what it leaves of 1.
    half = torch.linalg.solve_triangular(lower.float(), mapped, upper=False)
    half *= root_precision.ravel().float()
    leverage = (half**2).sum(dim=0).double()[:, None]
    divided = errors / (1 - leverage).clamp(min=1e-6)
    for rows in larger_groups(copies):
        values, vectors = torch.linalg.eigh((half[:, rows].T @ half[:, rows]).double())
        divided[rows] = (vectors / (1 - values).clamp(min=1e-6)) @ (vectors.T @ errors[rows])
    left_out = targets - divided / root_precision
    return torch.linalg.solve_triangular(root.T, solution, upper=True), left_out
