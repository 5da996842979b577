"""What ``doctor`` looks at."""

import json
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import joblib
import pytest
import torch

from sklearn_ctran._cli import machine


def test_facts_are_plain_and_of_this_machine():
    facts = machine.examine()
    assert json.loads(json.dumps(facts)) == facts
    assert facts["processor"]["cores"] == joblib.cpu_count()
    assert facts["processor"]["threads"] == torch.get_num_threads()
    assert facts["processor"]["name"]
    assert facts["versions"]["torch"] == torch.__version__
    assert 0 < facts["memory"]["free"] <= facts["memory"]["total"]
    for place in facts["places"].values():
        assert place["free"] > 0


def test_versions_of_optional_packages_but_not_of_tools(monkeypatch):
    needed = ["numpy<3", 'no-such-package>=1; extra == "cli"', 'ruff; extra == "lint"']
    monkeypatch.setattr(machine, "requires", lambda name: needed)
    versions = machine._versions()
    assert list(versions) == ["sklearn-ctran", "numpy", "no-such-package", "torch"]
    assert versions["no-such-package"] is None


def test_a_package_that_is_not_installed_has_a_version(monkeypatch):
    def fail(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(machine, "requires", fail)
    assert list(machine._versions()) == ["sklearn-ctran", "torch"]


def test_gpus(monkeypatch):
    card = SimpleNamespace(name="H100", total_memory=8)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: card)
    monkeypatch.setattr(machine, "has_bfloat16", lambda device: True)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    first, second = machine._devices()
    assert first == {"device": "cuda:0", "name": "H100", "memory": 8, "bfloat16": True}
    assert second["device"] == "mps"


def test_a_place_that_does_not_exist_yet(tmp_path):
    place = machine._place(tmp_path / "a" / "b")
    assert place["path"] == str(tmp_path / "a" / "b")
    assert place["free"] > 0


@pytest.mark.parametrize("is_there", [False, True])
def test_weights_of_the_default_backbone(is_there, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    if is_there:
        with open(machine._default_weights()["path"], "w"):
            pass
    assert machine._default_weights()["exist"] is is_there
