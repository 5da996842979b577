"""Types of the arguments and return values of the public API."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike


class Indexable(Protocol):  # Lists, data frames, EncodedImages.
    def __len__(self) -> int: ...
    def __getitem__(self, rows: Any, /) -> Any: ...


class Sparse(Protocol):
    def toarray(self) -> Any: ...


class Splitter(Protocol):
    def split(self, *args: Any, **kwargs: Any) -> Any: ...


Self = TypeVar("Self", bound=Any)
Function = TypeVar("Function", bound=Callable[..., Any])
DataFrame = Any  # pandas is optional.
Estimator = Any
FilePath = str | os.PathLike[str]
RandomState = int | np.random.RandomState | None
ImageSize = int | tuple[int, int] | tuple[int, int, str, str] | Literal["auto"] | None
Images = ArrayLike | Indexable | Sparse  # Or features; sparse ones for other estimators.
Labels = Images
KnownLabels = ArrayLike | Indexable | Mapping[Any, Any] | None
ExtraLabels = Labels | Mapping[Any, Any] | None
LabelEmbeddings = ArrayLike | Mapping[Any, ArrayLike] | DataFrame | None
LabelNames = ArrayLike | Sequence[Any]
OnError = Literal["raise", "skip", "warn"]
EncoderEngine = Literal["auto", "torch", "openvino", "onnxruntime"]
Metric = Callable[..., float]
Splits = int | Splitter | Iterable[tuple[ArrayLike, ArrayLike]] | None
