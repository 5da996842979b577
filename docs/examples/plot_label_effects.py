"""
Effects of every label on every other
=====================================

Set each label to 1 and to 0 on many images, and see how far the other probabilities move. This
heat map shows at a glance which labels belong together for the model.
"""

# %%

from torch import nn

from sklearn_ctran import CTranClassifier
from sklearn_ctran.datasets import make_digit_scenes
from sklearn_ctran.inspection import LabelEffectsDisplay

train = make_digit_scenes(600, subset="train", image_size=24, random_state=0)
test = make_digit_scenes(150, subset="test", image_size=24, random_state=1)
model = CTranClassifier(
    nn.PixelUnshuffle(8), image_size=None, d_model=64, max_epochs=20, random_state=0
).fit(train.images, train.Y)

# %%
# The red diagonal from corner to corner is the five pairs: a digit becomes far more probable if its
# partner is set.

display = LabelEffectsDisplay.from_estimator(model, test.images)

# %%
# The same numbers as a table. Rows are the labels that are set.

display.effects.to_frame().round(2)
