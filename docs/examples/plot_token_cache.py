"""
Each image through the backbone once
====================================

A backbone takes most of the time of a fit, and a frozen one makes the same tokens each time. A
cache keeps them: in memory for this session, or in a folder for later ones.
"""

# %%
# A wide network with random weights stands for a pretrained one: no download, the same work.

from tempfile import TemporaryDirectory
from time import perf_counter

import matplotlib.pyplot as plt

from sklearn_ctran import CTranClassifier, TokenCache
from sklearn_ctran.datasets import make_digit_scenes

scenes = make_digit_scenes(200, image_size=24, random_state=0)
folder = TemporaryDirectory()
cache = TokenCache(folder.name, max_size="100MB")
seconds = {}
for name, max_epochs in (("first fit", 1), ("second fit", 1), ("other settings", 2)):
    model = CTranClassifier(
        "resnet18",
        weights=None,
        train_backbone=False,
        image_size=64,
        d_model=16,
        max_epochs=max_epochs,
        cache=cache,
        random_state=0,
    )
    start = perf_counter()
    model.fit(scenes.images, scenes.Y)
    seconds[name] = perf_counter() - start

# %%
# Only the first fit has to wait for the network.

figure, ax = plt.subplots(figsize=(6.4, 2.8), layout="constrained")
ax.barh(list(seconds), seconds.values(), color="#0072B2")
ax.invert_yaxis()
ax.set_xlabel("seconds")

# %%
# What the cache holds:

info = cache.info()
print(f"{info.spaces[0]['images']} images, {info.bytes / 1e6:.1f} MB")
folder.cleanup()
