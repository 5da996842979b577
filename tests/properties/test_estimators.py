"""Estimators obey any rules, in each kind of prediction."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_forms import PROFILE, known_in_any_form, states_tables
from rule_sets import (
    agrees,
    assert_obeyed,
    assert_possible,
    consistent_sets,
    known_rows,
    logit_rows,
    possible_rules,
)
from sklearn.base import BaseEstimator

from sklearn_ctran import CTranClassifier
from sklearn_ctran._protocol import LabelPredictions
from sklearn_ctran._task import LabelTask


class FixedLogits(LabelPredictions, BaseEstimator):
    """An estimator that has nothing to learn: `X` holds rows of its logits."""

    def __init__(self, logits, rules, n_labels):
        self.logits, self.rules, self.n_labels = logits, rules, n_labels
        names, extra_names = rules.names[:n_labels], rules.names[n_labels:]
        self.task_ = LabelTask(names, np.tile([0, 1], (n_labels, 1)), False, extra_names, rules)

    def fit(self, X, y):
        raise AssertionError("it has nothing to learn")

    def _read_X(self, X):
        return self.logits[X]

    def _logits(self, logits, states):
        return logits


@st.composite
def estimators(draw, n_rows):
    """An estimator with or without extra labels, what is known, and possible label sets."""
    rules, sets, _, _ = draw(possible_rules())
    n = sets.shape[1]
    n_labels = draw(st.integers(1, n))
    logits = draw(logit_rows((n_rows, n)))
    known = draw(known_rows(sets, n_rows))
    extra = known[:, n_labels:] if n_labels < n else None
    return FixedLogits(logits, rules, n_labels), known[:, :n_labels], extra, known, sets


@settings(PROFILE, max_examples=50)
@given(st.data(), st.sampled_from(["independent", "greedy", "beam"]))
def test_predicted_label_sets_obey_the_rules(data, decoding):
    model, told, extra, known, sets = data.draw(estimators(4))
    labels = model.predict(np.arange(4), told, extra, decoding=decoding, beam_width=3)
    assert_possible(labels, known, sets)


@settings(PROFILE, max_examples=40)
@given(st.data(), st.integers(0, 2**31), st.integers(0, 1))
def test_samples_obey_the_rules(data, seed, n_sweeps):
    model, told, extra, known, sets = data.draw(estimators(2))
    drawn = model.sample_labels(np.arange(2), 3, told, extra, n_sweeps=n_sweeps, random_state=seed)
    assert_possible(drawn.reshape(6, -1), np.repeat(known, 3, axis=0), sets)


TARGETS, EXTRA = ["cat", "dog", "animal", "vehicle"], ["sun", "rain", "bus"]


PETS, WEATHER = {"pets": ("cat", "dog")}, {"weather": ("sun", "rain")}


N_IMAGES = 3


# The names above as positions.
EXCLUSIVE = {(0, 1): "at_most_one", (4, 5): "exactly_one"}


IMPLIES = {0: [2], 1: [2], 6: [3, 4]}


SETS = consistent_sets(7, EXCLUSIVE, IMPLIES)


@pytest.fixture(scope="module")
def fitted():
    """A model with rules between targets and extra labels, and new images."""
    rng = np.random.RandomState(0)
    labels = SETS[rng.randint(len(SETS), size=60)]
    X = rng.randn(60, 5).astype(np.float32)
    model = CTranClassifier(
        None,
        d_model=8,
        n_layers=1,
        n_heads=2,
        max_epochs=1,
        random_state=0,
        label_groups=PETS | WEATHER,
        exclusive_groups={"pets": "at_most_one", "weather": "exactly_one"},
        implies={"cat": "animal", "dog": "animal", "bus": ["vehicle", "sun"]},
    )
    Y, E = pd.DataFrame(labels[:, :4], columns=TARGETS), pd.DataFrame(labels[:, 4:], columns=EXTRA)
    return model.fit(X, Y, extra_labels=E), X[:N_IMAGES]


@settings(PROFILE, max_examples=40)
@given(data=st.data())
def test_a_fitted_model_obeys_the_rules_or_names_a_row(fitted, data):
    model, X = fitted
    random, parts = states_tables(n_columns=7, n_rows=N_IMAGES), known_rows(SETS, N_IMAGES)
    states = data.draw(st.one_of(random, parts))
    told = {
        "known_labels": data.draw(known_in_any_form(states[:, :4], TARGETS, PETS)),
        "extra_labels": data.draw(known_in_any_form(states[:, 4:], EXTRA, WEATHER)),
    }
    contradicts = [row for row in range(N_IMAGES) if not agrees(SETS, states[row]).any()]
    if contradicts:
        rows = "|".join(map(str, contradicts))
        for predict in (model.predict_proba, model.predict_extra_proba, model.predict):
            with pytest.raises(ValueError, match=rf"row ({rows}): "):
                predict(X, **told)
        return
    proba = np.hstack([model.predict_proba(X, **told), model.predict_extra_proba(X, **told)])
    assert_obeyed(proba, EXCLUSIVE, IMPLIES)
    np.testing.assert_array_equal(proba[states >= 0], states[states >= 0])
    for decoding in ("independent", "greedy", "beam"):
        assert_possible(model.predict(X, decoding=decoding, **told), states, SETS)
    drawn = model.sample_labels(X, 2, **told, random_state=0)
    assert_possible(drawn.reshape(2 * N_IMAGES, -1), np.repeat(states, 2, axis=0), SETS)
