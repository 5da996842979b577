"""The table of all figures."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import UndefinedMetricWarning

from sklearn_ctran.metrics import (
    class_f1,
    class_precision,
    mean_average_precision,
    multilabel_report,
    overall_f1,
)

Y_TRUE = pd.DataFrame(
    [[1, 0, 0], [0, 1, 0], [1, 1, np.nan], [0, 1, 0]], columns=["cat", "dog", "yak"]
)
Y_SCORE = np.array([[0.9, 0.6, 0.1], [0.6, 0.2, 0.7], [0.8, 0.7, 0.9], [0.1, 0.9, 0.2]])


#: The first label always comes first.
TIED = np.full((4, 3), 0.5)


def _report(score=Y_SCORE, zero_division=0, as_frame=False, **more):
    return multilabel_report(Y_TRUE, score, zero_division=zero_division, as_frame=as_frame, **more)


def test_equals_the_authors_evaluation(official):
    summary = multilabel_report(official.y_true, official.y_score, as_frame=False).summary
    expected = {name: official.scores[name] for name in summary}
    if (official.told < 0).all():
        assert summary == pytest.approx(expected, abs=1e-9)
    else:  # Theirs leaves known entries out of mAP only.
        summary.pop("mAP")
        assert summary == pytest.approx({name: expected[name] for name in summary}, abs=1e-9)


def test_labels_and_summary():
    report = _report(
        known_labels={"cat": [1, -1, -1, -1]}, threshold=[0.5, 0.65, 0.5], top_k=1,
        sample_weight=[1, 1, 2, 1],
    )  # fmt: skip
    by_label = report.by_label
    assert by_label["support"].tolist() == [1, 3, 0]
    assert by_label["unknown"].tolist() == [3, 4, 3]
    np.testing.assert_allclose(by_label["AP"][:2], [1.0, 3 / 4 + 4 / 5 / 4])
    np.testing.assert_allclose(by_label["precision"], [2 / 3, 1, 0])
    np.testing.assert_allclose(by_label["recall"], [1, 3 / 4, np.nan])
    np.testing.assert_allclose(by_label["f1"], [4 / 5, 6 / 7, 0])
    assert by_label["threshold"].tolist() == [0.5, 0.65, 0.5]
    np.testing.assert_allclose(by_label["prevalence"], [2 / 4, 4 / 5, 0])
    more = {"known_labels": {"cat": [1, -1, -1, -1]}, "sample_weight": [1, 1, 2, 1]}
    decided = {**more, "threshold": [0.5, 0.65, 0.5], "zero_division": 0}
    with pytest.warns(UndefinedMetricWarning, match="'yak' .* left out of mAP"):
        assert report.summary["mAP"] == mean_average_precision(Y_TRUE, Y_SCORE, **more)
    assert report.summary["CF1"] == class_f1(Y_TRUE, Y_SCORE, **decided)
    assert report.summary["CP1"] == class_precision(Y_TRUE, Y_SCORE, top_k=1, **decided)
    assert report.summary["OF11"] == overall_f1(Y_TRUE, Y_SCORE, top_k=1, **decided)


@pytest.mark.parametrize("top_k", [1, 3])
def test_frame(top_k):
    report = _report(top_k=top_k)
    frame = multilabel_report(Y_TRUE, Y_SCORE, top_k=top_k, zero_division=0)
    pd.testing.assert_frame_equal(frame, report.to_frame())
    pd.testing.assert_frame_equal(frame, _report(top_k=top_k, as_frame=True))
    assert frame.loc["label"].index.tolist() == ["cat", "dog", "yak"]
    assert frame.loc["summary"].index.tolist() == list(report.summary)
    for name, column in report.by_label.items():
        np.testing.assert_array_equal(frame.loc["label"][name].to_numpy(), column)
    for name, column in (
        ("mAP", "AP"), ("CP", "precision"), ("OR", "recall"), ("CF1", "f1"),
        (f"CF1{top_k}", "f1"), (f"OP{top_k}", "precision"),
    ):  # fmt: skip
        row = frame.loc[("summary", name)]
        assert row[column] == report.summary[name]
        assert row.drop(column).isna().all()


def test_text():
    report = _report()
    lines = str(report).splitlines()
    assert lines[0].split() == [
        "support", "unknown", "AP", "precision", "recall", "f1", "threshold", "prevalence"
    ]  # fmt: skip
    assert lines[3].split() == ["yak", "0", "3", "-", "0.000", "-", "0.000", "0.500", "0.000"]
    assert lines[7].split() == ["mAP", "CP", "CR", "CF1", "OP", "OR", "OF1"]
    summary = report.summary
    map_, cp, cp3 = (f"{100 * summary[name]:.1f}" for name in ("mAP", "CP", "CP3"))
    assert lines[8].split()[:3] == ["all", map_, cp]
    assert lines[9].split()[:3] == ["top", "3", cp3]
    assert len({len(line) for line in lines[:4]}) == 1


def test_without_a_second_half():
    report = _report(top_k=None)
    assert list(report.summary) == ["mAP", "CP", "CR", "CF1", "OP", "OR", "OF1"]
    assert "top" not in str(report)
    assert len(report.to_frame()) == 3 + 7
    few = multilabel_report(Y_TRUE.iloc[:, :2], Y_SCORE[:, :2])
    assert few.loc["summary"].index.tolist() == list(report.summary)


def test_names():
    names = ["a", ("b", 1), ("b", 2)]
    report = _report(label_names=names, known_labels={("b", 1): 1})
    assert report.label_names.tolist() == names
    assert report.by_label["unknown"].tolist() == [4, 0, 3]
    assert report.to_frame().loc["label"].index.tolist() == names
    frame = multilabel_report(Y_TRUE.to_numpy(), Y_SCORE, zero_division=0)
    assert frame.loc["label"].index.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="label_names has 1 names for 3 labels"):
        multilabel_report(Y_TRUE, Y_SCORE, label_names=["a"])


def test_undefined():
    missing = Y_TRUE.assign(dog=np.nan)
    with pytest.warns(UndefinedMetricWarning) as warned:
        multilabel_report(missing, Y_SCORE, known_labels={"cat": 0}, top_k=1)
    assert [str(warning.message) for warning in warned] == [
        "Undefined: label(s) 'dog' (no entry counts, left out of the summary); label(s) 'yak' (no "
        "positive entry, recall counts as 0 and mAP leaves them out). Pass zero_division=0 or 1 "
        "for that value, or np.nan to leave it out."
    ]
    with pytest.warns(
        UndefinedMetricWarning,
        match=r"'yak' \(no positive.*'yak' \(never predicted, .*'dog' \(never .* in the top k, ",
    ):
        report = _report(zero_division="warn", threshold=[0, 0, 1], top_k=1, score=TIED)
    with pytest.warns(UndefinedMetricWarning, match=r"'yak' \(no positive entry, recall"):
        report = _report(zero_division="warn")
    assert np.isnan(report.by_label["recall"][2])
    left_out = _report(zero_division=np.nan).summary["CR"]
    assert report.summary["CR"] == pytest.approx(left_out * 2 / 3)
    nothing = multilabel_report([[0, 0, 0]], [[1.0, 1, 1]], zero_division=np.nan)
    assert nothing.isna().loc[("summary", "mAP"), "AP"]
    with pytest.raises(ValueError, match="zero_division"):
        multilabel_report(Y_TRUE, Y_SCORE, zero_division=3)
    with pytest.raises(ValueError, match="as_frame must be True, False or 'auto', got 'yes'"):
        multilabel_report(Y_TRUE, Y_SCORE, as_frame="yes")
    with pytest.raises(ValueError, match="top_k"):
        multilabel_report(Y_TRUE, Y_SCORE, top_k=4, zero_division=0)


def test_without_pandas(monkeypatch):
    monkeypatch.setattr("sklearn_ctran.metrics._report.find_spec", lambda name: None)
    report = multilabel_report(Y_TRUE, Y_SCORE, zero_division=0)
    with pytest.raises(ImportError, match="A frame needs pandas"):
        report.to_frame()
    with pytest.raises(ImportError, match="A frame needs pandas"):
        _report(as_frame=True)
    assert importlib.util.find_spec("pandas") is not None
    assert "cat" in str(report)
