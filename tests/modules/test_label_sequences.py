"""Label sets as sequences: against all sequences of a small model, one by one."""

from functools import partial

import pytest
import torch
from sequences import all_sequences, marginals_of, random_model

from sklearn_ctran.modules.cnn_rnn import CNNRNNModel
from sklearn_ctran.modules.order_free_rnn import OrderFreeRNNModel

WHERE = {"pool": "mean", "dropout": 0.0, "n_embedding": 4, "n_hidden": 6, "order": "frequent"}
FEATURES = torch.randn(3, 1, 5, generator=torch.Generator().manual_seed(0)).double()
#: Wide enough for all beginnings of sequences of four labels.
WIDE = 64


def cnn_rnn(n_labels=4, *, n_classes=0, beam_width=WIDE):
    sizes = {"n_classes": n_classes, "beam_width": beam_width}
    return random_model(CNNRNNModel, n_labels, 5, **sizes, **WHERE)


def order_free(n_labels=4, *, n_classes=0, beam_width=WIDE):
    sizes = {"n_classes": n_classes, "beam_width": beam_width, "n_hidden": 6, "regions": 1}
    return random_model(OrderFreeRNNModel, n_labels, 5, dropout=0.0, **sizes)


MODELS = {"CNN-RNN": cnn_rnn, "order-free": order_free}
each_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS.keys())
STATES = torch.tensor(
    [
        [[-1, -1, -1, -1], [1, -1, -1, -1], [0, -1, -1, 1]],
        [[1, 1, -1, -1], [0, 0, 0, -1], [1, 1, 1, 1]],
        [[0, 0, 0, 0], [-1, 1, 0, -1], [1, 1, 1, -1]],
    ]
)


@each_model
@pytest.mark.parametrize("states", STATES)
def test_probabilities_are_sums_over_all_sequences(make, states):
    model = make()
    proba = model(FEATURES, states)[0].sigmoid()
    for row in range(3):
        sequences = all_sequences(model, model.features_of(FEATURES, states)[[row]], states[row])
        assert sum(sequences.values()) == pytest.approx(1)
        expected = marginals_of(sequences, states[row])
        torch.testing.assert_close(proba[row], expected, atol=1e-5, rtol=1e-5)


@each_model
@pytest.mark.parametrize("states", STATES)
def test_beam_search_finds_the_most_probable_sequence(make, states):
    model = make()
    found = model.best_sets(FEATURES, states, beam_width=WIDE)
    for row in range(3):
        sequences = all_sequences(model, model.features_of(FEATURES, states)[[row]], states[row])
        best = max(sequences, key=sequences.get)
        expected = states[row] == 1
        expected[list(best)] = True
        assert torch.equal(found[row], expected)


@each_model
def test_a_beam_of_one_follows_the_most_probable_steps(make):
    model = make()
    states = STATES[0]
    (found,) = model.best_sets(FEATURES[:1], states[:1], beam_width=1)
    image, memory = model.begin(model.features_of(FEATURES[:1], states[:1]))
    label, expected = 5, torch.zeros(4, dtype=torch.bool)
    while True:
        logits, memory = model.step(image, memory, torch.tensor([[label]]))
        logits = torch.where(torch.cat([expected, torch.tensor([False])]), -torch.inf, logits[0, 0])
        label = int(logits.argmax())
        if label == 4:
            break
        expected[label] = True
    # Search goes on beyond the greedy end as long as what has not ended is more probable.
    assert (found & expected).equal(expected)


@each_model
@pytest.mark.parametrize("known", [[-1, -1, -1, -1], [-1, 0, -1, 1], [0, 0, -1, -1]])
def test_exactly_one_class_is_in_a_sequence(make, known):
    model = make(n_classes=3)
    states = torch.tensor(known)[None].expand(3, -1)
    logits = model(FEATURES, states)[0]
    proba = torch.cat([logits[:, :3].softmax(dim=1), logits[:, 3:].sigmoid()], dim=1)
    proba = torch.where(states == -1, proba, states.double())
    for row in range(3):
        sequences = all_sequences(model, model.features_of(FEATURES, states)[[row]], states[row])
        assert all(sum(label < 3 for label in labels) == 1 for labels in sequences)
        expected = marginals_of(sequences, states[row])
        torch.testing.assert_close(proba[row], expected, atol=1e-5, rtol=1e-5)
    assert (model.best_sets(FEATURES, states, 2)[:, :3].sum(dim=1) == 1).all()


@each_model
def test_a_narrow_beam_loses_no_probability(make):
    states = STATES[0]
    exact = make()(FEATURES, states)[0].sigmoid()
    errors = []
    for beam_width in (1, 3, 8):
        proba = make(beam_width=beam_width)(FEATURES, states)[0].sigmoid()
        assert ((proba > 0) & (proba < 1)).all()
        errors.append((proba - exact).abs().mean())
    assert errors[0] > errors[2] and errors[0] > 1e-4
    # The beginnings in the beam stand for all: the last label of three is the same as exactly.
    model = make(2, beam_width=1)
    one_left = torch.tensor([[1, -1]] * 3)
    exact = make(2)(FEATURES, one_left)
    torch.testing.assert_close(model(FEATURES, one_left), exact)


@each_model
def test_rows_do_not_depend_on_one_another(make):
    model = make(beam_width=2)
    states = STATES[0]
    together = model(FEATURES, states)
    alone = [model(FEATURES[[row]], states[[row]]) for row in range(3)]
    torch.testing.assert_close(together, torch.cat(alone, dim=1))


@each_model
@pytest.mark.parametrize("n_classes", [0, 2])
def test_loss_is_that_of_the_sequence_after_shown_labels(make, n_classes):
    model = make(n_classes=n_classes).train()
    true_states = torch.tensor([[1, 0, 1, 1], [0, 1, -1, 0], [1, 0, -1, -1]])
    shown = torch.tensor([[-1, -1, 1, -1], [-1, -1, -1, 0], [1, 0, -1, -1]])
    features = model.features_of(FEATURES, shown)
    losses = model.sequence_losses(features, shown, true_states)
    for row in range(3):
        hidden = (shown[row] == -1) & (true_states[row] != -1)
        # What nobody annotated, and what was shown to be negative, cannot be next.
        states = torch.where(hidden, -1, torch.where(shown[row] == 1, 1, 0))
        sequences = all_sequences(model, features[[row]], states)
        positives = set((hidden & (true_states[row] == 1)).nonzero()[:, 0].tolist())
        losses_of = {
            labels: -torch.tensor(proba).log()
            for labels, proba in sequences.items()
            if set(labels) == positives
        }
        loss = losses[row]
        assert min(abs(loss - each) for each in losses_of.values()) < 1e-6
    losses = model(FEATURES, torch.cat([shown, true_states], dim=1))
    assert losses.shape == (1, 3, 1)
    losses.sum().backward()
    assert all(torch.isfinite(weights.grad).all() for weights in model.parameters())


def test_more_states_than_images_are_more_rows():
    model = cnn_rnn()
    twice = model(FEATURES, STATES[0].repeat_interleave(2, dim=0))
    torch.testing.assert_close(twice[0, ::2], model(FEATURES, STATES[0])[0])


def test_one_label_is_a_coin():
    model = partial(cnn_rnn, 1)()
    proba = model(FEATURES, torch.full((3, 1), -1))[0].sigmoid()
    image, memory = model.begin(model.features_of(FEATURES, torch.full((3, 1), -1)))
    logits, _ = model.step(image, memory, torch.full((3, 1), 2))
    torch.testing.assert_close(proba, logits[:, 0].softmax(dim=1)[:, :1])
