"""The methods that every estimator has: predictions, scores and label sets, given known labels."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from sklearn_ctran._adapters import label_sets
from sklearn_ctran._adapters.questions import Questions
from sklearn_ctran._labels.known import encode_known_classes
from sklearn_ctran._labels.states import in_order, read_states
from sklearn_ctran._persistence.savable import Savable
from sklearn_ctran._task import LabelTask
from sklearn_ctran._utils.checks import check_count, check_predicted
from sklearn_ctran._utils.documentation import DocumentationLink
from sklearn_ctran._utils.frames import columns_of, to_frame
from sklearn_ctran._utils.rows import check_rows, names_of_rows
from sklearn_ctran._utils.typing import DataFrame, Images, KnownLabels, Labels, RandomState
from sklearn_ctran.metrics._inputs import read_entries
from sklearn_ctran.metrics._ranking import average_precisions, mean_of_labels
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN


@dataclass(slots=True)
class LabelTags(Tags):
    """scikit-learn's tags and one more.

    Attributes
    ----------
    uses_known_labels : bool
        Whether known labels change the predictions of other labels.
    """

    uses_known_labels: bool = True


class LabelPredictions(Savable, DocumentationLink, ClassifierMixin):
    """The methods of the protocol, for an estimator that holds a :class:`LabelTask` as ``task_``.

    A subclass defines ``_read_X(X)``, which checks `X` and returns something that has a length,
    and ``_logits(data, states)``. If its probabilities are not those of its logits, it defines
    ``_answer(data, states)`` too.
    """

    task_: LabelTask

    @property
    def classes_(self) -> np.ndarray:
        """``[[0, 1]] * n_labels``, or the classes of a 1-D `y`."""
        return self.task_.classes

    @property
    def label_names_(self) -> np.ndarray:
        """Names of the labels, ndarray of shape (n_labels,)."""
        return self.task_.names

    @property
    def n_labels_(self) -> int:
        """Number of labels."""
        return self.task_.n_labels

    @property
    def extra_label_names_(self) -> np.ndarray:
        """Names of the extra labels, ndarray of shape (n_extra_labels,)."""
        return self.task_.extra_names

    @property
    def label_groups_(self) -> dict[Any, tuple[Any, ...]]:
        """Name of a group -> tuple of the names of its labels."""
        return self.task_.groups

    def predict_proba(
        self, X: Images, known_labels: KnownLabels = None, extra_labels: KnownLabels = None
    ) -> np.ndarray:
        """Probability of each label, given the image and its known labels.

        Parameters
        ----------
        X : array-like
            As in `fit`.
        known_labels : array-like of shape (n_samples, n_labels), DataFrame or dict, default=None
            1 where the label applies, 0 where it does not, -1 or NaN where unknown. A DataFrame
            has some label names (never positions) as columns; a dict maps a label name to a
            column or to one value for all rows. The name of one of `label_groups` stands for all
            its labels: its value is the label that applies, or a tuple or set of labels that
            apply, for all rows or row by row. None: nothing is known.
        extra_labels : array-like of shape (n_samples, n_extra_labels), DataFrame or dict, \
                default=None
            Known extra labels, in the same forms.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_labels), float32, or float64 from baselines
            P(label = 1) in [0, 1]; a known label is exactly 0.0 or 1.0. For a 1-D `y`, one column
            per class of `classes_`, and rows sum to 1.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError, FileNotFoundError
            If an argument cannot be used, or known labels contradict the label rules.
        """
        return self._answer_rows(
            X, known_labels, extra_labels, lambda *data: self._answer(*data)[0][:, : self.n_labels_]
        )

    def predict_proba_frame(
        self, X: Images, known_labels: KnownLabels = None, extra_labels: KnownLabels = None
    ) -> DataFrame:
        """Probability of each label, as a data frame with the names of rows and labels.

        Parameters
        ----------
        X : array-like
            As in `fit`.
        known_labels, extra_labels : array-like, DataFrame or dict, default=None
            As in :meth:`predict_proba`.

        Returns
        -------
        proba : pandas.DataFrame of shape (n_samples, n_labels)
            What :meth:`predict_proba` returns. The columns are `label_names_`. The index has the
            paths in `X`, else the index of the first data frame among the arguments that has one,
            else positions.

        Raises
        ------
        ImportError
            If pandas is not installed.
        ValueError, TypeError, FileNotFoundError
            As :meth:`predict_proba`.

        See Also
        --------
        sklearn_ctran.datasets.save_predictions : Write it into a file.
        """
        proba = self.predict_proba(X, known_labels, extra_labels)
        index = names_of_rows(X, known_labels, extra_labels)
        return to_frame(proba, index=index, columns=self.label_names_)

    def predict_extra_proba(
        self, X: Images, known_labels: KnownLabels = None, extra_labels: KnownLabels = None
    ) -> np.ndarray:
        """Probability of each extra label, given the image and its known labels.

        Parameters
        ----------
        X : array-like
            As in `fit`.
        known_labels, extra_labels : array-like, DataFrame or dict, default=None
            As in :meth:`predict_proba`.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_extra_labels), float32, or float64 from baselines
            In the order of `extra_label_names_`; a known label is exactly 0.0 or 1.0.

        Raises
        ------
        ValueError
            If the estimator was fitted without extra labels.
        """
        check_is_fitted(self)
        if not self.task_.n_extra:
            raise ValueError("The estimator was fitted without extra labels.")
        return self._answer_rows(
            X, known_labels, extra_labels, lambda *data: self._answer(*data)[0][:, self.n_labels_ :]
        )

    def _read_X(self, X):
        """Check `X`; a subclass defines it."""
        raise NotImplementedError

    def _logits(self, data, states):
        """Logits (n_samples, all labels) of what ``_read_X`` returned; a subclass defines it."""
        raise NotImplementedError

    def _answer(self, data, states):
        """Probabilities and logits of what ``_read_X`` returned."""
        logits = self._logits(data, states)
        return self.task_.probabilities(logits, states), logits

    def _read(self, X, known_labels, extra_labels):
        """What ``_read_X`` returns, and the known and implied states of its rows."""
        check_is_fitted(self)
        check_rows(X=X, known_labels=known_labels, extra_labels=extra_labels)
        data = self._read_X(X)
        return data, self.task_.states(known_labels, extra_labels, len(data))

    def _answer_rows(self, X, known_labels, extra_labels, answer):
        """``answer(data, states)``, an array, of what :meth:`_read` returns.

        An estimator of images may put NaN into the rows of images that cannot be read.
        """
        return answer(*self._read(X, known_labels, extra_labels))

    def decision_function(
        self, X: Images, known_labels: KnownLabels = None, extra_labels: KnownLabels = None
    ) -> np.ndarray:
        """Logit of each label: positive where the label is more likely than not.

        Parameters
        ----------
        X : array-like
            As in `fit`.
        known_labels, extra_labels : array-like, DataFrame or dict, default=None
            As in :meth:`predict_proba`.

        Returns
        -------
        logits : ndarray of shape (n_samples, n_labels), or (n_samples,) for two classes, float32
            The largest or the least finite float32 where a label is known. For a 1-D `y`,
            probabilities are the softmax of a row.
        """

        def decide(data, states):
            return self.task_.decision_values(self._logits(data, states), states)

        return self._answer_rows(X, known_labels, extra_labels, decide)

    def predict(
        self,
        X: Images,
        known_labels: KnownLabels = None,
        extra_labels: KnownLabels = None,
        decoding: Literal["independent", "greedy", "beam"] = "independent",
        beam_width: int = 4,
    ) -> np.ndarray:
        """The labels, or the class, of each image.

        Parameters
        ----------
        X : array-like
            As in `fit`.
        known_labels, extra_labels : array-like, DataFrame or dict, default=None
            As in :meth:`predict_proba`.
        decoding : {"independent", "greedy", "beam"}, default="independent"
            "independent": each label by its own probability, which gets most labels right.
            "greedy": the label that the model is most certain of is fixed and fed back as known,
            and so on; this is a classifier chain whose order depends on the image. "beam": each of
            the `beam_width` most probable sets so far is continued with its next label negative
            and positive. Both look for the one most probable set of labels, and predict again
            after each label (all that are 99 % certain are fixed together). For a 1-D `y` all
            three are the same.
        beam_width : int, default=4
            For "beam".

        Returns
        -------
        y : ndarray of shape (n_samples, n_labels), int64, or (n_samples,)
            1 where the probability is above 0.5. Labels that rules connect to an exactly-one
            group are those of their most probable set that obeys the rules. Known labels stay as
            they are. For a 1-D `y`, the most probable class.

        Raises
        ------
        ValueError
            As :meth:`predict_proba`, and for another `decoding` or `beam_width`.
        """
        check_is_fitted(self)
        if decoding not in ("independent", "greedy", "beam"):
            raise ValueError(
                f"decoding must be 'independent', 'greedy' or 'beam', got {decoding!r}."
            )
        check_count("beam_width", beam_width)
        if decoding != "independent" and not self.task_.exclusive:
            questions = Questions(self, X, known_labels, extra_labels)
            return label_sets.decode(questions, 1 if decoding == "greedy" else beam_width)

        def decide(data, states):
            proba, logits = self._answer(data, states)
            return self.task_.decide(proba, logits, states)

        return self._answer_rows(X, known_labels, extra_labels, decide)

    def sample_labels(
        self,
        X: Images,
        n_samples: int = 1,
        known_labels: KnownLabels = None,
        extra_labels: KnownLabels = None,
        *,
        n_sweeps: int = 1,
        random_state: RandomState = None,
    ) -> np.ndarray:
        """Draw whole label sets from the model's distribution.

        The labels of a set are drawn one by one, in a random order, each given those drawn before.
        Then Gibbs sweeps draw each label again given all others.

        Parameters
        ----------
        X : array-like
            As in `fit`.
        n_samples : int, default=1
            Sets to draw for each image.
        known_labels, extra_labels : array-like, DataFrame or dict, default=None
            As in :meth:`predict_proba`. Known labels stay; extra labels are not drawn.
        n_sweeps : int, default=1
            Gibbs sweeps. Each set costs ``n_labels * (1 + n_sweeps)`` predictions.
        random_state : int, RandomState instance or None, default=None
            Seeds the draws.

        Returns
        -------
        labels : ndarray of shape (n_images, n_samples, n_labels), int64
            Each obeys the label rules. For a 1-D `y`, classes, of shape (n_images, n_samples).

        Raises
        ------
        ValueError
            As :meth:`predict_proba`, and for other `n_samples` or `n_sweeps`.
        """
        check_is_fitted(self)
        check_count("n_samples", n_samples)
        check_count("n_sweeps", n_sweeps, least=0)
        rng = check_random_state(random_state)
        if self.task_.exclusive:
            proba = self.predict_proba(X, known_labels, extra_labels).astype(np.float64)
            check_predicted(proba)
            cumulative = proba.cumsum(axis=1)
            draws = rng.random_sample((len(proba), n_samples, 1)) * cumulative[:, None, -1:]
            return self.classes_[(draws >= cumulative[:, None]).sum(axis=2)]
        questions = Questions(self, X, known_labels, extra_labels)
        return label_sets.sample(questions, n_samples, n_sweeps, rng)

    def log_score(
        self, X: Images, y: Labels | Mapping[Any, Any], extra_labels: KnownLabels = None
    ) -> np.ndarray:
        """Log-probability of each given label, given the image and all other given labels.

        Its sum over a row is the pseudo-log-likelihood (Besag, 1975) of the row's label set.

        Parameters
        ----------
        X : array-like
            As in `fit`.
        y : array-like of shape (n_samples, n_labels) or (n_samples,)
            The label sets, in any form of `known_labels`. Entries that are -1, NaN or None are
            unknown to the model and not scored; -1 may be a class.
        extra_labels : array-like, DataFrame or dict, default=None
            As in :meth:`predict_proba`.

        Returns
        -------
        log_score : ndarray of shape (n_samples, n_labels), float64
            At most 0; NaN where `y` has no label. For a 1-D `y`, of shape (n_samples,), given the
            image and extra labels.

        Raises
        ------
        ValueError
            As :meth:`predict_proba`, of `y` too, and for a class that is not in `classes_`.
        """
        check_is_fitted(self)
        if not self.task_.exclusive:
            questions = Questions(self, X, y, extra_labels, what=("y", "extra_labels"))
            return label_sets.pseudo_log_likelihood(questions)
        check_rows(X=X, y=y)
        proba = self.predict_proba(X, None, extra_labels).astype(np.float64)
        states = encode_known_classes(y, self.classes_)
        check_consistent_length(proba, states)
        with np.errstate(divide="ignore"):
            scores = np.log(proba[np.arange(len(states)), states.argmax(axis=1)])
        return np.where(states[:, 0] == UNKNOWN, np.nan, scores)

    def score(
        self,
        X: Images,
        y: Labels,
        known_labels: KnownLabels = None,
        extra_labels: KnownLabels = None,
        sample_weight: ArrayLike | None = None,
    ) -> float:
        """Mean average precision over labels, or accuracy for a 1-D `y`.

        Parameters
        ----------
        X : array-like
            As in `fit`.
        y : array-like of shape (n_samples, n_labels) or (n_samples,)
            The truth; -1 or NaN entries do not count. Columns of a data frame are matched by name.
        known_labels, extra_labels : array-like, DataFrame or dict, default=None
            As in :meth:`predict_proba`. Only unknown entries of `y` are scored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
            In [0, 1]. Labels without a positive among the scored entries are left out, with an
            ``UndefinedMetricWarning`` unless all their entries are known. For a 1-D `y`, rows
            whose class is known are left out.

        Raises
        ------
        ValueError
            If an argument cannot be used, the columns of a data frame `y` are not the labels of
            `fit`, or there is nothing to score.
        """
        check_is_fitted(self)
        known = {"known_labels": known_labels, "extra_labels": extra_labels}
        check_rows(X=X, y=y, sample_weight=sample_weight, **known)
        proba = self.predict_proba(X, **known)
        check_consistent_length(proba, y, sample_weight)
        given = self.task_.given_states(known_labels, extra_labels, len(proba))[:, : self.n_labels_]
        is_predicted = ~np.isnan(proba).any(axis=1)  # Images that cannot be read are left out.
        if self.task_.exclusive:
            scored = (given != POSITIVE).all(axis=1) & is_predicted
            if isinstance(y, np.ma.MaskedArray):
                scored &= ~np.ma.getmaskarray(y)
            if not scored.any():
                raise ValueError("known_labels has the class of every row: nothing to score.")
            if sample_weight is not None:
                sample_weight = np.asarray(sample_weight)[scored]
            predicted = self.classes_[proba[scored].argmax(axis=1)]
            score = accuracy_score(np.asarray(y)[scored], predicted, sample_weight=sample_weight)
            return float(score)
        y = y.toarray() if hasattr(y, "toarray") else y
        if columns_of(y, "y") is not None:
            y = in_order(y, self.label_names_)
        truth = read_states(y, self.label_names_, "y")
        truth[~is_predicted] = UNKNOWN
        proba = np.where(is_predicted[:, None], proba, 0.0)
        entries = read_entries(truth, proba, given, sample_weight, names=self.label_names_)
        return mean_of_labels(average_precisions(entries), entries)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return LabelTags(**{field.name: getattr(tags, field.name) for field in fields(tags)})
