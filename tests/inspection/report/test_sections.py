"""What is in the sections equals what the functions behind them say."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_multilabel_classification

from sklearn_ctran import CTranClassifier
from sklearn_ctran.baselines import MaskedLinear
from sklearn_ctran.inspection import KnownLabelDisplay, diagnose
from sklearn_ctran.inspection._report import sections
from sklearn_ctran.inspection._report.evidence import gather
from sklearn_ctran.metrics import (
    expected_calibration_error,
    mean_average_precision,
    multilabel_report,
    partial_label_scorer,
)
from sklearn_ctran.model_selection import TunedThresholds

SCORES = "Scores in [0, 1], higher is better"


@pytest.fixture
def evidence(linear, table):
    return gather(linear, table[0][60:], table[1][60:], None, None, None, None)


def assert_equals(page, expected):
    """The table of labels, and the scores of all, are those of a MultilabelReport."""
    rows = page.by_label()
    for i, name in enumerate(expected.label_names):
        figures = [expected.by_label[column][i] for column in sections._COLUMNS]
        assert rows[str(name)] == pytest.approx(figures, nan_ok=True)
    scores = dict(page.tables[SCORES])
    for name, score in expected.summary.items():
        assert scores[sections._SUMMARY[name]] == pytest.approx(score)


def test_scores_are_those_of_the_metrics(linear, table, write):
    X, Y = table[0][60:], table[1][60:]
    proba = linear.predict_proba(X)
    given = {"top_k": None, "zero_division": 0, "as_frame": False}
    page = write(linear, X, Y)
    assert_equals(page, multilabel_report(Y, proba, **given))
    mAP = mean_average_precision(Y, proba)
    assert dict(page.tables[SCORES])["mean average precision (mAP)"] == mAP
    assert f"mAP{mAP:.3f}" in page.words
    error = expected_calibration_error(Y, proba)
    assert f"mean over labels: {error:.3f}" in page.words


def test_known_labels_are_not_scored(linear, table, write):
    X, Y = table[0][60:], table[1][60:]
    known = np.where(np.arange(Y.size).reshape(Y.shape) % 3, -1, Y)
    proba = linear.predict_proba(X, known_labels=known)
    given = {"top_k": None, "zero_division": 0, "as_frame": False}
    page = write(linear, X, Y, known_labels=known)
    assert_equals(page, multilabel_report(Y, proba, known_labels=known, **given))
    assert f"{np.count_nonzero(known >= 0)} labels were known" in page.words


def test_extra_labels_are_known(table, write):
    X, Y = table
    Y = np.abs(Y)
    model = MaskedLinear(random_state=0).fit(X[:60], Y[:60, :3], extra_labels=Y[:60, 3:])
    proba = model.predict_proba(X[60:], extra_labels=Y[60:, 3:])
    given = {"top_k": None, "zero_division": 0, "as_frame": False}
    page = write(model, X[60:], Y[60:, :3], extra_labels=Y[60:, 3:], label_errors=True)
    assert_equals(page, multilabel_report(Y[60:, :3], proba, **given))


def test_tuned_thresholds_decide(table, write):
    X, Y = table[0], np.abs(table[1])
    model = TunedThresholds(MaskedLinear(random_state=0), cv=3).fit(X[:60], Y[:60])
    page = write(model, X[60:], Y[60:])
    given = {"top_k": None, "zero_division": 0, "as_frame": False}
    cuts = np.where(np.isnan(model.thresholds_), 0.5, model.thresholds_)
    expected = multilabel_report(Y[60:], model.predict_proba(X[60:]), threshold=cuts, **given)
    assert_equals(page, expected)


def test_classes_have_an_accuracy_and_no_known_label_curve(table, write):
    X, Y = table
    y = np.array(["cat", "dog", "cow"])[np.abs(Y[:, :2]).sum(axis=1)]
    model = MaskedLinear(random_state=0).fit(X[:60], y[:60])
    page = write(model, X[60:], y[60:])
    assert dict(page.tables[SCORES])["accuracy"] == model.score(X[60:], y[60:])
    assert set(page.by_label()) == {"cat", "dog", "cow"}
    assert "effects" not in page.sections and "labels known (%)" not in page.words
    recall = (model.predict(X[60:]) == "cat")[y[60:] == "cat"].mean()
    assert page.by_label()["cat"][5] == pytest.approx(recall)


def test_columns_are_matched_by_name(table, write):
    X, Y = table
    names = ["a", "b", "c", "d"]
    model = MaskedLinear(random_state=0).fit(X[:60], pd.DataFrame(Y[:60], columns=names))
    frame = pd.DataFrame(Y[60:], columns=names)
    page, turned = write(model, X[60:], frame), write(model, X[60:], frame[names[::-1]])
    for name in names:
        assert page.by_label()[name] == pytest.approx(turned.by_label()[name])


def test_the_curve_is_that_of_the_scorer(evidence, linear, table):
    X, Y = table[0][60:], table[1][60:]
    scorers = [partial_label_scorer(mean_average_precision, share) for share in sections.SHARES]
    expected = [scorer(linear, X, Y) for scorer in scorers]
    assert sections.known_label_scores(evidence) == pytest.approx(expected)
    display = KnownLabelDisplay.from_estimator(linear, X, Y)
    assert display.known_fractions_.tolist() == list(sections.SHARES)


def test_findings_are_those_of_diagnose(linear, table, write):
    X, Y = table
    train = X[:60], Y[:60]
    page = write(linear, X[55:], Y[55:], train=train)
    found = diagnose(linear, X[55:], Y[55:], train=train)
    assert "duplicates of training" in [each.rule for each in found]
    for each in found:
        assert each.finding in page.words and each.remedy in page.words
    without = write(linear, X[55:], Y[55:])
    assert "pass train=(X, y)" in without.words


def test_says_that_there_is_no_positive(linear, table, write):
    page = write(linear, table[0][60:], np.zeros_like(table[1][60:]))
    assert "No label has a positive" in page.words
    assert "mAP–" in page.words


def test_data_are_counted(linear, table, write):
    X, Y = table
    words = write(linear, X, Y).words
    assert f"entries annotated{100 * (Y >= 0).mean():.1f} %" in words
    assert f"of these positive{100 * (Y[Y >= 0]).mean():.1f} %" in words
    assert f"images without any{(Y < 1).all(axis=1).sum()}" in words


def test_the_model_is_described(network, scenes, write):
    page = write(network, scenes.images[40:], scenes.Y[40:])
    assert f"{network.summary(1).n_trained:,} trained" in page.words
    rows = {row[0]: row[1:] for row in page.tables["Parameters of CTranClassifier"]}
    assert rows["d_model"] == ["8", "yes"] and rows["lr"] == ["0.002", ""]
    assert list(rows) == sorted(network.get_params(deep=False))
    chosen = dict(page.tables['What "auto" has become'])
    assert chosen["n_layers"] == str(network.chosen_["n_layers"])
    assert [name for name, _ in page.tables["Versions"]][:2] == ["Python", "sklearn-ctran"]
    assert "2 epochs of the fit" in page.words


def test_hundreds_of_labels_and_images(write, monkeypatch):
    X, Y = make_multilabel_classification(130, n_classes=374, n_labels=9, random_state=0)
    params = {"d_model": 8, "n_heads": 2, "n_layers": 1, "max_epochs": 1, "memory": None}
    with pytest.warns(UserWarning, match="no positive"):
        model = CTranClassifier(None, **params).fit(X[:100], Y[:100])
    monkeypatch.setattr(sections, "MOST_LABELS", 300)
    monkeypatch.setattr(sections, "EFFECT_ROWS", 20)
    page = write(model, X[100:], Y[100:])
    assert len(page.source) < 1_000_000
    assert len(page.by_label()) == 300
    assert "The 300 labels with most positives, of 374." in page.words
    assert "The 20 most frequent of 374 labels are set" in page.words
    assert "means of the first 20 of 30 images" in page.words
