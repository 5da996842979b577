"""
Which threshold?
================

A label is predicted where its probability is above one half. For rare labels, and where missed
labels cost more than false ones, other thresholds are better.
:class:`~sklearn_ctran.model_selection.TunedThresholds` learns one for each label.
"""

# %%
# It fits the model on folds, and chooses the thresholds that are best for the predictions of the
# held-out rows.

from torch import nn

from sklearn_ctran import CTranClassifier
from sklearn_ctran.datasets import make_digit_scenes
from sklearn_ctran.inspection import LabelPrecisionRecallDisplay
from sklearn_ctran.metrics import class_f1, overall_f1, overall_precision, overall_recall
from sklearn_ctran.model_selection import TunedThresholds

train = make_digit_scenes(600, subset="train", image_size=24, random_state=0)
test = make_digit_scenes(300, subset="test", image_size=24, random_state=1)
model = CTranClassifier(
    nn.PixelUnshuffle(8), image_size=None, d_model=64, max_epochs=15, random_state=0
)
tuned = TunedThresholds(model, metric="f1", cv=2, random_state=0).fit(train.images, train.Y)
print(tuned.thresholds_.round(2))

# %%
# Each label has a curve. The dot is where its threshold lies; the nearer it is to the upper right
# corner, the better.

LabelPrecisionRecallDisplay.from_estimator(tuned, test.images, test.Y, labels=[0, 3, 6, 8])

# %%
# What the thresholds change:

proba = tuned.predict_proba(test.images)
for name, threshold in (("0.5", 0.5), ("tuned", tuned.thresholds_)):
    scores = [
        metric(test.Y, proba, threshold=threshold)
        for metric in (overall_precision, overall_recall, overall_f1, class_f1)
    ]
    print(f"{name:6}", "OP {:.3f}  OR {:.3f}  OF1 {:.3f}  CF1 {:.3f}".format(*scores))

# %%
# On photos
# ---------
#
# With the folder of Corel5k only (see the top of the gallery).

import os

if "SKLEARN_CTRAN_SHARED" in os.environ:
    from corel5k import load  # the file beside this one

    photos = load()
    tuned = TunedThresholds(
        CTranClassifier(max_epochs=8, random_state=0), metric="micro_f1", cv=2, random_state=0
    ).fit(photos.X_train, photos.Y_train)
    proba = tuned.predict_proba(photos.X_test)
    for name, threshold in (("0.5", 0.5), ("tuned", tuned.thresholds_)):
        scores = [
            metric(photos.Y_test, proba, threshold=threshold, zero_division=0)
            for metric in (overall_precision, overall_recall, overall_f1, class_f1)
        ]
        print(f"{name:6}", "OP {:.3f}  OR {:.3f}  OF1 {:.3f}  CF1 {:.3f}".format(*scores))
