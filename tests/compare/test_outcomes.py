"""Outcomes of tasks, put together: errors and warnings."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from sklearn_ctran import compare
from sklearn_ctran.baselines import BinaryRelevance

LOGISTIC = LogisticRegression(max_iter=1000)


def test_a_method_that_fails_leaves_the_others_unharmed(table, recorder, scores, methods):
    X, Y = table
    several = {"broken": recorder("fail in fit"), **methods, "picky": recorder("fail if known")}
    with pytest.warns(UserWarning) as caught:
        result = compare(several, X, Y, cv=2)
    texts = [str(warning.message) for warning in caught]
    assert len(texts) == 2
    assert texts[0].startswith("'broken' failed in 2 of 2 runs")
    assert texts[0].endswith("ValueError: no fit")
    assert caught[0].filename == __file__
    assert set(result.errors) == {"broken", "picky"}
    assert len(result.errors["broken"]) == 2 and len(result.errors["picky"]) == 6
    assert "'broken', seed 0, fold 1:" in result.errors["broken"][1]
    assert "in fit" in result.errors["broken"][0] and "Traceback" in result.errors["broken"][0]
    assert "known_fraction 0.25" in result.errors["picky"][0]
    assert len(scores(result, "picky")) == 2 and len(scores(result, "chain")) == 8


def test_if_all_fail_the_first_error_is_raised(table, recorder, split):
    X, Y = table
    with pytest.raises(RuntimeError, match=r"of 'a', seed 0, fold 0: .*no fit\n\nTraceback"):
        compare({"a": recorder("fail in fit"), "b": recorder("fail in fit")}, X, Y, split=split)


@pytest.mark.filterwarnings("default")
def test_warnings_of_methods_and_metrics_are_issued_once(table, split, tmp_path):
    X, Y = table
    Y = np.hstack([Y, np.zeros((len(Y), 1), dtype=int)])
    Y[:100:9, 4] = 1  # and in no test row
    relevance = {"a": BinaryRelevance(LOGISTIC), "b": BinaryRelevance(LOGISTIC)}
    for _ in range(2):  # also of what results_dir has
        with pytest.warns(UserWarning) as warned:
            compare(
                relevance, X, Y, split=split, metrics="CR", known_fractions=(0, 0.2),
                results_dir=tmp_path,
            )  # fmt: skip
        (text,) = [str(each.message) for each in warned]
        assert text.startswith("'a', 'b': UndefinedMetricWarning: Without a positive entry recall")
