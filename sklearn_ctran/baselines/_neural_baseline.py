"""Base of the neural baselines: their parameters, and features pooled to one vector."""

from numbers import Real
from typing import Any, Literal

from numpy.typing import ArrayLike
from sklearn.utils._param_validation import Interval, StrOptions
from torch import nn

from sklearn_ctran._cache.token_cache import TokenCache
from sklearn_ctran._neural.base import NeuralMultilabelClassifier
from sklearn_ctran._neural.inputs import pooled_for
from sklearn_ctran._neural.parameters import NEURAL_PARAMETERS, Augment, Loss
from sklearn_ctran._utils.typing import EncoderEngine, FilePath, OnError, RandomState


class NeuralBaseline(NeuralMultilabelClassifier):
    """Base of networks that read one feature vector per image.

    Training hides all labels. A subclass defines ``_module_class`` and, if its module has
    parameters of its own, ``_module_params``.
    """

    _module_class: type
    # An epoch costs little. On held-out training photos of Corel5k, four times the steps of the
    # transformer gained 1 point of mAP (MLP), 4 points (bottleneck) and nothing (linear).
    _most_epochs = 500
    _parameter_constraints = {
        **NEURAL_PARAMETERS,
        "pool": [StrOptions({"mean", "max", "gem"})],
        "dropout": [Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})],
    }

    def __init__(
        self,
        backbone: str | nn.Module | None = "resnet50",
        *,
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
        self.backbone = backbone
        self.weights = weights
        self.train_backbone = train_backbone
        self.image_size = image_size
        self.augment = augment
        self.pool = pool
        self.dropout = dropout
        self.loss = loss
        self.pos_weight = pos_weight
        self.lr = lr
        self.backbone_lr = backbone_lr
        self.weight_decay = weight_decay
        self.lr_schedule = lr_schedule
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.device = device
        self.precision = precision
        self.encoder_engine = encoder_engine
        self.n_jobs = n_jobs
        self.on_error = on_error
        self.cache = cache
        self.checkpoint = checkpoint
        self.distributed = distributed
        self.callbacks = callbacks
        self.net_params = net_params
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    @property
    def _n_steps(self):
        return 1000 if self._trains_backbone() else 4000

    def _structure_params(self):
        return {
            name: getattr(self, name) for name in ("backbone", "weights", "pool", "dropout")
        } | self._module_params()

    def _make_module(self, n_labels, n_channels, *, grid=(1, 1), backbone=None):
        dropout = self.dropout
        if dropout == "auto":
            dropout = self._feature_dropout(n_channels)
        return self._module_class(
            n_labels,
            n_channels,
            # The features of a table are one vector per image already.
            pool="mean" if self._input.kind == "features" else self.pool,
            dropout=dropout,
            grid=grid,
            backbone=backbone,
            **self._module_params(),
        )

    def _module_params(self):
        return {}

    def _features_to_standardize(self, features, module):
        return pooled_for(module, features)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.uses_known_labels = False
        return tags
