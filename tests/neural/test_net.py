"""The training step and the schedule of `_neural/net.py`."""

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback, GradientNormClipping
from skorch.exceptions import NotInitializedError
from torch import nn

from sklearn_ctran._images.tokens import Tokens
from sklearn_ctran._neural.batches import LabelledImages
from sklearn_ctran._neural.callbacks import OneCycle
from sklearn_ctran._neural.net import LabelMaskNet
from sklearn_ctran._rules.reading import read_rules
from sklearn_ctran.modules.losses import LOSSES, EntrywiseLoss


class Recorder(nn.Module):
    """Two paths of logits that are parameters; remembers the states it was given."""

    def __init__(self, n_labels=4):
        super().__init__()
        self.logits = nn.Parameter(torch.tensor([[0.5] * n_labels, [-1.0] * n_labels]))
        self.seen = []

    def forward(self, X, states):
        self.seen.append((self.training, states.clone()))
        return self.logits[:, None].expand(-1, len(X), -1)


def data(n=40, n_labels=4, **params):
    rng = np.random.RandomState(0)
    Y = torch.from_numpy(rng.randint(2, size=(n, n_labels)).astype(np.int8))
    tokens = Tokens(rng.randn(n, 1, 2).astype(np.float32))
    return LabelledImages(tokens, Y, **{"weights": torch.ones(n)} | params), Y


def make_net(module=None, **params):
    params = {"max_epochs": 2, "batch_size": 16, "lr": 0.1, "verbose": 0} | params
    return LabelMaskNet(
        module=module or Recorder(),
        **{"criterion": EntrywiseLoss(LOSSES["bce"]), "train_split": None} | params,
    )


def test_loss_is_over_hidden_labels_only_and_summed_over_paths():
    net = make_net().initialize()
    targets = torch.tensor([[1, 0, 1, -1], [0, 0, 1, 1]], dtype=torch.int8)
    hidden = torch.tensor([[True, False, True, False], [False, False, False, True]])
    logits = torch.randn(2, 2, 4)
    expected = sum(
        nn.functional.binary_cross_entropy_with_logits(path[hidden], targets[hidden].float())
        for path in logits
    )
    states = torch.where(hidden, -1, targets)
    weights = torch.ones(2)
    n_labels = net.n_hidden(hidden)
    loss = net.get_loss(logits, targets, states, hidden, weights, n_labels)
    torch.testing.assert_close(loss, expected)
    none = torch.zeros_like(hidden)
    assert net.get_loss(logits, targets, states, none, weights, net.n_hidden(none)) == 0
    by_entry = nn.functional.binary_cross_entropy_with_logits(
        logits, targets.float().expand(2, -1, -1), reduction="none"
    )
    expected = (3 * by_entry[:, 0, [0, 2]].sum() + 0.5 * by_entry[:, 1, 3].sum()) / 3
    loss = net.get_loss(logits, targets, states, hidden, torch.tensor([3, 0.5]), n_labels)
    torch.testing.assert_close(loss, expected)
    net = make_net(reduction="sum").initialize()
    loss = net.get_loss(logits, targets, states, hidden, torch.tensor([3, 0.5]), n_labels)
    torch.testing.assert_close(loss, 3 * expected)


@pytest.mark.parametrize(
    "params, message",
    [
        ({"reduction": "median"}, "reduction must be 'mean' or 'sum', got 'median'"),
        ({"accumulate": 0}, "accumulate must be an integer above 0, got 0"),
        ({"extra_unknown_fraction": 0.5}, r"extra_unknown_fraction must be None or a pair .*0\.5"),
    ],
)
def test_parameters_of_a_net_that_cannot_be(params, message):
    with pytest.raises(ValueError, match=message):
        make_net(**params)


@pytest.mark.parametrize("pos_weight", [None, torch.tensor([2.0, 0.5, 1.0, 3.0])])
@pytest.mark.parametrize("name", sorted(LOSSES))
def test_gradients_of_losses_where_some_labels_are_known_and_some_missing(name, pos_weight):
    net = make_net(criterion=EntrywiseLoss(LOSSES[name], pos_weight)).initialize()
    targets = torch.tensor([[1, 0, 1, -1], [0, 0, 1, 1]], dtype=torch.int8)
    hidden = torch.tensor([[True, True, False, False], [False, True, True, True]])
    states = torch.where(hidden, -1, targets)
    weights = torch.tensor([2.0, 0.7], dtype=torch.float64)
    logits = torch.randn(
        2, 2, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    ).requires_grad_()

    def loss(logits):
        return net.get_loss(logits, targets, states, hidden, weights, net.n_hidden(hidden))

    assert torch.autograd.gradcheck(loss, logits)
    (gradient,) = torch.autograd.grad(loss(logits), logits)
    assert not gradient[:, ~hidden].any()
    assert (gradient[:, hidden] != 0).float().mean() > 0.8  # all but negatives below the shift


def test_training_shows_some_labels_and_hides_others_anew_each_epoch():
    dataset, Y = data()
    net = make_net(iterator_train__shuffle=False, batch_size=40)
    net.fit(dataset, None)
    (_, first), (_, second) = net.module_.seen
    for states in (first, second):
        shown = states != -1
        assert 0.1 < shown.float().mean() < 0.65
        assert torch.equal(states[shown], Y[shown])
    assert not torch.equal(first, second)


def test_validation_hides_the_same_labels_in_every_epoch():
    from skorch.helper import predefined_split

    dataset, _ = data()
    net = make_net().set_params(train_split=predefined_split(dataset))
    net.fit(dataset, None)
    seen = [states for training, states in net.module_.seen if not training]
    first, second = torch.cat(seen[:3]), torch.cat(seen[3:])
    assert torch.equal(first, second)
    assert (first != -1).any()


def test_batches_follow_the_seed():
    class Order(Callback):
        def on_train_begin(self, net, **kwargs):
            self.rows = []

        def on_batch_begin(self, net, batch, **kwargs):
            self.rows.append(batch[0]["X"][:, 0, 0].tolist())

    def order(seed):
        listener = Order()
        make_net(callbacks=[listener], seed=seed).fit(data()[0], None)
        return listener.rows

    assert order(1) == order(1)
    assert order(1) != order(2)
    assert order(1)[:3] != order(1)[3:]


def test_a_last_batch_of_one_is_left_out_of_training_only():
    dataset, _ = data(n=33)
    net = make_net().initialize()
    assert len(net.get_iterator(dataset, training=True)) == 2
    assert len(net.get_iterator(dataset, training=False)) == len(net.get_iterator(dataset)) == 3
    assert len(net.get_iterator(data(n=34)[0], training=True)) == 3
    # Where there is one sample in all, it is learned from.
    assert len(net.get_iterator(data(n=1)[0], training=True)) == 1


def test_batches_are_in_order_but_in_training():
    dataset, _ = data(n=20)
    net = make_net(batch_size=20).initialize()
    expected = dataset.source.batch(np.arange(20))
    ((in_order, _),) = net.get_iterator(dataset)
    ((shuffled, _),) = net.get_iterator(dataset, training=True)
    assert torch.equal(in_order["X"], expected)
    assert not torch.equal(shuffled["X"], expected)
    assert torch.equal(shuffled["X"].sort(dim=0).values, expected.sort(dim=0).values)
    # Fewer images at a time, where a data set asks for it.
    small, _ = data(n=20, batch_size=6)
    assert [len(targets) for _, targets in net.get_iterator(small)] == [6, 6, 6, 2]


def test_answers_are_the_means_of_the_paths():
    net = make_net().initialize()
    dataset, _ = data(n=20, weights=None)
    logits = net.mean_logits(dataset)
    assert torch.equal(logits, torch.full((20, 4), -0.25))  # of 0.5 and -1
    assert not net.module_.training


def test_a_net_without_a_module_answers_nothing():
    with pytest.raises(NotInitializedError):
        make_net().evaluation_step(data(n=2, weights=None)[0].__getitems__([0, 1]))


def test_what_shown_labels_imply_is_shown_and_not_predicted():
    """Label 0 implies label 1; labels 2 and 3 exclude each other."""
    rules = read_rules(np.arange(4), None, [[2, 3]], {0: 1})
    net = make_net(rules=rules, unknown_fraction=(0.5, 0.5), max_epochs=1, batch_size=400)
    targets = torch.tensor([[1, 1, 0, 1], [0, 0, 1, 0]] * 200, dtype=torch.int8)
    tokens = Tokens(np.zeros((400, 1, 2), dtype=np.float32))
    net.set_params(iterator_train__shuffle=False)
    net.fit(LabelledImages(tokens, targets, weights=torch.ones(400)), None)
    ((_, states),) = net.module_.seen
    assert ((states == targets) | (states == -1)).all()
    assert (states[states[:, 0] == 1, 1] == 1).all()
    assert (states[states[:, 1] == 0, 0] == 0).all()
    assert (states[states[:, 2] == 1, 3] == 0).all()
    # Each pair is one unit, as long as one of its labels is hidden.
    logits = np.array([[0.5], [-1.0]])  # of each path, for all labels
    pairs = {(0, 1): [(0, 0), (0, 1), (1, 1)], (2, 3): [(0, 0), (1, 0), (0, 1)]}
    expected, n_units = 0.0, 0
    for truth, known in zip(targets.numpy(), states.numpy(), strict=True):
        for pair, sets in pairs.items():
            sets, shown = np.array(sets), known[list(pair)]
            possible = sets[((sets == shown) | (shown < 0)).all(axis=1)]
            weights = np.exp(logits * possible.sum(axis=1)).sum(axis=1)
            expected += (np.log(weights) - logits[:, 0] * truth[list(pair)].sum()).sum()
            n_units += (shown < 0).any()
    assert net.history[0, "train_loss"] == pytest.approx(expected / n_units, rel=1e-5)


def test_one_cycle_goes_up_and_down_for_each_group():
    rates = []

    class Rates(Callback):
        def on_batch_begin(self, net, **kwargs):
            rates.append([group["lr"] for group in net.optimizer_.param_groups])

    module = Recorder()
    module.other = nn.Parameter(torch.zeros(()))
    net = make_net(
        module,
        optimizer__param_groups=[("other", {"lr": 0.01})],
        callbacks=[OneCycle(), Rates()],
        max_epochs=10,
    ).fit(data()[0], None)
    # The history has the first group's of each step.
    assert sum(net.history[:, "batches", :, "lr"], []) == pytest.approx([r[0] for r in rates])
    rates = np.array(rates)
    assert len(rates) == 30
    np.testing.assert_allclose(rates.max(axis=0), [0.01, 0.1], rtol=0.05)
    np.testing.assert_allclose(rates[0], [0.01 / 25, 0.1 / 25])
    assert (rates[-1] < rates.max(axis=0) / 50).all()
    assert 5 < rates[:, 0].argmax() < 15


def test_a_loss_that_is_not_finite_is_an_error():
    dataset, _ = data()
    with pytest.raises(ValueError, match=r"loss became nan in epoch 1\. Lower `lr`"):
        make_net(module=BrokenModule()).fit(dataset, None)


class BrokenModule(Recorder):
    def forward(self, X, states):
        return super().forward(X, states) * torch.nan


def test_several_masks_of_each_batch():
    dataset, Y = data()
    module = Recorder()
    module.forward = lambda X, states: recorded(module, X, states)
    net = make_net(module, n_masks=3, max_epochs=1, iterator_train__shuffle=False)
    net.fit(dataset, None)
    sizes = [(len(X), len(states)) for X, states in module.seen]
    assert sizes == [(16, 48), (16, 48), (8, 24)]
    states = module.seen[0][1]
    for image in range(16):
        truth, masks = Y[image], states[3 * image : 3 * image + 3]
        assert ((masks == truth) | (masks == -1)).all()  # its own labels, hidden anew
    assert len({tuple(mask.tolist()) for mask in states[:3]} | {()}) > 2


def recorded(module, X, states):
    """As Recorder does, for as many rows as there are states."""
    module.seen.append((X, states.clone()))
    return module.logits[:, None].expand(-1, len(states), -1)


class LinearModule(Recorder):
    """Logits that differ between images."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2, 4) / 3)

    def forward(self, X, states):
        self.seen.append((X, states))
        known = states.to(X.dtype).repeat(2, 1, 1) * self.logits[:, None]
        return (X.mean(dim=1) @ self.weight).repeat_interleave(len(states) // len(X), dim=0) + known


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("n_masks", [1, 3])
def test_accumulated_gradients_are_those_of_a_batch_as_large(n_masks, reduction):
    found = []
    weights = torch.rand(45, generator=torch.Generator().manual_seed(0))
    for size in ({"batch_size": 16}, {"batch_size": 8, "accumulate": 2}):
        clip = GradientNormClipping(0.5)
        net = make_net(
            LinearModule(),
            **{"n_masks": n_masks, "reduction": reduction, "max_epochs": 3} | size,
            callbacks=[OneCycle(), clip],
        )
        found.append(net.fit(data(n=45, weights=weights)[0], None))
    one, other = found
    sizes = [len(X) for X, _ in other.module_.seen]
    assert sizes == [8, 8, 8, 8, 6, 7] * 3  # The last step of an epoch has thirteen images.
    for name, value in one.module_.state_dict().items():
        torch.testing.assert_close(other.module_.state_dict()[name], value)
    assert (one.module_.weight - 1 / 3).abs().min() > 1e-3
    for key in ("train_loss", "train_batch_count"):
        np.testing.assert_allclose(other.history[:, key], one.history[:, key], rtol=1e-5)
    assert other.history[:, "batches", :, "lr"] == one.history[:, "batches", :, "lr"]


def test_no_part_of_a_step_is_a_single_image():
    def sizes(n, batch_size, accumulate):
        net = make_net(batch_size=batch_size, accumulate=accumulate)
        return [end - start for start, end in net._parts(n)]

    assert sizes(33, 16, 3) == [11, 11, 11]
    assert sizes(17, 16, 2) == [8, 9]
    assert sizes(16, 16, 2) == [16]
    assert sizes(3, 2, 2) == [3]
    assert sizes(2, 1, 2) == [1, 1]  # As asked for.
    assert sizes(40, 16, 1) == [40]


class SmallMemory(Recorder):
    """Has room for three samples."""

    def forward(self, X, states):
        self.seen.append(len(X))
        if len(X) > 3:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return super().forward(X, states) + X.sum(dim=(1, 2))[None, :, None]


def test_out_of_memory_halves_the_batch_and_says_so():
    module = SmallMemory()
    net = make_net(module).initialize()
    dataset, _ = data(n=32, weights=None)
    with pytest.warns(UserWarning, match="Out of memory on cpu with .* images at a time") as said:
        logits = torch.cat(list(net.forward_iter(dataset)), dim=1)
    assert [int(str(w.message).split("with ")[1].split()[0]) for w in said] == [16, 8, 4]
    sums = dataset.source.batch(np.arange(32)).sum(dim=(1, 2))
    expected = module.logits[:, None] + sums[None, :, None]
    torch.testing.assert_close(logits, expected)
    module.seen.clear()
    list(net.forward_iter(dataset))  # from now on it knows
    assert max(n for n in module.seen if isinstance(n, int)) == 2


def test_out_of_memory_with_a_single_image_is_an_error():
    class NoMemory(Recorder):
        def forward(self, X, states):
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    net = make_net(NoMemory()).initialize()
    with pytest.raises(torch.cuda.OutOfMemoryError), pytest.warns(UserWarning):
        list(net.forward_iter(data(n=2, weights=None)[0]))
