"""Arrays of 0 and 1 in files of NumPy."""

import numpy as np

#: Rows that are read at a time: files of float64 are eight times larger than what is kept.
_ROWS = 4096


def read_binary_array(path, shape):
    """The array (int8) of a ``.npy`` file of any dtype; ValueError unless it is of 0 and 1.

    `shape` is what it must have. No object of Python is read.
    """
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    # What NumPy raises depends on where a file is broken; its words advise to read any pickle.
    except Exception as error:
        raise ValueError(
            f"{path} cannot be read: it is no array of numbers in NumPy's format. Is the file "
            "complete?"
        ) from error
    if getattr(values, "shape", None) != shape:
        raise ValueError(
            f"{path} must hold an array of {shape[0]:,} x {shape[1]:,}, a row for each photo and a "
            f"column for each label, got {getattr(values, 'shape', type(values).__name__)}."
        )
    result = np.empty(shape, dtype=np.int8)
    for start in range(0, len(values), _ROWS):
        some = np.asarray(values[start : start + _ROWS])
        is_odd = (some != 0) & (some != 1)
        if is_odd.any():
            row, column = np.argwhere(is_odd)[0].tolist()
            raise ValueError(
                f"{path}, row {start + row}, column {column} must be 0 or 1, got "
                f"{some[row, column]}."
            )
        result[start : start + _ROWS] = some
    return result
