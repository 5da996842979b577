"""Fits that are killed at any moment, also while they write, and go on to the very same model."""

import os

import numpy as np
import pytest
from killed_fit import N_EPOCHS, N_STEPS, run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")

#: An ordinary run of the tests has a few; ``make fuzz`` all.
N_KILLS, N_WHILE_WRITING = (30, 10) if "FUZZ_SECONDS" in os.environ else (3, 1)


def test_killed_fits_come_to_the_same_model(tmp_path):
    seed = int(os.environ.get("FUZZ_SEED", "0")) % 2**31
    rng = np.random.RandomState(seed)
    expected, n_kills = {}, {"step": 0, "bytes": 0, "replace": 0}
    for number in range(100):
        if (
            sum(n_kills.values()) >= N_KILLS
            and n_kills["bytes"] + n_kills["replace"] >= N_WHILE_WRITING
        ):
            break
        fit_seed = number % 6
        if fit_seed not in expected:
            expected[fit_seed] = run("none", "never", fit_seed)
        folder, found = tmp_path / str(number), None
        while found is None:
            kind = ("step", "bytes", "replace")[rng.randint(3)]
            most = {"step": N_EPOCHS * N_STEPS, "bytes": 400_000, "replace": 5}[kind]
            found = run(folder, f"{kind} {rng.randint(most)}", fit_seed)
            n_kills[kind] += found is None
        assert found == expected[fit_seed]
    print(f"\n{n_kills} kills, seed {seed}: every fit came to the same model")
    assert sum(n_kills.values()) >= N_KILLS
