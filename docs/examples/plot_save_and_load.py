"""
Save a model, load it elsewhere
===============================

``save`` writes one file of tensors and JSON, without pickle: loading it runs no code. It needs
nothing but the file, and predicts the same.
"""

# %%

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np

from sklearn_ctran import CTranClassifier, load
from sklearn_ctran.datasets import make_digit_scenes

train = make_digit_scenes(600, subset="train", image_size=24, random_state=0)
test = make_digit_scenes(300, subset="test", image_size=24, random_state=1)


def as_tokens(images):
    """The nine cells of each scene, 64 numbers each."""
    return images.reshape(-1, 3, 8, 3, 8).swapaxes(2, 3).reshape(-1, 9, 64) / np.float32(255)


model = CTranClassifier(None, d_model=64, max_epochs=15, random_state=0)
model.fit(as_tokens(train.images), train.Y)

# %%
# Weights in half precision make the file smaller and change probabilities a little.

with TemporaryDirectory() as folder:
    exact, half = Path(folder, "exact.safetensors"), Path(folder, "half.safetensors")
    model.save(exact)
    model.save(half, dtype="float16")
    for path in (exact, half):
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")
    X = as_tokens(test.images)
    proba = model.predict_proba(X)
    loaded = {path.stem: load(path).predict_proba(X) for path in (exact, half)}

# %%
# The first file gives equal predictions; those of the second lie near the diagonal.

print("equal:", np.array_equal(proba, loaded["exact"]))
figure, axes = plt.subplots(1, 2, figsize=(8, 4), layout="constrained", sharey=True)
for ax, (name, values) in zip(axes, loaded.items(), strict=True):
    ax.plot(proba.ravel(), values.ravel(), ".", markersize=3, color="#0072B2")
    difference = np.abs(values - proba).max()
    ax.set(title=f"{name}: differs by {difference:.4f} at most", xlabel="before saving")
axes[0].set_ylabel("after loading")
