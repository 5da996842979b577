"""What a network reads: the kinds of `X` that it takes, and how they become batches."""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from sklearn.utils.validation import check_array

from sklearn_ctran._images.preprocessing import Preprocessing
from sklearn_ctran._images.tokens import ImageBatches, PooledTokens, Tokens, collected, pooled

#: What a batch of predictions may take for each thread of a CPU, whose cache larger ones leave.
_CPU_BYTES = 1 << 25

#: Features that are so many standard deviations from the mean are blamed for an infinite output.
_FAR = 1e6


@dataclass(frozen=True)
class NetworkInput:
    """What a network was, or is being, fitted on.

    Attributes
    ----------
    kind : {"images", "tokens", "features"}
    preprocessing : Preprocessing or None
        None without a backbone.
    size : (int, int) or None
        Height and width of the training images after preprocessing; None if no image was read.
    n_views : {1, 2}
        Views of an image that a frozen backbone sees.
    """

    kind: str
    preprocessing: Preprocessing | None
    size: tuple | None = None
    n_views: int = 1

    @property
    def image_size(self):
        """How images are resized; None if they are not, or there are none."""
        is_used = self.kind == "images" and self.preprocessing is not None
        return self.preprocessing.image_size if is_used else None

    def batches(self, images):
        """Images (Images), decoded and resized when a batch of them is wanted."""
        return ImageBatches(images, self.preprocessing)

    def grid(self, images, module):
        """Rows and columns of the feature map of images; None if the module does not need them.

        Raises ValueError if the module cannot take such a grid.
        """
        if not module.needs_grid:
            return None
        size = self.preprocessing.final_size(images.sizes[0])
        grid = module.grid if size == self.size else feature_map_size(module.backbone, size)
        module.check_grid(grid)
        return grid


def read_tokens(X):
    """Tokens of an array (n_samples, n_tokens, n_channels), checked."""
    X = check_array(X, dtype=np.float32, ensure_2d=False, allow_nd=True, order="C")
    if 0 in X.shape:
        raise ValueError(f"X is empty: its shape is {X.shape}.")
    return Tokens(X)


def no_tokens(n_samples):
    """Tokens of images that a network does not look at."""
    return Tokens(np.zeros((n_samples, 0, 1), dtype=np.float32))


def check_tokens(tokens, module):
    """Raise ValueError unless a fitted module can take these tokens."""
    if not module.use_image:
        return
    _, n_tokens, n_channels = tokens.shape
    if n_channels != len(module.feature_mean):
        raise ValueError(
            f"X has {n_channels} channels a token, but the estimator was fitted with "
            f"{len(module.feature_mean)}."
        )
    check_token_count(n_tokens, module)


def check_token_count(n_tokens, module):
    """Raise ValueError unless a fitted module can take so many tokens an image."""
    if module.has_fixed_tokens and n_tokens != math.prod(module.grid):
        raise ValueError(
            f"X has {n_tokens} tokens an image, but the estimator was fitted with "
            f"{math.prod(module.grid)}."
        )


def pooled_for(module, features, grid=None):
    """Features (Tokens or CachedTokens), pooled to as many tokens as the module reads."""
    if module.pooling is None:
        return features
    return pooled(features, partial(module.pool, grid=grid))


class Summaries:
    """What the memory knows of each image, made when it is read.

    ``summaries[rows]`` is an ndarray (n_rows, n_features), float32. `source` has tokens as the
    module reads them; none, if it does not look at images.
    """

    def __init__(self, source, module):
        self._source = source
        self._module = module

    def __len__(self):
        return len(self._source)

    def __getitem__(self, rows):
        rows = np.arange(len(self))[rows]
        if not self._module.use_image:
            return np.zeros((len(rows), 0), dtype=np.float32)
        return collected(PooledTokens(self._source, self._summary), rows).values[:, 0]

    def _summary(self, batch):
        # Of tokens whose number may differ, only the mean has always the same size.
        is_mean = self._module.is_narrow and not self._module.has_fixed_tokens
        return (batch.mean(dim=1) if is_mean else self._module.summary(batch))[:, None]


def feature_map_size(backbone, size):
    """Rows and columns of the feature map of an image of some height and width."""
    was_training = backbone.training
    with torch.no_grad():
        shape = 1, backbone.n_inputs, *size
        black = torch.zeros(shape, dtype=torch.uint8, device=backbone.mean.device)
        features = backbone.eval()(black)
    backbone.train(was_training)
    return tuple(features.shape[2:])


def prediction_batch_size(source, module, device):
    """Images to predict at a time: as many as the memory for about one layer's tokens allows."""
    device, budget = torch.device(device), _CPU_BYTES * torch.get_num_threads()
    if device.type == "cuda":
        budget = torch.cuda.mem_get_info(device)[0] // 2
    # Some sixteen numbers of four bytes exist at a time for each number of a token.
    bytes_per_image = 64 * (source.shape[1] + module.n_labels) * module.width
    return int(np.clip(budget // bytes_per_image, 1, 4096))


def check_logits(logits, source, module):
    """Raise ValueError if logits (n_samples, n_labels) of `source` are NaN or infinite.

    The message blames the features of a row if they are far from those of training, else the model.
    """
    is_finite = np.isfinite(logits).all(axis=1)
    if is_finite.all():
        return
    row = int(is_finite.argmin())
    if not isinstance(source, ImageBatches):
        values = source.batch(np.array([row])).flatten(0, 1)
        mean, scale = (x.cpu() for x in (module.feature_mean, module.feature_scale))
        farthest = int(((values - mean) / scale).abs().argmax())
        channel, value = farthest % values.shape[1], values.flatten()[farthest].item()
        if abs(value - mean[channel]) > _FAR * scale[channel]:
            raise ValueError(
                f"X, row {row}: feature {channel} has a value of {value:g}, so far from those of "
                f"training (about {mean[channel]:.3g}) that the model's output is not finite. Is "
                "it a missing value's code, or in another unit?"
            )
    raise ValueError(
        f"The model's output for row {row} is not finite, though its input is ordinary: the "
        "weights are damaged. Fit the model again, or load another file."
    )
