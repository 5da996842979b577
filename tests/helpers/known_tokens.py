"""Tokens that are known from the number of their image, and a backbone that counts."""

import time

import numpy as np
import torch

SHAPE = (3, 4)


def make_key(number):
    return int(number).to_bytes(8, "big")


def make_tokens(number, shape=SHAPE):
    """Tokens that differ between numbers, and are exact in every dtype."""
    return torch.full(shape, float(number % 251)) + torch.arange(shape[1])


class Counting:
    """A compute function that notes for which numbers it was called."""

    def __init__(self, numbers, batch_size=4, shape=SHAPE, fails_at=None, seconds=0):
        self.numbers = list(numbers)
        self.batch_size = batch_size
        self.shape = shape
        self.fails_at = fails_at
        self.seconds = seconds
        self.computed = []

    @property
    def keys(self):
        return [make_key(number) for number in self.numbers]

    def __call__(self, positions):
        for start in range(0, len(positions), self.batch_size):
            time.sleep(self.seconds)
            batch = positions[start : start + self.batch_size]
            numbers = [self.numbers[position] for position in batch]
            if self.fails_at in numbers:
                raise RuntimeError("out of memory")
            self.computed += numbers
            yield batch, torch.stack([make_tokens(number, self.shape) for number in numbers])


def check_tokens(tokens, numbers, shape=SHAPE):
    assert tokens.shape == (len(numbers), *shape)
    assert len(tokens) == len(numbers)
    batch = tokens.batch(np.arange(len(numbers)))
    assert batch.dtype == torch.float32
    assert torch.equal(batch, torch.stack([make_tokens(number, shape) for number in numbers]))


def request_tokens(cache, numbers, space="aa", **settings):
    backbone = Counting(numbers, **settings)
    tokens = cache.tokens(space, backbone.keys, backbone, batch_size=backbone.batch_size)
    check_tokens(tokens, backbone.numbers, backbone.shape)
    return tokens, backbone.computed
