"""
Half of the labels are missing
==============================

Nobody annotates everything. Missing entries, NaN or -1, are neither shown to the model nor learned
from; the annotated ones of the same row are. How much is lost?
"""

# %%
# The same scenes, with all, half, a quarter and a tenth of their labels annotated.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from torch import nn

from sklearn_ctran import CTranClassifier
from sklearn_ctran.datasets import make_digit_scenes
from sklearn_ctran.inspection import complete_labels

train = make_digit_scenes(600, subset="train", image_size=24, random_state=0)
test = make_digit_scenes(300, subset="test", image_size=24, random_state=1)
order = np.random.default_rng(0).random(train.Y.shape)
shares, scores = [1, 0.5, 0.25, 0.1], []
for share in shares:
    Y = pd.DataFrame(train.Y, columns=train.label_names).where(order < share)
    model = CTranClassifier(
        nn.PixelUnshuffle(8), image_size=None, d_model=64, max_epochs=15, random_state=0
    ).fit(train.images, Y)
    scores.append(model.score(test.images, test.Y))

figure, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
ax.plot(100 * np.array(shares), scores, marker="o", color="#0072B2")
ax.set(xlabel="labels annotated (%)", ylabel="mean average precision", xlim=(0, 103))

# %%
# The last model, of a tenth of the labels, fills in the table that it learned from. Given entries
# stay as they are, the others become probabilities.

complete_labels(model, train.images[:5], Y.head()).round(2)

# %%
# The true labels of these scenes:

pd.DataFrame(train.Y[:5], columns=train.label_names)
