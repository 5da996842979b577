"""Rivals of C-Tran from the literature, under the same protocol.

`BinaryRelevance`, `ClassifierChain`, `LabelPowerset`, `MaskedLinear`, `MemoryClassifier`, `MLkNN`,
`TextSimilarity` and `TokenNeighbours` take tables of features, the last one tokens too; for images,
put :class:`sklearn_ctran.ImageTokens` before them in a pipeline. The others take images themselves;
`LinearProbe` does if it has a `model`.
"""

from sklearn_ctran.baselines._binary_relevance import BinaryRelevance
from sklearn_ctran.baselines._classifier_chain import ClassifierChain
from sklearn_ctran.baselines._cnn_rnn import CNNRNN
from sklearn_ctran.baselines._concept_bottleneck import ConceptBottleneck
from sklearn_ctran.baselines._csra import CSRA
from sklearn_ctran.baselines._feedback_prop import FeedbackProp, tune_feedback_prop
from sklearn_ctran.baselines._kggr import KGGR
from sklearn_ctran.baselines._label_powerset import LabelPowerset
from sklearn_ctran.baselines._linear_head import LinearHead
from sklearn_ctran.baselines._linear_probe import LinearProbe
from sklearn_ctran.baselines._masked_linear import MaskedLinear
from sklearn_ctran.baselines._memory import MemoryClassifier
from sklearn_ctran.baselines._ml_decoder import MLDecoder
from sklearn_ctran.baselines._ml_gcn import MLGCN
from sklearn_ctran.baselines._ml_knn import MLkNN
from sklearn_ctran.baselines._ml_zsl import MLZSL
from sklearn_ctran.baselines._multi_evidence import MultiEvidence
from sklearn_ctran.baselines._multi_task import MultiTask
from sklearn_ctran.baselines._order_free_rnn import OrderFreeRNN
from sklearn_ctran.baselines._query2label import Query2Label
from sklearn_ctran.baselines._rnn_attention import RNNAttention
from sklearn_ctran.baselines._srn import SRN
from sklearn_ctran.baselines._ssgrl import SSGRL
from sklearn_ctran.baselines._standard_mlp import StandardMLP
from sklearn_ctran.baselines._text_similarity import TextSimilarity
from sklearn_ctran.baselines._token_neighbours import TokenNeighbours

__all__ = [
    "BinaryRelevance",
    "CNNRNN",
    "CSRA",
    "ClassifierChain",
    "ConceptBottleneck",
    "FeedbackProp",
    "KGGR",
    "LabelPowerset",
    "LinearHead",
    "LinearProbe",
    "MLDecoder",
    "MLGCN",
    "MLZSL",
    "MLkNN",
    "MaskedLinear",
    "MemoryClassifier",
    "MultiEvidence",
    "MultiTask",
    "SRN",
    "SSGRL",
    "OrderFreeRNN",
    "Query2Label",
    "RNNAttention",
    "StandardMLP",
    "TextSimilarity",
    "TokenNeighbours",
    "tune_feedback_prop",
]
