"""The tables of a comparison."""

import math
import sys

import numpy as np
import pytest

from sklearn_ctran._compare.comparison import Comparison


def run(method, share, score, fold=0, metric="mAP", **more):
    return {
        "method": method, "seed": 0, "fold": fold, "known_fraction": share, **more,
        "metric": metric, "score": score, "fit_seconds": 2.0 + fold, "predict_seconds": 0.5,
    }  # fmt: skip


def comparison(runs, methods=("a", "b"), metrics=("mAP",), n_runs=2, errors=None, losses=()):
    return Comparison(list(methods), list(metrics), runs, errors or {}, n_runs, frozenset(losses))


@pytest.fixture
def two():
    scores = {("a", 0): (0.5, 0.7), ("b", 0): (0.5, 0.5)}
    scores |= {("a", 0.5): (0.8,), ("b", 0.5): (0.7, 0.7)}
    return comparison(
        [
            run(method, share, score, fold)
            for (method, share), values in scores.items()
            for fold, score in enumerate(values)
        ],
        errors={"a": ["text"]},
    )


def test_means_spread_and_numbers_of_runs(two):
    rows = two.rows
    assert [(row["method"], row["known_fraction"]) for row in rows] == [
        ("a", 0), ("a", 0.5), ("b", 0), ("b", 0.5)
    ]  # fmt: skip
    assert rows[0]["mean"] == pytest.approx(0.6)
    assert rows[0]["std"] == pytest.approx(math.sqrt(0.02))
    assert [row["n"] for row in rows] == [2, 1, 2, 2]
    assert math.isnan(rows[1]["std"])
    assert rows[0]["fit_seconds"] == 2.5 and rows[0]["predict_seconds"] == 0.5


def test_markdown(two):
    assert two.to_markdown("mAP") == (
        "mAP (%), by share known, mean ± std of 2 runs\n\n"
        "| method   |             0 % |           50 % |   fit (s) |   predict (s) |\n"
        "|:---------|----------------:|---------------:|----------:|--------------:|\n"
        "| a        | **60.0 ± 14.1** |          80.0* |     2.500 |         0.500 |\n"
        "| b        |      50.0 ± 0.0 | **70.0 ± 0.0** |     2.500 |         0.500 |\n\n"
        "Not every run of 'a' succeeded: see errors."
    )


def test_plain_text_has_nothing_bold(two):
    text = str(two)
    assert "**" not in text
    assert text.splitlines()[2:4] == [
        "method          0 %        50 %  fit (s)  predict (s)",
        "a       60.0 ± 14.1       80.0*    2.500        0.500",
    ]
    assert repr(two) == "<Comparison of a, b by mAP>"


def test_rst_is_read_as_a_table_with_the_best_in_bold(two):
    core = pytest.importorskip("docutils.core")
    two.methods[:] = ["a", "*b_ |c|"]
    for row in two.runs:
        row["method"] = {"a": "a", "b": "*b_ |c|"}[row["method"]]
    html = core.publish_string(
        two.to_rst(), writer="html5", settings_overrides={"warning_stream": False, "halt_level": 2}
    ).decode()
    assert html.count("<strong>") == 2 and "<strong>70.0 ± 0.0</strong>" in html
    assert "<td><p>*b_ |c|</p></td>" in html


def test_of_losses_the_least_is_best_and_ties_share():
    runs = [run(m, 0, s, metric="loss") for m, s in (("a", 0.2), ("b", 0.1), ("c", 0.1004))]
    table = comparison(runs, "abc", ["loss"], n_runs=1, losses=["loss"]).to_markdown()
    assert "loss (%), by share known, lower is better" in table
    assert "| a        |     20.0 |" in table and table.count("**10.0**") == 2


def test_percent_for_what_is_in_the_unit_interval_only():
    runs = [run("a", 0, score, metric=metric) for metric, score in (("x", 0.5), ("y", 2.3456))]
    text = comparison(runs, "a", "xy", n_runs=1).to_markdown()
    assert "x (%), by share known\n" in text and "**50.0**" in text
    assert "y, by share known\n" in text and "**2.346**" in text


def test_scale_and_digits():
    one = comparison([run("a", 0, 2.346)], "a", n_runs=1)
    text = one.to_markdown(scale=1, digits=2)
    assert text.startswith("mAP, by share known\n") and "**2.35**" in text
    text = one.to_rst(scale=10)
    assert text.startswith("mAP (x 10), by share known\n") and "**23.5**" in text


def test_undefined_and_failed():
    runs = [run("a", 0, np.nan), run("a", 0.5, 0.3), run("b", 0, 0.1)]
    lines = comparison(runs, "abc", n_runs=1).to_markdown().splitlines()
    assert lines[4].split("|")[1:4] == [" a        ", "        - ", " **30.0** "]
    assert lines[5].split("|")[1:4] == [" b        ", " **10.0** ", "   failed "]
    assert lines[6].split() == ["|", "c", "|", *["failed", "|"] * 2, *["-", "|"] * 2]


def test_a_table_for_each_metric_and_columns_for_extra_labels():
    runs = [
        run("a", 0, 0.1, metric=metric, extra_known_fraction=extra)
        for metric in ("x", "y")
        for extra in (0, 0.5)
    ]
    both = comparison(runs, "a", "xy", n_runs=1)
    text = str(both)
    assert text.count("method  0 %, extra 0 %  0 %, extra 50 %") == 2
    assert both.to_markdown().count("\n\n") == 3
    assert both.to_markdown("y").startswith("y (%)") and "x (%)" not in both.to_markdown("y")
    with pytest.raises(ValueError, match="no metric 'z' here; there are x, y"):
        both.to_markdown("z")


def test_frames(two):
    frame = two.to_frame()
    assert list(frame.columns) == [
        "method", "known_fraction", "metric", "mean", "std", "n", "fit_seconds", "predict_seconds"
    ]  # fmt: skip
    assert len(frame) == 4 and len(two.to_frame(runs=True)) == 7
    assert two.to_frame(runs=True)["score"].tolist() == [row["score"] for row in two.runs]


def test_without_pandas_it_says_what_to_do(two, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install"):
        two.to_frame()
