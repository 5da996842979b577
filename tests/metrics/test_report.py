"""The report of all scores and figures."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import UndefinedMetricWarning

from sklearn_ctran.metrics import MultilabelReport, multilabel_report

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
    expected = {
        "support": [1, 3, 0],
        "unknown": [3, 4, 3],
        "AP": [1.0, 3 / 4 + 4 / 5 / 4, np.nan],
        "precision": [2 / 3, 1, 0],
        "recall": [1, 3 / 4, np.nan],
        "f1": [4 / 5, 6 / 7, 0],
        "threshold": [0.5, 0.65, 0.5],
        "prevalence": [2 / 4, 4 / 5, 0],
    }
    assert list(report.by_label) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(report.by_label[name], values, err_msg=name)
    # By hand: weights of correct, predicted and positive entries are [2, 3, 0], [3, 3, 1] and
    # [2, 4, 0]; of the highest entry of each row [2, 1, 0], [2, 1, 1] and [2, 4, 0].
    assert report.summary == pytest.approx(
        {
            "mAP": (1 + 19 / 20) / 2,
            "CP": (2 / 3 + 1 + 0) / 3,
            "CR": (1 + 3 / 4 + 0) / 3,
            "CF1": 70 / 123,
            "OP": 5 / 7,
            "OR": 5 / 6,
            "OF1": 10 / 13,
            "CP1": (1 + 1 + 0) / 3,
            "CR1": (1 + 1 / 4 + 0) / 3,
            "CF11": 20 / 39,
            "OP1": 3 / 4,
            "OR1": 3 / 6,
            "OF11": 6 / 10,
        },
        abs=1e-12,
    )


@pytest.mark.parametrize("top_k", [1, 3])
def test_frame(top_k):
    columns = {"AP": ["mAP"], "precision": ["CP", "OP"], "recall": ["CR", "OR"]}
    columns["f1"] = ["CF1", "OF1"]
    report = _report(top_k=top_k)
    frame = multilabel_report(Y_TRUE, Y_SCORE, top_k=top_k, zero_division=0)
    pd.testing.assert_frame_equal(frame, report.to_frame())
    pd.testing.assert_frame_equal(frame, _report(top_k=top_k, as_frame=True))
    assert frame.loc["label"].index.tolist() == ["cat", "dog", "yak"]
    assert frame.loc["summary"].index.tolist() == list(report.summary)
    for name, column in report.by_label.items():
        np.testing.assert_array_equal(frame.loc["label"][name].to_numpy(), column)
    for column, names in columns.items():
        for name in [*names, *(f"{name}{top_k}" for name in names if name != "mAP")]:
            row = frame.loc[("summary", name)]
            assert row[column] == report.summary[name]
            assert row.drop(column).isna().all()
    assert frame.dtypes[["support", "unknown"]].tolist() == ["Int64", "Int64"]


TEXT = """\
            support    unknown     AP    precision    recall     f1    threshold    prevalence
cat               2          4  1.000        0.667     1.000  0.800        0.500         0.500
1e3               3          4  0.917        0.667     0.667  0.667        0.500         0.750
('y', 1)          0          3      -        0.000         -  0.000        0.500         0.000

In %:

         mAP    CP    CR    CF1    OP    OR    OF1
all     95.8  44.4  55.6   49.4  57.1  80.0   66.7
top 3         44.4  55.6   49.4  57.1  80.0   66.7"""


def test_text():
    report = multilabel_report(
        Y_TRUE, Y_SCORE, zero_division=0, as_frame=False, label_names=["cat", "1e3", ("y", 1)]
    )
    assert str(report) == TEXT
    top = str(_report(top_k=1)).splitlines()[-1]
    assert top.split() == ["top", "1", "66.7", "44.4", "53.3", "75.0", "60.0", "66.7"]


def test_without_a_second_half():
    report = _report(top_k=None)
    assert list(report.summary) == ["mAP", "CP", "CR", "CF1", "OP", "OR", "OF1"]
    with_top = _report(top_k=3).summary
    assert report.summary == {name: with_top[name] for name in report.summary}
    assert str(report).splitlines()[-1].startswith("all")
    assert len(report.to_frame()) == 3 + 7
    few = multilabel_report(Y_TRUE.iloc[:, :2], Y_SCORE[:, :2])
    assert few.loc["summary"].index.tolist() == list(report.summary)


def test_names():
    names = ["a", ("b", 1), ("b", 2)]
    report = _report(label_names=names, known_labels={("b", 1): 1})
    assert report.label_names.tolist() == names
    assert report.by_label["unknown"].tolist() == [4, 0, 3]
    assert report.to_frame().loc["label"].index.tolist() == names
    tuples = [("a", 1), ("b", 1), ("b", 2)]
    frame = _report(label_names=tuples).to_frame()
    assert frame.index.nlevels == 2
    assert frame.loc["label"].index.tolist() == tuples
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
        "to use that value, or np.nan to leave these labels out."
    ]
    with pytest.warns(
        UndefinedMetricWarning,
        match=r"'yak' \(no positive.*'yak' \(never predicted, .*'dog' \(never .* in the top k, ",
    ):
        report = _report(zero_division="warn", threshold=[0, 0, 1], top_k=1, score=TIED)
    # Of three labels, two have a precision of 1/2 and 3/4, one of them among the highest.
    assert report.summary["CP"] == pytest.approx((1 / 2 + 3 / 4 + 0) / 3)
    assert report.summary["CP1"] == pytest.approx((1 / 2 + 0 + 0) / 3)
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
    with pytest.raises(ValueError, match="y_score must hold probabilities"):
        _report(score=3 * Y_SCORE)
    with pytest.raises(ValueError, match="top_k"):
        multilabel_report(Y_TRUE, Y_SCORE, top_k=4, zero_division=0)


def test_without_pandas(monkeypatch):
    def import_pandas():
        raise ImportError("needs pandas")

    monkeypatch.setattr("sklearn_ctran.metrics._report.import_pandas", import_pandas)
    report = multilabel_report(Y_TRUE, Y_SCORE, zero_division=0)
    assert type(report) is MultilabelReport
    assert report.summary == _report().summary
    for make in (report.to_frame, lambda: _report(as_frame=True)):
        with pytest.raises(ImportError, match="needs pandas"):
            make()


def test_the_index_of_the_frame_holds_plain_positions():
    pytest.importorskip("pandas")
    frame = multilabel_report([[1, 0], [0, 1]], [[0.9, 0.2], [0.1, 0.7]], as_frame=True)
    labels = [label for kind, label in frame.index if kind == "label"]
    assert labels == [0, 1]
    assert {type(label) for label in labels} == {int}
