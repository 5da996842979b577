"""
What if a label were different?
===============================

An intervention sets a label, as if it were known, and compares the predictions before and after
(Figure 1 of the paper). It asks the model, not the world: labels that occur together move together.
"""

# %%
# Digits come in pairs: 0 and 9, 1 and 8, 2 and 7, 3 and 6, 4 and 5.

import numpy as np
from torch import nn

from sklearn_ctran import CTranClassifier
from sklearn_ctran.datasets import make_digit_scenes
from sklearn_ctran.inspection import InterventionDisplay, intervene

train = make_digit_scenes(600, subset="train", image_size=24, random_state=0)
test = make_digit_scenes(200, subset="test", image_size=24, random_state=1)
model = CTranClassifier(
    nn.PixelUnshuffle(8), image_size=None, d_model=64, max_epochs=20, random_state=0
).fit(train.images, train.Y)

# %%
# This scene has a 3 and a 6 that are too faint to be seen, beside clear digits. What if the model
# knew of the 3?

n_clear = (test.Y - test.is_faint).sum(axis=1)
row = int(np.argmax(n_clear * (test.is_faint[:, 3] & test.is_faint[:, 6])))
InterventionDisplay.from_estimator(model, test.images, {3: 1}, row=row)

# %%
# And what if it knew that there is none?

InterventionDisplay.from_estimator(model, test.images, {3: 0}, row=row)

# %%
# All scenes at once: the mean change of each probability if a 3 is set.

change = intervene(model, test.images, {3: 1}).difference.mean(axis=0)
print({digit: round(float(value), 2) for digit, value in enumerate(change)})
