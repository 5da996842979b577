"""C-Tran: multi-label image classification with transformers, as a scikit-learn estimator."""

from sklearn_ctran._cache import TokenCache
from sklearn_ctran._classifier import CTranClassifier
from sklearn_ctran._compare import compare
from sklearn_ctran._comparison import Comparison
from sklearn_ctran._image_tokens import ImageTokens
from sklearn_ctran._tokens import EncodedImages

__all__ = [
    "CTranClassifier",
    "Comparison",
    "EncodedImages",
    "ImageTokens",
    "TokenCache",
    "compare",
]
__version__ = "0.1.0"
