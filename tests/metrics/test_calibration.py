"""Expected calibration error."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import UndefinedMetricWarning
from torchmetrics.functional.classification import binary_calibration_error

from sklearn_ctran.metrics import expected_calibration_error


@pytest.mark.parametrize("n_bins", [1, 7, 15])
def test_equals_torchmetrics_label_by_label(n_bins):
    rng = np.random.RandomState(0)
    y_true, y_score = rng.randint(-1, 2, size=(200, 4)), rng.rand(200, 4)
    arguments = torch.tensor(y_score), torch.tensor(y_true)
    expected = [
        binary_calibration_error(*pair, n_bins=n_bins, ignore_index=-1).item()
        for pair in zip(*(a.T for a in arguments), strict=True)
    ]
    by_label = expected_calibration_error(y_true, y_score, n_bins=n_bins, average=None)
    np.testing.assert_allclose(by_label, expected, atol=1e-6)
    macro = expected_calibration_error(y_true, y_score, n_bins=n_bins)
    assert macro == pytest.approx(np.mean(by_label))
    micro = expected_calibration_error(y_true, y_score, n_bins=n_bins, average="micro")
    pooled = (a.flatten() for a in arguments)
    theirs = binary_calibration_error(*pooled, n_bins=n_bins, ignore_index=-1)
    assert micro == pytest.approx(theirs.item(), abs=1e-6)


def test_borders_belong_to_the_upper_bin_and_one_to_the_last():
    y_true, y_score = [[0], [1], [1]], [[0.5], [0.75], [1.0]]
    error = expected_calibration_error(y_true, y_score, n_bins=2)
    assert error == pytest.approx(abs(0.5 + 0.75 + 1 - 2) / 3)


def test_a_label_of_which_nothing_counts_is_left_out():
    y_true = pd.DataFrame([[1, -1], [0, -1]], columns=["cat", "dog"])
    y_score = [[0.9, 0.9], [0.1, 0.1]]
    errors = expected_calibration_error(y_true, y_score, average=None)
    np.testing.assert_allclose(errors, [0.1, np.nan])
    with pytest.warns(UndefinedMetricWarning, match="No entry of label.* 'dog' counts") as record:
        assert expected_calibration_error(y_true, y_score) == pytest.approx(0.1)
    assert record[0].filename == __file__


@pytest.mark.parametrize(
    "more, message",
    [({"n_bins": 0}, "n_bins must be"), ({"n_bins": 1.5}, "1.5"), ({"average": "x"}, "average")],
)
def test_bad_arguments(more, message):
    with pytest.raises(ValueError, match=message):
        expected_calibration_error([[1]], [[1.0]], **more)
