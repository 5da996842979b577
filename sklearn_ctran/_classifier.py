"""CTranClassifier: parameters, their documentation, and the module they build."""

import os
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.utils._param_validation import Interval, StrOptions
from skorch.callbacks import EarlyStopping
from skorch.helper import predefined_split
from torch import nn

from sklearn_ctran import recipes
from sklearn_ctran._checkpoint import load_backbone_state, read_official_checkpoint
from sklearn_ctran._labels import Targets
from sklearn_ctran._net import LabelMaskNet, OneCycle, WeightAveraging
from sklearn_ctran._neural import NeuralMultilabelClassifier
from sklearn_ctran._tokens import Tokens
from sklearn_ctran.modules.backbone import make_backbone
from sklearn_ctran.modules.ctran import CTran
from sklearn_ctran.modules.losses import LOSSES, EntrywiseLoss


class CTranClassifier(NeuralMultilabelClassifier):
    """Multi-label image classification with transformers (C-Tran).

    TODO_DOC
    """

    _parameter_constraints = {
        "backbone": [str, nn.Module, None],
        "weights": [str, os.PathLike, None],
        "train_backbone": ["boolean", StrOptions({"auto"})],
        "image_size": [Interval(Integral, 1, None, closed="left"), tuple, list, None],
        "augment": [StrOptions({"auto", "flip", "crop", "flip+crop"}), callable, None],
        "d_model": [Interval(Integral, 1, None, closed="left"), None],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "position": [StrOptions({"sine", "learned"}), None],
        "unknown_fraction": [tuple, list, None],
        "use_image": ["boolean"],
        "linear_path": ["boolean"],
        "loss": [StrOptions(set(LOSSES)), callable],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "backbone_lr": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "lr_schedule": [StrOptions({"one_cycle"}), None],
        "weight_averaging": [Interval(Real, 0, 1, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "device": [str],
        "precision": [StrOptions({"auto", "float32", "bfloat16"})],
        "n_jobs": [Integral, None],
        "callbacks": [list, None],
        "net_params": [dict, None],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        backbone="resnet50",
        *,
        weights="DEFAULT",
        train_backbone="auto",
        image_size=224,
        augment="auto",
        d_model=128,
        n_layers=3,
        n_heads=4,
        dropout=0.1,
        position=None,
        unknown_fraction=(0.25, 1.0),
        use_image=True,
        linear_path=True,
        loss="bce",
        lr=1e-3,
        backbone_lr=1e-4,
        weight_decay=0.05,
        lr_schedule="one_cycle",
        weight_averaging=0.99,
        batch_size=64,
        max_epochs=20,
        early_stopping=False,
        validation_fraction=0.1,
        device="auto",
        precision="auto",
        n_jobs=None,
        callbacks=None,
        net_params=None,
        warm_start=False,
        random_state=None,
        verbose=0,
    ):
        self.backbone = backbone
        self.weights = weights
        self.train_backbone = train_backbone
        self.image_size = image_size
        self.augment = augment
        self.d_model = d_model
        self.n_layers = n_layers
        self.n_heads = n_heads
        self.dropout = dropout
        self.position = position
        self.unknown_fraction = unknown_fraction
        self.use_image = use_image
        self.linear_path = linear_path
        self.loss = loss
        self.lr = lr
        self.backbone_lr = backbone_lr
        self.weight_decay = weight_decay
        self.lr_schedule = lr_schedule
        self.weight_averaging = weight_averaging
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.device = device
        self.precision = precision
        self.n_jobs = n_jobs
        self.callbacks = callbacks
        self.net_params = net_params
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    @classmethod
    def from_official_checkpoint(
        cls, path, *, backbone="resnet101", label_names=None, n_heads=4, image_size=(640, 576)
    ):
        """Load a model that the paper's authors trained, from a checkpoint file of their code.

        Parameters
        ----------
        path : str or path-like
            Their file (``best_model.pt``): a state dict, or a dictionary with one under
            ``state_dict``; names may start with ``module.``. Read with ``weights_only=True``.
        backbone : str, nn.Module or None, default="resnet101"
            The CNN, whose weights are in the file too; None: `X` will be image features, tokens
            of shape (n_samples, n_tokens, n_channels).
        label_names : array-like of shape (n_labels,), default=None
            In the file's order; None for 0, 1, ...
        n_heads : int, default=4
            Attention heads, which the weights do not tell.
        image_size : int or (int, int), default=(640, 576)
            As in the constructor.

        Returns
        -------
        CTranClassifier
            Fitted; its `label_names_` are the given ones. ``warm_start=True`` goes on training.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is not a C-Tran checkpoint, or does not fit the backbone or the label names.
        """
        transformer, cnn = read_official_checkpoint(path)
        n_labels, d_model = transformer["label_embedding.label"].shape
        names = np.arange(n_labels) if label_names is None else np.asarray(label_names)
        if names.shape != (n_labels,):
            raise ValueError(f"The checkpoint has {n_labels} labels, label_names {len(names)}.")
        n_layers = sum(name.endswith("norm1.weight") for name in transformer)
        self = cls(
            **recipes.COCO80
            | {"backbone": backbone, "image_size": image_size, "augment": "auto"}
            | {"d_model": d_model, "n_heads": n_heads, "n_layers": n_layers}
        )
        if backbone is None:
            module = CTran(n_labels, d_model, **self._module_options())
        else:
            network = make_backbone(backbone, None)
            load_backbone_state(network, cnn, path)
            module = CTran(
                n_labels, network.n_channels, backbone=network, **self._module_options()
            )
        missing, unexpected = module.load_state_dict(transformer, strict=False)
        missing = [m for m in missing if not m.startswith(("backbone.", "feature_"))]
        if missing or unexpected:
            raise ValueError(
                f"{str(path)!r} does not fit: {(missing + unexpected)[0]} is missing or too much."
            )
        targets = Targets(None, names, np.tile([0, 1], (n_labels, 1)), exclusive=False)
        self._set_task(targets, "tokens" if backbone is None else "images")
        self.net_ = self._build_net(module, None, seed=0, device=self._device()).initialize()
        self.history_ = []
        return self

    def _check_params(self):
        fraction = self.unknown_fraction
        if fraction is not None and not (len(fraction) == 2 and 0 <= fraction[0] <= fraction[1] <= 1):
            raise ValueError(
                "unknown_fraction must be None or a pair (low, high) with 0 <= low <= high <= 1, "
                f"got {fraction!r}."
            )

    # ------------------------------------------------------------- the module

    def _module_options(self):
        return {
            "d_model": self.d_model,
            "n_layers": self.n_layers,
            "n_heads": self.n_heads,
            "dropout": self.dropout,
            "position": self.position,
            "use_image": self.use_image,
            "linear_path": self.linear_path,
        }

    def _build_module(self, data, train):
        """A new module for `data`, and what it trains on."""
        options = self._module_options()
        if isinstance(data, Tokens) or not self.use_image:
            if not isinstance(data, Tokens):
                # The images are not looked at: zero tokens stand for them.
                data = Tokens(np.zeros((len(data), 0, 1), dtype=np.float32))
            n_tokens, n_channels = data.values.shape[1:]
            module = CTran(self.n_labels_, n_channels, grid=(1, n_tokens), **options)
            source = data
        else:
            backbone = make_backbone(self.backbone, self.weights)
            if not self._trains_backbone():
                backbone.freeze()
            grid = self._grid(backbone, data)
            module = CTran(
                self.n_labels_, backbone.n_channels, grid=grid, backbone=backbone, **options
            )
            source = self._training_source(data, module)
        if isinstance(source, Tokens) and self.linear_path and self.use_image:
            module.standardize_features(*source.mean_and_scale(train))
        return module, source

    def _grid(self, backbone, images):
        """Rows and columns of the feature map."""
        if self.position is None:
            return (1, 1)
        side = images.batch([0], self._preprocessing())
        was_training = backbone.training
        with torch.no_grad():
            grid = tuple(backbone.eval()(side).shape[2:])
        backbone.train(was_training)
        return grid

    def _trains_backbone(self):
        if self.train_backbone != "auto":
            return self.train_backbone
        return self.weights is None or self.backbone == "small"

    def _augmentation(self):
        """What "auto" means: flips, and crops where there is room, for a backbone that trains."""
        if self.augment != "auto":
            return self.augment
        if not self._trains_backbone():
            return None
        return "flip+crop" if isinstance(self.image_size, (tuple, list)) else "flip"

    # ---------------------------------------------------------------- the net

    def _build_net(self, module, valid, seed, device):
        groups = [
            ("backbone.*", {"lr": self.backbone_lr}),
        ]
        callbacks = []
        if self.lr_schedule == "one_cycle":
            callbacks.append(("lr_schedule", OneCycle()))
        if self.weight_averaging:
            callbacks.append(("weight_averaging", WeightAveraging(self.weight_averaging)))
        if valid is not None:
            callbacks.append(
                ("early_stopping", EarlyStopping(patience=5, load_best=True, sink=self._say))
            )
        params = {
            "module": module,
            "criterion": EntrywiseLoss(LOSSES.get(self.loss, self.loss)),
            "optimizer": torch.optim.AdamW,
            "optimizer__param_groups": groups,
            "optimizer__weight_decay": self.weight_decay,
            "lr": self.lr,
            "batch_size": self.batch_size,
            "max_epochs": self.max_epochs,
            "train_split": None if valid is None else predefined_split(valid),
            "device": device,
            "verbose": self.verbose,
            "unknown_fraction": self.unknown_fraction,
            "exclusive": self._exclusive,
            "precision": self._precision(device),
            "seed": seed,
            **(self.net_params or {}),
            "callbacks": callbacks + list(self.callbacks or []),
        }
        return LabelMaskNet(**params)

    def _say(self, message):
        if self.verbose:
            print(message)

    def _precision(self, device):
        if self.precision != "auto":
            return self.precision
        on_gpu = device.startswith("cuda") and torch.cuda.is_bf16_supported()
        return "bfloat16" if on_gpu else "float32"
