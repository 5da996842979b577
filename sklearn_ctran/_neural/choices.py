"""What the parameters of a neural estimator come to: checks, and what "auto" means."""

import torch

from sklearn_ctran._cache.token_cache import resolve_cache
from sklearn_ctran._images.parameters import ReadsImages
from sklearn_ctran._images.preprocessing import Preprocessing
from sklearn_ctran._neural.training import n_epochs
from sklearn_ctran._utils.devices import resolve_device


class Choices(ReadsImages):
    """An estimator with these parameters trains a network, with a backbone or without."""

    weights: object
    train_backbone: object
    augment: object
    lr: float
    backbone_lr: object
    max_epochs: object
    device: str
    net_params: object
    #: Steps that "auto" epochs make, and how often they go through a few images at most.
    _n_steps = 1000
    _most_epochs = 60

    def _check_params(self):
        resolve_cache(self.cache)
        if "callbacks" in (self.net_params or {}):
            raise ValueError("net_params must not have callbacks: pass them in callbacks=[...].")
        if self.n_views == 2 and self.backbone is not None and self._trains_backbone():
            raise ValueError(
                "n_views=2 needs a frozen backbone, but this one is trained: set n_views=1 "
                "(`augment` shows it mirror images), or train_backbone=False."
            )

    def _check_device(self):
        device = resolve_device(self.device)
        if device.startswith("mps") and self._dtype() == torch.float64:
            raise ValueError("precision='float64' is not available on 'mps': use device='cpu'.")
        return device

    def _dtype(self):
        """Of weights, and of forward passes except in bfloat16."""
        return torch.float64 if self.precision == "float64" else torch.float32

    def _trains_backbone(self):
        """What `train_backbone` comes to, whose truth is whether the backbone is trained."""
        if self.train_backbone != "auto":
            return self.train_backbone
        return self._starts_from_scratch()

    def _starts_from_scratch(self):
        """Whether the backbone's weights are random at first."""
        no_named_weights = isinstance(self.backbone, str) and self.backbone == "small"
        return self.weights is None or (no_named_weights and self.weights == "DEFAULT")

    def _preprocessing(self, kind):
        """The Preprocessing of a fit; None without a backbone. `kind` is what `X` holds."""
        if self.backbone is None:
            return None
        # Features need no backbone, which "auto" would ask.
        size = self._own_image_size() if kind == "images" else None
        size = self.image_size if self.image_size != "auto" else size
        return Preprocessing(size, self._augmentation())

    def _augmentation(self):
        """What "auto" means: flips, and crops where sizes allow it, for a backbone that trains."""
        if self.augment != "auto":
            return self.augment
        if not self._trains_backbone():
            return None
        crops = isinstance(self.image_size, (tuple, list)) and "center" not in self.image_size
        return "flip+crop" if crops else "flip"

    def _feature_dropout(self, n_channels):
        """The dropout that "auto" means for fixed features: little if there are few channels."""
        return 0.5 if n_channels >= 64 else 0.1

    def _parameter_groups(self):
        """Parts of the module that have a learning rate or weight decay of their own."""
        backbone_lr = self.backbone_lr
        if backbone_lr is None:
            backbone_lr = self.lr if self._starts_from_scratch() else self.lr / 10
        return [("backbone.*", {"lr": backbone_lr})]

    def _n_epochs(self, n_train, most, n_processes=1):
        if self.max_epochs != "auto":
            return self.max_epochs
        n_batches = n_processes * (self.net_params or {}).get("accumulate", 1)
        return n_epochs(n_train, self.batch_size * n_batches, self._n_steps, most)
