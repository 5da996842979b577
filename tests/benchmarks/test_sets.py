"""Sets of the comparison: which rows and labels they have, and what only made ones have."""

import numpy as np
import pytest


@pytest.fixture
def seen(monkeypatch):
    """Arguments of the function that makes methods, which fits many models."""
    import _sets

    calls = []
    monkeypatch.setattr(_sets, "make_table_methods", lambda *call: calls.append(call) or {})
    return calls


def test_tables_have_their_most_frequent_labels(seen, tmp_path):
    from _sets import read_set

    rng = np.random.RandomState(0)
    X, Y = rng.rand(50, 3), (rng.rand(50, 80) < np.linspace(0.1, 0.9, 80)).astype(np.uint8)
    train = np.arange(50) < 30
    (tmp_path / "mulan").mkdir()
    np.savez(tmp_path / "mulan" / "corel5k.npz", X=X, Y=Y, train=train)
    data = read_set("corel5k features", tmp_path, seed=0)
    assert data.Y.shape == (50, 74)
    left_out = np.sort(Y[train].sum(axis=0))[:6].sum()
    assert data.Y[train].sum() == Y[train].sum() - left_out
    # In the order of the columns.
    positions = [np.flatnonzero((column == Y.T).all(axis=1))[0] for column in data.Y.T]
    assert positions == sorted(positions)
    # Settings are chosen on the training part alone.
    name, X_seen, Y_seen, only = seen[0]
    assert only is None
    assert name == "corel5k features"
    np.testing.assert_array_equal(X_seen, X[train].astype(np.float32))
    np.testing.assert_array_equal(Y_seen, data.Y[train])
    assert [part.tolist() for part in data.split] == [list(range(30)), list(range(30, 50))]


def test_made_sets_have_the_exact_conditional(seen, tmp_path):
    from _sets import EXACT, read_set

    data = read_set("synthetic, mixture", tmp_path, seed=0)
    assert list(data.methods) == [EXACT]
    X, Y = data.X[~data.train], data.Y[~data.train]
    exact = data.methods[EXACT].fit(data.X[data.train], data.Y[data.train])
    known = np.where(np.arange(Y.shape[1]) < 6, Y, -1)
    proba = exact.predict_proba(X, known)
    assert data.metrics["KL"](Y, proba, known_labels=known) == pytest.approx(0, abs=1e-6)
    assert len(seen[0][1]) == data.train.sum()


def test_only_some_methods(monkeypatch, tmp_path):
    import _methods
    import _sets

    monkeypatch.setattr(_methods, "tune", lambda *call, **options: pytest.fail("nothing to tune"))
    data = _sets.read_set("synthetic, mixture", tmp_path, 0, only=["linear head", "C-Tran"])
    assert list(data.methods) == ["linear head", "C-Tran"]
    assert _sets.read_set("synthetic, mixture", tmp_path, 0, only=["no such"]).methods == {}
