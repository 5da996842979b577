"""Errors carry the status code of the answer."""

import pytest

from sklearn_ctran._serve.errors import RequestError


def test_status():
    assert RequestError("no").status == 400
    with pytest.raises(ValueError, match="no") as error:
        raise RequestError("no", 413)
    assert error.value.status == 413
