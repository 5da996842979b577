"""ImageTokens: images to features of a frozen backbone, for any estimator of scikit-learn."""

from functools import partial
from numbers import Real
from typing import Any, Literal

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted
from torch import nn

from sklearn_ctran._cache.token_cache import TokenCache
from sklearn_ctran._images.parameters import IMAGE_PARAMETERS, ReadsImages
from sklearn_ctran._images.preprocessing import Preprocessing
from sklearn_ctran._images.tokens import PooledTokens, collected
from sklearn_ctran._persistence.savable import Savable
from sklearn_ctran._utils.devices import plain_torch, resolve_device
from sklearn_ctran._utils.documentation import DocumentationLink
from sklearn_ctran._utils.frames import to_frame
from sklearn_ctran._utils.randomness import all_drawing, drawing
from sklearn_ctran._utils.rows import check_rows
from sklearn_ctran._utils.sklearn_compat import fit_context, output_container
from sklearn_ctran._utils.typing import (
    DataFrame,
    EncoderEngine,
    FilePath,
    Images,
    ImageSize,
    OnError,
    RandomState,
    Self,
)
from sklearn_ctran.modules.backbone import find_source, make_backbone
from sklearn_ctran.modules.pooling import pool_features
from sklearn_ctran.modules.stored import restore_backbone, store_backbone


class ImageTokens(
    Savable,
    DocumentationLink,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    ReadsImages,
    BaseEstimator,
):
    """Turn images into the features of a frozen backbone.

    The tokens are those on which :class:`CTranClassifier` works with the same parameters, from the
    same cache: whatever is fitted or compared, each image goes through the backbone once.

    Parameters
    ----------
    backbone : str or nn.Module, default="resnet50"
        The name of a torchvision classification network; ``"timm/"`` and a name of timm's, with or
        without the tag of its weights; ``"small"``, a little CNN for images below about 64 pixels;
        or a module from normalised float images (B, 3, H, W) to feature
        maps (B, C, h, w), which is copied. As it stays frozen, it should be a trained one.
    weights : str, path-like or None, default="DEFAULT"
        A name of torchvision's weights for the backbone, or the tag of timm's, downloaded if need
        be; a path of a state_dict file of the same network; None for random weights. ``"small"``
        and modules have no named weights and come as they are.
    image_size : int, (int, int), "auto" or None, default=224
        s: the whole image is resized to s x s pixels. (resize, crop): resized to
        resize x resize, of which the crop x crop in the middle are cut out. "auto": as the images
        on which the named backbone was evaluated. None: images, all of one size, stay as they are.
    pool : {None, "mean", "max", "gem"}, default=None
        None: all P = h x w cells of the feature map, row by row. Otherwise they are pooled into
        one vector, by their mean, their maximum, or their generalised mean [1]_,
        ``mean(x ** p) ** (1 / p)``, in which features below 1e-6 count as 1e-6.
    gem_power : float, default=3.0
        p of the generalised mean, above 0. 1 is the mean of the positive parts; the larger, the
        closer to the maximum.
    batch_size : int, default=64
        Images per pass through the backbone (on a CPU at most 32).
    device : str, default="auto"
        "cpu", "cuda", "cuda:1", "mps", ...; "auto" takes a GPU if there is one.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Of the backbone. "auto": bfloat16 where the device is fast in it, else float32.
    encoder_engine : {"torch", "auto", "openvino", "onnxruntime"}, default="torch"
        What passes images through a backbone. "openvino" and
        "onnxruntime" are libraries for processors (``pip install "sklearn-ctran[openvino]"``, or
        ``[onnxruntime]``); their first use in a process takes some seconds. "auto": OpenVINO, if
        it is installed, for frozen networks of torchvision's on a CPU. OpenVINO is experimental:
        see "The backbone on a processor" in the guide to speed. onnxruntime computes in float32.
    n_views : {1, 2}, default=1
        Views of an image that pass through the backbone. 2: the image and its mirror image; tokens
        are the mean of both, the mirror image's turned back.
    n_jobs : int or None, default=None
        Threads that decode images; None means 1, -1 all cores.
    on_error : {"raise", "skip", "warn"}, default="raise"
        What to do about images that cannot be read. "raise": an error names all of them. "skip":
        `transform` gives NaN for them, and warns. "warn": `fit`, which only looks at the beginning
        of files, warns of them too.
    cache : "memory", path-like, TokenCache or None, default="memory"
        Where tokens are kept, pooled or not; see :class:`CTranClassifier`.
    random_state : int, RandomState instance or None, default=None
        Seeds the weights of a backbone that has no trained ones.
    verbose : int, default=0
        As of :class:`CTranClassifier`.

    Attributes
    ----------
    n_channels_ : int
        C.
    skipped_ : dict of int to str
        Number of each row that `fit` could not read -> what is wrong with its image.

    See Also
    --------
    CTranClassifier : Takes the tokens, ``pool=None``, with ``backbone=None``.

    References
    ----------
    .. [1] F. Radenović, G. Tolias, O. Chum: Fine-tuning CNN Image Retrieval with No Human
       Annotation. TPAMI 2019.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.multioutput import MultiOutputClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_ctran import ImageTokens
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(100, random_state=0)
    >>> features = ImageTokens("small", image_size=None, pool="mean", random_state=0)
    >>> model = make_pipeline(features, MultiOutputClassifier(LogisticRegression()))
    >>> model.fit(scenes.images, scenes.Y).predict(scenes.images).shape
    (100, 10)
    """

    _parameter_constraints = {
        **IMAGE_PARAMETERS,
        "pool": [StrOptions({"mean", "max", "gem"}), None],
        "gem_power": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        backbone: str | nn.Module = "resnet50",
        *,
        weights: FilePath | None = "DEFAULT",
        image_size: ImageSize = 224,
        pool: Literal["mean", "max", "gem"] | None = None,
        gem_power: float = 3.0,
        batch_size: int = 64,
        device: str = "auto",
        precision: Literal["auto", "float32", "bfloat16"] = "auto",
        encoder_engine: EncoderEngine = "torch",
        n_views: Literal[1, 2] = 1,
        n_jobs: int | None = None,
        on_error: OnError = "raise",
        cache: FilePath | TokenCache | None = "memory",
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        self.backbone = backbone
        self.weights = weights
        self.image_size = image_size
        self.pool = pool
        self.gem_power = gem_power
        self.batch_size = batch_size
        self.device = device
        self.precision = precision
        self.encoder_engine = encoder_engine
        self.n_views = n_views
        self.n_jobs = n_jobs
        self.on_error = on_error
        self.cache = cache
        self.random_state = random_state
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self: Self, X: Images, y: Any = None) -> Self:
        """Make the backbone; nothing is learned from the images.

        Parameters
        ----------
        X : array-like
            Images: a list, array, column (pandas, polars, pyarrow) or map-style dataset (torch,
            Hugging Face) of paths, encoded files (``bytes``, ``io.BytesIO``, dicts with "bytes" or
            "path"), PIL images or arrays; an array of shape (n_samples, height, width, 3), uint8,
            or float in [0, 1]; grey images (n_samples, height, width). Arrays of 2 channels, or of
            more than 4, keep them: "More than three channels" in the guide to images.
            Only looked at for whether they can be images.
        y : array-like, default=None
            Not used, but the order of its rows is compared with that of `X` by their indexes, which
            the next step of a pipeline cannot do.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError, TypeError, FileNotFoundError
            If an argument cannot be used; the message names the row or file. The transformer is
            then as it was before the call.
        """
        self._check_backbone()
        check_rows(X=X, y=y)
        self._shows_progress = True
        read = self._image_reader(Preprocessing(self._own_image_size())).read
        outcome = self._with_readable(X, lambda images, rows, n_images: read(images))
        backbone = self._new_backbone(outcome.result.n_channels)
        self._set_skipped(outcome, "Their features will be NaN.")
        return self._hold(backbone)

    def _check_backbone(self):
        if self.backbone is None:
            raise ValueError("backbone=None leaves nothing to turn images into features: name one.")
        resolve_device(self.device)
        find_source(self.backbone, self.weights)

    def _new_backbone(self, n_inputs=3):
        # The same draws as CTranClassifier's.
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        with plain_torch(), drawing(seed), all_drawing():
            return make_backbone(self.backbone, self.weights, n_inputs).freeze()

    def _hold(self, backbone):
        """Be fitted with a new backbone."""
        self._preprocessing = Preprocessing(self._own_image_size())
        self._backbone = backbone
        self._structure = {"backbone": self.backbone, "weights": self.weights}
        self.n_channels_ = backbone.n_channels
        return self

    def transform(self, X: Images) -> np.ndarray | DataFrame:
        """Features of images.

        Parameters
        ----------
        X : array-like
            Images, as in `fit`.

        Returns
        -------
        features : ndarray of shape (n_samples, n_tokens, n_channels), float32
            Or, pooled, of shape (n_samples, n_channels), and a data frame if `set_output` says so.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        ValueError, TypeError, FileNotFoundError
            If an image cannot be used, or tokens that are not pooled are to be a data frame.
        """
        check_is_fitted(self)
        container = output_container(self)
        if self.pool is None and container != "default":
            raise ValueError(
                f"Tokens, of shape (n_samples, n_tokens, n_channels), do not fit into a table of "
                f"{container}: set pool='mean', or set_output(transform='default')."
            )

        def use(images, rows, n_images):
            if images is None:
                return np.empty((0, self.n_channels_), dtype=np.float32)
            return self._features(images)

        # How many tokens an image has is only known if one can be read.
        outcome = self._with_readable(X, use, least=1 if self.pool is None else 0)
        outcome.warn("Their features are NaN.")
        if container == "pandas" and hasattr(X, "iloc"):
            # scikit-learn before 1.8 keeps the index of a frame, not that of a single column.
            return to_frame(outcome.by_row(), index=getattr(X, "index", None))
        return outcome.by_row()

    def _encode(self, X):
        """Tokens, not pooled, of images that can all be read."""
        reader = self._image_reader(self._preprocessing)
        images = reader.read(X)
        self._backbone.check_n_inputs(images.n_channels)
        with plain_torch():
            tokens = reader.encode(images, self._backbone, resolve_device(self.device))
        self._backbone.cpu()  # A pickle of it is to be of use on any machine.
        return tokens

    def _space(self):
        """Digest of all that tokens depend on but the image, as this machine computes them."""
        reader = self._image_reader(self._preprocessing)
        return reader.space(self._backbone, resolve_device(self.device))

    def _features(self, X):
        """Tokens, pooled or not, of images that can all be read."""
        tokens = self._encode(X)
        if self.pool is None:
            return collected(tokens).values
        pool = partial(pool_features, pool=self.pool, gem_power=self.gem_power)
        return collected(PooledTokens(tokens, lambda batch: pool(batch)[:, None])).values[:, 0]

    def _saved_state(self, storage):
        state = super()._saved_state(storage)
        if not state:
            return state
        where = self._structure["backbone"], self._structure["weights"]
        with plain_torch(), drawing(0), all_drawing():
            stored = store_backbone(self._backbone, *where, storage)
        return state | {"_backbone": stored}

    def _set_saved_state(self, state):
        super()._set_saved_state(state)
        where = self._structure["backbone"], self._structure["weights"]
        with plain_torch(), drawing(0), all_drawing():
            self._backbone = restore_backbone(*where, self._backbone)
        if self._backbone.n_channels != self.n_channels_:
            raise ValueError("its backbone has another number of channels")

    def get_feature_names_out(self, input_features: None = None) -> np.ndarray:
        """Names of the pooled features.

        Parameters
        ----------
        input_features : None
            Not used: images have no features.

        Returns
        -------
        names : ndarray of shape (n_channels,), object
            "imagetokens0", "imagetokens1", ...

        Raises
        ------
        ValueError
            Without pooling, where the output is tokens, of three dimensions.
        """
        check_is_fitted(self)
        if self.pool is None:
            raise ValueError(
                "Tokens (n_samples, n_tokens, n_channels) have no feature names: pool them, "
                "pool='mean', for a table."
            )
        return super().get_feature_names_out(input_features)

    @property
    def _n_features_out(self):
        return self.n_channels_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        return tags
