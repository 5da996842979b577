"""Weights of rows and logits: right values by loops over rows and labels."""

import math

import numpy as np
import pytest
import torch

from sklearn_ctran._memory import retrieval as module
from sklearn_ctran._memory.retrieval import PARAMETERS, Retrieval

START = torch.tensor([start for start, _, _ in PARAMETERS.values()]).log()


def made(n_rows=12, n_labels=4, gaps=0.0, n_classes=0, seed=0, values=START):
    rng = np.random.RandomState(seed)
    states = rng.randint(2, size=(n_rows, n_labels)).astype(np.int8)
    if n_classes:
        states[:, :n_classes] = np.eye(n_classes)[rng.randint(n_classes, size=n_rows)]
    states[:, n_classes:][rng.random_sample((n_rows, n_labels - n_classes)) < gaps] = -1
    weights = rng.uniform(0.5, 2, size=n_rows)
    return Retrieval(
        torch.from_numpy(states),
        torch.from_numpy(np.log(weights / weights.sum())).float(),
        torch.from_numpy(rng.uniform(0.1, 0.9, size=n_labels)).float(),
        n_classes,
        values,
    )


def queries(retrieval, n=6, seed=1):
    """Cosines with all rows, labels predicted from the image, and known states."""
    rng = np.random.RandomState(seed)
    n_rows, n_labels = retrieval.states.shape
    cosines = torch.from_numpy(rng.uniform(-1, 1, size=(n, n_rows))).float()
    z = torch.from_numpy(rng.randn(n, n_labels)).float()
    known = rng.choice([-1, -1, 0, 1], size=(n, n_labels)).astype(np.int8)
    known[:, : retrieval.n_classes] = -1
    return cosines, z, torch.from_numpy(known)


def by_loops(retrieval, cosines, z, known, left_out=None):
    """Row weights and logits, number by number."""
    p, prior = retrieval.parameters, retrieval.prior.tolist()
    rows, n_labels = retrieval.states.tolist(), len(prior)
    weights, logits = [], []
    for q in range(len(z)):
        fits = [
            (p["evidence"] * z[q, i].item(), p["positive"], -p["negative"])[
                [-1, 1, 0].index(known[q, i].item())
            ]
            for i in range(n_labels)
        ]
        logs = []
        for n, row in enumerate(rows):
            total = p["likeness"] * cosines[q, n].item() + retrieval.log_weights[n].item()
            for i, state in enumerate(row):
                if state == 1:
                    total += fits[i]
                elif state == -1:  # the expectation over both states
                    total += math.log(prior[i] * math.exp(fits[i]) + 1 - prior[i])
            logs.append(-math.inf if left_out is not None and left_out[q][n] else total)
        row_weights = np.exp(np.array(logs) - max(logs))
        row_weights /= row_weights.sum()
        weights.append(row_weights)
        doubt = p["prior_rows"] * (row_weights**2).sum()
        logits.append([])
        for i in range(n_labels):
            annotated = sum(w for w, row in zip(row_weights, rows, strict=True) if row[i] >= 0)
            positive = sum(w for w, row in zip(row_weights, rows, strict=True) if row[i] == 1)
            proba = (positive + doubt * prior[i]) / (annotated + doubt)
            is_class = i < retrieval.n_classes
            logit = np.log if is_class else lambda each: np.log(each / (1 - each))
            by_image = logit(prior[i]) + p["image_scale"] * z[q, i].item()
            logits[-1].append(p["set_share"] * logit(proba) + p["image_share"] * by_image)
    return np.array(weights), np.array(logits)


def alike(retrieval, cosines, size=100):
    """Blocks of cosines times the likeness."""
    return list((retrieval.likeness * cosines).split(size, dim=1))


CASES = {"no gaps": {}, "gaps": {"gaps": 0.4}, "classes": {"n_classes": 3, "gaps": 0.5}}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("size", [1, 5, 100])
def test_weights_and_logits_are_those_of_loops(case, size):
    retrieval = made(**CASES[case])
    cosines, z, known = queries(retrieval)
    weights, logits = by_loops(retrieval, cosines, z, known)
    found = retrieval.row_weights(alike(retrieval, cosines, size), z, known)
    np.testing.assert_allclose(found, weights, atol=1e-6)
    np.testing.assert_allclose(found.sum(dim=1), 1, rtol=1e-6)
    found = retrieval.logits(alike(retrieval, cosines, size), z, known)
    np.testing.assert_allclose(found, logits, atol=1e-4)


@pytest.mark.parametrize("name", PARAMETERS)
def test_each_parameter_is_that_of_the_formula(name):
    values = START.clone()
    values[list(PARAMETERS).index(name)] += 0.7
    retrieval = made(gaps=0.2, values=values)
    cosines, z, known = queries(retrieval)
    logits = by_loops(retrieval, cosines, z, known)[1]
    found = retrieval.logits(alike(retrieval, cosines), z, known)
    np.testing.assert_allclose(found, logits, atol=1e-4)
    before = made(gaps=0.2)
    assert not np.allclose(by_loops(before, cosines, z, known)[1], logits, atol=1e-2)
    assert retrieval.parameters[name] == pytest.approx(PARAMETERS[name][0] * math.exp(0.7))


def test_a_row_that_is_left_out_does_not_count():
    retrieval = made(gaps=0.3)
    cosines, z, known = queries(retrieval)
    left_out = torch.from_numpy(np.random.RandomState(0).random_sample(cosines.shape) < 0.3)
    expected = by_loops(retrieval, cosines, z, known, left_out.tolist())[1]
    found = retrieval.logits(alike(retrieval, cosines, 5), z, known, left_out=left_out)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert not np.allclose(expected, by_loops(retrieval, cosines, z, known)[1], atol=1e-2)


def test_huge_differences_of_weights_are_finite():
    retrieval = made()
    cosines, z, known = queries(retrieval)
    for factor in (1e6, -1e6):
        for size in (1, 100):
            logits = retrieval.logits(list((factor * cosines).split(size, 1)), z * 100, known)
            assert torch.isfinite(logits).all()


def test_the_gradient_is_that_of_differences():
    retrieval = made(gaps=0.3)
    cosines, z, known = queries(retrieval)
    own = torch.tensor([0, 3, 11, 5, 5, 2])[:, None] == torch.arange(cosines.shape[1])

    def loss(values):
        blocks = [values[0].exp() * cosines]
        return (retrieval.logits(blocks, z, known, values, own) ** 2).mean()

    values = START.clone().requires_grad_()
    loss(values).backward()
    for i in range(len(PARAMETERS)):
        step = 1e-2 * torch.eye(len(PARAMETERS))[i]
        difference = (loss(START + step) - loss(START - step)) / 2e-2
        assert values.grad[i].item() == pytest.approx(difference.item(), rel=0.02, abs=1e-3)


def learned(left_out, n_rows=60, seed=0):
    """Parameters learned from rows whose label sets say nothing of one another."""
    retrieval = made(n_rows, n_labels=6, seed=seed)
    _, z, known = queries(retrieval, n_rows, seed)
    cosines = torch.eye(n_rows)  # Each row is like itself only.
    retrieval.learn(cosines, 0.01 * z, known, retrieval.states, left_out, torch.ones(n_rows))
    return retrieval


def test_learning_lowers_the_loss_and_stays_in_bounds():
    retrieval = learned(torch.eye(60, dtype=bool))
    assert not torch.equal(retrieval.values, START)
    for name, (_, least, largest) in PARAMETERS.items():
        assert 0.999 * least <= retrieval.parameters[name] <= 1.001 * largest
    # Nothing is to be learned from others, so that they count little.
    assert retrieval.parameters["set_share"] < PARAMETERS["set_share"][0]


def test_who_forgets_to_leave_rows_out_trusts_the_memory():
    """The parameters would be those of a lookup of oneself."""
    honest = learned(torch.eye(60, dtype=bool))
    lookup = learned(torch.zeros(60, 60, dtype=bool))
    assert lookup.parameters["set_share"] > 3 * honest.parameters["set_share"]


def test_nothing_to_score_leaves_the_start():
    retrieval = made(n_labels=3)
    _, z, _ = queries(retrieval, 12)
    everything = retrieval.states
    retrieval.learn(torch.eye(12), z, everything, everything, torch.eye(12) > 0, torch.ones(12))
    assert torch.equal(retrieval.values, START)


def test_weights_of_queries_count(monkeypatch):
    monkeypatch.setattr(module, "_PULL", 0.0)

    def parameters(repeat):
        retrieval = made(20, n_labels=5, seed=3)
        cosines, z, known = queries(retrieval, 20, seed=4)
        counts = torch.arange(20) % 3
        own = torch.eye(20) > 0
        arguments = [cosines, z, known, retrieval.states, own, counts.float()]
        if repeat:
            arguments = [each.repeat_interleave(counts, dim=0) for each in arguments[:-1]]
            arguments.append(torch.ones(len(arguments[0])))
        retrieval.learn(*arguments)
        return retrieval.values

    np.testing.assert_allclose(parameters(True), parameters(False), atol=0.05)
