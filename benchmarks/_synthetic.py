"""Made sets whose P(label set | features) is known, so that the best possible answer is known.

``pairwise``: 10 labels whose sets have a pairwise (Ising) model; the features are a noisy view of a
curved function of the set. ``mixture``: 12 labels; each row belongs to one of 15 kinds, which have
a label set, of which labels differ at random, and a centre of the features. ``fields``: 8 labels
with an Ising model whose fields are a curved function of the features. Every probability is a sum
over all 2^n_labels label sets.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax, rel_entr, softmax
from sklearn.utils import gen_batches

from sklearn_ctran.baselines._base import Baseline
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN

N_TEST = 1000
#: Rows whose label sets are summed at a time.
_ROWS_AT_ONCE = 500
#: What the exact conditional is called in tables.
EXACT = "exact conditional"
#: Probabilities are kept this far from 0 and 1, where the divergence would be infinite.
_LEAST = 1e-6


@dataclass(frozen=True)
class SyntheticSet:
    """Features, labels, the mask of training rows, and what the features say of label sets.

    ``log_joint(X)`` returns log P(set | row), up to a constant of each row, for the label sets of
    :func:`all_sets` in their order.
    """

    X: np.ndarray
    Y: np.ndarray
    train: np.ndarray
    log_joint: Callable


def all_sets(n_labels):
    """All label sets, float64, (2 ** n_labels, n_labels)."""
    return (np.arange(2**n_labels)[:, None] >> np.arange(n_labels) & 1).astype(np.float64)


def make_synthetic(name, seed=0, n_test=N_TEST):
    """Make the set of a name of `SYNTHETIC`; `seed` determines its distribution and rows."""
    make, n_labels, n_train = SYNTHETIC[name]
    rng = np.random.RandomState(seed)
    sets = all_sets(n_labels)
    X, codes, log_joint = make(rng, sets, n_train + n_test)
    train = np.arange(len(X)) < n_train
    return SyntheticSet(X.astype(np.float32), sets[codes].astype(np.int64), train, log_joint)


def _make_pairwise(rng, sets, n_samples):
    """An Ising model of labels; features are a noisy view of a curved function of them."""
    log_prior = _ising(rng, sets, coupling=1.5)
    codes = rng.choice(len(sets), n_samples, p=softmax(log_prior))
    view = np.tanh((sets - 0.5) @ rng.randn(sets.shape[1], 24)) @ rng.randn(24, 24) / np.sqrt(24)
    noise = 1.2
    X = view[codes] + noise * rng.randn(n_samples, 24)
    return X, codes, lambda X: log_prior - _squared_distances(X, view) / (2 * noise**2)


def _make_mixture(rng, sets, n_samples, n_kinds=15):
    """Kinds of rows, with a label set, of which labels differ at random, and a centre."""
    n_labels, differing, noise = sets.shape[1], 0.05, 1.3
    of_kind = (rng.rand(n_kinds, n_labels) < 0.35).astype(np.float64)
    share = rng.dirichlet(np.full(n_kinds, 3.0))
    centres = rng.randn(n_kinds, 16)
    n_differing = np.abs(sets[:, None] - of_kind).sum(axis=2)
    log_set = n_differing * np.log(differing) + (n_labels - n_differing) * np.log1p(-differing)
    kinds = rng.choice(n_kinds, n_samples, p=share)
    X = centres[kinds] + noise * rng.randn(n_samples, 16)
    codes = _draw(rng, np.exp(log_set).T[kinds])

    def log_joint(X):
        evidence = np.log(share) - _squared_distances(X, centres) / (2 * noise**2)
        return np.log(np.exp(log_softmax(evidence, axis=1)) @ np.exp(log_set).T)

    return X, codes, log_joint


def _make_fields(rng, sets, n_samples, n_hidden=30):
    """An Ising model whose fields are a network's outputs; half of the features say nothing."""
    n_labels, n_features = sets.shape[1], 12
    log_pairs = _ising(rng, sets, coupling=1.0)
    inner = rng.randn(n_features // 2, n_hidden) * 1.2
    outer = rng.randn(n_hidden, n_labels) * 2.5 / np.sqrt(n_hidden)
    turn = np.linalg.qr(rng.randn(n_features, n_features))[0]

    def log_joint(X):
        latent = (X @ turn.T)[:, : n_features // 2]
        return np.tanh(latent @ inner) @ outer @ sets.T + log_pairs

    X = rng.randn(n_samples, n_features)
    return X, _draw(rng, softmax(log_joint(X), axis=1)), log_joint


#: Name -> how it is made, number of labels, number of training rows.
SYNTHETIC = {
    "synthetic, pairwise": (_make_pairwise, 10, 1000),
    "synthetic, mixture": (_make_mixture, 12, 400),
    "synthetic, fields": (_make_fields, 8, 2000),
}


def _ising(rng, sets, coupling):
    """Log-probabilities (2 ** n_labels,), up to a constant: each label is coupled to 3 others."""
    n_labels = sets.shape[1]
    spins = 2 * sets - 1
    pairs = np.zeros((n_labels, n_labels))
    for label in range(n_labels):
        others = rng.choice(np.delete(np.arange(n_labels), label), 3, replace=False)
        pairs[label, others] = coupling * rng.choice([-0.5, 0.5], 3)
    fields = rng.normal(-0.4, 0.3, n_labels)
    return spins @ fields + ((spins @ pairs) * spins).sum(axis=1)


def _squared_distances(X, centres):
    """Squared distances (n_samples, n_centres), up to a constant of each row."""
    return (centres**2).sum(axis=1) - 2 * X.astype(np.float64) @ centres.T


def _draw(rng, proba):
    """One column of each row, drawn by its probabilities."""
    return (proba.cumsum(axis=1) < rng.rand(len(proba), 1)).sum(axis=1).clip(0, len(proba.T) - 1)


class ExactConditional(Baseline):
    """The true P(label | features, known labels); `fit` learns nothing.

    Parameters
    ----------
    log_joint : callable
        Of a :class:`SyntheticSet`.
    """

    _parameter_constraints = {"log_joint": [callable]}

    def __init__(self, log_joint):
        self.log_joint = log_joint

    def _fit_labels(self, X, states, sample_weight):
        self.sets_ = all_sets(states.shape[1])

    def _label_probabilities(self, X, states):
        blocks = gen_batches(len(X), _ROWS_AT_ONCE)
        return np.vstack([self._of_block(X[block], states[block]) for block in blocks])

    def _of_block(self, X, states):
        contradicted = (states == POSITIVE) @ (1 - self.sets_).T
        contradicted += (states == NEGATIVE) @ self.sets_.T
        scores = np.where(contradicted > 0, -np.inf, self.log_joint(X))
        return np.minimum(softmax(scores, axis=1) @ self.sets_, 1.0)


class DivergenceFromExact:
    """Mean Kullback-Leibler divergence in nats from the exact probabilities over unknown entries.

    A metric for :func:`sklearn_ctran.compare`. `exact` is a fitted :class:`ExactConditional`, and
    `X` the features of the test part, in its order.
    """

    greater_is_better = False

    def __init__(self, exact, X):
        self._exact, self._X = exact, X
        self._kept = {}

    def __call__(self, y_true, y_score, *, known_labels):
        key = known_labels.tobytes()
        if key not in self._kept:
            self._kept[key] = self._exact.predict_proba(self._X, known_labels)
        exact = self._kept[key]
        score = np.clip(y_score.astype(np.float64), _LEAST, 1 - _LEAST)
        divergence = rel_entr(exact, score) + rel_entr(1 - exact, 1 - score)
        return float(divergence[known_labels == UNKNOWN].mean())


def render_gaps(comparison):
    """Render how far each method is from the exact conditional, by share of known labels."""
    shares = sorted({row["known_fraction"] for row in comparison.rows})
    means = {
        (row["metric"], row["method"], row["known_fraction"]): row["mean"]
        for row in comparison.rows
    }
    width = max(map(len, comparison.methods))
    head = "".join(f"{100 * share:7.0f} %" for share in shares)
    lines = [
        "\nDistance to the exact conditional, by share known: KL in nats | points of mAP\n",
        f"{'':{width}}{head} |{head}",
    ]
    missing = float("nan")  # of a method that failed
    for name in comparison.methods:
        divergences = [means.get(("KL", name, share), missing) for share in shares]
        gaps = [
            100 * (means["mAP", EXACT, share] - means.get(("mAP", name, share), missing))
            for share in shares
        ]
        cells = [f"{each:9.4f}" for each in divergences], [f"{each:9.1f}" for each in gaps]
        lines.append(f"{name:{width}}{''.join(cells[0])} |{''.join(cells[1])}")
    return "\n".join(lines)
