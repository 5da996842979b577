"""
Methods side by side
====================

:func:`~sklearn_ctran.compare` fits any number of methods on the same folds, hides the same labels
from all of them, and scores them on these.
"""

# %%
# The cells of each scene, as a table, are input that every method can read, those of scikit-learn
# too. A name and an estimator is all that a method needs.

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from sklearn_ctran import CTranClassifier, compare
from sklearn_ctran.baselines import ClassifierChain, MaskedLinear, MemoryClassifier
from sklearn_ctran.datasets import make_digit_scenes
from sklearn_ctran.inspection import KnownLabelDisplay

scenes = make_digit_scenes(500, image_size=24, random_state=0)
X = scenes.images.reshape(500, -1) / 255
methods = {
    "C-Tran": CTranClassifier(d_model=64, max_epochs=15),
    "memory alone": MemoryClassifier(),
    "masked linear": MaskedLinear(C=0.01),
    "classifier chain": ClassifierChain(RandomForestClassifier(15, max_depth=8)),
    "random forest": RandomForestClassifier(30),
}
comparison = compare(methods, X, scenes.Y, cv=2, metrics=["mAP", "OF1"])
print(comparison)

# %%
# The same as a picture; bars are standard deviations over folds. A random forest of scikit-learn's
# takes no known labels. It is scored on the same entries as the others.

KnownLabelDisplay.from_comparison(comparison, metric="mAP")

# %%
# And as a data frame, for pictures and tests of your own:

comparison.to_frame().head()

# %%
# On photos
# ---------
#
# With the folder of Corel5k only (see the top of the gallery).

import os

if "SKLEARN_CTRAN_SHARED" in os.environ:
    from corel5k import load  # the file beside this one

    photos = load()
    X = np.concatenate([photos.X_train, photos.X_test])
    Y = np.concatenate([photos.Y_train, photos.Y_test])
    del methods["classifier chain"]
    n_train = len(photos.X_train)
    split = np.arange(n_train), np.arange(n_train, len(X))
    print(compare(methods, X, Y, split=split, known_fractions=(0, 0.5)))
