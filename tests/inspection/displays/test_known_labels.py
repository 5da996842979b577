"""Known-label curves."""

import numpy as np
import pytest
from sklearn.datasets import make_multilabel_classification

from sklearn_ctran import compare
from sklearn_ctran.baselines import BinaryRelevance, MaskedLinear
from sklearn_ctran.inspection import KnownLabelDisplay
from sklearn_ctran.metrics import hamming_loss, mean_average_precision, partial_label_scorer


@pytest.fixture(scope="module")
def data():
    return make_multilabel_classification(n_samples=80, random_state=0)


def test_scores_are_those_of_the_scorer(data):
    X, Y = data
    models = {"masked": MaskedLinear(random_state=0), "binary": BinaryRelevance()}
    for model in models.values():
        model.fit(X[:50], Y[:50])
    display = KnownLabelDisplay.from_estimators(
        models, X[50:], Y[50:], known_fractions=[0.6, 0], random_state=3
    )
    np.testing.assert_array_equal(display.known_fractions_, [0, 0.6])
    for name, model in models.items():
        expected = [
            partial_label_scorer(mean_average_precision, share, 3)(model, X[50:], Y[50:])
            for share in (0, 0.6)
        ]
        np.testing.assert_array_equal(display.scores_[name], expected)
        np.testing.assert_array_equal(display.lines_[name].get_ydata(), expected)
        np.testing.assert_array_equal(display.lines_[name].get_xdata(), [0, 60])


def test_a_loss_is_drawn_as_it_is(data, texts_of):
    X, Y = data
    model = MaskedLinear(random_state=0).fit(X[:50], Y[:50])
    display = KnownLabelDisplay.from_estimator(
        model, X[50:], Y[50:], metric=hamming_loss, known_fractions=[0.2], name="_mine"
    )
    expected = -partial_label_scorer(hamming_loss, 0.2, 0)(model, X[50:], Y[50:])
    assert display.scores_["_mine"] == [expected]
    texts = texts_of(display.figure_)
    assert "lower is better" in texts and "hamming loss" in texts and " _mine" in texts


def test_from_a_comparison(data):
    X, Y = data
    result = compare(
        {"masked": MaskedLinear(), "binary": BinaryRelevance()},
        X,
        Y,
        cv=2,
        known_fractions=(0.0, 0.5),
        metrics={"mAP": mean_average_precision, "hamming": hamming_loss},
    )
    display = KnownLabelDisplay.from_comparison(result)
    rows = {(r["method"], r["known_fraction"]): r for r in result.rows if r["metric"] == "mAP"}
    assert list(display.scores_) == ["masked", "binary"]
    for name in display.scores_:
        for i, share in enumerate((0.0, 0.5)):
            assert display.scores_[name][i] == rows[name, share]["mean"]
            assert display.spread_[name][i] == rows[name, share]["std"]
    only = KnownLabelDisplay.from_comparison(result, metric="hamming", methods=["binary"])
    assert list(only.lines_) == ["binary"] and only.is_loss
    with pytest.raises(ValueError, match="no metric 'F1' here; there are 'mAP', 'hamming'"):
        KnownLabelDisplay.from_comparison(result, metric="F1")
    with pytest.raises(ValueError, match="no method 'chain' here"):
        KnownLabelDisplay.from_comparison(result, methods=["chain"])


def test_share_of_extra_labels():
    class Result:
        metrics, methods, losses = ["mAP"], ["a"], frozenset()
        rows = [
            {
                "method": "a",
                "metric": "mAP",
                "known_fraction": known,
                "extra_known_fraction": extra,
                "mean": known + extra,
                "std": np.nan,
            }
            for known in (0.0, 0.5)
            for extra in (0.0, 0.25)
        ]

    display = KnownLabelDisplay.from_comparison(Result, extra_known_fraction=0.25)
    np.testing.assert_array_equal(display.scores_["a"], [0.25, 0.75])
    np.testing.assert_array_equal(
        KnownLabelDisplay.from_comparison(Result).scores_["a"], [0.0, 0.5]
    )
    with pytest.raises(ValueError, match="no extra_known_fraction 1 here"):
        KnownLabelDisplay.from_comparison(Result, extra_known_fraction=1)


def test_spread_can_be_left_out(plt):
    display = KnownLabelDisplay([0, 0.5], {"a": [0.1, 0.2]}, spread={"a": [0.1, 0.1]})
    bars = display.plot().ax_.containers[0]
    assert np.ptp(bars.lines[2][0].get_segments()[0][:, 1]) == pytest.approx(0.2)
    display.plot(show_spread=False)
    assert not display.ax_.containers[0].has_yerr


def test_arguments_are_checked(data):
    X, Y = data
    with pytest.raises(ValueError, match="estimators must be a dict"):
        KnownLabelDisplay.from_estimators([MaskedLinear()], X, Y)
    with pytest.raises(ValueError, match="known_fractions must be a list of at least one"):
        KnownLabelDisplay.from_estimators({"a": MaskedLinear()}, X, Y, known_fractions=[])


def test_one_share_is_a_list_and_each_share_has_a_score(data):
    X, Y = data
    model = MaskedLinear(random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match=r"known_fractions must be a list .* got 0\.5"):
        KnownLabelDisplay.from_estimator(model, X, Y, known_fractions=0.5)
    with pytest.raises(
        ValueError, match=r"scores\['C-Tran'\] must have a number for each of the 2"
    ):
        KnownLabelDisplay([0.0, 0.5], {"C-Tran": [0.1, 0.2, 0.3]})
    with pytest.raises(ValueError, match=r"spread\['C-Tran'\] must have .* got shape \(1,\)"):
        KnownLabelDisplay([0.0, 0.5], {"C-Tran": [0.1, 0.2]}, spread={"C-Tran": [0.1]})
