"""What every neural estimator shares: from images and labels to a net, and to its logits."""

import copy
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from sklearn_ctran._cache.session import join_session, session_token
from sklearn_ctran._images.tokens import EncodedImages, ImageBatches, Tokens, mean_and_scale
from sklearn_ctran._labels.weights import (
    check_held_out,
    check_learnable,
    check_sample_weight,
    learned_weights,
    log_odds,
    read_pos_weight,
)
from sklearn_ctran._memory.memory import MEMORY_SHARE, LabelMemory
from sklearn_ctran._neural.batches import LabelledImages
from sklearn_ctran._neural.callbacks import TrainingBar
from sklearn_ctran._neural.checkpoint_folder import checkpoint_folder
from sklearn_ctran._neural.distributed import ALONE, launched_share
from sklearn_ctran._neural.fine_tuning import prepare
from sklearn_ctran._neural.fit_description import describe_fit
from sklearn_ctran._neural.fit_tasks import check_callbacks, epoch_tasks
from sklearn_ctran._neural.inputs import (
    Summaries,
    check_logits,
    feature_map_size,
    prediction_batch_size,
)
from sklearn_ctran._neural.net import LabelMaskNet
from sklearn_ctran._neural.progress import Checkpoint
from sklearn_ctran._neural.reading import ReadsInputs
from sklearn_ctran._neural.saved import restored_net, saved_net
from sklearn_ctran._neural.summary import ModelSummary, summarize
from sklearn_ctran._neural.training import (
    Plan,
    build_net,
    check_scorable,
    check_trained,
    finished_epochs,
    scaled_weights,
    split_rows,
)
from sklearn_ctran._protocol import LabelPredictions
from sklearn_ctran._task import read_labels
from sklearn_ctran._utils.checks import check_count
from sklearn_ctran._utils.devices import plain_torch
from sklearn_ctran._utils.fit_tasks import begin_fit, end_fit
from sklearn_ctran._utils.frames import take
from sklearn_ctran._utils.randomness import all_drawing, drawing
from sklearn_ctran._utils.rows import check_rows, row_names
from sklearn_ctran._utils.sklearn_compat import CallbackSupportMixin, fit_context
from sklearn_ctran._utils.transactions import all_or_nothing
from sklearn_ctran._utils.turns import turn
from sklearn_ctran._utils.typing import ExtraLabels, Images, Labels, Self
from sklearn_ctran.modules.backbone import make_backbone
from sklearn_ctran.modules.regions import guess_grid


class NeuralMultilabelClassifier(
    ReadsInputs, LabelPredictions, CallbackSupportMixin, BaseEstimator
):
    """Base of the neural estimators: fitting and logits, without the model.

    A subclass has the constructor parameters declared here and in the bases, and defines
    ``_make_module(n_labels, n_channels, grid=, backbone=)``, which returns an ImageModel, and
    ``_structure_params()``, the parameters that a fitted module cannot change any more.
    """

    loss: object
    pos_weight: object
    weight_decay: float
    lr_schedule: object
    early_stopping: object
    validation_fraction: float
    callbacks: object
    checkpoint: object
    distributed: object
    warm_start: bool
    random_state: object
    # What a subclass may have as constructor parameters.
    label_groups: object = None
    exclusive_groups: object = None
    implies: object = None
    unknown_fraction: object = None
    n_masks = 1
    mask_groups = 0.0
    standardize = True
    memory: object = None
    _MEMORY_SHARE = MEMORY_SHARE
    #: The net's class.
    _net_class = LabelMaskNet
    #: Fitted attributes that ``_make_module`` reads.
    _MADE_FROM: tuple[str, ...] = ("task_", "_input", "_plan")

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self: Self,
        X: Images,
        y: Labels,
        extra_labels: ExtraLabels = None,
        sample_weight: ArrayLike | None = None,
        held_out: ArrayLike | None = None,
    ) -> Self:
        """Learn from images and their labels.

        Parameters
        ----------
        X : array-like
            Images: a list, array, column (pandas, polars, pyarrow) or map-style dataset (torch,
            Hugging Face) of paths, encoded files (``bytes``, ``io.BytesIO``, dicts with "bytes" or
            "path"), PIL images or arrays; an array of shape (n_samples, height, width, 3), uint8,
            or float in [0, 1]; grey images (n_samples, height, width). Arrays of 2 channels, or of
            more than 4, keep them: "More than three channels" in the guide to images.
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
        held_out : array-like of shape (n_samples,), bool, default=None
            Rows that nothing is learned from, for a validation part of one's own: ``history_`` has
            their loss and score after each epoch, and `early_stopping` goes by them instead of by
            `validation_fraction`. None: `early_stopping` draws rows, and only the network does not
            learn from these; the memory does.

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
                check_consistent_length(np.empty(n_images), y, sample_weight, held_out)
            labels = (take(each, rows) for each in (y, extra_labels, sample_weight, held_out))
            with all_or_nothing(self):
                self._fit(images, *labels)
                if rows is not None and self.memory_ is not None:
                    self.memory_ = replace(self.memory_, rows=rows[self.memory_.rows])

        # It trains again if an image breaks meanwhile, nobody knows how often.
        begin_fit(self, X, y, sample_weight)
        with all_or_nothing(self), plain_torch():
            outcome = self._with_readable(X, use, thorough=True)
            self._set_skipped(outcome, "They are left out, with their labels and weights.")
        if self.net_.is_broken_off:
            raise KeyboardInterrupt(
                f"Training was broken off in epoch {len(self.net_.history)} of "
                f"{self.net_.max_epochs}. The estimator has the model of then; with "
                "warm_start=True, fit trains it further."
            )
        end_fit(self, X, y, sample_weight)
        return self

    def _fit(self, X, y, extra_labels, sample_weight, held_out):
        # Cheap checks come first: reading images may take minutes.
        others = {"sample_weight": sample_weight, "held_out": held_out}
        check_rows(X=X, y=y, extra_labels=extra_labels, **others)
        self._check_params()
        device = self._check_device()
        rules = self.label_groups, self.exclusive_groups, self.implies
        task, true_states = read_labels(y, extra_labels, *rules)
        watch = epoch_tasks(self, X, y, sample_weight)
        sample_weight = check_sample_weight(sample_weight, true_states)
        held_out = check_held_out(held_out, sample_weight)
        check_learnable(true_states, sample_weight, task, held_out)
        is_resumed = self.warm_start and hasattr(self, "net_")
        if is_resumed:
            self._check_same_task(task)
        else:
            vars(self).pop("n_features_in_", None)
            vars(self).pop("feature_names_in_", None)
        self.task_ = task
        self._read_label_embeddings(true_states, learned_weights(sample_weight, held_out))
        self.memory_ = None
        share = ALONE
        if self.distributed == "accelerate":
            share, device = launched_share(device, self.callbacks)
            check_callbacks(self, share)
        self._shows_progress = share.is_first
        data, self._input = self._read_X_to_fit(X, is_resumed)
        check_consistent_length(data, true_states)
        if share.n > 1:
            # So that tokens in memory are computed once.
            join_session(share.from_first(session_token() if share.is_first else ""))
        with checkpoint_folder(self.checkpoint if share.is_first else None) as folder:
            of_rows = true_states, sample_weight, held_out
            description = describe_fit(self, data, *of_rows, share)
            checkpoint = Checkpoint(folder, description, share, self._progress())
            self._train(data, *of_rows, is_resumed, device, checkpoint, watch)

    def _train(
        self, data, true_states, sample_weight, held_out, is_resumed, device, checkpoint, watch
    ):
        """Train on Images or Tokens; `watch` has further skorch callbacks, by name."""
        task, share = self.task_, checkpoint.share
        rng = checkpoint.generator(check_random_state(self.random_state))
        seed = int(rng.randint(np.iinfo(np.int32).max))
        fraction = self.validation_fraction if self.early_stopping else None
        rows, valid_rows = split_rows(
            true_states, sample_weight, task.n_classes, fraction, rng, held_out
        )
        if self.early_stopping == "score":
            check_scorable(true_states[valid_rows, : task.n_labels])
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
                self._inform(module, true_states[rows], sample_weight[rows])
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
            bar = TrainingBar(self._progress())
            # Ranks of one fit wait for one another, and have a device each.
            with (
                turn(device) if share.n == 1 else nullcontext(),
                share.drawing(seed),
                net.watched(progress=bar, **watch),
                bar,
            ):
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
                learned_weights(sample_weight, held_out),
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

    def _make_plan(self, data, n_train, n_processes):
        """The Plan of a fit on Images or Tokens, of which it trains on `n_train`."""
        return Plan(None, self._n_epochs(n_train, self._most_epochs, n_processes))

    def _chosen(self, net):
        """What became of the parameters that "auto" leaves open, by name."""
        return {
            "max_epochs": net.max_epochs,
            "train_backbone": net.module_.backbone is not None and not net.module_.backbone.frozen,
            "augment": self._augmentation() if self._input.kind == "images" else None,
            "image_size": self._input.image_size,
            "precision": net.precision,
            "device": net.device,
        }

    def _read_label_embeddings(self, true_states, sample_weight):
        """Learn from vectors that describe labels, before images are read; a subclass may."""

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
            prepare(module.backbone, self._trains_backbone())
        return module

    def _new_module(self, data):
        """A new module for Images or Tokens."""
        self._structure = self._structure_params()
        n_labels = self.task_.n_all_labels
        if isinstance(data, Tokens):
            n_tokens, n_channels = data.shape[1:]
            return self._make_module(n_labels, n_channels, grid=guess_grid(n_tokens))
        backbone = make_backbone(self.backbone, self.weights, data.n_channels)
        prepare(backbone, self._trains_backbone())
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

    def _inform(self, module, true_states, weights):
        """Tell a new module what it needs of the training rows; a subclass may."""

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

    def summary(self, n_steps: int = 3) -> ModelSummary:
        """What the fitted network consists of, and what it costs on this machine.

        Parameters
        ----------
        n_steps : int, default=3
            Training steps that are timed, of a copy of the network and a batch of noise. The
            estimator and the global random states stay as they are.

        Returns
        -------
        summary : ModelSummary
            ``print`` it, or call its ``to_frame()``.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted. How large a network is depends on the images and labels:
            fit a few of them with ``max_epochs=1`` to know it before.

        Examples
        --------
        >>> from sklearn.datasets import make_multilabel_classification
        >>> from sklearn_ctran import CTranClassifier
        >>> X, Y = make_multilabel_classification(random_state=0)
        >>> model = CTranClassifier(backbone=None, max_epochs=1, random_state=0).fit(X, Y)
        >>> summary = model.summary()
        >>> summary.n_trained, summary.n_frozen, summary.n_image_tokens, summary.n_labels
        (322760, 0, 1, 5)
        """
        check_is_fitted(self)
        check_count("n_steps", n_steps)
        return summarize(self, n_steps)

    def _without_memory(self):
        """A copy that predicts by its network alone."""
        alone = copy.copy(self)
        alone.memory_ = None
        return alone

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
            with turn(self.net_.device):
                logits = self._network_logits(source, states)
            check_logits(logits, source, self.net_.module_)
            if self.memory_ is not None:
                recalled = self.memory_.logits(self._summaries(data, source), states)
                logits = logits + np.float32(self._MEMORY_SHARE) * (recalled - logits)
        return logits

    def _network_logits(self, source, states):
        batch_size = self.batch_size
        if not isinstance(source, ImageBatches):
            batch_size = prediction_batch_size(source, self.net_.module_, self.net_.device)
        batches = LabelledImages(source, torch.from_numpy(states), batch_size=batch_size)
        return self.net_.mean_logits(batches).numpy()

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
