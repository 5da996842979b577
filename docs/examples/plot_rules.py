"""
Labels that exclude or imply each other
=======================================

A digit is exactly one of ten, it is even or not, prime or not. Rules say so, and the probabilities
of the model obey them exactly. They help most where few labels are annotated.
"""

# %%
# The 1,797 digits of scikit-learn, as tables of 64 pixels, with twelve labels. Only 20 % of the
# entries for training are annotated.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits

from sklearn_ctran import CTranClassifier
from sklearn_ctran.metrics import mean_average_precision

digits = load_digits()
X = digits.data.astype(np.float32)
Y = pd.DataFrame({str(digit): digits.target == digit for digit in range(10)}).astype(int)
Y["even"] = (digits.target % 2 == 0).astype(int)
Y["prime"] = np.isin(digits.target, [2, 3, 5, 7]).astype(int)

rng = np.random.default_rng(0)
train, test = np.split(rng.permutation(len(X)), [600])
annotated = rng.random(Y.iloc[train].shape) < 0.2
Y_train = Y.iloc[train].where(annotated)

# %%
# The ten digits are a group of which exactly one label is true. Some digits imply "even", some
# "prime".

names = [str(digit) for digit in range(10)]
implies = {
    "0": "even",
    "2": ["even", "prime"],
    "4": "even",
    "6": "even",
    "8": "even",
    **dict.fromkeys(["3", "5", "7"], "prime"),
}
settings = {"d_model": 32, "max_epochs": 15, "random_state": 0}
models = {
    "no rules": CTranClassifier(**settings),
    "rules": CTranClassifier(
        label_groups={"digit": names},
        exclusive_groups={"digit": "exactly_one"},
        implies=implies,
        **settings,
    ),
}
for name, model in models.items():
    model.fit(X[train], Y_train)
    proba = model.predict_proba(X[test])
    print(f"{name:9} mAP {mean_average_precision(Y.iloc[test], proba):.3f}")

# %%
# How many rows of predictions break a rule, and how many are right in all twelve labels?


def breaks_a_rule(predicted):
    """Whether a row has not one digit, or lacks what the digit implies."""
    frame = pd.DataFrame(predicted, columns=Y.columns).astype(bool)
    broken = frame[names].sum(axis=1) != 1
    for digit, implied in implies.items():
        for label in np.atleast_1d(implied):
            broken |= frame[digit] & ~frame[label]
    return broken


predicted = {name: model.predict(X[test]) for name, model in models.items()}
shares = {
    "break a rule": [100 * breaks_a_rule(rows).mean() for rows in predicted.values()],
    "right in all labels": [
        100 * (rows == Y.iloc[test].to_numpy()).all(axis=1).mean() for rows in predicted.values()
    ],
}
figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
for ax, (title, values) in zip(axes, shares.items(), strict=True):
    ax.bar_label(ax.bar(list(predicted), values, color=["0.6", "#0072B2"]), fmt="%.1f")
    ax.set(title=title, ylabel="rows (%)", ylim=(0, 105))
