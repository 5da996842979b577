"""From fitted estimators to a tree of JSON values and tensors."""

import math
from dataclasses import fields, is_dataclass
from pathlib import PurePath

import numpy as np
import torch
from sklearn.frozen import FrozenEstimator

from sklearn_ctran._persistence.fields import check_field_names
from sklearn_ctran._persistence.places import place_of

#: Of numpy's numbers, those that torch has too.
NUMBERS = ("bool", "int8", "int16", "int32", "int64", "uint8", "float16", "float32", "float64")
_HINTS = {
    "": "an estimator that wraps scikit-learn's needs skops, or pickle",
    "estimator": "an estimator that wraps scikit-learn's needs skops, or pickle",
    "backbone": "give the estimator the name of a backbone, or encode images by ImageTokens",
    "callbacks": "they matter in training only: set_params(callbacks=None)",
    "loss": "only losses with a name can be stored",
    "augment": "it matters in training only: set_params(augment=None)",
    "random_state": "it matters in training only: set_params(random_state=0)",
    "cv": "it matters in fit only: set_params(cv=5)",
    "label_embeddings": "give them as an array, or as a dict by name",
    "graph": "give it as an array, in the order of the labels",
    "net_params": "it matters in training only: set_params(net_params=None)",
}


class Encoder:
    """Encodes one estimator and all it holds.

    Parameters
    ----------
    storage : Storage
        How networks are stored.

    Attributes
    ----------
    tensors : dict of str to Tensor
        What the tree refers to by name.
    """

    def __init__(self, storage):
        self.tensors = {}
        self._storage = storage
        self._numbers = {}  # of objects that are encoded, by identity
        self._addresses = set()
        self._kept = []  # so that no identity is used again

    def encode(self, value, where):
        """JSON of a value; `where` is its name in words, and that of its tensor.

        Raises TypeError, with the place, for values that no file holds.
        """
        if value is None or type(value) in (bool, int, str):
            return value
        for kinds, encode in _BY_TYPE:
            if type(value) in kinds:
                return encode(self, value, where)
        if isinstance(value, np.generic):
            return self._scalar(value, where)
        if isinstance(value, PurePath):
            return {"type": "path", "value": str(value)}
        place = place_of(value if isinstance(value, type) else type(value))
        if place == "optimizer" and isinstance(value, type):
            return {"type": "optimizer", "name": value.__name__}
        if place in ("object", "estimator") and not isinstance(value, type):
            return self._once(value, where, self._object if place == "object" else self._estimator)
        raise TypeError(_refusal(value, where))

    def _number(self, value, where):
        return value if math.isfinite(value) else {"type": "float", "value": str(value)}

    def _list(self, value, where):
        if len(value) > 1 and all(isinstance(each, dict) for each in value):
            keys = list(value[0])
            if all(list(each) == keys for each in value) and set(map(type, keys)) == {str}:
                return self._records(value, keys, where)
        return [self.encode(each, f"{where}[{i}]") for i, each in enumerate(value)]

    def _tuple(self, value, where):
        items = [self.encode(each, f"{where}[{i}]") for i, each in enumerate(value)]
        return {"type": "tuple", "items": items}

    def _dict(self, value, where):
        items = [
            [self.encode(key, f"a key of {where}"), self.encode(each, f"{where}.{key}")]
            for key, each in value.items()
        ]
        return {"type": "dict", "items": items}

    def _records(self, records, keys, where):
        """A list of dicts with the same keys, column by column: a history takes a quarter."""
        columns = []
        for key in keys:
            column, kinds = [each[key] for each in records], {type(each[key]) for each in records}
            kind = kinds.pop() if len(kinds) == 1 else None
            if kind in (bool, int, float, np.float64) and _fits(column):
                dtype = {bool: "bool", int: "int64"}.get(kind, "float64")
                tensor = self._tensor_name(
                    torch.from_numpy(np.array(column, dtype)), f"{where}.{key}"
                )
                columns.append({"type": "column", "of": kind.__name__, "tensor": tensor})
            else:
                columns.append([self.encode(each, f"{where}.{key}") for each in column])
        return {"type": "records", "keys": keys, "columns": columns}

    def _scalar(self, value, where):
        if isinstance(value, np.str_):
            return {"type": "scalar", "dtype": "str", "value": str(value)}
        if value.dtype.name not in NUMBERS:
            raise TypeError(_refusal(value, where))
        item = self.encode(value.item(), where)
        return {"type": "scalar", "dtype": value.dtype.name, "value": item}

    def _array(self, value, where):
        kind = value.dtype.kind
        if kind in "OU":
            items = [
                self.encode(each, f"{where}[{i}]") for i, each in enumerate(value.ravel().tolist())
            ]
            width = value.dtype.itemsize // 4 if kind == "U" else None
            shape = list(value.shape)
            return {"type": "objects", "width": width, "shape": shape, "items": items}
        if value.dtype.name not in NUMBERS:
            raise TypeError(_refusal(value, where))
        value = value.astype(value.dtype.newbyteorder("="), copy=False)
        # Products of matrices differ in the last digit with the order of their entries in memory.
        is_turned = value.flags.f_contiguous and not value.flags.c_contiguous
        tensor = torch.from_numpy(np.ascontiguousarray(value.T if is_turned else value).copy())
        # Without a dimension, ascontiguousarray adds one.
        name = self._tensor_name(tensor.reshape(value.T.shape if is_turned else value.shape), where)
        return {"type": "array", "tensor": name, "turned": is_turned}

    def _tensor(self, value, where):
        if value.layout != torch.strided or value.is_quantized:
            raise TypeError(_refusal(value, where))
        value = value.detach().cpu()
        is_turned = value.ndim > 1 and not value.is_contiguous()
        is_turned = is_turned and value.permute(*reversed(range(value.ndim))).is_contiguous()
        if is_turned:
            value = value.permute(*reversed(range(value.ndim)))
        return {"type": "tensor", "tensor": self._tensor_name(value, where), "turned": is_turned}

    def _tensor_name(self, tensor, where):
        tensor = tensor.contiguous()
        address = tensor.untyped_storage().data_ptr()
        if address in self._addresses or tensor.untyped_storage().nbytes() != tensor.nbytes:
            tensor = tensor.clone()  # The library refuses tensors that share memory.
        self._addresses.add(tensor.untyped_storage().data_ptr())
        name = where
        while name in self.tensors:
            name += "'"
        self.tensors[name] = tensor
        return name

    def _frozen(self, value, where):
        return {"type": "frozen", "estimator": self.encode(value.estimator, where)}

    def _once(self, value, where, encode):
        """An object, or, if it was there before, its number."""
        if id(value) in self._numbers:
            return {"type": "same", "number": self._numbers[id(value)]}
        encoded = encode(value, where)
        self._numbers[id(value)] = len(self._numbers)
        self._kept.append(value)
        return encoded

    def _object(self, value, where):
        held = {
            name: self.encode(each, f"{where}.{name}") for name, each in _held_by(value).items()
        }
        return {"type": "object", "name": type(value).__name__, "fields": held}

    def _estimator(self, estimator, where):
        estimator._validate_params()
        params = estimator.get_params(deep=False)
        state = estimator._saved_state(self._storage)
        if state:
            _check_attributes(type(estimator).__name__, state)
        prefix = f"{where}." if where else ""
        return {
            "type": "estimator",
            "name": type(estimator).__name__,
            "params": {name: self.encode(each, prefix + name) for name, each in params.items()},
            "state": {name: self.encode(each, prefix + name) for name, each in state.items()},
        }


def _check_attributes(kind, state):
    try:
        check_field_names(kind, state)
    except ValueError as error:
        raise TypeError(
            f"The estimator has other attributes than fit sets: {error}. Delete what was added, or "
            "save it by pickle or joblib."
        ) from None


def _held_by(value):
    if hasattr(value, "_saved_fields"):
        return value._saved_fields()
    if is_dataclass(value):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    if hasattr(value, "_asdict"):
        return value._asdict()
    return {name: each for name, each in vars(value).items() if not name.startswith("_")}


def _fits(column):
    return all(-(2**63) <= each < 2**63 for each in column if type(each) is int)


def _refusal(value, where):
    what = value if isinstance(value, type) else type(value)
    name = where.rpartition(".")[2]
    hint = _HINTS.get(name)
    hint = f" {hint[0].upper()}{hint[1:]}." if hint else ""
    if type(value) is np.ndarray:
        text = f"an array of {value.dtype}"
    elif isinstance(value, type):
        text = f"the class {what.__module__}.{what.__name__}"
    else:
        text = f"a value of the class {what.__module__}.{what.__name__}"
    return (
        f"{where or 'The estimator'} is, or holds, {text}, which a file without pickle cannot "
        f"store.{hint} Otherwise save the whole estimator by pickle or joblib."
    )


_BY_TYPE = (
    ((float,), Encoder._number),
    ((list,), Encoder._list),
    ((tuple,), Encoder._tuple),
    ((dict,), Encoder._dict),
    ((bytes,), lambda encoder, value, where: {"type": "bytes", "hex": value.hex()}),
    ((np.ndarray,), Encoder._array),
    ((torch.Tensor, torch.nn.Parameter), Encoder._tensor),
    ((FrozenEstimator,), Encoder._frozen),
)
