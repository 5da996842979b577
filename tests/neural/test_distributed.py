"""Fits by several processes take the steps of one process with larger batches."""

import numpy as np
import pytest
import torch
from launched_fit import launch
from skorch.callbacks import EpochScoring
from small_models import quick

from sklearn_ctran._neural.distributed import ALONE, Share, launched_share
from sklearn_ctran._utils.randomness import drawing, own_generator
from sklearn_ctran.modules.label_states import UNKNOWN


class Accelerator:
    """Stands for accelerate's."""

    def __init__(self, rank, n):
        self.process_index, self.num_processes = rank, n


def shares(n):
    return [Share(Accelerator(rank, n)) for rank in range(n)]


@pytest.mark.parametrize("n_masks", [1, 3])
@pytest.mark.parametrize("n_rows", [1, 2, 5, 6, 7])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_the_parts_of_a_batch_are_the_batch(n, n_rows, n_masks):
    rows = 10 + np.arange(n_rows)
    states = torch.arange(40, dtype=torch.int8)[:, None].repeat(1, 3)
    weights = torch.arange(40.0)
    seen = []
    for share in shares(n):
        own = share.own_rows(rows)
        assert len(own) == -(-n_rows // n)
        all_states, all_weights = share.all_labels(rows, states, weights)
        assert len(all_states) == len(all_weights) == len(own)
        batch_states, batch_weights = share.of_batch(all_states, all_weights)
        assert batch_states[:, 0].tolist() == batch_weights.tolist() == rows.tolist()
        repeated = batch_states.repeat_interleave(n_masks, dim=0)
        mine = share.own(repeated, UNKNOWN, n_masks)[:, 0].reshape(-1, n_masks)
        for row, masks in zip(own, mine.tolist(), strict=True):
            assert masks in ([row] * n_masks, [UNKNOWN] * n_masks)
        seen += [each for each in mine.ravel().tolist() if each != UNKNOWN]
    assert sorted(seen) == np.repeat(rows, n_masks).tolist()


def test_alone_everything_is_as_it_is():
    rows = np.array([3, 1])
    states, weights = torch.arange(8).reshape(4, 2), torch.ones(4)
    assert ALONE.own_rows(rows) is rows
    assert torch.equal(ALONE.all_labels(rows, states, weights)[0], states[rows])
    assert ALONE.of_batch(states, weights) == (states, weights)
    assert ALONE.own(states, 0) is ALONE.total(states) is ALONE.from_first(states) is states
    assert ALONE.from_all(3) == [3]
    assert ALONE.is_first


def test_dropout_differs_between_processes():
    drawn = []
    for share in shares(2):
        with drawing(5), share.drawing(5):
            drawn.append(torch.rand(4, generator=own_generator()))
    with drawing(5):
        assert torch.equal(drawn[0], torch.rand(4, generator=own_generator()))
    assert not torch.equal(*drawn)


def test_a_process_that_nobody_launched_trains_alone(table):
    pytest.importorskip("accelerate")
    X, Y = table
    model = quick(None, distributed="accelerate", device="cpu").fit(X, Y)
    expected = quick(None, device="cpu").fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
    assert model.net_.share is ALONE


def test_without_accelerate_it_is_said_what_to_install(monkeypatch, table):
    monkeypatch.setattr("sklearn_ctran._neural.distributed.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'sklearn-ctran\[accelerate\]'"):
        quick(None, distributed="accelerate").fit(*table)
    with pytest.raises(ValueError, match="'distributed' parameter"):
        quick(None, distributed="horovod").fit(*table)


def test_scoring_callbacks_would_see_a_part_only(monkeypatch):
    accelerate = pytest.importorskip("accelerate")
    monkeypatch.setattr(accelerate, "Accelerator", lambda **params: Accelerator(0, 2))
    scoring = EpochScoring("f1_macro")
    for callback in (scoring, ("f1", scoring)):
        with pytest.raises(ValueError, match="EpochScoring, but in each of 2 processes"):
            launched_share("cpu", [callback])


@pytest.fixture(scope="module")
def by_two(tmp_path_factory):
    pytest.importorskip("accelerate")
    folder = tmp_path_factory.mktemp("two")
    results, job = launch(2, folder, 10)
    assert job.returncode == 0, job.stderr
    return folder, results, job


def test_two_processes_take_the_steps_of_one(by_two, tmp_path):
    _, results, by_two_job = by_two
    (alone,), job = launch(1, tmp_path, 20)
    assert job.returncode == 0, job.stderr
    assert len(results) == 2
    for result in results:
        np.testing.assert_allclose(result["losses"], alone["losses"], atol=1e-4)
        np.testing.assert_allclose(result["scores"], alone["scores"], atol=1e-4)
        np.testing.assert_allclose(result["proba"], alone["proba"], atol=1e-4)
    assert results[0] == results[1]
    said = by_two_job.stdout + by_two_job.stderr
    assert said.count("valid_loss") == 1  # Only the first shows progress.


def test_two_processes_that_accumulate_take_the_steps_of_one(by_two, tmp_path):
    _, expected, _ = by_two
    results, job = launch(2, tmp_path, "5x2")
    assert job.returncode == 0, job.stderr
    for result, wanted in zip(results, expected, strict=True):
        # In validation, smaller batches have other masks.
        train = [[loss for loss, _ in each["losses"]] for each in (result, wanted)]
        np.testing.assert_allclose(*train, atol=1e-4)
        np.testing.assert_allclose(result["proba"], wanted["proba"], atol=1e-4)


def test_a_job_of_which_a_process_was_killed_goes_on(by_two, tmp_path):
    _, expected, _ = by_two
    results, job = launch(2, tmp_path, 10, killed="1")
    assert job.returncode != 0 and not results
    assert "SIGKILL" in job.stderr
    results, job = launch(2, tmp_path, 10)
    assert job.returncode == 0, job.stderr
    assert job.stderr.count("going on after 2 of 4 epochs") == 1
    assert results == expected


def test_images_are_encoded_once_over_all_processes(tmp_path):
    pytest.importorskip("accelerate")
    results, job = launch(2, tmp_path, "images")
    assert job.returncode == 0, job.stderr
    assert sum(result["n_encoded"] for result in results) == 600


def test_another_number_of_processes_is_another_fit(by_two):
    folder, _, _ = by_two
    _, job = launch(1, folder, 10)
    assert job.returncode != 0
    assert "processes was 2 and is 1" in job.stderr
