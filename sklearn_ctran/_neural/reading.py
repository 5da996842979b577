"""From `X` to what a network reads: images, tokens or features, and who makes the features."""

from dataclasses import replace

import numpy as np
import torch
from sklearn.utils.validation import validate_data

from sklearn_ctran._images.kinds import kind_of
from sklearn_ctran._images.tokens import EncodedImages, Tokens
from sklearn_ctran._neural.choices import Choices
from sklearn_ctran._neural.inputs import (
    NetworkInput,
    check_token_count,
    check_tokens,
    no_tokens,
    pooled_for,
    read_tokens,
)
from sklearn_ctran._neural.net import LabelMaskNet
from sklearn_ctran._utils.checks import check_not_masked
from sklearn_ctran.modules.backbone import check_has_n_inputs, find_source

#: For so many images, folding a trained backbone's normalisation takes less than it saves.
_WORTH_FOLDING = 32


class ReadsInputs(Choices):
    """An estimator that, once fitted, has these attributes reads images, tokens and features."""

    use_image = True
    net_: LabelMaskNet
    memory_: object
    _input: NetworkInput

    def _read_X_to_fit(self, X, is_resumed):
        """Images, or Tokens, which features are too, of `X`, checked; and the NetworkInput."""
        if isinstance(X, EncodedImages):
            raise TypeError("fit takes images or features, not what encode() made of them.")
        takes_tokens = self._input.kind == "tokens" if is_resumed else self.backbone is None
        kind, X = kind_of(X, takes_tokens)
        if is_resumed:
            self._check_kind(kind)
        size = self._input.size if is_resumed else None
        inputs = NetworkInput(kind, self._preprocessing(kind), size, self.n_views)
        if kind == "images":
            return self._read_images_to_fit(X, inputs, is_resumed)
        if kind == "features":
            return self._read_features(X, reset=not is_resumed), inputs
        data = read_tokens(X)
        if is_resumed:
            check_tokens(data, self.net_.module_)
        return data, inputs

    def _read_images_to_fit(self, X, inputs, is_resumed):
        use_image = self.net_.module_.use_image if is_resumed else self.use_image
        is_new = use_image and not is_resumed
        if is_new and self.backbone is not None:
            find_source(self.backbone, self.weights)
        # A frozen backbone reads every image before training, and finds broken ones.
        data = self._read_images(X, inputs, use_image, decode=self._trains_backbone())
        if is_new:
            check_has_n_inputs(self.backbone, data.n_channels)
        elif use_image:
            self.net_.module_.backbone.check_n_inputs(data.n_channels)
        if is_new:
            inputs = replace(inputs, size=inputs.preprocessing.final_size(data.sizes[0]))
        return data, inputs

    def _read_X(self, X):
        """Check `X` of a fitted estimator: Images, Tokens or EncodedImages.

        It goes by what the estimator was fitted with, whatever its parameters are by now.
        """
        if isinstance(X, EncodedImages):
            self._check_encoded(X)
            return X
        kind, X = kind_of(X, self._input.kind == "tokens")
        self._check_kind(kind)
        if kind == "images":
            module = self.net_.module_
            images = self._read_images(X, self._input, module.use_image, decode=False)
            if module.use_image:
                module.backbone.check_n_inputs(images.n_channels)
            return images
        if kind == "tokens":
            tokens = read_tokens(X)
            check_tokens(tokens, self.net_.module_)
            return tokens
        return self._read_features(X, reset=False)

    def _check_kind(self, kind):
        if kind != self._input.kind:
            raise ValueError(f"X holds {kind}, but the estimator was fitted on {self._input.kind}.")

    def _read_images(self, X, inputs, use_image, decode):
        if inputs.preprocessing is None:
            raise ValueError(
                "backbone=None takes features (2-D) or tokens (3-D); to use images, choose a "
                "backbone."
            )
        if not use_image:
            return no_tokens(len(X))
        return self._image_reader(inputs.preprocessing, inputs.n_views).read(X, decode)

    def _read_features(self, X, reset):
        check_not_masked(X, "X")
        X = validate_data(self, X, dtype=np.float32, order="C", reset=reset)
        return Tokens(X[:, None])

    def _reader(self):
        return self._image_reader(self._input.preprocessing, self._input.n_views)

    def _check_encoded(self, X):
        if X.key != self._encoding_key():
            raise ValueError(
                "X was encoded by an estimator with another backbone, other weights, preprocessing "
                "or regions: call encode of this one."
            )
        if self.net_.module_.pooling is None:  # Else they are as many as there are regions.
            check_token_count(X.shape[1], self.net_.module_)

    # ---------------------------------------------------------------- features

    def _fixed_features(self, data, module, device):
        """Features that training does not change: given, or of a frozen backbone; else None."""
        if isinstance(data, Tokens):
            return data
        backbone = module.backbone
        return self._reader().encode(data, backbone, device) if backbone.frozen else None

    def _training_source(self, data, features, module, device):
        """What the net trains on: features, unless images change or the backbone does."""
        if features is None:
            return self._input.batches(data)
        if not isinstance(data, Tokens) and self._augmentation():
            images = self._input.batches(data)
            if torch.device(device).type != "cpu":
                return images  # Features would be copied from the GPU and back.
            return self._reader().encode_anew(images, module.backbone, device, module.pool_map)
        grid = None if isinstance(data, Tokens) else self._input.grid(data, module)
        return pooled_for(module, features, grid)

    def _features(self, data):
        """Features of Images or Tokens, not pooled, from the fitted backbone."""
        if isinstance(data, Tokens):
            return data
        backbone = self.net_.module_.backbone
        precision = None if backbone.frozen else self.net_.precision
        return self._reader().encode(data, backbone, self.net_.device, precision)

    def _encoded(self, data):
        """Images or Tokens as features, as many as the fitted module reads."""
        module = self.net_.module_
        grid = None if isinstance(data, Tokens) else self._input.grid(data, module)
        return pooled_for(module, self._features(data), grid)

    def _prediction_source(self, data):
        """What the net predicts from: features; or images, of which they are made anew."""
        module = self.net_.module_
        if isinstance(data, EncodedImages):
            return data
        if isinstance(data, Tokens) or module.backbone.frozen or self.memory_ is not None:
            return self._encoded(data)  # The network and the memory read the same pass.
        images, device = self._input.batches(data), self.net_.device
        if len(images) < _WORTH_FOLDING or torch.device(device).type != "cpu":
            return images  # They go through the backbone as part of the module.
        where = module.backbone, device, module.pool_map
        return self._reader().encode_anew(images, *where, self.net_.precision)

    def _encoding_key(self):
        """Equal for estimators that encode images alike."""
        module, space = self.net_.module_, None
        backbone = module.backbone
        if self._input.kind == "images" and backbone is not None:
            precision = None if backbone.frozen else self.net_.precision
            space = self._reader().space(backbone, self.net_.device, precision)
        return self._input.kind, module.pooling, len(module.feature_mean), space
