"""Inputs made at random, one after the other, for as long as the fuzzer is given."""

import os
import random
import signal
import time
from collections import Counter
from contextlib import contextmanager

#: For each target. ``make fuzz`` gives an hour in all, and another first seed each time.
SECONDS = float(os.environ.get("FUZZ_SECONDS", 8))

FIRST_SEED = int(os.environ.get("FUZZ_SEED", 0))

#: Even a slow machine tries so many.
LEAST_INPUTS = 20


def fuzz(name, check, seconds_share=1.0):
    """Call ``check(rng)`` with one seed after the other; it returns what became of the input.

    An error of `check` is a finding. All findings are raised together, with their seeds: a seed
    makes the same input again; the input, as small as it can be, belongs into a test. Returns the
    counts of what became of the inputs.
    """
    counts, findings = Counter(), []
    end, seed = time.monotonic() + seconds_share * SECONDS, FIRST_SEED
    while time.monotonic() < end or seed < FIRST_SEED + LEAST_INPUTS:
        try:
            counts[check(random.Random(seed))] += 1
        except Exception as error:
            findings.append(f"seed {seed}: {type(error).__name__}: {error}")
        seed += 1
    tried = seed - FIRST_SEED
    print(
        f"\n{name}: {tried:,} inputs from seed {FIRST_SEED}: {dict(counts)}, "
        f"{len(findings)} findings"
    )
    assert not findings, f"{len(findings)} findings in {tried:,} inputs\n" + "\n".join(
        findings[:20]
    )
    return counts


@contextmanager
def time_limit(seconds):
    """Raise AssertionError in the main thread if a block takes longer."""

    def stop(*_):
        raise AssertionError(f"It took longer than {seconds} s.")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
