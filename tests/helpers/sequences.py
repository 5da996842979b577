"""All sequences of a small model of label sequences, one by one."""

import torch

UNKNOWN, POSITIVE = -1, 1


def all_sequences(model, features, states):
    """Sequences that agree with states (L,), by their labels after the known ones: probability.

    `features` (1, ...) are of one image. Each sequence is computed alone, label by label.
    """
    image, memory = model.begin(features)
    start = torch.tensor([[model.n_labels + 1]])
    logits, memory = model.step(image, memory, start)
    known = states == POSITIVE
    while known.any():
        label = int(model.first_of(logits[:, 0, :-1], known[None]))
        known[label] = False
        logits, memory = model.step(image, memory, torch.tensor([[label]]))
    found = {}
    allowed = (states == UNKNOWN).nonzero()[:, 0].tolist()
    _go_on(model, image, memory, logits, allowed, (), 1.0, found)
    return found


def _go_on(model, image, memory, logits, allowed, labels, proba, found):
    may_end = not any(label < model.n_classes for label in allowed)
    options = allowed + [model.n_labels] * may_end
    shares = logits[0, 0, options].softmax(dim=0).tolist()
    for option, share in zip(options, shares, strict=True):
        if option == model.n_labels:
            found[labels] = proba * share
            continue
        after, new = model.step(image, memory, torch.tensor([[option]]))
        is_class = option < model.n_classes
        left = [
            each for each in allowed if each != option and not (is_class and each < model.n_classes)
        ]
        _go_on(model, image, new, after, left, (*labels, option), proba * share, found)


def marginals_of(sequences, states):
    """Probabilities (L,) of the labels, of what `all_sequences` found."""
    marginals = (states == POSITIVE).double()
    for labels, proba in sequences.items():
        marginals[list(labels)] += proba
    return marginals


def random_model(kind, *args, seed=0, **params):
    """A module with random weights, larger than usual, in evaluation."""
    torch.manual_seed(seed)
    model = kind(*args, **params).double()
    for weights in model.parameters():
        torch.nn.init.normal_(weights, std=0.7)
    model.set_prior(torch.tensor([0.5, -1.0, 1.5, 0.0, -2.0])[: model.n_labels].double())
    return model.eval()
