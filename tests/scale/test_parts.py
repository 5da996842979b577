"""Parts of a job are started as others end; tests/scale/test_cluster.py has workers."""

import pytest

from sklearn_ctran._scale.parts import check_client, in_parts


def test_parts_are_read_one_by_one_without_a_client():
    read = []

    def parts():
        for part in range(3):
            read.append(part)
            yield part, 10

    results = in_parts(lambda shared, a, b: (shared, a + b), ("x",), parts())
    assert next(results) == ("x", 10)
    assert read == [0]
    assert list(results) == [("x", 11), ("x", 12)]


def test_what_is_no_client():
    check_client(None)
    with pytest.raises(TypeError, match="client must be None or a dask.distributed.Client, got st"):
        check_client("tcp://10.0.0.1:8786")


def test_an_asynchronous_client():
    class Client:
        submit = nthreads = None
        asynchronous = True

    with pytest.raises(TypeError, match="asynchronous=False"):
        check_client(Client())
