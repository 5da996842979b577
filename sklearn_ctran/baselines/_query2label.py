"""Query2Label: a learned query for each label, which looks for it in the image."""

from dataclasses import dataclass
from numbers import Integral, Real
from typing import ClassVar

from sklearn.utils._param_validation import Interval

from sklearn_ctran._utils.sklearn_compat import WholeNumber
from sklearn_ctran.baselines._neural_baseline import NeuralBaseline
from sklearn_ctran.modules.query2label import Query2LabelModel


@dataclass(eq=False, repr=False, kw_only=True)
class Query2Label(NeuralBaseline):
    """A transformer decoder whose queries are the labels.

    Query2Label [1]_. Features are projected and pass a transformer encoder, with sines of rows and
    columns as positions. Each label has a learned query, which attends to them in every decoder
    layer; a linear unit for each label reads what came of its query. Known labels make no
    difference to the others.

    Parameters
    ----------
    backbone, weights, train_backbone, image_size, augment
        As of :class:`CTranClassifier`.
    d_model : int, default=128
        Width of tokens and queries, a multiple of 4 and of `n_heads` (the paper's: 2,048).
    n_heads : int, default=4
        Attention heads.
    n_hidden : int, default=256
        Width of the ReLU layers (the paper's: 8,192).
    n_encoder_layers : int, default=1
        Encoder layers, 0 or more.
    n_decoder_layers : int, default=2
        Decoder layers.
    self_attention : bool, default=False
        Whether queries attend to each other before each decoder layer. The paper's equations have
        this, the authors' code leaves it out by default.
    layer_dropout : float, default=0.1
        Share of attention weights, hidden units and outputs of layers dropped in training, in
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
    Of the authors' code (SlongLiu/query2labels) the model's file was read, and agreement with its
    transformer was tested on its outputs. Other than in the paper, features are standardised, with
    dropout, so that a frozen backbone is enough; the network is narrower; the linear units begin at
    zero and biases at the labels' log-odds; the loss is the binary cross-entropy by default (the
    paper's: ``"asl"``); and no moving average of weights is taken.

    References
    ----------
    .. [1] S. Liu, L. Zhang, X. Yang, H. Su, J. Zhu: Query2Label: A Simple Transformer Way to
       Multi-Label Classification. arXiv:2107.10834, 2021.

    Examples
    --------
    >>> from sklearn_ctran.baselines import Query2Label
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(50, random_state=0)
    >>> model = Query2Label("small", image_size=None, augment=None, max_epochs=1, d_model=16)
    >>> model.fit(scenes.images, scenes.Y).predict(scenes.images[:3]).shape
    (3, 10)
    """

    _module_class: ClassVar[type] = Query2LabelModel
    _parameter_constraints = {
        **NeuralBaseline._parameter_constraints,
        **{
            name: [WholeNumber(Integral, 1, None, closed="left")]
            for name in ("d_model", "n_heads", "n_hidden", "n_decoder_layers")
        },
        "n_encoder_layers": [WholeNumber(Integral, 0, None, closed="left")],
        "self_attention": ["boolean"],
        "layer_dropout": [Interval(Real, 0, 1, closed="left")],
    }

    d_model: int = 128
    n_heads: int = 4
    n_hidden: int = 256
    n_encoder_layers: int = 1
    n_decoder_layers: int = 2
    self_attention: bool = False
    layer_dropout: float = 0.1

    def _check_params(self):
        super()._check_params()
        if self.d_model % 4 or self.d_model % self.n_heads:
            raise ValueError(
                f"d_model={self.d_model} must be a multiple of 4 and of n_heads={self.n_heads}."
            )

    def _module_params(self):
        sizes = ("d_model", "n_heads", "n_hidden", "n_encoder_layers", "n_decoder_layers")
        others = ("self_attention", "layer_dropout")
        return {name: getattr(self, name) for name in (*sizes, *others)}
