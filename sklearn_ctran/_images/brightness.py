"""Sets of images whose pixels use a small part of their range, so that they would be read as black.

A 12-bit picture in uint16, a mask of 0 and 1 in uint8, floats divided by 255 twice: no image alone
tells them from a dark photo, but all images of a set do.
"""

import threading

from sklearn_ctran._utils.warnings import warn

#: For each kind of pixels, by its white: the brightest pixel of two images, or of ten, that are too
#: dark to be photos in this range. Floats may be rounded up to float32.
_DARKEST = {255: (1, 16), 65535: (4095, 16383), 1: (1.01 / 255, 16.5 / 255)}

_FEW, _MANY = 2, 10


class Brightness:
    """The brightest pixels of a set of images, for each kind of pixels.

    They are looked for until one image is bright: afterwards `is_open` is False for its kind, and a
    caller saves the search. One image alone is never judged.
    """

    def __init__(self, n_images):
        self._open = set(_DARKEST) if n_images >= _FEW else set()
        self._counts = dict.fromkeys(_DARKEST, 0)
        self._peaks = dict.fromkeys(_DARKEST, 0)
        self._lock = threading.Lock()

    def is_open(self, white):
        """Whether no image of pixels with this white was bright so far."""
        return white in self._open

    def add(self, white, peak, n_images=1):
        """Note the brightest pixel of some images; black ones say nothing."""
        if not peak:
            return
        with self._lock:
            self._counts[white] += n_images
            self._peaks[white] = max(self._peaks[white], peak)
            if peak > _DARKEST[white][1]:
                self._open.discard(white)

    def warn(self):
        """Warn of each kind of pixels whose images are all too dark."""
        for white in sorted(self._open, reverse=True):
            certain, likely = _DARKEST[white]
            n_images, peak = self._counts[white], self._peaks[white]
            if n_images >= _MANY and peak <= likely or n_images >= _FEW and 0 < peak <= certain:
                warn(_message(white, peak))


def _message(white, peak):
    if white == 1:
        return (
            f"The brightest of all float pixels is {peak:.2g}, but white is 1: the images are read "
            "as almost black. Divide each by the value that means white, once."
        )
    dtype = "uint8" if white == 255 else "16-bit"
    peak = int(peak)
    # scikit-learn's digits go from 0 to 16.
    full = peak if peak.bit_count() == 1 else 2 ** peak.bit_length() - 1
    advice = {
        1: "If they are masks, give them as bool, x.astype(bool)",
        255: "If 255 is white, give them as uint8, x.astype('uint8')",
    }.get(full, f"If {full} is white, give floats, x / {full}")
    return (
        f"The brightest of all {dtype} pixels is {peak}, but white is {white}: the images are read "
        f"as almost black. {advice} (for files, x is numpy.asarray(PIL.Image.open(path)))."
    )
