"""ConceptBottleneck: from the image to concepts, and from concepts to targets."""

from numbers import Real
from typing import Any, Literal

from numpy.typing import ArrayLike
from sklearn.utils._param_validation import Interval, StrOptions
from torch import nn

from sklearn_ctran._cache.token_cache import TokenCache
from sklearn_ctran._neural.net import LabelMaskNet
from sklearn_ctran._neural.parameters import Augment, Loss
from sklearn_ctran._utils.typing import EncoderEngine, FilePath, OnError, RandomState
from sklearn_ctran.baselines._neural_baseline import NeuralBaseline
from sklearn_ctran.modules.heads import BottleneckModel


class ConceptBottleneck(NeuralBaseline):
    """A linear model of concepts on image features, and a linear model of targets on concepts.

    The "ConceptBottleneck" of the paper's Table 4 [2]_, after Koh et al. [1]_. The extra labels
    are the concepts: targets see the image through them alone. In prediction, a known concept
    takes the place of its probability (their test-time intervention). Fitted without extra labels,
    the labels of `y` are the concepts, so that known labels make a difference to the others.

    Parameters
    ----------
    backbone, weights, train_backbone, image_size, augment
        As of :class:`CTranClassifier`.
    mode : {"independent", "sequential", "joint"}, default="joint"
        What targets learn from [1]_ (section 3): true concepts; probabilities of concepts, which
        learn from their own loss only; or probabilities that learn from the targets' loss too.
        All parts are trained at the same time.
    concept_weight : float, default=1.0
        Weight of the concepts' loss beside the targets', above 0, for ``mode="joint"``.
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
            encoder_engine, n_jobs, on_error, cache, checkpoint, distributed, callbacks, \
            net_params, warm_start, random_state, verbose
        As of :class:`CTranClassifier`.

    Attributes
    ----------
    net_, classes_, n_labels_, label_names_, extra_label_names_, n_features_in_, \
            feature_names_in_, history_, skipped_
        As of :class:`CTranClassifier`.

    References
    ----------
    .. [1] P. W. Koh, T. Nguyen, Y. S. Tang, S. Mussmann, E. Pierson, B. Kim, P. Liang: Concept
       Bottleneck Models. ICML 2020.
    .. [2] J. Lanchantin, T. Wang, V. Ordonez, Y. Qi: General Multi-label Image Classification with
       Transformers. CVPR 2021. Table 4.
    """

    _module_class = BottleneckModel
    _parameter_constraints = {
        **NeuralBaseline._parameter_constraints,
        "mode": [StrOptions({"independent", "sequential", "joint"})],
        "concept_weight": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        backbone: str | nn.Module | None = "resnet50",
        *,
        mode: Literal["independent", "sequential", "joint"] = "joint",
        concept_weight: float = 1.0,
        weights: FilePath | None = "DEFAULT",
        train_backbone: bool | Literal["auto"] = "auto",
        image_size: int | tuple[int, int] | None = 224,
        augment: Augment = "auto",
        pool: Literal["mean", "max", "gem"] = "mean",
        dropout: float | Literal["auto"] = "auto",
        loss: Loss = "bce",
        pos_weight: ArrayLike | dict[Any, float] | None = None,
        lr: float = 2e-3,
        backbone_lr: float | None = None,
        weight_decay: float = 0.3,
        lr_schedule: Literal["one_cycle"] | None = "one_cycle",
        batch_size: int = 64,
        max_epochs: int | Literal["auto"] = "auto",
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        device: str = "auto",
        precision: Literal["auto", "float32", "bfloat16", "float64"] = "auto",
        encoder_engine: EncoderEngine = "torch",
        n_jobs: int | None = None,
        on_error: OnError = "raise",
        cache: FilePath | TokenCache | None = "memory",
        checkpoint: FilePath | None = None,
        distributed: Literal["accelerate"] | None = None,
        callbacks: list[Any] | None = None,
        net_params: dict[str, Any] | None = None,
        warm_start: bool = False,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            backbone,
            weights=weights,
            train_backbone=train_backbone,
            image_size=image_size,
            augment=augment,
            pool=pool,
            dropout=dropout,
            loss=loss,
            pos_weight=pos_weight,
            lr=lr,
            backbone_lr=backbone_lr,
            weight_decay=weight_decay,
            lr_schedule=lr_schedule,
            batch_size=batch_size,
            max_epochs=max_epochs,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            device=device,
            precision=precision,
            encoder_engine=encoder_engine,
            n_jobs=n_jobs,
            on_error=on_error,
            cache=cache,
            checkpoint=checkpoint,
            distributed=distributed,
            callbacks=callbacks,
            net_params=net_params,
            warm_start=warm_start,
            random_state=random_state,
            verbose=verbose,
        )
        self.mode = mode
        self.concept_weight = concept_weight

    @property
    def _net_class(self):
        return _IndependentNet if self.mode == "independent" else LabelMaskNet

    def _module_params(self):
        return {
            "n_targets": self.task_.n_labels,
            "mode": self.mode,
            "concept_weight": self.concept_weight,
        }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.uses_known_labels = True
        return tags


class _IndependentNet(LabelMaskNet):
    """In training, the targets' part of the module reads the true concepts.

    The loss of early stopping is that of predictions from the image alone.
    """

    def _module_states(self, shown, true_states):
        return true_states if self.module_.training else shown
