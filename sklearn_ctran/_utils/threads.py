"""Work in threads: rows side by side, and batches ahead of the network."""

import queue
import threading
from concurrent.futures import ThreadPoolExecutor

import torch
from joblib import effective_n_jobs
from torch.utils.data import DataLoader


def for_each(function, n_rows, n_jobs=None):
    """Call ``function(row)`` for the rows 0, 1, ... in `n_jobs` threads.

    The error of the first row that has one is raised; no row is begun after an error.
    """
    n_threads = min(effective_n_jobs(n_jobs), n_rows)
    rows, errors = iter(range(n_rows)), {}
    is_over = threading.Event()

    def work():
        # Threads that share an iterator are never idle, and cost nothing per row.
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
                is_over.set()  # Also after Ctrl-C, which reaches this thread only.
    if errors:
        raise errors[min(errors)]


def prefetch(iterable, depth=2):
    """The items of an iterable, made in a thread ahead of their use.

    The first item, for which one has to wait anyway, is made in the consumer's own thread: a
    loader draws the seed of its order with it, perhaps from a generator that others use too. Then
    no more than `depth` items are made but not yet taken, and one is in the making. Order and
    exceptions are those of the iterable. The thread has the consumer's grad mode; inference mode
    is not passed on, so that its tensors can be used everywhere.

    Parameters
    ----------
    iterable : iterable
    depth : int, default=2

    Yields
    ------
    item : object
        Once the generator is exhausted, closed or forgotten, or raises, its thread has ended.
    """
    iterator = iter(iterable)
    try:
        first = next(iterator)
    except StopIteration:
        return
    # A semaphore, not a queue of limited size: a thread that waits for room can be released.
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

    # A daemon, as a generator that nobody closes must not keep Python from ending.
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
            del item  # Not to be kept while waiting for the next.
        if item is not None:
            raise item
    finally:
        is_closed.set()
        room.release()
        thread.join()


class BatchLoader(DataLoader):
    """A DataLoader whose batches are prefetched, by a thread if it has no worker processes.

    Where making batches is next to nothing, or draws from torch's global generator, which the
    network uses too, a dataset's attribute ``prefetchable`` is false, and no thread is started.
    """

    def __iter__(self):
        batches = super().__iter__()
        if self.num_workers or not getattr(self.dataset, "prefetchable", True):
            return batches
        return prefetch(batches)
