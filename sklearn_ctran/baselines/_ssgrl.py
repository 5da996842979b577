"""SSGRL: a feature of each label by attention, and messages between them along a label graph."""

from dataclasses import dataclass
from numbers import Integral
from typing import ClassVar, Literal

import numpy as np
from sklearn.utils._param_validation import StrOptions

from sklearn_ctran._utils.sklearn_compat import WholeNumber
from sklearn_ctran.baselines._label_graph import GRAPH_PARAMETERS, LabelGraphBaseline
from sklearn_ctran.modules.ssgrl import SSGRLModel


@dataclass(eq=False, repr=False, kw_only=True)
class SSGRL(LabelGraphBaseline):
    """Attention from each label's vector to the image, and gated messages along a label graph.

    Semantic-specific graph representation learning [1]_. The vector of each label, its word
    embedding, guides attention to the feature map, so that each label has a feature of its own
    (semantic decoupling). A gated graph network then passes messages between the labels, by how
    often they occur together, and each label has a classifier. Known labels make no difference to
    the others.

    Parameters
    ----------
    backbone, weights, train_backbone, image_size, augment
        As of :class:`CTranClassifier`.
    label_embeddings : array-like of shape (n_labels, n_dimensions), dict or DataFrame, default=None
        Vectors of the labels, extra labels last: an array in their order, a dict from name to
        vector, or a DataFrame with the names as its index. None: they are learned, 128 numbers
        each.
    graph : "cooccurrence", array-like or DataFrame, default="cooccurrence"
        Weights of the edges from row to column, 0 or above, (n_labels, n_labels), extra labels
        last; a DataFrame has the names as its index and columns. "cooccurrence": P(column given
        row) in the training table, counted by sample weight over rows in which both labels are
        annotated, and 0 on the diagonal.
    d_model : int or None, default=128
        Channels that a linear map leaves of the features, before all else. None: all of them, and
        no map, as in the paper.
    n_attention : int, default=64
        Width of what features and vectors have in common in attention (the authors': 1,024).
    n_output : int or None, default=None
        Width of what the classifiers read. None: that of the features.
    n_steps : int, default=3
        Steps of messages.
    gates : {"paper", "published"}, default="paper"
        "paper": the reset gate reads a label's state by a matrix of its own [1]_ (eq. 4).
        "published": by that of the update gate, as the authors' code does.
    dropout : float or "auto", default="auto"
        Share of the features' channels dropped in training, in [0, 1).
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
    The authors' code (HCPLab-SYSU/SSGRL) was read. Its attention applies two linear maps one after
    the other; here their product is applied, which gives the same scores. Other than in the paper,
    features are standardised, with dropout, and reduced to `d_model` channels, so that a frozen
    backbone and a processor without a GPU are enough; vectors are scaled by one factor, to a mean
    square of 1, so that their length does not matter; classifiers begin at zero and biases at the
    labels' log-odds; AdamW with one cycle replaces Adam.

    References
    ----------
    .. [1] T. Chen, M. Xu, X. Hui, H. Wu, L. Lin: Learning Semantic-Specific Graph Representation
       for Multi-Label Image Recognition. ICCV 2019.

    Examples
    --------
    >>> from sklearn_ctran.baselines import SSGRL
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(50, random_state=0)
    >>> model = SSGRL("small", image_size=None, augment=None, max_epochs=1, d_model=16)
    >>> model.fit(scenes.images, scenes.Y).predict(scenes.images[:3]).shape
    (3, 10)
    """

    _module_class: ClassVar[type] = SSGRLModel
    _parameter_constraints = {
        **LabelGraphBaseline._parameter_constraints,
        **GRAPH_PARAMETERS,
        "d_model": [WholeNumber(Integral, 1, None, closed="left"), None],
        "n_attention": [WholeNumber(Integral, 1, None, closed="left")],
        "n_output": [WholeNumber(Integral, 1, None, closed="left"), None],
        "n_steps": [WholeNumber(Integral, 0, None, closed="left")],
        "gates": [StrOptions({"paper", "published"})],
    }

    d_model: int | None = 128
    n_attention: int = 64
    n_output: int | None = None
    n_steps: int = 3
    gates: Literal["paper", "published"] = "paper"

    def _prepared_vectors(self, vectors):
        # Of sentence embeddings, of length 1, products with features would be next to nothing, and
        # all labels would look at the same cells for long.
        return vectors / max(np.sqrt(np.mean(vectors**2)), np.finfo(np.float32).tiny)

    def _module_params(self):
        names = ("d_model", "n_attention", "n_output", "n_steps")
        return {
            **super()._module_params(),
            **{name: getattr(self, name) for name in names},
            "shared_gate": self.gates == "published",
        }
