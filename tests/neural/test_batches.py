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
    first, again = dataset.__getitems__([1, 2])[0], dataset.__getitems__([1, 2])[0]
    assert torch.equal(first, again)
    assert not torch.equal(first, dataset.__getitems__([2, 1])[0])
    other = LabelledImages(Noise(), states, augment_seed=4)
    assert not torch.equal(first, other.__getitems__([1, 2])[0])
    assert not LabelledImages(Noise(), states).__getitems__([1, 2])[0].any()
    assert dataset[4][0].shape == ()
