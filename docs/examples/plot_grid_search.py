"""
A search in a pipeline
======================

Features of images, a scaler and a classifier in one pipeline; a grid of parameters; folds that keep
the share of every label; a score with half of the labels known. All of it is plain scikit-learn.
"""

# %%
# :class:`~sklearn_ctran.ImageTokens` is the backbone as a transformer. Its tokens are cached: each
# image goes through it once, not once for each fold and candidate. Here they are simply its
# nine cells.

import matplotlib.pyplot as plt
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from torch import nn

from sklearn_ctran import ImageTokens
from sklearn_ctran.baselines import MaskedLinear
from sklearn_ctran.datasets import make_digit_scenes
from sklearn_ctran.metrics import mean_average_precision, partial_label_scorer
from sklearn_ctran.model_selection import MultilabelStratifiedKFold

train = make_digit_scenes(500, subset="train", image_size=24, random_state=0)
test = make_digit_scenes(300, subset="test", image_size=24, random_state=1)


def side_by_side(tokens):
    """One row of numbers for each image, from tokens (n_images, n_tokens, n_channels)."""
    return tokens.reshape(len(tokens), -1)


pipeline = make_pipeline(
    ImageTokens(nn.PixelUnshuffle(8), image_size=None),
    FunctionTransformer(side_by_side),
    StandardScaler(),
    MaskedLinear(random_state=0),
)
search = GridSearchCV(
    pipeline,
    {"maskedlinear__C": [0.0001, 0.001, 0.01, 0.1], "maskedlinear__C_labels": [0.1, 1.0]},
    scoring=partial_label_scorer(mean_average_precision, known_fraction=0.5),
    cv=MultilabelStratifiedKFold(3),
)
search.fit(train.images, train.Y)
print(search.best_params_)
print(f"new images: {search.score(test.images, test.Y):.3f}")

# %%
# The scores of all candidates:

results = search.cv_results_
figure, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
for value, colour in ((0.1, "#0072B2"), (1.0, "#D55E00")):
    rows = results["param_maskedlinear__C_labels"] == value
    ax.errorbar(
        results["param_maskedlinear__C"][rows].astype(float),
        results["mean_test_score"][rows],
        yerr=results["std_test_score"][rows],
        marker="o",
        capsize=2,
        color=colour,
        label=f"C_labels = {value}",
    )
ax.set(xscale="log", xlabel="C", ylabel="mAP, half of the labels known")
ax.legend(frameon=False)
