"""Types of the constructor parameters of neural estimators, and what validates their values."""

from collections.abc import Callable
from numbers import Integral, Real
from os import PathLike
from typing import Literal

from sklearn.utils._param_validation import Interval, StrOptions
from torch import Tensor

from sklearn_ctran._images.parameters import IMAGE_PARAMETERS
from sklearn_ctran._images.preprocessing import AUGMENTATIONS
from sklearn_ctran._neural.fine_tuning import LAST_STAGE, FineTuning
from sklearn_ctran._utils.sklearn_compat import WholeNumber
from sklearn_ctran.modules.losses import LOSSES

Augment = (
    Literal["auto", "flip", "crop", "scale", "flip+crop", "flip+scale"]
    | Callable[[Tensor], Tensor]
    | None
)
TrainBackbone = bool | int | Literal["auto", "last_stage"] | FineTuning
EarlyStopping = bool | Literal["score"]
Loss = Literal["bce", "focal", "asymmetric"] | Callable[[Tensor, Tensor], Tensor]

NEURAL_PARAMETERS = {
    **IMAGE_PARAMETERS,
    "train_backbone": [
        "boolean",
        StrOptions({"auto", LAST_STAGE}),
        Interval(Integral, 1, None, closed="left"),
        FineTuning,
    ],
    "augment": [StrOptions({"auto", *AUGMENTATIONS}), callable, None],
    "loss": [StrOptions(set(LOSSES)), callable],
    "pos_weight": [
        StrOptions({"balanced"}),
        Interval(Real, 0, None, closed="neither"),
        "array-like",
        dict,
        None,
    ],
    "lr": [Interval(Real, 0, None, closed="neither")],
    "backbone_lr": [Interval(Real, 0, None, closed="neither"), None],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "lr_schedule": [StrOptions({"one_cycle"}), None],
    "max_epochs": [WholeNumber(Integral, 1, None, closed="left"), StrOptions({"auto"})],
    "early_stopping": ["boolean", StrOptions({"score"})],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "precision": [StrOptions({"auto", "float32", "bfloat16", "float64"})],
    "distributed": [StrOptions({"accelerate"}), None],
    "checkpoint": [str, PathLike, None],
    "callbacks": [list, None],
    "net_params": [dict, None],
    "warm_start": ["boolean"],
}
