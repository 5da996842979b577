"""Rivals of C-Tran from the literature, under the same protocol, for tables of features.

For images, put :class:`sklearn_ctran.ImageTokens` before them in a pipeline.
"""

from sklearn_ctran.baselines._binary_relevance import BinaryRelevance
from sklearn_ctran.baselines._classifier_chain import ClassifierChain
from sklearn_ctran.baselines._label_powerset import LabelPowerset
from sklearn_ctran.baselines._masked_linear import MaskedLinear

__all__ = ["BinaryRelevance", "ClassifierChain", "LabelPowerset", "MaskedLinear"]
