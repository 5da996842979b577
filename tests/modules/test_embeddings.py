"""Label, state and position embeddings."""

import pytest
import torch

from sklearn_ctran.modules.embeddings import LabelEmbedding, LearnedPosition, SinePosition


def test_label_tokens_are_label_plus_state():
    embedding = LabelEmbedding(3, 8)
    tokens = embedding(torch.tensor([[-1, 0, 1], [1, -1, -1]], dtype=torch.int8))
    label, (negative, positive) = embedding.label, embedding.state
    expected = torch.stack(
        [
            torch.stack([label[0], label[1] + negative, label[2] + positive]),
            torch.stack([label[0] + positive, label[1], label[2]]),
        ]
    )
    torch.testing.assert_close(tokens, expected)


def test_embeddings_start_from_the_normal_distribution():
    """The same numbers as of torch.randn, label by label and then state by state."""
    torch.manual_seed(3)
    embedding = LabelEmbedding(5, 8)
    torch.manual_seed(3)
    assert torch.equal(embedding.label, torch.randn(5, 8))
    assert torch.equal(embedding.state, torch.randn(2, 8))


@pytest.mark.parametrize("d_model", [16, 400])
def test_embeddings_start_from_a_uniform_distribution(d_model):
    """The variance of U(-1/sqrt(d), 1/sqrt(d)) is 1 / (3 d)."""
    torch.manual_seed(0)
    embedding = LabelEmbedding(200, d_model, init="uniform")
    bound = d_model**-0.5
    for weight in (embedding.label, embedding.state):
        assert 0.9 * bound < weight.abs().max() <= bound
    assert embedding.label.mean().abs() < 0.05 * bound
    assert embedding.label.var().item() == pytest.approx(bound**2 / 3, rel=0.05)


def test_the_first_labels_start_from_vectors():
    embedding = LabelEmbedding(4, 512)
    length, last = embedding.label[:3].norm(dim=1).mean(), embedding.label[3].clone()
    vectors = torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
    embedding.start_from(vectors)
    label = embedding.label.detach()
    cosines = torch.cosine_similarity(label[:1], label[:3], dim=1)
    torch.testing.assert_close(cosines, torch.tensor([1.0, 0.8, 0.0]), atol=0.15, rtol=0)
    torch.testing.assert_close(label[:3].norm(dim=1).mean(), length, atol=0, rtol=0.15)
    assert torch.equal(label[3], last)


def test_the_unknown_state_stays_zero_in_training():
    torch.manual_seed(0)
    embedding = LabelEmbedding(4, 8)
    states = torch.tensor([[-1, 0, 1, -1]], dtype=torch.int8)
    optimizer = torch.optim.SGD(embedding.parameters(), lr=0.1, weight_decay=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        embedding(states).square().sum().backward()
        optimizer.step()
    unknown = torch.full((1, 4), -1, dtype=torch.int8)
    assert torch.equal(embedding(unknown)[0], embedding.label)
    assert not torch.equal(embedding(states)[0, 1], embedding.label[1])


def test_sine_positions_differ_by_row_and_column():
    position = SinePosition(16)
    added = position(torch.zeros(2, 12, 16), (3, 4))
    assert torch.equal(added[0], added[1])
    assert len(torch.unique(added[0].round(decimals=4), dim=0)) == 12
    by_cell = added[0].view(3, 4, 16)
    # The first half tells the row, the second the column.
    assert torch.equal(by_cell[:, :1, :8].expand(3, 4, 8), by_cell[..., :8])
    assert torch.equal(by_cell[:1, :, 8:].expand(3, 4, 8), by_cell[..., 8:])
    with pytest.raises(ValueError, match="multiple of 4"):
        SinePosition(6)


def test_learned_positions_learn_and_refuse_another_grid():
    position = LearnedPosition(4, 8)
    tokens = torch.zeros(1, 4, 8)
    assert torch.equal(position(tokens, (2, 2))[0], position.embedding)
    assert position.embedding.requires_grad
    with pytest.raises(ValueError, match="with 4 image tokens, got 9"):
        position(torch.zeros(1, 9, 8), (3, 3))
