"""Made sets whose P(label set | features) is known, so that the best possible answer is known.

``pairwise``: 10 labels whose sets have a pairwise (Ising) model; the features are a noisy view of a
curved function of the set. ``mixture``: 12 labels; each row belongs to one of 15 kinds, which have
a label set, of which labels differ at random, and a centre of the features. ``fields``: 8 labels
with an Ising model whose fields are a curved function of the features. They are those of
:func:`sklearn_ctran.datasets.make_known_joint`.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import rel_entr

from sklearn_ctran.baselines._base import Baseline
from sklearn_ctran.datasets import make_known_joint
from sklearn_ctran.modules.label_states import UNKNOWN

N_TEST = 1000
#: What the exact conditional is called in tables.
EXACT = "exact conditional"
#: Probabilities are kept this far from 0 and 1, where the divergence would be infinite.
_LEAST = 1e-6
#: Name -> kind, number of labels, number of training rows.
SYNTHETIC = {
    "synthetic, pairwise": ("pairwise", 10, 1000),
    "synthetic, mixture": ("mixture", 12, 400),
    "synthetic, fields": ("fields", 8, 2000),
}


@dataclass(frozen=True)
class SyntheticSet:
    """Features, labels, the mask of training rows, and the distribution (KnownJoint)."""

    X: np.ndarray
    Y: np.ndarray
    train: np.ndarray
    joint: object


def make_synthetic(name, seed=0, n_test=N_TEST):
    """Make the set of a name of `SYNTHETIC`; `seed` determines its distribution and rows."""
    kind, n_labels, n_train = SYNTHETIC[name]
    made = make_known_joint(n_train + n_test, kind=kind, n_labels=n_labels, random_state=seed)
    return SyntheticSet(made.data, made.target, np.arange(len(made.data)) < n_train, made.joint)


class ExactConditional(Baseline):
    """The true P(label | features, known labels); `fit` learns nothing.

    Parameters
    ----------
    joint : KnownJoint
        Of a :class:`SyntheticSet`.
    """

    _parameter_constraints = {"joint": "no_validation"}

    def __init__(self, joint):
        self.joint = joint

    def _fit_labels(self, X, states, sample_weight):
        pass

    def _label_probabilities(self, X, states):
        return self.joint.predict_proba(X, states)


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
