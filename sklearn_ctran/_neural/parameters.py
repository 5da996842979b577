"""Types of the constructor parameters of neural estimators, and what validates their values."""

from collections.abc import Callable
from numbers import Integral, Real
from os import PathLike
from typing import Literal

from sklearn.utils._param_validation import Interval, StrOptions
from torch import Tensor

from sklearn_ctran._images.parameters import IMAGE_PARAMETERS
from sklearn_ctran.modules.losses import LOSSES

Augment = Literal["auto", "flip", "crop", "flip+crop"] | Callable[[Tensor], Tensor] | None
Loss = Literal["bce", "focal", "asymmetric"] | Callable[[Tensor, Tensor], Tensor]

NEURAL_PARAMETERS = {
    **IMAGE_PARAMETERS,
    "train_backbone": ["boolean", StrOptions({"auto"})],
    "augment": [StrOptions({"auto", "flip", "crop", "flip+crop"}), callable, None],
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
    "max_epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "precision": [StrOptions({"auto", "float32", "bfloat16", "float64"})],
    "distributed": [StrOptions({"accelerate"}), None],
    "checkpoint": [str, PathLike, None],
    "callbacks": [list, None],
    "net_params": [dict, None],
    "warm_start": ["boolean"],
}
