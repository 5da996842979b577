"""An estimator of every class that can be saved."""

from small_models import quick

from sklearn_ctran import baselines
from sklearn_ctran.model_selection import MultilabelCalibrator, TunedThresholds

NEURAL = ("ConceptBottleneck", "LinearHead", "MultiTask", "StandardMLP")


def savable():
    """An instance of every class that can be saved, for features, by name."""
    made = {name: getattr(baselines, name)(max_epochs=2, random_state=0) for name in NEURAL}
    made |= {
        "CTranClassifier": quick(None),
        "FeedbackProp": baselines.FeedbackProp(made["LinearHead"]),
        "MLkNN": baselines.MLkNN(3),
        "MaskedLinear": baselines.MaskedLinear(random_state=0),
        "MemoryClassifier": baselines.MemoryClassifier(random_state=0),
        "TunedThresholds": TunedThresholds(quick(None), cv=2, random_state=0),
        "MultilabelCalibrator": MultilabelCalibrator(baselines.MaskedLinear(), cv=2),
    }
    return made
