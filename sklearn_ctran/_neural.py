"""What every neural estimator shares: images to tokens to a trained net, states to probabilities.

A subclass has the constructor parameters used here and builds its module in `_build_module`.
"""

import copy
import math
import os

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from sklearn_ctran._cache import join_session, resolve_cache, session_token
from sklearn_ctran._device import lent_seed, resolve_device
from sklearn_ctran._images import check_images
from sklearn_ctran._labels import (
    NEGATIVE,
    POSITIVE,
    UNKNOWN,
    encode_known_labels,
    encode_targets,
    probabilities,
    read_states,
)
from sklearn_ctran._net import LabelledImages
from sklearn_ctran._preprocessing import Preprocessing
from sklearn_ctran._tokens import EncodedImages, Encoder, ImageBatches, Tokens, pooled
from sklearn_ctran.metrics import mean_average_precision

#: What a batch of predictions may take on a CPU, where larger ones are slower.
_CPU_BYTES = 1 << 26


class NeuralMultilabelClassifier(ClassifierMixin, BaseEstimator):
    """Base of the neural estimators: the protocol, without the model."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
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
            self._fit(X, y)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise
        return self

    def _fit(self, X, y):
        # What costs nothing to check comes first: reading images may take minutes.
        self._check_params()
        device = resolve_device(self.device)
        targets = encode_targets(y)
        going_on = self.warm_start and hasattr(self, "net_")
        if going_on:
            self._check_same_task(targets)
        else:
            vars(self).pop("n_features_in_", None)
            vars(self).pop("feature_names_in_", None)
        self._preprocess = self._make_preprocessing()
        data, kind = self._read_X(X, fitted=going_on, training=True)
        check_consistent_length(data, targets.states)
        self._set_task(targets, kind)
        rng = check_random_state(self.random_state)
        seed = int(rng.randint(np.iinfo(np.int32).max))
        train, valid = self._split(targets, rng)
        with lent_seed(seed, device):
            module = self._module_to_go_on_with() if going_on else self._build_module(data)
            features = self._features(data, module, device)
            if not going_on:
                self._prepare_module(module, features, targets, train)
            source = self._training_source(data, features, module)
            del features  # Pooled or not needed: not to be kept in memory while training.
            states = torch.from_numpy(targets.states)
            if valid is not None:
                valid = LabelledImages(source, states, valid)
            net = self._build_net(module, len(train), valid, seed=seed, device=device)
            net.fit(LabelledImages(source, states, train, augment_seed=seed), None)
        self._check_net(net)
        net.train_split = None  # Its held-out part would travel along in every pickle.
        net.optimizer_.state.clear()  # Nor does prediction need twice the weights in moments.
        self.net_ = net
        self.history_ = [
            {key: value for key, value in epoch.items() if key != "batches"}
            for epoch in net.history
        ]

    def _check_net(self, net):
        if net.is_broken_off:
            raise KeyboardInterrupt("Training was broken off; the estimator is as it was before.")
        if not all(torch.isfinite(weight).all() for weight in net.module_.parameters()):
            raise ValueError(
                "Weights became NaN or infinite in the last step. Lower `lr` (and `backbone_lr`), "
                "or look for extreme values in the features."
            )

    def _set_task(self, targets, kind):
        self._input_kind = kind
        self.classes_ = targets.classes
        self.label_names_ = targets.names
        self.n_labels_ = len(targets.names)
        self._exclusive = targets.exclusive
        self._structure = self._structure_params()

    def _split(self, targets, rng):
        """Rows to train on and rows to stop by, or None for all rows and None."""
        rows = np.arange(len(targets.states))
        if not self.early_stopping:
            return rows, None
        codes = targets.states.argmax(axis=1) if targets.exclusive else None
        train, valid = train_test_split(
            rows,
            test_size=self.validation_fraction,
            random_state=rng,
            stratify=codes if codes is not None and np.bincount(codes).min() > 1 else None,
        )
        if not (targets.states[train] != UNKNOWN).any(axis=0).all():
            raise ValueError(
                "early_stopping sets so many samples aside that a label has no annotated one left "
                "to learn from: lower validation_fraction, or use early_stopping=False."
            )
        return np.sort(train), np.sort(valid)

    def _check_same_task(self, targets):
        same_labels = np.array_equal(targets.names, self.label_names_)
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
        images = check_images(X, n_jobs=self.n_jobs, decode=decode)
        self._preprocess.check(images)
        return images

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
        return self._encode_images(data, module, device) if module.backbone.frozen else None

    def _encode_images(self, images, module, device):
        """Features (n, P, C) of images; those of a frozen backbone come from the cache."""
        # A backbone that was trained is this estimator's own: nobody else will ask for its tokens.
        cache = resolve_cache(self.cache) if module.backbone.frozen else None
        return self._encoder(module, device).encode(images, cache, self._backbone_label())

    def _encoder(self, module, device):
        is_frozen = module.backbone.frozen
        return Encoder(
            module.backbone,
            self._preprocess,
            # On a CPU, features of more images would not stay in its cache.
            batch_size=min(self.batch_size, 32) if device == "cpu" else self.batch_size,
            device=device,
            precision=self._backbone_precision(device) if is_frozen else self.net_.precision,
            verbose=self.verbose,
        )

    def _backbone_label(self):
        """The backbone in words, for the table of what the cache holds."""
        is_name = isinstance(self.backbone, str)
        name = self.backbone if is_name else type(self.backbone).__name__
        return f"{name}, image_size={self.image_size}"

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
        return self._pooled(self._encode_images(data, module, self.net_.device), module, grid)

    def _pooling_grid(self, images, module):
        """Rows and columns of the features of images, checked; None where nobody needs them."""
        if module.regions is None and not module.has_fixed_tokens:
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
        n_tokens = source.shape[1] + self.n_labels_
        # Some sixteen numbers of four bytes exist at a time for each one of a token.
        bytes_per_image = 64 * n_tokens * module.label_embedding.label.shape[1]
        return int(np.clip(budget // bytes_per_image, 1, 4096))

    def _pooled(self, features, module, grid=None):
        """Features as many as the module has image tokens."""
        if module.regions is None:
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
            space = self._encoder(module, self.net_.device).space(resizing)
        return self._input_kind, module.regions, len(module.feature_mean), space

    def _check_encoded(self, X, training):
        if training:
            raise TypeError("fit takes images or features, not what encode() made of them.")
        if X.key != self._encoding_key():
            raise ValueError(
                "X was encoded by an estimator with another backbone, other weights, preprocessing "
                "or regions: call encode of this one."
            )
        if self.net_.module_.regions is None:  # Else they are as many as there are regions.
            self._check_token_count(X.shape[1])

    def _logits(self, X, known_labels):
        """Logits (n, L), float32, and the states they are conditioned on."""
        check_is_fitted(self)
        data, _ = self._read_X(X, fitted=True)
        states = encode_known_labels(
            known_labels, len(data), self.label_names_, exclusive=self._exclusive
        )
        source = self._prediction_source(data, self.net_.module_)
        batches = LabelledImages(
            source, torch.from_numpy(states), batch_size=self._prediction_batch_size(source)
        )
        logits = self.net_.mean_logits(batches).numpy()
        if not np.isfinite(logits).all():
            row = int(np.argmin(np.isfinite(logits).all(axis=1)))
            raise ValueError(f"The model's output for row {row} is not finite: refit it.")
        return logits, states

    def predict_proba(self, X, known_labels=None):
        """Probability of each label, given the image and what is known of it.

        Parameters
        ----------
        X : array-like
            As in `fit`.
        known_labels : array-like of shape (n_samples, n_labels), DataFrame or dict, default=None
            What is known already: 1 the label applies, 0 it does not, -1 or NaN unknown. A
            DataFrame has some label names as columns; a dict maps a label name to a column or to
            one value for all rows. None: nothing is known.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_labels), float32
            P(label = 1) in [0, 1]; a known label is exactly 0.0 or 1.0. For a 1-D `y`, one column
            per class of `classes_`, and rows sum to 1.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError, FileNotFoundError
            If an argument cannot be used.
        """
        logits, states = self._logits(X, known_labels)
        return probabilities(logits, states, self._exclusive)

    def decision_function(self, X, known_labels=None):
        """Logit of each label: positive where the label is more likely than not.

        Parameters
        ----------
        X : array-like
            As in `fit`.
        known_labels : array-like of shape (n_samples, n_labels), DataFrame or dict, default=None
            As in :meth:`predict_proba`.

        Returns
        -------
        logits : ndarray of shape (n_samples, n_labels), or (n_samples,) for two classes, float32
            A known label has the largest or the least finite float32.
        """
        logits, states = self._logits(X, known_labels)
        largest = np.finfo(np.float32).max
        if self._exclusive:
            told = (states == POSITIVE).any(axis=1, keepdims=True)
            states = np.where(told & (states != POSITIVE), NEGATIVE, states)
        logits = np.where(states == UNKNOWN, logits, np.where(states, largest, -largest))
        if self._exclusive and self.n_labels_ == 2:
            logits = logits[:, 1].astype(np.float64) - logits[:, 0]
            logits = np.clip(logits, -largest, largest)
        return logits.astype(np.float32)

    def predict(self, X, known_labels=None):
        """The labels, or the class, of each image.

        Parameters
        ----------
        X : array-like
            As in `fit`.
        known_labels : array-like of shape (n_samples, n_labels), DataFrame or dict, default=None
            As in :meth:`predict_proba`.

        Returns
        -------
        y : ndarray of shape (n_samples, n_labels), int64, or (n_samples,)
            1 where the probability is above 0.5; known labels as they are known. For a 1-D `y` the
            most probable class.
        """
        proba = self.predict_proba(X, known_labels)
        if self._exclusive:
            return self.classes_[proba.argmax(axis=1)]
        return (proba > 0.5).astype(np.int64)

    def score(self, X, y, known_labels=None, sample_weight=None):
        """Mean average precision over labels, or accuracy for a 1-D `y`.

        Parameters
        ----------
        X : array-like
            As in `fit`.
        y : array-like of shape (n_samples, n_labels) or (n_samples,)
            The truth; -1 or NaN entries do not count.
        known_labels : array-like of shape (n_samples, n_labels), DataFrame or dict, default=None
            As in :meth:`predict_proba`. Only unknown entries are scored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
            In [0, 1]. For a 1-D `y` rows whose class is known do not count.
        """
        check_is_fitted(self)
        if self._exclusive:
            predicted = self.predict(X, known_labels)
            check_consistent_length(predicted, y, sample_weight)
            told = encode_known_labels(known_labels, len(predicted), self.label_names_, True)
            asked = (told != POSITIVE).all(axis=1)
            if not asked.any():
                raise ValueError("known_labels tells the class of every row: nothing to score.")
            if sample_weight is not None:
                sample_weight = np.asarray(sample_weight)[asked]
            return float(
                accuracy_score(np.asarray(y)[asked], predicted[asked], sample_weight=sample_weight)
            )
        y = y.toarray() if hasattr(y, "toarray") else y
        if hasattr(y, "columns") and list(y.columns) != list(self.label_names_):
            raise ValueError("The columns of y must be the labels of fit, in the same order.")
        proba = self.predict_proba(X, known_labels)
        truth = read_states(y, self.label_names_, "y")
        known = encode_known_labels(known_labels, len(proba), self.label_names_)
        return mean_average_precision(
            truth, proba, known_labels=known, sample_weight=sample_weight
        )

    def __getstate__(self):
        state = super().__getstate__()
        # A worker process is to find the tokens that this process has in memory.
        return state | {"_session": session_token()} if self.cache == "memory" else state

    def __setstate__(self, state):
        join_session(state.pop("_session", ""))
        super().__setstate__(state)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.input_tags.three_d_array = True
        return tags


def _kind_of(X, takes_tokens):
    """Tell what `X` holds: "images", "tokens" or "features"; lists of numbers become arrays."""
    n_dimensions = getattr(X, "ndim", None)
    if isinstance(X, (list, tuple)):
        if any(_is_image(x) for x in X) and not (takes_tokens and _are_tokens(X)):
            return "images", X
        try:
            X = np.asarray(X)
        except ValueError:
            return "images", X  # Rows of different sizes: no table of features.
        n_dimensions = X.ndim
    elif n_dimensions in (1, 2) and len(X) and (n_dimensions == 1 or X.shape[1] == 1):
        # Paths or pictures, one a row: an array, a Series, a data frame of one column.
        column = X.to_numpy() if hasattr(X, "to_numpy") else X
        if _is_image(column.reshape(-1)[0]):
            return "images", X
    if n_dimensions == 3:
        return ("tokens" if takes_tokens else "images"), X
    return ("images" if n_dimensions == 4 else "features"), X


def _are_tokens(X):
    """Tell a list of token arrays (P, C), of one shape, from images."""
    return all(isinstance(x, np.ndarray) and x.ndim == 2 and x.shape == X[0].shape for x in X)


def _is_image(x):
    """Tell a path, a PIL image or an image array from anything else."""
    if isinstance(x, (str, bytes, os.PathLike)):
        return True
    return hasattr(x, "getexif") or (isinstance(x, np.ndarray) and x.ndim in (2, 3))
