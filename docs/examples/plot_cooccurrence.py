"""
Which labels occur together
===========================

Before any model: a look at the table of labels. The lift says how much more often two labels are
together than if they were independent.
"""

# %%
# Each scene of two or three pairs has both digits of a pair with probability 0.8. A fifth of the
# entries is made missing here; only rows in which both labels are annotated count for a cell.

import numpy as np

from sklearn_ctran.datasets import make_digit_scenes
from sklearn_ctran.inspection import CooccurrenceDisplay

scenes = make_digit_scenes(1000, random_state=0)
missing = np.random.default_rng(0).random(scenes.Y.shape) < 0.2
Y = np.where(missing, np.nan, scenes.Y)

display = CooccurrenceDisplay.from_labels(Y, label_names=scenes.label_names)

# %%
# Pairs have a lift of about 2.5, other digits are together somewhat less often than by chance.

print("lift of 0 and 9:", display.lift[0, 9].round(2))
print("lift of 0 and 1:", display.lift[0, 1].round(2))
