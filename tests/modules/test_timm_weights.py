"""Names and weights of timm's networks, what images they expect, and what is said offline."""

import sys

import pytest
import torch
from safetensors.torch import save_file

from sklearn_ctran.modules.backbone import find_source, make_backbone, own_image_size
from sklearn_ctran.modules.timm_weights import TimmWeights

timm = pytest.importorskip("timm")


def same_features(backbone, other):
    images = torch.randint(256, (1, len(backbone.mean), 160, 160), dtype=torch.uint8)
    with torch.no_grad():
        return torch.equal(backbone.eval()(images), other.eval()(images))


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty cache of the hub, and a hub that nobody can reach."""
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    return tmp_path


# -- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["test_resnet", "test_vit3", "test_convnext", "test_byobnet"])
@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_files_of_the_whole_network(name, suffix, tmp_path):
    network = timm.create_model(name, num_classes=7).eval()
    path = tmp_path / f"weights.{suffix}"
    (save_file if suffix == "safetensors" else torch.save)(network.state_dict(), path)
    backbone = make_backbone(f"timm/{name}", path)
    state = network.state_dict()
    for key, value in backbone.trunk.model.state_dict().items():
        assert torch.equal(value, state[key])
    assert not same_features(backbone, make_backbone(f"timm/{name}", None))


def test_files_under_the_names_of_the_authors(tmp_path):
    """timm renames what is in official files, such as those of DINOv2, and adds what they lack."""
    network = timm.create_model("vit_small_patch14_reg4_dinov2")
    state = network.state_dict()
    official = {key.replace("reg_token", "register_tokens"): value for key, value in state.items()}
    official["mask_token"] = torch.zeros(1, 384)
    # Theirs have a position for the class token too, which timm adds to it.
    positions = torch.zeros(1, 1, 384)
    official["pos_embed"] = torch.cat([positions, state["pos_embed"]], dim=1)
    save_file(official, tmp_path / "weights.safetensors")
    backbone = make_backbone("timm/vit_small_patch14_reg4_dinov2", tmp_path / "weights.safetensors")
    for key, value in backbone.trunk.model.state_dict().items():
        torch.testing.assert_close(value, state[key])


def test_weights_for_more_channels(tmp_path):
    network = timm.create_model("test_resnet")
    save_file(network.state_dict(), tmp_path / "weights.safetensors")
    backbone = make_backbone("timm/test_resnet", tmp_path / "weights.safetensors", n_inputs=5)
    weight = (
        network.conv1[0].weight if hasattr(network.conv1, "__getitem__") else network.conv1.weight
    )
    first = backbone.trunk.model.conv1
    first = first[0] if hasattr(first, "__getitem__") else first
    expected = torch.cat([weight, weight[:, :2]], dim=1) * 3 / 5
    torch.testing.assert_close(first.weight, expected)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda state: state.pop("blocks.0.norm1.weight"), "1 missing keys"),
        (lambda state: state.update(other=torch.zeros(1)), "1 unexpected keys, the first: other"),
        (lambda state: state["norm.bias"].fill_(torch.nan), "norm.bias has NaN"),
        (lambda state: state.update({"norm.bias": torch.zeros(3)}), "size mismatch for norm.bias"),
    ],
)
def test_files_of_another_network(change, message, tmp_path):
    state = timm.create_model("test_vit").state_dict()
    change(state)
    torch.save(state, tmp_path / "weights.pth")
    with pytest.raises(ValueError, match=f"weights: .*weights.pth .*{message}"):
        make_backbone("timm/test_vit", tmp_path / "weights.pth")


# -- the hub ------------------------------------------------------------------------------------


def test_weights_in_the_cache_of_the_hub_are_used(hub):
    network = timm.create_model("test_resnet")
    folder = hub / "models--timm--test_resnet.r160_in1k"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("0" * 40)
    (folder / "snapshots" / ("0" * 40)).mkdir(parents=True)
    save_file(network.state_dict(), folder / "snapshots" / ("0" * 40) / "model.safetensors")
    for name, weights in (
        ("test_resnet", "DEFAULT"),
        ("test_resnet", "r160_in1k"),
        ("test_resnet.r160_in1k", "DEFAULT"),
        ("test_resnet.r160_in1k", "r160_in1k"),
    ):
        state = make_backbone(f"timm/{name}", weights).trunk.model.state_dict()
        assert all(torch.equal(value, network.state_dict()[key]) for key, value in state.items())


def test_without_a_network_the_error_comes_soon_and_says_what_to_do(hub):
    with pytest.raises(RuntimeError) as caught:
        make_backbone("timm/test_resnet.r160_in1k")
    for said in (
        "'test_resnet.r160_in1k' of timm are not available",
        "https://huggingface.co/timm/test_resnet.r160_in1k",
        "weights='/path/to/the/file'",
        "weights=None",
    ):
        assert said in str(caught.value)


def test_the_hub_is_asked_once_for_each_file(hub, monkeypatch):
    """Its client itself would try five times, for most of a minute."""
    asked = []

    def metadata(url, timeout):
        asked.append((url.rsplit("/", 1)[1], timeout))
        raise TimeoutError("timed out")

    monkeypatch.setattr("huggingface_hub.get_hf_file_metadata", metadata)
    with pytest.raises(RuntimeError, match="timed out"):
        make_backbone("timm/test_resnet")
    assert asked == [("model.safetensors", 10)]


# -- names --------------------------------------------------------------------------------------


def test_names_and_tags():
    assert find_source("timm/test_vit", "DEFAULT") == TimmWeights("test_vit.r160_in1k")
    assert find_source("timm/resnet18", "tv_in1k") == TimmWeights("resnet18.tv_in1k")
    assert find_source("timm/resnet18.a2_in1k", "DEFAULT") == TimmWeights("resnet18.a2_in1k")
    assert find_source("timm/resnet18.a2_in1k", None) is None


@pytest.mark.parametrize(
    "name, weights, error, message",
    [
        (
            "vit_smal_patch14_dinov2",
            None,
            ValueError,
            "Did you mean 'timm/vit_small_patch14_dinov2'",
        ),
        ("resnet18.other", None, ValueError, "weights of 'resnet18' are 'a1_in1k', 'a2_in1k'"),
        ("hf-hub:someone/model", None, ValueError, "has no such network"),
        ("resnet18.a1_in1k", "tv_in1k", ValueError, "backbone='timm/resnet18'"),
        ("resnet18", "other", ValueError, "The names are: 'DEFAULT', 'a1_in1k'"),
        ("resnet18", "other.pth", FileNotFoundError, "no file 'other.pth'"),
        ("resnet18", 3, TypeError, "weights must be a name, a path or None, got 3"),
        ("vit_small_patch16_36x1_224", "DEFAULT", ValueError, "timm has no weights of"),
    ],
)
def test_names_that_do_not_exist(name, weights, error, message):
    with pytest.raises(error, match=message):
        find_source(f"timm/{name}", weights)


def test_timm_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ImportError, match=r"pip install 'sklearn-ctran\[timm\]'"):
        find_source("timm/resnet18", None)


# -- the images that they expect ----------------------------------------------------------------


@pytest.mark.parametrize(
    "name, weights, expected",
    [
        ("timm/test_vit", None, (168, 160, "center", "bicubic")),
        ("timm/vit_small_patch14_dinov2.lvd142m", "DEFAULT", (518, 518, "center", "bicubic")),
        (
            "timm/vit_so400m_patch14_siglip_gap_378.webli_ft_in1k",
            None,
            (378, 378, "squash", "bicubic"),
        ),
        ("timm/resnet18", "tv_in1k", (256, 224, "center", "bilinear")),
        ("timm/resnet18", "a1_in1k", (235, 224, "center", "bicubic")),
        ("resnet50", "IMAGENET1K_V1", (256, 224, "center", "bilinear")),
        ("resnet50", "IMAGENET1K_V2", (232, 224, "center", "bilinear")),
        ("inception_v3", None, (342, 299, "center", "bilinear")),
    ],
)
def test_own_image_size(name, weights, expected):
    assert own_image_size(name, weights) == expected


@pytest.mark.parametrize(
    "backbone, message",
    [
        ("small", "'small' is for images of any size"),
        (torch.nn.Conv2d(3, 4, 3), "a module of your own is for images of any size"),
        ("timm/vit_base_patch16_sapiens2.fb", "Set image_size to a number of pixels"),
    ],
)
def test_no_image_size_of_its_own(backbone, message):
    with pytest.raises(ValueError, match=f"image_size='auto': .*{message}"):
        own_image_size(backbone, None)
