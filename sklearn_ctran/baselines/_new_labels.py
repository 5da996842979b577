"""Answers for labels that were not in training, from their vectors."""

from collections.abc import Callable, Mapping

import numpy as np
from scipy.special import expit
from sklearn.utils.validation import check_is_fitted

from sklearn_ctran._labels.embeddings import read_label_embeddings
from sklearn_ctran._protocol import LabelPredictions
from sklearn_ctran._utils.names import as_names, listed
from sklearn_ctran._utils.typing import Images, KnownLabels, LabelEmbeddings, LabelNames


class AnswersNewLabels(LabelPredictions):
    """``predict_proba`` for labels of ``fit`` and others.

    A subclass has the parameter `label_embeddings`, their size in ``fit`` as ``_n_dimensions``
    (None without them), and defines ``_new_logits(data, vectors, ...)``: logits (n_samples, n_new),
    ndarray, by the new labels' vectors and what else ``_told_of_new`` returns.
    """

    label_embeddings: LabelEmbeddings
    _n_dimensions: int | None
    _new_logits: Callable[..., np.ndarray]

    def predict_proba(
        self,
        X: Images,
        known_labels: KnownLabels = None,
        extra_labels: KnownLabels = None,
        *,
        labels: LabelNames | None = None,
        label_embeddings: LabelEmbeddings = None,
    ) -> np.ndarray:
        """Probability of each label, or of other labels than those in training.

        Parameters
        ----------
        X : array-like
            As in `fit`.
        known_labels, extra_labels : array-like, DataFrame or dict, default=None
            As in :meth:`CTranClassifier.predict_proba`.
        labels : sequence of label names, default=None
            The labels to answer for. Those of `fit` may be among them; they have the same answers
            as without the others. None: the labels of `fit`.
        label_embeddings : array-like of shape (n_new, n_dimensions), dict or DataFrame, \
                default=None
            Vectors of the `labels` that were not in `fit`, of the same space as those of `fit`, in
            their order or by name. None: the parameter `label_embeddings` has them too, by name.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_labels), float
            In the order of `labels`; a known label is exactly 0.0 or 1.0.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError, FileNotFoundError
            If an argument cannot be used: if a new label has no vector or one of another length, if
            the estimator was fitted on classes or without `label_embeddings`, or, of a label
            graph, if it does not say what new labels hear (a DataFrame that has them does).
        """
        if labels is None:
            if label_embeddings is not None:
                raise ValueError("label_embeddings describe new labels: name them in labels=.")
            return super().predict_proba(X, known_labels, extra_labels)
        check_is_fitted(self)
        names = as_names(labels).tolist()
        new = self._new_labels(names, label_embeddings)

        def answer(data, states):
            proba = self._answer(data, states)[0]
            columns = [*self.task_.all_names.tolist(), *new]
            both = np.hstack([proba, self._proba_of_new(data, len(states), *new.values())])
            return both[:, [columns.index(name) for name in names]]

        return self._answer_rows(X, known_labels, extra_labels, answer)

    def _new_labels(self, names, label_embeddings):
        """Name -> (vector, ...) of the names that were not in training."""
        if self.task_.exclusive:
            raise ValueError("The estimator was fitted on classes, which cannot become more.")
        twice = [name for i, name in enumerate(names) if name in names[:i]]
        if not names or twice:
            raise ValueError(
                f"labels names {listed(twice)} twice." if twice else "labels names no label."
            )
        seen = self.task_.all_names.tolist()
        new = [name for name in names if name not in seen]
        if not new:
            return {}
        if self._n_dimensions is None:
            raise ValueError(
                f"labels names {listed(new)}, which were not in fit, and the estimator was fitted "
                "without label_embeddings: it has no answer for other labels."
            )
        vectors = self._vectors_of(new, label_embeddings)
        arrays = vectors, *self._told_of_new(new, vectors)
        return {name: tuple(each[i] for each in arrays) for i, name in enumerate(new)}

    def _vectors_of(self, new, label_embeddings):
        if label_embeddings is None:
            label_embeddings = self.label_embeddings
            if not (isinstance(label_embeddings, Mapping) or hasattr(label_embeddings, "iloc")):
                raise ValueError(
                    f"labels names {listed(new)}, which were not in fit: give their vectors, "
                    "label_embeddings=."
                )
        vectors = read_label_embeddings(label_embeddings, new)
        if vectors.shape[1] != self._n_dimensions:
            raise ValueError(
                f"label_embeddings have {vectors.shape[1]} dimensions, but those of fit had "
                f"{self._n_dimensions}."
            )
        return vectors

    def _told_of_new(self, new, vectors):
        """Arrays of one row for each new label that tell more of them than their vectors."""
        return ()

    def _proba_of_new(self, data, n_samples, *new):
        """Probabilities (n_samples, n_new) of labels that were not in fit; a tuple for each."""
        if not new or data is None:
            return np.zeros((n_samples, len(new)), dtype=np.float32)
        return expit(self._new_logits(data, *(np.stack(each) for each in zip(*new, strict=True))))
