"""A job in parts: in this process, or on the workers of a dask client."""

import importlib
import warnings
from itertools import islice

from sklearn_ctran._utils.warnings import warn


def in_parts(function, shared, parts, client=None):
    """Yield ``function(*shared, *part)`` for each of some tuples, in the order in which they end.

    With a `client` (dask.distributed) its workers compute. They get `shared` once each. `parts`
    are read as workers become free, so that neither they nor results pile up. What a worker that
    dies has not finished is computed by another one. Warnings of workers are issued here, each of
    them once. After an error, or if the generator is closed, no further part is started.
    """
    if client is None:
        for part in parts:
            yield function(*shared, *part)
        return
    distributed, dask = importlib.import_module("distributed"), importlib.import_module("dask")
    parts = iter(parts)
    # A backbone's weights are meant to travel with the task: else they were lost with a worker.
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1TB"}):
        kept = client.submit(tuple, shared, pure=False)

        def start(n):
            return [
                client.submit(_call, function, kept, part, pure=False) for part in islice(parts, n)
            ]

        pending = distributed.as_completed(start(_n_ahead(client)), loop=client.loop)
        said = set()
        try:
            for future in pending:
                result, messages = future.result()
                future.release()
                pending.update(start(max(0, _n_ahead(client) - pending.count())))
                for each in messages - said:
                    warn(*each)
                said |= messages
                yield result
        finally:
            client.cancel([*pending.futures, kept])


def check_client(client):
    """Raise TypeError unless a `client` is None or one of dask that can be used here."""
    if client is not None and not (hasattr(client, "submit") and hasattr(client, "nthreads")):
        raise TypeError(
            f"client must be None or a dask.distributed.Client, got {type(client).__name__}."
        )
    if client is not None and client.asynchronous:
        raise TypeError("client is asynchronous: make it by Client(..., asynchronous=False).")


def _n_ahead(client):
    """How many parts to have started: each thread's own and the next one."""
    return 2 * max(1, sum(client.nthreads().values()))


def _call(function, shared, part):
    """The result of a part, and pairs of the text and the category of each warning."""
    with warnings.catch_warnings(record=True) as caught:
        result = function(*shared, *part)
    return result, {(str(each.message), each.category) for each in caught}
