"""StandardMLP: one hidden layer from image features to the targets, and no other labels."""

from numbers import Integral
from typing import Any, Literal

from numpy.typing import ArrayLike
from sklearn.utils._param_validation import Interval
from torch import nn

from sklearn_ctran._cache.token_cache import TokenCache
from sklearn_ctran._neural.parameters import Augment, Loss
from sklearn_ctran._utils.typing import EncoderEngine, FilePath, OnError, RandomState
from sklearn_ctran.baselines._neural_baseline import NeuralBaseline
from sklearn_ctran.modules.heads import MLPModel
from sklearn_ctran.modules.label_states import UNKNOWN


class StandardMLP(NeuralBaseline):
    """A multi-layer perceptron on the pooled features of a backbone, which learns targets only.

    The "Standard" of the paper's Table 4 [2]_, after Koh et al. [1]_. Neither known nor extra
    labels make a difference; the probability of an extra label is its share in training, as far as
    `pos_weight` does not raise it.

    Parameters
    ----------
    backbone, weights, train_backbone, image_size, augment
        As of :class:`CTranClassifier`.
    n_hidden : int, default=512
        Hidden units.
    pool : {"mean", "max", "gem"}, default="mean"
        How the feature map becomes one vector: mean, maximum or generalised mean (power 3) of
        its cells.
    dropout : float or "auto", default="auto"
        Share of the pooled features and of the hidden units dropped in training, in [0, 1).
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

    _module_class = MLPModel
    _parameter_constraints = {
        **NeuralBaseline._parameter_constraints,
        "n_hidden": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        backbone: str | nn.Module | None = "resnet50",
        *,
        n_hidden: int = 512,
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
        self.n_hidden = n_hidden

    def _module_params(self):
        return {"n_hidden": self.n_hidden, "n_learned": self.task_.n_labels}

    def _states_to_learn(self, true_states):
        states = true_states.copy()
        states[:, self.task_.n_labels :] = UNKNOWN
        return states
