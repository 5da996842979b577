"""An estimator of every class that can be saved."""

from small_models import quick

from sklearn_ctran import baselines
from sklearn_ctran.model_selection import MultilabelCalibrator, TunedThresholds

NEURAL = (
    "CNNRNN",
    "CSRA",
    "ConceptBottleneck",
    "KGGR",
    "LinearHead",
    "MLDecoder",
    "MLGCN",
    "MLZSL",
    "MultiEvidence",
    "MultiTask",
    "OrderFreeRNN",
    "Query2Label",
    "RNNAttention",
    "SRN",
    "SSGRL",
    "StandardMLP",
)


def savable():
    """An instance of every class that can be saved, for features, by name."""
    made = {name: getattr(baselines, name)(max_epochs=4, random_state=0) for name in NEURAL}
    made |= {
        "CTranClassifier": quick(None),
        "FeedbackProp": baselines.FeedbackProp(made["LinearHead"]),
        "MLkNN": baselines.MLkNN(3),
        "TextSimilarity": baselines.TextSimilarity(),
        "TokenNeighbours": baselines.TokenNeighbours(3),
        "LinearProbe": baselines.LinearProbe(random_state=0),
        "MaskedLinear": baselines.MaskedLinear(random_state=0),
        "MemoryClassifier": baselines.MemoryClassifier(random_state=0),
        "TunedThresholds": TunedThresholds(quick(None), cv=2, random_state=0),
        "MultilabelCalibrator": MultilabelCalibrator(baselines.MaskedLinear(), cv=2),
    }
    return made
