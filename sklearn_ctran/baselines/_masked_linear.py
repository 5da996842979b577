"""The masked linear model: label mask training without a transformer."""

import hashlib
from numbers import Integral, Real
from typing import Literal

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_ctran._labels.masks import check_unknown_fraction, sample_label_states
from sklearn_ctran._utils.sklearn_compat import WholeNumber
from sklearn_ctran._utils.typing import RandomState
from sklearn_ctran._utils.warnings import warn
from sklearn_ctran.baselines._base import Baseline
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN

#: Status of L-BFGS-B: too many iterations or evaluations, as opposed to a failed line search.
_OUT_OF_ITERATIONS = 1


#: With slopes below this, a line search may fail because of rounding errors alone.
_ROUNDING = 1e-6


class MaskedLinear(Baseline):
    """A linear model of features and label states, trained with label mask training.

    The logit of a label is ``x @ W + s1 @ A + s0 @ B + b``, where x are the features, s1 flags the
    labels that are known to apply, and s0 those that are known not to. In training some labels of
    each sample are hidden, and the loss is taken on the hidden ones, as for C-Tran [1]_ (section
    3.4): the cheapest way to use known labels. The problem is convex and solved by L-BFGS.

    With ``unknown_fraction=None`` no label is shown, and the model is one logistic regression per
    label; for a 1-D `y`, multinomial logistic regression.

    Parameters
    ----------
    C : float or "auto", default="auto"
        Inverse strength of the L2 penalty on W, above 0, as of
        :class:`sklearn.linear_model.LogisticRegression`. "auto": 0.3 / sqrt(n_features).
    C_labels : float, default=1.0
        The same for A. B has C_labels / n_all_labels, because most labels do not apply, and each
        of these says little.
    unknown_fraction : (float, float) or None, default=(0.25, 1.0)
        The number of hidden labels of each sample is drawn uniformly between these shares of all
        labels. None hides all. All extra labels are hidden in half of the draws, any number of
        them in the others.
    n_masks : int, default=4
        Masks drawn for each sample; the loss is their mean. Samples with equal features and labels
        have equal masks, so that a repeated sample equals a sample of twice the weight.
    standardize : bool, default=True
        Whether features are standardised.
    tol : float, default=1e-3
        The solver stops when no part of the gradient of the mean loss is larger.
    max_iter : int, default=1000
        The most iterations of the solver.
    random_state : int, RandomState instance or None, default=None
        Seeds the draws of hidden labels.

    Attributes
    ----------
    coef_ : ndarray of shape (n_all_labels, n_features), float64
        W, transposed, of the features as they are, not standardised. All labels are the targets,
        then the extra labels. 0 for a label that always had one state, which it then gets with
        probability 1.
    label_coef_ : ndarray of shape (n_all_labels, 2, n_all_labels), float64
        For each label, its row of B (index 0) and A (index 1): the term added to its logit if
        another label is known not to apply, or to apply.
    intercept_ : ndarray of shape (n_all_labels,), float64
        b.
    n_iter_ : int
        Iterations of the solver.
    classes_ : ndarray
        ``[[0, 1]] * n_labels``; for a 1-D `y` the classes, of shape (n_classes,).
    n_labels_ : int
        Number of labels; of classes for a 1-D `y`.
    label_names_ : ndarray of shape (n_labels,)
        The columns of a data frame `y`, else 0, 1, ...; the classes of a 1-D `y`.
    extra_label_names_ : ndarray of shape (n_extra_labels,)
        The columns of a data frame or dict `extra_labels`, else "extra0", "extra1", ...
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Only if `X` was a data frame.

    References
    ----------
    .. [1] J. Lanchantin, T. Wang, V. Ordonez, Y. Qi: General Multi-label Image Classification with
       Transformers. CVPR 2021.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> model = MaskedLinear(random_state=0).fit(X, Y)
    >>> model.predict_proba(X, known_labels={0: 1}).shape
    (100, 5)
    """

    _parameter_constraints = {
        "C": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "C_labels": [Interval(Real, 0, None, closed="neither")],
        "unknown_fraction": [tuple, list, None],
        "n_masks": [WholeNumber(Integral, 1, None, closed="left")],
        "standardize": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [WholeNumber(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        C: float | Literal["auto"] = "auto",
        C_labels: float = 1.0,
        unknown_fraction: tuple[float, float] | None = (0.25, 1.0),
        n_masks: int = 4,
        standardize: bool = True,
        tol: float = 1e-3,
        max_iter: int = 1000,
        random_state: RandomState = None,
    ) -> None:
        self.C = C
        self.C_labels = C_labels
        self.unknown_fraction = unknown_fraction
        self.n_masks = n_masks
        self.standardize = standardize
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state

    def _fit_labels(self, X, states, sample_weight):
        check_unknown_fraction(self.unknown_fraction)
        X = X.astype(np.float64)
        weight = np.ones(len(X)) if sample_weight is None else sample_weight
        scaler = StandardScaler(with_mean=self.standardize, with_std=self.standardize)
        scaler.fit(X, sample_weight=sample_weight)
        masks = self._draw_masks(X, states)
        is_one_state = [len(np.unique(column[column != UNKNOWN])) == 1 for column in states.T]
        self._one_state = np.where(is_one_state, states.max(axis=0), UNKNOWN)
        # Best, or close to it, among a few values in cross-validation on the training parts of
        # four MULAN sets (19 to 294 features) and of Corel5k (1,280).
        C = 0.3 / np.sqrt(X.shape[1]) if self.C == "auto" else self.C
        C_all = np.array([C, self.C_labels / states.shape[1], self.C_labels])
        problem = _Problem(
            scaler.transform(X),
            states,
            [(shown, hidden & (self._one_state == UNKNOWN)) for shown, hidden in masks],
            weight / (weight.sum() * len(masks)),
            n_classes=self.task_.n_classes,
            penalties=1 / (weight.sum() * C_all),
        )
        found = minimize(
            problem,
            np.zeros(problem.size),
            jac=True,
            method="L-BFGS-B",
            options={
                "gtol": self.tol,
                "ftol": 64 * np.finfo(np.float64).eps,
                "maxiter": self.max_iter,
                "maxfun": 4 * self.max_iter,
                "maxls": 50,
            },
        )
        complaint = None
        if found.status == _OUT_OF_ITERATIONS:
            complaint = f"did not converge in max_iter={self.max_iter} iterations: raise it, or tol"
        elif not found.success and not np.abs(found.jac).max() <= _ROUNDING:
            complaint = (
                f"gave up after {found.nit} iterations ({found.message.strip()}): look for extreme "
                "features, or use standardize=True"
            )
        if complaint:
            warn(f"MaskedLinear {complaint}.", ConvergenceWarning)
        weights, flag_weights, intercept = problem.split(found.x)
        scale, mean = (1.0, 0.0)
        if self.standardize:
            scale, mean = scaler.scale_, scaler.mean_
        self.coef_ = weights.T / scale
        self.intercept_ = intercept - self.coef_ @ np.broadcast_to(mean, X.shape[1])
        self.label_coef_ = flag_weights.T.reshape(-1, 2, states.shape[1])
        self.n_iter_ = int(found.nit)

    def _draw_masks(self, X, states):
        """Masks: pairs of shown states and hidden labels, both (n_samples, n_labels)."""
        if self.unknown_fraction is None:
            return [(np.full_like(states, UNKNOWN), states != UNKNOWN)]
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        generator = torch.Generator()
        shown = np.empty((self.n_masks, *states.shape), dtype=states.dtype)
        hidden = np.empty(shown.shape, dtype=bool)
        for row in range(len(states)):
            content = X[row].tobytes() + states[row].tobytes()
            digest = hashlib.blake2b(content, digest_size=8, salt=seed.to_bytes(8, "little"))
            generator.manual_seed(int.from_bytes(digest.digest(), "little") >> 1)
            targets = torch.from_numpy(states[row]).expand(self.n_masks, -1)
            shown[:, row], hidden[:, row] = sample_label_states(
                targets,
                self.unknown_fraction,
                generator,
                n_extra=self.task_.n_extra,
                hide_positives=self.task_.always_hides_positives,
            )
        # As in prediction, what shown labels imply is known.
        shown = [self.task_.rules.propagate(each) for each in shown]
        return [(s, h & (s == UNKNOWN)) for s, h in zip(shown, hidden, strict=True)]

    def _label_probabilities(self, X, states):
        logits = X @ self.coef_.T + self.intercept_
        for value in (NEGATIVE, POSITIVE):
            logits += (states == value) @ self.label_coef_[:, value].T
        proba = expit(logits)
        if self.task_.exclusive:
            classes = slice(self.task_.n_classes)
            logits = np.where(states == NEGATIVE, -np.inf, logits)[:, classes]
            proba[:, classes] = softmax(logits, axis=1)
            proba = self.task_.scale_classes(proba, states)
        return np.where(self._one_state == UNKNOWN, proba, self._one_state)


class _Problem:
    """The objective and its gradient, as a function of all weights in one vector.

    `masks` has pairs (shown states, labels of the loss), each (n_samples, n_labels); `weight`
    (n_samples,) is that of the samples in the loss of one mask. The first `n_classes` labels are
    classes, one of which is positive. `penalties` are those of half the squared weights of
    features, of labels known not to apply, and known to apply.
    """

    def __init__(self, X, states, masks, weight, n_classes, penalties):
        self.X = X
        self.states = states
        self.sign = np.where(states == POSITIVE, 1.0, -1.0)
        self.masks = masks
        self.weight = weight[:, None]
        self.n_classes = n_classes
        n_features, n_labels = X.shape[1], states.shape[1]
        n_inputs = n_features + 2 * n_labels + 1
        self.shape = n_inputs, n_labels
        self.size = n_inputs * n_labels
        counts = [n_features, n_labels, n_labels, 1]
        self.penalty = np.repeat([*penalties, 0.0], counts)[:, None]

    def split(self, vector):
        """Weights of features, of flags (negative, then positive), and intercepts."""
        n_features = self.X.shape[1]
        table = vector.reshape(self.shape)
        return table[:n_features], table[n_features:-1], table[-1]

    def __call__(self, vector):
        weights, flag_weights, intercept = self.split(vector)
        own = self.X @ weights + intercept
        loss = 0.0
        own_slopes = np.zeros_like(own)
        flag_gradient = np.zeros_like(flag_weights)
        for shown, hidden in self.masks:
            flags = np.hstack([shown == NEGATIVE, shown == POSITIVE]).astype(np.float64)
            losses, slopes = self._losses(own + flags @ flag_weights, shown, hidden)
            loss += (self.weight * losses).sum()
            slopes *= self.weight
            own_slopes += slopes
            flag_gradient += flags.T @ slopes
        gradient = np.vstack([self.X.T @ own_slopes, flag_gradient, own_slopes.sum(axis=0)])
        table = vector.reshape(self.shape)
        gradient += self.penalty * table
        return loss + 0.5 * (self.penalty * table**2).sum(), gradient.ravel()

    def _losses(self, logits, shown, hidden):
        """Loss and slope of each entry; of classes, the loss is at the one that is positive."""
        margin = self.sign * logits
        small = np.exp(-np.abs(margin))  # one exponential for both
        losses = np.where(hidden, np.log1p(small) + np.maximum(-margin, 0), 0.0)
        probability = np.where(margin > 0, small, 1.0) / (1 + small)  # of the other state
        slopes = np.where(hidden, -self.sign * probability, 0.0)
        if self.n_classes:
            classes = slice(self.n_classes)
            possible = np.where(shown == NEGATIVE, -np.inf, logits)[:, classes]
            wanted = (hidden & (self.states == POSITIVE))[:, classes]
            losses[:, classes] = np.where(wanted, -log_softmax(possible, axis=1), 0.0)
            slopes[:, classes] = softmax(possible, axis=1) - wanted
            slopes[:, classes] *= wanted.any(axis=1, keepdims=True)
        return losses, slopes
