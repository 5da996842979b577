"""ML-ZSL: beliefs about labels, which travel along relations that vectors of the labels make."""

import torch
from torch import nn
from torch.nn import functional as F

from sklearn_ctran.modules.heads import PooledModel, with_scaled_gradient
from sklearn_ctran.modules.label_graph import LabelVectors


class MLZSLModel(PooledModel):
    """A belief about each label, that messages from related labels change step by step.

    No weight belongs to a label: all of them are functions of the labels' vectors, so that labels
    which were not in training have an answer too.

    Parameters
    ----------
    n_dimensions, learned
        Size of the labels' vectors, and whether they are learned.
    n_relations : int
        R, kinds of edges.
    n_belief : int
        H, width of a belief.
    n_hidden : int
        Width of the functions of vectors.
    n_steps : int
        Steps of messages.

    Attributes
    ----------
    edges : Tensor of shape (R, L, L)
        1 where the label of the row hears that of the column, by kind.
    prior : Tensor of shape (L,)
        Log-odds that a label's logit is added to.
    """

    def __init__(
        self,
        n_labels,
        n_channels,
        *,
        n_dimensions,
        learned,
        n_relations,
        n_belief,
        n_hidden,
        n_steps,
        **where,
    ):
        super().__init__(n_labels, n_channels, width=n_hidden * n_labels, **where)
        self.n_steps = n_steps
        self.vectors = LabelVectors(n_labels, n_dimensions, learned=learned)
        self.of_image = nn.Linear(n_channels, n_hidden)
        self.of_label = nn.Linear(n_dimensions, n_hidden)
        self.to_belief = nn.Linear(n_hidden, n_belief)
        self.relations = nn.ModuleList(
            Relation(n_dimensions, n_hidden, n_belief) for _ in range(n_relations)
        )
        self.update = nn.GRUCell(n_belief, n_belief)
        self.confidence = nn.Linear(2 * n_belief, n_hidden)
        self.out = nn.Linear(n_hidden, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        self.register_buffer("edges", torch.zeros(n_relations, n_labels, n_labels))
        self.register_buffer("prior", torch.zeros(n_labels))

    def head(self, features, states):
        """Logits (1, B, L) after the last step; in training (n_steps, B, L), after each.

        The loss of a step counts by 1 over the number of steps from it to the end, itself included.
        """
        steps = self.step_logits(features, self.vectors.values, self.edges, self.prior)
        if not self.training:
            return steps[-1:]
        return torch.stack(
            [with_scaled_gradient(step, 1 / (len(steps) - i)) for i, step in enumerate(steps)]
        )

    def step_logits(self, features, vectors, edges, prior):
        """Logits (n_steps, B, L) after each step, of any labels.

        They are of features (B, C), vectors (L, n_dimensions), edges (R, L, L), log-odds (L,).
        """
        joint = self.of_image(self.dropout(features))[:, None] * self.of_label(vectors)
        first = torch.tanh(self.to_belief(F.relu(joint)))
        messages = sum(
            relation(vectors, kind) for relation, kind in zip(self.relations, edges, strict=True)
        )
        belief, steps = first, []
        for _ in range(self.n_steps):
            heard = torch.tanh(torch.einsum("vuij,buj->bvi", messages, belief))
            belief = self.update(heard.flatten(0, 1), belief.flatten(0, 1)).view_as(first)
            both = torch.cat([belief, first], dim=2)
            steps.append(self.out(F.relu(self.confidence(both)))[..., 0] + prior)
        return torch.stack(steps)

    def new_logits(self, features, vectors, heard):
        """Logits (B, M) of labels that were not in training, after the last step.

        They are of features (B, C), vectors (M, n_dimensions), and edges (M, R, L) to the seen
        labels that they hear.
        """
        n_seen, n_new = len(self.prior), len(vectors)
        dtype = self.prior.dtype
        edges = self.edges.new_zeros(len(self.edges), n_seen + n_new, n_seen + n_new)
        edges[:, :n_seen, :n_seen] = self.edges
        edges[:, n_seen:, :n_seen] = heard.transpose(0, 1).to(dtype)
        prior = torch.cat([self.prior, self.prior.mean().expand(n_new)])
        vectors = torch.cat([self.vectors.values, vectors.to(dtype)])
        return self.step_logits(features, vectors, edges, prior)[-1, :, n_seen:]

    @torch.no_grad()
    def set_graph(self, edges):
        """Take the edges (R, L, L)."""
        self.edges.copy_(edges)

    @torch.no_grad()
    def set_prior(self, log_odds):
        """Start from the labels' log-odds, of shape (L,)."""
        self.prior.copy_(log_odds)


class Relation(nn.Module):
    """From the vectors of two labels to what one's belief means to the other, an (H, H) matrix."""

    def __init__(self, n_dimensions, n_hidden, n_belief):
        super().__init__()
        self.n_belief = n_belief
        self.of_hearer = nn.Linear(n_dimensions, n_hidden)
        self.of_heard = nn.Linear(n_dimensions, n_hidden, bias=False)
        self.to_matrix = nn.Linear(n_hidden, n_belief**2)

    def forward(self, vectors, edges):
        """Matrices (L, L, H, H), the hearer first, of vectors (L, n_dimensions).

        They are times the weights of the edges (L, L), and zero where there is none.
        """
        hearer, heard = edges.nonzero(as_tuple=True)
        hidden = F.relu(self.of_hearer(vectors)[hearer] + self.of_heard(vectors)[heard])
        matrices = self.to_matrix(hidden) * edges[hearer, heard, None].to(hidden.dtype)
        everywhere = matrices.new_zeros(*edges.shape, matrices.shape[1])
        everywhere[hearer, heard] = matrices
        return everywhere.unflatten(2, (self.n_belief, self.n_belief))
