"""CNN-RNN: its equations, and the order of labels."""

import pytest
import torch
from sequences import all_sequences, random_model

from sklearn_ctran.modules.cnn_rnn import CNNRNNModel

WHERE = {"pool": "mean", "dropout": 0.0, "n_classes": 0, "beam_width": 4}


def made(order="frequent"):
    sizes = {"n_embedding": 3, "n_hidden": 6, "order": order}
    return random_model(CNNRNNModel, 4, 5, **WHERE, **sizes)


def test_scores_of_the_next_label_are_the_equations_of_the_paper():
    """Equations 4 and 5, of the output of a usual memory in the place of equation 1."""
    model = made()
    features = torch.randn(2, 5).double()
    image, memory = model.begin(features)
    reference = torch.nn.LSTMCell(3, 6).double()
    enter, keep, leave, new = model.recurrence.gates.weight.chunk(4)
    weights = torch.cat([enter, keep, new, leave])
    reference.weight_ih.data, reference.weight_hh.data = weights[:, :3], weights[:, 3:]
    enter, keep, leave, new = model.recurrence.gates.bias.chunk(4)
    reference.bias_ih.data = torch.cat([enter, keep, new, leave])
    reference.bias_hh.data.zero_()
    state = None
    for label in (5, 2, 0):
        logits, memory = model.step(image, memory, torch.full((2, 1), label))
        state = reference(model.embeddings.weight[[label, label]], state)
        projected = torch.relu(model.from_memory(state[0]) + model.from_image(features))
        expected = projected @ model.embeddings.weight[:5].T + model.bias
        torch.testing.assert_close(logits[:, 0], expected)


@pytest.mark.parametrize("order, expected", [("frequent", (2, 0, 3)), ("rare", (3, 0, 2))])
def test_training_sequences_are_in_the_order_of_frequency(order, expected):
    model = made(order)
    features = torch.randn(1, 1, 5).double()
    true_states = torch.tensor([[1, 0, 1, 1]])
    unknown = torch.full_like(true_states, -1)
    sequences = all_sequences(model, features[:, 0], unknown[0])
    loss = model(features, torch.cat([unknown, true_states], dim=1))
    assert loss.item() == pytest.approx(-torch.tensor(sequences[expected]).log().item())


def test_it_begins_at_the_frequencies():
    model = CNNRNNModel(3, 5, n_embedding=3, n_hidden=6, order="frequent", **WHERE).eval()
    frequencies = torch.tensor([0.5, 0.25, 0.05])
    model.set_prior(frequencies.logit())
    expected = torch.cat([frequencies, torch.ones(1)]) / (frequencies.sum() + 1)
    torch.testing.assert_close(model.bias.softmax(dim=0), expected)
