"""Rivals of C-Tran from the literature, under the same protocol.

`BinaryRelevance`, `ClassifierChain`, `LabelPowerset`, `MaskedLinear`, `MemoryClassifier` and
`MLkNN` take tables of features; for images, put :class:`sklearn_ctran.ImageTokens` before them in a
pipeline. The others take images themselves.
"""

from sklearn_ctran.baselines._binary_relevance import BinaryRelevance
from sklearn_ctran.baselines._classifier_chain import ClassifierChain
from sklearn_ctran.baselines._concept_bottleneck import ConceptBottleneck
from sklearn_ctran.baselines._feedback_prop import FeedbackProp, tune_feedback_prop
from sklearn_ctran.baselines._label_powerset import LabelPowerset
from sklearn_ctran.baselines._linear_head import LinearHead
from sklearn_ctran.baselines._masked_linear import MaskedLinear
from sklearn_ctran.baselines._memory import MemoryClassifier
from sklearn_ctran.baselines._ml_knn import MLkNN
from sklearn_ctran.baselines._multi_task import MultiTask
from sklearn_ctran.baselines._standard_mlp import StandardMLP

__all__ = [
    "BinaryRelevance",
    "ClassifierChain",
    "ConceptBottleneck",
    "FeedbackProp",
    "LabelPowerset",
    "LinearHead",
    "MLkNN",
    "MaskedLinear",
    "MemoryClassifier",
    "MultiTask",
    "StandardMLP",
    "tune_feedback_prop",
]
