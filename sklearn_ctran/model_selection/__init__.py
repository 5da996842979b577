"""Stratified splits, a learning rate, calibration and thresholds by out-of-fold probabilities."""

from sklearn_ctran.model_selection._calibration import MultilabelCalibrator
from sklearn_ctran.model_selection._group_stratification import MultilabelStratifiedGroupKFold
from sklearn_ctran.model_selection._learning_rate import LearningRates, find_lr
from sklearn_ctran.model_selection._stratification import (
    MultilabelStratifiedKFold,
    MultilabelStratifiedShuffleSplit,
    multilabel_train_test_split,
)
from sklearn_ctran.model_selection._thresholds import TunedThresholds

__all__ = [
    "LearningRates",
    "MultilabelCalibrator",
    "MultilabelStratifiedGroupKFold",
    "MultilabelStratifiedKFold",
    "MultilabelStratifiedShuffleSplit",
    "TunedThresholds",
    "find_lr",
    "multilabel_train_test_split",
]
