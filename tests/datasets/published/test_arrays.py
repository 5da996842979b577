"""Arrays of 0 and 1 in files."""

import numpy as np
import pytest

from sklearn_ctran.datasets._published import arrays
from sklearn_ctran.datasets._published.arrays import read_binary_array


@pytest.mark.parametrize("dtype", [float, np.float32, np.int64, bool, np.uint8])
def test_any_dtype(tmp_path, dtype, monkeypatch):
    monkeypatch.setattr(arrays, "_ROWS", 2)
    values = np.eye(5, 3)
    np.save(tmp_path / "x.npy", values.astype(dtype))
    result = read_binary_array(tmp_path / "x.npy", (5, 3))
    assert result.dtype == np.int8
    np.testing.assert_array_equal(result, values)


def test_other_values(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "_ROWS", 2)
    values = np.zeros((5, 3))
    values[3, 1] = np.nan
    np.save(tmp_path / "x.npy", values)
    with pytest.raises(ValueError, match=r"x\.npy, row 3, column 1 must be 0 or 1, got nan"):
        read_binary_array(tmp_path / "x.npy", (5, 3))


def test_another_shape(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((5, 3)))
    with pytest.raises(ValueError, match=r"array of 5 x 4, a row .* got \(5, 3\)"):
        read_binary_array(tmp_path / "x.npy", (5, 4))
    with open(tmp_path / "y.npy", "wb") as file:
        np.savez(file, x=np.zeros((5, 3)))
    with pytest.raises(ValueError, match="got NpzFile"):
        read_binary_array(tmp_path / "y.npy", (5, 3))


def test_broken_files(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((5, 3)))
    content = (tmp_path / "x.npy").read_bytes()
    negative = content.replace(b"(5, 3)", b"(-5,3)")
    huge = content.replace(b"(5, 3), }            ", b"(5" + b"0" * 12 + b", 3), }")
    for part in (b"", content[:50], content[:-8], b"a text", negative, huge):
        (tmp_path / "x.npy").write_bytes(part)
        with pytest.raises(ValueError, match=r"x\.npy cannot be read: .* complete\?"):
            read_binary_array(tmp_path / "x.npy", (5, 3))
    np.save(tmp_path / "x.npy", np.array([[None]]), allow_pickle=True)
    with pytest.raises(ValueError, match=r"x\.npy cannot be read") as raised:
        read_binary_array(tmp_path / "x.npy", (1, 1))
    assert "allow_pickle" not in str(raised.value)
