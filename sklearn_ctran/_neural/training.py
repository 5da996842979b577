"""From constructor parameters to a module and the net that trains it."""

import numpy as np
import torch
from skorch.callbacks import EarlyStopping
from skorch.helper import predefined_split

from sklearn_ctran._cache.token_cache import resolve_cache
from sklearn_ctran._images.tokens import Tokens, mean_and_scale
from sklearn_ctran._neural.net import LabelMaskNet, OneCycle
from sklearn_ctran.modules.backbone import make_backbone
from sklearn_ctran.modules.losses import LOSSES, EntrywiseLoss
from sklearn_ctran.modules.regions import guess_grid


class Training:
    """Builds modules and nets.

    A subclass has ``_make_module(n_labels, n_channels, grid=, backbone=)``, which returns an
    ImageModel, and the constructor parameters used here.
    """

    # What a subclass may have as constructor parameters.
    label_groups = exclusive_groups = implies = None
    unknown_fraction = None
    n_masks = 1
    mask_groups = 0.0
    use_image = True
    standardize = True
    #: Steps that "auto" epochs make, and how often they go through a few images at most.
    _n_steps = 1000
    _most_epochs = 60
    #: The net's class.
    _net_class = LabelMaskNet

    def _check_params(self):
        resolve_cache(self.cache)
        if "callbacks" in (self.net_params or {}):
            raise ValueError("net_params must not have callbacks: pass them in callbacks=[...].")

    # ------------------------------------------------------------- the module

    def _build_module(self, data):
        """A new module for `data`."""
        if isinstance(data, Tokens):
            n_tokens, n_channels = data.shape[1:]
            return self._make_module(self._n_all_labels(), n_channels, grid=guess_grid(n_tokens))
        backbone = make_backbone(self.backbone, self.weights)
        self._module_size = self._preprocess.final_size(data.sizes[0])
        if not self._trains_backbone():
            backbone.freeze()
        return self._make_module(
            self._n_all_labels(),
            backbone.n_channels,
            grid=self._grid(backbone, self._module_size),
            backbone=backbone,
        )

    def _n_all_labels(self):
        return self.n_labels_ + len(self.extra_label_names_)

    def _prepare_module(self, module, features, prior, train, weights):
        """Tell a new module what can be told about the training data beforehand."""
        if features is not None and self.standardize and self.use_image:
            features = self._features_to_standardise(features, module)
            module.standardize_features(*mean_and_scale(features, train, weights))
        module.set_prior(torch.from_numpy(prior))

    def _features_to_standardise(self, features, module):
        return features

    def _grid(self, backbone, size):
        """Rows and columns of the feature map of an image of some height and width (black)."""
        was_training = backbone.training
        with torch.no_grad():
            black = torch.zeros(1, 3, *size, dtype=torch.uint8, device=backbone.mean.device)
            features = backbone.eval()(black)
        backbone.train(was_training)
        return tuple(features.shape[2:])

    def _feature_dropout(self, n_channels):
        """What "auto" means for features that stay as they are: few channels are hardly dropped."""
        return 0.5 if n_channels >= 64 else 0.1

    def _states_to_train_on(self, states):
        """Targets and extra labels (n_samples, n_labels + n_extra_labels), int8, as learned."""
        return states

    # ---------------------------------------------------------------- the net

    def _build_net(self, module, n_train, valid, pos_weight, seed, device):
        callbacks = []
        if self.lr_schedule == "one_cycle":
            callbacks.append(("lr_schedule", OneCycle()))
        if valid is not None:
            callbacks.append(
                ("early_stopping", EarlyStopping(patience=5, load_best=True, sink=self._say))
            )
        net_params = self.net_params or {}
        if "optimizer" not in net_params:
            # One pass over all weights instead of several over each.
            net_params = {"optimizer": torch.optim.AdamW, "optimizer__fused": True} | net_params
        params = {
            "module": module,
            "criterion": self._criterion(pos_weight),
            "optimizer__param_groups": self._parameter_groups(),
            "optimizer__weight_decay": self.weight_decay,
            "lr": self.lr,
            "batch_size": self.batch_size,
            "max_epochs": self._n_epochs(n_train),
            "train_split": None if valid is None else predefined_split(valid),
            "device": device,
            "verbose": self.verbose,
            "unknown_fraction": self.unknown_fraction,
            "rules": self._rules,
            "n_extra": len(self.extra_label_names_),
            # Of a class alone, shown, nothing would be left to predict.
            "hide_positives": self._exclusive and not len(self.extra_label_names_),
            "mask_groups": self.mask_groups,
            "n_masks": self.n_masks,
            "precision": self._net_precision(module, device),
            "seed": seed,
            **net_params,
            "callbacks": callbacks + list(self.callbacks or []),
        }
        return self._net_class(**params)

    def _criterion(self, pos_weight):
        return EntrywiseLoss(LOSSES.get(self.loss, self.loss), torch.from_numpy(pos_weight))

    def _net_precision(self, module, device):
        """What "auto" means for the network, and for a backbone that goes with it."""
        if self.precision == "float64":
            return "float64"
        if self.precision == "auto" and torch.device(device).type == "cpu":
            # Convolutions do not train faster in it, and batch normalisation less exactly.
            trains_backbone = module.backbone is not None and not module.backbone.frozen
            if module.n_labels * module.width < 2048 or trains_backbone:
                return "float32"
        return self._backbone_precision(device)

    def _parameter_groups(self):
        """Learning rate and weight decay of the parts that learn unlike the rest."""
        backbone_lr = self.backbone_lr
        if backbone_lr is None:
            backbone_lr = self.lr if self._starts_from_scratch() else self.lr / 10
        return [("backbone.*", {"lr": backbone_lr})]

    def _n_epochs(self, n_train):
        """What "auto" means: about so many steps, but at least 5 epochs and not too many."""
        if self.max_epochs != "auto":
            return self.max_epochs
        n_epochs = np.rint(self._n_steps / np.ceil(n_train / self.batch_size))
        return int(np.clip(n_epochs, 5, self._most_epochs))

    def _say(self, message):
        if self.verbose:
            print(message)
