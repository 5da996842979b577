from numbers import Integral

import numpy as np
import pytest
import sklearn
from sklearn.preprocessing import StandardScaler

from sklearn_ctran._utils import sklearn_compat
from sklearn_ctran._utils.sklearn_compat import WholeNumber


@pytest.fixture(params=["private", "public"])
def container_of(request, monkeypatch):
    """The function as it is, and as it is where scikit-learn lacks the private one."""
    assert sklearn_compat._get_output_config is not None
    if request.param == "public":
        monkeypatch.setattr(sklearn_compat, "_get_output_config", None)
    return sklearn_compat.output_container


@pytest.mark.parametrize("overall", ["default", "pandas", "polars"])
def test_output_container_is_the_estimators_or_the_configured_one(container_of, overall):
    with sklearn.config_context(transform_output=overall):
        assert container_of(StandardScaler()) == overall
        for own in ("default", "pandas", "polars"):
            assert container_of(StandardScaler().set_output(transform=own)) == own
    assert container_of(StandardScaler()) == "default"


def test_a_whole_number_is_no_boolean():
    number = WholeNumber(Integral, 1, 2, closed="both")
    assert [number.is_satisfied_by(each) for each in (1, 2, np.int64(2))] == [True] * 3
    assert not any(number.is_satisfied_by(each) for each in (True, 0, 3, 2.0, "2", None))
