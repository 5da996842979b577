"""What networks on a graph of labels share: vectors of labels, and gated propagation."""

import torch
from torch import nn


class LabelVectors(nn.Module):
    """A vector for each label: given ones that stay as they are, or learned ones.

    Given vectors are zeros until ``give``. Learned ones start from N(0, 1 / n_dimensions), at the
    length of sentence embeddings.

    Attributes
    ----------
    values : Tensor of shape (n_labels, n_dimensions)
        A parameter if `learned`, else a buffer.
    """

    def __init__(self, n_labels, n_dimensions, *, learned):
        super().__init__()
        if learned:
            self.values = nn.Parameter(torch.empty(n_labels, n_dimensions))
            nn.init.normal_(self.values, std=n_dimensions**-0.5)
        else:
            self.register_buffer("values", torch.zeros(n_labels, n_dimensions))

    @torch.no_grad()
    def give(self, values):
        """Take vectors of shape (n_labels, n_dimensions)."""
        self.values.copy_(values)


class GatedGraph(nn.Module):
    """Gated propagation of node states along weighted edges (Li et al., ICLR 2016).

    In each step, a node hears the weighted sums of the states that its edges lead to, and of those
    whose edges lead to it; a gated recurrent unit, the same for all nodes, takes them in.

    Parameters
    ----------
    width : int
        d, the width of a state.
    n_steps : int
        Steps of propagation.
    shared_gate : bool, default=False
        Whether the reset gate reads the state by the weights of the update gate.
    """

    def __init__(self, width, n_steps, shared_gate=False):
        super().__init__()
        self.n_steps = n_steps
        self.update_heard = nn.Linear(2 * width, width)
        self.update_own = nn.Linear(width, width)
        self.reset_heard = nn.Linear(2 * width, width)
        self.reset_own = self.update_own if shared_gate else nn.Linear(width, width)
        self.new_heard = nn.Linear(2 * width, width)
        self.new_own = nn.Linear(width, width)

    def forward(self, states, graph):
        """States (..., L, d) after all steps; `graph` (L, L) has the weights from row to column."""
        for _ in range(self.n_steps):
            heard = torch.cat([graph @ states, graph.T @ states], dim=-1)
            update = torch.sigmoid(self.update_heard(heard) + self.update_own(states))
            reset = torch.sigmoid(self.reset_heard(heard) + self.reset_own(states))
            new = torch.tanh(self.new_heard(heard) + self.new_own(reset * states))
            states = states + update * (new - states)
        return states
