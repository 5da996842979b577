"""CSRA: each label pools the scores of cells by attention of its own."""

from dataclasses import dataclass
from numbers import Real
from typing import ClassVar, Literal

from sklearn.utils._param_validation import Interval, Options

from sklearn_ctran.baselines._neural_baseline import NeuralBaseline
from sklearn_ctran.modules.csra import TEMPERATURES, CSRAModel


@dataclass(eq=False, repr=False, kw_only=True)
class CSRA(NeuralBaseline):
    """Linear scores of cells, of which each label adds those that it attends to.

    Class-specific residual attention [1]_. A label scores each cell of the feature map. Its logit
    is the mean of the scores, plus `residual_weight` times their mean weighted by their own
    softmax. Several heads have scores of their own and softmaxes of different temperatures, the
    last the maximum; their logits are added. Known labels make no difference to the others.

    Parameters
    ----------
    backbone, weights, train_backbone, image_size, augment
        As of :class:`CTranClassifier`.
    n_heads : {1, 2, 4, 6, 8}, default=1
        Number of heads. Temperatures are 1 for one head, else 1, 2, 3, ... and infinite; for 4
        heads 1, 2, 4 and infinite, as in the authors' code.
    residual_weight : float, default=0.1
        The paper's lambda, 0 or above, for all heads.
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
    The authors' code (Kevinz-code/CSRA) was read; classifiers have length 1, as in it. Other than
    in the paper, features are standardised, with dropout, so that a frozen backbone is enough, each
    label has a bias, which starts at its log-odds, and AdamW with one cycle replaces SGD.

    References
    ----------
    .. [1] K. Zhu, J. Wu: Residual Attention: A Simple but Effective Method for Multi-Label
       Recognition. ICCV 2021.

    Examples
    --------
    >>> from sklearn_ctran.baselines import CSRA
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(50, random_state=0)
    >>> model = CSRA("small", image_size=None, augment=None, max_epochs=1)
    >>> model.fit(scenes.images, scenes.Y).predict(scenes.images[:3]).shape
    (3, 10)
    """

    _module_class: ClassVar[type] = CSRAModel
    _parameter_constraints = {
        **NeuralBaseline._parameter_constraints,
        "n_heads": [Options(int, set(TEMPERATURES))],
        "residual_weight": [Interval(Real, 0, None, closed="left")],
    }

    n_heads: Literal[1, 2, 4, 6, 8] = 1
    residual_weight: float = 0.1

    def _module_params(self):
        return {"n_heads": self.n_heads, "residual_weight": self.residual_weight}
