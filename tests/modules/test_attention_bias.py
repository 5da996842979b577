"""The learned bias of the attention between labels."""

import torch
from torch import nn

from sklearn_ctran.modules.attention_bias import LabelAttentionBias


def test_by_pair_of_labels_and_state_of_the_one_attended_to():
    torch.manual_seed(0)
    bias = LabelAttentionBias(n_labels=3, n_heads=2)
    nn.init.normal_(bias.pair)
    nn.init.normal_(bias.state)
    states = torch.tensor([[-1, 0, 1], [1, 1, -1]], dtype=torch.int8)
    added = bias(states, n_queries=5, n_tokens=5)
    assert added.shape == (2, 2, 5, 5)
    # Two image tokens come first: no bias to or from them.
    assert not added[:, :, :2].any()
    assert not added[..., :2].any()
    for sample in range(2):
        for asking in range(3):
            for answering in range(3):
                state = int(states[sample, answering])
                expected = bias.pair[0, :, asking, answering] + bias.state[0]
                if state >= 0:
                    expected = expected + bias.pair[1 + state, :, asking, answering]
                    expected = expected + bias.state[1 + state]
                torch.testing.assert_close(added[sample, :, 2 + asking, 2 + answering], expected)
    labels_only = bias(states, n_queries=3, n_tokens=5)
    assert torch.equal(labels_only, added[:, :, 2:])


def test_starts_with_a_pull_towards_known_positives():
    bias = LabelAttentionBias(n_labels=3, n_heads=2, positive=2.0)
    added = bias(torch.tensor([[-1, 0, 1]], dtype=torch.int8), n_queries=3, n_tokens=3)
    assert added[0, 0].tolist() == [[0.0, 0.0, 2.0]] * 3
