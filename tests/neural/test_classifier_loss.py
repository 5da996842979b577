"""`loss`, `pos_weight`, `sample_weight` and rules: the first step's loss, computed by hand."""

from functools import partial

import numpy as np
import pytest
from scipy.special import expit, log_expit, logsumexp
from small_models import Watch, quick
from torch import nn

from sklearn_ctran.modules.losses import asymmetric


def cross_entropy(z, y):
    return -np.where(y, log_expit(z), log_expit(-z))


def focal_by_hand(z, y):
    return (1 - expit(np.where(y, z, -z))) ** 2 * cross_entropy(z, y)


def asymmetric_by_hand(z, y, gamma_negative=4):
    shifted = np.maximum(expit(z) - 0.05, 0)
    return np.where(y, -log_expit(z), -(shifted**gamma_negative) * np.log(1 - shifted))


def first_step(X, Y, **params):
    """History's first loss, the logits (n_paths, n, L) and the states of the step before it."""
    watch = Watch()
    params = {"max_epochs": 1, "batch_size": len(X), "callbacks": [watch]} | params
    in_order = {"iterator_train__shuffle": False}
    fit_params = {name: params.pop(name) for name in ("sample_weight",) if name in params}
    model = quick(precision="float64", net_params=in_order, **params).fit(X, Y, **fit_params)
    (step,) = watch.steps
    return model.history_[0]["train_loss"], step.logits.numpy(), step.states.numpy()


def soft_margin(z, y):
    """torch's, whose targets should be -1 and 1, of 0 and 1."""
    return np.log1p(np.exp(-y * z))


@pytest.mark.parametrize("shortcut", [True, False])
@pytest.mark.parametrize(
    "loss, by_hand",
    [
        ("bce", cross_entropy),
        ("focal", focal_by_hand),
        ("asymmetric", asymmetric_by_hand),
        (partial(asymmetric, gamma_negative=2), partial(asymmetric_by_hand, gamma_negative=2)),
        (nn.SoftMarginLoss(reduction="none"), soft_margin),
    ],
    ids=["bce", "focal", "asymmetric", "partial", "module"],
)
def test_loss_is_the_mean_over_hidden_labels_summed_over_paths(table, loss, by_hand, shortcut):
    X, Y = table
    value, logits, states = first_step(X, Y, loss=loss, shortcut=shortcut)
    assert len(logits) == 1 + shortcut
    hidden = states < 0
    assert 0.3 < hidden.mean() < 0.9
    expected = sum(by_hand(path, Y)[hidden].mean() for path in logits)
    assert value == pytest.approx(expected, rel=1e-6)


def test_entries_that_are_not_annotated_do_not_count(table):
    X, Y = table
    missing = np.random.RandomState(1).rand(*Y.shape) < 0.3
    value, logits, states = first_step(X, np.where(missing, np.nan, Y))
    counts = (states < 0) & ~missing
    expected = sum(cross_entropy(path, Y)[counts].mean() for path in logits)
    assert value == pytest.approx(expected, rel=1e-6)


RARE = [0.4, 0.2, 0.3]


@pytest.mark.parametrize(
    "pos_weight, weights",
    [
        # One more of each than there are, so that it is finite.
        ("balanced", [(160 * (1 - share) + 1) / (160 * share + 1) for share in RARE]),
        (3.0, [3, 3, 3]),
        ([1, 2, 0.5], [1, 2, 0.5]),
        ({1: 2.5}, [1, 2.5, 1]),
    ],
    ids=str,
)
def test_pos_weight(table, pos_weight, weights):
    X, _ = table
    Y = (np.arange(160)[:, None] % 10 < 10 * np.array(RARE)).astype(int)
    value, logits, states = first_step(X, Y, pos_weight=pos_weight)
    loss = np.where(Y, weights, 1) * cross_entropy(logits, Y)
    expected = sum(path[states < 0].mean() for path in loss)
    assert value == pytest.approx(expected, rel=1e-5)


def test_sample_weight_has_a_mean_of_one(table):
    X, Y = table
    weight = np.random.RandomState(0).rand(160) + 0.5
    value, logits, states = first_step(X, Y, sample_weight=weight)
    by_entry = sum(cross_entropy(path, Y) for path in logits) * (weight / weight.mean())[:, None]
    assert value == pytest.approx(by_entry[states < 0].mean(), rel=1e-6)


def test_classes_have_the_cross_entropy_of_a_softmax_over_the_possible_ones(table):
    X, Y = table
    y = Y[:, 0] + Y[:, 1]
    value, logits, states = first_step(X, y, loss="focal")  # which makes no difference
    possible = np.where(states < 0, logits, -np.inf)
    of_truth = logits[:, np.arange(160), y]
    expected = (logsumexp(possible, axis=2) - of_truth).sum(axis=0)
    is_open = (states < 0).sum(axis=1) > 1
    assert value == pytest.approx(expected[is_open].sum() / is_open.sum(), rel=1e-5)


def test_labels_under_a_rule_have_the_likelihood_of_the_sets_that_obey_it(table):
    X, Y = table
    Y = Y * [0, 1, 0] + [[1, 0, 0]] * (1 - Y[:, 1:2]) * (np.arange(160) % 2)[:, None]
    Y[:, 2] = np.arange(160) % 3 == 0
    value, logits, states = first_step(
        X, Y, exclusive_groups=[[0, 1]], unknown_fraction=None, loss="focal"
    )
    assert (states < 0).all()
    # The pair counts as one; label 2 is under no rule.
    pair = np.concatenate([np.zeros((len(logits), 160, 1)), logits[..., :2]], axis=2)
    of_truth = (logits[..., :2] * Y[:, :2]).sum(axis=2)
    by_sample = logsumexp(pair, axis=2) - of_truth + focal_by_hand(logits[..., 2], Y[:, 2])
    assert value == pytest.approx(by_sample.sum() / (2 * 160), rel=1e-5)
