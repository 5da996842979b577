"""Tables of labels, for all that writes them into files."""

from dataclasses import dataclass

import numpy as np

from sklearn_ctran._labels.states import read_states
from sklearn_ctran._utils.frames import columns_of
from sklearn_ctran.datasets._formats.paths import read_image_paths


@dataclass
class Target:
    """States of labels (n_images, n_labels), int8, with paths and names, which are texts."""

    paths: list
    names: list
    states: np.ndarray


def read_target(target, images=None, relative_to=None):
    """The Target of a frame of 0, 1 and NaN or -1.

    Paths are those of `images`, or the frame's index; relative to a folder, if one is given.
    """
    columns = columns_of(target, "target")
    if columns is None:
        raise TypeError(
            "target must be a data frame with a column for each label, got "
            f"{type(target).__name__}."
        )
    states = read_states(target, columns, "target")
    paths = read_image_paths(target, images, len(states), relative_to)
    return Target(paths, [str(name) for name in columns], states)
