"""Values of all kinds that fitted attributes have: to JSON, and back by decoding."""

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.svm import SVC

from sklearn_ctran import TokenCache
from sklearn_ctran._persistence.decoding import Decoder
from sklearn_ctran._persistence.encoding import Encoder
from sklearn_ctran._persistence.savable import Storage

VALUES = [
    *(None, True, False, 0, -1, 2**70, 1.5, -0.0, 1e-320, 0.1, math.inf, -math.inf),
    *("", "cat", "\ud800", "\0", "Käse", b"", b"\xff\0"),
    *((), (1,), (1, (2.5, [None])), [], [1, "a"], {}, {1: 2, "1": 3, (1, None): {True: []}}),
    *([{}, {}], [{"a": 1}], [{"a": 1}, {"b": 2}], [{1: 2}, {1: 3}]),
    Path("some") / "where",
    torch.optim.Adam,
    torch.optim.SGD,
]

RECORDS = [
    {"epoch": 1, "loss": np.float64(0.1), "best": True, "lr": 0.5, "x": None, "n": 2**70},
    {"epoch": 2, "loss": np.float64("nan"), "best": False, "lr": -0.0, "x": "a", "n": 1},
]

ARRAYS = [
    np.arange(6).reshape(2, 3),
    np.asfortranarray(np.random.RandomState(0).rand(3, 4)),
    np.arange(10.0)[::2],
    np.arange(24, dtype=np.float32).reshape(2, 3, 4).T,
    np.zeros((0, 3)),
    np.array(3.5),
    np.array([True, False]),
    np.array([math.nan, -math.inf, -0.0]),
    *(np.array([1, 2], dtype=dtype) for dtype in ("int8", "uint8", "int16", "float16")),
    np.array(["a", "bcd", ""]),
    np.array(["a"], dtype="U9"),
    np.array([], dtype="U4"),
    np.array([["a", 1], [None, ("b", 2.5)]], dtype=object),
    np.array([True, 1, "1", math.inf, b"1"], dtype=object),
    np.array([], dtype=object),
]

SCALARS = [
    *(np.float32(0.1), np.float64(-math.inf), np.int64(-3), np.uint8(7), np.bool_(True)),
    *(np.float16(0.1), np.str_("cat")),
]


def there_and_back(value):
    encoder = Encoder(Storage())
    text = json.dumps(encoder.encode(value, "it"), allow_nan=False)
    decoder = Decoder({name: each.clone() for name, each in encoder.tensors.items()}, {})
    decoded = decoder.decode(json.loads(text))
    decoder.check_all_used()
    return decoded


def assert_identical(one, other):
    assert type(one) is type(other)
    if isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            assert_identical(*pair)
    elif isinstance(one, dict):
        assert_identical(list(one.items()), list(other.items()))
    elif isinstance(one, np.ndarray):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        assert_identical(one.tolist(), other.tolist())
    elif isinstance(one, (float, np.floating)):
        assert math.isnan(one) == math.isnan(other)
        assert math.isnan(one) or (
            one == other and math.copysign(1, one) == math.copysign(1, other)
        )
    else:
        assert one == other


@pytest.mark.parametrize("value", [*VALUES, *SCALARS, RECORDS], ids=repr)
def test_values(value):
    assert_identical(there_and_back(value), value)
    assert_identical(there_and_back([value, (value,)]), [value, (value,)])


def test_nan():
    assert math.isnan(there_and_back(math.nan))


@pytest.mark.parametrize("array", ARRAYS, ids=repr)
def test_arrays(array):
    back = there_and_back(array)
    assert_identical(back, array)
    # Products of matrices depend on it, in their last digit.
    is_fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    assert is_fortran == (back.flags.f_contiguous and not back.flags.c_contiguous)
    assert back.flags.writeable


def test_big_endian():
    back = there_and_back(np.arange(3, dtype=">i4"))
    assert back.tolist() == [0, 1, 2] and back.dtype == np.int32


@pytest.mark.parametrize(
    "tensor",
    [
        torch.arange(6.0).reshape(2, 3),
        torch.arange(6.0).reshape(2, 3).T,
        torch.arange(6, dtype=torch.int8),
        torch.tensor(2.5, dtype=torch.float64),
        torch.ones(2, 3, dtype=torch.float16),
        torch.zeros(3, 0),
        torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
        torch.nn.Parameter(torch.ones(2)),
    ],
)
def test_tensors(tensor):
    back = there_and_back(tensor)
    assert back.dtype == tensor.dtype
    assert torch.equal(back, tensor)
    assert not back.requires_grad
    if tensor.ndim == 2:
        assert back.stride() == tensor.stride()


def test_tensors_that_share_memory():
    table = torch.arange(12.0).reshape(4, 3)
    for back, tensor in zip(
        there_and_back([table, table[1:], table, table.T]),
        [table, table[1:], table, table.T],
        strict=True,
    ):
        assert torch.equal(back, tensor)


def test_histories_are_short():
    history = [{"epoch": n, "dur": n / 7, "train_loss": np.float64(n / 3)} for n in range(500)]
    encoder = Encoder(Storage())
    text = json.dumps(encoder.encode(history, "history_"))
    assert len(text) + sum(each.nbytes for each in encoder.tensors.values()) < 13_000


def test_caches():
    cache = TokenCache(max_size="2GB", dtype="float16")
    back = there_and_back(cache)
    assert (back.location, back.max_size, back.dtype) == (None, "2GB", "float16")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Fraction(1, 2), "it is, or holds, a value of the class fractions.Fraction, .* pickle"),
        ({1, 2}, "class builtins.set"),
        ([0, {"a": len}], r"it\[1\].a is, or holds, .*builtin_function"),
        ({"estimator": SVC()}, "it.estimator .*SVC.* skops"),
        (SVC, "the class sklearn.svm._classes.SVC"),
        (torch.optim.LBFGS, "the class torch.optim.lbfgs.LBFGS"),
        (np.array(["2020"], dtype="datetime64[D]"), "an array of datetime64"),
        (np.array([1j]), "an array of complex128"),
        (np.array([len], dtype=object), r"it\[0\] is"),
        (np.datetime64("2020"), "numpy.datetime64"),
        (torch.eye(3).to_sparse(), "Tensor"),
        (torch.nn.ReLU(), "ReLU"),
        (np.ma.masked_array([1]), "MaskedArray"),
        (type("Text", (str,), {})("a"), "Text"),
    ],
)
def test_values_that_no_file_holds(value, message):
    with pytest.raises(TypeError, match=message):
        Encoder(Storage()).encode(value, "it")
