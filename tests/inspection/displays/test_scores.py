"""Pictures of scores: average_precision.py, precision_recall.py, reliability.py, scored.py."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import precision_recall_curve
from sklearn.neighbors import KNeighborsClassifier

from sklearn_ctran.baselines import MaskedLinear
from sklearn_ctran.inspection import (
    AveragePrecisionDisplay,
    LabelPrecisionRecallDisplay,
    ReliabilityDisplay,
)
from sklearn_ctran.metrics import (
    expected_calibration_error,
    mean_average_precision,
    multilabel_report,
)
from sklearn_ctran.model_selection import TunedThresholds

ALL = [AveragePrecisionDisplay, LabelPrecisionRecallDisplay, ReliabilityDisplay]


def test_average_precision_is_that_of_the_metric(scored):
    y, score, names = scored(6)
    known = np.where(np.random.RandomState(1).rand(*y.shape) < 0.3, y, -1)
    weight = np.arange(len(y)) % 3
    given = {"known_labels": known, "sample_weight": weight}
    display = AveragePrecisionDisplay.from_predictions(y, score, label_names=names, **given)
    report = multilabel_report(y, score, label_names=names, as_frame=False, **given)
    np.testing.assert_allclose(display.average_precision, report.by_label["AP"])
    np.testing.assert_array_equal(display.support, report.by_label["support"])
    np.testing.assert_allclose(display.prevalence, report.by_label["prevalence"])
    order = np.argsort(-report.by_label["AP"])
    assert display.shown_ == [names[i] for i in order]
    widths = [bar.get_width() for bar in display.bars_]
    np.testing.assert_allclose(widths, report.by_label["AP"][order])


@pytest.mark.parametrize("n_labels", [74, 374])
def test_many_labels_are_the_best_and_the_worst(scored, texts_of, n_labels):
    y, score, names = scored(n_labels)
    display = AveragePrecisionDisplay.from_predictions(y, score, label_names=names)
    ap = mean_average_precision(y, score, average=None)
    n = len(display.shown_)
    assert 20 <= n <= 50 and len(display.bars_) == n
    shown = [names.index(name) for name in display.shown_]
    assert set(ap[shown[: n // 2]]) <= set(np.sort(ap)[-(n // 2) :])
    assert set(ap[shown[-(n // 2) :]]) <= set(np.sort(ap)[: n // 2])
    texts = texts_of(display.figure_)
    assert any(f"{n_labels - n} more, mean" in text for text in texts)
    assert any(f"{n} shown, the best and the worst" in text.replace("\n", " ") for text in texts)
    assert len(AveragePrecisionDisplay.plot(display, max_labels=7).shown_) == 7
    named = display.plot(labels=names[3:5]).shown_
    assert sorted(named) == names[3:5]


def test_labels_without_a_positive_are_said(texts_of):
    display = AveragePrecisionDisplay.from_predictions([[1, 0], [0, 0]], [[0.9, 0.1], [0.2, 0.1]])
    assert display.shown_ == [0]
    assert any("1 without a positive" in text for text in texts_of(display.figure_))
    with pytest.raises(ValueError, match="No label has a positive"):
        AveragePrecisionDisplay.from_predictions([[0, 0]], [[0.9, 0.1]])


def test_precision_and_recall_are_those_of_the_metrics(scored):
    y, score, names = scored(6)
    thresholds = np.linspace(0.2, 0.8, 6)
    display = LabelPrecisionRecallDisplay.from_predictions(
        y, score, label_names=names, threshold=thresholds
    )
    report = multilabel_report(y, score, threshold=thresholds, as_frame=False)
    np.testing.assert_allclose(display.precision, report.by_label["precision"])
    np.testing.assert_allclose(display.recall, report.by_label["recall"])
    for i, name in enumerate(names):
        expected = precision_recall_curve(y[:, i], score[:, i])
        for values, others in zip(display.curves[name], expected, strict=True):
            np.testing.assert_allclose(values, others)
        line, point = display.axes_[name].lines
        np.testing.assert_allclose(line.get_xdata(), expected[1])
        assert point.get_xdata() == [display.recall[i]]
        assert point.get_ydata() == [display.precision[i]]


def test_entries_that_are_not_annotated_have_no_curve():
    y = np.array([[1, 1], [0, 0], [-1, 1], [1, 0]])
    score = np.array([[0.9, 0.8], [0.3, 0.2], [0.95, 0.7], [0.6, 0.1]])
    display = LabelPrecisionRecallDisplay.from_predictions(y, score)
    expected = precision_recall_curve([1, 0, 1], score[[0, 1, 3], 0])
    np.testing.assert_allclose(display.curves[0][0], expected[0])


def test_panels_of_many_labels(scored, texts_of):
    y, score, names = scored(374)
    display = LabelPrecisionRecallDisplay.from_predictions(y, score, label_names=names)
    n = len(display.axes_)
    assert 6 <= n <= 60
    most = np.sort(y.sum(axis=0))[-n:]
    shown = [names.index(name) for name in display.shown_]
    np.testing.assert_array_equal(np.sort(y.sum(axis=0)[shown]), most)
    note = f"{n} of 374 labels: those with the most positives"
    assert note in texts_of(display.figure_)
    assert len(display.plot(max_labels=3).axes_) == 3
    assert display.plot(labels=names[:2]).shown_ == names[:2]


@pytest.mark.parametrize("n_bins", [4, 15])
def test_the_calibration_error_is_that_of_the_metric(scored, n_bins):
    y, score, names = scored(6)
    weight = 1 + np.arange(len(y)) % 3
    display = ReliabilityDisplay.from_predictions(y, score, n_bins=n_bins, sample_weight=weight)
    options = {"n_bins": n_bins, "sample_weight": weight}
    expected = expected_calibration_error(y, score, average="micro", **options)
    assert display.errors["all labels"] == pytest.approx(expected)
    by_label = expected_calibration_error(y, score, average=None, **options)
    display = ReliabilityDisplay.from_predictions(
        y, score, labels=[names[4], names[1]], label_names=names, **options
    )
    assert list(display.lines_) == [names[4], names[1]]
    assert display.errors[names[4]] == pytest.approx(by_label[4])
    assert display.errors[names[1]] == pytest.approx(by_label[1])
    np.testing.assert_array_equal(
        display.lines_[names[1]].get_ydata(), display.curves[names[1]]["positive"]
    )


@pytest.fixture(scope="module")
def fitted():
    X, Y = make_multilabel_classification(n_samples=80, n_classes=3, random_state=0)
    Y = pd.DataFrame(Y, columns=["a", "b", "c"])
    return MaskedLinear(random_state=0).fit(X[:50], Y[:50]), X[50:], Y[50:]


@pytest.mark.parametrize("Display", ALL)
def test_from_an_estimator_with_known_labels(fitted, Display, texts_of):
    model, X, Y = fitted
    known = {"b": 1}
    proba = model.predict_proba(X, known_labels=known)
    reordered = Y[["c", "a", "b"]]
    ours = Display.from_estimator(model, X, reordered, known_labels=known)
    expected = Display.from_predictions(Y, proba, known_labels=known)
    assert texts_of(ours.figure_) == texts_of(expected.figure_)


def test_the_thresholds_of_the_estimator(fitted):
    model, X, Y = fitted
    tuned = TunedThresholds(MaskedLinear(random_state=0), cv=2, random_state=0).fit(X, Y)
    display = LabelPrecisionRecallDisplay.from_estimator(tuned, X, Y)
    np.testing.assert_array_equal(display.threshold, tuned.thresholds_)
    display = LabelPrecisionRecallDisplay.from_estimator(tuned, X, Y, threshold=0.3)
    np.testing.assert_array_equal(display.threshold, 0.3)
    assert (LabelPrecisionRecallDisplay.from_estimator(model, X, Y).threshold == 0.5).all()


def test_an_estimator_of_scikit_learn(fitted):
    _, X, Y = fitted
    neighbours = KNeighborsClassifier().fit(X, Y.to_numpy())
    display = AveragePrecisionDisplay.from_estimator(neighbours, X, Y)
    proba = np.column_stack([p[:, 1] for p in neighbours.predict_proba(X)])
    np.testing.assert_allclose(
        display.average_precision, mean_average_precision(Y, proba, average=None)
    )
    assert display.label_names == ["a", "b", "c"]


@pytest.mark.parametrize("Display", ALL)
def test_wrong_arguments(scored, Display):
    y, score, names = scored(6)
    with pytest.raises(ValueError, match="label_names has 5 names for 6 labels"):
        Display.from_predictions(y, score, label_names=names[:5])
    with pytest.raises(ValueError, match="in labels, is not a label here. Did you mean"):
        Display.from_predictions(y, score, label_names=names, labels=[names[0] + "s"])
    with pytest.raises(ValueError, match="labels must be a list of names"):
        Display.from_predictions(y, score, label_names=names, labels=names[0])
    if Display is not ReliabilityDisplay:
        with pytest.raises(ValueError, match="max_labels must be an integer above 0"):
            Display.from_predictions(y, score, max_labels=0)
