from types import SimpleNamespace

import pytest

from sklearn_ctran._utils.transactions import all_or_nothing


def test_keeps_what_was_set():
    estimator = SimpleNamespace(kept=1)
    with all_or_nothing(estimator):
        estimator.kept = 2
        estimator.added = 3
    assert vars(estimator) == {"kept": 2, "added": 3}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_puts_everything_back_after_an_error(error):
    estimator = SimpleNamespace(kept=1, dropped=2)
    with pytest.raises(error), all_or_nothing(estimator):
        estimator.kept = 2
        estimator.added = 3
        del estimator.dropped
        raise error
    assert vars(estimator) == {"kept": 1, "dropped": 2}
