"""
The whole set of labels right
=============================

A threshold decides each label by itself. Decoding builds the set label by label instead: the most
certain label is fixed, and the others are predicted anew with it known.
"""

# %%
# In these scenes both digits of a pair are there or none, and many are too faint to be seen.

import matplotlib.pyplot as plt
import numpy as np
from torch import nn

from sklearn_ctran import CTranClassifier
from sklearn_ctran.datasets import make_digit_scenes

scenes = {
    part: make_digit_scenes(
        600, subset=part, image_size=24, togetherness=1.0, faint_share=0.4, random_state=seed
    )
    for seed, part in enumerate(("train", "test"))
}
train, test = scenes.values()
model = CTranClassifier(
    nn.PixelUnshuffle(8), image_size=None, d_model=64, max_epochs=20, random_state=0
).fit(train.images, train.Y)

decoded = {
    how: model.predict(test.images, decoding=how) for how in ("independent", "greedy", "beam")
}
shares = {
    "all labels right": {
        how: 100 * (labels == test.Y).all(axis=1).mean() for how, labels in decoded.items()
    },
    "a pair torn apart": {
        how: 100 * (labels != labels[:, ::-1]).any(axis=1).mean() for how, labels in decoded.items()
    },
}
figure, axes = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
for ax, (title, values) in zip(axes, shares.items(), strict=True):
    ax.bar_label(ax.bar(list(values), values.values(), color="#0072B2"), fmt="%.1f")
    ax.set(title=title, ylabel="scenes (%)", ylim=(0, 105))

# %%
# Sets may also be drawn at random, as often as the model believes in them. Five of one scene:

for labels in model.sample_labels(test.images[:1], n_samples=5, random_state=0)[0]:
    print(np.flatnonzero(labels))
