"""MLDecoder: fixed queries for groups of labels, or queries from vectors of labels."""

from dataclasses import dataclass
from numbers import Integral, Real
from typing import ClassVar

from sklearn.utils._param_validation import Interval

from sklearn_ctran._utils.sklearn_compat import WholeNumber
from sklearn_ctran.baselines._label_vectors import VECTOR_PARAMETERS, LabelVectorBaseline
from sklearn_ctran.baselines._neural_baseline import NeuralBaseline
from sklearn_ctran.baselines._new_labels import AnswersNewLabels
from sklearn_ctran.modules.ml_decoder import MLDecoderModel


@dataclass(eq=False, repr=False, kw_only=True)
class MLDecoder(AnswersNewLabels, LabelVectorBaseline):
    """One layer of attention from few fixed queries, each of which answers for a group of labels.

    ML-Decoder [1]_. Queries are random numbers that do not learn. Each attends to the projected
    features once, and a matrix of its own reads the logits of its group of labels. With
    `label_embeddings`, the zero-shot form: each label has a query made from its vector, and all
    share one read-out, so that ``predict_proba(X, labels=..., label_embeddings=...)`` answers for
    labels that were not in training. Known labels make no difference to the others.

    Parameters
    ----------
    backbone, weights, train_backbone, image_size, augment
        As of :class:`CTranClassifier`.
    label_embeddings : array-like of shape (n_labels, n_dimensions), dict or DataFrame, default=None
        Vectors of the labels, extra labels last: an array in their order, a dict from name to
        vector, or a DataFrame with the names as its index. None: fixed queries, and no answer for
        other labels.
    n_groups : int, default=100
        Number of queries, at most one for each label; `label_embeddings` have one for each label.
    d_model : int, default=128
        Width of tokens and queries, a multiple of `n_heads` (the paper's: 768).
    n_heads : int, default=8
        Attention heads.
    n_hidden : int, default=256
        Width of the ReLU layer (the paper's: 2,048).
    layer_dropout : float, default=0.1
        Share of queries, attention weights, hidden units and outputs dropped in training, in
        [0, 1).
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
    The authors' code (Alibaba-MIIL/ML_Decoder) was read. Other than in the paper, features are
    standardised, with dropout, so that a frozen backbone is enough; the layer is narrower;
    read-outs begin at zero, and each label has a bias, which starts at its log-odds, in the
    zero-shot form too, where an unseen label has the mean of the biases; the loss is the binary
    cross-entropy by default (the paper's: ``"asl"``); no moving average of weights is taken.

    References
    ----------
    .. [1] T. Ridnik, G. Sharir, A. Ben-Cohen, E. Ben-Baruch, A. Noy: ML-Decoder: Scalable and
       Versatile Classification Head. WACV 2023.

    Examples
    --------
    >>> from sklearn_ctran.baselines import MLDecoder
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(50, random_state=0)
    >>> model = MLDecoder("small", image_size=None, augment=None, max_epochs=1, d_model=16)
    >>> model.fit(scenes.images, scenes.Y).predict(scenes.images[:3]).shape
    (3, 10)
    """

    _module_class: ClassVar[type] = MLDecoderModel
    _parameter_constraints = {
        **NeuralBaseline._parameter_constraints,
        **VECTOR_PARAMETERS,
        **{
            name: [WholeNumber(Integral, 1, None, closed="left")]
            for name in ("n_groups", "d_model", "n_heads", "n_hidden")
        },
        "layer_dropout": [Interval(Real, 0, 1, closed="left")],
    }

    n_groups: int = 100
    d_model: int = 128
    n_heads: int = 8
    n_hidden: int = 256
    layer_dropout: float = 0.1

    def _check_params(self):
        super()._check_params()
        if self.d_model % self.n_heads:
            raise ValueError(
                f"d_model={self.d_model} must be a multiple of n_heads={self.n_heads}."
            )

    def _module_params(self):
        sizes = ("n_groups", "d_model", "n_heads", "n_hidden", "layer_dropout")
        return {"n_dimensions": self._n_dimensions} | {name: getattr(self, name) for name in sizes}
