"""Images for tests, made up."""

import numpy as np
import torch

from sklearn_ctran._images.images import check_images
from sklearn_ctran._images.preprocessing import Preprocessing


def load(X, image_size=None, **kwargs):
    """Check images and return them as one uint8 batch."""
    images = check_images(X, **kwargs)
    return images.batch(range(len(images)), Preprocessing(image_size))


def photo(height=24, width=36):
    """A smooth RGB image, so that JPEG and resizing change little."""
    y, x = np.mgrid[:height, :width]
    rgb = [255 * y / height, 255 * x / width, 127 * (x / width + y / height)]
    return np.stack(rgb, axis=-1).astype(np.uint8)


def noise(n, height=8, width=8, seed=0):
    """`n` RGB images of random pixels."""
    return np.random.default_rng(seed).integers(0, 256, (n, height, width, 3), dtype=np.uint8)


def textured(height, width, seed=0):
    """An RGB image with as much detail at each scale as photos have."""
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)
    spectrum = np.random.default_rng(seed).normal(size=(2, 3, height, len(columns)))
    frequency = np.hypot(rows, columns)
    frequency[0, 0] = np.inf
    image = np.fft.irfft2((spectrum[0] + 1j * spectrum[1]) / frequency, (height, width))
    image = 128 + 50 * image / image.std()
    return np.rint(image.clip(0, 255)).astype(np.uint8).transpose(1, 2, 0)


def as_tensor(image):
    """An image (H, W, 3) as a tensor (3, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
