"""Predictions as a frame, for all that writes them into files."""

from dataclasses import dataclass

import numpy as np

from sklearn_ctran._utils.frames import columns_of, plain
from sklearn_ctran._utils.names import as_names
from sklearn_ctran.datasets._formats.paths import read_image_paths


@dataclass
class Probabilities:
    """Probabilities of labels.

    Attributes
    ----------
    paths : list of str
    names : list
        The labels, which are texts.
    values : ndarray of shape (n_images, n_labels), float64
        NaN in the rows of images that could not be read.
    """

    paths: list
    names: list
    values: np.ndarray


def read_probabilities(proba, images=None, relative_to=None):
    """The Probabilities of a frame, as of ``predict_proba_frame``.

    Paths are those of `images`, or the frame's index, relative to a folder if one is given. Raises
    TypeError for what is no frame, ValueError for what are no probabilities.
    """
    names = columns_of(proba, "proba")
    if names is None:
        raise TypeError(
            "proba must be a data frame with a column for each label, as of "
            f"predict_proba_frame, got {type(proba).__name__}."
        )
    names = [str(name) for name in as_names(names)]
    try:
        values = np.asarray(plain(proba, "proba"), dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError("proba must hold probabilities, but it holds texts.") from None
    wrong = ~np.isnan(values) & ((values < 0) | (values > 1))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise ValueError(
            f"proba must hold probabilities from 0 to 1, but row {row}, label {names[column]!r} "
            f"holds {values[row, column]:g}."
        )
    return Probabilities(read_image_paths(proba, images, len(values), relative_to), names, values)


def read_thresholds(thresholds, names):
    """One threshold for each label, of a number, a dict by label (others 0.5) or an array."""
    if hasattr(thresholds, "items"):
        strange = [name for name in thresholds if name not in names]
        if strange:
            raise ValueError(f"thresholds has {strange[0]!r}, which is no label.")
        thresholds = [thresholds.get(name, 0.5) for name in names]
    values = np.asarray(thresholds, dtype=np.float64)
    if values.ndim > 1 or (values.ndim == 1 and len(values) != len(names)):
        raise ValueError(
            f"thresholds must be a number, a dict, or one number for each of {len(names)} labels, "
            f"got shape {values.shape}."
        )
    return np.broadcast_to(values, (len(names),))
