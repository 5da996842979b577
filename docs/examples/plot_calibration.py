"""
Can probabilities be trusted?
=============================

Of all labels to which a model gives 70 %, about 70 % should apply. A reliability diagram shows how
far this holds, and :class:`~sklearn_ctran.model_selection.MultilabelCalibrator` corrects it.
"""

# %%
# The asymmetric loss is made for missing positives. Its probabilities are too high, by design.

import matplotlib.pyplot as plt
from torch import nn

from sklearn_ctran import CTranClassifier
from sklearn_ctran.datasets import make_digit_scenes
from sklearn_ctran.inspection import ReliabilityDisplay
from sklearn_ctran.metrics import expected_calibration_error
from sklearn_ctran.model_selection import MultilabelCalibrator

train = make_digit_scenes(600, subset="train", image_size=24, random_state=0)
valid = make_digit_scenes(300, subset="train", image_size=24, random_state=1)
test = make_digit_scenes(500, subset="test", image_size=24, random_state=2)
model = CTranClassifier(
    nn.PixelUnshuffle(8),
    image_size=None,
    d_model=64,
    max_epochs=20,
    loss="asymmetric",
    memory=None,
    random_state=0,
).fit(train.images, train.Y)

# %%
# The calibrator learns from images that the model has not seen.

calibrated = MultilabelCalibrator(model, method="sigmoid", cv="prefit")
calibrated.fit(valid.images, valid.Y)

figure, axes = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
for ax, (name, estimator) in zip(
    axes, {"as trained": model, "calibrated": calibrated}.items(), strict=True
):
    ReliabilityDisplay.from_estimator(estimator, test.images, test.Y, ax=ax)
    ax.set_title(name)

# %%
# The expected calibration error is the mean distance from the diagonal.

for name, estimator in (("as trained", model), ("calibrated", calibrated)):
    error = expected_calibration_error(test.Y, estimator.predict_proba(test.images))
    print(f"{name}: {error:.3f}")
