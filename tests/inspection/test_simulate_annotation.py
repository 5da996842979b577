"""Simulated annotation, with an estimator whose distribution is known exactly.

Tests of _annotation.py and _replay.py.
"""

import functools
import sys

import numpy as np
import pandas as pd
import pytest

from sklearn_ctran import CTranClassifier
from sklearn_ctran.inspection import simulate_annotation, suggest_labels
from sklearn_ctran.metrics import mean_average_precision


@pytest.fixture
def answers(exact_model):
    """More images, and label sets drawn from what the model knows."""
    model = exact_model(n_images=80, n_targets=4)
    rng = np.random.RandomState(0)
    draws = [rng.choice(16, p=joint) for joint in model.joint]
    return model, np.arange(80), model.sets[draws]


def test_curves_are_replayed_questions(answers):
    model, X, Y = answers
    curves = simulate_annotation(model, X, Y, n_questions=3, random_state=0)
    assert curves.n_questions.tolist() == [0, 1, 2, 3]
    assert list(curves.mAP) == ["suggest", "uncertain", "random"]
    for name, asked in curves.asked.items():
        assert asked.shape == (80, 3)
        known = np.full(Y.shape, -1)
        for step in range(4):
            proba = model.predict_proba(X, known)
            expected = mean_average_precision(Y, proba, known_labels=known)
            assert curves.mAP[name][step] == pytest.approx(expected)
            assert curves.table_mAP[name][step] == pytest.approx(mean_average_precision(Y, proba))
            if step == 0:
                uncertain = np.abs(proba - 0.5).argmin(axis=1)
                assert (uncertain == asked[:, 0]).all() == (name == "uncertain")
                suggested = suggest_labels(model, X).positions[:, 0]
                assert (suggested == asked[:, 0]).all() == (name == "suggest")
            if step < 3:
                known[np.arange(80), asked[:, step]] = Y[np.arange(80), asked[:, step]]
        assert (np.sort(asked, axis=1)[:, 1:] > np.sort(asked, axis=1)[:, :-1]).all()


def test_asking_well_is_worth_more_than_asking_at_random(answers):
    model, X, Y = answers
    scored = np.zeros(Y.shape, dtype=bool)
    scored[:, 3] = True
    curves = simulate_annotation(
        model, X, Y, strategies=("suggest", "random"), n_questions=1, scored=scored, random_state=0
    )
    for name, asked in curves.asked.items():
        assert (asked < 3).all()
        known = np.full(Y.shape, -1)
        known[np.arange(80), asked[:, 0]] = Y[np.arange(80), asked[:, 0]]
        proba = model.predict_proba(X, known)
        expected = mean_average_precision(Y[:, 3:], proba[:, 3:])
        assert curves.mAP[name][1] == pytest.approx(expected)


def test_answers_that_nobody_gave_cannot_be_asked(answers):
    model, X, Y = answers
    partly = Y.astype(float)
    partly[::2, 1] = np.nan
    curves = simulate_annotation(model, X, partly, n_questions=4, random_state=0)
    for asked in curves.asked.values():
        assert (asked[::2] != 1).all()
        assert (asked[::2, 3] == -1).all()
        assert (asked[1::2] >= 0).all()
    assert np.isnan(curves.mAP["random"][4])
    assert curves.table_mAP["random"][4] == 1


def test_what_is_known_or_not_askable_is_not_asked(answers):
    model, X, Y = answers
    curves = simulate_annotation(
        model, X, Y, n_questions=2, known_labels={0: Y[:, 0]}, askable=[0, 1, 2], random_state=0
    )
    for asked in curves.asked.values():
        assert (np.sort(asked, axis=1) == [1, 2]).all()


def test_costs_and_candidates_matter(answers):
    model, X, Y = answers
    ask = {"strategies": ("suggest",), "n_questions": 1}
    cheap = simulate_annotation(model, X, Y, cost={2: 1e-6}, **ask)
    assert (cheap.asked["suggest"] == 2).all()
    few = simulate_annotation(model, X, Y, n_candidates=1, **ask)
    uncertain = simulate_annotation(model, X, Y, strategies=("uncertain",), n_questions=1)
    np.testing.assert_array_equal(few.asked["suggest"], uncertain.asked["uncertain"])


def test_extra_labels_are_told_but_not_asked_without_answers(exact_model):
    model = exact_model(n_images=40, n_targets=3, n_extra=2)
    Y = model.sets[model.joint.argmax(axis=1)][:, :3]
    curves = simulate_annotation(model, np.arange(40), Y, extra_labels={"extra1": 1})
    told = np.tile([-1, 1], (40, 1))
    expected = mean_average_precision(Y, model.predict_proba(np.arange(40), None, told))
    assert curves.mAP["random"][0] == pytest.approx(expected)
    assert max(asked.max() for asked in curves.asked.values()) == 2
    for askable in (["extra0", 1], np.arange(5) > 2):
        with pytest.raises(ValueError, match="askable has the extra label 'extra0', for which"):
            simulate_annotation(model, np.arange(40), Y, askable=askable)


def test_extra_labels_are_answered(exact_model):
    model = exact_model(n_images=60, n_targets=3, n_extra=2)
    X, sets = np.arange(60), model.sets[model.joint.argmax(axis=1)]
    extra = sets[:, 3:].astype(float)
    extra[::2, 1] = np.nan
    curves = simulate_annotation(
        model, X, sets[:, :3], extra_answers=extra, askable=["extra0", "extra1"], n_questions=2
    )
    assert list(curves.asked) == ["suggest", "uncertain", "random"]
    for name, asked in curves.asked.items():
        assert (np.sort(asked[1::2]) == [3, 4]).all() and (asked[::2] == [3, -1]).all()
        states = np.where(np.isnan(extra), -1, extra)
        expected = mean_average_precision(sets[:, :3], model.predict_proba(X, None, states))
        assert curves.mAP[name][2] == curves.table_mAP[name][2] == pytest.approx(expected)
    first = curves.asked["uncertain"][1::2, 0]
    doubt = np.abs(model.predict_extra_proba(X[1::2]) - 0.5)
    np.testing.assert_array_equal(first, 3 + doubt.argmin(axis=1))
    # Among all labels, by what each says about the targets.
    every = simulate_annotation(
        model, X, sets[:, :3], extra_answers=sets[:, 3:], strategies=["suggest"], n_questions=1
    )
    expected = suggest_labels(model, X).positions
    np.testing.assert_array_equal(every.asked["suggest"], expected)
    assert (expected > 2).any()


def fitted(y, **params):
    X = np.random.RandomState(0).randn(40, 3).astype(np.float32)
    model = CTranClassifier(
        None, d_model=8, n_layers=1, n_heads=2, max_epochs=2, random_state=0, **params
    )
    return model.fit(X, y), X


def test_classes_are_answered():
    y = np.array(["owl", "tit", "wren"])[np.arange(40) % 3]
    model, X = fitted(y)
    one_hot = (y[:, None] == model.classes_).astype(int)
    answers = [None, *y[1:].tolist()]
    ask = {"strategies": ("uncertain",), "n_questions": 3}
    found = simulate_annotation(model, X, answers, **ask)
    expected = simulate_annotation(model, X, np.where(np.arange(40)[:, None], one_hot, -1), **ask)
    np.testing.assert_array_equal(found.asked["uncertain"], expected.asked["uncertain"])
    assert (found.asked["uncertain"][0] == -1).all()
    assert found.table_mAP["uncertain"][3] == 1
    with pytest.raises(ValueError, match="y, row 3: 'emu' is not one of the classes"):
        simulate_annotation(model, X, ["owl", "tit", "wren", "emu"] * 10)


def test_answers_that_contradict_the_rules():
    Y = (np.random.RandomState(1).randn(40, 3) > 0).astype(int)
    Y[:, 1] |= Y[:, 0]
    model, X = fitted(Y, implies={0: 1})
    wrong = Y.copy()
    wrong[17] = [1, 0, 0]
    with pytest.raises(ValueError, match="^y, row 17: 0 is positive but 1, which it implies, is"):
        simulate_annotation(model, X, wrong)
    wrong[17] = [0, 0, 0]
    known = {0: np.where(np.arange(40) == 17, 1, -1)}
    with pytest.raises(ValueError, match="^the known labels and y, row 17: 0 is positive but 1"):
        simulate_annotation(model, X, wrong, known_labels=known)


def test_strategies_of_ones_own(answers):
    model, X, Y = answers

    def likely(proba, states):
        assert proba.shape == states.shape == Y.shape
        return proba

    curves = simulate_annotation(model, X, Y, strategies=[likely], n_questions=1)
    expected = model.predict_proba(X).argmax(axis=1)
    np.testing.assert_array_equal(curves.asked["likely"][:, 0], expected)


def test_ones_own_strategies_see_extra_labels_which_are_never_asked(exact_model):
    model = exact_model(n_images=40, n_targets=3, n_extra=1)
    X, Y = np.arange(40), model.sets[model.joint.argmax(axis=1)][:, :3]

    def extra_first(proba, states):
        np.testing.assert_array_equal(proba, model._marginals(X, states[:, :3], states[:, 3:]))
        return np.tile([0, -np.inf, 1, 9], (40, 1))

    asked = simulate_annotation(model, X, Y, strategies=[extra_first], n_questions=3).asked
    assert (asked["extra_first"] == [2, 0, -1]).all()


def test_a_strategy_cannot_change_what_is_known(answers):
    model, X, Y = answers

    def meddling(proba, states):
        states[:] = 1
        return proba

    curves = simulate_annotation(model, X, Y, strategies=[meddling], n_questions=1)
    assert (curves.asked["meddling"] >= 0).all()
    assert curves.table_mAP["meddling"][1] < 1


def test_strategies_without_a_name_are_called_by_their_type(answers):
    model, X, Y = answers
    strategy = functools.partial(lambda sign, proba, states: sign * proba, -1)
    curves = simulate_annotation(model, X, Y, strategies=[strategy], n_questions=1)
    np.testing.assert_array_equal(
        curves.asked["partial"][:, 0], model.predict_proba(X).argmin(axis=1)
    )


def test_answers_go_by_the_names_of_their_columns(answers):
    model, X, Y = answers
    ask = {"strategies": ("uncertain",), "n_questions": 2}
    expected = simulate_annotation(model, X, Y, **ask)
    frame = pd.DataFrame(Y)[[3, 1, 0, 2]]
    for y in (frame, frame.to_dict("list")):
        found = simulate_annotation(model, X, y, **ask)
        np.testing.assert_array_equal(found.table_mAP["uncertain"], expected.table_mAP["uncertain"])
        np.testing.assert_array_equal(found.asked["uncertain"], expected.asked["uncertain"])


def test_scored_entries_are_scored_to_the_end(answers):
    model, X, Y = answers
    scored = np.arange(80)[:, None] % 4 == np.arange(4)
    curves = simulate_annotation(model, X, Y, n_questions=4, scored=scored, random_state=0)
    for name, asked in curves.asked.items():
        assert (asked[:, 3] == -1).all()
        assert not scored[np.arange(80)[:, None], asked[:, :3]].any()
        expected = model.predict_proba(X, np.where(scored, -1, Y))
        expected = mean_average_precision(np.where(scored, Y, -1), expected)
        assert curves.mAP[name][3] == curves.mAP[name][4] == pytest.approx(expected)


def test_images_are_encoded_once(answers):
    model, X, Y = answers
    simulate_annotation(model, X, Y, n_questions=2)
    assert model.n_encoded == 80


def test_random_questions_are_seeded(answers):
    model, X, Y = answers
    ask = {"strategies": ("random",), "n_questions": 2}
    first, again, other = (
        simulate_annotation(model, X, Y, random_state=seed, **ask).asked["random"]
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_curves_as_a_table(answers):
    model, X, Y = answers
    curves = simulate_annotation(model, X, pd.DataFrame(Y), n_questions=2)
    frame = curves.to_frame()
    assert frame.index.tolist() == [0, 1, 2]
    strategies = ["suggest", "uncertain", "random"]
    assert frame.columns.tolist() == [(m, s) for m in ("mAP", "table_mAP") for s in strategies]
    for measure, strategy in frame.columns:
        np.testing.assert_array_equal(frame[measure, strategy], getattr(curves, measure)[strategy])


def test_tables_need_pandas(answers, monkeypatch):
    model, X, Y = answers
    curves = simulate_annotation(model, X, Y, strategies=("random",), n_questions=1)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install 'sklearn-ctran\[pandas\]'"):
        curves.to_frame()


def with_nan(proba, states):
    return np.full(proba.shape, np.nan)


def too_few(proba, states):
    return proba[:, :1]


@pytest.mark.parametrize(
    "params, message",
    [
        ({"strategies": ("clever",)}, "'random' or callables, got 'clever'"),
        (
            {"strategies": "random"},
            "must be a list or tuple of at least one strategy, got 'random'",
        ),
        ({"strategies": []}, "must be a list or tuple of at least one strategy"),
        ({"strategies": ["random", "random"]}, "Two strategies are called 'random'"),
        ({"strategies": [with_nan]}, r"'with_nan' must .* shape \(80, 4\) with NaN"),
        ({"strategies": [too_few]}, r"'too_few' must return .* got shape \(80, 1\)\."),
        ({"n_questions": 0}, "n_questions must be an integer above 0"),
        ({"n_candidates": 0}, "n_candidates must be an integer above 0"),
        ({"cost": {1: 0}}, "cost must be above 0"),
        ({"y": np.full((80, 4), 2)}, "y must hold 0 and 1"),
        ({"y": None}, "y is None"),
        ({"y": np.ones((79, 4))}, r"y must have shape \(n_samples, n_labels\) = \(80, 4\)"),
        ({"scored": np.ones((2, 2), dtype=bool)}, r"a mask of booleans of shape \(80, 4\)"),
        ({"scored": np.ones((80, 4))}, "scored must be a mask"),
    ],
)
def test_bad_simulations(answers, params, message):
    model, X, Y = answers
    with pytest.raises(ValueError, match=message):
        simulate_annotation(model, X, **{"y": Y, **params})


def test_progress_says_which_strategy_is_replayed(answers, capsys):
    model, X, Y = answers
    simulate_annotation(model, X, Y, strategies=["uncertain", "random"], n_questions=2, verbose=1)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == "" and "0/6" in lines[0] and "uncertain" in lines[0]
    assert "6/6" in lines[-1] and "random" in lines[-1]
    simulate_annotation(model, X, Y, strategies=["random"], n_questions=1)
    assert capsys.readouterr() == ("", "")
