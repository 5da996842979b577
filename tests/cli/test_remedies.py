"""What is slow on a machine, why, and what helps."""

import copy

import pytest

from sklearn_ctran._cli.remedies import findings

GPU = {"device": "cuda:0", "name": "H100", "memory": 8 * 10**10, "bfloat16": True}
#: Facts of a machine on which nothing is slow.
FAST = {
    "versions": {"simplejpeg": "1.8", "openvino": None},
    "system": {"platform": "Linux-6"},
    "processor": {"cores": 16, "threads": 16, "bfloat16": True},
    "devices": [GPU],
    "device": "cuda",
    "has_unused_gpu": False,
    "memory": {"total": 10**11, "free": 10**11},
    "places": {"tokens": {"path": "/dev/shm", "free": 10**11}},
    "default_weights": {"path": "/w/resnet50.pth", "url": "https://w/resnet50.pth", "exist": True},
}
CPU = {"device": "cpu", "devices": []}


def test_nothing_is_slow():
    assert findings(FAST) == []


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (CPU, ["There is no GPU", "OpenVINO is not installed"]),
        (
            CPU | {"has_unused_gpu": True, "versions": {"simplejpeg": "1", "openvino": "2026"}},
            ["The NVIDIA card is not used"],
        ),
        (
            CPU | {"processor": {"cores": 2, "threads": 2, "bfloat16": False}},
            ["There is no GPU", "OpenVINO is not installed", "The processor has no bfloat16"],
        ),
        ({"devices": [GPU | {"bfloat16": False}]}, ["No bfloat16 on cuda:0"]),
        ({"versions": {}}, ["simplejpeg is not installed"]),
        (
            {"processor": {"cores": 4, "threads": 1, "bfloat16": True}},
            ["torch uses 1 of 4 cores"],
        ),
        (
            {"processor": {"cores": 2, "threads": 64, "bfloat16": True}},
            ["torch uses 64 threads on 2 cores"],
        ),
        ({"memory": {"total": 10**11, "free": 10**9}}, ["Little memory is free"]),
        (
            {"places": {"tokens": {"path": "/tmp", "free": 10**11}}},
            ["Tokens of a session are kept on the disk"],
        ),
        (
            {"places": {"tokens": {"path": "/dev/shm", "free": 10**8}}},
            ["Little room for: tokens"],
        ),
        (
            {"default_weights": FAST["default_weights"] | {"exist": False}},
            ["The weights of the default backbone are not here yet"],
        ),
    ],
)
def test_what_is_slow_has_a_remedy(change, names):
    found = findings(copy.deepcopy(FAST) | change)
    assert [each.what for each in found] == names
    assert all(each.why and each.remedy for each in found)


def test_where_the_system_says_nothing():
    facts = FAST | {
        "system": {"platform": "Windows-11"},
        "memory": {"total": None, "free": None},
        "places": {"tokens": {"path": "C:/Temp", "free": 10**11}},
    }
    assert findings(facts) == []
