"""Threads: rows in parallel, and batches ahead of the network."""

import queue
import threading
from concurrent.futures import ThreadPoolExecutor

import torch
from joblib import effective_n_jobs, parallel_config
from joblib.parallel import get_active_backend
from torch.utils.data import DataLoader


def for_each(function, n_rows, n_jobs=None):
    """Call ``function(row)`` for the rows 0, 1, ... in `n_jobs` threads.

    After an error no further row is started. The error of the lowest failed row is raised.
    """
    n_threads = min(_n_threads(n_jobs), n_rows)
    rows, errors = iter(range(n_rows)), {}
    is_over = threading.Event()

    def work():
        # A shared iterator keeps all threads busy, and costs less than one future per row.
        for row in rows:
            try:
                function(row)
            except Exception as error:
                errors[row] = error
                is_over.set()
            if is_over.is_set():
                return

    if n_threads <= 1:
        work()
    else:
        with ThreadPoolExecutor(n_threads - 1) as pool:
            others = [pool.submit(work) for _ in range(n_threads - 1)]
            try:
                work()
                for other in others:
                    other.result()
            finally:
                is_over.set()  # Ctrl-C reaches this thread only; the others must stop too.
    if errors:
        raise errors[min(errors)]


def _n_threads(n_jobs):
    """How many threads of this process `n_jobs` means.

    joblib's backend for a cluster counts the cores of all machines; there only this one's count.
    """
    backend, _ = get_active_backend()
    if backend.default_n_jobs == 1:
        return effective_n_jobs(n_jobs)
    with parallel_config(backend="threading"):
        return effective_n_jobs(n_jobs)


def prefetch(iterable, depth=2):
    """Yield the items of an iterable, which a thread makes ahead of their use.

    Order and exceptions stay the same. The first item is made in the consumer's own thread: making
    it draws the seed of a DataLoader's order, perhaps from a generator that others use too. From
    then on at most `depth` finished items wait. The thread has the consumer's grad mode but never
    inference mode, whose tensors could not be used for training. It ends when the generator is
    exhausted, raises, is closed or garbage-collected.
    """
    iterator = iter(iterable)
    try:
        first = next(iterator)
    except StopIteration:
        return
    # With a queue of limited size, a thread that waits for room could not be stopped.
    made, room = queue.SimpleQueue(), threading.Semaphore(depth)
    is_closed = threading.Event()
    has_grad = torch.is_grad_enabled()
    gpu = torch.cuda.current_device() if torch.cuda.is_initialized() else -1

    def work():
        error = None
        try:
            with torch.set_grad_enabled(has_grad), torch.cuda.device(gpu):
                while room.acquire() and not is_closed.is_set():
                    try:
                        made.put((True, next(iterator)))
                    except StopIteration:
                        break
        except BaseException as raised:
            error = raised
        made.put((False, error))

    # A daemon thread: a generator that nobody closes must not keep Python from exiting.
    thread = threading.Thread(target=work, name="prefetch", daemon=True)
    thread.start()
    try:
        yield first
        del first
        while True:
            is_item, item = made.get()
            if not is_item:
                break
            room.release()
            yield item
            del item  # Frees its memory while waiting for the next one.
        if item is not None:
            raise item
    finally:
        is_closed.set()
        room.release()
        thread.join()


class BatchLoader(DataLoader):
    """A DataLoader that prefetches batches in a thread if it has no worker processes.

    A dataset whose batches cost nothing to make opts out by an attribute ``prefetchable = False``.
    """

    def __iter__(self):
        batches = super().__iter__()
        if self.num_workers or not getattr(self.dataset, "prefetchable", True):
            return batches
        return prefetch(batches)
