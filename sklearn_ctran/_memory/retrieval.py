"""Label sets of the training rows, weighted by how well they fit an image and its known labels."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import minimize
from torch.nn import functional as F

from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN

#: Name -> (start, least, largest value) of each parameter; all are above 0.
PARAMETERS = {
    "likeness": (10.0, 0.1, 100.0),
    "evidence": (0.7, 0.01, 10.0),
    "positive": (4.0, 0.1, 12.0),
    "negative": (4.0, 0.01, 12.0),
    "prior_rows": (0.3, 0.01, 100.0),
    "set_share": (0.6, 0.01, 2.0),
    "image_share": (0.4, 0.01, 2.0),
    "image_scale": (2.0, 0.1, 10.0),
}
#: The pull of the logarithms of parameters towards their start, beside the mean loss, and what is
#: added to it, divided by the number of annotated entries.
_PULL, _PULL_OF_FEW = 1e-4, 1.0
_MAX_ITERATIONS = 30


class Completed:
    """A dataclass whose private attributes follow from its fields, and are not pickled."""

    def __post_init__(self):
        self._complete()

    def _complete(self):
        """Set the private attributes."""
        raise NotImplementedError

    def __getstate__(self):
        return {name: each for name, each in vars(self).items() if not name.startswith("_")}

    def __setstate__(self, state):
        vars(self).update(state)
        self._complete()


@dataclass
class Retrieval(Completed):
    """Logits of labels from remembered label sets, and the weights of the rows.

    The weight of row n for an image with some known labels has the logarithm ::

        likeness * cosine_n + evidence * (sum of z_i over unknown i that row n has)
        + positive * (known positives that it has) - negative * (known negatives that it has)

    where z are the labels predicted from the image, as multiples of their standard deviation. What
    is not annotated counts with its expectation. The weighted mean of the label sets is a
    probability of each label; the logit is a weighted sum of the probability's and of z's.

    Attributes
    ----------
    states : Tensor of shape (n_rows, n_labels), int8
        -1 where nobody annotated the label.
    log_weights : Tensor of shape (n_rows,), float32
        Of the rows as samples.
    prior : Tensor of shape (n_labels,), float32
        Share of positives.
    n_classes : int
        The first labels are classes, of which each row has exactly one.
    values : Tensor of shape (8,), float32
        The logarithms of the parameters, in the order of ``PARAMETERS``.
    """

    states: torch.Tensor
    log_weights: torch.Tensor
    prior: torch.Tensor
    n_classes: int
    values: torch.Tensor

    def _complete(self):
        self._has_missing = bool((self.states == UNKNOWN).any())
        # All but the last column times factors are weights' logarithms; of all but the first
        # column weighted sums are wanted.
        self._table = torch.cat(
            [
                self.log_weights[:, None],
                self.states == POSITIVE,
                *([self.states == NEGATIVE] if self._has_missing else []),
                torch.ones(len(self.states), 1),
            ],
            dim=1,
        )

    @property
    def parameters(self):
        """Name -> value, float."""
        return dict(zip(PARAMETERS, self.values.exp().tolist(), strict=True))

    @property
    def likeness(self):
        """The first of the parameters, which multiplies cosines."""
        return self.values[0].exp()

    def row_weights(self, alike, z, states):
        """Weights (n_queries, n_rows) that sum to 1.

        `z` and `states`, of known labels, are (n_queries, n_labels). `alike` is an iterable of
        Tensors (n_queries, n), which are written to: cosines times the likeness, of some rows at a
        time, together of all of them in order.
        """
        blocks = self._logarithms(alike, z, states, self.values)
        return torch.softmax(torch.cat([each for _, each in blocks], dim=1), dim=1)

    def logits(self, alike, z, states, values=None, left_out=None):
        """Logits (n_queries, n_labels); the first arguments are those of :meth:`row_weights`.

        `values` are other parameters; where `left_out` (n_queries, n_rows), a row does not count.
        """
        values = self.values if values is None else values
        largest = torch.full((z.shape[0], 1), -torch.inf)
        sums = squares = torch.zeros(1, 1)
        for rows, logarithms in self._logarithms(alike, z, states, values, left_out):
            # Relative to the largest weight so far, so that nothing overflows.
            before, largest = largest, logarithms.detach().amax(1, keepdim=True).maximum(largest)
            shrunk = torch.exp(before - largest)
            weights = logarithms.sub_(largest).exp_()
            sums = shrunk * sums + weights @ self._table[rows, 1:]
            norm = torch.linalg.vector_norm(weights, dim=1, keepdim=True)
            squares = (shrunk**2) * squares + norm**2
        return self._mixed(sums, squares, z, values)

    def _logarithms(self, alike, z, states, values, left_out=None):
        """For each block of rows its slice, and the logarithms (n_queries, n) of the weights."""
        _, evidence, positive, negative = values.exp()[:4]
        known = torch.where(states == POSITIVE, positive, -negative)
        fits = torch.where(states == UNKNOWN, evidence * z, known)
        factors = [fits]
        if self._has_missing:
            # The logarithm of the mean over the label's two states, by its share of positives.
            # The annotated states count beside it, because its sum over all labels cancels out.
            expected = torch.logaddexp(self.prior.log() + fits, torch.log1p(-self.prior))
            factors = [fits - expected, -expected]
        factors, first = torch.cat([torch.ones(z.shape[0], 1), *factors], dim=1), 0
        for block in alike:
            rows = slice(first, first + block.shape[1])
            logarithms = block.addmm_(factors, self._table[rows, :-1].T)
            if left_out is not None:
                logarithms = logarithms.masked_fill(left_out[:, rows], -torch.inf)
            yield rows, logarithms
            first = rows.stop

    def _mixed(self, sums, squares, z, values):
        """Logits, from sums over the rows of weights times ``_table``, and of squared weights."""
        n = len(self.prior)
        prior_rows, set_share, image_share, image_scale = values.exp()[4:]
        positive, negative, total = sums[:, :n], sums[:, n:-1], sums[:, -1:]
        # A single row that outweighs all others says as little as one row: 1 / n_effective.
        doubt = prior_rows * squares / total**2
        annotated = positive + negative if self._has_missing else total
        proba = (positive / total + doubt * self.prior) / (annotated / total + doubt)
        by_set = self._logit(proba.clamp(1e-6, 1 - 1e-6))
        by_image = self._logit(self.prior) + image_scale * z
        return set_share * by_set + image_share * by_image

    def learn(self, cosines, z, states, true_states, left_out, weights):
        """Choose the parameters by the likelihood of the unknown labels of some of the rows.

        `cosines` are (n_queries, n_rows), `true_states` (n_queries, n_labels), `weights`
        (n_queries,); the other arguments are those of :meth:`logits`. `z` of a row must be
        predicted by the others.
        """
        start, least, largest = (np.log(each) for each in np.transpose(list(PARAMETERS.values())))
        is_scored = (states == UNKNOWN) & (true_states != UNKNOWN)
        pull = _PULL + _PULL_OF_FEW / (self.states != UNKNOWN).sum().item()
        if not is_scored.any():
            return

        def loss(x):
            values = torch.tensor(x, dtype=torch.float32, requires_grad=True)
            alike = [values[0].exp() * cosines]
            logits = self.logits(alike, z, states, values, left_out)
            by_entry = self._losses(logits, true_states, is_scored) * weights[:, None]
            mean = by_entry.sum() / (is_scored * weights[:, None]).sum()
            total = mean + pull * ((values - torch.from_numpy(start).float()) ** 2).sum()
            total.backward()
            return total.item(), values.grad.double().numpy()

        found = minimize(
            loss,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=list(zip(least, largest, strict=True)),
            options={"maxiter": _MAX_ITERATIONS},
        )
        self.values = torch.from_numpy(found.x).float()

    def _logit(self, proba):
        logits = torch.log(proba) - torch.log1p(-proba)
        if not self.n_classes:
            return logits
        # The softmax of the classes' logits is their probability.
        return torch.cat([proba[..., : self.n_classes].log(), logits[..., self.n_classes :]], -1)

    def _losses(self, logits, true_states, is_scored):
        """Losses (n_queries, n_labels) of the scored entries, 0 elsewhere."""
        y = (true_states == POSITIVE).float()
        losses = F.binary_cross_entropy_with_logits(logits, y, reduction="none")
        if self.n_classes:
            n = self.n_classes
            classes = -F.log_softmax(logits[:, :n], dim=1) * y[:, :n]
            losses = torch.cat([classes, losses[:, n:]], dim=1)
        return torch.where(is_scored, losses, 0.0)
