"""LinearHead: backbone, pooling, one linear layer; the paper's "ResNet-101"."""

from dataclasses import dataclass
from typing import Literal

from sklearn.utils._param_validation import StrOptions

from sklearn_ctran.baselines._pooled_baseline import PooledBaseline
from sklearn_ctran.modules.heads import LinearModel


@dataclass(eq=False, repr=False, kw_only=True)
class LinearHead(PooledBaseline):
    """A linear unit per label on the pooled features of a backbone.

    The "ResNet-101" of the C-Tran paper's tables [1]_, trained end to end or on the features of a
    frozen backbone. Known labels make no difference to the others; :class:`FeedbackProp` lets
    them. Extra labels are learned like labels.

    Parameters
    ----------
    backbone, weights, train_backbone, image_size, augment
        As of :class:`CTranClassifier`.
    pool : {"mean", "max", "gem", "logits"}, default="mean"
        How the feature map becomes one vector: mean, maximum or generalised mean (power 3) of
        its cells. "logits": the linear unit reads each cell, and a label has the largest logit of
        all cells, as in Feedback-prop [2]_.
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

    References
    ----------
    .. [1] J. Lanchantin, T. Wang, V. Ordonez, Y. Qi: General Multi-label Image Classification with
       Transformers. CVPR 2021. Table 1.
    .. [2] T. Wang, K. Yamaguchi, V. Ordonez: Feedback-prop: Convolutional Neural Network Inference
       under Partial Evidence. CVPR 2018.

    Examples
    --------
    >>> from sklearn_ctran.baselines import LinearHead
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(100, random_state=0)
    >>> model = LinearHead("small", image_size=None, augment=None, max_epochs=1)
    >>> model.fit(scenes.images, scenes.Y).predict_proba(scenes.images[:3]).shape
    (3, 10)
    """

    _module_class = LinearModel
    _parameter_constraints = {
        **PooledBaseline._parameter_constraints,
        "pool": [StrOptions({"mean", "max", "gem", "logits"})],
    }

    pool: Literal["mean", "max", "gem", "logits"] = "mean"
