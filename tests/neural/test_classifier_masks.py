"""Label mask training: what the network is shown in each step, by each parameter."""

import numpy as np
import pytest
import torch
from small_models import Watch, quick


@pytest.fixture(scope="module")
def data():
    """Features and eight labels."""
    rng = np.random.RandomState(0)
    return rng.randn(160, 6).astype(np.float32), rng.randint(2, size=(160, 8))


def steps_of(data, **params):
    """The training steps of a fit in one batch an epoch, in the order of the rows."""
    watch, in_order = Watch(), {"iterator_train__shuffle": False}
    params = {"batch_size": 160, "callbacks": [watch], "net_params": in_order} | params
    quick(**params).fit(*data)
    return watch.steps


def n_hidden(step):
    return (step.states < 0).sum(dim=1)


def test_a_quarter_to_all_labels_are_hidden_and_the_rest_is_shown_as_it_is(data):
    first, second = steps_of(data)
    for step in (first, second):
        assert set(n_hidden(step).tolist()) == set(range(2, 9))
        shown = step.states >= 0
        assert torch.equal(step.states[shown].long(), torch.from_numpy(data[1])[shown])
    assert not torch.equal(first.states, second.states)


@pytest.mark.parametrize(
    "fraction, counts", [((0.5, 0.5), {4}), ((0.5, 0.75), {4, 5, 6}), (None, {8})]
)
def test_unknown_fraction(data, fraction, counts):
    for step in steps_of(data, unknown_fraction=fraction):
        assert set(n_hidden(step).tolist()) == counts


def test_extra_labels_are_all_hidden_in_half_of_the_samples(data):
    X, Y = data
    watch = Watch()
    quick(max_epochs=20, batch_size=160, callbacks=[watch]).fit(X, Y[:, :5], extra_labels=Y[:, 5:])
    states = torch.cat([step.states for step in watch.steps])
    extra_hidden = (states[:, 5:] < 0).sum(dim=1)
    # All of them in one half, and in a quarter of the other, where any number is.
    assert (extra_hidden == 3).float().mean().item() == pytest.approx(5 / 8, abs=0.03)
    assert (extra_hidden == 0).float().mean().item() == pytest.approx(1 / 8, abs=0.03)


def test_extra_labels_by_a_range_of_their_own(data):
    X, Y = data
    watch, of_extra = Watch(), {"extra_unknown_fraction": (0.3, 0.7)}
    model = quick(callbacks=[watch], unknown_fraction=(1.0, 1.0), net_params=of_extra)
    model.fit(X, Y[:, :5], extra_labels=Y[:, 5:])
    states = torch.cat([step.states for step in watch.steps])
    assert (states[:, :5] < 0).all()
    assert set((states[:, 5:] < 0).sum(dim=1).tolist()) == {1, 2}


def test_several_masks_of_each_image(data):
    once, thrice = (steps_of(data, n_masks=n)[0] for n in (1, 3))
    assert len(once.states) == len(once.X) == len(thrice.X) == 160
    assert len(thrice.states) == 3 * 160
    masks = thrice.states.view(160, 3, 8)
    truth = torch.from_numpy(data[1])[:, None]
    assert ((masks == truth) | (masks < 0)).all()
    assert not (masks == masks[:, :1]).all()


@pytest.mark.parametrize("mask_groups", [0.0, 0.5, 1.0])
def test_groups_are_hidden_or_shown_together(data, mask_groups):
    groups = {"group": [1, 4, 6]}
    params = {"label_groups": groups, "mask_groups": mask_groups, "unknown_fraction": (0.5, 0.5)}
    steps = steps_of(data, max_epochs=20, **params)
    hidden = torch.cat([step.states[:, [1, 4, 6]] < 0 for step in steps]).sum(dim=1)
    together = ((hidden == 0) | (hidden == 3)).float().mean().item()
    # Without ties, all three of eight are hidden with 4 * 3 * 2 / (8 * 7 * 6), as are none.
    assert together == pytest.approx(mask_groups + (1 - mask_groups) / 7, abs=0.03)


def test_the_class_of_an_image_is_shown_only_where_no_other_is_left(data):
    X, Y = data
    for step in steps_of((X, Y[:, 0] + 2 * Y[:, 1])):
        is_shown = (step.states == 1).any(dim=1)
        n_others_shown = (step.states == 0).sum(dim=1)
        assert torch.equal(is_shown, n_others_shown == 3)
        assert set(n_others_shown.tolist()) == {0, 1, 2, 3}


def test_what_follows_from_shown_labels_is_shown_too(data):
    X, Y = data
    Y = Y.copy()
    Y[:, 1] |= Y[:, 0]
    Y[:, 3] &= 1 - Y[:, 2]
    rules = {"implies": {0: 1}, "exclusive_groups": [[2, 3]]}
    for step in steps_of((X, Y), **rules):
        states = step.states
        assert (states[states[:, 0] == 1, 1] == 1).all()
        assert (states[states[:, 1] == 0, 0] == 0).all()
        assert (states[states[:, 2] == 1, 3] == 0).all()
        assert (states[states[:, 3] == 1, 2] == 0).all()
