"""
A map of the labels
===================

Each label has an embedding, which the network learns. Labels that play like parts may come to lie
near one another (Figure 4 of the paper).
"""

# %%
# 36 labels of six topics: an image has some topics, and about half of the labels of each.
# The images are a table of features that tell little about single labels.

import numpy as np
import pandas as pd

from sklearn_ctran import CTranClassifier
from sklearn_ctran.inspection import LabelMapDisplay

rng = np.random.default_rng(0)
n_images, n_topics, n_each = 600, 6, 6
topics = rng.random((n_images, n_topics)) < 0.25
Y = (topics.repeat(n_each, axis=1) & (rng.random((n_images, 36)) < 0.5)).astype(int)
X = topics @ rng.normal(size=(n_topics, 20)) + rng.normal(scale=2, size=(n_images, 20))

groups = {
    "sea": ["ship", "wave", "fish", "gull", "sand", "reef"],
    "wood": ["oak", "fern", "deer", "moss", "owl", "path"],
    "town": ["bus", "shop", "tram", "sign", "kiosk", "crowd"],
    "snow": ["ski", "lift", "ice", "sledge", "glove", "slope"],
    "farm": ["cow", "barn", "hay", "goat", "plough", "fence"],
    "home": ["lamp", "sofa", "cup", "bed", "shelf", "rug"],
}
Y = pd.DataFrame(Y, columns=[label for group in groups.values() for label in group])
model = CTranClassifier(
    d_model=32,
    n_layers=1,
    init="uniform",
    shortcut=False,
    attention_bias=False,
    memory=None,
    lr=0.01,
    max_epochs=20,
    random_state=0,
).fit(X.astype(np.float32), Y)
LabelMapDisplay.from_estimator(model, groups=groups)

# %%
# The model was told nothing of the groups; they only colour the points. The paper's way to start
# embeddings, near zero (``init="uniform"``), makes the map clearer than the default.
