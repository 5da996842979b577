"""
Which labels are easy, which are hard
=====================================

A mean over labels hides much. This picture sorts the labels by their average precision, beside
the number of images that have them.
"""

# %%
# The sevens and the eights are made rare: most scenes that have one are left out.

import numpy as np
from torch import nn

from sklearn_ctran import CTranClassifier
from sklearn_ctran.datasets import make_digit_scenes
from sklearn_ctran.inspection import AveragePrecisionDisplay
from sklearn_ctran.metrics import multilabel_report

scenes = make_digit_scenes(1000, subset="train", image_size=24, random_state=0)
is_rare = (scenes.Y[:, 7] == 1) | (scenes.Y[:, 8] == 1)
keep = ~is_rare | (np.random.default_rng(0).random(1000) < 0.1)
model = CTranClassifier(
    nn.PixelUnshuffle(8), image_size=None, d_model=64, max_epochs=20, random_state=0
).fit(scenes.images[keep], scenes.Y[keep])

# %%
# Marks are the share of images that have the label: what a guess would score.

test = make_digit_scenes(300, subset="test", image_size=24, random_state=1)
AveragePrecisionDisplay.from_estimator(model, test.images, test.Y)

# %%
# The report has these figures and more, as a data frame.

multilabel_report(test.Y, model.predict_proba(test.images)).round(2)
