"""Stratified splits, and calibration and thresholds learned from out-of-fold probabilities."""

from sklearn_ctran.model_selection._calibration import MultilabelCalibrator
from sklearn_ctran.model_selection._group_stratification import MultilabelStratifiedGroupKFold
from sklearn_ctran.model_selection._stratification import (
    MultilabelStratifiedKFold,
    MultilabelStratifiedShuffleSplit,
    multilabel_train_test_split,
)
from sklearn_ctran.model_selection._thresholds import TunedThresholds

__all__ = [
    "MultilabelCalibrator",
    "MultilabelStratifiedGroupKFold",
    "MultilabelStratifiedKFold",
    "MultilabelStratifiedShuffleSplit",
    "TunedThresholds",
    "multilabel_train_test_split",
]
