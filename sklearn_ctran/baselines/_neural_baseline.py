"""Base of the neural baselines: their parameters."""

from dataclasses import KW_ONLY, dataclass
from numbers import Real
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils._param_validation import Interval, StrOptions
from torch import nn

from sklearn_ctran._cache.token_cache import TokenCache
from sklearn_ctran._images.tokens import EncodedImages
from sklearn_ctran._neural.base import NeuralMultilabelClassifier
from sklearn_ctran._neural.inputs import prediction_batch_size
from sklearn_ctran._neural.parameters import (
    NEURAL_PARAMETERS,
    Augment,
    EarlyStopping,
    Loss,
    TrainBackbone,
)
from sklearn_ctran._utils.typing import (
    EncoderEngine,
    FilePath,
    ImageSize,
    OnError,
    RandomState,
)


@dataclass(eq=False, repr=False)
class NeuralBaseline(NeuralMultilabelClassifier):
    """Base of networks that read the tokens of an image.

    Training hides all labels. A subclass defines ``_module_class`` and, if its module has
    parameters of its own, ``_module_params``. It is a dataclass: parameters are its fields, and
    those of its bases.
    """

    _module_class: ClassVar[type]
    _parameter_constraints = {
        **NEURAL_PARAMETERS,
        "dropout": [Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})],
    }

    backbone: str | nn.Module | None = "resnet50"
    _: KW_ONLY
    weights: FilePath | None = "DEFAULT"
    train_backbone: TrainBackbone = "auto"
    image_size: ImageSize = 224
    augment: Augment = "auto"
    dropout: float | Literal["auto"] = "auto"
    loss: Loss = "bce"
    pos_weight: ArrayLike | dict[Any, float] | None = None
    lr: float = 2e-3
    backbone_lr: float | None = None
    weight_decay: float = 0.3
    lr_schedule: Literal["one_cycle"] | None = "one_cycle"
    batch_size: int = 64
    max_epochs: int | Literal["auto"] = "auto"
    early_stopping: EarlyStopping = False
    validation_fraction: float = 0.1
    device: str = "auto"
    precision: Literal["auto", "float32", "bfloat16", "float64"] = "auto"
    encoder_engine: EncoderEngine = "torch"
    n_views: Literal[1, 2] = 1
    n_jobs: int | None = None
    on_error: OnError = "raise"
    cache: FilePath | TokenCache | None = "memory"
    checkpoint: FilePath | None = None
    distributed: Literal["accelerate"] | None = None
    callbacks: list[Any] | None = None
    net_params: dict[str, Any] | None = None
    warm_start: bool = False
    random_state: RandomState = None
    verbose: int = 0

    def _structure_params(self):
        names = ("backbone", "weights", "dropout")
        return {name: getattr(self, name) for name in names} | self._module_params()

    def _make_module(self, n_labels, n_channels, *, grid=(1, 1), backbone=None):
        dropout = self.dropout
        if dropout == "auto":
            dropout = self._feature_dropout(n_channels)
        return self._module_class(
            n_labels,
            n_channels,
            dropout=dropout,
            grid=grid,
            backbone=backbone,
            **self._reading_params(),
            **self._module_params(),
        )

    def _module_params(self):
        """Parameters of the module that only this method has."""
        return {}

    def _reading_params(self):
        """Parameters of the module that say how it reads features."""
        return {}

    def _feature_batches(self, data):
        """Yield standardised features (B, P, C), on the device, of what ``_read_X`` returned."""
        net, module = self.net_, self.net_.module_.eval()
        source = data if isinstance(data, EncodedImages) else self._encoded(data)
        size = prediction_batch_size(source, module, net.device)
        for start in range(0, len(source), size):
            rows = np.arange(start, min(start + size, len(source)))
            yield module.image_features(source.batch(rows).to(net.device))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.uses_known_labels = False
        return tags
