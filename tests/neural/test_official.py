"""The authors' checkpoints."""

import numpy as np
import pytest
import torch
from torch_files import tiny_state
from torchvision.models import inception_v3, resnet18, resnet34

from sklearn_ctran import CTranClassifier


@pytest.fixture(scope="module")
def reference(shared):
    with np.load(shared / "reference" / "official_ctran_tiny.npz", allow_pickle=False) as data:
        return dict(data)


@pytest.fixture(scope="module")
def state(reference):
    """The authors' weights under the authors' names."""
    prefix = "state_dict/"
    return {
        name.removeprefix(prefix): torch.from_numpy(value)
        for name, value in reference.items()
        if name.startswith(prefix)
    }


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("wrapped", [True, False])
def test_same_logits_as_the_authors_code(reference, state, tmp_path, prefix, wrapped):
    named = {prefix + name: value for name, value in state.items()}
    torch.save({"state_dict": named, "epoch": 7} if wrapped else named, tmp_path / "best.pt")
    model = CTranClassifier.from_official_checkpoint(tmp_path / "best.pt", backbone=None)
    tokens = reference["features"].reshape(5, 16, 6).transpose(0, 2, 1)
    known = reference["known"]
    logits = model.decision_function(tokens, known_labels=known)
    unknown = known == -1
    np.testing.assert_allclose(logits[unknown], reference["logits"][unknown], atol=1e-5, rtol=0)
    # What is known comes back as known; the module itself agrees there as well.
    with torch.inference_mode():
        everything = model.net_.module_(torch.from_numpy(tokens.copy()), torch.from_numpy(known))
    np.testing.assert_allclose(everything[0], reference["logits"], atol=1e-5, rtol=0)


def test_backbone_and_names(tmp_path):
    torch.manual_seed(1)
    network = resnet18(num_classes=2).eval()
    for statistic, value in network.state_dict().items():
        if "running" in statistic:
            value.uniform_(0.5, 1.5)
    state = tiny_state(d=512)
    state |= {f"backbone.base_network.{k}": v for k, v in network.state_dict().items()}
    torch.save({"state_dict": {f"module.{k}": v for k, v in state.items()}}, tmp_path / "c.pt")
    model = CTranClassifier.from_official_checkpoint(
        tmp_path / "c.pt", backbone="resnet18", label_names=["a", "b", "c"], image_size=64
    )
    assert model.label_names_.tolist() == ["a", "b", "c"]
    own = model.net_.module_.backbone.trunk.state_dict()
    for name, value in network.state_dict().items():
        if not name.startswith("fc."):
            assert torch.equal(own[name], value), name
    images = np.random.RandomState(0).randint(256, size=(2, 64, 64, 3), dtype=np.uint8)
    proba = model.predict_proba(images, known_labels={"b": 1})
    assert proba.shape == (2, 3)
    assert (proba[:, 1] == 1).all()


def test_unknown_is_zero_and_nothing_else_changes(tmp_path):
    state = tiny_state()
    torch.save(state, tmp_path / "c.pt")
    before = torch.get_rng_state()
    model = CTranClassifier.from_official_checkpoint(tmp_path / "c.pt", backbone=None, n_heads=2)
    assert torch.equal(before, torch.get_rng_state())
    embedding = model.net_.module_.label_embedding
    theirs = state["label_lt.weight"] + state["known_label_lt.weight"][[0, 1, 2]]
    ours = embedding(torch.tensor([[-1, 0, 1]], dtype=torch.int8))[0]
    torch.testing.assert_close(ours, theirs)


def test_training_goes_on_from_a_checkpoint(tmp_path):
    torch.save(tiny_state(), tmp_path / "c.pt")
    model = CTranClassifier.from_official_checkpoint(tmp_path / "c.pt", backbone=None)
    rng = np.random.RandomState(0)
    X, Y = rng.randn(20, 4, 8).astype(np.float32), rng.randint(2, size=(20, 3))
    before = model.predict_proba(X)
    model.set_params(warm_start=True, max_epochs=1, random_state=0).fit(X, Y)
    after = model.predict_proba(X)
    assert 0 < np.abs(after - before).max() < 0.05


@pytest.mark.parametrize("zipped", [True, False])
def test_files_of_the_authors_trainer(tmp_path, zipped):
    """They hold metrics as numpy scalars; older ones are no zip."""
    saved = {
        "epoch": 3,
        "state_dict": tiny_state(),
        "valid_mAP": np.float64(0.8),
        "test_mAP": np.float64(0.7),
        "valid_loss": 0.5,
        "test_loss": 0.6,
    }
    torch.save(saved, tmp_path / "best.pt", _use_new_zipfile_serialization=zipped)
    torch.save(saved["state_dict"], tmp_path / "plain.pt")
    X = np.random.RandomState(0).randn(4, 5, 8).astype(np.float32)
    logits = [
        CTranClassifier.from_official_checkpoint(tmp_path / name, backbone=None).decision_function(
            X
        )
        for name in ("best.pt", "plain.pt")
    ]
    np.testing.assert_array_equal(*logits)


def test_a_model_without_label_mask_training(reference, state, tmp_path):
    """It never reads its embeddings of states: as if they were zero."""
    torch.save(state, tmp_path / "c.pt")
    zeros = {"known_label_lt.weight": torch.zeros_like(state["known_label_lt.weight"])}
    torch.save(state | zeros, tmp_path / "zeros.pt")
    model = CTranClassifier.from_official_checkpoint(
        tmp_path / "c.pt", backbone=None, label_mask_training=False
    )
    other = CTranClassifier.from_official_checkpoint(tmp_path / "zeros.pt", backbone=None)
    tokens = reference["features"].reshape(5, 16, 6).transpose(0, 2, 1)
    logits = model.decision_function(tokens)
    np.testing.assert_array_equal(logits, other.decision_function(tokens))
    known = reference["known"]
    given = model.decision_function(tokens, known_labels=known)
    np.testing.assert_array_equal(given[known == -1], logits[known == -1])
    assert model.unknown_fraction is None


def test_inception_reads_images_as_the_authors_did(tmp_path):
    torch.manual_seed(0)
    network = inception_v3(weights=None, init_weights=False).eval()
    state = tiny_state(d=2048, n_layers=1) | {"type_lt.weight": torch.zeros(2, 2048)}
    state |= {f"backbone.base_network.{k}": v for k, v in network.state_dict().items()}
    torch.save(state, tmp_path / "c.pt")
    model = CTranClassifier.from_official_checkpoint(
        tmp_path / "c.pt", backbone="inception_v3", image_size=75
    )
    images = torch.randint(0, 256, (2, 3, 75, 75), dtype=torch.uint8)
    trunk = model.net_.module_.backbone.eval()
    network.transform_input = False
    for part in ("avgpool", "dropout", "fc"):
        setattr(network, part, torch.nn.Identity())
    with torch.no_grad():
        expected = network((images / 255 - 0.5) / 2).reshape(2, 2048, 1, 1)
        torch.testing.assert_close(trunk(images), expected, atol=1e-4, rtol=1e-4)


LAYER = "self_attn_layers.0.transformer_layer."


@pytest.mark.parametrize(
    "change, message",
    [
        ({"known_label_lt.weight": None}, "no 'known_label_lt.weight'"),
        ({"LayerNorm.bias": None}, "no 'LayerNorm.bias'"),
        ({"label_lt.weight": None}, "no 'label_lt.weight'"),
        ({"label_lt.weight": torch.zeros(3)}, r"'label_lt.weight' has the shape \(3,\)"),
        ({"label_lt.weight": torch.zeros(0, 8)}, r"'label_lt.weight' has the shape \(0, 8\)"),
        ({"label_lt.weight": torch.zeros(4, 8)}, r"'output_linear.weight' has .*\(3, 8\), not"),
        ({"known_label_lt.weight": torch.zeros(2, 8)}, r"'known_label_lt.weight' has .*\(2, 8\)"),
        ({"conv_downsample.weight": torch.zeros(8, 8, 1, 1)}, "it has 'conv_downsample.weight'"),
        ({f"{LAYER}norm3.weight": torch.zeros(8)}, "it has 'self_attn_layers.0.*norm3"),
        ({f"{LAYER}self_attn.in_proj_weight": torch.zeros(8, 8)}, r"in_proj_weight' has .*\(24, 8"),
        ({f"{LAYER[:-2]}x.norm1.weight": torch.zeros(8)}, "it has no 'self_attn_layers.1"),
        ({"LayerNorm.bias": torch.full((8,), np.nan)}, "'LayerNorm.bias' has NaN or infinite"),
        (
            {"LayerNorm.bias": torch.full((8,), 1e300, dtype=torch.float64)},
            "'LayerNorm.bias' has NaN or inf",
        ),
        ({"LayerNorm.bias": torch.zeros(8, dtype=torch.int64)}, "'LayerNorm.bias' is torch.int64"),
        ({"LayerNorm.bias": torch.zeros(8, device="meta")}, "LayerNorm.bias has no values"),
        ({"label_lt.weight": torch.zeros(1, 8).expand(2_000_000, 8)}, "but has fewer values"),
        ({"LayerNorm.bias": [1.0]}, "holds no state_dict"),
    ],
)
def test_files_that_are_no_checkpoint(tmp_path, change, message):
    state = tiny_state() | change
    state = {name: value for name, value in state.items() if value is not None}
    torch.save(state, tmp_path / "c.pt")
    with pytest.raises(ValueError, match=rf"c\.pt' .*{message}"):
        CTranClassifier.from_official_checkpoint(tmp_path / "c.pt", backbone=None)


def test_layers_that_share_their_weights(tmp_path):
    """A short file could ask for any number of layers."""
    state = tiny_state(d=64, n_layers=30)
    first = {name: value for name, value in state.items() if name.startswith(LAYER)}
    for i in range(1, 30):
        state |= {name.replace(".0.", f".{i}.", 1): value for name, value in first.items()}
    torch.save(state, tmp_path / "c.pt")
    with pytest.raises(ValueError, match=r"c\.pt' .*more values than the file"):
        CTranClassifier.from_official_checkpoint(tmp_path / "c.pt", backbone=None)


@pytest.mark.parametrize(
    "name, value, message",
    [
        ("bn1.running_var", -1.0, "bn1.running_var has negative variances"),
        ("conv1.weight", np.nan, "conv1.weight has NaN or infinite values"),
    ],
)
def test_a_cnn_whose_values_cannot_be_used(tmp_path, name, value, message):
    cnn = resnet18().state_dict()
    cnn[name].flatten()[0] = value
    cnn = {f"backbone.base_network.{k}": v for k, v in cnn.items()}
    torch.save(tiny_state(d=512) | cnn, tmp_path / "c.pt")
    with pytest.raises(ValueError, match=rf"CNN in '.*c\.pt' cannot be used: {message}"):
        CTranClassifier.from_official_checkpoint(tmp_path / "c.pt", backbone="resnet18")


def test_the_cnn_of_another_backbone(tmp_path):
    cnn = {f"backbone.base_network.{k}": v for k, v in resnet34().state_dict().items()}
    torch.save(tiny_state(d=512) | cnn, tmp_path / "c.pt")
    with pytest.raises(ValueError, match=r"c\.pt' does not fit this backbone"):
        CTranClassifier.from_official_checkpoint(tmp_path / "c.pt", backbone="resnet18")


def test_bad_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.pt"):
        CTranClassifier.from_official_checkpoint(tmp_path / "nowhere.pt")
    (tmp_path / "text.pt").write_text("no tensors")
    with pytest.raises(ValueError, match=r"text\.pt' cannot be read"):
        CTranClassifier.from_official_checkpoint(tmp_path / "text.pt")
    torch.save(tiny_state(), tmp_path / "c.pt")
    with pytest.raises(ValueError, match=r"c.pt. has 3 labels, label_names has the shape \(2,\)"):
        CTranClassifier.from_official_checkpoint(
            tmp_path / "c.pt", backbone=None, label_names=["a", "b"]
        )
    with pytest.raises(ValueError, match="label_names has a name twice"):
        CTranClassifier.from_official_checkpoint(
            tmp_path / "c.pt", backbone=None, label_names=["a", "b", "a"]
        )
    with pytest.raises(ValueError, match=r"CNN in '.*c\.pt' does not fit this backbone: .* conv1"):
        CTranClassifier.from_official_checkpoint(tmp_path / "c.pt", backbone="resnet18")
    with pytest.raises(ValueError, match=r"c\.pt' has a width of 8, which n_heads=3"):
        CTranClassifier.from_official_checkpoint(tmp_path / "c.pt", backbone=None, n_heads=3)
    cnn = {f"backbone.base_network.{k}": v for k, v in resnet18().state_dict().items()}
    torch.save(tiny_state() | cnn, tmp_path / "c.pt")
    with pytest.raises(ValueError, match=r"c\.pt' has a width of 8, but this .* 512 channels"):
        CTranClassifier.from_official_checkpoint(tmp_path / "c.pt", backbone="resnet18")
