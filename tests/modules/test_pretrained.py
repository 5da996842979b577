"""Weights by name and from files; what is said when they cannot be had."""

import io
from urllib.error import URLError

import pytest
import torch
from torchvision import models

from sklearn_ctran.modules.backbone import make_backbone

FILE = "mobilenet_v3_small-047dcff4.pth"
URL = f"https://download.pytorch.org/models/{FILE}"


@pytest.fixture(scope="module")
def mobilenet():
    """The network whose weights most tests use: quick to build."""
    return models.mobilenet_v3_small(weights=None)


@pytest.fixture
def torch_home(tmp_path, monkeypatch):
    """An empty folder in place of torch's cache; its sub-folder for weights."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def same_weights(backbone, model):
    """Whether all of a backbone's weights are those of a torchvision model."""
    theirs = model.state_dict()
    return all(
        torch.equal(value, theirs[key]) for key, value in backbone.trunk.state_dict().items()
    )


# -- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form", ["plain", "wrapped", "data-parallel", "other head", "headless", "old"]
)
def test_state_dict_files(mobilenet, form, tmp_path):
    state = mobilenet.state_dict()
    if form == "other head":
        state.update(
            {"classifier.3.bias": torch.zeros(3), "classifier.3.weight": torch.zeros(3, 1024)}
        )
    elif form == "headless":
        state = {key: value for key, value in state.items() if key.startswith("features.")}
    elif form == "old":
        state = {key: value for key, value in state.items() if "num_batches" not in key}
    elif form == "data-parallel":
        state = {"state_dict": {f"module.{key}": value for key, value in state.items()}}
    elif form == "wrapped":
        state = {"epoch": 3, "state_dict": state}
    path = tmp_path / "weights.pth"
    torch.save(state, path)
    assert same_weights(make_backbone("mobilenet_v3_small", str(path)), mobilenet)
    assert same_weights(make_backbone("mobilenet_v3_small", path), mobilenet)


def test_safetensors_files(mobilenet, tmp_path):
    safetensors = pytest.importorskip("safetensors.torch")
    safetensors.save_file(mobilenet.state_dict(), tmp_path / "weights.safetensors")
    assert same_weights(
        make_backbone("mobilenet_v3_small", tmp_path / "weights.safetensors"), mobilenet
    )


def test_densenet_files_with_old_names(tmp_path):
    model = models.densenet121(weights=None)
    old = {
        key.replace("norm1", "norm.1").replace("conv2", "conv.2"): value
        for key, value in model.state_dict().items()
    }
    torch.save(old, tmp_path / "old.pth")
    assert same_weights(make_backbone("densenet121", tmp_path / "old.pth"), model)


def test_mobilenet_file(shared):
    path = shared / "data" / "weights" / "mobilenet_v2-imagenet.pth"
    backbone = make_backbone("mobilenet_v2", path).freeze()
    theirs = torch.load(path, weights_only=True)
    assert all(
        torch.equal(value, theirs[key]) for key, value in backbone.trunk.state_dict().items()
    )
    assert backbone(torch.zeros(2, 3, 64, 64, dtype=torch.uint8)).shape == (2, 1280, 2, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda state: state.pop("features.0.0.weight"),
            "1 missing keys, the first: features.0.0.weight",
        ),
        (
            lambda state: state.update({"features.0.0.weight": torch.zeros(2, 3, 3, 3)}),
            r"size mismatch for features.0.0.weight: .*\[2, 3, 3, 3\]",
        ),
        (
            lambda state: state.update({"features.99.weight": torch.zeros(2)}),
            "1 unexpected keys, the first: features.99.weight",
        ),
    ],
)
def test_files_of_another_network(mobilenet, change, message, tmp_path):
    state = mobilenet.state_dict()
    change(state)
    torch.save(state, tmp_path / "other.pth")
    with pytest.raises(ValueError, match=rf"other.pth does not fit this backbone: {message}"):
        make_backbone("mobilenet_v3_small", tmp_path / "other.pth")


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("features.0.0.weight", lambda v: v.mul_(float("nan")), "NaN or infinite values"),
        ("features.0.1.bias", lambda v: v.double() + 1e300, "NaN or infinite values"),
        ("features.0.1.running_mean", lambda v: v - float("inf"), "NaN or infinite values"),
        ("features.0.1.running_var", lambda v: -v, "negative variances"),
    ],
)
def test_values_that_cannot_be_used(mobilenet, suffix, name, change, message, tmp_path):
    state = {key: value.clone() for key, value in mobilenet.state_dict().items()}
    state[name] = change(state[name])
    path = tmp_path / f"odd.{suffix}"
    save = torch.save
    if suffix == "safetensors":
        save = pytest.importorskip("safetensors.torch").save_file
    save(state, path)
    with pytest.raises(ValueError, match=f"odd.{suffix} cannot be used: {name} has {message}"):
        make_backbone("mobilenet_v3_small", path)


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.complex64])
def test_values_of_another_kind(mobilenet, dtype, tmp_path):
    state = mobilenet.state_dict()
    state["features.0.0.weight"] = state["features.0.0.weight"].to(dtype)
    torch.save(state, tmp_path / "odd.pth")
    with pytest.raises(ValueError, match=rf"odd.pth .*features.0.0.weight is {dtype}, not a float"):
        make_backbone("mobilenet_v3_small", tmp_path / "odd.pth")


def test_half_precision_is_accepted(mobilenet, tmp_path):
    torch.save(mobilenet.state_dict(), tmp_path / "single.pth")
    half = {k: v.half() if v.is_floating_point() else v for k, v in mobilenet.state_dict().items()}
    torch.save(half, tmp_path / "half.pth")
    trunk = make_backbone("mobilenet_v3_small", tmp_path / "half.pth").trunk
    weight = trunk.state_dict()["features.0.0.weight"]
    assert torch.equal(weight, half["features.0.0.weight"].float())


def test_a_state_dict_without_values(mobilenet, tmp_path):
    state = {key: value.to("meta") for key, value in mobilenet.state_dict().items()}
    torch.save(state, tmp_path / "meta.pth")
    with pytest.raises(ValueError, match=r"meta.pth' is broken: features.0.0.weight has no values"):
        make_backbone("mobilenet_v3_small", tmp_path / "meta.pth")


@pytest.mark.parametrize("weights", ["DEFAULT", None])
def test_modules_without_usable_values(weights):
    def module(device="cpu"):
        layers = (torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
        return torch.nn.Sequential(*layers).to(device)

    with pytest.raises(ValueError, match="backbone: 0.weight has no values"):
        make_backbone(module("meta"), weights)
    broken = module()
    broken[1].running_var[2] = -1
    with pytest.raises(ValueError, match="backbone: 1.running_var has negative variances"):
        make_backbone(broken, weights)
    broken = module()
    broken[0].bias.data[1] = float("nan")
    with pytest.raises(ValueError, match="backbone: 0.bias has NaN or infinite values"):
        make_backbone(broken, weights)
    masked = module()
    masked[1].register_buffer("mask", torch.tensor([0.0, -torch.inf]))
    assert make_backbone(masked, weights).n_channels == 4


def test_missing_file(tmp_path):
    for path in ("nowhere/weights.pth", tmp_path / "weights"):
        with pytest.raises(FileNotFoundError, match="no file '.*weights"):
            make_backbone("mobilenet_v3_small", path)


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
@pytest.mark.parametrize("content", [b"", b"no tensors here"])
def test_unreadable_file(suffix, content, tmp_path):
    path = tmp_path / f"odd.{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"odd.{suffix}' cannot be read"):
        make_backbone("mobilenet_v3_small", path)


def test_files_that_hold_more_than_tensors(mobilenet, tmp_path):
    torch.save(mobilenet, tmp_path / "model.pth")
    with pytest.raises(ValueError, match=r"model.pth' cannot be read .*state_dict\(\)"):
        make_backbone("mobilenet_v3_small", tmp_path / "model.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(ValueError, match="list.pth' holds no state_dict"):
        make_backbone("mobilenet_v3_small", tmp_path / "list.pth")


# -- torchvision's weights ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["DEFAULT", "IMAGENET1K_V1", "MobileNet_V3_Small_Weights.IMAGENET1K_V1"]
)
def test_cached_weights_are_used(mobilenet, name, torch_home):
    torch.save(mobilenet.state_dict(), torch_home / FILE)
    assert same_weights(make_backbone("mobilenet_v3_small", name), mobilenet)


@pytest.mark.parametrize(
    "error", [URLError("name resolution"), TimeoutError("timed out"), OSError("disk full")]
)
def test_download_fails(error, torch_home, monkeypatch):
    def fail(request):
        raise error

    monkeypatch.setattr(torch.hub, "urlopen", fail)
    with pytest.raises(RuntimeError) as caught:
        make_backbone("mobilenet_v3_small", "IMAGENET1K_V1")
    for said in (
        "MobileNet_V3_Small_Weights.IMAGENET1K_V1",
        URL,
        str(torch_home / FILE),
        "weights='/path/to/the/file'",
        "weights=None",
        str(error),
    ):
        assert said in str(caught.value)
    assert not list(torch_home.iterdir())


def test_download_of_another_file(torch_home, monkeypatch):
    class Response(io.BytesIO):
        def info(self):
            return self

        def getheaders(self, name):
            return ["7"]

    monkeypatch.setattr(torch.hub, "urlopen", lambda request: Response(b"garbage"))
    with pytest.raises(RuntimeError, match="(?s)invalid hash value.*Wanted: mobilenet"):
        make_backbone("mobilenet_v3_small")
    assert not list(torch_home.iterdir())


def test_broken_cache(torch_home):
    (torch_home / FILE).write_bytes(b"garbage")
    with pytest.raises(RuntimeError, match="if it is there but broken, delete it"):
        make_backbone("mobilenet_v3_small")


# -- wrong names -------------------------------------------------------------------------------


def test_unknown_weights():
    with pytest.raises(
        ValueError, match="The names are: 'DEFAULT', 'IMAGENET1K_V1', 'IMAGENET1K_V"
    ):
        make_backbone("resnet50", "IMAGENET21K")


def test_weights_of_a_wrong_type():
    with pytest.raises(TypeError, match="weights must be a name, a path or None"):
        make_backbone("resnet18", True)
