"""From a tree of JSON values and tensors back to estimators; nothing in it is believed."""

import math
from pathlib import Path

import numpy as np
from sklearn.frozen import FrozenEstimator

from sklearn_ctran._persistence.encoding import NUMBERS
from sklearn_ctran._persistence.fields import check_fields, check_names, sizes_of
from sklearn_ctran._persistence.places import find

_FLOATS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_COLUMNS = {"bool": bool, "int": int, "float": float, "float64": np.float64}
#: An array of texts may be wider than its longest text, by so much.
_SPARE = 1000


class Decoder:
    """Decodes one estimator and all it holds.

    Every method raises an error of any class for what :class:`Encoder` does not write.
    `overrides` are constructor parameters that replace those of the file, by name.
    """

    def __init__(self, tensors, overrides):
        self._tensors = tensors
        self._overrides = overrides
        self._used = set()
        self._objects = []
        self._sizes = {}

    def decode(self, value):
        """The value of some JSON."""
        if value is None or type(value) in (bool, int, float, str):
            return value
        if type(value) is list:
            return [self.decode(each) for each in value]
        kind = value.get("type")
        if kind not in _BY_TYPE:
            raise ValueError(f"it has a value of the type {kind!r}, which no file has")
        names, decode = _BY_TYPE[kind]
        if value.keys() - {"type"} != set(names):
            raise ValueError(f"it has a value of the type {kind!r} with other entries than {names}")
        return decode(self, *(value[name] for name in names))

    def check_all_used(self):
        """Raise ValueError if there are tensors that nothing refers to."""
        left = self._tensors.keys() - self._used
        if left:
            raise ValueError(f"it has a tensor {min(left)!r}, to which nothing refers")

    def _float(self, value):
        return _FLOATS[value]

    def _tuple(self, items):
        return tuple(self.decode(each) for each in items)

    def _dict(self, items):
        return {self.decode(key): self.decode(value) for key, value in items}

    def _bytes(self, text):
        return bytes.fromhex(text)

    def _path(self, value):
        return Path(value)

    def _scalar(self, dtype, value):
        value = self.decode(value)
        if dtype == "str" and type(value) is str:
            return np.str_(value)
        if dtype not in NUMBERS or type(value) not in (bool, int, float):
            raise ValueError(f"it has a number of the kind {dtype!r}")
        return np.dtype(dtype).type(value)

    def _read_tensor(self, name):
        if name in self._used or name not in self._tensors:
            raise ValueError(f"it has no tensor {name!r}, or refers to it twice")
        self._used.add(name)
        return self._tensors[name]

    def _tensor(self, name, turned):
        tensor = self._read_tensor(name)
        return tensor.permute(*reversed(range(tensor.ndim))) if turned is True else tensor

    def _array(self, name, turned):
        array = self._read_tensor(name).numpy()
        return array.T if turned is True else array

    def _object_array(self, width, shape, items):
        if any(type(n) is not int or n < 0 for n in shape) or math.prod(shape) != len(items):
            raise ValueError("it has an array whose shape is not that of its values")
        items = [self.decode(each) for each in items]
        if width is None:
            array = np.empty(len(items), dtype=object)
            array[:] = items
            return array.reshape(shape)
        longest = max(map(len, items), default=0)
        if any(type(each) is not str for each in items) or not longest <= width <= longest + _SPARE:
            raise ValueError("it has an array of texts with other values, or of another width")
        return np.array(items, dtype=f"U{max(1, width)}").reshape(shape)

    def _records(self, keys, columns):
        if any(type(key) is not str for key in keys):
            raise ValueError("it has records whose names are no texts")
        columns = [
            self._column(each) if isinstance(each, dict) else self.decode(each) for each in columns
        ]
        rows = zip(*columns, strict=True)
        return [dict(zip(keys, row, strict=True)) for row in rows]

    def _column(self, column):
        kind = _COLUMNS[column["of"]]
        return [kind(each) for each in self._read_tensor(column["tensor"]).tolist()]

    def _optimizer(self, name):
        return find(name, "optimizer")

    def _frozen(self, estimator):
        return FrozenEstimator(self.decode(estimator))

    def _same(self, number):
        if type(number) is not int or not 0 <= number < len(self._objects):
            raise ValueError("it refers to an object that it does not have")
        return self._objects[number]

    def _object(self, name, held):
        kind = find(name, "object")
        held = {each: self.decode(value) for each, value in held.items()}
        check_fields(name, held, self._sizes)
        make = getattr(kind, "_from_saved_fields", None)
        made = kind(**held) if make is None else make(held)
        self._objects.append(made)
        return made

    def _estimator(self, name, params, state):
        kind = find(name, "estimator")
        outer, self._sizes = self._sizes, {}
        params = {each: self.decode(value) for each, value in params.items()}
        # A parameter that came with a later version has its default.
        check_names(name, "parameters", params, set(), set(kind._get_param_names()))
        known = kind._get_param_names()
        params |= {each: value for each, value in self._overrides.items() if each in known}
        estimator = kind(**params)
        estimator._validate_params()
        self._set_state(estimator, name, state)
        self._sizes = outer
        self._objects.append(estimator)
        return estimator

    def _set_state(self, estimator, name, state):
        if not state:
            return
        decoded = {}
        for each, value in state.items():
            decoded[each] = self.decode(value)
            if each == "task_":
                self._sizes |= sizes_of(decoded[each])
        check_fields(name, decoded, self._sizes)
        replaced = self._overrides.keys() & decoded.get("_structure", {}).keys()
        for each in replaced:
            decoded["_structure"][each] = self._overrides[each]
        estimator._set_saved_state(decoded)


_BY_TYPE = {
    "float": (("value",), Decoder._float),
    "tuple": (("items",), Decoder._tuple),
    "dict": (("items",), Decoder._dict),
    "bytes": (("hex",), Decoder._bytes),
    "path": (("value",), Decoder._path),
    "scalar": (("dtype", "value"), Decoder._scalar),
    "tensor": (("tensor", "turned"), Decoder._tensor),
    "array": (("tensor", "turned"), Decoder._array),
    "objects": (("width", "shape", "items"), Decoder._object_array),
    "records": (("keys", "columns"), Decoder._records),
    "optimizer": (("name",), Decoder._optimizer),
    "frozen": (("estimator",), Decoder._frozen),
    "same": (("number",), Decoder._same),
    "object": (("name", "fields"), Decoder._object),
    "estimator": (("name", "params", "state"), Decoder._estimator),
}
