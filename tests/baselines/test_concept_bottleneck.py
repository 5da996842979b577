"""ConceptBottleneck: concepts in between, and interventions on them."""

import numpy as np
import pytest
import torch
from sklearn.datasets import make_multilabel_classification
from sklearn.preprocessing import StandardScaler

from sklearn_ctran.baselines import ConceptBottleneck

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
