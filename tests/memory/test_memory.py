"""What is remembered of rows, and what it answers, however odd the rows are."""

import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from label_forms import PROFILE, states_tables

from sklearn_ctran._memory import memory as module
from sklearn_ctran._memory.memory import LabelMemory
from sklearn_ctran._memory.retrieval import PARAMETERS, Retrieval
from sklearn_ctran.modules.label_states import UNKNOWN


def rows_of(n=80, n_labels=5, n_features=6, seed=0, gaps=0.0):
    """Features, and labels that they and one another tell."""
    rng = np.random.RandomState(seed)
    X = rng.randn(n, n_features).astype(np.float32)
    states = (X[:, np.arange(n_labels) % n_features] + 0.5 * rng.randn(n, n_labels) > 0.3).astype(
        np.int8
    )
    states[:, -1] = states[:, 0]
    states[rng.random_sample(states.shape) < gaps] = UNKNOWN
    return X, states


def learn(X, states, weights=None, **params):
    return LabelMemory.learn(X, states, np.ones(len(X)) if weights is None else weights, **params)


def known_of(states, share=0.5, seed=1):
    hidden = np.random.RandomState(seed).random_sample(states.shape) > share
    return np.where(hidden, np.int8(UNKNOWN), states)


def test_answers_are_those_of_its_parts():
    X, states = rows_of(gaps=0.2)
    memory = learn(X, states)
    queries, told = rows_of(7, seed=1)
    known = torch.from_numpy(known_of(told))
    vectors = memory.likeness(queries).astype(float) @ memory.vectors.double().numpy().T
    cosines = torch.from_numpy(vectors).float()
    z = memory.relations(memory.regression(cosines), known)
    expected = memory.retrieval.logits([memory.retrieval.likeness * cosines], z, known)
    np.testing.assert_allclose(memory.logits(queries, known.numpy()), expected, atol=1e-5)


@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_blocks_of_any_size_and_centres_give_the_same(monkeypatch, gaps):
    X, states = rows_of(gaps=gaps)
    queries, told = rows_of(9, seed=1)
    known = known_of(told)
    monkeypatch.setattr("sklearn_ctran._memory.regression.MOST_CENTRES", 20)
    monkeypatch.setattr("sklearn_ctran._memory.regression.N_CENTRES", 20)
    memory = learn(X, states)
    assert len(memory.regression.centres) == 20
    logits, nearest = memory.logits(queries, known), memory.nearest(queries, known, 4)
    monkeypatch.setattr(module, "_QUERY_BLOCK", 2)
    monkeypatch.setattr(module, "_ROW_BLOCK", 7)
    monkeypatch.setattr(module, "_MOST_WEIGHTS", 3 * len(memory))
    np.testing.assert_allclose(memory.logits(queries, known), logits, atol=1e-5)
    for found, expected in zip(memory.nearest(queries, known, 4), nearest, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_nearest_are_the_rows_of_most_weight():
    X, states = rows_of()
    memory = learn(X, states)
    rows, weights = memory.nearest(X[:6], np.full((6, 5), UNKNOWN, dtype=np.int8), len(memory))
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    assert (np.diff(weights, axis=1) <= 0).all()
    for row in rows:
        assert sorted(row) == list(range(80))
    known = np.full((1, 5), UNKNOWN, dtype=np.int8)
    known[0, 1] = 1
    rows, _ = memory.nearest(X[:1], known, 5)
    assert states[rows[0], 1].all()  # They agree with what is known.


def test_no_row_is_its_own_memory(monkeypatch):
    """Parameters are learned from rows that are asked about without themselves."""
    asked = []
    monkeypatch.setattr(Retrieval, "learn", lambda self, *args: asked.append(args))
    X, states = rows_of(40)
    memory = learn(X, states)
    cosines, z, shown, true_states, own, weights = asked[0]
    assert (own.sum(dim=1) == 1).all()
    order = memory.rows[own.numpy().argmax(axis=1)]
    np.testing.assert_array_equal(true_states, states[order])
    np.testing.assert_allclose(cosines[own], 1, atol=1e-2)
    assert ((shown == UNKNOWN) | (shown == true_states)).all()
    # The regression's value of a row is that of a memory that has never seen its labels.
    changed = states.copy()
    changed[order[0]] = 1 - changed[order[0]]
    learn(X, changed)
    again = asked[1]
    position = int(
        np.flatnonzero(learn(X, changed).rows[again[4].numpy().argmax(axis=1)] == order[0])[0]
    )
    assert ((z[0] - again[1][position]).abs() < 0.15).all()  # The prior has changed a little.
    assert ((1 - true_states[0]) == again[3][position]).all()


@pytest.mark.parametrize("centres", [6000, 0])
def test_copies_do_not_make_it_too_sure(monkeypatch, centres):
    """Labels of chance can be looked up at a copy, but new images have none."""
    monkeypatch.setattr("sklearn_ctran._memory.regression.MOST_CENTRES", centres)
    rng = np.random.RandomState(0)
    X = rng.randn(100, 64).repeat(3, axis=0)
    X = (X + 0.2 * rng.randn(*X.shape)).astype(np.float32)
    states = rng.randint(0, 2, size=(100, 5)).astype(np.int8).repeat(3, axis=0)
    queries, hidden = rng.randn(200, 64).astype(np.float32), np.full((200, 5), np.int8(UNKNOWN))
    logits = learn(X, states).logits(queries, hidden)
    assert np.abs(logits).max() < 0.6
    alone = "sklearn_ctran._memory.memory.group_copies"
    monkeypatch.setattr(alone, lambda vectors: np.arange(len(vectors)))
    assert np.abs(learn(X, states).logits(queries, hidden)).max() > 1.5


def test_labels_of_chance_are_not_trusted():
    """Rows that know themselves would trust the memory in labels that nothing tells."""
    rng = np.random.RandomState(0)
    X = rng.randn(300, 8).astype(np.float32)
    states = rng.randint(2, size=(300, 4)).astype(np.int8)
    memory = learn(X, states)
    others = rng.randn(200, 8).astype(np.float32)
    logits = memory.logits(others, np.full((200, 4), UNKNOWN, dtype=np.int8))
    assert np.abs(logits).mean() < 0.4


def test_it_learns_what_images_and_labels_tell():
    X, states = rows_of(400)
    memory = learn(X, states)
    queries, truth = rows_of(200, seed=1)
    unknown = np.full(truth.shape, UNKNOWN, dtype=np.int8)
    assert ((memory.logits(queries, unknown) > 0) == truth).mean() > 0.8
    unknown[:, 0] = truth[:, 0]
    agreed = (memory.logits(queries, unknown)[:, -1] > 0) == truth[:, -1]
    assert agreed.mean() > 0.97


def test_equal_rows_are_remembered_once_by_their_weight():
    X, states = rows_of(50, gaps=0.1)
    weights = np.random.RandomState(1).randint(4, size=50)
    queries, told = rows_of(9, seed=1)
    weighted = learn(X, states, weights.astype(float))
    rows = np.repeat(np.arange(50), weights)
    repeated = learn(X[rows], states[rows])
    counts = [np.sum(weights > 0), len(weighted), len(repeated)]
    assert len(set(counts)) == 1
    np.testing.assert_array_equal(rows[repeated.rows], weighted.rows)
    found = [memory.logits(queries, known_of(told)) for memory in (weighted, repeated)]
    np.testing.assert_allclose(*found, atol=1e-5)
    plain = learn(X, states).logits(queries, known_of(told))
    assert not np.allclose(plain, found[0], atol=1e-2)


def test_rows_in_another_order_are_the_same_memory():
    X, states = rows_of(60)
    order = np.random.RandomState(0).permutation(60)
    memory, other = learn(X, states), learn(X[order], states[order])
    np.testing.assert_array_equal(order[other.rows], memory.rows)
    known = known_of(states)
    np.testing.assert_array_equal(memory.logits(X, known), other.logits(X, known))


def test_zero_has_no_sign():
    X, states = np.zeros((6, 2), dtype=np.float32), np.ones((6, 1), dtype=np.int8)
    X[::2] = -0.0
    states[0] = 0
    X[4:] = 1  # Rows that are all alike are all remembered.
    assert len(learn(X, states)) == 3


def test_size_bounds_the_rows():
    X, states = rows_of()
    memory = learn(X, states, size=30)
    assert len(memory) == 30 == len(set(memory.rows)) == len(memory.vectors)
    assert memory.retrieval.states.shape == (30, 5)
    np.testing.assert_array_equal(memory.retrieval.states, states[memory.rows])
    assert len(learn(X, states, size=1000)) == 80
    other = learn(X, states, size=30, seed=1)
    assert set(other.rows) != set(memory.rows)
    np.testing.assert_array_equal(learn(X, states, size=30).rows, memory.rows)


def test_auto_bounds_rows_and_entries(monkeypatch):
    X, states = rows_of()
    monkeypatch.setattr(module, "MOST_ROWS", 25)
    assert len(learn(X, states)) == 25
    monkeypatch.setattr(module, "MOST_ENTRIES", 55)
    assert len(learn(X, states)) == 11
    monkeypatch.setattr(module, "MOST_ENTRIES", 2)
    assert len(learn(X, states)) == 1


def test_positive_weights_shift_logits():
    X, states = rows_of()
    shift = np.array([0.0, 1.0, -2.0, 0.0, 3.0])
    plain, shifted = learn(X, states), learn(X, states, log_pos_weight=shift)
    difference = shifted.logits(X, known_of(states)) - plain.logits(X, known_of(states))
    np.testing.assert_allclose(difference, np.broadcast_to(shift, states.shape), atol=1e-5)


def test_the_seed_hides_labels():
    X, states = rows_of()
    values = [learn(X, states, seed=seed).retrieval.values for seed in (0, 0, 1)]
    assert torch.equal(values[0], values[1]) and not torch.equal(values[0], values[2])


def test_classes_are_never_shown_and_have_log_probabilities():
    rng = np.random.RandomState(0)
    X = rng.randn(120, 4).astype(np.float32)
    states = np.eye(3, dtype=np.int8)[X[:, :3].argmax(axis=1)]
    memory = learn(X, states, n_classes=3)
    logits = memory.logits(X, np.full((120, 3), UNKNOWN, dtype=np.int8))
    assert (logits.argmax(axis=1) == states.argmax(axis=1)).mean() > 0.85
    shown = module._draw_shown(np.tile(states, (1, 2)), 3, rng)
    assert (shown[:, :3] == UNKNOWN).all() and (shown[:, 3:] != UNKNOWN).any()


def test_shares_of_shown_labels():
    states = np.ones((4000, 40), dtype=np.int8)
    shown = (module._draw_shown(states, 0, np.random.RandomState(0)) == 1).mean(axis=1)
    assert 0.22 < (shown == 0).mean() < 0.29
    assert 0.7 < np.quantile(shown, 0.98) < 0.85


def test_copies_answer_alike_and_pickles_hold_what_is_kept_only():
    X, states = rows_of(500, n_labels=20, gaps=0.1)
    memory = learn(X, states)
    known = known_of(states)
    data = pickle.dumps(memory)
    # Half a number for each direction, a byte for each label, and the regression's coefficients.
    assert len(data) < 500 * (8 + 2 * 6 + 20 + 4 * 20 + 4) + 6000
    for copied in (pickle.loads(data), copy.deepcopy(memory)):
        np.testing.assert_array_equal(copied.logits(X, known), memory.logits(X, known))
    assert pickle.dumps(memory) == data


def odd_rows(kind, n, n_labels, rng):
    """Features and states that say little, or too much."""
    X, states = rng.randn(n, 3).astype(np.float32), rng.randint(2, size=(n, n_labels))
    largest = np.finfo(np.float32).max
    if kind == "no columns":
        X = X[:, :0]
    elif kind == "zeros":
        X[:] = 0
    elif kind == "extreme":
        X = rng.choice([-largest, -1.0, 0.0, 1e-45, largest], size=X.shape).astype(np.float32)
    elif kind == "one set":
        states[:] = states[0]
    elif kind == "copies":
        X[:], states[:] = X[0], states[0]
    elif kind == "contradicting copies":
        X[:] = X[0]
    elif kind == "gaps":
        states[rng.random_sample(states.shape) < 0.6] = UNKNOWN
        states[0, 0] = 1
    elif kind == "almost nothing annotated":
        states[:] = UNKNOWN
        states[-1, rng.randint(n_labels)] = rng.randint(2)
    return X, states.astype(np.int8)


KINDS = [
    "plain",
    "no columns",
    "zeros",
    "extreme",
    "one set",
    "copies",
    "contradicting copies",
    "gaps",
    "almost nothing annotated",
]


@settings(PROFILE, max_examples=120)
@given(
    st.sampled_from(KINDS),
    st.sampled_from([1, 2, 3, 9, 10, 25]),
    st.integers(0, 2**20),
    st.sampled_from([0, 1e30, -3e38, 1e-30]),
    st.data(),
)
def test_odd_rows_give_ordinary_logits(kind, n, seed, value, data):
    """Whatever is known: of any rows, known labels that none agrees with among them."""
    known = data.draw(states_tables(n_rows=4))
    rng = np.random.RandomState(seed)
    X, states = odd_rows(kind, n, known.shape[1], rng)
    memory = learn(X, states, rng.choice([1e-6, 1.0, 1e6], size=n))
    queries = rng.randn(4, X.shape[1]).astype(np.float32)
    queries[:2] = value
    logits = memory.logits(queries, known)
    assert np.isfinite(logits).all()
    rows, weights = memory.nearest(queries, known, min(n, len(memory)))
    assert ((weights >= 0) & (weights <= 1 + 1e-5)).all()
    assert (states[rows] != UNKNOWN).any(axis=2).all()
    assert np.isfinite(memory.row_logits).all()
    assert np.isfinite(memory.retrieval.values.numpy()).all()
    for name, (_, least, largest) in PARAMETERS.items():
        assert 0.99 * least <= memory.retrieval.parameters[name] <= 1.01 * largest


def test_means_of_rows_are_weighted_as_the_nearest_are(monkeypatch):
    X, states = rows_of(gaps=0.1)
    memory = learn(X, states)
    queries, told = rows_of(9, seed=1)
    known = known_of(told)
    values = np.random.RandomState(0).normal(size=(len(memory), 2))
    rows, weights = memory.nearest(queries, known, len(memory))
    position = np.argsort(memory.rows)[np.searchsorted(np.sort(memory.rows), rows)]
    expected = (weights[:, :, None] * values[position]).sum(axis=1)
    monkeypatch.setattr(module, "_MOST_WEIGHTS", 2 * len(memory))
    np.testing.assert_allclose(memory.mean_of_rows(values, queries, known), expected, atol=1e-5)


def test_rows_are_recalled_by_others():
    """A row that recalled itself would know its labels of chance."""
    rng = np.random.RandomState(0)
    X = rng.randn(200, 64).astype(np.float32)
    states = rng.randint(2, size=(200, 3)).astype(np.int8)
    shift = np.array([0.0, 1.0, -2.0])
    memory = learn(X, states, log_pos_weight=shift)
    logits = memory.row_logits
    hidden = np.full((200, 3), UNKNOWN, dtype=np.int8)
    by_itself = memory.logits(X, hidden)[memory.rows] - shift
    truth = states[memory.rows]
    assert np.abs(logits - shift).mean() < np.abs(by_itself).mean()
    assert (((logits - shift) > 0) == truth).mean() < ((by_itself > 0) == truth).mean()
    assert memory.row_logits is logits  # Computed once.
    assert "_row_logits" not in memory.__getstate__()
    alone = learn(X[:1], states[:1])
    assert np.isfinite(alone.row_logits).all()


@pytest.mark.parametrize("centres", [6000, 20])
def test_logits_of_rows_come_from_blocks_of_any_size(monkeypatch, centres):
    monkeypatch.setattr("sklearn_ctran._memory.regression.MOST_CENTRES", centres)
    monkeypatch.setattr("sklearn_ctran._memory.regression.N_CENTRES", centres)
    X, states = rows_of(gaps=0.1)
    logits = learn(X, states).row_logits
    monkeypatch.setattr(module, "_QUERY_BLOCK", 7)
    monkeypatch.setattr(module, "_ROW_BLOCK", 11)
    np.testing.assert_allclose(learn(X, states).row_logits, logits, atol=1e-5)


def test_known_labels_that_no_row_has_fall_back_smoothly():
    """The rows that agree with most of them decide, and the image."""
    X, states = rows_of(100)
    states[:, 2:] = 0
    memory = learn(X, states)
    known = np.tile(np.array([[1, UNKNOWN, 1, 1, 1]], dtype=np.int8), (3, 1))
    rows, _ = memory.nearest(X[:3], known, 5)
    assert (states[rows, 0] == 1).all()
    assert np.isfinite(memory.logits(X[:3], known)).all()
