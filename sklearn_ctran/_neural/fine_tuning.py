"""FineTuning: which part of a backbone is trained, and how."""

from dataclasses import dataclass
from numbers import Integral
from typing import Literal

import numpy as np

from sklearn_ctran._utils.checks import check_count

#: What ``train_backbone`` says in one word.
LAST_STAGE = "last_stage"


@dataclass(frozen=True)
class FineTuning:
    """How a backbone is trained: a value of `train_backbone`.

    A stage is what lies between two places where the feature map shrinks: ``layer4`` is the last of
    a ResNet's five, the blocks of 7 x 7 cells the last of a MobileNetV2's (224 pixels). Of
    torchvision's ViT, each block of the transformer is one.

    Parameters
    ----------
    n_stages : int or None, default=1
        How many stages are trained, counted from the end. Those before stay as they are, their
        batch normalisation too. None: all.
    batch_norm : {"trained", "frozen"}, default="trained"
        Whether the batch normalisation of trained stages is trained, and its statistics follow the
        images. "frozen" suits small batches and few images.
    recompute : bool, default=False
        Whether a training step computes the activations of trained stages twice instead of keeping
        them (gradient checkpointing), which takes more time and less memory. It needs
        ``batch_norm="frozen"`` where there is batch normalisation, which would see images twice.

    Raises
    ------
    TypeError, ValueError
        If a parameter is invalid.

    Examples
    --------
    >>> from torch import nn
    >>> from sklearn_ctran import CTranClassifier, FineTuning
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(50, random_state=0)
    >>> cnn = nn.Sequential(nn.Conv2d(3, 8, 8, 8), nn.ReLU(), nn.Conv2d(8, 16, 2, 2))
    >>> model = CTranClassifier(
    ...     cnn, image_size=None, train_backbone=FineTuning(1, recompute=True), max_epochs=1
    ... )
    >>> trunk = model.fit(scenes.images, scenes.Y).net_.module_.backbone.trunk
    >>> [parameter.requires_grad for parameter in trunk.parameters()]
    [False, False, True, True]
    """

    n_stages: int | None = 1
    batch_norm: Literal["trained", "frozen"] = "trained"
    recompute: bool = False

    def __post_init__(self) -> None:
        if self.n_stages is not None:
            check_count("n_stages", self.n_stages, least=1)
        if self.batch_norm not in ("trained", "frozen"):
            raise ValueError(f"batch_norm must be 'trained' or 'frozen', got {self.batch_norm!r}.")
        if not isinstance(self.recompute, bool):
            raise TypeError(f"recompute must be True or False, got {self.recompute!r}.")


def prepare(backbone, train_backbone):
    """Make a Backbone train as the parameter says; return it.

    `train_backbone` is True, False, "last_stage", a number of stages or a FineTuning. Raises
    ValueError if the backbone has not such stages.
    """
    if not train_backbone:
        return backbone.freeze()
    if isinstance(train_backbone, (bool, np.bool_)):
        return backbone.unfreeze()
    if train_backbone == LAST_STAGE:
        train_backbone = FineTuning()
    if isinstance(train_backbone, Integral):
        train_backbone = FineTuning(int(train_backbone))
    return backbone.unfreeze(
        train_backbone.n_stages,
        train_batch_norm=train_backbone.batch_norm == "trained",
        recompute=train_backbone.recompute,
    )
