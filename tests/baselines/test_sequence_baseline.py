"""What CNNRNN and OrderFreeRNN share: label sets as sequences, under the protocol."""

import numpy as np
import pytest
import torch
from rivals import EXACT, made
from sequences import all_sequences, marginals_of
from small_models import Watch, net_made_by

from sklearn_ctran.baselines import CNNRNN, OrderFreeRNN

KINDS = [CNNRNN, OrderFreeRNN]
each_kind = pytest.mark.parametrize("kind", KINDS)


def sequences_of(model, X, states):
    """All sequences of the fitted model for each row."""
    module = model.net_.module_.eval()
    with torch.no_grad():
        features = module.features_of(torch.from_numpy(X[:, None]), torch.from_numpy(states))
        states = torch.from_numpy(states)
        rows = zip(features[:, None], states, strict=True)
        return [(all_sequences(module, image, known), known) for image, known in rows]


@pytest.fixture
def float_table(told_table):
    X, Y = told_table
    return X.astype(np.float32), Y


@each_kind
def test_known_labels_begin_the_sequence(kind, float_table):
    X, Y = float_table
    model = made(kind, max_epochs=20, beam_width=16).fit(X, Y)
    known = np.where(np.random.RandomState(1).rand(*Y.shape) < 0.4, Y, -1)[:9].astype(np.int8)
    proba = model.predict_proba(X[:9], known)
    best = model.predict(X[:9], known, decoding="beam", beam_width=16)
    for row, (sequences, states) in enumerate(sequences_of(model, X[:9], known)):
        np.testing.assert_allclose(proba[row], marginals_of(sequences, states), atol=1e-5)
        labels = max(sequences, key=sequences.get)
        expected = states.numpy() == 1
        expected[list(labels)] = True
        np.testing.assert_array_equal(best[row], expected)


@each_kind
def test_the_beam_can_be_set_after_fit(kind, float_table):
    X, Y = float_table
    model = made(kind, max_epochs=3, beam_width=1, warm_start=True).fit(X, Y)
    narrow = model.predict_proba(X)
    wide = model.set_params(beam_width=16).predict_proba(X)
    assert 1e-4 < np.abs(wide - narrow).max() < 0.5
    for row, (sequences, states) in enumerate(sequences_of(model, X[:3], np.full((3, 3), -1))):
        np.testing.assert_allclose(wide[row], marginals_of(sequences, states), atol=1e-5)
    model.fit(X, Y)  # The network is the same.
    with pytest.raises(ValueError, match="n_hidden was 32 then and is 8 now"):
        model.set_params(n_hidden=8).fit(X, Y)


@each_kind
def test_greedy_and_beam_search_may_differ(kind, float_table):
    X, Y = float_table
    model = made(kind, max_epochs=2).fit(X, Y)
    searched = [model.predict(X, decoding="beam", beam_width=width) for width in (1, 16)]
    np.testing.assert_array_equal(model.predict(X, decoding="greedy"), searched[0])
    for row, (sequences, _) in enumerate(sequences_of(model, X[:9], np.full((9, 3), -1))):
        found = {tuple(sorted(labels)): proba for labels, proba in sequences.items()}
        best = max(sequences.values())
        assert found[tuple(np.flatnonzero(searched[1][row]))] == pytest.approx(best, rel=1e-4)
    with pytest.raises(ValueError, match="beam_width must be"):
        model.predict(X, decoding="beam", beam_width=0)
    with pytest.raises(ValueError, match="decoding must be"):
        model.predict(X, decoding="best")


@each_kind
def test_training_shows_labels(kind, float_table):
    X, Y = float_table
    watch = Watch()
    made(kind, max_epochs=1, callbacks=[watch], unknown_fraction=(0.5, 0.5)).fit(X, Y)
    shown, true_states = np.split(watch.steps[0].states.numpy(), 2, axis=1)
    assert ((shown == true_states) | (shown == -1)).all()
    assert set((shown == -1).sum(axis=1)) == {2}  # half of three, and at least one
    made(kind, max_epochs=1, callbacks=[watch], unknown_fraction=None).fit(X, Y)
    assert (watch.steps[0].states[:, :3] == -1).all()
    with pytest.raises(ValueError, match="unknown_fraction must be"):
        made(kind, unknown_fraction=(0.5, 2)).fit(X, Y)


@each_kind
def test_entries_that_nobody_annotated_do_not_count(kind, float_table):
    X, Y = float_table
    gaps = Y.astype(float)
    gaps[::3, 1] = np.nan
    model = made(kind, **EXACT, max_epochs=1).fit(X, gaps)
    net = net_made_by(made(kind, **EXACT, max_epochs=1), X, gaps)
    states = torch.from_numpy(np.nan_to_num(gaps, nan=-1).astype(np.int8))
    unknown = torch.full_like(states, -1)
    module = net.module_.eval()
    tokens = torch.from_numpy(X[:, None]).double()
    losses = module(tokens, torch.cat([unknown, states], dim=1))[0, :, 0].detach()
    assert model.history_[0]["train_loss"] == pytest.approx(
        float(losses.sum() / (states != -1).sum()), rel=1e-5
    )
    # The loss does not change with the score of a label in rows where it is missing.
    bias = module.bias if kind is CNNRNN else module.scores.bias
    bias.data[1] += 3
    changed = module(tokens, torch.cat([unknown, states], dim=1))[0, :, 0].detach()
    is_missing = torch.arange(len(X)) % 3 == 0
    torch.testing.assert_close(changed[is_missing], losses[is_missing])
    assert not torch.isclose(changed[~is_missing], losses[~is_missing]).any()


@each_kind
@pytest.mark.filterwarnings("ignore:There is no positive")
def test_label_sets_that_are_all_empty(kind, float_table):
    X, Y = float_table
    model = made(kind).fit(X, np.zeros_like(Y))
    assert (model.predict_proba(X) < 0.05).all()
    for decoding in ("independent", "greedy", "beam"):
        assert not model.predict(X, decoding=decoding).any()
    proba = model.predict_proba(X, {0: 1})
    assert (proba[:, 0] == 1).all() and np.isfinite(proba).all()


@each_kind
def test_one_label_only(kind, float_table):
    X, Y = float_table
    model = made(kind).fit(X, Y[:, :1])
    proba = model.predict_proba(X)
    assert proba.shape == (len(X), 1)
    assert ((proba > 0.5) == Y[:, :1]).mean() > 0.75
    np.testing.assert_array_equal(model.predict(X, decoding="beam"), proba > 0.5)


@each_kind
def test_parameters_that_sequences_do_not_have(kind):
    for name in ("loss", "pos_weight"):
        assert name not in kind().get_params()
        with pytest.raises(TypeError, match=name):
            kind(**{name: None})


@each_kind
def test_half_precision(kind, float_table):
    X, Y = float_table
    known = {0: Y[:, 0]}
    exact, rough = (
        made(kind, max_epochs=3, precision=precision).fit(X, Y).predict_proba(X, known)
        for precision in ("float32", "bfloat16")
    )
    assert 0 < np.abs(exact - rough).max() < 0.1
