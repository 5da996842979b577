"""
A first model
=============

Images and a table of labels go in; probabilities come out. A label that is already known is
passed along, and the others are predicted with it.
"""

# %%
# The table has one row for each image and one column for each label: 1 where the label applies,
# else 0. A data frame also names the labels.

import pandas as pd
from sklearn.metrics import average_precision_score
from torch import nn

from sklearn_ctran import CTranClassifier
from sklearn_ctran.datasets import make_digit_scenes
from sklearn_ctran.inspection import ContactSheetDisplay

train = make_digit_scenes(600, subset="train", image_size=24, faint_share=0.3, random_state=0)
test = make_digit_scenes(300, subset="test", image_size=24, faint_share=0.3, random_state=1)
Y = pd.DataFrame(train.Y, columns=train.label_names)
Y.head(3)

# %%
# Nine cells of 8 x 8 pixels are what this model sees of an image.

model = CTranClassifier(
    nn.PixelUnshuffle(8), image_size=None, d_model=64, max_epochs=20, random_state=0
)
model.fit(train.images, Y)

# %%
# Average precision of "0" on new images, with nothing known, and with its partner "9" known:

nine = {"9": test.Y[:, 9]}
for name, known in (("nothing known", None), ("9 known", nine)):
    proba = model.predict_proba(test.images, known_labels=known)
    print(f"{name:14} {average_precision_score(test.Y[:, 0], proba[:, 0]):.3f}")

# %%
# A sheet shows each image with its labels, true and predicted. Missed are, above all, digits that
# are faint.

ContactSheetDisplay.from_estimator(model, test.images[:12], test.Y[:12])

# %%
# The same scenes with the 9 known:

ContactSheetDisplay.from_estimator(
    model, test.images[:12], test.Y[:12], known_labels={"9": test.Y[:12, 9]}
)
