"""
Has it learned enough, or too much?
===================================

With ``early_stopping`` some images are held out of the training. Their loss shows when the model
begins to learn the training images by heart.
"""

# %%
# A large model without dropout and without decay of its weights, on few images, is sure to do that.

from torch import nn

from sklearn_ctran import CTranClassifier
from sklearn_ctran.datasets import make_digit_scenes
from sklearn_ctran.inspection import TrainingCurveDisplay

train = make_digit_scenes(300, subset="train", image_size=24, random_state=0)
settings = {"image_size": None, "early_stopping": True, "validation_fraction": 0.3}
greedy = CTranClassifier(
    nn.PixelUnshuffle(8),
    max_epochs=30,
    dropout=0.0,
    input_dropout=0.0,
    weight_decay=0.0,
    lr_schedule=None,
    random_state=0,
    **settings,
).fit(train.images, train.Y)
TrainingCurveDisplay.from_estimator(greedy)

# %%
# The weights of the best epoch are kept, so that no harm is done. The defaults, dropout and a
# learning rate that falls to zero, do not need to be stopped:

default = CTranClassifier(
    nn.PixelUnshuffle(8), d_model=64, max_epochs=30, random_state=0, **settings
).fit(train.images, train.Y)
TrainingCurveDisplay.from_estimator(default)

# %%
# The history is a list with a dict for each epoch.

default.history_[-1]
