"""ConceptBottleneck: concepts in between, and interventions on them."""

import numpy as np
import pytest
import torch
from sklearn.datasets import make_multilabel_classification
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from sklearn_ctran.baselines import ConceptBottleneck
from sklearn_ctran.baselines._concept_bottleneck import weighted_quantiles

QUICK = {"max_epochs": 60, "lr": 0.03, "random_state": 0}
MODES = ("independent", "sequential", "joint")


@pytest.fixture(scope="module")
def birds():
    """Noisy features of three concepts, which determine four classes."""
    rng = np.random.RandomState(0)
    concepts = rng.randint(2, size=(300, 3))
    X = (concepts + 0.8 * rng.randn(300, 3)).astype(np.float32)
    species = np.array(["auk", "bee-eater", "coot", "dove"])[concepts[:, 0] + 2 * concepts[:, 1]]
    return X, species, concepts


@pytest.mark.parametrize("mode", MODES)
def test_known_concepts_correct_the_class(birds, mode):
    X, y, concepts = birds
    model = ConceptBottleneck(mode=mode, **QUICK).fit(X, y, extra_labels=concepts)
    alone = (model.predict(X) == y).mean()
    half = (model.predict(X, extra_labels={"extra0": concepts[:, 0]}) == y).mean()
    told = (model.predict(X, extra_labels=concepts) == y).mean()
    assert alone < 0.85
    assert alone + 0.02 < half
    assert half + 0.02 < told
    assert told > 0.97


def test_modes_differ(birds):
    X, y, concepts = birds
    models = [ConceptBottleneck(mode=m, **QUICK).fit(X, y, extra_labels=concepts) for m in MODES]
    answers = [model.predict_proba(X) for model in models]
    assert abs(answers[0] - answers[1]).max() > 0.01
    assert abs(answers[1] - answers[2]).max() > 0.01
    # Independent targets learn from certainties, so predicted concepts leave them hesitant.
    weights = [model.net_.module_.to_targets.weight.abs().mean() for model in models]
    assert weights[0] != weights[1]


def test_a_heavy_concept_loss_keeps_concepts_what_they_are(birds):
    X, y, concepts = birds
    light, heavy = (
        ConceptBottleneck(concept_weight=weight, **QUICK).fit(X, y, extra_labels=concepts)
        for weight in (1e-3, 10.0)
    )
    errors = [
        abs(model.predict_extra_proba(X)[:, :2] - concepts[:, :2]).mean()
        for model in (light, heavy)
    ]
    assert errors[1] < errors[0] - 0.02


def test_independent_targets_are_those_of_true_concepts(birds):
    X, y, concepts = birds
    params = QUICK | {"dropout": 0.0, "batch_size": 1000, "precision": "float64"}
    noise = np.random.RandomState(1).randn(*X.shape)
    models = [
        ConceptBottleneck(mode="independent", **params).fit(each, y, extra_labels=concepts)
        for each in (X, noise)
    ]
    heads = [model.net_.module_.to_targets.weight for model in models]
    torch.testing.assert_close(*heads)


def test_multilabel_targets_are_their_own_concepts_where_there_are_no_others():
    rng = np.random.RandomState(0)
    X = rng.randn(200, 4)
    Y = (X[:, :2] + rng.randn(200, 2) > 0).astype(int)
    Y = np.column_stack([Y, Y[:, 0]])
    model = ConceptBottleneck(**QUICK).fit(X, Y)
    unknown = abs(model.predict_proba(X)[:, 2] - Y[:, 2]).mean()
    known = abs(model.predict_proba(X, known_labels={0: Y[:, 0]})[:, 2] - Y[:, 2]).mean()
    assert known < 0.8 * unknown


def test_concepts_of_images(pictures):
    images, concepts = pictures
    both = concepts.all(axis=1).astype(int)
    model = ConceptBottleneck("small", image_size=None, mode="independent", backbone_lr=0.01)
    model.set_params(
        batch_size=16, early_stopping=True, validation_fraction=0.25, max_epochs=12, lr=0.1
    )
    Y = np.column_stack([both, 1 - concepts[:, 0]])
    model.set_params(random_state=0).fit(images, Y, extra_labels=concepts)
    assert ((model.predict_extra_proba(images) > 0.5) == concepts).mean() > 0.9
    assert (model.predict(images, extra_labels=concepts)[:, 1] == Y[:, 1]).all()
    losses = [epoch["valid_loss"] for epoch in model.history_]
    assert min(losses) < 0.9 * losses[0]


@pytest.mark.parametrize("mode", ["joint", "sequential", "independent"])
def test_early_stopping_sees_what_is_made_of_images(mode):
    X, Y = make_multilabel_classification(300, n_features=20, n_classes=6, random_state=0)
    X = StandardScaler().fit_transform(X).astype(np.float32)
    model = ConceptBottleneck(mode=mode, early_stopping=True, max_epochs=60, random_state=0)
    losses = model.fit(X[:200], Y[:200]).net_.history[:, "valid_loss"]
    assert len(losses) > 20
    assert min(losses) < 0.9 * losses[0]
    assert model.score(X[200:], Y[200:]) > 0.6
    blind = model.fit(0 * X[:200], Y[:200]).net_.history[:, "valid_loss"]
    assert min(blind) > 1.05 * min(losses)


def test_known_concepts_have_percentiles_of_their_logits_in_training(birds):
    X, y, concepts = birds
    model = ConceptBottleneck(passes="logits", **QUICK).fit(X, y, extra_labels=concepts)
    module = model.net_.module_
    weight, bias = (w.detach().numpy() for w in module.to_concepts.parameters())
    standardised = (X - X.mean(axis=0)) / X.std(axis=0)
    logits = standardised @ weight.T + bias
    low, high = module.known_logits.numpy()
    np.testing.assert_allclose((logits <= low + 1e-4).mean(axis=0), 0.05, atol=0.005)
    np.testing.assert_allclose((logits <= high + 1e-4).mean(axis=0), 0.95, atol=0.005)
    logits[:, 1] = np.where(concepts[:, 1], high[1], low[1])
    weight, bias = (w.detach().numpy() for w in module.to_targets.parameters())
    told = model.predict_proba(X, extra_labels={"extra1": concepts[:, 1]})
    expected = np.exp(logits @ weight.T + bias)
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(told, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("mode", ["sequential", "joint"])
def test_known_concepts_correct_the_class_through_logits_too(birds, mode):
    X, y, concepts = birds
    model = ConceptBottleneck(mode=mode, passes="logits", **QUICK)
    model.fit(X, y, extra_labels=concepts)
    alone = (model.predict(X) == y).mean()
    told = (model.predict(X, extra_labels=concepts) == y).mean()
    assert alone < 0.85
    assert told > alone + 0.1


def test_independent_models_read_probabilities_whatever_the_others_pass(birds):
    X, y, concepts = birds
    answers = [
        ConceptBottleneck(mode="independent", passes=passes, **QUICK)
        .fit(X, y, extra_labels=concepts)
        .predict_proba(X)
        for passes in ("probabilities", "logits")
    ]
    np.testing.assert_array_equal(*answers)


class Weights(Callback):
    """Keeps the weights after each epoch."""

    def on_train_begin(self, net, **kwargs):
        self.epochs = []

    def on_epoch_end(self, net, **kwargs):
        state = net.module_.state_dict()
        self.epochs.append({name: value.clone() for name, value in state.items()})


@pytest.mark.parametrize("mode", ["independent", "sequential"])
def test_two_stages(birds, mode):
    X, y, concepts = birds
    watch = Weights()
    model = ConceptBottleneck(mode=mode, two_stages=True, callbacks=[watch], **QUICK)
    model.fit(X, y, extra_labels=concepts)
    first, last, end = watch.epochs[0], watch.epochs[29], watch.epochs[59]
    changes = [
        [not torch.equal(before[f"{part}.weight"], after[f"{part}.weight"]) for part in _PARTS]
        for before, after in ((first, last), (last, end))
    ]
    assert changes == [[True, False], [False, True]]
    assert all(parameter.requires_grad for parameter in model.net_.module_.parameters())
    assert (model.predict(X, extra_labels=concepts) == y).mean() > 0.97


_PARTS = ("to_concepts", "to_targets")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"mode": "joint"}, "mode='joint' both together"),
        ({"mode": "sequential", "distributed": "accelerate"}, "distributed='accelerate' does not"),
        ({"mode": "sequential", "max_epochs": 1}, "max_epochs must be 2 or more"),
    ],
)
def test_what_cannot_have_two_stages(birds, params, message):
    X, y, concepts = birds
    with pytest.raises(ValueError, match=message):
        ConceptBottleneck(two_stages=True, **params).fit(X, y, extra_labels=concepts)


def test_quantiles_by_weight():
    rng = np.random.RandomState(0)
    values, weights = rng.randn(40, 3), rng.randint(4, size=40)
    repeated = np.repeat(values, weights, axis=0)
    np.testing.assert_array_equal(
        weighted_quantiles(values, weights.astype(float), (0.05, 0.5, 0.95)),
        np.quantile(repeated, (0.05, 0.5, 0.95), axis=0, method="inverted_cdf"),
    )


def test_logits_of_targets_that_are_their_own_concepts():
    rng = np.random.RandomState(0)
    X = rng.randn(200, 4)
    Y = (X[:, :2] + rng.randn(200, 2) > 0).astype(int)
    Y = np.column_stack([Y, Y[:, 0]])
    model = ConceptBottleneck(passes="logits", **QUICK).fit(X, Y)
    unknown = abs(model.predict_proba(X)[:, 2] - Y[:, 2]).mean()
    known = abs(model.predict_proba(X, known_labels={0: Y[:, 0]})[:, 2] - Y[:, 2]).mean()
    assert known < 0.9 * unknown
