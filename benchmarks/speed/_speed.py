"""Code that the speed benchmarks share: timing, peak memory, the machine, tables and reports."""

import json
import multiprocessing
import os
import platform
import re
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from _common import describe_machine as _describe_machine

_FEATURES = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_int8")

#: Values of ONEDNN_MAX_CPU_ISA, from AVX-512 on, without products of bfloat16.
_WITHOUT_BFLOAT16 = ("AVX512_CORE", "AVX512_CORE_VNNI")


def time_interleaved(variants, n_repeats=7, n_warm_up=1, clock=time.perf_counter):
    """Time several functions in turns, so that other load on the machine affects all of them.

    Parameters
    ----------
    variants : dict
        Name -> function without arguments.
    n_repeats : int, default=7
        Rounds (A B C, A B C, ...) that count.
    n_warm_up : int, default=1
        Rounds before, which do not count.
    clock : callable, default=time.perf_counter
        Returns seconds; ``time.process_time`` those of the processor.

    Returns
    -------
    seconds : dict
        Name -> ndarray of shape (n_repeats,).
    """
    seconds = {name: np.empty(n_repeats) for name in variants}
    for repeat in range(-n_warm_up, n_repeats):
        for name, function in variants.items():
            start = clock()
            function()
            if repeat >= 0:
                seconds[name][repeat] = clock() - start
    return seconds


def speed_ratio(seconds, baseline):
    """Compute the speed relative to a baseline: median of the ratios, round by round.

    Parameters
    ----------
    seconds, baseline : ndarray of shape (n_repeats,)
        Two results of one call of :func:`time_interleaved`.

    Returns
    -------
    ratio : float
        2 means twice as fast as the baseline.
    """
    return float(np.median(baseline / seconds))


def peak_memory_mb(function, *args):
    """Call a function in a fresh Python process and return that process's peak memory.

    Parameters
    ----------
    function : callable
        Defined at the top level of a module.
    *args : object
        Arguments of the function.

    Returns
    -------
    megabytes : float
        Largest resident set in units of 1e6 bytes, including Python and all imports.
    """
    return in_new_process(function, *args)[1]


def in_new_process(function, *args):
    """Call a function in a fresh Python process: its result, and the peak of memory in MB.

    The arguments are those of :func:`peak_memory_mb`.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_report, args=(sender, function, args))
    process.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError:
        raise RuntimeError(f"{function.__name__} failed in its process, see above.") from None
    finally:
        process.join()


def _report(sender, function, args):
    result = function(*args)
    sender.send((result, _peak_mb()))


def _peak_mb():
    status = Path("/proc/self/status")
    if status.exists():
        # On Linux ru_maxrss starts at the size of the process that this one was forked from.
        return int(re.search(r"VmHWM:\s*(\d+) kB", status.read_text())[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (peak if sys.platform == "darwin" else peak * 1024) / 1e6


def describe_machine(seed):
    """Do the same as `_common.describe_machine`, with the processor's name and features."""
    return {**_processor(), **_describe_machine(seed)}


def _processor():
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return {}
    name = re.search(r"model name\s*: (.*)", text)
    flags = re.search(r"flags\s*: (.*)", text)
    flags = flags[1].split() if flags else []
    return {
        "processor": name[1] if name else "unknown",
        "features": " ".join(feature for feature in _FEATURES if feature in flags),
    }


def instruction_set():
    """Name the widest set of instructions that torch uses on this processor.

    ``ATEN_CPU_CAPABILITY`` and ``ONEDNN_MAX_CPU_ISA``, which hide instructions from torch and from
    oneDNN, count: set both (``avx2`` and ``AVX2``) to measure as on a lesser processor.

    Returns
    -------
    name : str
        "amx_bf16", "avx512_bf16", "avx512", "avx2", "arm" or, elsewhere, the machine's name.
    """
    machine = platform.machine().lower()
    if machine not in ("x86_64", "amd64"):
        return "arm" if machine in ("arm64", "aarch64") else machine
    capability = torch.backends.cpu.get_cpu_capability()
    if capability != "AVX512":
        return capability.lower()
    features = _processor().get("features", "").split()
    most = os.environ.get("ONEDNN_MAX_CPU_ISA", "DEFAULT").upper()
    if "amx_bf16" in features and ("AMX" in most or most in ("DEFAULT", "ALL")):
        return "amx_bf16"
    if "avx512_bf16" in features and most not in _WITHOUT_BFLOAT16:
        return "avx512_bf16"
    return "avx512"


def print_table(rows, columns, machine):
    """Print figures, then the machine and the versions.

    Parameters
    ----------
    rows : dict
        Name -> sequence with a text or number for each column; numbers get three digits.
    columns : sequence of str
        Headings.
    machine : dict
        As returned by :func:`describe_machine`.
    """
    rows = {
        name: [cell if isinstance(cell, str) else digits(cell) for cell in cells]
        for name, cells in rows.items()
    }
    width = max(map(len, rows))
    widths = [max(map(len, column)) + 2 for column in zip(columns, *rows.values(), strict=True)]
    print("\n" + " " * width + _line(columns, widths))
    for name, cells in rows.items():
        print(f"{name:{width}}" + _line(cells, widths))
    print("\n" + ", ".join(f"{key} {value}" for key, value in machine.items()) + "\n")


def digits(number):
    """Write a number with three digits, or as an integer."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def _line(cells, widths):
    return "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))


def write_json(path, results, machine):
    """Write results and a description of the machine to a file, unless `path` is None."""
    if path is None:
        return
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"results": results, **machine}, file, indent=2)
        file.write("\n")
