"""Base of the networks that read one feature vector per image."""

from dataclasses import dataclass

from sklearn.utils._param_validation import StrOptions

from sklearn_ctran._neural.inputs import pooled_for
from sklearn_ctran.baselines._neural_baseline import NeuralBaseline


@dataclass(eq=False, repr=False, kw_only=True)
class PooledBaseline(NeuralBaseline):
    """Base of networks whose module is a PooledModel."""

    # An epoch costs little. On held-out training photos of Corel5k, four times the steps of the
    # transformer gained 1 point of mAP (MLP), 4 points (bottleneck) and nothing (linear).
    _most_epochs = 500
    _parameter_constraints = {
        **NeuralBaseline._parameter_constraints,
        "pool": [StrOptions({"mean", "max", "gem"})],
    }

    pool: str = "mean"

    @property
    def _n_steps(self):
        return 1000 if self._trains_backbone() else 4000

    def _structure_params(self):
        return super()._structure_params() | {"pool": self.pool}

    def _reading_params(self):
        # The features of a table are one vector per image already.
        return {"pool": "mean" if self._input.kind == "features" else self.pool}

    def _feature_batches(self, data):
        """Yield standardised features (B, C), on the device, of what ``_read_X`` returned."""
        return (features[:, 0] for features in super()._feature_batches(data))

    def _features_to_standardize(self, features, module):
        return pooled_for(module, features)
