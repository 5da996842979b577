"""
Annotate less
=============

A person answers a few questions about each image, and the model fills in the rest. The model says
what to ask: the label whose answer tells most about the others.
"""

# %%

from torch import nn

from sklearn_ctran import CTranClassifier
from sklearn_ctran.datasets import make_digit_scenes
from sklearn_ctran.inspection import AnnotationDisplay, simulate_annotation, suggest_labels

train = make_digit_scenes(600, subset="train", image_size=24, random_state=0)
test = make_digit_scenes(150, subset="test", image_size=24, random_state=1)
model = CTranClassifier(
    nn.PixelUnshuffle(8), image_size=None, d_model=64, max_epochs=20, random_state=0
).fit(train.images, train.Y)

# %%
# For new images, ask for these labels next:

print(suggest_labels(model, test.images[:4], n=3).labels)

# %%
# The true labels play the annotator. One question after the other is asked and answered; the curve
# is the quality of the whole table, answers included. "random" asks anything, "uncertain" the label
# nearest to one half, "suggest" the one that tells most about others. The last two are about equal
# here; "random" needs a question more for the same table.

curves = simulate_annotation(model, test.images, test.Y, n_questions=6, random_state=0)
AnnotationDisplay.from_curves(curves)

# %%
# The numbers, by questions for each image:

curves.to_frame()["table_mAP"].round(3)

# %%
# On photos
# ---------
#
# With the folder of Corel5k only (see the top of the gallery).

import os

if "SKLEARN_CTRAN_SHARED" in os.environ:
    from corel5k import load  # the file beside this one

    photos = load()
    model = CTranClassifier(max_epochs=10, random_state=0).fit(photos.X_train, photos.Y_train)
    curves = simulate_annotation(
        model,
        photos.X_test[:150],
        photos.Y_test[:150],
        strategies=["uncertain", "random"],
        n_questions=5,
        random_state=0,
    )
    print(curves.to_frame()["table_mAP"].round(3))
