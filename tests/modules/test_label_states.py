import torch

from sklearn_ctran.modules.embeddings import LabelEmbedding
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN


def test_states_are_what_users_write():
    assert (UNKNOWN, NEGATIVE, POSITIVE) == (-1, 0, 1)


def test_an_unknown_state_adds_nothing_to_a_label():
    embedding = LabelEmbedding(1, 4)
    tokens = embedding(torch.tensor([[UNKNOWN], [NEGATIVE], [POSITIVE]], dtype=torch.int8))
    torch.testing.assert_close(tokens[0, 0], embedding.label[0])
    torch.testing.assert_close(tokens[1, 0], embedding.label[0] + embedding.state[NEGATIVE])
    torch.testing.assert_close(tokens[2, 0], embedding.label[0] + embedding.state[POSITIVE])
