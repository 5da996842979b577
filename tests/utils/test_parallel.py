"""Jobs side by side."""

import types

import pytest
from joblib import parallel_config
from sklearn.utils.parallel import delayed

from sklearn_ctran._utils.parallel import one_by_one


def test_results_come_one_by_one():
    done = []

    def job(number):
        done.append(number)
        return number

    results = one_by_one((delayed(job)(number) for number in range(3)), None)
    assert isinstance(results, types.GeneratorType)
    assert next(results) == 0
    assert list(results) == [1, 2] and done == [0, 1, 2]


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_any_backend(backend):
    with parallel_config(backend):
        assert list(one_by_one((delayed(abs)(-number) for number in range(4)), 2)) == [0, 1, 2, 3]
