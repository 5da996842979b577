"""Weights of samples and of positive labels."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.utils.class_weight import compute_sample_weight

from sklearn_ctran import CTranClassifier
from sklearn_ctran._labels.weights import check_sample_weight, log_odds, read_pos_weight
from sklearn_ctran._neural import base, training
from sklearn_ctran.baselines import BinaryRelevance
from sklearn_ctran.model_selection import TunedThresholds

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
        (np.ma.masked_array([1, 2, 3], [0, 1, 0]), "sample_weight has masked entries"),
        ([1, 1e308, 0], r"sums to 1e\+308 \(the largest, of row 1, is 1e\+308\).* by their mean"),
        ([1e308, 1e308, 0], "sums to inf"),
        ([1e-320, 1e-320, 0], "sums to 1.99998e-320"),
        ([1, 1], r"sample_weight.shape == \(2,\), expected \(3,\)"),
    ],
)
def test_sample_weight_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        check_sample_weight(weights, np.zeros((3, 2)))


@pytest.mark.parametrize(
    "model", [CTranClassifier(**EXACT), BinaryRelevance(), TunedThresholds(BinaryRelevance(), cv=2)]
)
def test_weights_that_are_shares_are_warned_of(table, model):
    """By every fit: it would take 40 samples for one."""
    X, Y, weights = table
    message = r"sample_weight sums to less than 2 .* Multiply by len\(sample_weight\) / sum\(sample"
    with pytest.warns(UserWarning, match=message) as caught:
        model.fit(X, np.nan_to_num(Y), sample_weight=weights / weights.sum())
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "weights",
    [np.linspace(0.5, 2, 40), [1, 0, 0], [0.5, 0.7, 0.6], np.arange(40) == 7, np.full(40, 0.06)],
)
def test_weights_that_are_not_warned_of(weights):
    checked = check_sample_weight(weights, np.zeros((len(weights), 2)))
    np.testing.assert_array_equal(checked, weights)


@pytest.mark.parametrize("scale", [0.5, 1, 2])
def test_the_scale_of_weights_changes_balancing_by_what_is_smoothed_only(table, scale):
    _, Y, weights = table
    states = np.nan_to_num(Y, nan=-1).astype(np.int8)
    n_positive, n_negative = (weights @ (states == value) for value in (1, 0))
    of_labels = log_odds(states, scale * weights)
    balanced = read_pos_weight("balanced", of_labels, np.arange(3), 3, np.zeros(3, dtype=bool))
    # One positive and one negative too many.
    share = 1 / (scale * np.minimum(n_positive, n_negative))
    assert (np.abs(np.log(balanced * n_positive / n_negative)) <= share).all()
    assert (np.abs(np.log(balanced)) > 1e-3).any()


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


def test_early_stopping_goes_by_weights(table, monkeypatch):
    """Weights of validation rows: they change their loss, and nothing else of the first epoch."""
    X, Y, _ = table
    split, parts = training.split_rows, []

    def remember(*arguments):
        parts.append(split(*arguments))
        return parts[-1]

    monkeypatch.setattr(base, "split_rows", remember)
    stopping = {"early_stopping": True, "validation_fraction": 0.3, "max_epochs": 1}
    params = EXACT | stopping | {"memory": None}  # The loss is the network's.
    plain = CTranClassifier(**params).fit(X, Y)
    valid = parts[0][1]
    weights = np.ones(40)
    weights[valid] = np.linspace(0.1, 3, len(valid))
    model = CTranClassifier(**params).fit(X, Y, sample_weight=weights)
    np.testing.assert_array_equal(parts[1][1], valid)
    assert model.history_[0]["train_loss"] == plain.history_[0]["train_loss"]
    logits, truth = model.decision_function(X[valid]), Y[valid]
    losses = np.logaddexp(0, logits) - truth * logits
    expected = np.nansum(losses * weights[valid, None]) / np.sum(~np.isnan(truth))
    assert model.history_[0]["valid_loss"] == pytest.approx(expected, rel=1e-5)
    assert plain.history_[0]["valid_loss"] == pytest.approx(np.nanmean(losses), rel=1e-5)
    assert expected != pytest.approx(np.nanmean(losses), rel=0.05)


def test_a_label_without_weight_is_named(table):
    X, Y, weights = table
    Y[weights > 0, 2] = np.nan
    Y[weights == 0, 2] = np.arange((weights == 0).sum()) % 2
    with pytest.raises(ValueError, match="Label 2 is annotated in samples of weight 0 only"):
        CTranClassifier(**EXACT).fit(X, Y, sample_weight=weights)


def test_log_odds_count_what_is_annotated():
    states = np.array([[1, 0], [1, -1], [0, 0], [-1, 0]], dtype=np.int8)
    once = np.ones(4)
    np.testing.assert_allclose(log_odds(states, once), np.log([3 / 2, 1 / 4]), rtol=1e-6)
    weights = np.array([2.0, 1, 3, 1])
    expected = log_odds(states.repeat([2, 1, 3, 1], axis=0), np.ones(7))
    np.testing.assert_allclose(log_odds(states, weights), expected, rtol=1e-6)


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
        ({"B": 1}, "names 'B', which is not a label. Did you mean 'b'"),
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


@pytest.mark.parametrize("pos_weight", ["balanced", 3.0, [1.0, 1.0]])
def test_pos_weight_that_only_extra_labels_would_get_is_refused(pos_weight):
    """Whoever gives one number, or "balanced", means the classes; extra labels are to be named."""
    X = np.random.RandomState(0).randn(20, 3)
    y = np.arange(20) % 2
    extra = {"dark": np.arange(20) % 3 == 0}
    with pytest.raises(ValueError, match="Extra labels may be given theirs in a dict"):
        CTranClassifier(pos_weight=pos_weight, **EXACT).fit(X, y, extra)
    plain, named = (
        CTranClassifier(pos_weight=each, **EXACT).fit(X, y, extra) for each in (None, {"dark": 9})
    )
    assert (named.predict_extra_proba(X) > plain.predict_extra_proba(X) + 0.1).all()


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


ONE_SIDED = pd.DataFrame({"cat": [1, 0] * 20, "dog": [0] * 39 + [1], "cow": [0, -1] * 20})


@pytest.mark.parametrize("model", [CTranClassifier(**EXACT), BinaryRelevance()])
def test_labels_without_a_positive_are_named(table, model):
    X, _, weights = table
    model = clone(model)
    with pytest.warns(UserWarning, match=r"no positive .* label\(s\) 'cow', which") as caught:
        model.fit(X, ONE_SIDED)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert (model.predict_proba(X)[:, 2] < 0.2).all()
    weights[-1] = 0
    with pytest.warns(UserWarning, match=r"no positive .* label\(s\) 'dog', 'cow', which"):
        model.fit(X, ONE_SIDED, sample_weight=weights)
    extra = {"night": np.zeros(40), "rain": np.arange(40) % 2}
    with pytest.warns(UserWarning, match=r"no positive .* label\(s\) 'night', which"):
        model.fit(X, ONE_SIDED[["cat", "dog"]], extra_labels=extra)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, ONE_SIDED[["cat", "dog"]])
        model.fit(X, np.arange(40) % 3, sample_weight=np.arange(40) % 3)  # classes


def test_what_learns_out_of_fold_names_these_labels_once(table):
    """Not in each fold, and not in its own words and in those of the estimator."""
    X, _, _ = table
    model = TunedThresholds(BinaryRelevance(), random_state=0)
    with pytest.warns(UserWarning) as caught:
        model.fit(X, ONE_SIDED.replace(-1, 0))
    texts = [str(each.message) for each in caught]
    assert len([text for text in texts if "'cow'" in text]) == 1
    assert not any("to learn from for" in text for text in texts)
