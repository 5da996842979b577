"""Rivals of C-Tran from the literature, under the same protocol."""

from sklearn_ctran.baselines._concept_bottleneck import ConceptBottleneck
from sklearn_ctran.baselines._feedback_prop import FeedbackProp, tune_feedback_prop
from sklearn_ctran.baselines._linear_head import LinearHead
from sklearn_ctran.baselines._multi_task import MultiTask
from sklearn_ctran.baselines._standard_mlp import StandardMLP

__all__ = [
    "ConceptBottleneck",
    "FeedbackProp",
    "LinearHead",
    "MultiTask",
    "StandardMLP",
    "tune_feedback_prop",
]
