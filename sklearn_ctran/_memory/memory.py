"""The memory of a fitted model: which rows it keeps, what it learns of them, what they answer."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from sklearn_ctran._memory.copies import group_copies
from sklearn_ctran._memory.likeness import Likeness
from sklearn_ctran._memory.regression import KernelRegression
from sklearn_ctran._memory.relations import LabelRelations, deviation
from sklearn_ctran._memory.retrieval import PARAMETERS, Completed, Retrieval
from sklearn_ctran._utils.checks import check_count
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN

#: How much of the logits is the memory's beside an estimator, whose is the rest.
MEMORY_SHARE = 2 / 3
#: "auto" remembers so many rows, and so many entries of the label table.
MOST_ROWS = 20_000
MOST_ENTRIES = 1 << 26
#: Queries, and rows, whose cosines exist at a time. They stay in the processor's cache.
_QUERY_BLOCK, _ROW_BLOCK = 512, 2048
#: Weights of all rows that exist at a time, where they are wanted.
_MOST_WEIGHTS = 1 << 22
#: Operations of one evaluation of the parameters, and the queries that they are learned from.
_LEARNING = 1 << 28
_QUERIES = 32, 1500
#: Fewer rows say nothing about the parameters.
_LEAST_ROWS = 10


@dataclass
class LabelMemory(Completed):
    """Training rows that predictions recall.

    Attributes
    ----------
    rows : ndarray of shape (n_rows,), int64
        Numbers of the remembered rows in the data of the fit, in no particular order. Equal rows
        are remembered once, as the first of them.
    likeness : Likeness
    vectors : Tensor of shape (n_rows, n_directions), float16
    regression : KernelRegression
    relations : LabelRelations
    retrieval : Retrieval
    log_pos_weight : ndarray of shape (n_labels,), float32
        Added to the logits, as a loss with these weights of positive labels adds it to a network's.
    """

    rows: np.ndarray
    likeness: Likeness
    vectors: torch.Tensor
    regression: KernelRegression
    relations: LabelRelations
    retrieval: Retrieval
    log_pos_weight: np.ndarray

    @classmethod
    def learn(
        cls, features, states, weights, *, size="auto", n_classes=0, log_pos_weight=None, seed=0
    ):
        """Remember rows of training data.

        Parameters
        ----------
        features : array-like of shape (n_samples, n_features), float32 or float64
            One vector for each image; without columns where there is no image to look at.
            ``features[rows]`` is an ndarray, and only rows that may be remembered are read.
        states : ndarray of shape (n_samples, n_labels), int8
            True states.
        weights : ndarray of shape (n_samples,), float64
            Rows of weight 0 and rows without any annotated label are not remembered.
        size : int or "auto"
            The most rows. Of more, as many are drawn at random; equal ones count once.
        n_classes : int
            The first labels are the classes of a 1-D `y`.
        log_pos_weight : ndarray of shape (n_labels,) or None
            Added to all logits.
        seed : int
            Of the choices of rows and of hidden labels.
        """
        rng = np.random.RandomState(seed)
        if size == "auto":
            size = min(MOST_ROWS, max(1, MOST_ENTRIES // states.shape[1]))
        rows = np.flatnonzero((weights > 0) & (states != UNKNOWN).any(axis=1))
        if len(rows) > size:
            rows = np.sort(rng.permutation(rows)[:size])
        features, states, weights = features[rows], states[rows], weights[rows]
        first, weights = _distinct(features, states, weights)
        rows, features, states = rows[first], features[first], states[first]
        likeness = Likeness.learn(features, weights)
        # Rounded first, so that everything is learned from what is kept.
        vectors = torch.from_numpy(likeness(features)).half()
        is_annotated = states != UNKNOWN
        positives = weights @ (states == POSITIVE)
        prior = (positives + 0.5) / (weights @ is_annotated + 1)
        # Shares that float32 would round to 0 or 1 leave labels without a variance.
        prior = prior.clip(1e-6, 1 - 1e-6).astype(np.float32)
        targets = np.where(is_annotated, (states == POSITIVE) - prior, 0.0) / deviation(prior)
        copies = group_copies(vectors.float())
        regression, left_out = KernelRegression.learn(
            vectors.float(), targets, is_annotated, weights, copies, rng
        )
        relations = LabelRelations.learn(
            torch.from_numpy(prior),
            torch.from_numpy(targets).float() - left_out,
            torch.from_numpy(is_annotated),
            torch.from_numpy(weights),
        )
        retrieval = Retrieval(
            torch.from_numpy(states),
            torch.from_numpy(np.log(weights / weights.sum())).float(),
            torch.from_numpy(prior),
            n_classes,
            torch.tensor([start for start, _, _ in PARAMETERS.values()]).log(),
        )
        if log_pos_weight is None:
            log_pos_weight = np.zeros(states.shape[1])
        shift = np.asarray(log_pos_weight, dtype=np.float32)
        memory = cls(rows, likeness, vectors, regression, relations, retrieval, shift)
        if len(rows) >= _LEAST_ROWS:
            memory._learn_parameters(left_out, weights, copies, rng)
        return memory

    def _complete(self):
        self._row_logits = None
        self._vectors = self.vectors.to(self.regression.coefficients.dtype)
        centres = self.regression.centres
        self._centres = self._vectors if centres is None else self._vectors[centres]

    def __len__(self):
        return len(self.rows)

    def double(self):
        """The same memory, whose queries compute in float64."""
        coefficients, prior = self.regression.coefficients.double(), self.retrieval.prior.double()
        relations = replace(self.relations, prior=prior)
        if relations.covariance is not None:
            relations = replace(
                relations, covariance=relations.covariance.double(), own=relations.own.double()
            )
        log_weights = self.retrieval.log_weights.double()
        return replace(
            self,
            regression=replace(self.regression, coefficients=coefficients),
            relations=relations,
            retrieval=replace(self.retrieval, log_weights=log_weights, prior=prior),
        )

    def logits(self, features, states):
        """Logits (n_samples, n_labels), ndarray, float32 or float64, given known states.

        `features` are (n_samples, n_features), `states` (n_samples, n_labels), int8.
        """
        queries = self._queries(features, states, _QUERY_BLOCK)
        parts = [self.retrieval.logits(*query) for query in queries]
        return torch.cat(parts).numpy() + self.log_pos_weight

    def nearest(self, features, states, n_rows):
        """The rows with the most weight: their numbers in the data of the fit, and their weights.

        Both are ndarrays of shape (n_samples, n_rows), the greatest weight first.
        """
        found = [
            self.retrieval.row_weights(*query).topk(n_rows)
            for query in self._queries(features, states, max(1, _MOST_WEIGHTS // len(self)))
        ]
        positions = torch.cat([each.indices for each in found]).numpy()
        return self.rows[positions], torch.cat([each.values for each in found]).numpy()

    def mean_of_rows(self, values, features, states):
        """Means (n_samples, n_columns), ndarray, of values (n_rows, n_columns) of the rows.

        They are weighted as the rows are for `features` and `states`, those of :meth:`logits`.
        """
        queries = self._queries(features, states, max(1, _MOST_WEIGHTS // len(self)))
        values = torch.from_numpy(values)
        parts = [self.retrieval.row_weights(*query).to(values.dtype) @ values for query in queries]
        return torch.cat(parts).numpy()

    @property
    def row_logits(self):
        """Logits (n_rows, n_labels), ndarray, of the rows where no label is known.

        No row recalls itself or its copies; the regression has seen them all. They are computed
        when they are first asked for.
        """
        if self._row_logits is None:
            copies, parts = group_copies(self.vectors.float()), []
            for rows in torch.arange(len(self)).split(_QUERY_BLOCK):
                vectors = self._vectors[rows]
                known = torch.full((len(rows), len(self.retrieval.prior)), UNKNOWN)
                own = torch.from_numpy(copies[rows, None] == copies) if len(self) > 1 else None
                query = self._query(vectors, known)
                parts.append(self.retrieval.logits(*query, left_out=own))
            self._row_logits = torch.cat(parts).numpy() + self.log_pos_weight
        return self._row_logits

    def _queries(self, features, states, size):
        """The first arguments of the retrieval's methods, for `size` queries at a time."""
        for first in range(0, max(1, len(features)), size):
            block = slice(first, first + size)
            vectors = torch.from_numpy(self.likeness(features[block])).to(self._vectors.dtype)
            yield self._query(vectors, torch.from_numpy(states[block]))

    def _query(self, vectors, known):
        """The first arguments of the retrieval's methods, for vectors (n_queries, n_directions)."""
        cosines = vectors @ self._centres.T
        z = self.relations(self.regression(cosines), known)
        likeness = self.retrieval.likeness
        if self.regression.centres is None:
            alike = (likeness * cosines).split(_ROW_BLOCK, dim=1)
        else:
            vectors = likeness * vectors
            alike = (vectors @ rows.T for rows in self._vectors.split(_ROW_BLOCK))
        return alike, z, known

    def _learn_parameters(self, left_out, weights, copies, rng):
        """Choose the retrieval's parameters on some of the rows, each without its copies."""
        true_states = self.retrieval.states
        n_rows, n_labels = true_states.shape
        least, most = _QUERIES
        n_queries = int(np.clip(_LEARNING // (n_rows * n_labels), least, most))
        # Of a few rows each is asked about several times.
        rows = np.concatenate([rng.permutation(n_rows) for _ in range(4)])[:n_queries]
        shown = _draw_shown(true_states[rows].numpy(), self.retrieval.n_classes, rng)
        rows, shown = torch.from_numpy(rows), torch.from_numpy(shown)
        self.retrieval.learn(
            self._vectors[rows] @ self._vectors.T,
            self.relations(left_out[rows], shown),
            shown,
            true_states[rows],
            torch.from_numpy(copies[rows, None] == copies),
            torch.from_numpy(weights).float()[rows],
        )


def check_n_rows(memory, n_rows):
    """Raise ValueError unless a LabelMemory or None holds so many rows."""
    check_count("n_rows", n_rows)
    if memory is None:
        raise ValueError("The estimator was fitted with memory=None: it remembers no rows.")
    if n_rows > len(memory):
        raise ValueError(f"n_rows is {n_rows}, but only {len(memory)} are remembered.")


def _distinct(features, states, weights):
    """Positions of the rows to remember, and their weights; rows that are equal in all count once.

    Otherwise a row that stands twice would be its own neighbour. Where all features are equal, they
    do not say which rows are the same.
    """
    if (features == features[0]).all():
        return np.arange(len(states)), weights
    raw = np.hstack(
        [
            np.ascontiguousarray(each).view(np.uint8).reshape(len(states), -1)
            for each in (features + features.dtype.type(0), states)
            if each.shape[1]
        ]
    )
    raw = np.ascontiguousarray(raw).view(np.dtype((np.void, raw.shape[1]))).ravel()
    _, first, number = np.unique(raw, return_index=True, return_inverse=True)
    # In the order of their values: the same rows in another order are the same memory.
    return first, np.bincount(number, weights)


def _draw_shown(true_states, n_classes, rng):
    """States that are known while parameters are learned: up to three quarters of each row's.

    Nothing is known of a quarter of the rows, nor of classes.
    """
    share = rng.uniform(0, 0.75, size=(len(true_states), 1))
    share[rng.random_sample(len(share)) < 0.25] = 0
    shown = rng.random_sample(true_states.shape) < share
    shown[:, :n_classes] = False
    return np.where(shown, true_states, np.int8(UNKNOWN))
