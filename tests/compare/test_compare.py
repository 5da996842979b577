"""compare: the same folds, the same hidden labels, one table."""

import json
import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_multilabel_classification
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ctran import CTranClassifier, compare
from sklearn_ctran.baselines import BinaryRelevance, ClassifierChain, MaskedLinear
from sklearn_ctran.metrics import (
    class_f1,
    hamming_loss,
    mean_average_precision,
    one_error,
    overall_f1,
    partial_label_scorer,
)
from sklearn_ctran.model_selection import MultilabelStratifiedKFold, TunedThresholds

LOGISTIC = LogisticRegression(max_iter=1000)
SPLIT = np.arange(100), np.arange(100, 150)


@pytest.fixture(scope="module")
def table():
    return make_multilabel_classification(150, n_features=8, n_classes=4, random_state=0)


def methods():
    return {
        "multi": MultiOutputClassifier(LOGISTIC),
        "relevance": BinaryRelevance(LOGISTIC),
        "chain": ClassifierChain(LOGISTIC),
    }


def scores(comparison, method, metric=None):
    """Scores of all runs, in their order."""
    return [
        run["score"]
        for run in comparison.runs
        if run["method"] == method and metric in (None, run["metric"])
    ]


class Recorder(ClassifierMixin, BaseEstimator):
    """Says what its parameter says, or raises it; keeps what it was told."""

    calls: list = []

    def __init__(self, say=0.5, random_state=None, inner=None):
        self.say = say
        self.random_state = random_state
        self.inner = inner

    def fit(self, X, y, extra_labels=None):
        self.n_labels_ = np.shape(y)[1]
        self.classes_ = np.tile([0, 1], (self.n_labels_, 1))
        self.calls.append(("fit", self.random_state, self.inner, extra_labels))
        if self.say == "fail in fit":
            raise ValueError("no fit")
        return self

    def predict_proba(self, X, known_labels=None, extra_labels=None):
        self.calls.append(("predict", known_labels, extra_labels))
        if self.say == "fail if told" and known_labels is not None:
            raise ValueError("not to be told")
        say = self.say if isinstance(self.say, float) else 0.5
        return np.full((len(X), self.n_labels_), say)


@pytest.fixture
def calls():
    Recorder.calls.clear()
    return Recorder.calls


# ------------------------------------------------------------------ scores


def test_scores_are_those_of_cross_validate_with_partial_label_scorer(table):
    X, Y = table
    result = compare(methods(), X, Y, cv=3, known_fractions=(0, 0.5), random_state=7)
    folds = list(MultilabelStratifiedKFold(3, shuffle=True, random_state=7).split(X, Y))
    for name, estimator in methods().items():
        for fraction in (0, 0.5):
            scorer = partial_label_scorer(mean_average_precision, fraction, random_state=7)
            expected = cross_validate(estimator, X, Y, cv=folds, scoring=scorer)["test_score"]
            got = [
                run["score"]
                for run in result.runs
                if (run["method"], run["known_fraction"]) == (name, fraction)
            ]
            np.testing.assert_array_equal(got, expected)


def test_draws_of_what_is_told_are_averaged(table, calls):
    X, Y = table
    more = {"split": SPLIT, "known_fractions": (0, 0.5)}
    result = compare({"multi": MultiOutputClassifier(LOGISTIC)}, X, Y, n_draws=3, **more)
    expected = [
        compare({"multi": MultiOutputClassifier(LOGISTIC)}, X, Y, random_state=seed, **more)
        for seed in (0, 1_000_003, 2_000_006)
    ]
    means = np.mean([scores(each, "multi") for each in expected], axis=0)
    np.testing.assert_allclose(scores(result, "multi"), means, rtol=1e-12)
    assert len({scores(each, "multi")[1] for each in expected}) > 1
    compare({"recorder": Recorder()}, X, Y, extra_labels=Y, n_draws=3, split=SPLIT)
    told = [call[1:] for call in calls if call[0] == "predict"]
    # Nothing is drawn where nothing is told, or all extra labels.
    assert len(told) == 2 + 3 + 3 * 3 * 3
    with pytest.raises(ValueError, match="n_draws must be an integer above 0, got 0"):
        compare(methods(), X, Y, n_draws=0)


def test_every_method_is_fitted_once_and_scored_on_the_same_entries(table, calls):
    X, Y = table
    seen = []

    def spy(y_true, y_score, known_labels=None):
        seen.append((y_true, known_labels))
        return 0.0

    pair = {"told": Recorder(), "not": MultiOutputClassifier(LOGISTIC)}
    compare(pair, X, Y, split=SPLIT, metrics=spy)
    assert [call[0] for call in calls] == ["fit", *["predict"] * 4]
    for told, other in zip(seen[:4], seen[4:], strict=True):
        np.testing.assert_array_equal(told, other)
    n_known = [(known >= 0).sum(axis=1) for _, known in seen[:4]]
    np.testing.assert_array_equal(n_known, np.repeat([[0], [1], [2], [3]], 50, axis=1))
    for (_, known), call in zip(seen[1:4], calls[2:], strict=True):
        np.testing.assert_array_equal(call[1], known)


def test_missing_entries_are_neither_told_nor_scored(table):
    X, Y = table
    gaps = Y.astype(float)
    gaps[::3, 1] = np.nan
    seen = []

    def spy(y_true, y_score, known_labels=None):
        seen.append((y_true, known_labels))
        return 0.0

    with pytest.warns(UserWarning, match="'multi' failed in 1 of 1 runs.*\\n?.*NaN"):
        result = compare(methods(), X, gaps, split=SPLIT, metrics=spy)
    assert set(result.errors) == {"multi"}
    assert scores(result, "chain") == [0.0] * 4
    for truth, known in seen:
        missing = np.isnan(gaps[100:])
        assert ((truth == -1) == missing).all() and (known[missing] == -1).all()


def test_several_metrics_of_one_prediction(table, calls):
    X, Y = table
    metrics = {"mine": class_f1, "OF1": "OF1"}
    result = compare({"a": Recorder(0.7)}, X, Y, split=SPLIT, metrics=metrics, known_fractions=0)
    assert [call[0] for call in calls] == ["fit", "predict"]
    ones = np.ones(Y[100:].shape)
    assert scores(result, "a") == [class_f1(Y[100:], ones), overall_f1(Y[100:], ones)]
    assert [run["metric"] for run in result.runs] == ["mine", "OF1"]


def test_a_metric_cannot_spoil_the_answer_for_the_next_one(table):
    X, Y = table

    def vandal(y_true, y_score, known_labels=None):
        y_score[:] = 0
        return 0.0

    with pytest.warns(UserWarning, match="read-only"):
        result = compare({"a": Recorder(0.7)}, X, Y, split=SPLIT, metrics=[vandal, overall_f1])
    assert scores(result, "a", "overall_f1")[0] == overall_f1(Y[100:], np.ones(Y[100:].shape))


def test_data_frames_lists_and_masks(table):
    X, Y = table
    expected = compare(methods(), X, Y, split=SPLIT).rows
    frame = pd.DataFrame(Y, columns=list("abcd"))
    masks = np.arange(150) < 100, np.arange(150) >= 100
    for y, split in ((frame, SPLIT), (Y.tolist(), list(SPLIT)), (Y, masks)):
        rows = compare(list(methods().items()), pd.DataFrame(X), y, split=split).rows
        assert [row["mean"] for row in rows] == [row["mean"] for row in expected]


def test_images_are_encoded_once_for_all_shares(table, monkeypatch):
    X, Y = table
    model = CTranClassifier(d_model=8, n_layers=1, n_heads=2, max_epochs=1, random_state=0)
    encode, encoded = CTranClassifier.encode, []
    monkeypatch.setattr(
        CTranClassifier, "encode", lambda self, X: encoded.append(len(X)) or encode(self, X)
    )
    result = compare({"ctran": make_pipeline(StandardScaler(), model)}, X, Y, split=SPLIT)
    assert encoded == [50]
    monkeypatch.undo()
    fitted = make_pipeline(StandardScaler(), model).fit(X[:100], Y[:100])
    scorer = partial_label_scorer(mean_average_precision, 0.5)
    assert scores(result, "ctran")[2] == pytest.approx(scorer(fitted, X[100:], Y[100:]), abs=1e-6)


# ------------------------------------------------------------------ folds and seeds


def test_each_seed_has_its_folds_its_known_labels_and_its_estimator(table, calls):
    X, Y = table
    seen = []

    def spy(y_true, y_score, known_labels=None):
        seen.append(known_labels)
        return 0.0

    estimator = Recorder(random_state=5, inner=Recorder())
    result = compare(
        {"a": estimator}, X, Y, cv=2, random_state=[1, 2], known_fractions=0.5, metrics=spy
    )
    fits = [call for call in calls if call[0] == "fit"]
    assert [call[1] for call in fits] == [1, 1, 2, 2]
    assert [call[2].random_state for call in fits] == [1, 1, 2, 2]
    assert estimator.random_state == 5 and estimator.inner.random_state is None
    assert [(run["seed"], run["fold"]) for run in result.runs] == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert result.n_runs == 4 and result.rows[0]["n"] == 4
    assert (seen[0] != seen[2]).any()


def test_one_seed_sets_only_what_is_not_set(table, calls):
    X, Y = table
    compare({"a": Recorder(random_state=5, inner=Recorder())}, X, Y, split=SPLIT, random_state=3)
    assert calls[0][1] == 5 and calls[0][2].random_state == 3


@pytest.mark.parametrize("cv", [KFold(2), iter([SPLIT, SPLIT[::-1]])])
def test_other_folds_are_the_same_for_each_seed(table, cv):
    X, Y = table
    result = compare(methods(), X, Y, cv=cv, random_state=[0, 1], known_fractions=0)
    first = scores(result, "multi")
    assert len(first) == 4 and first[:2] == first[2:]


def test_five_folds_and_the_paper_s_shares_unless_told_otherwise(table):
    X, Y = table
    result = compare({"a": MultiOutputClassifier(LOGISTIC)}, X, Y)
    assert result.n_runs == 5 and result.metrics == ["mAP"]
    assert [row["known_fraction"] for row in result.rows] == [0, 0.25, 0.5, 0.75]


def test_jobs_change_nothing(table):
    X, Y = table
    random = {**methods(), "random": ClassifierChain(LOGISTIC, order="random")}
    one = compare(random, X, Y, cv=2)
    with parallel_config(backend="threading"):  # Starting processes takes long.
        two = compare(random, X, Y, cv=2, n_jobs=2)
    seconds = ("fit_seconds", "predict_seconds")
    for a, b in zip(one.runs, two.runs, strict=True):
        assert {**a, **dict.fromkeys(seconds)} == {**b, **dict.fromkeys(seconds)}


# ------------------------------------------------------------------ extra labels and classes


def test_extra_labels_are_told_to_those_who_take_them(table, calls):
    X, Y = table
    Y, E = Y[:, :2], pd.DataFrame(Y[:, 2:], columns=["x", "y"]).astype(float)
    E.loc[100, "x"] = np.nan
    pair = {"takes": Recorder(), "not": MultiOutputClassifier(LOGISTIC)}
    result = compare(
        pair, X, Y, split=SPLIT, extra_labels=E, extra_known_fractions=(0, 0.5, 1),
        known_fractions=(0, 0.5),
    )  # fmt: skip
    assert not result.errors
    fitted = calls[0][3]
    np.testing.assert_array_equal(fitted["x"], E["x"][:100])
    told = [call[2] for call in calls[1:]]
    assert told[0] is None and told[3] is None
    states = E[100:].fillna(-1)
    np.testing.assert_array_equal(told[2], states)
    assert ((told[1] >= 0).sum(axis=1) == (states >= 0).sum(axis=1) // 2).all()
    np.testing.assert_array_equal(told[1], told[4])
    assert (told[1][told[1] >= 0] == states.to_numpy()[told[1] >= 0]).all()
    # It is not told at the same places as the targets.
    assert ((told[4] >= 0) != (calls[5][1] >= 0)).any()
    assert [row["extra_known_fraction"] for row in result.rows[:3]] == [0, 0.5, 1]
    assert len(set(scores(result, "not"))) == 2


@pytest.mark.parametrize("wrap", ["search", "search of pipeline", "pipeline", "thresholds"])
def test_extra_labels_reach_what_is_wrapped(table, wrap):
    X, Y = table
    Y, E = Y[:, :2], Y[:, 2:]
    linear, grid = MaskedLinear(random_state=0), {"random_state": [0]}
    piped = make_pipeline(StandardScaler(), linear)
    estimator = {
        "search": GridSearchCV(linear, grid, cv=KFold(2)),
        "search of pipeline": GridSearchCV(piped, {"maskedlinear__random_state": [0]}, cv=KFold(2)),
        "pipeline": piped,
        "thresholds": TunedThresholds(linear, cv=2),
    }[wrap]
    result = compare({"a": estimator}, X, Y, split=SPLIT, extra_labels=E, known_fractions=0)
    direct = linear if "pipeline" not in wrap else piped
    prefix = "" if direct is linear else "maskedlinear__"
    fitted = direct.fit(X[:100], Y[:100], **{f"{prefix}extra_labels": E[:100]})
    expected = [
        mean_average_precision(Y[100:], fitted.predict_proba(X[100:], extra_labels=extra))
        for extra in (None, E[100:])
    ]
    np.testing.assert_allclose([scores(result, "a")[i] for i in (0, 2)], expected)
    assert expected[0] != expected[1]


def test_thresholds_of_what_takes_no_extra_labels_are_fitted_without(table):
    X, Y = table
    estimator = TunedThresholds(MultiOutputClassifier(LOGISTIC), cv=2)
    result = compare({"a": estimator}, X, Y[:, :2], split=SPLIT, extra_labels={"x": Y[:, 3]})
    assert not result.errors


def test_a_frozen_estimator_that_has_learned_extra_labels_is_told(table):
    X, Y = table
    chain = ClassifierChain(LOGISTIC)
    fitted = clone(chain).fit(X[:100], Y[:100, :2], extra_labels=Y[:100, 2:])
    pair = {"fitted": FrozenEstimator(fitted), "fit": chain}
    result = compare(pair, X, Y[:, :2], split=SPLIT, extra_labels=Y[:, 2:])
    assert scores(result, "fitted") == scores(result, "fit")
    assert len(set(scores(result, "fit")[:3])) == 3


def test_classes(table):
    X, Y = table
    species = np.array(["crow", "owl", "wren"])[Y[:, 0] + Y[:, 1]]
    pair = {"plain": LOGISTIC, "chain": ClassifierChain(LOGISTIC)}
    E = Y[:, 2:]
    result = compare(pair, X, species, split=SPLIT, extra_labels=E, metrics=["accuracy", one_error])
    plain = LOGISTIC.fit(X[:100], species[:100]).score(X[100:], species[100:])
    assert scores(result, "plain", "accuracy") == [plain] * 3
    chain = ClassifierChain(LOGISTIC).fit(X[:100], species[:100], extra_labels=E[:100])
    right = chain.predict(X[100:], extra_labels=E[100:]) == species[100:]
    assert scores(result, "chain", "accuracy")[2] == right.mean()
    np.testing.assert_allclose(scores(result, "plain", "one_error"), 1 - plain)
    assert result.losses == {"one_error"}
    assert compare(pair, X, species, cv=2).metrics == ["accuracy"]


# ------------------------------------------------------------------ failures


def test_a_method_that_fails_leaves_the_others_unharmed(table):
    X, Y = table
    several = {"broken": Recorder("fail in fit"), **methods(), "told": Recorder("fail if told")}
    with pytest.warns(UserWarning) as caught:
        result = compare(several, X, Y, cv=2)
    texts = [str(warning.message) for warning in caught]
    assert len(texts) == 2
    assert texts[0].startswith("'broken' failed in 2 of 2 runs")
    assert texts[0].endswith("ValueError: no fit")
    assert caught[0].filename == __file__
    assert set(result.errors) == {"broken", "told"}
    assert len(result.errors["broken"]) == 2 and len(result.errors["told"]) == 6
    assert "'broken', seed 0, fold 1:" in result.errors["broken"][1]
    assert "in fit" in result.errors["broken"][0] and "Traceback" in result.errors["broken"][0]
    assert "known_fraction 0.25" in result.errors["told"][0]
    assert len(scores(result, "told")) == 2 and len(scores(result, "chain")) == 8


def test_a_metric_that_fails_leaves_the_others_unharmed(table):
    X, Y = table

    def by_label(y_true, y_score, known_labels=None):
        return np.zeros(4)

    with pytest.warns(UserWarning, match="one number"):
        result = compare({"a": Recorder()}, X, Y, split=SPLIT, metrics=[by_label, overall_f1])
    assert len(scores(result, "a", "overall_f1")) == 4 and not scores(result, "a", "by_label")
    assert "known_fraction 0.75, metric by_label" in result.errors["a"][3]


def test_without_predict_proba_it_says_what_to_do(table):
    X, Y = table
    several = {"a": Recorder(), "b": StandardScaler()}
    with pytest.warns(UserWarning, match="CalibratedClassifierCV"):
        compare(several, X, Y, split=SPLIT)


def test_if_all_fail_the_first_error_is_raised(table):
    X, Y = table
    with pytest.raises(RuntimeError, match=r"of 'a', seed 0, fold 0: .*no fit\n\nTraceback"):
        compare({"a": Recorder("fail in fit"), "b": Recorder("fail in fit")}, X, Y, split=SPLIT)


def test_a_frozen_estimator_of_other_labels_is_refused(table):
    X, Y = table
    frame = pd.DataFrame(Y, columns=list("abcd"))
    frozen = {
        "right": FrozenEstimator(BinaryRelevance(LOGISTIC).fit(X[:100], frame[:100])),
        "wrong": FrozenEstimator(BinaryRelevance(LOGISTIC).fit(X[:100], frame.iloc[:100, ::-1])),
    }
    with pytest.warns(UserWarning, match="'wrong' failed .* column 0 is 'a' where .* has 'd'"):
        result = compare(frozen, X, frame, split=SPLIT, known_fractions=0)
    assert set(result.errors) == {"wrong"}
    extra = {
        name: FrozenEstimator(BinaryRelevance(LOGISTIC).fit(X, Y, extra_labels={name: Y[:, 0]}))
        for name in ("right", "wrong")
    }
    with pytest.warns(UserWarning, match="'wrong' failed .* extra labels 'wrong'"):
        compare(extra, X, Y, extra_labels={"right": Y[:, 0]}, split=SPLIT)


def test_thresholds_of_its_own_count(table):
    X, Y = table
    tuned = TunedThresholds(BinaryRelevance(LOGISTIC), cv=2, random_state=0)
    half = partial(class_f1, threshold=0.5)
    methods = {"at 0.5": BinaryRelevance(LOGISTIC), "tuned": make_pipeline(StandardScaler(), tuned)}
    metrics = {"CF1": class_f1, "CF1 at 0.5": half}
    result = compare(methods, X, Y, split=SPLIT, known_fractions=0, metrics=metrics)
    train, test = SPLIT
    fitted = methods["tuned"].fit(X[train], Y[train])
    expected = class_f1(Y[test], fitted.predict(X[test]).astype(float))
    assert scores(result, "tuned", "CF1") == [pytest.approx(expected, abs=1e-12)]
    assert scores(result, "tuned", "CF1 at 0.5") != scores(result, "tuned", "CF1")
    assert scores(result, "at 0.5", "CF1 at 0.5") == scores(result, "at 0.5", "CF1")


@pytest.mark.filterwarnings("default")
def test_what_methods_and_metrics_warn_of_is_said_once(table, tmp_path):
    X, Y = table
    Y = np.hstack([Y, np.zeros((len(Y), 1), dtype=int)])
    Y[:100:9, 4] = 1  # and in no test row
    relevance = {"a": BinaryRelevance(LOGISTIC), "b": BinaryRelevance(LOGISTIC)}
    for _ in range(2):  # also of what results_dir has
        with pytest.warns(UserWarning) as warned:
            compare(
                relevance, X, Y, split=SPLIT, metrics="CR", known_fractions=(0, 0.2),
                results_dir=tmp_path,
            )  # fmt: skip
        (text,) = [str(each.message) for each in warned]
        assert text.startswith("'a', 'b': UndefinedMetricWarning: Without a positive entry recall")


def test_interrupts_are_no_failures(table, monkeypatch):
    X, Y = table

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(Recorder, "predict_proba", interrupt)
    with pytest.raises(KeyboardInterrupt):
        compare({"a": Recorder()}, X, Y, split=SPLIT)


# ------------------------------------------------------------------ results_dir


def test_finished_tasks_are_not_repeated(table, calls, tmp_path):
    X, Y = table
    asked = {"cv": 2, "results_dir": tmp_path}
    first = compare({"a": Recorder(0.7)}, X, Y, **asked)
    assert len(list(tmp_path.glob("*.json"))) == len(list(tmp_path.iterdir())) == 2
    n_calls = len(calls)
    second = compare({"a": Recorder(0.7), "b": Recorder(0.2)}, X, Y, **asked)
    assert [run for run in second.runs if run["method"] == "a"] == first.runs
    assert len(calls) == 2 * n_calls
    # An estimator by another name, and its fold, need not be told apart by a name in the file.
    assert {json.loads(path.read_text())["method"] for path in tmp_path.iterdir()} == {"a", "b"}


def test_a_method_of_another_name_is_recognised(table, calls, tmp_path):
    X, Y = table
    first = compare({"a": Recorder()}, X, Y, split=SPLIT, results_dir=tmp_path)
    n_calls = len(calls)
    again = compare({"b/c": Recorder()}, X, Y, split=SPLIT, results_dir=tmp_path)
    assert len(calls) == n_calls
    assert scores(again, "b/c") == scores(first, "a")


@pytest.mark.parametrize(
    "change",
    ["X", "y", "extra", "parameter", "seed", "shares", "extra shares", "metric", "rows"],
)
def test_another_task_is_not_taken_for_a_finished_one(table, calls, tmp_path, change):
    X, Y = table
    asked = {
        "estimators": {"a": Recorder(0.7)}, "X": X, "y": Y[:, :2], "extra_labels": Y[:, 2:],
        "split": SPLIT, "results_dir": tmp_path,
    }  # fmt: skip
    compare(**asked)
    calls.clear()
    compare(**asked)
    assert not calls
    other = {
        "X": {"X": np.where(np.arange(150) == 149, X[::-1].T, X.T).T},
        "y": {"y": np.where(np.arange(150) == 0, 1 - Y[:, :2].T, Y[:, :2].T).T},
        "extra": {"extra_labels": pd.DataFrame(Y[:, 2:], columns=["x", "y"])},
        "parameter": {"estimators": {"a": Recorder(0.8)}},
        "seed": {"random_state": 1},
        "shares": {"known_fractions": (0, 0.25, 0.5, 0.7)},
        "extra shares": {"extra_known_fractions": (0, 0.5, 0.9)},
        "metric": {"metrics": {"mAP": overall_f1}},
        "rows": {"split": (SPLIT[0], SPLIT[1][:-1])},
    }[change]
    compare(**{**asked, **other})
    assert calls


def test_failures_are_tried_again(table, calls, tmp_path):
    X, Y = table
    several = {"a": Recorder(0.7), "b": Recorder("fail if told")}
    for _ in range(2):
        calls.clear()
        with pytest.warns(UserWarning, match="'b' failed"):
            result = compare(several, X, Y, split=SPLIT, results_dir=tmp_path)
        assert len(result.errors["b"]) == 3
    assert [call[0] for call in calls] == ["fit", *["predict"] * 4]
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("damage", ["cut", "changed", "other"])
def test_a_damaged_file_is_no_result(table, calls, tmp_path, damage):
    X, Y = table
    asked = {"split": SPLIT, "results_dir": tmp_path, "metrics": hamming_loss}
    first = compare({"a": Recorder(0.7)}, X, Y, **asked)
    (path,) = tmp_path.iterdir()
    text = path.read_text()
    damaged = {"cut": text[:-100], "changed": text.replace('"score": 0.', '"score": 1.')}
    path.write_text(damaged.get(damage, "[1]"))
    calls.clear()
    assert scores(compare({"a": Recorder(0.7)}, X, Y, **asked), "a") == scores(first, "a")
    assert calls


def test_what_cannot_be_recognised_is_fitted_anew_and_said(table, calls, tmp_path):
    X, Y = table

    class Slotted:
        __slots__ = ("n",)

        def __deepcopy__(self, memo):
            return self

    for _ in range(2):
        calls.clear()
        with pytest.warns(UserWarning, match="cannot recognise 'a'"):
            compare({"a": Recorder(inner=Slotted())}, X, Y, split=SPLIT, results_dir=tmp_path)
        assert calls


# ------------------------------------------------------------------ progress and arguments


def test_progress_is_a_line_for_each_fit(table, capsys):
    X, Y = table
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compare({"a": Recorder(), "b": Recorder("fail in fit")}, X, Y, split=SPLIT, verbose=1)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("compare: 1 of 2, 'a', seed 0, fold 0: fit 0.0 s, predict")
    assert lines[1] == "compare: 2 of 2, 'b', seed 0, fold 0: failed: ValueError: no fit"


def test_nothing_is_printed_unless_asked_for(table, capsys):
    compare({"a": Recorder()}, *table, split=SPLIT)
    assert capsys.readouterr() == ("", "")
