"""C-Tran: multi-label image classification with transformers, as a scikit-learn estimator."""

from importlib import import_module
from threading import RLock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sklearn_ctran._cache.token_cache import TokenCache
    from sklearn_ctran._compare.compare import compare
    from sklearn_ctran._compare.comparison import Comparison
    from sklearn_ctran._export.onnx import export_onnx
    from sklearn_ctran._images.image_tokens import ImageTokens
    from sklearn_ctran._images.tokens import EncodedImages
    from sklearn_ctran._neural.classifier import CTranClassifier
    from sklearn_ctran._neural.fine_tuning import FineTuning
    from sklearn_ctran._neural.summary import ModelSummary
    from sklearn_ctran._persistence.card import ModelCard, load_card
    from sklearn_ctran._persistence.savable import load
    from sklearn_ctran._scale.encoding import encode_tokens
    from sklearn_ctran._scale.shards import predict_shards

__all__ = [
    "CTranClassifier",
    "Comparison",
    "EncodedImages",
    "FineTuning",
    "ImageTokens",
    "ModelCard",
    "ModelSummary",
    "TokenCache",
    "compare",
    "encode_tokens",
    "export_onnx",
    "load",
    "load_card",
    "predict_shards",
]
__version__ = "0.1.0"

#: Where a public name is. Names are imported when they are used: metrics and data sets need no
#: torch, and take half as long without it.
_PLACES = {
    "CTranClassifier": "_neural.classifier",
    "Comparison": "_compare.comparison",
    "EncodedImages": "_images.tokens",
    "FineTuning": "_neural.fine_tuning",
    "ImageTokens": "_images.image_tokens",
    "ModelCard": "_persistence.card",
    "ModelSummary": "_neural.summary",
    "TokenCache": "_cache.token_cache",
    "compare": "_compare.compare",
    "encode_tokens": "_scale.encoding",
    "export_onnx": "_export.onnx",
    "load": "_persistence.savable",
    "load_card": "_persistence.card",
    "predict_shards": "_scale.shards",
}
_PACKAGES = {"baselines", "datasets", "inspection", "metrics", "model_selection", "recipes"}
_lock = RLock()


def _import(name):
    """A public name, or a public package, that has not been used before."""
    if name not in _PLACES and name not in _PACKAGES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Threads that import different modules at once may see numpy or torch half imported. No module
    # of this package imports a name from here: it would wait for this lock for ever.
    with _lock:
        if name in _PACKAGES:
            return import_module(f"{__name__}.{name}")
        value = getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    globals()[name] = value  # Found at once the next time.
    return value


if not TYPE_CHECKING:  # Else a type checker would take any name for one of this module's.
    __getattr__ = _import


def __dir__():
    return sorted({*globals(), *__all__, *_PACKAGES})
