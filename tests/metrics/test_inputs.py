"""What all metrics do with their arguments.

Tests of _documentation.py and _decisions.py too.
"""

import inspect
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_ctran import metrics

RANKED = ["mean_average_precision", "ranking_loss", "coverage_error", "one_error"]
OVERALL = ["overall_precision", "overall_recall", "overall_f1"]
COUNTED = [*OVERALL, "class_precision", "class_recall", "class_f1"]
DECIDED = [*COUNTED, "hamming_loss", "subset_accuracy", "example_f1"]
METRICS = [getattr(metrics, name) for name in [*RANKED, *DECIDED, "expected_calibration_error"]]


@pytest.fixture
def partly():
    """Missing entries, told entries, and entries left to score; all labels have some of each."""
    rng = np.random.RandomState(1)
    y_true, known = rng.randint(2, size=(60, 4)).astype(float), np.full((60, 4), -1)
    state = rng.randint(3, size=y_true.shape)
    known[state == 1] = y_true[state == 1]
    y_true[state == 2] = np.nan
    # Every row has a positive and a negative left.
    y_true[:, :2], known[:, :2] = [1, 0], -1
    y_true[::2, :2] = [0, 1]
    return y_true, rng.rand(60, 4), known, rng.rand(60) + 0.1


@pytest.mark.parametrize("metric", METRICS)
def test_missing_and_known_entries_never_count(metric, partly):
    y_true, y_score, known, weight = partly
    expected = metric(y_true, y_score, known_labels=known, sample_weight=weight)
    ignored = np.isnan(y_true) | (known >= 0)
    other_score = np.where(ignored, 1 - y_score, y_score)
    assert metric(y_true, other_score, known_labels=known, sample_weight=weight) == expected
    hidden = np.where(ignored, -1, y_true)
    assert metric(hidden, y_score, sample_weight=weight) == expected
    assert metric(y_true, y_score, known_labels=known) != expected
    assert metric(np.nan_to_num(y_true), y_score) != expected


@pytest.mark.parametrize("metric", METRICS)
def test_weights_are_repetitions(metric, partly):
    y_true, y_score, known, _ = partly
    weight = np.arange(60) % 3
    rows = np.repeat(np.arange(60), weight)
    assert metric(y_true, y_score, known_labels=known, sample_weight=weight) == pytest.approx(
        metric(y_true[rows], y_score[rows], known_labels=known[rows]), abs=1e-12
    )


@pytest.mark.parametrize("metric", METRICS)
def test_labels_in_any_form(metric, partly):
    y_true, y_score, known, _ = partly
    names = ["a", "b", "c", "d"]
    expected = metric(y_true, y_score, known_labels=known)
    frame = pd.DataFrame(y_true, columns=names)
    told = pd.DataFrame(known, columns=names)
    assert metric(frame, y_score, known_labels=told[["c", "a", "d", "b"]]) == expected
    assert metric(y_true, pd.DataFrame(y_score, columns=names), known_labels=told) == expected
    unnamed = pd.DataFrame(known)  # Its columns are positions.
    assert metric(y_true, y_score, known_labels=unnamed[[2, 0, 1, 3]]) == expected
    tuples = pd.MultiIndex.from_tuples([(1, name) for name in names])
    assert metric(frame.set_axis(tuples, axis=1), y_score, known_labels=known) == expected
    assert metric(frame, y_score, known_labels=dict(zip(names, known.T, strict=True))) == expected
    assert metric(frame.astype("Int8"), y_score.tolist(), known_labels=known) == expected
    filled = np.nan_to_num(y_true).astype(int)
    for other in (filled.tolist(), filled.astype(bool), sparse.csr_matrix(filled)):
        assert metric(other, y_score) == metric(filled, y_score)


@pytest.mark.parametrize("metric", METRICS)
def test_all_metrics_take_the_same_arguments(metric):
    parameters = inspect.signature(metric).parameters
    assert list(parameters)[:4] == ["y_true", "y_score", "known_labels", "sample_weight"]
    assert parameters["known_labels"].kind is inspect.Parameter.KEYWORD_ONLY
    for name in parameters:
        assert f"\n    {name} : " in metric.__doc__ or f"\n{name} : " in metric.__doc__
    assert "{" not in metric.__doc__.replace('{"', "")


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    "y_true, y_score, more, message",
    [
        (np.zeros((2, 3)), np.zeros((2, 2)), {}, r"y_true has shape \(2, 3\), y_score has"),
        (np.zeros(2), np.zeros((2, 2)), {}, r"y_true must be .* got \(2,\)"),
        ([["a"], ["b", "c"]], np.eye(2), {}, "y_true must be .*MultiLabelBinarizer"),
        (["ab", "c"], np.eye(2), {}, "y_true must be .*label_binarize"),
        (np.eye(2), [1, 0], {}, r"y_score must be .* got \(2,\).*reshape"),
        (np.eye(2), [np.eye(2), np.eye(2)], {}, r"y_score must be .*column_stack\(\[p\[:, 1\]"),
        (np.eye(2), np.eye(2), {"known_labels": {"b": 1}}, "names labels .'b'., but neither"),
        (np.full((2, 2), 2), np.zeros((2, 2)), {}, "row 0, label 0 holds 2"),
        (np.full((2, 2), 256), np.zeros((2, 2)), {}, "row 0, label 0 holds 256"),
        (np.full((2, 2), 0.5), np.zeros((2, 2)), {}, "row 0, label 0 holds 0.5"),
        (np.eye(2), [[0, 1], [0, np.nan]], {}, "row 1, label 1 holds nan"),
        (np.eye(2), np.eye(2), {"known_labels": np.zeros((1, 2))}, "known_labels must have shape"),
        (np.eye(2), np.eye(2), {"known_labels": np.eye(2)}, "nothing to score"),
        (np.full((2, 2), -1), np.eye(2), {}, "nothing to score"),
        (np.eye(2), np.eye(2), {"sample_weight": [0, 0]}, "nothing to score|at least one non-zero"),
        (np.eye(2), np.eye(2), {"sample_weight": [1, -1]}, "Negative values"),
        (np.eye(2), np.eye(2), {"sample_weight": [1]}, "sample_weight.shape"),
        (np.eye(2), np.ma.masked_equal(np.eye(2), 0), {}, "y_score has masked entries"),
    ],
)
def test_bad_input(metric, y_true, y_score, more, message):
    with pytest.raises(ValueError, match=message):
        metric(y_true, y_score, **more)


@pytest.mark.parametrize("metric", METRICS)
def test_frames_must_agree(metric):
    a, b = (pd.DataFrame(np.eye(2), columns=list(names)) for names in ("ab", "ac"))
    with pytest.raises(ValueError, match="y_score lacks 'b' and has, beside the labels, 'c'"):
        metric(a, b)


@pytest.mark.parametrize("metric", METRICS)
def test_columns_of_frames_are_matched_by_name(metric):
    rng = np.random.RandomState(0)
    y_true = pd.DataFrame(rng.randint(2, size=(20, 4)), columns=list("abcd"))
    y_true["d"] = 1 - y_true["c"]
    y_score = pd.DataFrame(rng.rand(20, 4), columns=list("abcd"))
    shuffled = y_score[list("cadb")]
    assert metric(y_true, shuffled) == metric(y_true, y_score)
    assert metric(y_true, shuffled.to_numpy()) != metric(y_true, y_score)


def test_a_report_matches_columns_by_name_whatever_it_calls_them():
    y_true = pd.DataFrame([[1, 0], [0, 0], [1, 1]], columns=["a", "b"])
    y_score = pd.DataFrame({"b": [0.1, 0.2, 0.9], "a": [0.8, 0.3, 0.7]})
    report = metrics.multilabel_report(y_true, y_score, label_names=["x", "y"], as_frame=False)
    assert report.by_label["AP"].tolist() == [1.0, 1.0]


def test_known_labels_must_be_dense():
    with pytest.raises(TypeError, match="must be dense"):
        metrics.hamming_loss(np.eye(2), np.eye(2), known_labels=sparse.eye(2, format="csr"))


@pytest.mark.parametrize("metric", METRICS)
def test_logits_are_ranked_but_not_taken_for_probabilities(metric):
    frame = pd.DataFrame([[1, 0], [0, 1]], columns=["cat", "dog"])
    logits = [[3.0, -1], [0, 5]]
    if metric.__name__ in RANKED:
        metric(frame, logits)
        return
    with pytest.raises(ValueError, match="row 0, label 'cat' holds 3.*scipy.special.expit"):
        metric(frame, logits)


@pytest.mark.parametrize("name", DECIDED)
@pytest.mark.parametrize(
    "more, message",
    [
        ({"threshold": [0.5, 0.5, 0.5]}, r"for each of 2 labels, got shape \(3,\)"),
        ({"threshold": [0.5, 1.5]}, r"in \[0, 1\], got 1.5 for label 1"),
        ({"threshold": np.nan}, r"in \[0, 1\], got nan"),
        ({"threshold": "high"}, "threshold must be a number"),
        ({"top_k": 3}, "top_k is 3, but there are only 2 labels"),
        ({"top_k": 0}, "top_k must be an integer above 0, got 0"),
        ({"top_k": 1.5}, "got 1.5"),
        ({"top_k": True}, "got True"),
    ],
)
def test_bad_thresholds(name, more, message):
    with pytest.raises(ValueError, match=message):
        getattr(metrics, name)(np.eye(2), np.eye(2), **more)


@pytest.mark.parametrize(
    "metric",
    [metric for metric in METRICS if "zero_division" in inspect.signature(metric).parameters],
)
@pytest.mark.parametrize("value", ["raise", 2, None, True])
def test_bad_zero_division(metric, value):
    with pytest.raises(ValueError, match="zero_division must be 'warn', 0, 1 or np.nan"):
        metric(np.eye(2), np.eye(2), zero_division=value)


@pytest.mark.parametrize("name", DECIDED)
def test_every_decision_follows_threshold_and_top_k(name, case):
    metric, (y_true, y_score, _) = getattr(metrics, name), case
    more = {"zero_division": 0.0} if "zero_division" in inspect.signature(metric).parameters else {}
    threshold = np.linspace(0.2, 0.8, y_true.shape[1])
    expected = metric(y_true, (y_score > threshold).astype(float), **more)
    assert metric(y_true, y_score, threshold=threshold, **more) == expected
    order = np.argsort(-y_score, axis=1, kind="stable")[:, :2]
    highest = np.zeros(y_score.shape)
    np.put_along_axis(highest, order, 1.0, axis=1)
    highest *= y_score > threshold
    expected = metric(y_true, highest, **more)
    assert metric(y_true, y_score, threshold=threshold, top_k=2, **more) == expected


def test_rows_without_weight_do_not_count():
    y_true, y_score = np.eye(2), [[0.9, 0.1], [0.1, 0.9]]
    report = metrics.multilabel_report(
        y_true, y_score, sample_weight=[0, 1], zero_division=np.nan, as_frame=False
    )
    assert report.by_label["unknown"].tolist() == [1, 1]
    assert report.by_label["support"].tolist() == [0, 1]


def test_masked_entries_do_not_count():
    y_true = np.ma.masked_array([[1, 0], [0, 1], [1, 1]], mask=[[0, 0], [0, 0], [1, 0]])
    scores = np.array([[0.9, 0.1], [0.5, 0.8], [0.1, 0.7]])
    assert metrics.mean_average_precision(y_true, scores) == 1.0
    assert metrics.mean_average_precision(y_true.data, scores) < 1.0


@pytest.mark.parametrize("metric", [metrics.mean_average_precision, metrics.hamming_loss])
def test_codes_of_pascal_voc(metric):
    rng = np.random.default_rng(0)
    absent_or_present = np.where(rng.random((100, 3)) < 0.2, 1, -1)
    y_true = np.where(rng.random((100, 3)) < 0.02, 0, absent_or_present)
    scores = rng.random((100, 3))
    with pytest.warns(UserWarning, match="Most entries of y_true are missing.*read_codes"):
        metric(y_true, scores)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metric(np.where(y_true == 1, 1, 0), scores)
        # A few annotations, of which most are positive, say nothing.
        metric(np.where(np.arange(100)[:, None] < 3, np.abs(y_true), -1), scores)
