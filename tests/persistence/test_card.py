"""Cards are in the file of a model, are read without it, and hold nothing but texts and numbers."""

import json
from dataclasses import replace

import numpy as np
import pytest
from model_files import header_and_tensors, write

from sklearn_ctran import CTranClassifier, ModelCard, load, load_card
from sklearn_ctran._persistence.card import MOST_TEXT
from sklearn_ctran.baselines import MaskedLinear
from sklearn_ctran.model_selection import TunedThresholds

CARD = ModelCard(
    name="Rain or shine",
    description="Weather in *photos* of streets.",
    licence="cc-by-4.0",
    authors=["A. Person", "B. Person"],
    data={"images": 40, "source": "our cameras", "share": 0.25, "public": False},
    label_counts={"cat": 12, "7": 3},
    scores=[{"method": "C-Tran", "mAP": 0.8125}, {"method": "majority", "mAP": 0.25}],
    intended_use="Signs.",
    limits="Not at night.",
    created="2026-11-28",
)


@pytest.fixture(scope="module")
def model(features):
    X, Y = features
    return MaskedLinear(random_state=0).fit(X, Y)


@pytest.fixture
def path(model, tmp_path):
    model.save(tmp_path / "model.ctran", card=CARD)
    return tmp_path / "model.ctran"


def test_a_card_comes_back(path):
    card = load_card(path)
    assert replace(card) == CARD  # without what was added
    assert card.automatic["model"] == "MaskedLinear"
    assert card.automatic["labels"] == ["cat", "('dog', 1)", "7"]
    assert card.automatic["extra_labels"] == []
    assert card.automatic["parameters"]["random_state"] == 0
    assert "sklearn-ctran" in card.automatic["versions"]


def test_a_model_with_a_card_loads(model, path, features):
    np.testing.assert_array_equal(
        load(path).predict_proba(features[0]), model.predict_proba(features[0])
    )


def test_a_file_without_a_card(model, tmp_path):
    model.save(tmp_path / "model.ctran")
    header, _ = header_and_tensors(tmp_path / "model.ctran")
    assert "card" not in header  # It is what it was before there were cards.
    with pytest.raises(ValueError, match=r"model.ctran' cannot be read: it was saved without one"):
        load_card(tmp_path / "model.ctran")


def test_equal_models_and_cards_are_equal_files(model, path, tmp_path):
    model.save(tmp_path / "other.ctran", card=CARD)
    assert (tmp_path / "other.ctran").read_bytes() == path.read_bytes()


def test_networks_and_thresholds(features, tmp_path):
    X, Y = features
    network = CTranClassifier(d_model=8, n_layers=1, max_epochs=1, random_state=0)
    tuned = TunedThresholds(network, cv=2, random_state=0).fit(X, Y, extra_labels={"city": Y[7]})
    tuned.save(tmp_path / "model.ctran", card=ModelCard())
    told = load_card(tmp_path / "model.ctran").automatic
    assert told["model"] == "TunedThresholds"
    assert told["extra_labels"] == ["city"]
    assert told["parameters"]["estimator__d_model"] == 8


def test_no_tensor_is_read(path, monkeypatch):
    import safetensors

    class Header:
        def __init__(self, *args, **kwargs):
            self.file = real(*args, **kwargs)

        def __enter__(self):
            return self

        def __exit__(self, *args):
            self.file.__exit__(*args)

        def metadata(self):
            return self.file.metadata()

    real = safetensors.safe_open
    monkeypatch.setattr(safetensors, "safe_open", Header)
    assert load_card(path).name == "Rain or shine"


def test_a_card_that_was_changed_is_found_when_the_model_is_loaded(path):
    header, tensors = header_and_tensors(path)
    header["card"]["licence"] = "mit"
    write(path, header, tensors, fresh_digest=False)
    assert load_card(path).licence == "mit"
    with pytest.raises(ValueError, match="it was changed or damaged"):
        load(path)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda card: card.pop("name"), "it has other entries"),
        (lambda card: card.update(other=1), "it has other entries"),
        (lambda card: card.update(name=3), "name of a card must be a text, got 3"),
        (lambda card: card.update(authors="me"), "authors of a card must be a list"),
        (lambda card: card.update(data={"a": {}}), "data of a card must be a dict"),
        (lambda card: card.update(label_counts={"a": -1}), "label_counts of a card must be"),
        (lambda card: card.update(scores=[1]), "scores of a card must be a list"),
        (lambda card: card.update(automatic=[]), "it has other entries"),
        (lambda card: card.update(limits="x" * MOST_TEXT), "it has more than"),
    ],
)
def test_cards_of_strangers(change, message, path):
    header, tensors = header_and_tensors(path)
    change(header["card"])
    write(path, header, tensors)
    with pytest.raises(ValueError, match=f"model.ctran' cannot be read: {message}"):
        load_card(path)


@pytest.mark.parametrize("card", [None, [], "text", 3])
def test_what_is_no_card(card, path):
    header, tensors = header_and_tensors(path)
    header["card"] = card
    write(path, header, tensors)
    with pytest.raises(ValueError, match="cannot be read"):
        load_card(path)


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04", b"\x80\x04"])
def test_other_files(content, tmp_path):
    (tmp_path / "model.ctran").write_bytes(content)
    with pytest.raises(ValueError, match="model.ctran' cannot be read"):
        load_card(tmp_path / "model.ctran")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        load_card(tmp_path / "lost.ctran")


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"name": None}, "name of a card"),
        ({"authors": ("me",)}, "authors of a card"),
        ({"data": {1: 2}}, "data of a card"),
        ({"data": {"a": float("nan")}}, "data of a card"),
        ({"label_counts": {"a": 1.5}}, "label_counts of a card"),
        ({"scores": {"mAP": 0.5}}, "scores of a card"),
    ],
)
def test_wrong_fields(fields, message):
    with pytest.raises(TypeError, match=message):
        ModelCard(**fields)


def test_wrong_cards(model, tmp_path):
    with pytest.raises(TypeError, match="card must be a ModelCard or None, got a dict"):
        model.save(tmp_path / "model.ctran", card={"name": "Mine"})
    with pytest.raises(ValueError, match="a card has at most 1,048,576"):
        model.save(tmp_path / "model.ctran", card=ModelCard(limits="x" * MOST_TEXT))
    assert not list(tmp_path.iterdir())


def test_as_a_dict(path):
    card = load_card(path)
    assert json.loads(json.dumps(card.to_dict()))["scores"] == CARD.scores
