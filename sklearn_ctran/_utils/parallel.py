"""Jobs side by side."""

from joblib.parallel import get_active_backend
from sklearn.utils.parallel import Parallel


def one_by_one(jobs, n_jobs):
    """The results of scikit-learn's ``delayed`` calls, in order, each when it is there.

    Where joblib's active backend has no generators (multiprocessing; dask before joblib 1.4), they
    come together at the end.
    """
    backend, _ = get_active_backend()
    return_as = "generator" if backend.supports_return_generator else "list"
    return Parallel(n_jobs=n_jobs, return_as=return_as)(jobs)
