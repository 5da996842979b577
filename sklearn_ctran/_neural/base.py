"""What every neural estimator shares: images to tokens to a trained net, states to probabilities.

A subclass has the constructor parameters used here and builds its module in `_build_module`.
"""

import copy
import math

import numpy as np
import torch
from sklearn.base import BaseEstimator, _fit_context
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from sklearn_ctran._images.kinds import _kind_of
from sklearn_ctran._images.preprocessing import Preprocessing
from sklearn_ctran._images.reader import ImageEncoding
from sklearn_ctran._images.tokens import EncodedImages, ImageBatches, Tokens, pooled
from sklearn_ctran._labels.targets import encode_extra_labels, encode_targets, log_odds
from sklearn_ctran._labels.weights import check_annotated, check_sample_weight, read_pos_weight
from sklearn_ctran._neural.batches import LabelledImages
from sklearn_ctran._neural.training import Training
from sklearn_ctran._protocol import LabelPredictions
from sklearn_ctran._rules.reading import read_rules
from sklearn_ctran._utils.devices import lent_seed, resolve_device
from sklearn_ctran._utils.names import as_names
from sklearn_ctran.modules.label_states import UNKNOWN

#: What a batch of predictions may take on a CPU, where larger ones are slower.
_CPU_BYTES = 1 << 26


class NeuralMultilabelClassifier(Training, LabelPredictions, ImageEncoding, BaseEstimator):
    """Base of the neural estimators: fitting and logits, without the model."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, extra_labels=None, sample_weight=None):
        """Learn from images and their labels.

        Parameters
        ----------
        X : array-like
            Images: a list or array of paths, PIL images or arrays; an array of shape
            (n_samples, height, width, 3), uint8, or float in [0, 1]; grey images
            (n_samples, height, width). Features: (n_samples, n_features); with `backbone=None`
            also tokens (n_samples, n_tokens, n_channels).
        y : array-like, sparse matrix or DataFrame of shape (n_samples, n_labels), or (n_samples,)
            1 where the label applies, 0 where not, -1 or NaN where nobody annotated it: such an
            entry is neither shown to the model nor scored. One dimension: one class a sample.
        extra_labels : array-like, sparse matrix, DataFrame or dict, default=None
            Of shape (n_samples, n_extra_labels), in the same forms as `y`; a dict maps names to
            columns. What else somebody may know of an image: place, weather, attributes. They are
            learned like labels, and may be told when predicting, but are never part of the
            predictions (paper, sections 2 and 4.3).
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, 0 or above; 2 counts as the sample twice. Their scale does not
            matter to the size of the steps, but to the labels' shares that training starts from
            and to ``pos_weight="balanced"``, where they are numbers of samples: give them a mean
            of about 1. Of a sum of 1, say, `fit` warns. A sample of weight 0 is left out.

        Returns
        -------
        self : object
            Fitted estimator.

        Raises
        ------
        ValueError, TypeError, FileNotFoundError
            If an argument cannot be used; the message names the row, label or file. The estimator
            is then as it was before the call.
        """
        before = copy.copy(vars(self))
        try:
            self._fit(X, y, extra_labels, sample_weight)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise
        return self

    def _fit(self, X, y, extra_labels, sample_weight):
        # What costs nothing to check comes first: reading images may take minutes.
        self._check_params()
        device = resolve_device(self.device)
        if device.startswith("mps") and self._dtype() == torch.float64:
            raise ValueError("precision='float64' is not to be had on 'mps': use device='cpu'.")
        targets = encode_targets(y)
        extra, extra_names = encode_extra_labels(extra_labels)
        going_on = self.warm_start and hasattr(self, "net_")
        if going_on:
            self._check_same_task(targets, extra_names)
        else:
            vars(self).pop("n_features_in_", None)
            vars(self).pop("feature_names_in_", None)
        check_consistent_length(targets.states, extra)
        weights = check_sample_weight(sample_weight, targets.states)
        self._set_task(targets, extra_names)
        labels = self._learned_states(targets, extra)
        check_annotated(labels, weights, self._rules.names)
        self._preprocess = self._make_preprocessing()
        data, self._input_kind = self._read_X(X, fitted=going_on, training=True)
        check_consistent_length(data, labels)
        rng = check_random_state(self.random_state)
        seed = int(rng.randint(np.iinfo(np.int32).max))
        train, valid = self._split(targets, labels, weights, rng)
        with lent_seed(seed, device):
            module = self._module_to_go_on_with() if going_on else self._build_module(data)
            features = self._features(data, module, device)
            prior = log_odds(labels[train], weights[train])
            pos_weight = self._pos_weights(prior)
            if not going_on:
                prior += np.log(pos_weight)
                self._prepare_module(module, features, prior, train, weights[train])
            module.cast(self._dtype())
            source = self._training_source(data, features, module)
            del features  # Pooled or not needed: not to be kept in memory while training.
            states = torch.from_numpy(self._states_to_train_on(labels))
            weights = torch.from_numpy(_scaled(weights, labels, train)).to(self._dtype())
            if valid is not None:
                valid = LabelledImages(source, states, valid, weights=weights)
            net = self._build_net(module, len(train), valid, pos_weight, seed=seed, device=device)
            train = LabelledImages(source, states, train, weights=weights, augment_seed=seed)
            net.fit(train, None)
        self._check_net(net)
        net.train_split = None  # Its held-out part would travel along in every pickle.
        net.optimizer_.state.clear()  # Nor does prediction need twice the weights in moments.
        self.net_ = net
        self.history_ = [
            {key: value for key, value in epoch.items() if key != "batches"}
            for epoch in net.history
        ]

    def _pos_weights(self, prior):
        bound = np.zeros(len(prior), dtype=bool)
        if self._rules.consistent is not None:
            bound = self._rules.consistent.bound.numpy()
        return read_pos_weight(self.pos_weight, prior, self._rules.names, self.n_labels_, bound)

    def _dtype(self):
        """Of weights; of forward passes too, but for bfloat16."""
        return torch.float64 if self.precision == "float64" else torch.float32

    def _check_net(self, net):
        if net.is_broken_off:
            raise KeyboardInterrupt("Training was broken off; the estimator is as it was before.")
        if not all(torch.isfinite(weight).all() for weight in net.module_.parameters()):
            raise ValueError(
                "Weights became NaN or infinite in the last step. Lower `lr` (and `backbone_lr`), "
                "or look for extreme values in the features."
            )

    def _set_task(self, targets, extra_names):
        self.classes_ = targets.classes
        self.label_names_ = targets.names
        self.n_labels_ = len(targets.names)
        self.extra_label_names_ = extra_names
        self._exclusive = targets.exclusive
        self._rules = self._read_rules()
        names = self._rules.names
        self.label_groups_ = {
            name: tuple(names[list(members)].tolist())
            for name, members in self._rules.groups.items()
        }
        self._structure = self._structure_params()

    def _read_rules(self):
        both = set(self.label_names_.tolist()) & set(self.extra_label_names_.tolist())
        if both:
            raise ValueError(
                f"{sorted(both, key=str)[0]!r} is a label of y and of extra_labels: names must "
                "differ."
            )
        names = as_names(self.label_names_.tolist() + self.extra_label_names_.tolist())
        return read_rules(
            names,
            self.label_groups,
            self.exclusive_groups,
            self.implies,
            classes=self.n_labels_ if self._exclusive else 0,
        )

    def _learned_states(self, targets, extra):
        """What is learned from: targets and extra labels, and what follows from them."""
        parts = [targets.states] if extra is None else [targets.states, extra]
        states = np.concatenate(parts, axis=1)
        self._rules.check(states, "y" if extra is None else "y and extra_labels")
        return self._rules.settle(states)

    def _split(self, targets, labels, weights, rng):
        """Rows to train on, of a weight above 0, and rows to stop by, or None."""
        rows = np.flatnonzero(weights)
        if not self.early_stopping:
            return rows, None
        codes = targets.states[rows].argmax(axis=1) if targets.exclusive else None
        train, valid = train_test_split(
            rows,
            test_size=self.validation_fraction,
            random_state=rng,
            stratify=codes if codes is not None and np.bincount(codes).min() > 1 else None,
        )
        if not (labels[train] != UNKNOWN).any(axis=0).all():
            raise ValueError(
                "early_stopping sets so many samples aside that a label has no annotated one left "
                "to learn from: lower validation_fraction, or use early_stopping=False."
            )
        return np.sort(train), np.sort(valid)

    def _check_same_task(self, targets, extra_names):
        same_labels = np.array_equal(targets.names, self.label_names_) and np.array_equal(
            extra_names, self.extra_label_names_
        )
        if targets.exclusive != self._exclusive or not same_labels:
            raise ValueError(
                "warm_start=True goes on with the model of the last fit, whose labels were "
                "others; set warm_start=False to start afresh."
            )
        structure = self._structure_params()
        changed = [name for name, value in structure.items() if value != self._structure[name]]
        if changed:
            raise ValueError(
                f"warm_start=True goes on with the model of the last fit, but {changed[0]} was "
                f"{self._structure[changed[0]]!r} then and is {structure[changed[0]]!r} now; set "
                "warm_start=False to start afresh."
            )

    def _module_to_go_on_with(self):
        module = copy.deepcopy(self.net_.module_).cpu()
        if module.backbone is not None:
            if self._trains_backbone():
                module.backbone.unfreeze()
            else:
                module.backbone.freeze()
        return module

    # ------------------------------------------------------------------ input

    def _read_X(self, X, fitted, training=False):
        """Validate `X`: Images or Tokens, and which kind of input it was.

        A fitted estimator goes by what it was fitted with, whatever its parameters say by now.
        """
        if isinstance(X, EncodedImages):
            self._check_encoded(X, training)
            return X, self._input_kind
        kind, X = _kind_of(X, self._input_kind == "tokens" if fitted else self.backbone is None)
        if fitted and kind != self._input_kind:
            raise ValueError(f"X holds {kind}, but the estimator was fitted on {self._input_kind}.")
        if kind == "images":
            use_image = self.net_.module_.use_image if fitted else self.use_image
            # Where every image goes through the backbone first, broken ones are found there.
            decode = training and self._trains_backbone()
            return self._read_images(X, use_image, decode), kind
        if kind == "tokens":
            X = check_array(X, dtype=np.float32, ensure_2d=False, allow_nd=True, order="C")
            if 0 in X.shape:
                raise ValueError(f"X is empty: its shape is {X.shape}.")
            if fitted:
                self._check_tokens(X)
            return Tokens(X), kind
        X = validate_data(self, X, dtype=np.float32, order="C", reset=not fitted)
        return Tokens(X[:, None]), kind

    def _read_images(self, X, use_image, decode):
        if self._preprocess is None:
            raise ValueError(
                "backbone=None takes features (2-D) or tokens (3-D); to use images, choose a "
                "backbone."
            )
        if not use_image:
            # The images are not looked at: no tokens stand for them.
            return Tokens(np.zeros((len(X), 0, 1), dtype=np.float32))
        return self._check_images(X, decode)

    def _check_tokens(self, X):
        module = self.net_.module_
        if not module.use_image:
            return
        if X.shape[2] != len(module.feature_mean):
            raise ValueError(
                f"X has {X.shape[2]} channels a token, but the estimator was fitted with "
                f"{len(module.feature_mean)}."
            )
        self._check_token_count(X.shape[1])

    def _check_token_count(self, n_tokens):
        module = self.net_.module_
        if module.has_fixed_tokens and n_tokens != math.prod(module.grid):
            raise ValueError(
                f"X has {n_tokens} tokens an image, but the estimator was fitted with "
                f"{math.prod(module.grid)}."
            )

    def _features(self, data, module, device):
        """Features that stay the same: those given, or those of a frozen backbone, or None."""
        if isinstance(data, Tokens):
            return data
        backbone = module.backbone
        return self._encode_images(data, backbone, device) if backbone.frozen else None

    def _encoder_precision(self, backbone, device):
        return self._backbone_precision(device) if backbone.frozen else self.net_.precision

    def _training_source(self, data, features, module):
        """What the net trains on: features, unless images change or the backbone does."""
        is_augmented = not isinstance(data, Tokens) and self._augmentation()
        if features is None or is_augmented:
            return ImageBatches(data, self._preprocess)
        grid = None if isinstance(data, Tokens) else self._pooling_grid(data, module)
        return self._pooled(features, module, grid)

    def _prediction_source(self, data, module):
        """What the net predicts from: features, but images where the backbone was trained."""
        if isinstance(data, EncodedImages):
            return data
        if isinstance(data, Tokens) or module.backbone.frozen:
            return self._encoded(data, module)
        return ImageBatches(data, self._preprocess)

    def _encoded(self, data, module):
        """Images or tokens as features, as many as there will be image tokens."""
        if isinstance(data, Tokens):
            return self._pooled(data, module)
        grid = self._pooling_grid(data, module)
        features = self._encode_images(data, module.backbone, self.net_.device)
        return self._pooled(features, module, grid)

    def _pooling_grid(self, images, module):
        """Rows and columns of the features of images, checked; None where nobody needs them."""
        if not module.needs_grid:
            return None
        size = self._preprocess.final_size(images.sizes[0])
        grid = module.grid if size == self._module_size else self._grid(module.backbone, size)
        module.check_grid(grid)
        return grid

    def _prediction_batch_size(self, source):
        """As many images as the memory for about one layer's tokens allows."""
        if isinstance(source, ImageBatches):
            return self.batch_size
        module, device = self.net_.module_, torch.device(self.net_.device)
        budget = _CPU_BYTES
        if device.type == "cuda":
            budget = torch.cuda.mem_get_info(device)[0] // 2
        # Some sixteen numbers of four bytes exist at a time for each one of a token.
        bytes_per_image = 64 * (source.shape[1] + module.n_labels) * module.width
        return int(np.clip(budget // bytes_per_image, 1, 4096))

    def _pooled(self, features, module, grid=None):
        """Features as many as the module has image tokens."""
        if module.pooling is None:
            return features
        return pooled(features, lambda batch: module.pool(batch, grid))

    def _trains_backbone(self):
        if self.train_backbone != "auto":
            return self.train_backbone
        return self._starts_from_scratch()

    def _starts_from_scratch(self):
        """Whether the backbone's weights are random at first."""
        no_named_weights = isinstance(self.backbone, str) and self.backbone == "small"
        return self.weights is None or (no_named_weights and self.weights == "DEFAULT")

    def _make_preprocessing(self):
        if self.backbone is None:
            return None
        return Preprocessing(self.image_size, self._augmentation())

    def _augmentation(self):
        """What "auto" means: flips, and crops where there is room, for a backbone that trains."""
        if self.augment != "auto":
            return self.augment
        if not self._trains_backbone():
            return None
        return "flip+crop" if isinstance(self.image_size, (tuple, list)) else "flip"

    # ------------------------------------------------------------- prediction

    def encode(self, X):
        """Pass images through the backbone, for predictions with many states of the labels.

        Every method that predicts or scores takes the result in place of `X`, and does not look
        at the images any more. (A frozen backbone's tokens are in the cache anyway; this spares
        looking them up, and serves where the backbone was trained or ``cache=None``.)

        Parameters
        ----------
        X : array-like
            As in `fit`.

        Returns
        -------
        EncodedImages
            Rows can be chosen by ``[...]``.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError, FileNotFoundError
            If an image cannot be used.
        """
        check_is_fitted(self)
        data, _ = self._read_X(X, fitted=True)
        if isinstance(data, EncodedImages):
            return data
        return EncodedImages(self._encoded(data, self.net_.module_), self._encoding_key())

    def _encoding_key(self):
        """Equal for estimators that encode images to the same."""
        module = self.net_.module_
        space = None
        if self._input_kind == "images" and module.backbone is not None:
            resizing = self._preprocess.resize_to, self._preprocess.crop_to
            space = self._encoder(module.backbone, self.net_.device).space(resizing)
        return self._input_kind, module.pooling, len(module.feature_mean), space

    def _check_encoded(self, X, training):
        if training:
            raise TypeError("fit takes images or features, not what encode() made of them.")
        if X.key != self._encoding_key():
            raise ValueError(
                "X was encoded by an estimator with another backbone, other weights, preprocessing "
                "or regions: call encode of this one."
            )
        if self.net_.module_.pooling is None:  # Else they are as many as there are regions.
            self._check_token_count(X.shape[1])

    def _logits(self, X, known_labels, extra_labels):
        """Logits of all labels, float32, and the states they are conditioned on."""
        check_is_fitted(self)
        data, _ = self._read_X(X, fitted=True)
        states = self._states(len(data), known_labels, extra_labels)
        source = self._prediction_source(data, self.net_.module_)
        batches = LabelledImages(
            source, torch.from_numpy(states), batch_size=self._prediction_batch_size(source)
        )
        logits = self.net_.mean_logits(batches).numpy()
        if not np.isfinite(logits).all():
            row = int(np.argmin(np.isfinite(logits).all(axis=1)))
            raise ValueError(f"The model's output for row {row} is not finite: refit it.")
        return logits, states

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _scaled(weights, labels, train):
    """Weights whose mean over the annotated labels of training samples is 1."""
    n_annotated = (labels[train] != UNKNOWN).sum(axis=1)
    return weights * (n_annotated.sum() / (weights[train] @ n_annotated))
