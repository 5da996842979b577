"""Rows side by side, batches ahead of the network; no thread is left behind."""

import threading
import time

import joblib
import pytest
import torch
from joblib.parallel import ParallelBackendBase
from torch.utils.data import DataLoader, Dataset

from sklearn_ctran._utils.threads import BatchLoader, for_each, prefetch


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = threading.active_count()
    yield
    assert threading.active_count() == before


# -- rows side by side -------------------------------------------------------------------------


@pytest.mark.parametrize("n_jobs", [None, 1, 2, 5])
@pytest.mark.parametrize("n_rows", [0, 1, 3, 200])
def test_each_row_is_done_once(n_rows, n_jobs):
    rows = []
    for_each(rows.append, n_rows, n_jobs)
    assert sorted(rows) == list(range(n_rows))


@pytest.mark.parametrize("n_jobs", [1, 2, 3])
def test_the_first_wrong_row_is_named_and_ends_it(n_jobs):
    done = []

    def fail(row):
        done.append(row)
        # The first wrong row is the last to fail.
        time.sleep(0.02 if row == 3 else 0.001)
        if row >= 3:
            raise ValueError(f"row {row}")

    with pytest.raises(ValueError, match="row 3"):
        for_each(fail, 1000, n_jobs)
    assert len(done) < 10


def test_breaking_off_ends_the_other_threads():
    done = []

    def work(row):
        done.append(row)
        if threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt
        time.sleep(0.001)

    with pytest.raises(KeyboardInterrupt):
        for_each(work, 10_000, 2)
    assert len(done) < 1000


class Cluster(ParallelBackendBase):
    """A backend of a thousand cores elsewhere, as joblib's for dask."""

    default_n_jobs = -1

    def effective_n_jobs(self, n_jobs):
        return 1000

    def apply_async(self, func, callback=None):
        """Before joblib 1.4, every backend must have it."""
        raise NotImplementedError


@pytest.mark.parametrize(
    ("n_jobs", "n_threads"), [(None, 1), (3, 3), (-1, min(joblib.cpu_count(), 50))]
)
def test_a_cluster_has_no_more_threads_here(n_jobs, n_threads):
    threads = set()

    def work(row):
        threads.add(threading.current_thread())
        time.sleep(0.001)

    with joblib.parallel_config(backend=Cluster()):
        for_each(work, 50, n_jobs)
    assert len(threads) == n_threads


# -- items ahead -------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 2, 50])
@pytest.mark.parametrize("depth", [1, 2, 100])
def test_order_is_kept(n, depth):
    assert list(prefetch(range(n), depth)) == list(range(n))


def counting(made):
    for number in range(100):
        made.append(number)
        yield number


def test_items_are_made_ahead_but_not_far():
    made = []
    items = prefetch(counting(made), depth=2)
    assert next(items) == 0
    deadline = time.monotonic() + 5
    while len(made) < 3 and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.02)
    assert len(made) == 3
    items.close()


def test_errors_come_at_their_place():
    def items():
        yield 1
        yield 2
        raise ZeroDivisionError("here")

    seen = []
    with pytest.raises(ZeroDivisionError, match="here"):
        seen.extend(item for item in _noting(prefetch(items()), seen))
    assert seen == [1, 2]
    with pytest.raises(ZeroDivisionError):
        next(prefetch(1 / 0 for _ in [0]))


def _noting(items, seen):
    for item in items:
        seen.append(item)
    return
    yield


@pytest.mark.parametrize("depth", [1, 3])
def test_closing_early_ends_the_thread(depth):
    made = []
    items = prefetch(counting(made), depth)
    for _ in range(5):
        next(items)
    items.close()
    assert len(made) <= 6 + depth


def test_an_error_in_the_consumer_ends_the_thread():
    def consume():
        for item in prefetch(range(100)):
            if item == 3:
                raise KeyError(item)

    try:
        consume()
    except KeyError as error:
        # Although the traceback, with consume's frame, is still there.
        assert error.__traceback__ is not None
        assert "prefetch" not in [thread.name for thread in threading.enumerate()]


def test_a_generator_never_begun_has_no_thread():
    batches = prefetch(range(3))
    assert "prefetch" not in [thread.name for thread in threading.enumerate()]
    batches.close()


def test_torchs_modes():
    weight = torch.ones(1, requires_grad=True)

    def items():
        for _ in range(3):
            yield weight * 2

    assert [item.requires_grad for item in prefetch(items())] == [True] * 3
    with torch.no_grad():
        assert [item.requires_grad for item in prefetch(items())] == [False] * 3
    with torch.inference_mode():
        later = list(prefetch(items()))[1:]
    assert not any(item.is_inference() or item.requires_grad for item in later)


def test_the_thread_computes_with_as_many_threads():
    counts = (torch.zeros(100_000).sum() * 0 + torch.get_num_threads() for _ in range(3))
    assert [int(count) for count in prefetch(counts)] == [torch.get_num_threads()] * 3


# -- the loader --------------------------------------------------------------------------------


class Batches(Dataset):
    """Fetches whole batches, and notes in which thread."""

    def __init__(self, n=10, prefetchable=True):
        self.n = n
        self.prefetchable = prefetchable
        self.threads = []

    def __len__(self):
        return self.n

    def __getitems__(self, rows):
        self.threads.append(threading.current_thread().name)
        noise = torch.zeros(len(rows)) if self.prefetchable else torch.rand(len(rows))
        return torch.tensor(rows) + noise


def batches(loader, dataset, **params):
    """Batches as lists, and a network's draws between them."""
    torch.manual_seed(0)
    loader = loader(dataset, batch_size=3, collate_fn=lambda batch: batch, **params)
    return [(batch.tolist(), torch.rand(()).item()) for _ in range(2) for batch in loader]


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("has_generator", [False, True])
@pytest.mark.parametrize("prefetchable", [False, True])
def test_batches_and_draws_are_those_of_a_data_loader(shuffle, has_generator, prefetchable):
    with torch.random.fork_rng():
        results = []
        for loader in (DataLoader, BatchLoader):
            generator = torch.Generator().manual_seed(5) if has_generator else None
            dataset = Batches(prefetchable=prefetchable)
            results.append(batches(loader, dataset, shuffle=shuffle, generator=generator))
    assert results[0] == results[1]
    assert len(results[0]) == 8
    expected = {"MainThread", "prefetch"} if prefetchable else {"MainThread"}
    assert set(dataset.threads) == expected


def test_a_loader_has_a_length_and_can_be_read_again():
    loader = BatchLoader(Batches(7), batch_size=2, drop_last=True, collate_fn=torch.clone)
    assert len(loader) == 3
    for _ in range(2):
        assert torch.cat(list(loader)).tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_pinned_batches():
    loader = BatchLoader(Batches(7), batch_size=2, collate_fn=torch.clone, pin_memory=True)
    for batch in loader:
        assert batch.is_pinned()
        assert batch.to("cuda", non_blocking=True).device.type == "cuda"
