"""The check that numbers have not changed finds what has."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def differences():
    from same_numbers import differences

    return differences


@pytest.fixture
def arrays():
    return {
        "a": np.array([1.0, np.nan, 3.0]),
        "b": np.array([1, 2], dtype=np.int8),
        "c": np.array(["x", "y"]),
    }


def test_equal_arrays_have_no_differences(differences, arrays):
    assert differences(arrays, {name: array.copy() for name, array in arrays.items()}) == []


@pytest.mark.parametrize(
    "name, array, line",
    [
        ("a", [1.0, np.nan, 3.5], "a: differs by 0.5"),
        ("a", [1.0, np.nan, np.nextafter(3.0, 4.0)], "a: differs by 4.44e-16"),
        ("a", [1.0, 2.0, 3.0], "a: differs by 0"),  # in a NaN only
        ("a", np.array([1, np.nan, 3], dtype=np.float32), "a: float64 (3,) became float32 (3,)"),
        ("b", np.array([1, 2, 3], dtype=np.int8), "b: int8 (2,) became int8 (3,)"),
        ("b", np.array([1, 3], dtype=np.int8), "b: differs by 1"),
        ("c", ["x", "z"], "c: differs"),
        ("d", [0], "d: only on one side"),
    ],
)
def test_a_changed_array_is_named(differences, arrays, name, array, line):
    changed = {**arrays, name: np.asarray(array)}
    assert differences(arrays, changed) == [line]


def test_a_missing_array_is_named(differences, arrays):
    before = dict(arrays)
    del arrays["b"]
    assert differences(before, arrays) == ["b: only on one side"]
