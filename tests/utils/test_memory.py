import os
import subprocess
import sys

import pytest

STEPS = """
import resource
import torch
from sklearn_ctran._utils.memory import keep_freed_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

torch.set_num_threads(1)
if {keeps}:
    keep_freed_memory()
x = torch.zeros(1_000_000)
for step in range(25):
    if step == 5:
        before = faults()
    parts = [x + number for number in range(10)]
    del parts
print(faults() - before)
"""


def n_faults(keeps):
    """Pages that twenty steps, of 40 MB each, request from the system."""
    code = STEPS.format(keeps=keeps)
    # dask leaves settings for its workers there, which count as the user's.
    environment = {key: value for key, value in os.environ.items() if "MALLOC" not in key}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not count in this way")
def test_steps_use_memory_again():
    without = n_faults(keeps=False)
    if without < 1000:
        pytest.skip("this C library keeps freed memory anyway")
    assert n_faults(keeps=True) < without / 5
