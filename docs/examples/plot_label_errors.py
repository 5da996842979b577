"""
Labels that look wrong
======================

Nobody annotates without errors. :func:`~sklearn_ctran.inspection.find_label_errors` predicts each
label from the image and from the other labels of its row, by a model that has not seen the row,
and sorts the given labels by how improbable they are.
"""

# %%
# Two percent of the labels are flipped, as if by mistake.

import numpy as np
from torch import nn

from sklearn_ctran import CTranClassifier
from sklearn_ctran.datasets import make_digit_scenes
from sklearn_ctran.inspection import LabelErrorsDisplay, find_label_errors

scenes = make_digit_scenes(600, image_size=24, faint_share=0.1, random_state=0)
is_flipped = np.random.default_rng(0).random(scenes.Y.shape) < 0.02
Y = np.where(is_flipped, 1 - scenes.Y, scenes.Y)

model = CTranClassifier(
    nn.PixelUnshuffle(8), image_size=None, d_model=64, max_epochs=15, random_state=0
)
errors = find_label_errors(model, scenes.images, Y, cv=2, random_state=0)
errors.to_frame().head(8)

# %%
# The twelve that look most wrong. A plus: given as present, though the model says no; a minus:
# given as absent.

LabelErrorsDisplay.from_errors(errors, scenes.images, n_photos=12)

# %%
# How many of the flipped labels are among as many suspicious ones?

n = is_flipped.sum()
columns = errors.labels[:n].astype(int)
found = is_flipped[errors.rows[:n], columns].sum()
print(f"{found} of {n} flipped labels are among the {n} most suspicious")

# %%
# On photos
# ---------
#
# With the folder of Corel5k only (see the top of the gallery).

import os

if "SKLEARN_CTRAN_SHARED" in os.environ:
    from corel5k import load  # the file beside this one

    photos = load()
    is_flipped = np.random.default_rng(0).random(photos.Y_train.shape) < 0.02
    Y = np.where(is_flipped, 1 - photos.Y_train, photos.Y_train)
    model = CTranClassifier(max_epochs=8, random_state=0)
    errors = find_label_errors(model, photos.X_train, Y, cv=2, random_state=0)
    n = is_flipped.sum()
    columns = errors.labels[:n].astype(int)
    found = is_flipped[errors.rows[:n], columns].sum()
    print(f"Corel5k: {found} of {n} flipped labels are among the {n} most suspicious")
