"""
Where a label looks
===================

The transformer gives each label a share of its attention to each place of the image, and to each
other label. Attention shows what the model reads, not why it predicts something.
"""

# %%
# The image tokens of this model are the nine cells of a scene, and their mean (``regions=3``).

import numpy as np
from torch import nn

from sklearn_ctran import CTranClassifier
from sklearn_ctran.datasets import make_digit_scenes
from sklearn_ctran.inspection import AttentionDisplay, attention

train = make_digit_scenes(800, subset="train", image_size=24, faint_share=0, random_state=0)
test = make_digit_scenes(100, subset="test", image_size=24, faint_share=0, random_state=1)
model = CTranClassifier(
    nn.PixelUnshuffle(8), image_size=None, max_epochs=20, input_dropout=0.0, random_state=0
).fit(train.images, train.Y)

# %%
# A scene with a 3. On the left the places that label 3 reads, on the right the other labels.

row = int(np.flatnonzero(test.Y[:, 3])[0])
AttentionDisplay.from_estimator(model, test.images, 3, row=row)

# %%
# Each of the four heads by itself, over the photo only:

AttentionDisplay.from_estimator(model, test.images, 3, row=row, kind="photo", head="all")

# %%
# The numbers behind the pictures are arrays. Here each label's attention to the image and to the
# labels, the mean over scenes and heads:

weights = attention(model, test.images).weights.mean(axis=(0, 1, 2))
n_image = weights.shape[1] - weights.shape[0]
for label, row_of_weights in enumerate(weights):
    to_image = row_of_weights[:n_image].sum()
    print(f"label {label}: image {to_image:.2f}, labels {1 - to_image:.2f}")
