"""The classes that a file may name, and where they are. Nothing else is ever looked up."""

from functools import cache
from importlib import import_module

ESTIMATORS = {
    "CTranClassifier": "_neural.classifier",
    "ImageTokens": "_images.image_tokens",
    "CSRA": "baselines._csra",
    "MLDecoder": "baselines._ml_decoder",
    "Query2Label": "baselines._query2label",
    "CNNRNN": "baselines._cnn_rnn",
    "ConceptBottleneck": "baselines._concept_bottleneck",
    "FeedbackProp": "baselines._feedback_prop",
    "KGGR": "baselines._kggr",
    "LinearHead": "baselines._linear_head",
    "LinearProbe": "baselines._linear_probe",
    "MaskedLinear": "baselines._masked_linear",
    "MemoryClassifier": "baselines._memory",
    "MLGCN": "baselines._ml_gcn",
    "MLZSL": "baselines._ml_zsl",
    "MLkNN": "baselines._ml_knn",
    "MultiEvidence": "baselines._multi_evidence",
    "MultiTask": "baselines._multi_task",
    "SRN": "baselines._srn",
    "SSGRL": "baselines._ssgrl",
    "OrderFreeRNN": "baselines._order_free_rnn",
    "RNNAttention": "baselines._rnn_attention",
    "StandardMLP": "baselines._standard_mlp",
    "TextSimilarity": "baselines._text_similarity",
    "TokenNeighbours": "baselines._token_neighbours",
    "MultilabelCalibrator": "model_selection._calibration",
    "TunedThresholds": "model_selection._thresholds",
}

#: What estimators hold.
OBJECTS = {
    "LabelTask": "_task",
    "LabelRules": "_rules.label_rules",
    "NetworkInput": "_neural.inputs",
    "Plan": "_neural.training",
    "Preprocessing": "_images.preprocessing",
    "TokenCache": "_cache.token_cache",
    "FineTuning": "_neural.fine_tuning",
    "LabelMemory": "_memory.memory",
    "LabelText": "_memory.label_text",
    "AddedLabels": "_memory.added_labels",
    "Likeness": "_memory.likeness",
    "KernelRegression": "_memory.regression",
    "LabelRelations": "_memory.relations",
    "Retrieval": "_memory.retrieval",
    "_Same": "model_selection._calibration",
    "_Sigmoid": "model_selection._calibration",
    "_Softmax": "model_selection._calibration",
    "_Isotonic": "model_selection._calibration",
    "MultilabelStratifiedKFold": "model_selection._stratification",
    "MultilabelStratifiedShuffleSplit": "model_selection._stratification",
    "MultilabelStratifiedGroupKFold": "model_selection._group_stratification",
}

#: torch's optimisers, which ``net_params`` may name.
OPTIMIZERS = ("Adam", "AdamW", "Adamax", "Adagrad", "Adadelta", "NAdam", "RAdam", "RMSprop", "SGD")

_PACKAGE = __name__.partition(".")[0]


@cache
def find(name, places):
    """The class of this name; `places` is "estimator", "object" or "optimizer".

    Raises ValueError if it is not in the list.
    """
    if places == "optimizer" and name in OPTIMIZERS:
        return getattr(import_module("torch.optim"), name)
    where = {"estimator": ESTIMATORS, "object": OBJECTS}.get(places, {}).get(name)
    if where is None:
        raise ValueError(f"it names the class {name!r}, which no file has")
    return getattr(import_module(f"{_PACKAGE}.{where}"), name)


def place_of(kind):
    """ "estimator", "object" or "optimizer" for a class that a file may name, else None."""
    name = kind.__name__
    for places, where in (("estimator", ESTIMATORS), ("object", OBJECTS)):
        if kind.__module__ == f"{_PACKAGE}.{where.get(name)}":
            return places
    is_optimizer = kind.__module__.startswith("torch.optim") and name in OPTIMIZERS
    return "optimizer" if is_optimizer else None
