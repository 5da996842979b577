"""SRN: four stages, and where labels are relative to one another."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from skorch.callbacks import Callback
from small_models import net_made_by

from sklearn_ctran.baselines import CSRA, SRN, LinearHead

SMALL = {"backbone": None, "n_hidden": 16, "random_state": 0}
PARTS = {
    1: {"of_image"},
    2: {"reduce", "surround", "attend", "confide"},
    3: {"relate", "relate_again", "kernels", "kernel_bias", "of_maps"},
}
PARTS[4] = PARTS[1] | PARTS[2] | PARTS[3]


@pytest.fixture(scope="module")
def objects():
    """5 x 5 maps with a ball, a box, or both; the third label: the ball is higher than the box."""
    rng = np.random.RandomState(0)
    X = rng.randn(900, 5, 5, 4).astype(np.float32)
    present = rng.rand(900, 2) < 0.8
    where = rng.randint(5, size=(900, 2, 2))
    for row, kind in zip(*np.nonzero(present), strict=True):
        X[(row, *where[row, kind], kind)] += 6
    is_higher = present.all(axis=1) & (where[:, 0, 0] < where[:, 1, 0])
    return X.reshape(900, 25, 4), np.c_[present, is_higher].astype(int)


def test_parameters_of_the_network(objects):
    sizes = {"n_hidden": 7, "n_kernels": 3, "image_share": 0.25}
    module = net_made_by(SRN(None, **sizes), *objects).module_
    assert module.kernels.shape == (7, 3, 25)
    assert module.image_share == 0.25
    with pytest.raises(ValueError, match="image_share"):
        SRN(image_share=1.5).fit(*objects)


def test_number_of_epochs(objects):
    assert net_made_by(SRN(None, batch_size=20), *objects).max_epochs == 44  # 2000 steps
    params = {"backbone": None, "batch_size": 20, "train_backbone": True}
    assert net_made_by(SRN(**params), *objects).max_epochs == 22


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"max_epochs": 3}, "SRN trains in four stages: max_epochs must be 4 or more"),
        ({"distributed": "accelerate"}, "distributed='accelerate' does not know of stages"),
    ],
)
def test_what_cannot_be_done_in_stages(objects, params, message):
    with pytest.raises(ValueError, match=message):
        SRN(None, **params).fit(*objects)


def test_each_stage_moves_its_parts_alone(objects):
    class Watch(Callback):
        """Keeps the weights before the first epoch, and after each."""

        def __init__(self):
            self.weights = []

        def on_epoch_end(self, net, **kwargs):
            state = net.module_.state_dict()
            self.weights.append({name: weight.clone() for name, weight in state.items()})

        on_train_begin = on_epoch_end

    watch, (X, Y) = Watch(), objects
    SRN(**SMALL, max_epochs=4, weight_decay=1.0, callbacks=[watch]).fit(X[:200], Y[:200])
    for stage, parts in PARTS.items():
        before, after = watch.weights[stage - 1 : stage + 1]
        moved = {name for name in before if not torch.equal(before[name], after[name])}
        assert {name.split(".")[0] for name in moved} == parts
        assert all(name in moved for name in before if name.split(".")[0] in parts)


def test_where_labels_are_relative_to_one_another(objects):
    X, Y = objects
    params = {"random_state": 0, "lr": 0.01}
    model = SRN(**SMALL | params, max_epochs=60).fit(X[:600], Y[:600])
    held, truth = X[600:], Y[600:]
    both = truth[:, :2].all(axis=1)

    def of_relation(fitted):
        return roc_auc_score(truth[both, 2], fitted.predict_proba(held)[both, 2])

    assert of_relation(model) > 0.9
    for kind in (LinearHead, CSRA):
        assert of_relation(kind(None, max_epochs=10, **params).fit(X[:600], Y[:600])) < 0.6
    # Attention is where the object is.
    module = model.net_.module_.eval()
    with torch.no_grad():
        attention, _ = module.maps(module.image_features(torch.from_numpy(held)))
    for kind in (0, 1):
        has_it = truth[:, kind] == 1
        found = attention[has_it, kind].argmax(dim=1).numpy() == held[has_it, :, kind].argmax(1)
        assert found.mean() > 0.95


def test_a_table_is_a_map_of_one_cell(objects):
    X, Y = objects
    model = SRN(**SMALL, max_epochs=4).fit(X[:100, 0], Y[:100])
    assert model.net_.module_.kernels.shape == (16, 4, 1)
    assert model.predict_proba(X[:3, 0]).shape == (3, 3)
    model = SRN(**SMALL, max_epochs=4).fit(X[:100], Y[:100])
    with pytest.raises(ValueError, match="X has 24 tokens an image, but .* with 25"):
        model.predict(X[:, :24])
