"""Order-free RNN: attention, preliminary probabilities, and sequences in its own order."""

from itertools import permutations

import pytest
import torch
from sequences import all_sequences, random_model

from sklearn_ctran.modules.order_free_rnn import OrderFreeRNNModel

WHERE = {"dropout": 0.0, "n_classes": 0, "beam_width": 4, "n_hidden": 6}
FEATURES = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0)).double()


def made(regions=None):
    return random_model(OrderFreeRNNModel, 4, 5, regions=regions, grid=(2, 2), **WHERE)


def test_training_takes_the_remaining_label_that_is_most_probable():
    model = made()
    true_states = torch.tensor([[1, 0, 1, 1], [0, 1, 1, 0], [0, 0, 0, 1]])
    unknown = torch.full_like(true_states, -1)
    losses = model.sequence_losses(FEATURES, unknown, true_states)
    taken = []
    for row, positives in enumerate([(0, 2, 3), (1, 2), (3,)]):
        (image, memory), order, label = model.begin(FEATURES[[row]]), [], 5
        log_p = 0.0
        left = {0, 1, 2, 3}
        remaining = set(positives)
        while True:
            logits, memory = model.step(image, memory, torch.tensor([[label]]))
            options = [*sorted(left), 4]
            shares = logits[0, 0, options].log_softmax(dim=0)
            scores = dict(zip(options, shares, strict=True))
            label = max(remaining, key=scores.get) if remaining else 4
            log_p = log_p + scores[label]
            if label == 4:
                break
            order.append(label)
            left.remove(label)
            remaining.remove(label)
        assert losses[row].item() == pytest.approx(-log_p.item())
        taken.append(tuple(order))
    # It is one of all orders, and no fixed one.
    sequences = all_sequences(model, FEATURES[[0]], unknown[0])
    assert taken[0] in permutations((0, 2, 3)) and taken[0] in sequences
    assert taken[0] != (0, 2, 3) or taken[1] != (1, 2)


def test_attention_is_a_mean_with_weights_that_the_memory_asks_for():
    model = made()
    (mapped, keys, _), _ = model.begin(FEATURES)
    hidden = torch.randn(3, 2, 6).double()
    seen = model.attend(mapped, keys, hidden)
    for row in range(3):
        for which in range(2):
            asked = torch.tanh(keys[row] + model.to_query.weight @ hidden[row, which])
            weights = (asked @ model.attention.weight[0]).softmax(dim=0)
            torch.testing.assert_close(seen[row, which], weights @ mapped[row])


def test_the_recurrence_reads_preliminary_probabilities_first_and_then_labels():
    model = made()
    image, memory = model.begin(FEATURES)
    _, _, preliminary = image
    expected = (
        FEATURES.mean(dim=1) @ model.preliminary.weight.T + model.preliminary.bias
    ).sigmoid()
    torch.testing.assert_close(preliminary, expected)
    seen = model.attend(*image[:2], memory[0])
    for label, read in ((5, preliminary), (2, torch.eye(4)[[2, 2, 2]].double())):
        inputs = torch.cat([model.from_labels(read)[:, None], seen], dim=-1)
        hidden, _ = model.recurrence(inputs, memory)
        expected = model.scores(torch.cat([hidden, seen], dim=-1))
        logits, _ = model.step(image, memory, torch.full((3, 1), label))
        torch.testing.assert_close(logits, expected)


def test_preliminary_probabilities_have_a_loss_of_their_own():
    model = made()
    true_states = torch.tensor([[1, 0, -1, 1], [0, 1, 1, -1], [0, 0, 0, 1]])
    shown = torch.tensor([[1, -1, -1, -1], [-1, -1, -1, -1], [-1, 0, -1, -1]])
    losses = model(FEATURES, torch.cat([shown, true_states], dim=1))[0, :, 0]
    added = losses - model.sequence_losses(FEATURES, shown, true_states)
    proba = model.begin(FEATURES)[0][2]
    hidden = torch.tensor([[0, 1, 0, 1], [1, 1, 1, 0], [1, 0, 1, 1]]).bool()
    right = torch.where(true_states == 1, proba, 1 - proba)
    torch.testing.assert_close(added, -torch.where(hidden, right.log(), 0.0).sum(dim=1))


def test_regions_are_pooled():
    model = made(regions=1)
    pooled = model.pool(FEATURES)
    torch.testing.assert_close(pooled, FEATURES.mean(dim=1, keepdim=True).expand(-1, 2, -1))
    unknown = torch.full((3, 4), -1)
    assert model(pooled, unknown).shape == (1, 3, 4)
    assert (made().pool(FEATURES) == FEATURES).all()
    assert (made().pooling, model.pooling, made(2).pooling) == (None, 1, 2)


def test_it_begins_at_the_frequencies():
    model = OrderFreeRNNModel(3, 5, regions=None, **WHERE).eval()
    frequencies = torch.tensor([0.5, 0.25, 0.05])
    model.set_prior(frequencies.logit())
    expected = torch.cat([frequencies, torch.ones(1)]) / (frequencies.sum() + 1)
    torch.testing.assert_close(model.scores.bias.softmax(dim=0), expected)
    (_, _, preliminary), _ = model.begin(torch.randn(2, 4, 5))
    torch.testing.assert_close(preliminary, frequencies.expand(2, -1))
