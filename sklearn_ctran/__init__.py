"""C-Tran: multi-label image classification with transformers, as a scikit-learn estimator."""

from sklearn_ctran._cache import TokenCache
from sklearn_ctran._classifier import CTranClassifier

__all__ = ["CTranClassifier", "TokenCache"]
__version__ = "0.1.0"
