"""The learned bias of the attention between labels."""

import torch
from torch import nn

from sklearn_ctran.modules.attention_bias import LabelAttentionBias

STATES = torch.tensor([[-1, 0, 1]], dtype=torch.int8)


def test_pairs_of_labels_and_states_add_up():
    torch.manual_seed(0)
    bias = LabelAttentionBias(n_labels=3, n_heads=2)
    nn.init.normal_(bias.pair)
    nn.init.normal_(bias.state)
    table = bias(STATES).table
    for state in range(3):
        for head in range(2):
            expected = bias.pair[state, head] + bias.state[state, head]
            torch.testing.assert_close(table[state, head], expected)


def test_starts_with_a_pull_towards_known_positives():
    bias = LabelAttentionBias(n_labels=3, n_heads=2, positive=2.0)
    added = bias(STATES).dense(n_queries=3, n_tokens=3)
    assert added[0, 0].tolist() == [[0.0, 0.0, 2.0]] * 3
