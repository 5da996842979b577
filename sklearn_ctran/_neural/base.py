"""What every neural estimator shares: from images and labels to a net, and to its logits."""

import copy
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from sklearn_ctran._cache.session import join_session, session_token
from sklearn_ctran._cache.token_cache import resolve_cache
from sklearn_ctran._images.kinds import kind_of
from sklearn_ctran._images.parameters import ReadsImages
from sklearn_ctran._images.preprocessing import Preprocessing
from sklearn_ctran._images.tokens import EncodedImages, ImageBatches, Tokens, mean_and_scale
from sklearn_ctran._labels.weights import (
    check_learnable,
    check_sample_weight,
    log_odds,
    read_pos_weight,
)
from sklearn_ctran._memory.memory import MEMORY_SHARE, LabelMemory
from sklearn_ctran._neural.batches import LabelledImages
from sklearn_ctran._neural.checkpoint_folder import checkpoint_folder
from sklearn_ctran._neural.distributed import ALONE, launched_share
from sklearn_ctran._neural.fit_description import describe_fit
from sklearn_ctran._neural.inputs import (
    NetworkInput,
    Summaries,
    check_logits,
    check_token_count,
    check_tokens,
    feature_map_size,
    no_tokens,
    pooled_for,
    prediction_batch_size,
    read_tokens,
)
from sklearn_ctran._neural.net import LabelMaskNet
from sklearn_ctran._neural.progress import Checkpoint
from sklearn_ctran._neural.saved import restored_net, saved_net
from sklearn_ctran._neural.training import (
    Plan,
    build_net,
    check_trained,
    finished_epochs,
    n_epochs,
    scaled_weights,
    split_rows,
)
from sklearn_ctran._protocol import LabelPredictions
from sklearn_ctran._task import read_labels
from sklearn_ctran._utils.checks import check_not_masked
from sklearn_ctran._utils.devices import plain_torch, resolve_device
from sklearn_ctran._utils.frames import take
from sklearn_ctran._utils.randomness import all_drawing, drawing
from sklearn_ctran._utils.rows import check_rows, row_names
from sklearn_ctran._utils.sklearn_compat import fit_context
from sklearn_ctran._utils.transactions import all_or_nothing
from sklearn_ctran._utils.typing import ExtraLabels, Images, Labels, Self
from sklearn_ctran.modules.backbone import find_source, make_backbone
from sklearn_ctran.modules.regions import guess_grid

#: For so many images, folding a trained backbone's normalisation takes less than it saves.
_WORTH_FOLDING = 32


class NeuralMultilabelClassifier(ReadsImages, LabelPredictions, BaseEstimator):
    """Base of the neural estimators: fitting and logits, without the model.

    A subclass has the constructor parameters declared here, and defines
    ``_make_module(n_labels, n_channels, grid=, backbone=)``, which returns an ImageModel, and
    ``_structure_params()``, the parameters that a fitted module cannot change any more.
    """

    weights: object
    train_backbone: object
    augment: object
    loss: object
    pos_weight: object
    lr: float
    backbone_lr: object
    weight_decay: float
    lr_schedule: object
    max_epochs: object
    early_stopping: bool
    validation_fraction: float
    device: str
    callbacks: object
    checkpoint: object
    distributed: object
    net_params: object
    warm_start: bool
    random_state: object
    # What a subclass may have as constructor parameters.
    label_groups: object = None
    exclusive_groups: object = None
    implies: object = None
    unknown_fraction: object = None
    n_masks = 1
    mask_groups = 0.0
    use_image = True
    standardize = True
    memory: object = None
    _MEMORY_SHARE = MEMORY_SHARE
    #: Steps that "auto" epochs make, and how often they go through a few images at most.
    _n_steps = 1000
    _most_epochs = 60
    #: The net's class.
    _net_class = LabelMaskNet

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self: Self,
        X: Images,
        y: Labels,
        extra_labels: ExtraLabels = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Learn from images and their labels.

        Parameters
        ----------
        X : array-like
            Images: a list, array, column (pandas, polars, pyarrow) or map-style dataset (torch,
            Hugging Face) of paths, encoded files (``bytes``, ``io.BytesIO``, dicts with "bytes" or
            "path"), PIL images or arrays; an array of shape (n_samples, height, width, 3), uint8,
            or float in [0, 1]; grey images (n_samples, height, width).
            Features: (n_samples, n_features); with `backbone=None` also tokens (n_samples,
            n_tokens, n_channels).
        y : array-like, sparse matrix or DataFrame of shape (n_samples, n_labels), or (n_samples,)
            1 where the label applies, 0 where not, -1 or NaN where nobody annotated it. Such an
            entry is neither shown to the model nor part of the loss. One dimension: one class a
            sample.
        extra_labels : array-like, sparse matrix, DataFrame or dict, default=None
            Of shape (n_samples, n_extra_labels), in the same forms as `y`; a dict maps names to
            columns. What else may be known of an image: place, weather, attributes. They are
            learned like labels and may be known in prediction, but are never predicted by
            ``predict`` and ``predict_proba`` (paper, sections 2 and 4.3).
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, 0 or above; 2 counts as the sample twice, 0 leaves it out.
            Give them a mean of about 1: the labels' shares that training starts from, and
            ``pos_weight="balanced"``, count them as numbers of samples. `fit` warns if they sum
            to about 1. Their scale does not change the size of the steps.

        Returns
        -------
        self : object
            Fitted estimator.

        Raises
        ------
        ValueError, TypeError, FileNotFoundError
            If an argument cannot be used; the message names the row, label or file, and all images
            that cannot be read (the first 20 of them). The estimator is then as it was before the
            call.
        KeyboardInterrupt
            If Ctrl-C breaks training off. After the first epoch, the estimator then has the model
            of that moment, and can predict.
        """

        def use(images, rows, n_images):
            if rows is not None:
                check_consistent_length(np.empty(n_images), y, sample_weight)
            labels = (take(each, rows) for each in (y, extra_labels, sample_weight))
            with all_or_nothing(self):
                self._fit(images, *labels)
                if rows is not None and self.memory_ is not None:
                    self.memory_ = replace(self.memory_, rows=rows[self.memory_.rows])

        with all_or_nothing(self), plain_torch():
            outcome = self._with_readable(X, use, thorough=True)
            self._set_skipped(outcome, "They are left out, with their labels and weights.")
        if self.net_.is_broken_off:
            raise KeyboardInterrupt(
                f"Training was broken off in epoch {len(self.net_.history)} of "
                f"{self.net_.max_epochs}. The estimator has the model of then; with "
                "warm_start=True, fit trains it further."
            )
        return self

    def _fit(self, X, y, extra_labels, sample_weight):
        # Cheap checks come first: reading images may take minutes.
        check_rows(X=X, y=y, extra_labels=extra_labels, sample_weight=sample_weight)
        self._check_params()
        device = self._check_device()
        rules = self.label_groups, self.exclusive_groups, self.implies
        task, true_states = read_labels(y, extra_labels, *rules)
        sample_weight = check_sample_weight(sample_weight, true_states)
        check_learnable(true_states, sample_weight, task)
        is_resumed = self.warm_start and hasattr(self, "net_")
        if is_resumed:
            self._check_same_task(task)
        else:
            vars(self).pop("n_features_in_", None)
            vars(self).pop("feature_names_in_", None)
        self.task_ = task
        self.memory_ = None
        data, self._input = self._read_X_to_fit(X, is_resumed)
        check_consistent_length(data, true_states)
        share = ALONE
        if self.distributed == "accelerate":
            share, device = launched_share(device, self.callbacks)
            # So that tokens in memory are computed once.
            join_session(share.from_first(session_token() if share.is_first else ""))
        with checkpoint_folder(self.checkpoint if share.is_first else None) as folder:
            checkpoint = Checkpoint(
                folder, describe_fit(self, data, true_states, sample_weight, share), share
            )
            self._train(data, true_states, sample_weight, is_resumed, device, checkpoint, share)

    def _train(self, data, true_states, sample_weight, is_resumed, device, checkpoint, share):
        """Train on Images or Tokens."""
        task = self.task_
        rng = checkpoint.generator(check_random_state(self.random_state))
        seed = int(rng.randint(np.iinfo(np.int32).max))
        fraction = self.validation_fraction if self.early_stopping else None
        rows, valid_rows = split_rows(true_states, sample_weight, task.n_classes, fraction, rng)
        self._plan = self._make_plan(data, len(rows), share.n)
        with drawing(seed):
            with all_drawing():
                module = self._module_to_resume() if is_resumed else self._new_module(data)
            features = self._fixed_features(data, module, device)
            prior = log_odds(true_states[rows], sample_weight[rows])
            pos_weight = read_pos_weight(
                self.pos_weight, prior, task.all_names, task.n_labels, task.rules.bound
            )
            if not is_resumed:
                self._standardize(module, features, rows, sample_weight[rows])
                module.set_prior(torch.from_numpy(prior + np.log(pos_weight)))
            module.cast(self._dtype())
            source = self._training_source(data, features, module, device)
            del features  # Pooled or not needed: training should not keep them in memory.
            states = torch.from_numpy(self._states_to_learn(true_states))
            weights = torch.from_numpy(scaled_weights(sample_weight, true_states, rows))
            labels = {
                "states": states,
                "n_extra": task.n_extra,
                "weights": weights.to(self._dtype()),
                "share": share,
            }
            valid = None
            if valid_rows is not None:
                valid = LabelledImages(source, rows=valid_rows, **labels)
            net = build_net(
                self,
                self._net_class,
                module,
                task,
                parameter_groups=self._parameter_groups(),
                max_epochs=self._plan.max_epochs,
                valid=valid,
                pos_weight=pos_weight,
                seed=seed,
                device=device,
                share=share,
            )
            images = LabelledImages(source, rows=rows, augment_seed=seed, **labels)
            with share.drawing(seed):
                checkpoint.train(net, images)
        check_trained(net)
        net.share = ALONE
        net.train_split = None  # Its held-out part would travel along in every pickle.
        net.optimizer_.state.clear()  # Nor does prediction need twice the weights in moments.
        self.net_ = net
        if self.memory is not None:
            self.memory_ = LabelMemory.learn(
                self._summaries(data, source),
                true_states,
                sample_weight,
                size=self.memory,
                n_classes=task.n_classes,
                log_pos_weight=np.log(pos_weight),
                seed=seed,
            )
        self.chosen_ = self._chosen(net)
        self.history_ = [
            {key: value for key, value in epoch.items() if key != "batches"}
            for epoch in finished_epochs(net)
        ]

    # ------------------------------------------------------------- parameters

    def _check_params(self):
        resolve_cache(self.cache)
        if "callbacks" in (self.net_params or {}):
            raise ValueError("net_params must not have callbacks: pass them in callbacks=[...].")

    def _check_device(self):
        device = resolve_device(self.device)
        if device.startswith("mps") and self._dtype() == torch.float64:
            raise ValueError("precision='float64' is not available on 'mps': use device='cpu'.")
        return device

    def _dtype(self):
        """Of weights, and of forward passes except in bfloat16."""
        return torch.float64 if self.precision == "float64" else torch.float32

    def _trains_backbone(self):
        if self.train_backbone != "auto":
            return self.train_backbone
        return self._starts_from_scratch()

    def _starts_from_scratch(self):
        """Whether the backbone's weights are random at first."""
        no_named_weights = isinstance(self.backbone, str) and self.backbone == "small"
        return self.weights is None or (no_named_weights and self.weights == "DEFAULT")

    def _preprocessing(self):
        return (
            None if self.backbone is None else Preprocessing(self.image_size, self._augmentation())
        )

    def _augmentation(self):
        """What "auto" means: flips, and crops where sizes allow it, for a backbone that trains."""
        if self.augment != "auto":
            return self.augment
        if not self._trains_backbone():
            return None
        return "flip+crop" if isinstance(self.image_size, (tuple, list)) else "flip"

    def _feature_dropout(self, n_channels):
        """The dropout that "auto" means for fixed features: little if there are few channels."""
        return 0.5 if n_channels >= 64 else 0.1

    def _parameter_groups(self):
        """Parts of the module that have a learning rate or weight decay of their own."""
        backbone_lr = self.backbone_lr
        if backbone_lr is None:
            backbone_lr = self.lr if self._starts_from_scratch() else self.lr / 10
        return [("backbone.*", {"lr": backbone_lr})]

    def _make_plan(self, data, n_train, n_processes):
        """The Plan of a fit on Images or Tokens, of which it trains on `n_train`."""
        return Plan(None, self._n_epochs(n_train, self._most_epochs, n_processes))

    def _n_epochs(self, n_train, most, n_processes=1):
        if self.max_epochs != "auto":
            return self.max_epochs
        return n_epochs(n_train, self.batch_size * n_processes, self._n_steps, most)

    def _chosen(self, net):
        """What became of the parameters that "auto" leaves open, by name."""
        return {
            "max_epochs": net.max_epochs,
            "train_backbone": net.module_.backbone is not None and not net.module_.backbone.frozen,
            "augment": self._augmentation() if self._input.kind == "images" else None,
            "precision": net.precision,
            "device": net.device,
        }

    def _states_to_learn(self, true_states):
        """The true states that the loss is taken of; a subclass may drop some."""
        return true_states

    # ------------------------------------------------------------- the module

    def _check_same_task(self, task):
        """Raise ValueError unless the module of the last fit can go on with this task."""
        before = self.task_
        same_labels = np.array_equal(task.names, before.names) and np.array_equal(
            task.extra_names, before.extra_names
        )
        if task.exclusive != before.exclusive or not same_labels:
            raise ValueError(
                "warm_start=True continues with the model of the last fit, which had other "
                "labels; set warm_start=False to start afresh."
            )
        structure = self._structure_params()
        before = self._structure
        changed = [
            name
            for name, value in structure.items()
            if value != before[name] and value != self.chosen_.get(name, before[name])
        ]
        if changed:
            raise ValueError(
                f"warm_start=True continues with the model of the last fit, but {changed[0]} was "
                f"{before[changed[0]]!r} then and is {structure[changed[0]]!r} now; set "
                "warm_start=False to start afresh."
            )

    def _module_to_resume(self):
        module = copy.deepcopy(self.net_.module_).cpu()
        if module.backbone is not None:
            if self._trains_backbone():
                module.backbone.unfreeze()
            else:
                module.backbone.freeze()
        return module

    def _new_module(self, data):
        """A new module for Images or Tokens."""
        self._structure = self._structure_params()
        n_labels = self.task_.n_all_labels
        if isinstance(data, Tokens):
            n_tokens, n_channels = data.shape[1:]
            return self._make_module(n_labels, n_channels, grid=guess_grid(n_tokens))
        backbone = make_backbone(self.backbone, self.weights)
        if not self._trains_backbone():
            backbone.freeze()
        return self._make_module(
            n_labels,
            backbone.n_channels,
            grid=feature_map_size(backbone, self._input.size),
            backbone=backbone,
        )

    def _make_module(self, n_labels, n_channels, *, grid=(1, 1), backbone=None):
        raise NotImplementedError

    def _structure_params(self):
        raise NotImplementedError

    def _standardize(self, module, features, rows, weights):
        """Let a new module standardise features that training does not change."""
        if features is not None and self.standardize and self.use_image:
            features = self._features_to_standardize(features, module)
            module.standardize_features(*mean_and_scale(features, rows, weights))

    def _features_to_standardize(self, features, module):
        return features

    # ------------------------------------------------------------------ input

    def _read_X_to_fit(self, X, is_resumed):
        """Images, or Tokens, which features are too, of `X`, checked; and the NetworkInput."""
        if isinstance(X, EncodedImages):
            raise TypeError("fit takes images or features, not what encode() made of them.")
        takes_tokens = self._input.kind == "tokens" if is_resumed else self.backbone is None
        kind, X = kind_of(X, takes_tokens)
        if is_resumed:
            self._check_kind(kind)
        size = self._input.size if is_resumed else None
        inputs = NetworkInput(kind, self._preprocessing(), size)
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
            return self._read_images(X, self._input, self.net_.module_.use_image, decode=False)
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
        return self._image_reader(inputs.preprocessing).read(X, decode)

    def _read_features(self, X, reset):
        check_not_masked(X, "X")
        X = validate_data(self, X, dtype=np.float32, order="C", reset=reset)
        return Tokens(X[:, None])

    def _reader(self):
        return self._image_reader(self._input.preprocessing)

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

    # ------------------------------------------------------------- prediction

    def _saved_state(self, storage):
        state = super()._saved_state(storage)
        if not state:
            return state
        chosen = {
            name: f"the function {value!r}" if callable(value) else value
            for name, value in self.chosen_.items()
        }
        return state | {"net_": saved_net(self, storage), "chosen_": chosen}

    def _set_saved_state(self, state):
        super()._set_saved_state(state)
        self.net_ = net = restored_net(self, state["net_"])
        self.chosen_ |= {"precision": net.precision, "device": net.device}

    def encode(self, X: Images) -> EncodedImages:
        """Pass images through the backbone once, for many predictions.

        Every method that predicts or scores takes the result in place of `X`. (Tokens of a frozen
        backbone are in the cache anyway; `encode` saves the search in the cache, and helps where
        the backbone was trained or ``cache=None``.)

        Parameters
        ----------
        X : array-like
            As in `fit`.

        Returns
        -------
        EncodedImages
            Its rows can be indexed.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError, FileNotFoundError
            If an image cannot be used.
        """
        check_is_fitted(self)

        def use(images, rows, n_images):
            data = self._read_X(images)
            if isinstance(data, EncodedImages):
                return data
            with plain_torch():
                return EncodedImages(self._encoded(data), self._encoding_key(), None, row_names(X))

        return self._with_readable(X, use, on_error="raise").result

    def _encoding_key(self):
        """Equal for estimators that encode images alike."""
        module, space = self.net_.module_, None
        backbone = module.backbone
        if self._input.kind == "images" and backbone is not None:
            precision = None if backbone.frozen else self.net_.precision
            space = self._reader().space(backbone, self.net_.device, precision)
        return self._input.kind, module.pooling, len(module.feature_mean), space

    def _answer_rows(self, X, known_labels, extra_labels, answer):
        def use(images, rows, n_images):
            if rows is None:
                return answer(*self._read(X, known_labels, extra_labels))
            states = self.task_.states(known_labels, extra_labels, n_images)
            if images is None:  # One row is answered in vain, for the shape.
                return answer(None, states[:1])[:0]
            return answer(self._read_X(images), states[rows])

        outcome = self._with_readable(X, use, least=0)
        outcome.warn("Their predictions are NaN.")
        return outcome.by_row()

    def _logits(self, data, states):
        if data is None:  # No image can be read.
            return np.zeros(states.shape, dtype=np.float32)
        with plain_torch():
            source = self._prediction_source(data)
            batch_size = self.batch_size
            if not isinstance(source, ImageBatches):
                batch_size = prediction_batch_size(source, self.net_.module_, self.net_.device)
            batches = LabelledImages(source, torch.from_numpy(states), batch_size=batch_size)
            logits = self.net_.mean_logits(batches).numpy()
            check_logits(logits, source, self.net_.module_)
            if self.memory_ is not None:
                recalled = self.memory_.logits(self._summaries(data, source), states)
                logits = logits + np.float32(self._MEMORY_SHARE) * (recalled - logits)
        return logits

    def _summaries(self, data, source):
        """Summaries of the images for the memory.

        `source` is what the network reads of `data`.
        """
        if isinstance(source, ImageBatches):
            source = self._encoded(data)
        return Summaries(source, self.net_.module_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
