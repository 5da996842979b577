"""Distributions of label sets and features that are known exactly, as sums over all label sets.

Each kind is made by a function of a random generator, all label sets, the number of rows and its
settings. It returns features (n_samples, n_features), the number of each row's label set among all
of them, and log P(set | features) up to a constant of each row, as a function of features.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax, softmax
from sklearn.utils import check_array, gen_batches

from sklearn_ctran._labels.states import read_states
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN

#: Rows whose label sets are summed at a time, and the most numbers that one block has.
_ROWS_AT_ONCE = 500
_NUMBERS_AT_ONCE = 1 << 22


def all_sets(n_labels):
    """All label sets, float64, (2 ** n_labels, n_labels)."""
    return (np.arange(2**n_labels)[:, None] >> np.arange(n_labels) & 1).astype(np.float64)


class KnownJoint:
    """P(label set | features) of a made data set, from :func:`make_known_joint`.

    Its answers are the best that any model can give, so that a model's distance from the best is
    known and not only its distance from other models.

    Parameters
    ----------
    log_joint : callable
        Maps features (n_samples, n_features) to log P(set | features), up to a constant of each
        row, (n_samples, 2 ** n_labels).
    n_labels : int
        Number of labels.

    Attributes
    ----------
    label_sets : ndarray of shape (2 ** n_labels, n_labels), float64
        All label sets, 0 and 1. Label j of set s is bit j of s.

    Examples
    --------
    >>> from sklearn_ctran.datasets import make_known_joint
    >>> made = make_known_joint(5, n_labels=4, random_state=0)
    >>> made.joint.log_proba(made.data).shape
    (5, 16)
    >>> known = [[1, -1, -1, -1]] * 5
    >>> made.joint.predict_proba(made.data, known)[:, 0]
    array([1., 1., 1., 1., 1.])
    """

    def __init__(self, log_joint: Callable[[np.ndarray], np.ndarray], n_labels: int) -> None:
        self._log_joint = log_joint
        self.label_sets = all_sets(n_labels)

    def log_proba(self, X: ArrayLike) -> np.ndarray:
        """Log-probabilities of all label sets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features, such as the ``data`` of the set.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, 2 ** n_labels), float64
            The logarithm of P(set | features), a column for each row of ``label_sets``.
        """
        return log_softmax(self._log_joint(check_array(X)), axis=1)

    def predict_proba(self, X: ArrayLike, known_labels: ArrayLike | None = None) -> np.ndarray:
        """Probability of each label, given the features and the labels that are known.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        known_labels : array-like of shape (n_samples, n_labels), default=None
            1 present, 0 absent, -1 or NaN not known. None: no label is known.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_labels), float64
            P(label | features, known labels). Known labels have probability 0 or 1.

        Raises
        ------
        ValueError
            If `known_labels` has other values, or not one row for each of `X`.
        """
        table = check_array(X)
        n_labels = self.label_sets.shape[1]
        if known_labels is None:
            states = np.full((len(table), n_labels), UNKNOWN, dtype=np.int8)
        else:
            states = read_states(np.asarray(known_labels), np.arange(n_labels), "known_labels")
        if len(states) != len(table):
            raise ValueError(f"known_labels has {len(states)} rows, but X has {len(table)}.")
        blocks = _blocks(len(table), len(self.label_sets))
        proba = np.vstack([self._of_block(table[block], states[block]) for block in blocks])
        return np.where(states == UNKNOWN, proba, states)

    def _of_block(self, X, states):
        contradicted = (states == POSITIVE) @ (1 - self.label_sets).T
        contradicted += (states == NEGATIVE) @ self.label_sets.T
        scores = np.where(contradicted > 0, -np.inf, self._log_joint(X))
        return np.minimum(softmax(scores, axis=1) @ self.label_sets, 1.0)


def make_pairwise(rng, sets, n_samples, coupling=1.5, noise=1.2):
    """An Ising model of labels; features are a noisy view of a curved function of them."""
    log_prior = _ising(rng, sets, coupling)
    codes = rng.choice(len(sets), n_samples, p=softmax(log_prior))
    view = np.tanh((sets - 0.5) @ rng.randn(sets.shape[1], 24)) @ rng.randn(24, 24) / np.sqrt(24)
    X = view[codes] + noise * rng.randn(n_samples, 24)
    return X, codes, _Pairwise(log_prior, view, noise)


@dataclass(frozen=True)
class _Pairwise:
    log_prior: np.ndarray
    view: np.ndarray
    noise: float

    def __call__(self, X):
        return self.log_prior - _squared_distances(X, self.view) / (2 * self.noise**2)


def make_mixture(rng, sets, n_samples, noise=1.3, n_kinds=15):
    """Kinds of rows, with a label set, of which labels differ at random, and a centre."""
    n_labels, differing = sets.shape[1], 0.05
    of_kind = (rng.rand(n_kinds, n_labels) < 0.35).astype(np.float64)
    share = rng.dirichlet(np.full(n_kinds, 3.0))
    centres = rng.randn(n_kinds, 16)
    n_differing = np.abs(sets[:, None] - of_kind).sum(axis=2)
    log_set = n_differing * np.log(differing) + (n_labels - n_differing) * np.log1p(-differing)
    kinds = rng.choice(n_kinds, n_samples, p=share)
    X = centres[kinds] + noise * rng.randn(n_samples, 16)
    of_set = np.exp(log_set).T
    codes = _draw(rng, lambda block: of_set[kinds[block]], n_samples, len(sets))
    return X, codes, _Mixture(share, centres, of_set, noise)


@dataclass(frozen=True)
class _Mixture:
    share: np.ndarray
    centres: np.ndarray
    of_set: np.ndarray
    noise: float

    def __call__(self, X):
        evidence = np.log(self.share) - _squared_distances(X, self.centres) / (2 * self.noise**2)
        return np.log(np.exp(log_softmax(evidence, axis=1)) @ self.of_set)


def make_fields(rng, sets, n_samples, coupling=1.0, n_hidden=30):
    """An Ising model whose fields are a network's outputs; half of the features say nothing."""
    n_labels, n_features = sets.shape[1], 12
    log_pairs = _ising(rng, sets, coupling)
    inner = rng.randn(n_features // 2, n_hidden) * 1.2
    outer = rng.randn(n_hidden, n_labels) * 2.5 / np.sqrt(n_hidden)
    turn = np.linalg.qr(rng.randn(n_features, n_features))[0]
    log_joint = _Fields(turn, inner, outer, sets, log_pairs)
    X = rng.randn(n_samples, n_features)
    codes = _draw(rng, lambda block: softmax(log_joint(X[block]), axis=1), n_samples, len(sets))
    return X, codes, log_joint


@dataclass(frozen=True)
class _Fields:
    turn: np.ndarray
    inner: np.ndarray
    outer: np.ndarray
    sets: np.ndarray
    log_pairs: np.ndarray

    def __call__(self, X):
        latent = (X @ self.turn.T)[:, : len(self.inner)]
        return np.tanh(latent @ self.inner) @ self.outer @ self.sets.T + self.log_pairs


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


def _blocks(n_samples, n_sets):
    """Slices of rows; those of very many label sets are short."""
    return gen_batches(n_samples, max(1, min(_ROWS_AT_ONCE, _NUMBERS_AT_ONCE // n_sets)))


def _draw(rng, proba, n_samples, n_sets):
    """One column of each row, drawn by the probabilities that a function of slices returns."""
    codes = np.empty(n_samples, dtype=np.int64)
    for block in _blocks(n_samples, n_sets):
        cumulated = proba(block).cumsum(axis=1)
        codes[block] = (cumulated < rng.rand(len(cumulated), 1)).sum(axis=1)
    return codes.clip(0, n_sets - 1)
