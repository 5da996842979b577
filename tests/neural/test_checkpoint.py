"""The authors' checkpoints."""

import numpy as np
import pytest
import torch
from torchvision.models import resnet18, resnet34

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


def tiny_state(n_labels=3, d=8, n_layers=1):
    """Random weights under the authors' names."""
    torch.manual_seed(0)
    shapes = {
        "label_lt.weight": (n_labels, d),
        "known_label_lt.weight": (3, d),
        "output_linear.weight": (n_labels, d),
        "output_linear.bias": (n_labels,),
        "LayerNorm.weight": (d,),
        "LayerNorm.bias": (d,),
    }
    for i in range(n_layers):
        layer = f"self_attn_layers.{i}.transformer_layer."
        for part in ("linear1", "linear2", "self_attn.out_proj"):
            shapes |= {f"{layer}{part}.weight": (d, d), f"{layer}{part}.bias": (d,)}
        for part in ("norm1", "norm2"):
            shapes |= {f"{layer}{part}.weight": (d,), f"{layer}{part}.bias": (d,)}
        shapes[f"{layer}self_attn.in_proj_weight"] = (3 * d, d)
        shapes[f"{layer}self_attn.in_proj_bias"] = (3 * d,)
    return {name: torch.randn(shape) for name, shape in shapes.items()}


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


@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda s: s.pop("known_label_lt.weight"), "no 'known_label_lt.weight'"),
        (lambda s: s.pop("LayerNorm.bias"), "does not fit: input_norm.bias"),
    ],
)
def test_files_that_are_no_checkpoint(tmp_path, spoil, message):
    state = tiny_state()
    spoil(state)
    torch.save(state, tmp_path / "c.pt")
    with pytest.raises(ValueError, match=message):
        CTranClassifier.from_official_checkpoint(tmp_path / "c.pt", backbone=None)


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
    with pytest.raises(ValueError, match="3 labels, label_names 2"):
        CTranClassifier.from_official_checkpoint(
            tmp_path / "c.pt", backbone=None, label_names=["a", "b"]
        )
    with pytest.raises(ValueError, match=r"CNN in '.*c\.pt' does not fit this backbone: .* conv1"):
        CTranClassifier.from_official_checkpoint(tmp_path / "c.pt", backbone="resnet18")
