"""Using the images that can be read."""

import numpy as np
import pytest

from sklearn_ctran._images.errors import Unreadable
from sklearn_ctran._images.images import check_images
from sklearn_ctran._images.preprocessing import Preprocessing
from sklearn_ctran._images.readable import Outcome, with_readable


def sizes(images, rows, n_images):
    return check_images(images, decode=False).sizes


def test_all_can_be_read(paths):
    outcome = with_readable(paths, "raise", None, sizes)
    np.testing.assert_array_equal(outcome.result, [(24, 36), (40, 20), (9, 9)])
    assert outcome.by_row() is outcome.result
    assert outcome.rows is None and outcome.skipped == {}
    outcome.warn("Never said.")


def test_one_cannot(paths):
    paths[1].unlink()
    seen = []

    def use(images, rows, n_images):
        seen.append((rows if rows is None else rows.tolist(), n_images))
        return sizes(images, rows, n_images)

    outcome = with_readable(paths, "skip", None, use)
    assert seen == [(None, None), ([0, 2], 3)]
    assert list(outcome.skipped) == [1]
    by_row = [(24, 36), (np.nan, np.nan), (9, 9)]
    np.testing.assert_array_equal(outcome.by_row(), by_row)
    with pytest.warns(UserWarning, match=r"(?s)1 of 3 images .*row 1: .*b\.jpg.*So it is\."):
        outcome.warn("So it is.")


def test_rows_keep_their_numbers_in_messages(paths):
    paths[0].unlink()

    def use(images, rows, n_images):
        checked = check_images(images, decode=False)
        paths[2].write_bytes(paths[2].read_bytes()[:60])  # Breaks after the check.
        return checked.batch(range(len(checked)), Preprocessing(8)).shape

    outcome = with_readable(paths, "skip", None, use)
    assert outcome.result == (1, 3, 8, 8)
    assert list(outcome.skipped) == [0, 2]
    assert outcome.skipped[2].startswith(f"row 2: {paths[2]}: ")
    assert outcome.rows.tolist() == [1] and outcome.n_images == 3


def test_an_error_found_late_becomes_one_of_all(paths):
    def use(images, rows, n_images):
        checked = check_images(images, decode=False)
        for path in paths[1:]:
            path.unlink()
        return checked.keys()

    with pytest.raises(FileNotFoundError, match=r"(?s)2 of 3 images.*row 1.*row 2"):
        with_readable(paths, "raise", None, use)


def test_other_errors_pass(paths):
    def use(images, rows, n_images):
        raise ValueError("The loss became NaN.")

    with pytest.raises(ValueError, match="The loss") as raised:
        with_readable(paths, "skip", None, use)
    assert not isinstance(raised.value, Unreadable)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (np.array([1, 0]), np.float64),
        (np.array([0.5, 1], dtype=np.float32), np.float32),
        (np.array(["a", "b"]), object),
        (np.array([True, False]), object),
    ],
)
def test_gaps_in_any_dtype(values, dtype):
    filled = Outcome(values, np.array([0, 2]), {1: "row 1"}, 3).by_row()
    assert filled.dtype == dtype
    assert filled[[0, 2]].tolist() == values.tolist() and filled[1] != filled[1]
