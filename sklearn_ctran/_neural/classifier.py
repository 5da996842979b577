"""CTranClassifier: parameters, their documentation, and the module they build."""

from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted
from torch import nn

import sklearn_ctran.recipes as recipes
from sklearn_ctran._cache.token_cache import TokenCache
from sklearn_ctran._images.tokens import Tokens
from sklearn_ctran._labels.masks import check_unknown_fraction
from sklearn_ctran._labels.targets import Targets
from sklearn_ctran._memory.memory import check_n_rows
from sklearn_ctran._neural.inputs import NetworkInput
from sklearn_ctran._neural.new_labels import AnswersNewLabels
from sklearn_ctran._neural.official import official_backbone, read_official_checkpoint
from sklearn_ctran._neural.parameters import (
    NEURAL_PARAMETERS,
    Augment,
    EarlyStopping,
    Loss,
    TrainBackbone,
)
from sklearn_ctran._neural.training import Plan, build_net
from sklearn_ctran._task import make_task
from sklearn_ctran._utils.devices import plain_torch, resolve_device
from sklearn_ctran._utils.randomness import all_drawing, drawing
from sklearn_ctran._utils.sklearn_compat import WholeNumber
from sklearn_ctran._utils.typing import (
    EncoderEngine,
    FilePath,
    Images,
    ImageSize,
    KnownLabels,
    OnError,
    RandomState,
)
from sklearn_ctran.modules.ctran import CTran

#: Features of pretrained backbones have at least so many channels.
_WIDE = 512
#: From so many images on, three layers are trained on them.
_MANY = 20_000


class CTranClassifier(AnswersNewLabels):
    """Multi-label image classification with transformers (C-Tran).

    Image tokens and label tokens go through one transformer encoder [1]_. Training shows it some
    labels of each image, and it learns to predict the hidden ones. In prediction any labels may
    be known, or none.

    The default adds to the paper's model what small sets of images need (`regions`,
    `standardize`, `input_dropout`, `channel_dropout`, `attention_bias`, `shortcut`); the user
    guide has figures. ``CTranClassifier(**recipes.COCO80)`` is the paper's model.

    Most people set these seven first, if any: `backbone`, `weights`, `image_size`,
    `train_backbone`, `max_epochs`, `cache` and `random_state`. All parameters are in this
    order:

    - what it sees: `backbone`, `weights`, `train_backbone`, `image_size`, `augment`, `n_views`,
      `regions`, `standardize`, `use_image`, `on_error`;
    - the model: `d_model`, `n_layers`, `n_heads`, `dropout`, `input_dropout`,
      `channel_dropout`, `position`, `attention_bias`, `shortcut`, `init`, `memory`;
    - the labels: `label_groups`, `mask_groups`, `exclusive_groups`, `implies`,
      `label_embeddings`, `unknown_fraction`, `n_masks`;
    - training: `loss`, `pos_weight`, `lr`, `backbone_lr`, `weight_decay`, `lr_schedule`,
      `batch_size`, `max_epochs`, `early_stopping`, `validation_fraction`, `warm_start`,
      `random_state`;
    - running: `device`, `precision`, `encoder_engine`, `n_jobs`, `cache`, `checkpoint`,
      `distributed`, `callbacks`, `net_params`, `verbose`.

    Parameters
    ----------
    backbone : str, nn.Module or None, default="resnet50"
        What turns images into tokens: the name of a torchvision classification network (ResNet,
        MobileNet, EfficientNet, ConvNeXt, DenseNet, Inception v3, ViT, Swin, ...); ``"timm/"`` and
        a name of timm's (DINOv2, DINOv3, SigLIP, EVA, ...; the extra ``[timm]``), with or without
        the tag of its weights; ``"small"``, a little CNN for images below about 64 pixels, trained
        from scratch; a module from normalised float images (B, 3, H, W) to feature maps
        (B, C, h, w), which is copied; or None, if `X` holds tokens. A table of features
        (two-dimensional `X`) never goes through the backbone.
    weights : str, path-like or None, default="DEFAULT"
        Of the backbone: a name of torchvision's weights for it, or the tag of timm's, downloaded
        if needed; a path of a state_dict file of the same network (``.pth``, ``.safetensors``);
        None for random weights. ``"small"`` and modules have no named weights and are used as
        they are.
    train_backbone : bool, int, {"auto", "last_stage"} or FineTuning, default="auto"
        Whether the backbone is trained too. "last_stage" and a number train so many of its last
        stages, :class:`FineTuning` says more. "auto": a pretrained one is not, one with
        ``weights=None`` and ``"small"`` are. A module of your own counts as pretrained unless
        ``weights=None``. A frozen backbone sees each image once, whatever is fitted or predicted
        (unless images are augmented; see `cache`), and its BatchNorm statistics do not move.
    image_size : int, (int, int), "auto" or None, default=224
        s: the whole image is resized to s x s pixels. (resize, crop): resized to
        resize x resize, of which crop x crop is cut out, at random in training if `augment`
        says so, else from the middle. "auto": as the images on which the named backbone was
        evaluated, which often leaves out what is near the border; ``chosen_["image_size"]`` is
        what that came to. None: images, all of one size, stay as they are.
    augment : {"auto", "flip", "crop", "flip+crop", "scale", "flip+scale"}, callable or None, \
            default="auto"
        How training images are changed at random. "flip": half of them are mirrored. "crop": the
        place of the crop that `image_size` asks for. "scale": that place, and the side of the crop,
        one of 1, 0.9, 0.8, 0.6 and 0.5 times `resize`; it is then resized to `crop` (what the
        authors' code does, beyond the paper). A callable gets and returns uint8 batches of shape
        (B, 3, H, W). "auto": flips, and crops where `image_size` is a pair, if the
        backbone is trained; else None, because augmented images go through the backbone in
        every epoch.
    n_views : {1, 2}, default=1
        Views of an image that pass through a frozen backbone. 2: the image and its mirror image;
        tokens are the mean of both, the mirror image's turned back. It takes twice the time, once
        for each image, and helps where left and right do not matter, as in most photos. A backbone
        that is trained sees mirror images by `augment`.
    regions : int or None, default=3
        The image tokens are means over a grid of regions x regions, and one mean over the whole
        image. None takes all h x w features as tokens, as in the paper. Features of up to 1,024
        numbers per image are always taken as they are.
    standardize : bool, default=True
        Whether features that do not change during training (given, or of a frozen backbone)
        are standardised per channel.
    use_image : bool, default=True
        False leaves the image out and learns from labels alone (the paper's "no image").
    on_error : {"raise", "skip", "warn"}, default="raise"
        What to do about images that cannot be read: files that are missing or broken, also if they
        break during the fit, and rows without an image. "raise": an error names all of them, the
        first 20 with what is wrong. "skip": `fit` goes on without these rows, of X, `y`,
        `extra_labels` and `sample_weight`, as if they had never been there, and lists them in
        `skipped_`; predictions have NaN in their rows, and warn. "warn": like "skip", and `fit`
        warns too. ``score`` leaves such rows out. Label sets (``decoding``, ``sample_labels``),
        ``encode`` and ``nearest`` raise the error.
    d_model : int or None, default=128
        Width of the tokens; None for that of the backbone, as in the paper.
    n_layers : int or "auto", default="auto"
        Encoder layers. "auto": 1 for less than 20,000 images with a frozen backbone, or with given
        features or tokens of at least 512 channels; 3 elsewhere.
    n_heads : int, default=4
        Attention heads; must divide `d_model`.
    dropout : float, default=0.1
        In the encoder, in [0, 1).
    input_dropout : float or "auto", default="auto"
        Share of feature channels dropped before the transformer in training, in [0, 1). "auto":
        0.5 for features of a frozen backbone or given ones, 0.1 if these have fewer than 64
        channels, 0 for a backbone that trains.
    channel_dropout : bool, default=True
        Whether `dropout` drops channels, the same ones in all tokens of an image, and never
        attention weights, which is much cheaper on a CPU. False is the paper's dropout.
    position : {None, "sine", "learned"}, default=None
        Position embedding of the image tokens. "learned" fixes the number of tokens.
    attention_bias : bool or "auto", default="auto"
        Whether the attention of one label to another has a learned bias, for each pair of labels
        and each state of the other label. Weights, memory and time grow with n_labels ** 2;
        "auto": up to 256 labels.
    shortcut : bool, default=True
        Whether a network with one hidden layer of 512 units, from the mean image features and the
        label states, is trained beside the transformer; the logits are the mean of both. It has
        a dropout of its own, 0.5. It reads features of up to 1,024 numbers per image side by
        side, which fixes their number.
    init : {"normal", "uniform"}, default="normal"
        How the embeddings of labels and states, and the biases of the transformer's logits, start.
        "normal": embeddings from N(0, 1), biases at the labels' log-odds. "uniform": all from
        U(-1/sqrt(d_model), 1/sqrt(d_model)), as in the authors' code (``weights_init`` in
        https://github.com/QData/C-Tran/blob/main/models/utils.py). It changes
        little beyond what seeds do.
    memory : int, "auto" or None, default="auto"
        The most training rows that the model remembers: their image features and labels. The
        logits are then those of the network by a third, and by two thirds those of the memory, in
        which rows with similar images and with the known labels decide, and a kernel regression
        of labels on images. :meth:`nearest` shows these rows. "auto": 20,000, less with more than
        3,355 labels; of more rows, as many are drawn at random. None: no memory; nothing of the
        training rows is in the fitted model. See "The memory of training photos" in the guide.
    label_groups : dict, default=None
        Name of a group -> its labels, by name or by position (targets first, then extra labels).
        Labels that are known together: training hides or shows them together (`mask_groups`),
        and the group's name may be used in `known_labels` and `extra_labels`. Groups are
        disjoint.
    mask_groups : float, default=0.5
        Probability, in [0, 1], that training hides or shows a group of an image as a whole
        instead of label by label.
    exclusive_groups : list or dict, default=None
        Labels that exclude each other: a list of names of `label_groups` or of lists of labels,
        in each of which at most one label is true; or a dict from such a name, or a tuple of
        labels, to "at_most_one" or "exactly_one". Probabilities are those of the label sets that
        obey this rule and `implies`, in training too, where the likelihood of these sets replaces
        `loss`; what known labels imply is known too. Labels are given by name or, unless names
        are integers other than positions, by position. `fit` refuses rules that are too
        entangled, when the decision diagram of connected labels would have a level of more than
        4,096 nodes. Single groups of any size, hierarchies, and classes that each imply one label
        of every group stay far below; 200 classes that each imply labels of another half of 28
        groups do not. Then leave out the rules that connect the groups: the model learns what
        goes together from `y` anyway.
    implies : dict, default=None
        Label -> the label, or list of labels, that must be true if it is: a hierarchy. No label
        gets a higher probability than one that it implies. Labels are given as in
        `exclusive_groups`; rules that are too entangled are refused in the same way.
    label_embeddings : array-like of shape (n_labels, n_dimensions), dict or DataFrame, default=None
        A vector for each label of `y` that says what it means, such as a sentence embedding of its
        name. An array is in the order of the labels; a dict, or a DataFrame with names as its
        index, may hold other names too. The network's embeddings of these labels start from a
        random linear map of the vectors, and the fitted model answers for labels that were not in
        training: by ``predict_proba(X, labels=..., label_embeddings=...)`` and :meth:`add_labels`.
        Extra labels need no vector.
    unknown_fraction : (float, float) or None, default=(0.25, 1.0)
        Label mask training [1]_ (section 3.4): in each step the number of hidden labels of each
        image is drawn uniformly between these shares of all labels. None hides all (the paper's
        "no LMT"). All extra labels are hidden in half of the steps, any number of them in the
        others.
    n_masks : int, default=1
        Masks that are drawn for each image per step, while the image goes through the backbone
        once. More than 1 pays if the backbone costs more than the transformer, because it is
        trained or images are augmented; the page on speed has figures.
    loss : {"bce", "focal", "asymmetric"} or callable, default="bce"
        Loss of the hidden labels; entries that nobody annotated do not count. Binary cross-entropy
        [1]_ (eq. 6), focal loss [2]_ with gamma 2, asymmetric loss [3]_ with gamma 4 for negatives,
        0 for positives, and shift 0.05, as in its paper (the default of its authors' code is 1 for
        positives; its gradient is another one: ``functools.partial(asymmetric,
        focus_has_gradient=False)``); or ``loss(logits, targets)``, both of shape (batch, n_labels),
        returning one value per entry, such as ``functools.partial(focal, gamma=1)`` of
        ``sklearn_ctran.modules.losses``. A 1-D `y` is always trained by cross-entropy over classes,
        labels under a rule by the likelihood of the sets that obey it.
    pos_weight : "balanced", float, array-like of shape (n_labels,), dict or None, default=None
        Factor of a label's loss where the label is positive: one for all, one for each label, or a
        dict of some labels' names (extra labels too). "balanced": (negative entries + 1) /
        (positive entries + 1), so that both have about the same weight in sum. Probabilities are
        then too high, while the ranking of a label's images may improve. Not for the classes of a
        1-D `y` nor for labels under a rule, which "balanced" and a single number leave alone: use
        `sample_weight` there.
    lr : float, default=2e-3
        Peak learning rate of the transformer. The shortcut takes 1.5 times, the attention bias
        20 times as much.
    backbone_lr : float or None, default=None
        Learning rate of a trained backbone. None: a tenth of `lr` for pretrained weights, `lr`
        otherwise.
    weight_decay : float, default=0.1
        Of AdamW. The shortcut takes 3 times as much, the attention bias a twentieth.
    lr_schedule : "one_cycle" or None, default="one_cycle"
        Learning rates go up and down to zero over the whole fit, or stay as they are.
    batch_size : int, default=64
        Images per training step, and per pass through a backbone.
    max_epochs : int or "auto", default="auto"
        Passes through the training images. "auto": about 1,000 steps, but at least 5 epochs and at
        most 60; at most 20 where ``n_layers="auto"`` is 1. Longer fits rank hardly better, and
        their probabilities are too sure.
    early_stopping : bool or "score", default=False
        Whether to set `validation_fraction` of the images aside (or those that `fit` gets as
        `held_out`), stop once their loss has not fallen for 5 epochs, and keep the best epoch's
        weights. "score": once ``valid_mAP`` (``valid_accuracy`` for a 1-D `y`) has not risen, and
        the best epoch is that of the highest. By default the learning rate falls to zero at the
        end, and all images are better used for training.
    validation_fraction : float, default=0.1
        In (0, 1); for `early_stopping`.
    warm_start : bool, default=False
        Whether another call of `fit` continues from the weights of the last. Labels and the
        model's structure must be the same; parameters of training may change, `train_backbone`
        included. The memory holds the rows of the last call only.
    random_state : int, RandomState instance or None, default=None
        Seeds weights, masks, batches, augmentation and dropout. Unless it is None, no global
        generator is touched: fits side by side, in threads too, have the numbers of fits one by
        one, if torch computes with as many threads.
    device : str, default="auto"
        "cpu", "cuda", "cuda:1", "mps", ...; "auto" takes a GPU if there is one.
    precision : {"auto", "float32", "bfloat16", "float64"}, default="auto"
        Of forward passes in training and prediction. "auto": bfloat16 where the device computes
        in it and that is faster: on CUDA devices that have it; on CPUs that have it (AVX-512 BF16,
        AMX) for a frozen backbone, and for the transformer from
        ``n_labels * d_model = 2048`` on; float32 elsewhere. Equal results to more than two
        digits on every machine need "float32"; to more than five digits, "float64", in which all
        but the backbone then computes (at half the speed, and not on "mps"). Results are float32.
    encoder_engine : {"torch", "auto", "openvino", "onnxruntime"}, default="torch"
        What passes images through a backbone that is not being trained. "openvino" and
        "onnxruntime" are libraries for processors (``pip install "sklearn-ctran[openvino]"``, or
        ``[onnxruntime]``); their first use in a process takes some seconds. "auto": OpenVINO, if
        it is installed, for frozen networks of torchvision's on a CPU. OpenVINO is experimental:
        see "The backbone on a processor" in the guide to speed. onnxruntime computes in float32.
    n_jobs : int or None, default=None
        Threads that decode images, ahead of a network on a GPU; None means 1, -1 all cores.
    cache : "memory", path-like, TokenCache or None, default="memory"
        Where a frozen backbone's tokens are kept, so that each image goes through it once per
        (backbone, weights, preprocessing), in all folds, candidates, estimators and worker
        processes. "memory": for this session, up to half of the free memory; a path: a directory
        for later sessions too; :class:`TokenCache` sets sizes and precision; None: tokens are
        dropped after each call.
    checkpoint : path-like or None, default=None
        A directory that keeps the state of the fit, after each epoch and, if one process trains,
        every ten minutes within a long one. If the fit ends early, by a power cut or Ctrl-C, the
        same call of `fit` goes on from there, in a new process too, and on a CPU comes to the very
        same model. A fit that came to its end is kept too: the same call returns its model at once.
        One directory holds one fit: `fit` refuses it for other data, parameters or versions. Delete
        the directory to begin anew. Of `callbacks`, attributes come back whose names end with an
        underscore and that are plain values or have a ``state_dict``. None: nothing is kept.
    distributed : "accelerate" or None, default=None
        "accelerate": processes that ``accelerate launch`` or ``torchrun`` started train together,
        each on its GPU and on its part of every batch (the extra ``[accelerate]``). All read the
        same data, `batch_size` is that of each, and all end with the same model. Only the first
        prints and writes `checkpoint`. None: this process trains alone.
    callbacks : list of skorch callbacks, default=None
        ``EpochScoring`` and ``BatchScoring`` score the network's predictions of the targets with no
        known label, without the memory, which costs another forward pass of each batch. Without
        `early_stopping` or `held_out` there is no validation part: pass ``on_train=True``. A
        missing entry of the truth is -1, which this package's metrics leave out.
    net_params : dict, default=None
        Further arguments of :class:`skorch.NeuralNet`, such as ``optimizer``,
        ``optimizer__betas`` or ``iterator_train__num_workers``. They override the ones set here.
        ``reduction="sum"``: the loss of a batch is the sum over its hidden labels, not their mean.
        ``accumulate=2``: a training step is that of two batches, whose gradients are added: of the
        loss of both together, in the memory that one takes. ``extra_unknown_fraction``: as
        `unknown_fraction`, of the extra labels. ``patience=10``: how many epochs `early_stopping`
        waits; None: to the end, to keep the best epoch's weights.
    verbose : int, default=0
        Above 0, `fit`, and predictions of a model that was fitted in this process, show on standard
        error how far they are: a bar on a terminal and in a notebook, elsewhere a line after 3
        seconds and one each minute, with the time that is left, the loss and, with
        `early_stopping`, the score of the held-out images. 1: not in worker processes, such as
        those of a search with `n_jobs`; 2: there too. skorch's table of epochs is printed, on
        standard output, with ``net_params={"verbose": 1}``.

    Attributes
    ----------
    net_ : LabelMaskNet
        The fitted :class:`skorch.NeuralNet`; its module is ``net_.module_``.
    classes_ : ndarray
        ``[[0, 1]] * n_labels``; for a 1-D `y` the classes, of shape (n_classes,).
    n_labels_ : int
        Number of labels; of classes for a 1-D `y`.
    label_names_ : ndarray of shape (n_labels,)
        The columns of a data frame `y`, else 0, 1, ...; the classes of a 1-D `y`.
    extra_label_names_ : ndarray of shape (n_extra_labels,)
        The columns of a data frame or dict `extra_labels`, else "extra0", "extra1", ...
    label_groups_ : dict
        Name of a group -> tuple of the names of its labels.
    n_features_in_ : int
        Number of features; only if `X` was a table of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Only if `X` was a data frame of features.
    chosen_ : dict
        What became of the parameters that can be "auto": ``n_layers``, ``max_epochs``,
        ``train_backbone``, ``augment``, ``input_dropout``, ``attention_bias``, ``memory`` (the
        number of rows, or None), ``precision``, ``device``.
    memory_ : LabelMemory or None
        What `memory` remembers; ``len(memory_)`` rows, ``memory_.rows`` are their numbers in the
        training data (equal rows count once).
    label_text_ : LabelText or None
        What `label_embeddings` say of the labels.
    added_label_names_ : ndarray of shape (n_added,)
        Labels that :meth:`add_labels` has added since the fit.
    history_ : list of dict
        Of each epoch ``train_loss`` and ``dur`` (seconds). With `early_stopping` or `held_out`
        also, of the held-out images, ``valid_loss``, and ``valid_mAP`` of the network's predictions
        without known labels and without the memory, in [0, 1]; for a 1-D `y` ``valid_accuracy``
        instead.
        They are NaN if no held-out image has a positive label.
    skipped_ : dict of int to str
        Number of each row that `on_error` has left out of the fit -> what is wrong with its image.

    References
    ----------
    .. [1] J. Lanchantin, T. Wang, V. Ordonez, Y. Qi: General Multi-label Image Classification with
       Transformers. CVPR 2021.
    .. [2] T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollár: Focal Loss for Dense Object
       Detection. ICCV 2017.
    .. [3] T. Ridnik, E. Ben-Baruch, N. Zamir, A. Noy, I. Friedman, M. Protter, L. Zelnik-Manor:
       Asymmetric Loss For Multi-Label Classification. ICCV 2021.

    Examples
    --------
    >>> from sklearn_ctran import CTranClassifier
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(100, random_state=0)
    >>> model = CTranClassifier("small", image_size=None, augment=None, max_epochs=1)
    >>> model = model.fit(scenes.images, scenes.Y)
    >>> model.predict_proba(scenes.images[:3], known_labels={9: 1}).shape
    (3, 10)
    """

    _parameter_constraints = {
        **NEURAL_PARAMETERS,
        "regions": [WholeNumber(Integral, 1, None, closed="left"), None],
        "standardize": ["boolean"],
        "use_image": ["boolean"],
        "d_model": [WholeNumber(Integral, 1, None, closed="left"), None],
        "n_layers": [WholeNumber(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "n_heads": [WholeNumber(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "input_dropout": [Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})],
        "channel_dropout": ["boolean"],
        "position": [StrOptions({"sine", "learned"}), None],
        "attention_bias": ["boolean", StrOptions({"auto"})],
        "shortcut": ["boolean"],
        "init": [StrOptions({"normal", "uniform"})],
        "memory": [WholeNumber(Integral, 1, None, closed="left"), StrOptions({"auto"}), None],
        "label_groups": [dict, None],
        "mask_groups": [Interval(Real, 0, 1, closed="both")],
        "exclusive_groups": [dict, list, tuple, None],
        "implies": [dict, None],
        "label_embeddings": ["array-like", dict, None],
        "unknown_fraction": [tuple, list, None],
        "n_masks": [WholeNumber(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        backbone: str | nn.Module | None = "resnet50",
        *,
        weights: FilePath | None = "DEFAULT",
        train_backbone: TrainBackbone = "auto",
        image_size: ImageSize = 224,
        augment: Augment = "auto",
        n_views: Literal[1, 2] = 1,
        regions: int | None = 3,
        standardize: bool = True,
        use_image: bool = True,
        on_error: OnError = "raise",
        d_model: int | None = 128,
        n_layers: int | Literal["auto"] = "auto",
        n_heads: int = 4,
        dropout: float = 0.1,
        input_dropout: float | Literal["auto"] = "auto",
        channel_dropout: bool = True,
        position: Literal["sine", "learned"] | None = None,
        attention_bias: bool | Literal["auto"] = "auto",
        shortcut: bool = True,
        init: Literal["normal", "uniform"] = "normal",
        memory: int | Literal["auto"] | None = "auto",
        label_groups: dict[Any, Any] | None = None,
        mask_groups: float = 0.5,
        exclusive_groups: list[Any] | dict[Any, Any] | None = None,
        implies: dict[Any, Any] | None = None,
        label_embeddings: ArrayLike | dict[Any, ArrayLike] | None = None,
        unknown_fraction: tuple[float, float] | None = (0.25, 1.0),
        n_masks: int = 1,
        loss: Loss = "bce",
        pos_weight: ArrayLike | dict[Any, float] | None = None,
        lr: float = 2e-3,
        backbone_lr: float | None = None,
        weight_decay: float = 0.1,
        lr_schedule: Literal["one_cycle"] | None = "one_cycle",
        batch_size: int = 64,
        max_epochs: int | Literal["auto"] = "auto",
        early_stopping: EarlyStopping = False,
        validation_fraction: float = 0.1,
        warm_start: bool = False,
        random_state: RandomState = None,
        device: str = "auto",
        precision: Literal["auto", "float32", "bfloat16", "float64"] = "auto",
        encoder_engine: EncoderEngine = "torch",
        n_jobs: int | None = None,
        cache: FilePath | TokenCache | None = "memory",
        checkpoint: FilePath | None = None,
        distributed: Literal["accelerate"] | None = None,
        callbacks: list[Any] | None = None,
        net_params: dict[str, Any] | None = None,
        verbose: int = 0,
    ) -> None:
        self.backbone = backbone
        self.weights = weights
        self.train_backbone = train_backbone
        self.image_size = image_size
        self.augment = augment
        self.n_views = n_views
        self.regions = regions
        self.standardize = standardize
        self.use_image = use_image
        self.on_error = on_error
        self.d_model = d_model
        self.n_layers = n_layers
        self.n_heads = n_heads
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.channel_dropout = channel_dropout
        self.position = position
        self.attention_bias = attention_bias
        self.shortcut = shortcut
        self.init = init
        self.memory = memory
        self.label_groups = label_groups
        self.mask_groups = mask_groups
        self.exclusive_groups = exclusive_groups
        self.implies = implies
        self.label_embeddings = label_embeddings
        self.unknown_fraction = unknown_fraction
        self.n_masks = n_masks
        self.loss = loss
        self.pos_weight = pos_weight
        self.lr = lr
        self.backbone_lr = backbone_lr
        self.weight_decay = weight_decay
        self.lr_schedule = lr_schedule
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.random_state = random_state
        self.device = device
        self.precision = precision
        self.encoder_engine = encoder_engine
        self.n_jobs = n_jobs
        self.cache = cache
        self.checkpoint = checkpoint
        self.distributed = distributed
        self.callbacks = callbacks
        self.net_params = net_params
        self.verbose = verbose

    @classmethod
    def from_official_checkpoint(
        cls,
        path: FilePath,
        *,
        backbone: str | nn.Module | None = "resnet101",
        label_names: ArrayLike | None = None,
        n_heads: int = 4,
        image_size: int | tuple[int, int] = (640, 576),
        label_mask_training: bool = True,
    ) -> "CTranClassifier":
        """Load a model that the paper's authors trained, from a checkpoint file of their code.

        Parameters
        ----------
        path : str or path-like
            Their file (``best_model.pt``): a state dict, or a dictionary with one under
            ``state_dict``; names may start with ``module.``. Read with ``weights_only=True``;
            numpy scalars beside the weights are skipped.
        backbone : str, nn.Module or None, default="resnet101"
            The CNN, whose weights are in the file too; None: `X` will be image features, tokens
            of shape (n_samples, n_tokens, n_channels). Images for ``"inception_v3"``, the CNN
            for birds, are normalised as in the authors' code (mean 0.5, standard deviation 2).
        label_names : array-like of shape (n_labels,), default=None
            In the file's order; None for 0, 1, ...
        n_heads : int, default=4
            Attention heads, which cannot be seen from the weights.
        image_size : int or (int, int), default=(640, 576)
            As in the constructor.
        label_mask_training : bool, default=True
            Whether the authors' model was trained with label mask training (their ``--use_lmt``),
            which cannot be seen from the weights. If it was not, it has never used the embeddings
            of states that are in the file: known labels do not change the other labels, and
            `unknown_fraction` is None.

        Returns
        -------
        CTranClassifier
            Fitted; its `label_names_` are the given ones. ``warm_start=True`` goes on training.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is not a C-Tran checkpoint, has weights that are NaN or infinite, or does not
            fit the backbone or the label names. The message names the file.
        """
        transformer, cnn = read_official_checkpoint(path, label_mask_training)
        n_labels, d_model = transformer["label_embedding.label"].shape
        names = np.arange(n_labels) if label_names is None else np.asarray(label_names)
        if names.shape != (n_labels,):
            raise ValueError(
                f"The checkpoint {str(path)!r} has {n_labels} labels, label_names has the shape "
                f"{names.shape}: give one name per label, in the file's order."
            )
        if len(set(names.tolist())) < n_labels:
            raise ValueError("label_names has a name twice: labels must have different names.")
        if d_model % n_heads:
            raise ValueError(
                f"The checkpoint {str(path)!r} has a width of {d_model}, which n_heads={n_heads} "
                "does not divide."
            )
        n_layers = sum(name.endswith("norm1.weight") for name in transformer)
        self = cls(
            **recipes.COCO80
            | {"backbone": backbone, "image_size": image_size, "augment": "auto"}
            | {"d_model": d_model, "n_heads": n_heads, "n_layers": n_layers}
            | ({} if label_mask_training else {"unknown_fraction": None})
        )
        classes = np.tile([0, 1], (n_labels, 1))
        self.task_ = make_task(Targets(None, names, classes, exclusive=False))
        kind = "tokens" if backbone is None else "images"
        self._input = NetworkInput(kind, self._preprocessing("images"), n_views=self.n_views)
        self._structure = self._structure_params()
        self._plan = Plan(n_layers, self._n_epochs(1, self._most_epochs))
        device = resolve_device(self.device)
        with drawing(0), all_drawing():  # The file replaces all of these random weights.
            if backbone is None:
                module = self._make_module(n_labels, d_model)
            else:
                network = official_backbone(backbone, cnn, path, d_model)
                module = self._make_module(n_labels, network.n_channels, backbone=network)
        missing, unexpected = module.load_state_dict(transformer, strict=False)
        missing = [m for m in missing if not m.startswith(("backbone.", "feature_"))]
        if missing or unexpected:
            raise ValueError(
                f"{str(path)!r} does not fit: {(missing + unexpected)[0]} is missing or not used."
            )
        net = build_net(
            self,
            self._net_class,
            module,
            self.task_,
            parameter_groups=self._parameter_groups(),
            max_epochs=self._plan.max_epochs,
            valid=None,
            pos_weight=np.ones(n_labels),
            seed=0,
            device=device,
        )
        self.net_ = net.initialize()
        self.memory_ = None
        self.chosen_ = self._chosen(net)
        self.history_ = []
        return self

    def nearest(
        self,
        X: Images,
        n_rows: int = 5,
        known_labels: KnownLabels = None,
        extra_labels: KnownLabels = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The training rows that decide most on each image: "because these photos have it".

        Parameters
        ----------
        X : array-like
            As in `fit`.
        n_rows : int, default=5
            How many; at most ``len(memory_)``.
        known_labels, extra_labels : array-like, DataFrame or dict, default=None
            As in :meth:`predict_proba`. Rows that agree with them have more weight.

        Returns
        -------
        rows : ndarray of shape (n_samples, n_rows), int64
            Numbers of rows in the `X` of `fit`, the one with the most weight first.
        weights : ndarray of shape (n_samples, n_rows), float32
            Their weights in the memory's mean of label sets, in [0, 1]. All rows' sum to 1.

        Raises
        ------
        ValueError
            If there is no memory, or `n_rows` is greater than it; else as :meth:`predict_proba`.
        """
        check_is_fitted(self)
        check_n_rows(self.memory_, n_rows)

        def use(images, rows, n_images):
            data, states = self._read(images, known_labels, extra_labels)
            with plain_torch():
                summaries = self._summaries(data, self._prediction_source(data))
                return self.memory_.nearest(summaries, states, n_rows)

        return self._with_readable(X, use, on_error="raise").result

    def _check_params(self):
        super()._check_params()
        if not self.use_image and self.d_model is None:
            raise ValueError(
                "d_model=None takes the width of the tokens from the image, but use_image=False "
                "leaves the image out: set d_model."
            )
        check_unknown_fraction(self.unknown_fraction)

    # ------------------------------------------------------------- the module

    def _make_plan(self, data, n_train, n_processes):
        if isinstance(data, Tokens):
            is_pretrained = data.shape[2] >= _WIDE
        else:
            is_pretrained = not self._trains_backbone()
        is_shallow = is_pretrained and n_train < _MANY
        n_layers = (1 if is_shallow else 3) if self.n_layers == "auto" else self.n_layers
        most = 20 if is_shallow else self._most_epochs
        return Plan(n_layers, self._n_epochs(n_train, most, n_processes))

    def _chosen(self, net):
        module = net.module_
        return super()._chosen(net) | {
            "n_layers": len(module.layers),
            "input_dropout": module.input_dropout.p,
            "attention_bias": len(module.attention_biases) > 0,
            "memory": None if self.memory_ is None else len(self.memory_),
        }

    def _structure_params(self):
        """The parameters that a fitted module cannot change any more."""
        names = (
            "backbone weights d_model n_layers n_heads dropout position use_image init regions "
            "standardize input_dropout channel_dropout attention_bias shortcut"
        )
        return {name: getattr(self, name) for name in names.split()}

    def _make_module(self, n_labels, n_channels, *, grid=(1, 1), backbone=None):
        return CTran(
            n_labels,
            n_channels,
            grid=grid,
            backbone=backbone,
            d_model=self.d_model,
            n_layers=self._plan.n_layers,
            n_heads=self.n_heads,
            dropout=self.dropout,
            position=self.position,
            use_image=self.use_image,
            init=self.init,
            regions=self.regions,
            input_dropout=self._input_dropout(n_channels),
            channel_dropout=self.channel_dropout,
            attention_bias=(
                n_labels <= 256 if self.attention_bias == "auto" else self.attention_bias
            ),
            shortcut=self.shortcut,
        )

    def _input_dropout(self, n_channels):
        """What "auto" means: high for wide features that do not train, low or 0 for others."""
        if self.input_dropout != "auto":
            return self.input_dropout
        if self._input.kind == "images" and self._trains_backbone():
            return 0.0
        return self._feature_dropout(n_channels)

    def _parameter_groups(self):
        return [
            *super()._parameter_groups(),
            ("shortcut.*", {"lr": 1.5 * self.lr, "weight_decay": 3 * self.weight_decay}),
            # A pair of labels is rarely seen, so its bias needs long steps and little decay.
            ("attention_biases.*", {"lr": 20 * self.lr, "weight_decay": self.weight_decay / 20}),
        ]
