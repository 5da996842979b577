"""What ``doctor`` looks at: versions, devices, memory, disks; and what is slow of it, and why."""

import os
import platform
import re
import shutil
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import joblib
import torch

import sklearn_ctran
from sklearn_ctran._cache.session import free_memory, session_base
from sklearn_ctran._utils.devices import has_bfloat16, resolve_device

#: Extras of the package that are for those who develop it.
_FOR_DEVELOPERS = {"test", "lint", "docs", "dist"}


def examine():
    """Facts of this machine and of what is installed, in nested dicts of plain values.

    Sizes are in bytes; None is what the system does not say, or what is not installed.
    """
    return {
        "versions": _versions(),
        "system": {
            "python": platform.python_version(),
            "python_at": sys.executable,
            "platform": platform.platform(),
        },
        "processor": {
            "name": _processor(),
            "cores": joblib.cpu_count(),  # those that this process may use
            "threads": torch.get_num_threads(),
            "bfloat16": has_bfloat16("cpu"),
        },
        "devices": _devices(),
        "device": resolve_device("auto"),
        "has_unused_gpu": not torch.cuda.is_available() and _has_nvidia_card(),
        "memory": {"total": _total_memory(), "free": free_memory()},
        "places": {
            "tokens": _place(session_base()),
            "weights": _place(os.path.join(torch.hub.get_dir(), "checkpoints")),
            "working folder": _place(os.getcwd()),
        },
        "default_weights": _default_weights(),
    }


def _versions():
    """Name of each package that this one can use -> its version, or None."""
    names = {"sklearn-ctran": sklearn_ctran.__version__}
    with suppress(PackageNotFoundError):  # The package runs from its sources.
        for requirement in requires("sklearn-ctran") or []:
            extra = re.search(r"extra *== *['\"](\w+)['\"]", requirement)
            if not (extra and extra[1] in _FOR_DEVELOPERS):
                name = re.match(r"[\w.-]+", requirement)[0]
                names[name] = _version(name)
    return names | {"torch": torch.__version__}  # It says for which cards torch was built.


def _version(name):
    with suppress(PackageNotFoundError):
        return version(name)
    return None


def _processor():
    with suppress(OSError):
        found = re.search(r"^model name\s*: *(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
        if found:
            return found[1]
    return platform.processor() or platform.machine()


def _devices():
    """The GPUs that torch can use."""
    found = []
    for number in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(number)
        device = f"cuda:{number}"
        memory, is_fast = properties.total_memory, has_bfloat16(device)
        found.append(
            {"device": device, "name": properties.name, "memory": memory, "bfloat16": is_fast}
        )
    if torch.backends.mps.is_available():
        found.append({"device": "mps", "name": "Apple", "memory": None, "bfloat16": False})
    return found


def _has_nvidia_card():
    return os.path.exists("/dev/nvidia0") or shutil.which("nvidia-smi") is not None


def _total_memory():
    with suppress(AttributeError, ValueError, OSError):  # Windows has no sysconf.
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def _place(folder):
    """A folder, and the free bytes of the disk that it is on, or will be on."""
    existing = Path(folder)
    while not existing.exists():
        existing = existing.parent
    return {"path": str(folder), "free": shutil.disk_usage(existing).free}


def _default_weights():
    """Where the weights of the default backbone are looked for, and whether they are there."""
    from torchvision.models import ResNet50_Weights  # torchvision takes seconds to import

    file = ResNet50_Weights.DEFAULT.url.rsplit("/", 1)[1]
    path = os.path.join(torch.hub.get_dir(), "checkpoints", file)
    return {"path": path, "url": ResNet50_Weights.DEFAULT.url, "exist": os.path.isfile(path)}
