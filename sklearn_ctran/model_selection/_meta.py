"""Base of meta-estimators that learn from out-of-fold probabilities."""

from dataclasses import replace
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import get_tags, indexable
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils.validation import _num_samples, check_consistent_length, check_is_fitted

from sklearn_ctran._adapters.probabilities import predict_proba
from sklearn_ctran._adapters.questions import task_of
from sklearn_ctran._adapters.samples import Samples, fit
from sklearn_ctran._adapters.unwrap import fit_target, unwrap
from sklearn_ctran._labels.states import in_order
from sklearn_ctran._labels.targets import encode_extra_labels, encode_targets
from sklearn_ctran._labels.weights import NO_POSITIVE, check_sample_weight
from sklearn_ctran._protocol import LabelPredictions
from sklearn_ctran._utils.checks import check_predicted
from sklearn_ctran._utils.fit_tasks import as_task, begin_fit, end_fit, inner_task
from sklearn_ctran._utils.frames import columns_of
from sklearn_ctran._utils.names import listed
from sklearn_ctran._utils.rows import check_rows
from sklearn_ctran._utils.sklearn_compat import CallbackSupportMixin, fit_context
from sklearn_ctran._utils.transactions import all_or_nothing
from sklearn_ctran._utils.typing import ExtraLabels, Images, KnownLabels, Labels, Self
from sklearn_ctran._utils.warnings import each_once, warn
from sklearn_ctran.model_selection._out_of_fold import out_of_fold, renumber_folds
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN


class LearnedOutOfFold(MetaEstimatorMixin, LabelPredictions, CallbackSupportMixin, BaseEstimator):
    """Base of meta-estimators: fitting, and predictions by a threshold for each label.

    A subclass has the parameters declared here. It defines ``_learn``, ``_transform`` and
    ``_cuts``, the probability above which a label is positive, which broadcasts to n_labels.
    """

    estimator: object
    cv: object
    n_jobs: object
    random_state: object
    verbose: int
    _cuts: object

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "cv": ["cv_object", StrOptions({"prefit"})],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self: Self,
        X: Images,
        y: Labels,
        extra_labels: ExtraLabels = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Learn from out-of-fold probabilities, then fit the estimator on everything.

        Parameters
        ----------
        X : array-like
            Images, in whatever form the estimator takes them.
        y : array-like, sparse matrix or DataFrame of shape (n_samples, n_labels), or (n_samples,)
            1, 0, and -1 or NaN where nobody annotated the label, if the estimator can learn from
            such; these entries are left out here. One dimension: one class a sample.
        extra_labels : array-like, sparse matrix, DataFrame or dict, default=None
            As in the estimator's `fit`. Held-out rows are predicted with them known, so what is
            learned is for predictions with known extra labels.
        sample_weight : array-like of shape (n_samples,), default=None
            At least 0. A row of weight 2 counts like two rows in the same fold, one of weight 0
            like none: it is left out of everything. Give them a mean of about 1; of a sum of 1,
            say, `fit` warns. Passed to the estimator's `fit`, of a Pipeline
            to its last step (with metadata routing enabled, to the steps that request it); for
            ``cv="prefit"`` they count in what is learned here only.

        Returns
        -------
        self : object
            Fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If an argument cannot be used, or not by the estimator's `fit`; and whatever the
            estimator raises.
        NotFittedError
            For ``cv="prefit"``, if the estimator is not fitted.

        Warns
        -----
        UserWarning
            If a label has nothing to learn from, or a fold has nothing to learn it from; names the
            labels. If weights sum to next to nothing.
        """
        self._check_params()
        begin_fit(self, X, y, sample_weight)
        samples, cv = self._read_samples(X, y, extra_labels, sample_weight)
        with all_or_nothing(self):
            self._estimators, learned = self._fit_and_learn(samples, cv)
            final, _ = unwrap(self._estimators[0])  # All of them have one task.
            self.task_ = task_of(final, samples.targets)
            self.estimator_ = self._estimators[0] if len(self._estimators) == 1 else None
            vars(self).update(learned)
        end_fit(self, X, y, sample_weight)
        return self

    def _fit_and_learn(self, samples, cv):
        """The estimators to predict with, which here is one, and what was learned, as a dict."""
        learned = self._learn(samples, lambda: self._held_out(samples, cv))
        estimator = self.estimator
        if not self._is_prefit():
            estimator = clone(estimator)
            task = as_task(inner_task(self, "fit-all"), self, estimator, samples.X, samples.y)
            with task, each_once(leave_out=NO_POSITIVE):  # What was learned has named these labels.
                fit(estimator, samples)
        return [estimator], learned

    def _read_samples(self, X, y, extra_labels, sample_weight):
        """What counts, and `cv` in numbers of its rows."""
        check_rows(X=X, y=y, extra_labels=extra_labels, sample_weight=sample_weight)
        cv = 5 if self.cv is None else self.cv
        y = self._in_order(y)
        targets = encode_targets(y)
        extra, names = encode_extra_labels(extra_labels)
        check_consistent_length(X, targets.states, extra)
        X, y = indexable(X, y)
        if extra is not None:
            extra = dict(zip(names.tolist(), extra.T, strict=True))
        samples = Samples(X, y, targets, extra)
        if sample_weight is not None:
            weight = check_sample_weight(sample_weight, targets.states)
            samples = replace(samples, sample_weight=weight)
            rows = np.flatnonzero(weight)
            if len(rows) < len(weight):
                samples = samples.take(rows)
                samples = replace(samples, targets=encode_targets(samples.y))
                cv = renumber_folds(cv, rows, len(weight))
        if self._is_prefit():
            targets = _as_fitted(samples.targets, self.estimator)
            samples = replace(samples, targets=targets)
        return samples, cv

    def _in_order(self, y):
        """`y` with its columns in the order of the estimator, if that was fitted before."""
        final, _ = unwrap(self.estimator)
        names = getattr(final, "label_names_", None)
        columns = columns_of(y)
        if names is None or columns is None or np.ndim(final.classes_) == 1:
            return y
        is_frozen = isinstance(fit_target(self.estimator)[0], FrozenEstimator)
        # A frozen one may have other names for the labels.
        is_reordered = is_frozen and set(columns) == set(names)
        return in_order(y, names) if self._is_prefit() or is_reordered else y

    def _is_prefit(self):
        return isinstance(self.cv, str)

    def _held_out(self, samples, cv):
        """Probabilities of samples that the estimator was not fitted on, NaN if worth nothing."""
        if self._is_prefit():
            return predict_proba(
                self.estimator, samples.X, samples.targets, extra_labels=samples.extra_labels
            )
        return self._out_of_fold(samples, cv)[0]

    def _out_of_fold(self, samples, cv, keep=False):
        return out_of_fold(
            self.estimator,
            samples,
            cv=cv,
            n_jobs=self.n_jobs,
            random_state=self.random_state,
            keep=keep,
            verbose=self.verbose,
            caller=self,
        )

    def _check_params(self):
        """Raise a ValueError for parameters that do not go together."""

    def _learn(self, samples, held_out):
        """Fitted attributes, as a dict, learned from probabilities (n_samples, n_labels).

        These are what ``held_out()`` returns.
        """
        raise NotImplementedError

    def _transform(self, probas):
        """Probabilities of the meta-estimator from those of its estimators, one each in a list."""
        raise NotImplementedError

    @property
    def n_features_in_(self) -> int:
        """Number of features, if the estimator has it."""
        return self._estimators[0].n_features_in_

    @property
    def feature_names_in_(self) -> np.ndarray:
        """Names of the features, if the estimator has them."""
        return self._estimators[0].feature_names_in_

    # ------------------------------------------------------------- prediction

    def predict_proba(
        self, X: Images, known_labels: KnownLabels = None, extra_labels: KnownLabels = None
    ) -> np.ndarray:
        """Probability of each label, given the image and what is known of it.

        Parameters
        ----------
        X : array-like
            As in `fit`.
        known_labels, extra_labels : array-like, DataFrame or dict, default=None
            Known labels, in the forms that estimators of this package take. If the estimator's
            ``predict_proba`` does not take `known_labels`, they only replace its predictions.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_labels), of the estimator's float type
            P(label = 1) in [0, 1]; a known label is exactly 0.0 or 1.0. For a 1-D `y`, one column
            per class of `classes_`, and rows sum to 1.

        Raises
        ------
        NotFittedError
            If it is not fitted.
        ValueError
            If an argument cannot be used, or known labels contradict the estimator's rules.
        """
        return self._calibrated(X, known_labels, extra_labels)[0]

    def predict_extra_proba(
        self, X: Images, known_labels: KnownLabels = None, extra_labels: KnownLabels = None
    ) -> np.ndarray:
        """Probability of each extra label, as the estimator says.

        Parameters
        ----------
        X, known_labels, extra_labels : object
            As in :meth:`predict_proba`.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_extra_labels), float32

        Raises
        ------
        ValueError
            If the estimator was fitted without extra labels.
        """
        check_is_fitted(self)
        if not self.task_.n_extra:
            raise ValueError("The estimator was fitted without extra labels.")
        check_rows(X=X, known_labels=known_labels, extra_labels=extra_labels)
        inner = [unwrap(estimator, X) for estimator in self._estimators]
        probas = [final.predict_extra_proba(X, known_labels, extra_labels) for final, X in inner]
        return np.mean(probas, axis=0)

    def decision_function(
        self, X: Images, known_labels: KnownLabels = None, extra_labels: KnownLabels = None
    ) -> np.ndarray:
        """By how much each label's logit exceeds what makes it positive.

        Parameters
        ----------
        X, known_labels, extra_labels : object
            As in :meth:`predict_proba`.

        Returns
        -------
        decision : ndarray of shape (n_samples, n_labels), or (n_samples,) for two classes
            Of the estimator's float type. Above 0 where :meth:`predict` says 1. A known label has
            the largest or the least finite float32.
        """
        proba, states = self._calibrated(X, known_labels, extra_labels)
        # 0 - 0 and 1 - 1, whose logits are infinite.
        with np.errstate(invalid="ignore", divide="ignore"):
            surplus = np.nan_to_num(logit(proba.astype(np.float64)) - logit(self._cuts), nan=0.0)
        above = proba > self._cuts
        surplus = np.where(above, np.maximum(surplus, 1e-12), np.minimum(surplus, 0.0))
        largest = float(np.finfo(np.float32).max)
        known = np.where(states == POSITIVE, largest, -largest)
        surplus = np.where(states == UNKNOWN, surplus, known).clip(-largest, largest)
        surplus = surplus.astype(proba.dtype)  # More digits would not mean anything.
        return surplus[:, 1] if self.task_.n_classes == 2 else surplus

    # Thresholds decide label by label, so there is no `decoding`.
    def predict(  # type: ignore[override]
        self, X: Images, known_labels: KnownLabels = None, extra_labels: KnownLabels = None
    ) -> np.ndarray:
        """The labels, or the class, of each image.

        Parameters
        ----------
        X, known_labels, extra_labels : object
            As in :meth:`predict_proba`.

        Returns
        -------
        y : ndarray of shape (n_samples, n_labels), int64, or (n_samples,)
            1 where the probability is above the label's threshold; known labels, and what follows
            from them by the estimator's rules, as they are known. Rules between unknown labels are
            not looked at. For a 1-D `y` the most probable class.
        """
        proba, states = self._calibrated(X, known_labels, extra_labels)
        if self.task_.exclusive:
            return self.classes_[proba.argmax(axis=1)]
        return np.where(states == UNKNOWN, proba > self._cuts, states).astype(np.int64)

    def _calibrated(self, X, known_labels, extra_labels):
        """Probabilities, with what is known put in, and states of what is known."""
        check_is_fitted(self)
        check_rows(X=X, known_labels=known_labels, extra_labels=extra_labels)
        states = self.task_.states(known_labels, extra_labels, _num_samples(X))
        states = states[:, : self.task_.n_labels]
        probas = [
            predict_proba(estimator, X, self.task_, known_labels, extra_labels)
            for estimator in self._estimators
        ]
        check_predicted(np.sum(probas, axis=0))
        proba, dtype = self._transform(probas), probas[0].dtype
        proba = self.task_.scale_classes(proba, states)
        return np.where(states == UNKNOWN, proba, states).astype(dtype), states

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        if inner.classifier_tags is not None:
            tags.classifier_tags = inner.classifier_tags
        return tags


def _as_fitted(targets, estimator):
    """Targets under the names that a fitted estimator has for them, checked.

    Raises NotFittedError if the estimator is not fitted, ValueError if it was fitted on other
    labels or classes.
    """
    check_is_fitted(estimator)
    final, _ = unwrap(estimator)
    names = getattr(final, "label_names_", None)
    if names is None or targets.exclusive:
        return targets
    if len(names) != len(targets.names):
        raise ValueError(
            f"y has {len(targets.names)} labels, but the estimator was fitted on {len(names)}."
        )
    return replace(targets, names=np.asarray(names))


def usable_entries(proba, samples):
    """Yield what there is to learn from for each label: annotated entries that were predicted.

    `proba` (n_samples, n_labels), float64, is NaN where not predicted. Each item is
    (probability, truth, weight), arrays of float64, bool and float64; None for a label whose
    entries are not both positive and negative.
    """
    states, weight = samples.targets.states, samples.sample_weight
    weight = np.ones(len(states)) if weight is None else weight
    for label in range(states.shape[1]):
        usable = (states[:, label] != UNKNOWN) & ~np.isnan(proba[:, label])
        truth = states[usable, label] == POSITIVE
        has_both = truth.any() and not truth.all()
        yield (proba[usable, label], truth, weight[usable]) if has_both else None


def warn_nothing_learned(names, instead):
    """Warn of labels, if any, without anything to learn from, which get `instead`."""
    if len(names):
        warn(
            f"Label(s) {listed(names)} have no positive, or no negative, to learn from out of "
            f"fold: {instead}. Annotate more samples of them, or leave them out."
        )
