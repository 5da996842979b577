"""Predictions of labels that were not in training, by vectors that say what labels mean."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.special import expit
from sklearn.utils.validation import check_is_fitted

from sklearn_ctran._images.tokens import EncodedImages
from sklearn_ctran._labels.embeddings import read_label_embeddings
from sklearn_ctran._labels.known import encode_known_labels
from sklearn_ctran._labels.weights import log_odds, read_pos_weight
from sklearn_ctran._memory.added_labels import AddedLabels, learn_from_examples
from sklearn_ctran._memory.label_text import LabelText
from sklearn_ctran._neural.base import NeuralMultilabelClassifier
from sklearn_ctran._utils.devices import plain_torch
from sklearn_ctran._utils.names import as_names, did_you_mean, listed
from sklearn_ctran._utils.rows import check_rows
from sklearn_ctran._utils.typing import Images, KnownLabels, Labels, Self
from sklearn_ctran.modules.label_states import UNKNOWN


class AnswersNewLabels(NeuralMultilabelClassifier):
    """An estimator of images with the constructor parameter `label_embeddings`."""

    label_embeddings: object
    # Models without texts, and those of older files, have neither of their own.
    label_text_: LabelText | None = None
    _added: AddedLabels | None = None

    @property
    def added_label_names_(self) -> np.ndarray:
        """Names of the labels added since the fit, ndarray of shape (n_added,)."""
        return as_names([]) if self._added is None else self._added.names

    def predict_proba(
        self,
        X: Images,
        known_labels: KnownLabels = None,
        extra_labels: KnownLabels = None,
        *,
        labels: ArrayLike | None = None,
        label_embeddings: ArrayLike | dict[Any, ArrayLike] | None = None,
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
            apply, for all rows or row by row. None: nothing is known. Only labels of `fit` can be
            known.
        extra_labels : array-like of shape (n_samples, n_extra_labels), DataFrame or dict, \
                default=None
            Known extra labels, in the same forms.
        labels : array-like of shape (n_wanted,), default=None
            Names of the labels to predict: labels of `fit`, added labels (:meth:`add_labels`) and
            new ones, which `label_embeddings` describes. None: the labels of `fit`.
        label_embeddings : array-like of shape (n_wanted, n_dimensions), dict or DataFrame, \
                default=None
            Vectors of the new labels, from the same source as those of `fit`. An array has a row
            for each of `labels`; a dict, or a DataFrame with names as its index, need only have
            the new ones.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_labels) or (n_samples, n_wanted), float32
            P(label = 1) in [0, 1]; a known label is exactly 0.0 or 1.0. For a 1-D `y`, one column
            per class of `classes_`, and rows sum to 1. Those of new and added labels rank images
            better than they say how often the label applies: nothing says how common it is, and
            they start from the median of the labels of `fit`.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError, FileNotFoundError
            If an argument cannot be used, or known labels contradict the label rules; if a new
            label has no vector, or the estimator was fitted without `label_embeddings`.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn.datasets import make_multilabel_classification
        >>> from sklearn_ctran import CTranClassifier
        >>> X, Y = make_multilabel_classification(random_state=0)
        >>> texts = np.random.RandomState(0).normal(size=(5, 8))
        >>> model = CTranClassifier(None, max_epochs=1, label_embeddings=texts).fit(X, Y)
        >>> new = {"new": texts[0] + texts[1]}
        >>> model.predict_proba(X[:3], labels=[0, "new"], label_embeddings=new).shape
        (3, 2)
        """
        if labels is None:
            if label_embeddings is not None:
                raise ValueError(
                    "label_embeddings describes the new labels among `labels`, which is None: name "
                    "the labels to predict, as labels=['zebra']."
                )
            return super().predict_proba(X, known_labels, extra_labels)
        check_is_fitted(self)
        names = _different(labels, "labels")
        texts = self._new_texts(names, label_embeddings)

        def answer(data, states):
            return self._wanted_probabilities(names, texts, self._encoded_once(data), states)

        return self._answer_rows(X, known_labels, extra_labels, answer)

    def add_labels(
        self: Self,
        names: ArrayLike,
        embeddings: ArrayLike | dict[Any, ArrayLike],
        X: Images | None = None,
        y: Labels | Mapping[Any, Any] | None = None,
    ) -> Self:
        """Add labels to the fitted model, from text alone or from a few examples too.

        Nothing is trained, and the labels that the model has keep their answers to the last digit.
        ``predict_proba(X, labels=names)`` predicts added labels; without `labels` it returns those
        of `fit`, as all other methods do. Another `fit` forgets them.

        Parameters
        ----------
        names : array-like of shape (n_added,)
            Names of the new labels.
        embeddings : array-like of shape (n_added, n_dimensions), dict or DataFrame
            A vector for each of them, from the same source as `label_embeddings`. A dict, or a
            DataFrame with names as its index, may hold others too.
        X : array-like, default=None
            Examples, as in `fit`; the model needs a memory then. None: the text decides alone.
        y : array-like of shape (n_samples, n_added), DataFrame or dict, default=None
            1 where the label applies to the example, 0 where not, -1 or NaN where nobody knows; in
            the forms of `known_labels`. With more positive examples they weigh more than the text;
            a label without any is predicted from its text.

        Returns
        -------
        self : object
            The estimator, which then has these labels.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError, FileNotFoundError
            If it was fitted without `label_embeddings`, or with ``memory=None`` and there are
            examples; if it has a label of one of the names; if a label has no vector, or one of
            another length; if only one of `X` and `y` is given, or one cannot be used.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn.datasets import make_multilabel_classification
        >>> from sklearn_ctran import CTranClassifier
        >>> X, Y = make_multilabel_classification(n_classes=6, random_state=0)
        >>> texts = np.random.RandomState(0).normal(size=(6, 8))
        >>> model = CTranClassifier(None, max_epochs=1, label_embeddings=texts[:5])
        >>> model = model.fit(X[:80], Y[:80, :5])
        >>> model = model.add_labels(["sixth"], texts[5:], X[80:90], Y[80:90, 5:])
        >>> model.predict_proba(X[90:], labels=["sixth", 0]).shape
        (10, 2)
        """
        check_is_fitted(self)
        added_names = _different(names, "names")
        here = {*self.label_names_.tolist(), *self.extra_label_names_.tolist()}
        here |= {*self.added_label_names_.tolist()}
        there = [name for name in added_names.tolist() if name in here]
        if there:
            raise ValueError(f"The model has labels of these names already: {listed(there)}.")
        if (X is None) != (y is None):
            raise ValueError("X and y are the examples and their labels: give both, or neither.")
        self._check_text()
        vectors = self._check_length(read_label_embeddings(embeddings, added_names, "embeddings"))
        added = AddedLabels(added_names, vectors, *self._learn_from_examples(added_names, X, y))
        self._added = added if self._added is None else self._added.and_(added)
        return self

    # --------------------------------------------------------------------- fit

    def _read_label_embeddings(self, true_states, sample_weight):
        # Without texts the estimator, and its file, is as if there were no such thing.
        vars(self).pop("label_text_", None)
        vars(self).pop("_added", None)
        if self.label_embeddings is None:
            return
        task = self.task_
        if task.exclusive:
            raise ValueError(
                "label_embeddings is for a table of labels: the classes of a 1-D y rule each other "
                "out, and leave no probability to a new label. Pass one column for each class."
            )
        prior = log_odds(true_states, sample_weight)
        pos_weight = read_pos_weight(
            self.pos_weight, prior, task.all_names, task.n_labels, task.rules.bound
        )
        embeddings = read_label_embeddings(self.label_embeddings, task.names)
        shift = np.log(pos_weight)
        n = task.n_labels
        self.label_text_ = LabelText.learn(
            embeddings, (prior + shift)[:n], shift[:n], true_states[:, :n], sample_weight
        )

    def _new_module(self, data):
        module = super()._new_module(data)
        if self.label_text_ is not None:
            module.label_embedding.start_from(torch.from_numpy(self.label_text_.vectors))
        return module

    # -------------------------------------------------------------- prediction

    def _wanted_probabilities(self, names, texts, data, states):
        """Probabilities (n_samples, n_wanted) of what ``_read_X`` returned."""
        proba, told = self._answer(data, states)
        columns = dict(zip(self.label_names_.tolist(), proba.T, strict=False))
        asked = [name for name in names.tolist() if name not in columns]
        if asked:
            logits = told
            if (states != UNKNOWN).any():
                logits = self._logits(data, np.full_like(states, UNKNOWN))
            vectors = self._text_of(asked, texts)
            seen = (each[:, : self.n_labels_] for each in (logits, told, states))
            recalled = self._recalled(vectors, data, states)
            by_text = self.label_text_.logits(vectors, *seen, recalled)
            new = self._with_examples(by_text, asked, data)
            columns |= dict(zip(asked, expit(new).T, strict=True))
        wanted = [columns[name] for name in names.tolist()]
        return np.stack(wanted, axis=1).astype(np.float32, copy=False)

    def _encoded_once(self, data):
        """What ``_read_X`` returned, encoded if each question would else do that anew."""
        if data is None or self.memory_ is None or isinstance(data, EncodedImages):
            return data
        with plain_torch():
            return EncodedImages(self._encoded(data), self._encoding_key(), None, None)

    def _recalled(self, vectors, data, states):
        """What the memory says of labels with these vectors (n_samples, n_new), or None."""
        if self.memory_ is None or data is None:
            return None
        with plain_torch():
            summaries = self._summaries(data, self._prediction_source(data))
            return self.label_text_.recalled(vectors, self.memory_, summaries, states)

    def _text_of(self, asked, texts):
        added = {} if self._added is None else self._added.by_name()
        return np.stack([added[name] if name in added else texts[name] for name in asked])

    def _with_examples(self, logits, asked, data):
        """Logits (n_samples, n_asked) by text and by the examples that added labels have."""
        if self._added is None or self.memory_ is None or data is None:
            return logits
        start = self.label_text_.start
        given = self._added.logits(self._directions(data))
        for column, name in enumerate(self._added.names.tolist()):
            if name in asked:
                share = self._added.text_share[column]
                by_text = logits[:, asked.index(name)]
                logits[:, asked.index(name)] = (
                    share * by_text + (1 - share) * start + given[:, column]
                )
        return logits

    def _directions(self, data):
        """Vectors (n_samples, n_directions) of images in the memory's space."""
        with plain_torch():
            summaries = self._summaries(data, self._prediction_source(data))
            return self.memory_.likeness(summaries[np.arange(len(summaries))])

    # ----------------------------------------------------------------- reading

    def _learn_from_examples(self, names, X, y):
        """What :func:`learn_from_examples` returns; the text alone counts without examples."""
        n_directions = 0 if self.memory_ is None else self.memory_.vectors.shape[1]
        if X is None:
            n = len(names)
            slopes, offsets, text_share = np.zeros((n, n_directions)), np.zeros(n), np.ones(n)
            return tuple(each.astype(np.float32) for each in (slopes, offsets, text_share))
        if self.memory_ is None:
            raise ValueError(
                "Examples need the memory of the training rows, but the estimator was fitted with "
                "memory=None: add the labels without X and y, or fit with memory='auto'."
            )
        check_rows(X=X, y=y)

        def use(images, rows, n_images):
            data = self._read_X(images)
            states = encode_known_labels(y, len(data), names, what="y")
            remembered = self.memory_.vectors.float().numpy()
            return learn_from_examples(remembered, self._directions(data), states)

        return self._with_readable(X, use, on_error="raise").result

    def _new_texts(self, names, label_embeddings):
        """Name -> vector of each label that is neither of the fit nor added."""
        known = [*self.label_names_.tolist(), *self.added_label_names_.tolist()]
        new = [name for name in names.tolist() if name not in known]
        if not new:
            return {}
        self._check_text()
        if label_embeddings is None:
            raise ValueError(
                f"labels names {listed(new)}, not among the labels of fit or add_labels."
                f"{did_you_mean(new[0], known)} Give vectors of new labels as label_embeddings."
            )
        is_by_name = isinstance(label_embeddings, Mapping) or hasattr(label_embeddings, "iloc")
        described = as_names(new) if is_by_name else names
        vectors = self._check_length(read_label_embeddings(label_embeddings, described))
        return dict(zip(described.tolist(), vectors, strict=True))

    def _check_text(self):
        if self.label_text_ is None:
            raise ValueError(
                "New labels need vectors of the labels of fit, but the estimator was fitted "
                "without them: pass label_embeddings to the constructor and fit."
            )

    def _check_length(self, vectors):
        n_dimensions = self.label_text_.n_dimensions
        if vectors.shape[1] != n_dimensions:
            raise ValueError(
                f"The vectors of new labels have {vectors.shape[1]} numbers, those of fit "
                f"{n_dimensions}: take both from the same source."
            )
        return vectors


def _different(names, what):
    """Names as an array; raises ValueError if there are none, or one twice."""
    names = as_names(names)
    listed_names = names.tolist()
    if not listed_names:
        raise ValueError(f"{what} is empty: name at least one label.")
    twice = sorted({name for name in listed_names if listed_names.count(name) > 1}, key=str)
    if twice:
        raise ValueError(f"{what} has these names twice: {listed(twice)}.")
    return names
