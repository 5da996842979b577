"""Batches of images with their label states."""

import torch

from sklearn_ctran._neural.batches import LabelledImages


def test_augmentation_is_seeded_by_what_is_in_the_batch():
    class Noise:
        def __len__(self):
            return 10

        def batch(self, rows, generator=None):
            return (
                torch.zeros(len(rows))
                if generator is None
                else torch.rand(len(rows), generator=generator)
            )

    states = torch.zeros(10, 1, dtype=torch.int8)
    dataset = LabelledImages(Noise(), states, augment_seed=3)
    assert len(dataset[4]) == 2
    first, again = (dataset.__getitems__([1, 2])[0]["X"] for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, dataset.__getitems__([2, 1])[0]["X"])
    other = LabelledImages(Noise(), states, augment_seed=4)
    assert not torch.equal(first, other.__getitems__([1, 2])[0]["X"])
    assert not LabelledImages(Noise(), states).__getitems__([1, 2])[0]["X"].any()
    assert dataset[4][0]["X"].shape == ()


def test_a_batch_is_a_pair_of_inputs_and_targets():
    class Numbers:
        def __len__(self):
            return 4

        def batch(self, rows, generator=None):
            return torch.as_tensor(rows)

    states = torch.arange(12, dtype=torch.int8).reshape(4, 3)
    inputs, targets = LabelledImages(Numbers(), states, rows=torch.tensor([3, 1]), n_extra=1)[1]
    assert inputs.keys() == {"X", "states"}
    assert (inputs["X"], inputs["states"].tolist(), targets.tolist()) == (1, [3, 4, 5], [3, 4])
    weights = torch.arange(4.0)
    inputs, targets = LabelledImages(Numbers(), states, weights=weights).__getitems__([0, 2])
    assert inputs["weights"].tolist() == [0, 2]
    assert targets.tolist() == states[[0, 2]].tolist()
