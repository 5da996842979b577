"""Weights of samples and of positive labels."""

import numpy as np
import pandas as pd
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from sklearn_ctran import CTranClassifier
from sklearn_ctran._weights import check_sample_weight, read_pos_weight

NAMES = np.array(["a", "b", "c", "extra"], dtype=object)
LOG_ODDS = np.log(np.array([1 / 3, 1, 4, 1 / 2], dtype=np.float32))
FREE = np.zeros(4, dtype=bool)
#: Sums over all samples at once, in whatever order.
EXACT = {
    "unknown_fraction": None,
    "dropout": 0.0,
    "input_dropout": 0.0,
    "shortcut": False,
    "precision": "float64",
    "batch_size": 1000,
    "d_model": 8,
    "n_layers": 1,
    "n_heads": 2,
    "max_epochs": 5,
    "lr": 0.05,
    "random_state": 0,
}


@pytest.fixture
def table():
    rng = np.random.RandomState(0)
    X = rng.randn(40, 5).astype(np.float32)
    Y = (X[:, :3] + rng.randn(40, 3) > 0).astype(float)
    Y[rng.rand(40, 3) < 0.2] = np.nan
    return X, Y, rng.randint(0, 4, size=40)


def test_no_weights_are_ones():
    weights = check_sample_weight(None, np.zeros((3, 2)))
    np.testing.assert_array_equal(weights, np.ones(3))
    assert weights.dtype == np.float64


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([0, 0, 0], "zero"),
        ([1, -1, 0], "[Nn]egative"),
        ([1, np.nan, 0], "NaN"),
        ([1, 1], r"sample_weight.shape == \(2,\), expected \(3,\)"),
    ],
)
def test_sample_weight_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        check_sample_weight(weights, np.zeros((3, 2)))


@pytest.mark.parametrize("rules", [{}, {"exclusive_groups": [[0, 1]]}])
def test_weights_are_repetitions(table, rules):
    X, Y, weights = table
    if rules:
        Y[:, 1] = np.where((Y[:, 0] == 1) & (Y[:, 1] == 1), 0, Y[:, 1])
        # A group is one unit, of which any part may be annotated: the same in each sample here.
        Y = np.nan_to_num(Y)
    params = EXACT | rules
    weighted = CTranClassifier(**params).fit(X, Y, sample_weight=weights)
    repeated = CTranClassifier(**params).fit(X.repeat(weights, axis=0), Y.repeat(weights, axis=0))
    plain = CTranClassifier(**params).fit(X, Y)
    logits = weighted.decision_function(X)
    np.testing.assert_allclose(logits, repeated.decision_function(X), rtol=1e-5, atol=1e-6)
    assert abs(logits - plain.decision_function(X)).max() > 0.1


def test_the_scale_of_weights_changes_no_step(table):
    X, Y, weights = table
    params = EXACT | {"standardize": False}
    small, large = (
        CTranClassifier(**params).fit(X, Y, sample_weight=scale * weights) for scale in (1, 1e6)
    )
    # But for the prior, for which they are numbers of samples.
    losses = [[epoch["train_loss"] for epoch in model.history_] for model in (small, large)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=0.02)


def test_samples_of_weight_zero_are_left_out(table):
    X, Y, weights = table
    X[weights == 0] = 1e6
    model = CTranClassifier(**EXACT).fit(X, Y, sample_weight=weights)
    kept = CTranClassifier(**EXACT).fit(X[weights > 0], Y[weights > 0], None, weights[weights > 0])
    np.testing.assert_allclose(model.predict_proba(X[:5]), kept.predict_proba(X[:5]), rtol=1e-5)


def test_early_stopping_goes_by_weights(table):
    X, Y, _ = table
    params = EXACT | {"early_stopping": True, "validation_fraction": 0.3, "max_epochs": 2}
    histories = [
        CTranClassifier(**params).fit(X, Y, sample_weight=weights).history_
        for weights in (None, np.linspace(0.1, 3, 40))
    ]
    assert histories[0][0]["valid_loss"] != pytest.approx(histories[1][0]["valid_loss"], rel=1e-3)


def test_a_label_without_weight_is_named(table):
    X, Y, weights = table
    Y[weights > 0, 2] = np.nan
    Y[weights == 0, 2] = 1
    with pytest.raises(ValueError, match="Label 2 is annotated in samples of weight 0 only"):
        CTranClassifier(**EXACT).fit(X, Y, sample_weight=weights)


def test_no_pos_weight_is_ones():
    np.testing.assert_array_equal(read_pos_weight(None, LOG_ODDS, NAMES, 3, FREE), np.ones(4))


@pytest.mark.parametrize(
    ("pos_weight", "expected"),
    [
        ("balanced", [3, 1, 0.25, 2]),
        (2, [2, 2, 2, 2]),
        ([1, 2, 3], [1, 2, 3, 1]),
        (np.array([1, 2, 3]), [1, 2, 3, 1]),
        ({"c": 5, "extra": 0.5}, [1, 1, 5, 0.5]),
        (pd.Series([3.0, 2.0, 1.0], index=["c", "b", "a"]), [1, 2, 3, 1]),
    ],
)
def test_forms_of_pos_weight(pos_weight, expected):
    weights = read_pos_weight(pos_weight, LOG_ODDS, NAMES, 3, FREE)
    np.testing.assert_allclose(weights, expected, rtol=1e-6)
    assert weights.dtype == np.float32


def test_labels_under_a_rule_have_no_pos_weight():
    bound = np.array([True, True, False, False])
    for pos_weight, last in (("balanced", [0.25, 2]), (7.0, [7, 7])):
        weights = read_pos_weight(pos_weight, LOG_ODDS, NAMES, 3, bound)
        np.testing.assert_allclose(weights, [1, 1, *last], rtol=1e-6)
    with pytest.raises(ValueError, match="of label 'a' must be 1: labels under a rule"):
        read_pos_weight([2, 1, 1], LOG_ODDS, NAMES, 3, bound)


@pytest.mark.parametrize(
    ("pos_weight", "message"),
    [
        ([1, 2], "has 2 weights for 3 labels"),
        ([1, 0, 2], "of label 'b' must be finite and above 0, got 0"),
        ([1, np.nan, 2], "of label 'b' must be finite and above 0, got nan"),
        (["x", 1, 2], "of label 'a' must be finite and above 0, got 'x'"),
        ({"d": 1}, "names 'd', which is not a label"),
    ],
)
def test_pos_weight_refused(pos_weight, message):
    with pytest.raises(ValueError, match=message):
        read_pos_weight(pos_weight, LOG_ODDS, NAMES, 3, FREE)


def test_pos_weight_of_classes_is_refused():
    X = np.random.RandomState(0).randn(20, 3)
    y = np.arange(20) % 2
    with pytest.raises(ValueError, match="Weigh the samples instead: sample_weight"):
        CTranClassifier(pos_weight="balanced", **EXACT).fit(X, y)
    weights = compute_sample_weight("balanced", y)
    CTranClassifier(**EXACT).fit(X, y, sample_weight=weights)


def test_pos_weight_raises_probabilities_of_rare_labels():
    rng = np.random.RandomState(0)
    X = rng.randn(200, 4).astype(np.float32)
    Y = (X[:, :2] + rng.randn(200, 2) > [2.0, -2.0]).astype(int)
    plain = CTranClassifier(**EXACT).fit(X, Y).predict_proba(X).mean(axis=0)
    model = CTranClassifier(pos_weight="balanced", **EXACT).fit(X, Y)
    balanced = model.predict_proba(X).mean(axis=0)
    assert plain[0] < 0.2 < balanced[0]
    assert plain[1] > 0.8 > balanced[1]
    assert balanced[0] > plain[0] + 0.1
    model.set_params(warm_start=True).fit(X, Y)  # no more than once into the prior
    assert abs(model.predict_proba(X).mean(axis=0) - balanced).max() < 0.2
