"""Photos and words of Corel5k for the last part of five examples; not an example itself.

The folder that ``SKLEARN_CTRAN_SHARED`` names has ``data/corel5k/labels.npz`` (`ids`, `Y`, `train`,
`label_names`), ``data/corel5k/images/<id>.jpeg`` and
``data/weights/mobilenet_v2-imagenet.pth``. Duygulu, Barnard, de Freitas, Forsyth: Object
Recognition as Machine Translation, ECCV 2002.
"""

import os
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from sklearn_ctran import ImageTokens


def load(n_train=700, n_test=500):
    """Features of a frozen MobileNetV2 and the words with at least 150 training photos.

    Parameters
    ----------
    n_train, n_test : int
        How many photos of each part are drawn.

    Returns
    -------
    corel5k : Bunch
        ``X_train``, ``X_test``: (n_photos, 1280), float32; ``Y_train``, ``Y_test``: (n_photos,
        n_words), 0 or 1; ``label_names``: (n_words,).
    """
    data = Path(os.environ["SKLEARN_CTRAN_SHARED"]) / "data"
    with np.load(data / "corel5k" / "labels.npz") as table:
        ids, Y, is_train, names = (table[key] for key in ("ids", "Y", "train", "label_names"))
    frequent = Y[is_train].sum(axis=0) >= 150
    rng = np.random.default_rng(0)
    rows = {
        "train": rng.choice(np.flatnonzero(is_train), n_train, replace=False),
        "test": rng.choice(np.flatnonzero(~is_train), n_test, replace=False),
    }
    weights = data / "weights" / "mobilenet_v2-imagenet.pth"
    tokens = ImageTokens("mobilenet_v2", weights=weights, image_size=160, pool="mean")
    corel5k = Bunch(label_names=names[frequent])
    for part, chosen in rows.items():
        paths = [data / "corel5k" / "images" / f"{ids[row]}.jpeg" for row in chosen]
        corel5k[f"X_{part}"] = tokens.fit_transform(paths)
        corel5k[f"Y_{part}"] = Y[chosen][:, frequent].astype(int)
    return corel5k
