"""
Folds that keep the share of every label
========================================

Shuffled folds spread rare labels unevenly: one fold gets too many positives, another none.
Stratified folds keep the share of every label, and warn where that is not possible.
"""

# %%
# Twenty labels from frequent to rare, on 500 images.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import KFold

from sklearn_ctran.model_selection import MultilabelStratifiedKFold

rng = np.random.default_rng(0)
shares = np.geomspace(0.4, 0.02, 20)
Y = (rng.random((500, 20)) < shares).astype(int)

# %%
# A line for each fold: the share of each label in its test part, divided by that in all images.

folds = {
    "shuffled": KFold(5, shuffle=True, random_state=0),
    "stratified": MultilabelStratifiedKFold(5, shuffle=True, random_state=0),
}
figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained", sharey=True)
for ax, (name, folder) in zip(axes, folds.items(), strict=True):
    for _, test in folder.split(np.zeros((500, 1)), Y):
        ax.plot(Y[test].mean(axis=0) / Y.mean(axis=0), marker=".", linewidth=1)
    ax.axhline(1, color="0.5", linewidth=0.8)
    ax.set(title=name, xlabel="label, from frequent to rare")
axes[0].set_ylabel("share in the fold / in all")
