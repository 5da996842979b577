"""MLZSL: beliefs about labels that travel along relations, to labels never seen in training too."""

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils._param_validation import StrOptions

from sklearn_ctran._labels.graphs import (
    COOCCURRENCE,
    lift,
    nearest_and_farthest,
    read_label_graph,
    similarity,
)
from sklearn_ctran._utils.names import listed
from sklearn_ctran._utils.sklearn_compat import WholeNumber
from sklearn_ctran._utils.typing import DataFrame
from sklearn_ctran.baselines._label_graph import GRAPH_PARAMETERS, LabelGraphBaseline
from sklearn_ctran.baselines._new_labels import AnswersNewLabels
from sklearn_ctran.baselines._pooled_baseline import PooledBaseline
from sklearn_ctran.modules.ml_zsl import MLZSLModel

SIMILARITY = "similarity"


@dataclass(eq=False, repr=False, kw_only=True)
class MLZSL(AnswersNewLabels, LabelGraphBaseline, PooledBaseline):
    """Beliefs about labels that travel along a knowledge graph, to unseen labels too.

    Multi-label zero-shot learning with structured knowledge graphs [1]_. Image and vector of a
    label make a first belief about it. In each step, beliefs of related labels come in through
    matrices that are functions of both labels' vectors and of the kind of relation. No weight
    belongs to a label, so ``predict_proba(X, labels=..., label_embeddings=...)`` answers for labels
    that were not in training. Known labels make no difference to the others.

    Parameters
    ----------
    backbone, weights, train_backbone, image_size, augment
        As of :class:`CTranClassifier`.
    label_embeddings : array-like of shape (n_labels, n_dimensions), dict or DataFrame, default=None
        Vectors of the labels, extra labels last: an array in their order, a dict from name to
        vector, or a DataFrame with the names as its index. None: they are learned, 128 numbers
        each, and there is no answer for other labels.
    graph : "auto", "similarity", "cooccurrence", array-like, DataFrame or dict, default="auto"
        Which labels a label hears, in what relation. "similarity": those `n_neighbors` whose
        vectors are most like its own (cosine), and those which are least, two relations.
        "cooccurrence": those which its presence raises and lowers the share of most, in the
        training table, counted by sample weight. An array or DataFrame (rows hear columns, weights
        0 or above) is one relation; a dict from the relation's name to such a graph has several.
        "auto": "similarity" with `label_embeddings`, else "cooccurrence".
    n_neighbors : int, default=10
        Labels in each of the two relations of "similarity" and "cooccurrence", but at most half of
        all.
    n_belief : int, default=5
        Width of a belief.
    n_hidden : int, default=256
        Width of the functions of vectors and image.
    n_steps : int, default=5
        Steps of messages.
    pool : {"mean", "max", "gem"}, default="mean"
        How the feature map becomes one vector: mean, maximum or generalised mean (power 3) of
        its cells.
    dropout : float or "auto", default="auto"
        Share of the pooled features dropped in training, in [0, 1).
        "auto": 0.5, but 0.1 of fewer than 64 channels.
    loss, pos_weight, lr, backbone_lr
        As of :class:`CTranClassifier`.
    weight_decay : float, default=0.3
        Of AdamW.
    max_epochs : int or "auto", default="auto"
        Passes through the training images. "auto": about 1,000 steps, but 5 to 60 epochs.
    lr_schedule, batch_size, early_stopping, validation_fraction, device, precision, \
            encoder_engine, n_views, n_jobs, on_error, cache, checkpoint, distributed, callbacks, \
            net_params, warm_start, random_state, verbose
        As of :class:`CTranClassifier`.

    Attributes
    ----------
    net_, classes_, n_labels_, label_names_, extra_label_names_, n_features_in_, \
            feature_names_in_, history_, skipped_
        As of :class:`CTranClassifier`.

    Notes
    -----
    The authors published no code that was found; this class follows the paper, of which only
    abstract and introduction could be compared again: the numbers `n_belief` and `n_steps`, and how
    the losses of steps are weighted, were not. The repository that lists name as its code
    (Phoenix1327/ML-ZSL) is of another method, a graph auto-encoder. The paper's graph is made of
    WordNet's hierarchy and similarities; here similarities are those of the vectors, and a
    hierarchy can be given as one of the graphs of a dict. The first belief is made of the product
    of image and vector, each mapped to `n_hidden` numbers. A label's logit is added to its log-odds
    in training, and an unseen label's to their mean. Seen labels do not hear unseen ones, as in the
    paper; unseen ones do not hear each other, so that an answer does not depend on which others are
    asked for. Features are standardised, with dropout, so that a frozen backbone is enough.

    References
    ----------
    .. [1] C.-W. Lee, W. Fang, C.-K. Yeh, Y.-C. F. Wang: Multi-Label Zero-Shot Learning with
       Structured Knowledge Graphs. CVPR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ctran.baselines import MLZSL
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(50, random_state=0)
    >>> vectors = np.random.RandomState(0).randn(11, 4)
    >>> model = MLZSL(
    ...     "small", image_size=None, augment=None, max_epochs=1, label_embeddings=vectors[:10]
    ... )
    >>> model = model.fit(scenes.images, scenes.Y)
    >>> model.predict_proba(
    ...     scenes.images[:3], labels=["ten"], label_embeddings={"ten": vectors[10]}
    ... ).shape
    (3, 1)
    """

    _module_class = MLZSLModel
    # On held-out training photos of Corel5k they were enough: mAP 58.8, of a linear head 58.6.
    _n_steps, _most_epochs = 1000, 60
    _parameter_constraints = {
        **PooledBaseline._parameter_constraints,
        **GRAPH_PARAMETERS,
        "graph": [
            *GRAPH_PARAMETERS["graph"][:-1],
            StrOptions({"auto", SIMILARITY, COOCCURRENCE}),
            dict,
        ],
        "n_neighbors": [WholeNumber(Integral, 1, None, closed="left")],
        "n_belief": [WholeNumber(Integral, 1, None, closed="left")],
        "n_hidden": [WholeNumber(Integral, 1, None, closed="left")],
        "n_steps": [WholeNumber(Integral, 1, None, closed="left")],
    }

    graph: (
        ArrayLike | DataFrame | dict[Any, Any] | Literal["auto", "similarity", "cooccurrence"]
    ) = "auto"
    n_neighbors: int = 10
    n_belief: int = 5
    n_hidden: int = 256
    n_steps: int = 5

    def _graph_kind(self):
        """ "similarity", "cooccurrence" or "given"."""
        if not isinstance(self.graph, str):
            return "given"
        if self.graph == "auto":
            return COOCCURRENCE if self.label_embeddings is None else SIMILARITY
        return self.graph

    def _given_graph(self):
        kind = self._graph_kind()
        if kind == COOCCURRENCE:
            return None
        if kind == "given":
            return self._read_graphs(self.task_.all_names)
        if self.label_embeddings is None:
            raise ValueError('graph="similarity" is that of label_embeddings, which are None.')
        vectors = self._given_vectors()
        return self._neighbors(similarity(vectors, vectors))

    def _read_graphs(self, names):
        """The given graphs (n_relations, n_names, n_names)."""
        if not isinstance(self.graph, Mapping):
            return read_label_graph(self.graph, names)[None]
        if not self.graph:
            raise ValueError("graph is a dict without a relation.")
        graphs = [
            read_label_graph(each, names, f"graph[{name!r}]") for name, each in self.graph.items()
        ]
        return np.stack(graphs)

    def _counted_graph(self, true_states, weights):
        return self._neighbors(lift(true_states, weights))

    def _neighbors(self, weights):
        """Two relations from weights (n_labels, n_labels); no label hears itself."""
        return nearest_and_farthest(
            np.where(np.eye(len(weights), dtype=bool), np.nan, weights), self.n_neighbors
        )

    def _structure_params(self):
        return super()._structure_params() | {"n_neighbors": self.n_neighbors}

    def _module_params(self):
        graph, n_relations = self.graph, 2
        if self._graph_kind() == "given":
            n_relations = len(graph) if isinstance(graph, Mapping) else 1
        sizes = {name: getattr(self, name) for name in ("n_belief", "n_hidden", "n_steps")}
        return super()._module_params() | {"n_relations": n_relations, **sizes}

    def _told_of_new(self, new, vectors):
        return (self._edges_of(new, vectors).swapaxes(0, 1),)

    def _edges_of(self, new, vectors):
        """Edges (n_relations, n_new, n_seen) from new labels to the seen ones that they hear."""
        kind, seen = self._graph_kind(), self.task_.all_names.tolist()
        if kind == SIMILARITY:
            of_seen = self.net_.module_.vectors.values.numpy(force=True)
            return nearest_and_farthest(similarity(vectors, of_seen), self.n_neighbors)
        if kind == COOCCURRENCE:
            raise ValueError(
                f"labels names {listed(new)}, which were not in fit, and graph='cooccurrence' says "
                "nothing of them: fit with graph='similarity', or DataFrames that have them."
            )
        return self._read_graphs([*seen, *new])[:, len(seen) :, : len(seen)]
