import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, precision_score, recall_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.multiclass import OneVsRestClassifier

from sklearn_ctran.metrics import overall_f1
from sklearn_ctran.model_selection import MultilabelStratifiedKFold, TunedThresholds

GRID = np.linspace(0, 1, 201)


def scores_on_grid(function, proba, truth):
    return np.array([function(truth, proba > t) for t in GRID])


def tune(given, proba, truth, **params):
    """Thresholds, and what they decide."""
    model = TunedThresholds(given, cv="prefit", **params).fit(proba, truth)
    return model.thresholds_, model.predict(proba)


@pytest.fixture
def rounded(entries):
    """Few different probabilities, 0 and 1 among them."""
    proba, truth = entries
    return proba[:500].round(1), truth[:500]


def f1(truth, predicted):
    return f1_score(truth, predicted, zero_division=0)


def precision(truth, predicted):
    return precision_score(truth, predicted, zero_division=0)


def test_f1_is_the_best_that_a_threshold_can_give(given, entries, rounded):
    for proba, truth in (entries, rounded):
        thresholds, predicted = tune(given, proba, truth)
        for label in range(3):
            best = scores_on_grid(f1, proba[:, label], truth[:, label]).max()
            assert f1(truth[:, label], predicted[:, label]) >= best
        np.testing.assert_array_equal(predicted, proba > thresholds)


@pytest.mark.parametrize("seed", range(8))
def test_micro_f1_is_the_best_that_one_threshold_can_give(given, seed):
    """Entries that nobody annotated do not count."""
    rng = np.random.RandomState(seed)
    proba, weight = rng.random_sample((9, 3)).round(1), rng.randint(1, 4, size=9)
    truth = (rng.random_sample(proba.shape) < proba * [1.0, 0.6, 0.3]).astype(float)
    truth[:2] = [[1], [0]]  # something to learn from
    truth[2:][rng.random_sample((7, 3)) < 0.2] = np.nan
    model = TunedThresholds(given, metric="micro_f1", cv="prefit")
    threshold = model.fit(proba, truth, sample_weight=weight).thresholds_[0]
    np.testing.assert_array_equal(model.thresholds_, threshold)

    def micro_f1(threshold):
        return overall_f1(truth, proba, sample_weight=weight, threshold=threshold, zero_division=0)

    grid = np.arange(0, 1.1, 0.1).round(1)
    assert micro_f1(threshold) == pytest.approx(max(map(micro_f1, grid)), abs=1e-12)


def test_micro_f1_of_one_label_is_f1(given, entries):
    proba, truth = (table[:, :1] for table in entries)
    expected, _ = tune(given, proba, truth)
    np.testing.assert_array_equal(tune(given, proba, truth, metric="micro_f1")[0], expected)


def test_micro_f1_of_labels_without_anything_to_learn_from(given, entries):
    proba, truth = entries
    expected, _ = tune(given, proba[:, :2], truth[:, :2], metric="micro_f1")
    truth[:, 2] = 0
    with pytest.warns(UserWarning, match="2 have no positive, or no negative"):
        thresholds, _ = tune(given, proba, truth, metric="micro_f1")
    np.testing.assert_array_equal(thresholds, [*expected, 0.5])
    with pytest.warns(UserWarning, match="0, 1, 2 have no positive, or no negative"):
        thresholds, _ = tune(given, proba, np.zeros_like(truth), metric="micro_f1")
    np.testing.assert_array_equal(thresholds, 0.5)


@pytest.mark.parametrize("costs", [(1, 1), (1, 5), [5, 1.0], (0, 1), (1, 0)])
def test_cost_is_the_least(given, rounded, costs):
    def cost(truth, predicted):
        false_positives = np.sum(predicted > truth)
        return costs[0] * false_positives + costs[1] * np.sum(truth > predicted)

    proba, truth = rounded
    _, predicted = tune(given, proba, truth, metric="cost", costs=costs)
    for label in range(3):
        least = scores_on_grid(cost, proba[:, label], truth[:, label]).min()
        assert cost(truth[:, label], predicted[:, label]) == least


def test_cost_of_calibrated_probabilities(given, entries):
    """Known from theory: the cost of a false positive over the sum of costs."""
    proba, truth = entries
    thresholds, _ = tune(given, proba, truth, metric="cost", costs=(1, 3))
    assert thresholds[2] == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize("floor", [0.3, 0.6, 0.9, 1.0])
def test_precision_at_a_floor_of_recall(given, rounded, floor):
    proba, truth = np.maximum(rounded[0], 0.05), rounded[1]
    _, predicted = tune(given, proba, truth, metric="precision", floor=floor)
    for label in range(3):
        recalls = scores_on_grid(recall_score, proba[:, label], truth[:, label])
        precisions = scores_on_grid(precision, proba[:, label], truth[:, label])
        assert recall_score(truth[:, label], predicted[:, label]) >= floor
        best = precisions[recalls >= floor].max()
        assert precision(truth[:, label], predicted[:, label]) == best


@pytest.mark.parametrize("floor", [0.3, 0.5, 0.7])
def test_recall_at_a_floor_of_precision(given, rounded, floor):
    proba, truth = rounded
    _, predicted = tune(given, proba, truth, metric="recall", floor=floor)
    for label in range(3):
        recalls = scores_on_grid(recall_score, proba[:, label], truth[:, label])
        precisions = scores_on_grid(precision, proba[:, label], truth[:, label])
        assert precision(truth[:, label], predicted[:, label]) >= floor
        best = recalls[precisions >= floor].max()
        assert recall_score(truth[:, label], predicted[:, label]) == best


def test_a_floor_out_of_reach(given):
    proba = np.tile([[0.2], [0.4], [0.6], [0.8]], (1, 2))
    truth = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    message = r"Label\(s\) 0 reach precision 0.9 at no threshold: their threshold is where prec"
    with pytest.warns(UserWarning, match=message):
        thresholds, predicted = tune(given, proba, truth, metric="recall", floor=0.9)
    np.testing.assert_array_equal(predicted[:, 0], [0, 1, 1, 1])  # two thirds, not a half
    np.testing.assert_array_equal(predicted[:, 1], truth[:, 1])
    with pytest.warns(UserWarning, match="reach recall 1 at no threshold"):
        # A probability of 0 is above no threshold.
        _, predicted = tune(given, proba - 0.4 * (proba < 0.5), truth, metric="precision", floor=1)
    assert predicted[:, 0].tolist() == [0, 0, 1, 1]


def test_of_equally_good_thresholds_the_one_closest_to_one_half(given):
    proba = np.array([[0.1, 0.1, 0.6], [0.2, 0.2, 0.7], [0.9, 0.3, 0.8], [0.95, 0.4, 0.9]])
    truth = np.array([0, 0, 1, 1])[:, None].repeat(3, axis=1)
    thresholds, _ = tune(given, proba, truth)
    np.testing.assert_allclose(thresholds, [0.5, 0.25, 0.75])


def test_neighbouring_floats_can_be_told_apart(given):
    low = 0.7
    high = np.nextafter(low, 1)
    thresholds, predicted = tune(given, np.array([[low], [high]] * 2), np.array([[0], [1]] * 2))
    assert low <= thresholds[0] < high
    np.testing.assert_array_equal(predicted[:, 0], [0, 1] * 2)


def test_predicted_is_what_thresholds_say_of_probabilities(given, entries):
    """So that metrics decide alike when they are given `thresholds_`, however close it gets."""
    proba, truth = entries[0].astype(np.float32), entries[1]
    model = TunedThresholds(given, cv="prefit").fit(proba, truth)
    assert model.thresholds_.dtype == np.float64
    # Probabilities at the thresholds, as near as float32 comes, and next to them.
    at = model.thresholds_.astype(np.float32)
    assert (at > model.thresholds_).any() or (at < model.thresholds_).any()
    new = np.stack([np.nextafter(at, 0), at, np.nextafter(at, 1), np.zeros_like(at), at**0])
    for X in (proba, new, new.astype(np.float64), model.thresholds_[None]):
        predicted = model.predict(X)
        np.testing.assert_array_equal(predicted, model.predict_proba(X) > model.thresholds_)
        np.testing.assert_array_equal(predicted, X.astype(np.float64) > model.thresholds_)
    assert not predicted.any()  # at a threshold


def test_never_positive_if_that_is_best(given):
    proba, truth = np.array([[1.0], [1.0], [1.0], [0.2]]), np.array([[0], [1], [0], [0]])
    thresholds, predicted = tune(given, proba, truth, metric="cost", costs=(1, 1))
    assert thresholds == [1.0]
    assert not predicted.any()


def test_thresholds_are_those_of_out_of_fold_probabilities(table, given):
    X, Y = table
    model = OneVsRestClassifier(LogisticRegression())
    for cv in (4, KFold(3), [*KFold(3).split(X)]):
        tuned = TunedThresholds(model, cv=cv, random_state=0).fit(X, Y)
        folds = MultilabelStratifiedKFold(4, shuffle=True, random_state=0) if cv == 4 else cv
        held_out = cross_val_predict(model, X, Y, cv=folds, method="predict_proba")
        expected, _ = tune(given, held_out, Y)
        np.testing.assert_array_equal(tuned.thresholds_, expected)
        proba = model.fit(X, Y).predict_proba(X)
        np.testing.assert_array_equal(tuned.predict_proba(X), proba)
        np.testing.assert_array_equal(tuned.predict(X), proba > expected)
    assert len({round(t, 6) for t in expected}) == 3


def test_decision_function_is_positive_where_labels_are(table):
    X, Y = table
    tuned = TunedThresholds(OneVsRestClassifier(LogisticRegression()), random_state=0).fit(X, Y)
    decision = tuned.decision_function(X)
    np.testing.assert_array_equal(decision > 0, tuned.predict(X))
    assert (np.diff(decision[np.argsort(tuned.predict_proba(X)[:, 0]), 0]) >= 0).all()


def test_decision_function_at_the_ends(given):
    proba = np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5], [0.5, 0.5]])
    truth = np.array([[0, 0], [0, 1], [1, 1], [0, 0]])
    tuned = TunedThresholds(given, cv="prefit").fit(proba, truth)
    for thresholds in ([0.0, 1.0], [1.0, 0.0]):
        tuned.thresholds_ = np.array(thresholds)
        decision = tuned.decision_function(proba)
        assert np.isfinite(decision).all()
        np.testing.assert_array_equal(decision > 0, tuned.predict(proba))


def test_a_one_dimensional_y_has_no_thresholds(table):
    X, Y = table
    model = LogisticRegression()
    for y in (Y[:, 2], Y.sum(axis=1), np.array(["a", "b"])[Y[:, 2]]):
        with pytest.warns(UserWarning, match="most probable class, and no threshold is tuned"):
            tuned = TunedThresholds(model).fit(X, y)
        assert np.isnan(tuned.thresholds_).all()
        np.testing.assert_array_equal(tuned.predict(X), model.fit(X, y).predict(X))
        assert tuned.score(X, y) == pytest.approx(model.score(X, y))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"metric": "accuracy"}, "'metric' parameter"),
        ({"floor": 0.5}, "metric='f1' does not use floor, got floor=0.5"),
        ({"costs": (1, 1)}, "metric='f1' does not use costs"),
        ({"metric": "precision"}, "metric='precision' needs floor, got floor=None"),
        ({"metric": "recall", "floor": 0.0}, "floor must be above 0 and at most 1, got 0.0"),
        ({"metric": "recall", "floor": 1.1}, "floor must be above 0 and at most 1, got 1.1"),
        ({"metric": "recall", "floor": 0.5, "costs": (1, 1)}, "does not use costs"),
        ({"metric": "cost"}, "metric='cost' needs costs"),
        ({"metric": "cost", "costs": (1,)}, "costs must be two finite numbers"),
        ({"metric": "cost", "costs": (0, 0)}, "costs must be"),
        ({"metric": "cost", "costs": (-1, 1)}, "costs must be"),
        ({"metric": "cost", "costs": (1, np.inf)}, "costs must be"),
        ({"metric": "cost", "costs": ("a", 1)}, "costs must be"),
        ({"cv": "fit"}, "'cv' parameter"),
        ({"estimator": KFold()}, "'estimator' parameter"),
    ],
)
def test_bad_parameters(given, entries, params, message):
    with pytest.raises(ValueError, match=message):
        TunedThresholds(**{"estimator": given} | params).fit(*entries)
