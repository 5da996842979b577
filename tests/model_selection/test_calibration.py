import numpy as np
import pytest
from scipy.special import expit, logit, softmax
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB

from sklearn_ctran import CTranClassifier
from sklearn_ctran.metrics import expected_calibration_error
from sklearn_ctran.model_selection import MultilabelCalibrator, MultilabelStratifiedKFold

METHODS = ("sigmoid", "isotonic", "temperature")


def calibrate(given, proba, truth, method, new=None):
    model = MultilabelCalibrator(given, method=method, cv="prefit").fit(proba, truth)
    return model.predict_proba(proba if new is None else new)


@pytest.mark.parametrize("method", METHODS)
def test_probabilities_become_as_often_right_as_they_say(given, method):
    rng = np.random.RandomState(0)
    scores = rng.randn(20_000, 2)
    truth = (rng.random_sample(scores.shape) < expit(scores)).astype(int)
    # Too sure of itself; of the second label also too fond, which a temperature cannot mend.
    proba = expit(3 * scores + [0, 2])
    before = expected_calibration_error(truth, proba, average=None)
    calibrated = calibrate(given, proba, truth, method)
    after = expected_calibration_error(truth, calibrated, average=None)
    assert after[0] < 0.015 < before[0] / 5
    if method != "temperature":
        assert after[1] < 0.015 < before[1] / 5
        np.testing.assert_allclose(calibrated[:, 1], expit(scores[:, 1]), atol=0.06)


@pytest.mark.parametrize("method", METHODS)
def test_probabilities_stay_in_order(given, entries, method):
    proba, truth = entries
    truth[:, 1] = 1 - truth[:, 1]  # Even where they are upside down.
    new = np.sort(np.concatenate([[[0.0] * 3, [1e-12] * 3, [1 - 1e-12] * 3, [1.0] * 3], proba]), 0)
    for dtype in (np.float32, np.float64):
        calibrated = calibrate(given, proba, truth, method, new.astype(dtype))
        assert calibrated.dtype == dtype
        assert (np.diff(calibrated, axis=0) >= 0).all()
        assert ((calibrated > 0) & (calibrated < 1)).all()  # 0 and 1 are of known labels
        assert len(np.unique(calibrated[:, 0])) > (10 if method == "isotonic" else 1000)


def test_sigmoid_is_platts(given, entries):
    """A logistic regression without regularisation, of targets that are almost 0 and 1."""
    proba, truth = entries
    calibrated = calibrate(given, proba, truth, "sigmoid")
    for label in range(3):
        scores = logit(proba[:, [label]])
        model = LogisticRegression(C=1e6, tol=1e-8).fit(scores, truth[:, label])
        expected = model.predict_proba(scores)[:, 1]
        np.testing.assert_allclose(calibrated[:, label], expected, atol=2e-3)


def test_sigmoid_of_a_perfect_order_is_not_certain(given):
    proba = np.linspace(0.1, 0.9, 20)[:, None]
    calibrated = calibrate(given, proba, (proba > 0.5).astype(int), "sigmoid")
    assert 0.005 < calibrated[0] < 0.1
    assert 0.9 < calibrated[-1] < 0.995


def test_sigmoid_of_equal_probabilities_is_the_share(given):
    calibrated = calibrate(given, np.full((50, 1), 0.9), np.arange(50)[:, None] % 2, "sigmoid")
    np.testing.assert_allclose(calibrated, 0.5, atol=1e-6)


def test_isotonic_is_scikit_learns(given, entries):
    proba, truth = entries
    calibrated = calibrate(given, proba, truth, "isotonic")
    for label in range(3):
        expected = IsotonicRegression().fit_transform(proba[:, label], truth[:, label])
        np.testing.assert_allclose(calibrated[:, label], expected, atol=2e-7)


def test_temperature_is_the_most_likely_one_of_each_label(given, entries):
    proba, truth = entries
    model = MultilabelCalibrator(given, method="temperature", cv="prefit").fit(proba, truth)
    calibrated = model.predict_proba(proba)
    for label in range(3):
        ratio = logit(calibrated[:, label]) / logit(proba[:, label])
        np.testing.assert_allclose(ratio, ratio[0])
        losses = [
            log_loss(truth[:, label], expit(logit(proba[:, label]) / t))
            for t in np.geomspace(0.3, 3, 100)
        ]
        assert log_loss(truth[:, label], calibrated[:, label]) <= min(losses) + 1e-9


@pytest.mark.parametrize("method", METHODS)
def test_maps_are_those_of_out_of_fold_probabilities(table, given, method):
    X, Y = table
    model = OneVsRestClassifier(GaussianNB())
    proba = model.fit(X, Y).predict_proba(X)
    for cv in (4, KFold(3), [*KFold(3).split(X)]):
        calibrator = MultilabelCalibrator(model, method=method, cv=cv, random_state=0).fit(X, Y)
        folds = MultilabelStratifiedKFold(4, shuffle=True, random_state=0) if cv == 4 else cv
        held_out = cross_val_predict(model, X, Y, cv=folds, method="predict_proba")
        expected = calibrate(given, held_out, Y, method, proba)
        np.testing.assert_allclose(calibrator.predict_proba(X), expected, rtol=1e-6)
    in_sample = calibrate(given, proba, Y, method)
    assert np.abs(in_sample - expected).max() > 1e-3


class SurerWithSamples(BaseEstimator):
    """Knows the logits, its input, but multiplies them by its share of 2000 samples."""

    def fit(self, X, y):
        self.share_ = len(X) / 2000
        return self

    def predict_proba(self, X):
        return expit(self.share_ * X)


def test_an_ensemble_is_not_surer_than_what_its_maps_are_learned_from():
    """Maps of folds' estimators do not fit one that has seen more, and is surer rightly."""
    rng = np.random.RandomState(0)
    logits = rng.randn(2000, 2)
    truth = (rng.random_sample(logits.shape) < expit(logits)).astype(int)
    single, ensemble = (
        MultilabelCalibrator(SurerWithSamples(), cv=2, ensemble=ensemble).fit(logits, truth)
        for ensemble in (False, True)
    )
    assert np.abs(ensemble.predict_proba(logits) - expit(logits)).max() < 0.05
    assert np.abs(single.predict_proba(logits) - expit(logits)).max() > 0.15
    assert len(ensemble.estimators_) == len(ensemble.calibrators_) == 2
    assert ensemble.estimator_ is None
    assert single.estimators_ == [single.estimator_]


@pytest.mark.parametrize("method", METHODS)
def test_an_ensemble_is_the_mean_of_folds(table, given, method):
    X, Y = table
    Y[:, 2] = np.isin(np.arange(240) // 20, [0, 4, 5])  # No positive among the last 80.
    model = OneVsRestClassifier(GaussianNB())
    probas = []
    for train, test in KFold(3).split(X):
        proba = model.fit(X[train], Y[train]).predict_proba(X)
        n_usable = 3 if Y[test, 2].any() else 2
        proba = proba[:, :n_usable]
        probas.append(calibrate(given, proba[test], Y[test, :n_usable], method, proba))
    # The last fold has no say in the label that it has no positive of.
    expected = np.mean([proba[:, :2] for proba in probas], axis=0)
    expected = np.column_stack([expected, np.mean([p[:, 2] for p in probas[:2]], axis=0)])
    ensemble = MultilabelCalibrator(model, method=method, cv=KFold(3), ensemble=True).fit(X, Y)
    # Each is clipped before the mean is taken, or after.
    np.testing.assert_allclose(ensemble.predict_proba(X), expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(ensemble.predict(X), ensemble.decision_function(X) > 0)


def test_an_ensemble_of_two_classes_is_scikit_learns(table):
    X, Y = table
    model = GaussianNB()
    theirs = CalibratedClassifierCV(model, method="isotonic", cv=KFold(3)).fit(X, Y[:, 0])
    ours = MultilabelCalibrator(model, method="isotonic", cv=KFold(3), ensemble=True)
    proba = ours.fit(X, Y[:, 0]).predict_proba(X)
    np.testing.assert_allclose(proba, theirs.predict_proba(X), atol=1e-5)


def test_an_ensemble_is_told_what_is_known(table):
    X, Y = table
    small = CTranClassifier(None, d_model=8, n_layers=1, n_heads=2, max_epochs=2, random_state=0)
    model = MultilabelCalibrator(small, cv=2, ensemble=True, random_state=0)
    model.fit(X, Y[:, :2], extra_labels={"c": Y[:, 2]})
    proba = model.predict_proba(X, {0: 1}, {"c": 1})
    assert (proba[:, 0] == 1).all()
    assert np.abs(proba - model.predict_proba(X))[:, 1].max() > 1e-6
    extra = [each.predict_extra_proba(X, {0: 1}) for each in model.estimators_]
    assert np.abs(extra[0] - extra[1]).max() > 1e-6
    np.testing.assert_allclose(model.predict_extra_proba(X, {0: 1}), np.mean(extra, axis=0))


def test_an_ensemble_needs_folds(given, entries):
    with pytest.raises(ValueError, match="ensemble=True needs the estimators of folds"):
        MultilabelCalibrator(given, cv="prefit", ensemble=True).fit(*entries)
    with pytest.raises(NotFittedError):
        print(MultilabelCalibrator(given).estimators_)


@pytest.mark.parametrize("method", METHODS)
def test_labels_are_those_more_likely_than_not(table, method):
    X, Y = table
    model = MultilabelCalibrator(OneVsRestClassifier(GaussianNB()), method=method).fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), model.predict_proba(X) > 0.5)
    np.testing.assert_array_equal(model.predict(X), model.decision_function(X) > 0)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_classes_are_calibrated_one_by_one(table, method, n_classes):
    X, Y = table
    y = np.array(["a", "b", "c"])[Y[:, : n_classes - 1].sum(axis=1)]
    model = GaussianNB().fit(X[:160], y[:160])
    ours = MultilabelCalibrator(model, method=method, cv="prefit").fit(X[160:], y[160:])
    fold = np.arange(80), np.arange(80)
    theirs = CalibratedClassifierCV(FrozenEstimator(model), method=method, cv=[fold])
    theirs.fit(X[160:], y[160:])
    proba = ours.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-6)
    # Theirs takes the probability where ours takes its logit.
    atol = 1e-5 if method == "isotonic" else 0.3
    np.testing.assert_allclose(proba, theirs.predict_proba(X), atol=atol)
    np.testing.assert_array_equal(ours.predict(X), np.array(["a", "b", "c"])[proba.argmax(axis=1)])


def test_classes_have_one_temperature(table, given):
    rng = np.random.RandomState(0)
    logits = rng.randn(3000, 4)
    y = (softmax(logits, axis=1).cumsum(axis=1) < rng.random_sample((3000, 1))).sum(axis=1)
    proba = softmax(3 * logits, axis=1)
    given.classes_ = np.arange(4)
    calibrated = calibrate(given, proba, y, "temperature")
    np.testing.assert_allclose(calibrated, softmax(logits, axis=1), atol=0.03)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"method": "beta"}, "'method' parameter"),
        ({"cv": "fit"}, "'cv' parameter"),
        ({"estimator": KFold()}, "'estimator' parameter"),
    ],
)
def test_bad_parameters(given, entries, params, message):
    with pytest.raises(ValueError, match=message):
        MultilabelCalibrator(**{"estimator": given} | params).fit(*entries)
