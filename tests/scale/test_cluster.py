"""On a dask cluster: each image is encoded once over all workers, whoever dies meanwhile.

A worker that is killed loses the batch of two images that it computes, nothing else.
"""

import os
import signal
import threading
import time
import warnings
from pathlib import Path

import joblib
import pytest
from sklearn.model_selection import GridSearchCV
from small_models import n_seen, quick

from sklearn_ctran import TokenCache, compare, encode_tokens, predict_shards
from sklearn_ctran._scale.parts import in_parts


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """The client of a LocalCluster of two workers, of one thread each."""
    distributed = pytest.importorskip("distributed", reason="needs dask[distributed]")
    options = {"local_directory": tmp_path_factory.mktemp("workers"), "dashboard_address": None}
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def kill_a_worker(client):
    """The function that kills a worker as soon as so many images are in a log of passes."""
    process = next(iter(client.run(os.getpid).values()))
    threads = []

    def kill(log, n_images):
        while not (log.exists() and n_seen(log) >= n_images):
            if is_over.wait(0.002):
                return
        os.kill(process, signal.SIGKILL)
        killed.append(process)

    is_over, killed = threading.Event(), []

    def start(*args):
        threads.append(threading.Thread(target=kill, args=args))
        threads[-1].start()

    yield start
    is_over.set()
    for thread in threads:
        thread.join()
    assert len(killed) == len(threads)
    if not killed:
        return
    for _ in range(200):
        living = client.run(os.getpid, on_error="ignore").values()
        if len(living) == 2 and process not in living:
            return
        time.sleep(0.1)
    raise AssertionError("the worker that was killed has not been started again")


# -- searches ----------------------------------------------------------------------------------


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_search_encodes_each_image_once(client, kill_a_worker, settings, log, photos, is_killed):
    """A worker that dies loses the batch that it computes; what it has finished stays."""
    model = quick(**settings, train_backbone=False)
    search = GridSearchCV(model, {"lr": [1e-3, 1e-4]}, cv=2)
    if is_killed:
        kill_a_worker(log, 8)
    with joblib.parallel_config(backend="dask"):
        search.fit(*photos)
    assert n_seen(log) in ({30, 30 + 2} if is_killed else {30})
    (space,) = TokenCache(settings["cache"]).info().spaces
    assert space["images"] == 30
    alone = GridSearchCV(model, search.param_grid, cv=2).fit(*photos)
    assert search.cv_results_["mean_test_score"] == pytest.approx(
        alone.cv_results_["mean_test_score"]
    )
    assert n_seen(log) <= 30 + 2


def test_a_comparison_encodes_each_image_once(client, settings, log, photos):
    model = quick(**settings, train_backbone=False)
    with joblib.parallel_config(backend="dask"):
        result = compare({"a": model, "b": model}, *photos, cv=2, known_fractions=0, n_jobs=2)
    assert not result.errors
    assert n_seen(log) == 30


# -- tokens ------------------------------------------------------------------------------------


def test_workers_encode_each_image_once(client, settings, log, photos):
    assert encode_tokens(photos[0], **settings, client=client) == {}
    assert n_seen(log) == 30
    quick(**settings, train_backbone=False).fit(*photos)
    assert n_seen(log) == 30


def test_the_death_of_a_worker_costs_its_batch(client, kill_a_worker, settings, log, photos):
    kill_a_worker(log, 6)
    assert encode_tokens(photos[0], **settings, client=client) == {}
    assert n_seen(log) in (30, 32)
    n_before = n_seen(log)
    quick(**settings, train_backbone=False).fit(*photos)
    assert n_seen(log) == n_before


def test_workers_name_what_they_cannot_read(client, settings, log, photos):
    paths, _ = photos
    content = Path(paths[9]).read_bytes()
    Path(paths[9]).write_bytes(content[: len(content) // 2])
    paths[21] = paths[21] + ".gone"
    with pytest.raises(ValueError, match=r"(?s)2 of 30 images.*row 9: .*9\.png.*row 21: .*gone"):
        encode_tokens(paths, **settings, client=client)
    assert n_seen(log) == 28


# -- predictions -------------------------------------------------------------------------------


def test_workers_write_shards(client, kill_a_worker, settings, log, photos, tmp_path):
    """A worker that dies costs its shards; the files have the numbers of one process."""
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    model = quick(**settings | {"cache": None}, train_backbone=False).fit(*photos)
    proba = model.predict_proba(photos[0], {1: 1})
    log.unlink()
    kill_a_worker(log, 6)
    options = {"known_labels": {1: 1}, "shard_size": 3}
    files = predict_shards(model, photos[0], tmp_path / "out", client=client, **options)
    assert len(files) == 10
    table = pd.concat(map(pd.read_parquet, files))
    assert table["path"].tolist() == photos[0]
    assert table.iloc[:, 2:].to_numpy() == pytest.approx(proba, abs=1e-6)
    log.unlink()
    assert predict_shards(model, photos[0], tmp_path / "out", client=client, **options) == files
    assert not log.exists()
    Path(photos[0][7]).unlink()
    with pytest.raises(FileNotFoundError, match=r"7\.png.*no such file") as raised:
        predict_shards(model, photos[0], tmp_path / "new", client=client, shard_size=3)
    assert raised.value.__notes__ == ["Its rows are counted from row 6 of all images."]


def test_warnings_of_workers_arrive_once(client):
    with pytest.warns(UserWarning, match="from a worker") as caught:
        assert sorted(in_parts(warn_and_add, (1,), ((i,) for i in range(9)), client)) == list(
            range(1, 10)
        )
    assert len(caught) == 1


def warn_and_add(a, b):
    warnings.warn("from a worker", stacklevel=1)
    return a + b
