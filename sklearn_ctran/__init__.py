"""C-Tran: multi-label image classification with transformers, as a scikit-learn estimator."""

from sklearn_ctran._cache.token_cache import TokenCache
from sklearn_ctran._compare.compare import compare
from sklearn_ctran._compare.comparison import Comparison
from sklearn_ctran._images.image_tokens import ImageTokens
from sklearn_ctran._images.tokens import EncodedImages
from sklearn_ctran._neural.classifier import CTranClassifier

__all__ = [
    "CTranClassifier",
    "Comparison",
    "EncodedImages",
    "ImageTokens",
    "TokenCache",
    "compare",
]
__version__ = "0.1.0"
