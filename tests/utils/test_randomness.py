"""Draws from generators of one's own."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from sklearn_ctran._utils.randomness import (
    all_drawing,
    drawing,
    drawn_again,
    generator_states,
    lent_numbers,
    own_generator,
    set_generator_states,
)

pytestmark = pytest.mark.usefixtures("global_generators_stay")


def seeded(function, seed=7):
    """What a function draws from torch's global generator, whose state is put back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return function()


DRAWS = {
    "rand": lambda: torch.rand(5),
    "randn": lambda: torch.randn(5, 2),
    "randint": lambda: torch.randint(9, (5,)),
    "randint, low": lambda: torch.randint(3, 9, (5,)),
    "randperm": lambda: torch.randperm(9),
    "rand_like": lambda: torch.rand_like(torch.ones(5)),
    "randint_like": lambda: torch.randint_like(torch.ones(5), 9),
    "bernoulli": lambda: torch.bernoulli(torch.full((9,), 0.5)),
    "multinomial": lambda: torch.ones(9).multinomial(4),
    "normal": lambda: torch.normal(0.0, torch.ones(5)),
    "in place": lambda: torch.empty(5).uniform_() + torch.empty(5).exponential_(),
    "out": lambda: torch.rand(5, out=torch.empty(5)),
    "init": lambda: nn.init.trunc_normal_(
        nn.init.orthogonal_(torch.empty(4, 4)) + torch.ones(4, 4)
    ),
    "linear": lambda: nn.Linear(3, 4).weight,
    "dropout": lambda: nn.functional.dropout(torch.ones(9, requires_grad=True)),
    "alpha dropout": lambda: nn.functional.alpha_dropout(torch.ones(9), training=True),
    "rrelu": lambda: nn.functional.rrelu(-torch.ones(9), training=True),
    "no generator is taken": lambda: torch.native_dropout(torch.ones(9), 0.5, True)[0],
    "attention": lambda: nn.functional.scaled_dot_product_attention(
        *torch.ones(3, 1, 2, 4, 8), dropout_p=0.5
    ),
    "transformer": lambda: nn.TransformerEncoderLayer(8, 2, 16)(torch.ones(2, 3, 8)),
    "given": lambda: torch.rand(3, generator=torch.Generator().manual_seed(3)),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_draws_are_those_of_the_seed(draw):
    with drawing(7), all_drawing():
        drawn = [draw(), draw()]
    for own, expected in zip(drawn, seeded(lambda: [draw(), draw()]), strict=True):
        assert torch.equal(own, expected)


def test_tensors_without_values_draw_nothing():
    with drawing(7), all_drawing():
        nn.init.uniform_(torch.empty(3, device="meta"))
        assert torch.rand(3, device="meta").is_meta
        drawn = torch.rand(3)
    assert torch.equal(drawn, seeded(lambda: torch.rand(3)))


def test_an_error_ends_the_block():
    with pytest.raises(KeyError), drawing(7), all_drawing():
        torch.rand(3)
        raise KeyError
    assert own_generator() is None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        with all_drawing():  # Without a drawing block, the global generator is right.
            first = torch.rand(3)
    assert torch.equal(first, seeded(lambda: torch.rand(3), 3))


def test_blocks_within_blocks():
    def draw():
        return torch.rand(3, generator=own_generator())

    with drawing(7):
        first = draw()
        with drawing(8):
            inner = draw()
        second = draw()
    assert torch.equal(torch.stack([first, second]).flatten(), seeded(lambda: torch.rand(6)))
    assert torch.equal(inner, seeded(lambda: torch.rand(3), 8))


def test_nothing_is_drawn_on_the_meta_device():
    with drawing(7), all_drawing():
        assert own_generator("meta") is None
        assert nn.Dropout()(nn.Linear(2, 3, device="meta").weight).is_meta
        drawn = torch.rand(3)
    assert torch.equal(drawn, seeded(lambda: torch.rand(3)))


def test_only_this_thread_draws_from_it():
    with drawing(7), ThreadPoolExecutor(1) as pool:
        assert pool.submit(own_generator).result() is None


def test_lent_numbers_in_threads():
    n_threads, barrier = 8, threading.Barrier(8)

    def draw(seed):
        with drawing(seed):
            barrier.wait()
            parts = []
            for _ in range(200):
                with lent_numbers("cpu"):
                    parts.append(torch.rand(3))
            return torch.cat(parts)

    with ThreadPoolExecutor(n_threads) as pool:
        drawn = list(pool.map(draw, range(n_threads)))
    for seed, numbers in enumerate(drawn):
        assert torch.equal(
            numbers, seeded(lambda: torch.cat([torch.rand(3) for _ in range(200)]), seed)
        )


def test_generators_go_on_from_their_states():
    with drawing(1):
        torch.rand(3, generator=own_generator())
        states = generator_states()
        expected = torch.rand(5, generator=own_generator())
    with drawing(2):
        set_generator_states(states)
        assert torch.equal(torch.rand(5, generator=own_generator()), expected)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_draws_its_own_numbers():
    before = torch.cuda.get_rng_state()
    drawn = []
    for _ in range(2):
        with drawing(7), all_drawing():
            x = torch.ones(99, device="cuda")
            drawn.append(nn.functional.dropout(x) + torch.rand(99, device="cuda"))
    assert torch.equal(*drawn)
    assert torch.equal(torch.cuda.get_rng_state(), before)


def test_numbers_are_drawn_once_more_in_another_thread_too():
    with drawing(3), all_drawing():
        torch.rand(2)
        again = drawn_again("cpu")
        first, then = torch.rand(3), torch.rand(2)
    seen = []

    def replay():
        with again:
            seen.append(torch.rand(3))

    thread = threading.Thread(target=replay)
    thread.start()
    thread.join()
    assert torch.equal(seen[0], first)
    with drawing(3), all_drawing():
        torch.rand(2)
        again = drawn_again("cpu")
        torch.rand(3)
        with again:
            torch.rand(1)
        assert torch.equal(torch.rand(2), then)


def test_outside_of_a_block_nothing_is_drawn_once_more():
    def draw():
        with drawn_again("cpu"):
            return torch.rand(2)

    assert torch.equal(seeded(draw), seeded(lambda: torch.rand(2)))
