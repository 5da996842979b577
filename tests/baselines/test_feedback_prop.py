"""FeedbackProp: gradient steps on features, for the sake of known labels."""

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError, UndefinedMetricWarning
from sklearn.frozen import FrozenEstimator

from sklearn_ctran import CTranClassifier
from sklearn_ctran.baselines import FeedbackProp, LinearHead, tune_feedback_prop

QUICK = {"max_epochs": 60, "lr": 0.02, "random_state": 0}


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    X = rng.randn(160, 5).astype(np.float32)
    Y = (X[:, :2] + rng.randn(160, 2) > 0).astype(int)
    return X, np.column_stack([Y, Y[:, 0]])


@pytest.fixture(scope="module")
def tokens():
    rng = np.random.RandomState(0)
    X = rng.randn(60, 4, 6).astype(np.float32)
    return X, (X.mean(axis=1)[:, :3] > 0).astype(int)


@pytest.fixture(scope="module")
def head(table):
    return LinearHead(**QUICK).fit(*table)


def of(head, X, Y, **params):
    return FeedbackProp(FrozenEstimator(head), **params).fit(X, Y)


@pytest.mark.parametrize("variant", ["LF", "RF"])
def test_no_steps_are_the_linear_head(table, head, variant):
    X, Y = table
    known = np.where(np.arange(3) == 0, Y, -1)
    model = of(head, X, Y, variant=variant, n_steps=0)
    expected = head.decision_function(X, known_labels=known)
    np.testing.assert_allclose(model.decision_function(X, known_labels=known), expected, rtol=1e-5)


def test_nothing_known_is_the_linear_head(table, head):
    X, Y = table
    expected = head.predict_proba(X)
    np.testing.assert_allclose(of(head, X, Y).predict_proba(X), expected, rtol=1e-5)


def test_one_step_by_hand(table, head):
    X, Y = table
    known = np.where(np.arange(3) < 2, Y, -1)
    model = of(head, X, Y, n_steps=1, step_size=0.7)
    weight = head.net_.module_.linear.weight.detach().numpy()
    residual = head.predict_proba(X)[:, :2] - Y[:, :2]  # gradient of the loss by the logits
    expected = head.decision_function(X)[:, 2] - 0.7 * residual @ weight[:2] @ weight[2]
    logits = model.decision_function(X, known_labels=known)
    np.testing.assert_allclose(logits[:, 2], expected, rtol=1e-4, atol=1e-5)


def test_layers_and_variants(tokens):
    X, Y = tokens
    head = LinearHead(None, pool="max", **QUICK).fit(X, Y)
    known = np.where(np.arange(3) == 0, Y, -1)
    answers = [
        of(head, X, Y, **params).predict_proba(X, known_labels=known)[:, 1:]
        for params in ({}, {"layer": "tokens"}, {"variant": "RF"}, {"n_steps": 3}, {"n_steps": 0})
    ]
    for i, answer in enumerate(answers):
        for other in answers[:i]:
            assert abs(answer - other).max() > 1e-4


def test_what_is_changed_in_cells_is_changed_in_their_mean(tokens):
    X, Y = tokens
    head = LinearHead(None, **QUICK).fit(X, Y)
    known = np.where(np.arange(3) == 0, Y, -1)
    # The gradient of the mean is shared by four cells, a quarter each; so is what they add to it.
    cells = of(head, X, Y, layer="tokens", step_size=4.0, n_steps=3)
    pooled = of(head, X, Y, layer="pooled", step_size=1.0, n_steps=3)
    np.testing.assert_allclose(
        cells.predict_proba(X, known), pooled.predict_proba(X, known), rtol=1e-3
    )


def test_rows_do_not_touch_each_other_and_weights_stay(table, head):
    X, Y = table
    before = [weight.clone() for weight in head.net_.module_.parameters()]
    model = of(head, X, Y)
    known = np.where(np.random.RandomState(0).rand(*Y.shape) < 0.5, Y, -1)
    together = model.predict_proba(X, known_labels=known)
    alone = np.concatenate([model.predict_proba(X[[i]], known[[i]]) for i in range(5)])
    np.testing.assert_allclose(together[:5], alone, rtol=1e-4)
    for old, new in zip(before, head.net_.module_.parameters(), strict=True):
        assert torch.equal(old, new)
        assert new.requires_grad


def test_images(tmp_path):
    rng = np.random.RandomState(0)
    images = rng.randint(256, size=(20, 16, 16, 3), dtype=np.uint8)
    Y = rng.randint(2, size=(20, 2))
    for train_backbone in (False, True):
        head = LinearHead("small", image_size=None, train_backbone=train_backbone, max_epochs=2)
        model = FeedbackProp(head.set_params(random_state=0), layer="tokens").fit(images, Y)
        expected = model.estimator_.predict_proba(images)
        np.testing.assert_allclose(model.predict_proba(images), expected, atol=1e-4)
        told = model.predict_proba(images, known_labels={0: 1})
        assert (told[:, 0] == 1).all()
        with pytest.raises(TypeError, match="give it the images"):
            model.predict_proba(model.estimator_.encode(images))


def test_classes_by_what_they_are_not(table):
    X, _ = table
    y = X[:, :3].argmax(axis=1)
    model = FeedbackProp(LinearHead(**QUICK)).fit(X, y)
    proba = model.predict_proba(X, known_labels={0: 0})
    assert (proba[:, 0] == 0).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-5)


def test_what_it_cannot_work_on(table):
    X, Y = table
    with pytest.raises(TypeError, match="must be a LinearHead"):
        FeedbackProp(CTranClassifier()).fit(X, Y)
    with pytest.raises(NotFittedError):
        FeedbackProp(FrozenEstimator(LinearHead())).fit(X, Y)
    with pytest.raises(NotFittedError):
        FeedbackProp().predict_proba(X)


def test_tuning(table, head):
    X, Y = table
    model, results = tune_feedback_prop(
        head, X, Y, known_fractions=(0.4,), variants=("LF",), n_steps=(0, 3), step_sizes=(0.1, 1.0)
    )
    scores = [result["score"] for result in results]
    assert scores == sorted(scores, reverse=True)
    assert len(results) == 4
    best = {name: results[0][name] for name in ("variant", "n_steps", "step_size")}
    assert {name: getattr(model, name) for name in best} == best
    assert results[0]["n_steps"] == 3  # label 2 follows from label 0
    assert model.estimator_ is head


def test_layers_and_optimizers_are_tuned_too(table, head):
    X, Y = table
    choices = {"layers": ("pooled", ["tokens", "pooled"]), "optimizers": ("sgd", "adam")}
    settings = {"variants": ("LF",), "n_steps": (2,), "step_sizes": (0.1,)}
    model, results = tune_feedback_prop(head, X, Y, known_fractions=(0.4,), **choices, **settings)
    tried = [(result["layer"], result["optimizer"]) for result in results]
    assert len(tried) == 4
    assert (["tokens", "pooled"], "adam") in tried
    assert (model.layer, model.optimizer) == tried[0]


def test_tuning_says_a_warning_of_all_candidates_once(table, head):
    X, Y = table
    Y = np.where(np.arange(Y.shape[1]) == 1, 0, Y)
    with pytest.warns(UndefinedMetricWarning, match=r"Label\(s\) 1 have no positive") as caught:
        tune_feedback_prop(head, X, Y, known_fractions=(0.2, 0.4), step_sizes=(0.1,))
    assert len(caught) == 1


def test_tuning_says_what_it_cannot_do(table, head):
    X, Y = table
    with pytest.raises(ValueError, match="nothing to try"):
        tune_feedback_prop(head, X, Y, variants=())
    classes = LinearHead(**QUICK | {"max_epochs": 1}).fit(X, Y[:, 0])
    with pytest.raises(ValueError, match="feedback needs several labels"):
        tune_feedback_prop(classes, X, Y[:, 0])


def test_predicting_leaves_what_trains_of_the_head_as_it_was():
    images = np.random.RandomState(0).randint(256, size=(12, 16, 16, 3), dtype=np.uint8)
    Y = np.arange(24).reshape(12, 2) % 3 == 0
    head = LinearHead("small", image_size=None, train_backbone=False, max_epochs=1, random_state=0)
    module = head.fit(images, Y).net_.module_
    before = [parameter.requires_grad for parameter in module.parameters()]
    assert set(before) == {True, False}
    of(head, images, Y).predict_proba(images, known_labels={0: 1})
    assert [parameter.requires_grad for parameter in module.parameters()] == before


def test_outputs_that_are_not_finite(table):
    X, Y = table
    model = FeedbackProp(LinearHead(None, max_epochs=1, random_state=0)).fit(X, Y)
    with torch.no_grad():
        model.estimator_.net_.module_.linear.weight.fill_(1e38)
    with pytest.raises(ValueError, match="output for row 0 is not finite.* weights are damaged"):
        model.predict_proba(100 * X, known_labels={0: 1})


def test_progress_of_tuning(table, head, capsys):
    options = {"variants": ("LF",), "n_steps": (0, 1), "step_sizes": (0.1,)}
    _, results = tune_feedback_prop(head, *table, **options, verbose=1)
    out, err = capsys.readouterr()
    assert out == "" and "2/2" in err and f"best={results[0]['score']:.3g}" in err
    tune_feedback_prop(head, *table, **options)
    assert capsys.readouterr() == ("", "")


def test_middle_layers_of_the_backbone():
    images = np.random.RandomState(0).randint(256, size=(12, 16, 16, 3), dtype=np.uint8)
    Y = np.arange(24).reshape(12, 2) % 3 == 0
    head = LinearHead("small", image_size=None, train_backbone=False, max_epochs=2, random_state=0)
    head.fit(images, Y)
    names = [name for name, _ in head.net_.module_.backbone.trunk.named_modules() if name]
    known = np.where(np.arange(2) == 0, Y, -1)
    still = of(head, images, Y, layer=names[0], n_steps=0).predict_proba(images, known)
    np.testing.assert_allclose(still, head.predict_proba(images, known), atol=1e-2)
    settings = {"optimizer": "adam", "step_size": 0.003, "weight_decay": 1e-4}
    answers = [
        of(head, images, Y, layer=layer, variant=variant, **settings).predict_proba(images, known)
        for layer, variant in (
            (names[0], "LF"), ([names[0], "pooled"], "LF"), ([names[0], "pooled"], "RF")
        )
    ]  # fmt: skip
    for i, answer in enumerate(answers):
        for other in (still, *answers[:i]):
            assert abs(answer - other)[:, 1].max() > 1e-5


@pytest.mark.parametrize("params", [{"optimizer": "adam"}, {"weight_decay": 0.3}])
def test_optimizer_and_weight_decay_make_a_difference(table, head, params):
    X, Y = table
    known = np.where(np.arange(3) == 0, Y, -1)
    usual = of(head, X, Y).predict_proba(X, known)
    assert abs(of(head, X, Y, **params).predict_proba(X, known) - usual).max() > 1e-3
    # Nothing changes where nothing is known.
    np.testing.assert_allclose(
        of(head, X, Y, **params).predict_proba(X), head.predict_proba(X), rtol=1e-5
    )


def test_the_largest_logit_of_the_cells(tokens):
    X, Y = tokens
    head = LinearHead(None, pool="logits", **QUICK).fit(X, Y)
    module = head.net_.module_
    standardised = (X - X.mean(axis=(0, 1))) / X.std(axis=(0, 1))
    weight, bias = (w.detach().numpy() for w in module.linear.parameters())
    expected = (standardised @ weight.T + bias).max(axis=1)
    np.testing.assert_allclose(head.decision_function(X), expected, rtol=1e-3, atol=1e-4)
    known = np.where(np.arange(3) == 0, Y, -1)
    model = of(head, X, Y, layer="tokens", optimizer="adam", step_size=0.1)
    changed = abs(model.predict_proba(X, known) - head.predict_proba(X, known))
    assert changed[:, 1:].max() > 1e-3


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("layer3", "names 'layer3', but there is no backbone"),
        ([], "names no layer"),
    ],
)
def test_layers_that_are_not_there(table, head, layer, message):
    with pytest.raises(ValueError, match=message):
        of(head, *table, layer=layer)


def test_names_of_other_backbones():
    images = np.random.RandomState(0).randint(256, size=(6, 16, 16, 3), dtype=np.uint8)
    Y = np.arange(12).reshape(6, 2) % 3 == 0
    head = LinearHead("small", image_size=None, train_backbone=False, max_epochs=1, random_state=0)
    with pytest.raises(ValueError, match="'layer3', which is no module of the backbone"):
        FeedbackProp(head, layer="layer3").fit(images, Y)
    head.set_params(n_views=2)
    with pytest.raises(ValueError, match="n_views=1 only"):
        FeedbackProp(head, layer="layer3").fit(images, Y)
