"""
Labels that help but are not predicted
======================================

The place, the weather, the camera: often something is known about a photo that need not be
predicted. Extra labels are learned as well, and in a prediction all, some or none may be known.
"""

# %%
# Here the digits 0 to 4 are to be predicted. Their partners 9, 8, 7, 6 and 5 are extra labels.

import matplotlib.pyplot as plt
import numpy as np
from torch import nn

from sklearn_ctran import CTranClassifier
from sklearn_ctran.datasets import make_digit_scenes
from sklearn_ctran.metrics import mean_average_precision

train = make_digit_scenes(600, subset="train", image_size=24, random_state=0)
test = make_digit_scenes(300, subset="test", image_size=24, random_state=1)
model = CTranClassifier(
    nn.PixelUnshuffle(8), image_size=None, d_model=64, max_epochs=20, random_state=0
)
extra = {f"has {digit}": train.Y[:, digit] for digit in range(5, 10)}
model.fit(train.images, train.Y[:, :5], extra_labels=extra)

# %%
# Probabilities have five columns, whatever is known of the extra labels.

model.predict_proba(test.images[:3], extra_labels={"has 9": 1}).round(2)

# %%
# The more of them are known, the better are the targets.

shares = [0, 0.25, 0.5, 0.75, 1]
order = np.random.default_rng(0).random((300, 5))
scores = []
for share in shares:
    known = np.where(order < share, test.Y[:, 5:], -1)
    proba = model.predict_proba(test.images, extra_labels=known)
    scores.append(mean_average_precision(test.Y[:, :5], proba))

figure, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
ax.plot(100 * np.array(shares), scores, marker="o", color="#0072B2")
ax.set(xlabel="extra labels known (%)", ylabel="mAP of the digits 0 to 4")
