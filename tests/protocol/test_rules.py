"""Predictions of an estimator with groups and rules."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import softmax
from small_models import RULES, quick


def test_probabilities_obey_the_rules(weather, ruled):
    X, Y, E = weather
    assert ruled.label_groups_ == {"weather": ("sun", "rain", "snow"), "place": ("city", "farm")}
    for known in (None, {"sun": 0}, {"cat": 0}):
        proba = ruled.predict_proba(X, known)
        assert (proba[:, :3].sum(axis=1) <= 1 + 1e-6).all()
        assert (proba[:, 3] <= proba[:, 5]).all() and (proba[:, 4] <= proba[:, 5]).all()
    np.testing.assert_allclose(ruled.predict_extra_proba(X).sum(axis=1), 1, rtol=1e-6)
    assert ruled.score(X, Y) > 0.7
    logits = ruled.decision_function(X)
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), ruled.predict_proba(X), rtol=1e-4)
    # Without the rules, the same network is not sure.
    free = quick(None).fit(X, Y).predict_proba(X, {"cat": 1})
    assert (free[:, 5] < 1).all()


def test_logits_rank_what_probabilities_round_to_one(weather, ruled, monkeypatch):
    monkeypatch.setattr(ruled, "memory_", None)  # The network's logits are those of all.
    X = weather[0][:4]
    raw = torch.full((1, 4, 8), -30.0)
    raw[..., 5] = torch.tensor([30.0, 40.0, 50.0, 45.0])
    hook = ruled.net_.module_.register_forward_hook(lambda *args: raw)
    try:
        proba, logits = ruled.predict_proba(X), ruled.decision_function(X)
    finally:
        hook.remove()
    assert (proba[:, 5] == 1).all()
    assert logits.dtype == np.float32
    np.testing.assert_allclose(logits[:, 5], raw[0, :, 5], rtol=1e-5)


def test_logits_of_classes_under_rules_agree_with_their_probabilities():
    rng = np.random.RandomState(0)
    X = rng.randn(60, 3).astype(np.float32)
    y = np.array(["owl", "tit", "wren"])[rng.randint(3, size=60)]
    E = pd.DataFrame({"hoots": y == "owl", "blue": X[:, 0] > 0}).astype(int)
    model = quick(implies={"owl": "hoots"}).fit(X, y, extra_labels=E)
    proba = model.predict_proba(X)
    np.testing.assert_allclose(softmax(model.decision_function(X), axis=1), proba, rtol=1e-4)


def test_a_known_label_settles_what_follows(weather, ruled):
    X, _, _ = weather
    proba = ruled.predict_proba(X, {"rain": 1, "cat": 1}, {"city": 0})
    np.testing.assert_array_equal(proba[:, [0, 1, 2, 3, 5]], [[0, 1, 0, 1, 1]] * 200)
    assert (ruled.predict_extra_proba(X, None, {"city": 0}) == [0, 1]).all()
    assert (ruled.predict_proba(X, {"animal": 0})[:, 3:] == 0).all()
    # What follows is told to the model too.
    in_full = {"rain": 1, "sun": 0, "snow": 0}
    np.testing.assert_array_equal(
        ruled.predict_proba(X, {"rain": 1}), ruled.predict_proba(X, in_full)
    )


def test_a_group_is_known_by_its_name(weather, ruled):
    X, _, _ = weather
    expected = ruled.predict_proba(X, {"sun": 0, "rain": 1, "snow": 0}, {"city": 1, "farm": 0})
    np.testing.assert_array_equal(
        ruled.predict_proba(X, {"weather": "rain"}, {"place": "city"}), expected
    )
    column = np.array(["rain", None] * 100, dtype=object)
    proba = ruled.predict_proba(X, pd.DataFrame({"weather": column}))
    np.testing.assert_array_equal(proba[::2, :3], [[0, 1, 0]] * 100)
    np.testing.assert_array_equal(proba[1::2], ruled.predict_proba(X)[1::2])


def test_predictions_decodings_and_samples_obey_the_rules(weather, ruled):
    X, _, _ = weather
    sets = [ruled.predict(X, decoding=d) for d in ("independent", "greedy", "beam")]
    sets += list(ruled.sample_labels(X[:60], 3, random_state=0).transpose(1, 0, 2))
    for labels in sets:
        assert (labels[:, :3].sum(axis=1) <= 1).all()
        assert (labels[:, 3:5] <= labels[:, 5:]).all()


def test_exactly_one_is_predicted(weather):
    X, Y, _ = weather
    Y = Y[["sun", "rain", "snow"]].assign(grey=1 - Y[["sun", "rain", "snow"]].sum(axis=1))
    model = quick(exclusive_groups={tuple(Y): "exactly_one"}).fit(X, Y)
    assert (model.predict(X).sum(axis=1) == 1).all()
    assert (model.predict_proba(X) < 0.5).all(axis=1).any()


def test_what_follows_from_annotations_is_learned(weather):
    X, Y, _ = weather
    Y = Y.astype(float)
    partly = Y.copy()
    partly.loc[Y["cat"] == 1, "animal"] = np.nan
    rules = {"implies": {"cat": "animal"}}
    first, second = (quick(**rules).fit(X, y).predict_proba(X) for y in (Y, partly))
    np.testing.assert_array_equal(first, second)


def test_contradictory_known_labels(weather, ruled):
    X, _, _ = weather
    column = np.where(np.arange(200) == 7, 1, -1)
    for known, message in [
        ({"sun": column, "rain": column}, "row 7: 'sun' and 'rain' are both positive"),
        ({"cat": column, "animal": 0}, "row 7: 'cat' is positive but 'animal', which it implies"),
    ]:
        with pytest.raises(ValueError, match="known_labels, " + message):
            ruled.predict_proba(X, known)
    with pytest.raises(ValueError, match="known_labels and extra_labels, row 0: none of 'city'"):
        ruled.predict(X, extra_labels={"city": 0, "farm": 0})
    known = {"sun": column, "rain": column}
    with pytest.raises(ValueError, match="y, row 7"):
        ruled.log_score(X, known)
    # Whatever rows the model is asked about one by one.
    all_known = ruled.predict(X)
    all_known[7, :2] = 1
    for method in (ruled.sample_labels, ruled.predict):
        told = {"decoding": "greedy"} if method == ruled.predict else {}
        for labels in (known, np.where(np.arange(200)[:, None] < 8, all_known, -1)):
            with pytest.raises(ValueError, match="known_labels, row 7: 'sun' and 'rain'"):
                method(X, known_labels=labels, **told)


def test_contradictory_targets_leave_the_estimator_as_it_was(weather):
    X, Y, _ = weather
    model = quick(**{"implies": RULES["implies"]}).fit(X, Y)
    before = model.predict_proba(X)
    wrong = Y.copy()
    wrong.loc[5, ["cat", "animal"]] = [1, 0]
    with pytest.raises(ValueError, match="y, row 5: 'cat' is positive but 'animal'"):
        model.fit(X, wrong)
    np.testing.assert_array_equal(model.predict_proba(X), before)
