"""
What known labels add
=====================

Somebody has looked at each image and noted some of its labels. How much better are the others
predicted? The known-label curve shows the score for a growing share of known labels.
"""

# %%
# Three methods learn from the same scenes: C-Tran; a linear model that is trained with hidden
# labels as well; and a logistic regression for each label, which cannot use what is known.

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from torch import nn

from sklearn_ctran import CTranClassifier
from sklearn_ctran.baselines import BinaryRelevance, MaskedLinear
from sklearn_ctran.datasets import make_digit_scenes
from sklearn_ctran.inspection import KnownLabelDisplay
from sklearn_ctran.metrics import mean_average_precision, partial_label_scorer


def as_table(images):
    """One row of numbers for each image."""
    return images.reshape(len(images), -1) / 255


models = {
    "C-Tran": CTranClassifier(
        nn.PixelUnshuffle(8), image_size=None, d_model=64, max_epochs=20, random_state=0
    ),
    "masked linear model": make_pipeline(
        FunctionTransformer(as_table), MaskedLinear(C=0.01, random_state=0)
    ),
    "logistic regressions": make_pipeline(
        FunctionTransformer(as_table), BinaryRelevance(LogisticRegression(C=0.03))
    ),
}
train = make_digit_scenes(600, subset="train", image_size=24, random_state=0)
for model in models.values():
    model.fit(train.images, train.Y)

# %%
# All are scored on the same unknown labels. Compare methods at one share, never one method at two:
# at another share, other labels are scored.

test = make_digit_scenes(300, subset="test", image_size=24, random_state=1)
display = KnownLabelDisplay.from_estimators(models, test.images, test.Y)

# %%
# The curve of the logistic regressions rises only because fewer labels remain to be scored.

for name, scores in display.scores_.items():
    print(f"{name:22}", "  ".join(f"{100 * score:.1f}" for score in scores))

# %%
# On photos
# ---------
#
# With the folder of Corel5k only (see the top of the gallery): mean average precision (%) over the
# unknown words, with 0, 25 and 50 % known.

import os

if "SKLEARN_CTRAN_SHARED" in os.environ:
    from corel5k import load  # the file beside this one

    photos = load()
    models = {
        "C-Tran": CTranClassifier(max_epochs=10, random_state=0),
        "masked linear model": MaskedLinear(random_state=0),
        "logistic regressions": BinaryRelevance(LogisticRegression(C=0.03, max_iter=1000)),
    }
    for name, model in models.items():
        model.fit(photos.X_train, photos.Y_train)
        scores = [
            partial_label_scorer(mean_average_precision, share)(model, photos.X_test, photos.Y_test)
            for share in (0, 0.25, 0.5)
        ]
        print(f"{name:22}", "  ".join(f"{100 * score:.1f}" for score in scores))
