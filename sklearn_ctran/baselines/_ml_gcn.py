"""MLGCN: a graph convolution makes the labels' classifiers from vectors of the labels."""

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal

from sklearn.utils._param_validation import Interval

from sklearn_ctran._utils.sklearn_compat import WholeNumber
from sklearn_ctran.baselines._label_graph import GRAPH_PARAMETERS, LabelGraphBaseline
from sklearn_ctran.baselines._pooled_baseline import PooledBaseline
from sklearn_ctran.modules.ml_gcn import MLGCNModel


@dataclass(eq=False, repr=False, kw_only=True)
class MLGCN(LabelGraphBaseline, PooledBaseline):
    """Linear classifiers of the pooled features, made from the labels' vectors and a label graph.

    ML-GCN [1]_. Each label begins with a vector, its word embedding; two graph convolutions along
    the edges of the graph turn the vectors into the labels' classifiers. Labels that occur together
    get classifiers that are alike. Known labels make no difference to the others.

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
        annotated. The diagonal does not count.
    threshold : float, default=0.4
        The least weight of an edge that counts [1]_ (eq. 7), 0 or above.
    neighbor_share : float, default=0.2
        Share of its neighbours in what a label hears [1]_ (eq. 8), in [0, 1).
    n_hidden : int, default=1024
        Width between the two convolutions.
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
        Passes through the training images. "auto": about 4,000 steps, or 1,000 with a
        backbone that trains, but 5 to 500 epochs.
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
    The authors' code (megvii-research/ML-GCN) divides an edge by the sum of its column and
    transposes the matrix; this class follows the paper, which divides by the sum of the row. With
    the code's matrix in ``net_.module_.propagation`` the outputs are equal. Other than in the
    paper, features are standardised, with dropout, so that a frozen backbone is enough, and pooled
    by their mean: by their maximum, as in the paper, mAP was 2 points lower on held-out training
    photos of Corel5k. Each label has a bias, which starts at its log-odds, and AdamW replaces SGD.

    References
    ----------
    .. [1] Z.-M. Chen, X.-S. Wei, P. Wang, Y. Guo: Multi-Label Image Recognition with Graph
       Convolutional Networks. CVPR 2019.

    Examples
    --------
    >>> from sklearn_ctran.baselines import MLGCN
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(50, random_state=0)
    >>> model = MLGCN("small", image_size=None, augment=None, max_epochs=1)
    >>> model.fit(scenes.images, scenes.Y).predict(scenes.images[:3]).shape
    (3, 10)
    """

    _module_class = MLGCNModel
    _parameter_constraints = {
        **PooledBaseline._parameter_constraints,
        **GRAPH_PARAMETERS,
        "threshold": [Interval(Real, 0, None, closed="left")],
        "neighbor_share": [Interval(Real, 0, 1, closed="left")],
        "n_hidden": [WholeNumber(Integral, 1, None, closed="left")],
    }

    threshold: float = 0.4
    neighbor_share: float = 0.2
    n_hidden: int = 1024
    pool: Literal["mean", "max", "gem"] = "mean"

    def _structure_params(self):
        return super()._structure_params() | self._graph_params()

    def _module_params(self):
        return super()._module_params() | {"n_hidden": self.n_hidden}

    def _graph_params(self):
        return {"threshold": self.threshold, "neighbor_share": self.neighbor_share}
