"""A fit that fails leaves the estimator as it was."""

import contextlib
import copy


@contextlib.contextmanager
def all_or_nothing(estimator):
    """Put the attributes of an estimator back if anything is raised inside, then raise it.

    Its attributes may be replaced inside, but not changed in place.
    """
    before = copy.copy(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
