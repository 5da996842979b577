"""Decoded images of any size to a batch of one size, augmented in training.

`Preprocessing.resize` takes one image at a time, so that few full-size photos are in memory;
`Preprocessing.finish` crops, flips and augments the batch.
"""

import itertools
import math
from numbers import Integral

import numpy as np
import torch

from sklearn_ctran._utils.randomness import all_drawing, drawing

#: What a string as `augment` may ask for, joined by "+"; crops are of one size or of several.
AUGMENTATIONS = ("flip", "crop", "scale", "flip+crop", "flip+scale")

#: Sides of crops of several sizes, as shares of the resized image's (authors' code: 640 to 320).
_SCALES = (1.0, 0.9, 0.8, 0.6, 0.5)

_USUAL = "squash", "bilinear"

_HOW = tuple(itertools.product(("squash", "center"), ("bilinear", "bicubic")))


class Preprocessing:
    """Resizes, crops and augments decoded images.

    An `image_size` s: the whole image is resized to s x s. ``(resize, crop)``: it is resized to
    resize x resize, and crop x crop pixels are cut out of its middle, or at a random place if
    `augment` says so (the paper: 640, 576). ``(resize, crop, mode, interpolation)``, as an OwnSize:
    the interpolation may be "bicubic" too, and in the mode "center" the shorter side becomes
    resize, of which the middle is cut out at once. None: images keep their size, which must be
    equal.

    `augment`, None or one of :data:`AUGMENTATIONS`, is what is random in training, for each image:
    horizontal flips; the place of the crop; with "scale" its size too, and it is resized to
    crop x crop. A callable takes a uint8 batch (B, K, H, W) and returns such a batch of the same
    shape; it is called in training only. torch's random numbers inside it are seeded from the
    generator. Raises ValueError for any other value.
    """

    def __init__(self, image_size, augment=None):
        self.resize_to, self.crop_to, *how = _check_image_size(image_size)
        self.mode, self.interpolation = how or _USUAL
        if not (augment is None or callable(augment) or augment in AUGMENTATIONS):
            raise ValueError(
                f"augment must be None, one of {AUGMENTATIONS} or a callable, got {augment!r}."
            )
        self.augment = augment
        named = augment.split("+") if isinstance(augment, str) else ()
        self._flips, self._crops, self._scales = (
            name in named for name in ("flip", "crop", "scale")
        )
        if (self._crops or self._scales) and (self.crop_to is None or self.mode != "squash"):
            raise ValueError(
                f"augment={augment!r} crops, which needs image_size=(resize, crop), for instance "
                f"(256, 224); got image_size={image_size!r}."
            )

    def _saved_fields(self):
        """What the constructor makes it of again; functions matter in training only."""
        return {
            "image_size": self.image_size,
            "augment": self.augment if isinstance(self.augment, str) else None,
        }

    @property
    def image_size(self):
        """The argument of the constructor."""
        if self.crop_to is None:
            return self.resize_to
        how = self.mode, self.interpolation
        return (self.resize_to, self.crop_to, *(how if how != _USUAL else ()))

    @property
    def steps(self):
        """What resizing depends on, as text."""
        how = self.mode, self.interpolation
        return str(self.resize_to) + ("" if how == _USUAL else f" {self.mode} {self.interpolation}")

    def check(self, images):
        """Raise ValueError if ``image_size=None`` and the images' sizes differ."""
        if self.resize_to is not None:
            return
        (other,) = np.nonzero((images.sizes != images.sizes[0]).any(axis=1))
        if len(other):
            (height, width), (height_0, width_0) = images.sizes[other[0]], images.sizes[0]
            raise ValueError(
                f"With image_size=None all images must have one size, but row {other[0]} is "
                f"{height} x {width} pixels and row 0 is {height_0} x {width_0}. "
                "Set image_size to resize them."
            )

    def resized_size(self, size):
        """Return height and width after `resize` of an image with height and width `size`."""
        if self.resize_to is None:
            return tuple(map(int, size))
        side = self.resize_to if self.mode == "squash" else self.crop_to
        return side, side

    def final_size(self, size):
        """Return height and width after `finish` of an image with height and width `size`."""
        return self.resized_size(size) if self.crop_to is None else (self.crop_to, self.crop_to)

    def least_side(self, size):
        """Return the least length of the sides of a decoded image with height and width `size`.

        It is 1.5 times the final length, so that resizing still averages decoded pixels. On photos
        of natural scenes, the result differed from that of full decoding by 0.8 of 255 grey levels
        on average (0.7 for a factor of 2, 2.2 for a factor of 1). None: decode at full size.
        """
        if self.resize_to is None:
            return None
        least = math.ceil(1.5 * self.resize_to)
        return None if min(size) < 2 * least else least  # Half the size is too small.

    def __call__(self, images, generator=None):
        """Turn uint8 tensors (K, H, W) into a uint8 batch; see `Images.batch`."""
        return self.finish(torch.stack([self.resize(image) for image in images]), generator)

    def resize(self, images):
        """Resize images of one size, uint8 (..., K, H, W), with antialiasing."""
        if self.resize_to is None:
            return images
        is_whole = self.mode == "squash"
        height, width = images.shape[-2:]
        size = [self.resize_to] * 2 if is_whole else _by_shorter_side(height, width, self.resize_to)
        if [height, width] != size:
            # Imported here: torchvision takes longer to import than all of scikit-learn.
            from torchvision.transforms.v2 import functional

            how = functional.InterpolationMode(self.interpolation)
            images = functional.resize_image(images, size, how, antialias=True)
        return images if is_whole else _middle(images, self.crop_to)

    def finish(self, batch, generator=None):
        """Crop a resized batch, uint8 (B, K, H, W); with a generator also augment it, in place."""
        if self.crop_to is not None and self.mode == "squash":
            if self._scales and generator is not None:
                batch = self._crop_and_resize(batch, generator)
            else:
                batch = self._crop(batch, generator if self._crops else None)
        if generator is None:
            return batch
        if self._flips:
            flipped = torch.rand(len(batch), generator=generator) < 0.5
            # Flipping one by one takes a tenth of the time of flipping all and choosing.
            for image in flipped.nonzero().flatten().tolist():
                batch[image] = batch[image].flip(-1)
        if callable(self.augment):
            batch = self._call(batch, generator)
        return batch

    def _crop(self, batch, generator):
        room = self.resize_to - self.crop_to
        if generator is None:
            corners = torch.full((len(batch), 2), room // 2)
        else:
            corners = torch.randint(room + 1, (len(batch), 2), generator=generator)
        size = (*batch.shape[:2], self.crop_to, self.crop_to)
        cut = torch.empty(size, dtype=batch.dtype, memory_format=torch.channels_last)
        for image, whole, (top, left) in zip(cut, batch, corners.tolist(), strict=True):
            image.copy_(whole[:, top : top + self.crop_to, left : left + self.crop_to])
        return cut

    def _crop_and_resize(self, batch, generator):
        from torchvision.transforms.v2 import functional

        sides = [max(1, round(scale * self.resize_to)) for scale in _SCALES]
        chosen = torch.randint(len(sides), (len(batch),), generator=generator).tolist()
        size = (*batch.shape[:2], self.crop_to, self.crop_to)
        cut = torch.empty(size, dtype=batch.dtype, memory_format=torch.channels_last)
        for image, whole, index in zip(cut, batch, chosen, strict=True):
            side = sides[index]
            corner = torch.randint(self.resize_to - side + 1, (2,), generator=generator).tolist()
            part = functional.crop_image(whole, *corner, side, side)
            image.copy_(functional.resize_image(part, list(image.shape[1:]), antialias=True))
        return cut

    def _call(self, batch, generator):
        shape = batch.shape
        seed = torch.randint(2**62, (), generator=generator).item()
        # torchvision's transforms draw from the global generator, whose state is the user's.
        with drawing(seed), all_drawing():
            batch = self.augment(batch)
        if not (isinstance(batch, torch.Tensor) and batch.dtype == torch.uint8):
            what = getattr(batch, "dtype", type(batch).__name__)
            raise ValueError(f"augment must return a uint8 tensor, but returned {what}.")
        if batch.shape != shape:
            raise ValueError(
                f"augment must keep the batch's shape {tuple(shape)}, but returned "
                f"{tuple(batch.shape)}."
            )
        return batch


def _by_shorter_side(height, width, side):
    """Height and width of an image whose shorter side becomes `side`, as torchvision rounds."""
    shorter, longer = sorted((height, width))
    longer = int(side * longer / shorter)
    return [side, longer] if height <= width else [longer, side]


def _middle(images, side):
    """The middle of images, side x side, as torchvision's ``CenterCrop`` cuts it out."""
    top, left = (round((length - side) / 2) for length in images.shape[-2:])
    return images[..., top : top + side, left : left + side]


def _check_image_size(image_size):
    """Return (side to resize to, side to crop to), None for steps that are left out.

    Mode and interpolation follow if they are given.
    """
    if image_size is None:
        return None, None
    is_tuple = isinstance(image_size, (tuple, list))
    how = tuple(image_size[2:]) if is_tuple and len(image_size) == 4 else ()
    is_pair = is_tuple and (len(image_size) == 2 or how in _HOW)
    sides = image_size[:2] if is_pair else [image_size]
    whole = all(isinstance(s, Integral) and not isinstance(s, bool) and s >= 1 for s in sides)
    if not whole or sides[-1] > sides[0]:
        raise ValueError(
            "image_size must be a positive integer, a pair (resize, crop) with crop <= resize, "
            f"'auto' or None; got {image_size!r}."
        )
    return int(sides[0]), (int(sides[1]) if is_pair else None), *how
