"""Calibration of probabilities, label by label.

Platt's sigmoid [1]_ and temperature scaling [2]_ transform the logit of a probability, isotonic
regression [3]_ the probability itself.

.. [1] J. Platt: Probabilistic Outputs for Support Vector Machines and Comparisons to Regularized
   Likelihood Methods. Advances in Large Margin Classifiers, 1999.
.. [2] C. Guo, G. Pleiss, Y. Sun, K. Weinberger: On Calibration of Modern Neural Networks. ICML
   2017.
.. [3] B. Zadrozny, C. Elkan: Transforming Classifier Scores into Accurate Multiclass Probability
   Estimates. KDD 2002.
"""

from typing import Literal

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import expit, logit, softmax
from sklearn.isotonic import IsotonicRegression
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from sklearn_ctran._utils.typing import Estimator, RandomState, Splits
from sklearn_ctran.model_selection._meta import (
    LearnedOutOfFold,
    usable_entries,
    warn_nothing_learned,
)
from sklearn_ctran.modules.label_states import POSITIVE

#: The least distance of a probability from 0 and 1, about the resolution of float32. It keeps
#: logits finite, and 0 and 1 for labels that are known or implied.
_MARGIN = 1e-7


#: Bounds of the inverse temperature.
_SLOPES = 0.01, 100.0


class MultilabelCalibrator(LearnedOutOfFold):
    """A multi-label classifier with calibrated probabilities.

    For each label, a map from its probability to its calibrated one is learned from out-of-fold
    probabilities of the training data, predicted without known labels. Then the estimator is fitted
    on all training data. Maps never decrease, so calibration keeps the order of images by a label;
    isotonic regression, and clipping at 1e-7 and 1 - 1e-7, may create ties. Only known and implied
    labels get 0 and 1.

    For a 1-D `y`, "sigmoid" and "isotonic" calibrate each class against the others and then
    normalize, as :class:`sklearn.calibration.CalibratedClassifierCV` does; with three or more
    classes this can change the order of images by a class. "temperature" divides the logarithms
    of all classes by one number (Guo et al., ICML 2017).

    Known and implied labels obey the label rules. The calibrated probabilities of other labels are
    not adjusted to them.

    Parameters
    ----------
    estimator : estimator
        An estimator of this package, a multi-label classifier of scikit-learn with
        ``predict_proba``, or a Pipeline that ends in one. It is cloned.
    method : {"sigmoid", "isotonic", "temperature"}, default="sigmoid"
        "sigmoid": slope and intercept of the logit (Platt, 1999), the slope at least 0.
        "isotonic": any increasing steps (Zadrozny and Elkan, 2002); needs many positives.
        "temperature": a positive slope of the logit only; it cannot correct a label that is
        predicted too often or too rarely.
    cv : int, splitter, iterable of (train, test) or "prefit", default=5
        Number of shuffled, stratified folds (:class:`MultilabelStratifiedKFold`), or how to split;
        each row must be held out exactly once. None is 5. "prefit": `estimator` is already fitted
        and is neither cloned nor changed; pass samples to `fit` that it was not fitted on. The
        columns of `y` must then be its labels. Those of a DataFrame are matched by name if the
        estimator has ``label_names_``; estimators of scikit-learn have none, and need their order.
    ensemble : bool, default=False
        True: the estimators of the folds are kept, each with maps learned from the fold that it
        was not fitted on, and the mean of their calibrated probabilities is predicted, as in
        :class:`sklearn.calibration.CalibratedClassifierCV` with ``ensemble=True``. No estimator is
        fitted on all data. Maps then belong to the estimators they were learned from; with False
        they are applied to one that has seen more images and is rightly more confident. But each
        map is learned from fewer entries, training and prediction handle as many estimators as
        folds, and a mean of probabilities is less extreme than they are. A fold without anything
        to learn a label from is left out of the label's mean. Not for ``cv="prefit"``.
    n_jobs : int, default=None
        Folds to fit at a time; None means 1, -1 all cores.
    random_state : int, RandomState instance or None, default=None
        Seeds the folds if `cv` is a number; the estimator has its own.
    verbose : int, default=0
        Above 0, `fit` shows on standard error how many folds are done.

    Attributes
    ----------
    estimators_ : list of estimator
        One fitted estimator, or with ``ensemble=True`` one for each fold, fitted on the others.
    calibrators_ : list of list of callable
        For each of `estimators_` and each label a map from probabilities (n,) to calibrated ones
        (n,); for a 1-D `y` with ``method="temperature"`` one map from (n, n_classes) to the same.
        Labels without positives or without negatives keep their probabilities, with a warning.
    estimator_ : estimator or None
        The only one of `estimators_`; None if there are several.
    label_names_, extra_label_names_ : ndarray of shape (n_labels,), (n_extra_labels,)
        Names, as in the fitted estimator.
    n_labels_ : int
    classes_ : ndarray
        As in the fitted estimator.
    label_groups_ : dict
        As in the fitted estimator, if it has groups.
    n_features_in_, feature_names_in_ : int, ndarray
        As in the fitted estimator, if it has them.

    See Also
    --------
    TunedThresholds : Keeps the probabilities, and predicts at other thresholds than 0.5.
    sklearn_ctran.metrics.expected_calibration_error : How far probabilities are from calibrated.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn_ctran.baselines import BinaryRelevance
    >>> from sklearn_ctran.metrics import expected_calibration_error
    >>> from sklearn_ctran.model_selection import MultilabelCalibrator
    >>> X, Y = make_multilabel_classification(500, random_state=0)
    >>> model = BinaryRelevance(GaussianNB())
    >>> calibrated = MultilabelCalibrator(model, random_state=0).fit(X[:300], Y[:300])
    >>> error = expected_calibration_error(Y[300:], model.fit(X, Y).predict_proba(X[300:]))
    >>> expected_calibration_error(Y[300:], calibrated.predict_proba(X[300:])) < error
    True
    """

    _parameter_constraints: dict = {
        **LearnedOutOfFold._parameter_constraints,
        "method": [StrOptions({"sigmoid", "isotonic", "temperature"})],
        "ensemble": ["boolean"],
    }

    def __init__(
        self,
        estimator: Estimator,
        *,
        method: Literal["sigmoid", "isotonic", "temperature"] = "sigmoid",
        cv: Splits | Literal["prefit"] = 5,
        ensemble: bool = False,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.method = method
        self.cv = cv
        self.ensemble = ensemble
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    calibrators_: list
    #: Labels are positive above 0.5, as in every other estimator.
    _cuts = 0.5

    @property
    def estimators_(self) -> list[Estimator]:
        check_is_fitted(self, "_estimators")
        return self._estimators

    def _check_params(self):
        if self.ensemble and self._is_prefit():
            raise ValueError(
                "ensemble=True needs the estimators of folds, but with cv='prefit' there is only "
                "one: use ensemble=False, or a number of folds."
            )

    def _fit_and_learn(self, samples, cv):
        if not self.ensemble:
            return super()._fit_and_learn(samples, cv)
        proba, folds = self._out_of_fold(samples, cv, keep=True)
        maps = [self._maps(proba[rows], samples.take(rows)) for _, rows in folds]
        _warn_of_same(samples.targets.names, maps)
        return [estimator for estimator, _ in folds], {"calibrators_": maps}

    def _learn(self, samples, held_out):
        maps = [self._maps(held_out(), samples)]
        _warn_of_same(samples.targets.names, maps)
        return {"calibrators_": maps}

    def _maps(self, proba, samples):
        """A list of one map for each label, or of one for all."""
        if samples.targets.exclusive and self.method == "temperature":
            return [_Softmax.learn(proba, samples.targets.states, samples.sample_weight)]
        learn = {"sigmoid": _Sigmoid.learn, "isotonic": _Isotonic, "temperature": _temperature}
        return [
            _Same() if usable is None else learn[self.method](*usable)
            for usable in usable_entries(proba, samples)
        ]

    def _transform(self, probas):
        calibrated = [_calibrate(*pair) for pair in zip(self.calibrators_, probas, strict=True)]
        counts = _learned(self.calibrators_)
        counts[:, ~counts.any(axis=0)] = True
        proba = sum(map(np.multiply, calibrated, counts)) / counts.sum(axis=0)
        return np.clip(proba, _MARGIN, 1 - _MARGIN)


def _calibrate(maps, proba):
    """Apply the maps of one estimator to its probabilities, (n_samples, n_labels)."""
    if isinstance(maps[0], _Softmax):
        return maps[0](proba)
    columns = zip(maps, proba.T, strict=True)
    return np.column_stack([calibrate(column) for calibrate, column in columns])


def _learned(maps):
    """Mask of the maps that are learned, (n_estimators, n_labels or 1)."""
    return np.array([[not isinstance(each, _Same) for each in of_labels] for of_labels in maps])


def _warn_of_same(names, maps):
    learned = np.broadcast_to(_learned(maps).any(axis=0), len(names))
    warn_nothing_learned(names[~learned], "their probabilities stay as they are")


def _logit(proba):
    return logit(np.clip(np.asarray(proba, dtype=np.float64), _MARGIN, 1 - _MARGIN))


class _Same:
    """The map that keeps probabilities, for labels without anything to learn from."""

    def __call__(self, proba):
        return proba


class _Isotonic:
    """Increasing steps, learned from probabilities (n,), truth (n,), bool, and weights (n,)."""

    def __init__(self, proba, truth, weight):
        self.regression = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
        self.regression.fit(proba, truth, weight)

    def _saved_fields(self):
        steps = self.regression
        return {"proba": steps.X_thresholds_, "calibrated": steps.y_thresholds_}

    @classmethod
    def _from_saved_fields(cls, fields):
        # Steps are their own isotonic regression.
        return cls(fields["proba"], fields["calibrated"], None)

    def __call__(self, proba):
        return self.regression.predict(proba)


class _Sigmoid:
    """Slope and intercept of the logit."""

    def __init__(self, slope, intercept):
        self.slope, self.intercept = slope, intercept

    @classmethod
    def learn(cls, proba, truth, weight):
        """Learn the most likely slope, at least 0, and intercept (Platt, 1999, section 2.2).

        As in Platt's paper, targets are 0 and 1 smoothed by one more positive and one more
        negative, so that a label whose images are perfectly ordered gets a finite slope.
        """
        n_positive, n_negative = weight[truth].sum(), weight[~truth].sum()
        target = np.where(truth, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
        share = weight / weight.sum()
        scores = _logit(proba)
        # Standardized scores give slope and intercept the same scale, so few steps suffice.
        centre = share @ scores
        scale = np.sqrt(share @ (scores - centre) ** 2) or 1.0
        inputs = np.column_stack([(scores - centre) / scale, np.ones_like(scores)])

        def loss(weights):
            z = inputs @ weights
            gradient = inputs.T @ (share * (expit(z) - target))
            return share @ (np.logaddexp(0, z) - target * z), gradient

        def curvature(weights):
            z = inputs @ weights
            return (inputs.T * (share * expit(z) * expit(-z))) @ inputs

        start = np.array([scale, centre])
        options = {"gtol": 1e-10}
        slope, intercept = minimize(
            loss, start, jac=True, hess=curvature, method="trust-exact", options=options
        ).x
        if slope < 0:  # Then the best map that does not decrease is constant.
            slope, intercept = 0.0, logit(share @ target)
        return cls(slope / scale, intercept - slope / scale * centre)

    def __call__(self, proba):
        return expit(self.slope * _logit(proba) + self.intercept)


def _temperature(proba, truth, weight):
    """Learn the most likely inverse temperature: a slope without an intercept."""
    scores = _logit(proba)

    def gain(slope):
        return weight @ ((truth - expit(slope * scores)) * scores)

    return _Sigmoid(_best_slope(gain), 0.0)


class _Softmax:
    """Logarithms of classes' probabilities, (n, n_classes), times the inverse temperature."""

    def __init__(self, slope):
        self.slope = slope

    @classmethod
    def learn(cls, proba, states, weight):
        """Learn the most likely temperature from the rows that were predicted; 1 without any."""
        usable = ~np.isnan(proba).any(axis=1)
        proba, truth = proba[usable], states[usable] == POSITIVE
        weight = np.ones(len(proba)) if weight is None else weight[usable]
        scores = _log(proba)

        def gain(slope):
            return weight @ ((truth - cls(slope)(proba)) * scores).sum(axis=1)

        return cls(_best_slope(gain) if len(proba) else 1.0)

    def __call__(self, proba):
        return softmax(self.slope * _log(proba), axis=1)


def _log(proba):
    return np.log(np.clip(np.asarray(proba, dtype=np.float64), _MARGIN, 1.0))


def _best_slope(gain):
    """The slope within the bounds at which `gain`, a decreasing derivative, is nearest to 0."""
    least, most = _SLOPES
    if gain(least) <= 0:
        return least
    return most if gain(most) >= 0 else brentq(gain, least, most, xtol=1e-12)
