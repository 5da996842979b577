"""
Which training images decide
============================

Beside its network, a fitted model remembers training rows. A prediction recalls those that are
like the image and agree with what is known; ``nearest`` shows them.
"""

# %%

import matplotlib.pyplot as plt
import numpy as np
from torch import nn

from sklearn_ctran import CTranClassifier
from sklearn_ctran.datasets import make_digit_scenes

train = make_digit_scenes(1000, subset="train", image_size=24, faint_share=0.2, random_state=0)
test = make_digit_scenes(200, subset="test", image_size=24, faint_share=0.2, random_state=1)
model = CTranClassifier(
    nn.PixelUnshuffle(8), image_size=None, d_model=64, max_epochs=12, random_state=0
).fit(train.images, train.Y)
print(len(model.memory_), "rows are remembered")

# %%
# A scene on the left, then the four training scenes with the most weight: once with nothing known,
# once with the labels 1 and 8 known to be there.


def names_of(labels):
    """The digits of a scene."""
    return " ".join(map(str, np.flatnonzero(labels)))


has_both = (test.Y[:, 1] == 1) & (test.Y[:, 8] == 1) & ~test.is_faint.any(axis=1)
row = int(np.flatnonzero(has_both)[0])
figure, axes = plt.subplots(2, 5, figsize=(9, 4.4), layout="constrained")
cases = {"nothing known": None, "1 and 8 known": {1: 1, 8: 1}}
for line, (title, known) in zip(axes, cases.items(), strict=True):
    rows, weights = model.nearest(test.images[[row]], n_rows=4, known_labels=known)
    line[0].imshow(test.images[row], cmap="gray", vmin=0, vmax=255)
    line[0].set_title(f"{title}\ndigits {names_of(test.Y[row])}", fontsize=9)
    for ax, found, weight in zip(line[1:], rows[0], weights[0], strict=True):
        ax.imshow(train.images[found], cmap="gray", vmin=0, vmax=255)
        ax.set_title(f"weight {weight:.2f}\ndigits {names_of(train.Y[found])}", fontsize=9)
for ax in axes.flat:
    ax.set_axis_off()

# %%
# ``memory=None`` keeps nothing of the training rows. Which is better depends on the features.
# Pixels are a poor measure of likeness, and the network alone is better here; with the features of
# a pretrained network the memory gains some points (:doc:`/comparison`).

alone = CTranClassifier(
    nn.PixelUnshuffle(8),
    image_size=None,
    d_model=64,
    max_epochs=12,
    memory=None,
    random_state=0,
).fit(train.images, train.Y)
print(f"with memory:    {model.score(test.images, test.Y):.3f}")
print(f"without memory: {alone.score(test.images, test.Y):.3f}")
