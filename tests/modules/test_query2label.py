"""Query2Label's network: as the authors', and its positions."""

import numpy as np
import torch

from sklearn_ctran.modules.query2label import Query2LabelModel, sine_positions

_SIZES = {"d_model": 16, "n_heads": 4, "n_hidden": 32, "layer_dropout": 0.1, "dropout": 0.5}


def renamed(state, module):
    """The authors' weights under our names."""
    ours = {"project.weight": state["input_proj.weight"][:, :, 0, 0]}
    ours["project.bias"] = state["input_proj.bias"]
    ours |= {f"norm.{kind}": state[f"transformer.decoder.norm.{kind}"] for kind in KINDS}
    ours |= {"queries": state["query_embed.weight"], "readout": state["fc.W"][0]}
    ours["bias"] = state["fc.b"][0]
    ours |= _layer(state, "transformer.encoder.layers.0", "encoder.0", "self_attn", (1, 2))
    for i in range(2):
        where = f"transformer.decoder.layers.{i}", f"decoder.{i}.to_image"
        ours |= _layer(state, *where, "multihead_attn", (2, 3))
    return ours | {name: getattr(module, name) for name in ("feature_mean", "feature_scale")}


KINDS = "weight", "bias"


def _layer(state, theirs, ours, attention, norms):
    named = {}
    for kind in KINDS:
        parts = state[f"{theirs}.{attention}.in_proj_{kind}"].chunk(3)
        for name, part in zip(("query", "key", "value"), parts, strict=True):
            named[f"{ours}.attention.{name}.{kind}"] = part
        named[f"{ours}.attention.out.{kind}"] = state[f"{theirs}.{attention}.out_proj.{kind}"]
        for i, norm in enumerate(norms, 1):
            named[f"{ours}.linear{i}.{kind}"] = state[f"{theirs}.linear{i}.{kind}"]
            named[f"{ours}.norm{i}.{kind}"] = state[f"{theirs}.norm{norm}.{kind}"]
    return named


def test_computes_what_the_authors_do(shared):
    with np.load(shared / "reference" / "rivals" / "query2label_tiny.npz") as file:
        theirs = {name.removeprefix("state/"): torch.from_numpy(file[name]) for name in file.files}
    layers = {"n_encoder_layers": 1, "n_decoder_layers": 2, "self_attention": False}
    module = Query2LabelModel(7, 12, grid=(3, 3), **_SIZES, **layers).eval()
    module.load_state_dict(renamed(theirs, module))
    place = theirs["position"].flatten(2).transpose(1, 2)
    torch.testing.assert_close(sine_positions((3, 3), 16), place[0], atol=1e-5, rtol=0)
    tokens = theirs["feature_map"].flatten(2).transpose(1, 2)
    logits = module(tokens, torch.full((4, 7), -1, dtype=torch.int8))[0]
    torch.testing.assert_close(logits, theirs["logits"], atol=1e-5, rtol=0)


def test_queries_hear_each_other_by_self_attention_only():
    torch.manual_seed(0)
    tokens, states = torch.randn(2, 6, 5), torch.full((2, 3), -1)
    for self_attention in (False, True):
        layers = {"n_encoder_layers": 0, "n_decoder_layers": 2, "self_attention": self_attention}
        module = Query2LabelModel(3, 5, grid=(2, 3), **_SIZES, **layers).eval()
        torch.nn.init.normal_(module.readout)
        before = module(tokens, states)
        module.queries.data[1] += 1
        change = (module(tokens, states) - before).abs().amax(dim=(0, 1))
        assert (change > 1e-6).tolist() == [self_attention, True, self_attention]


def test_positions_by_hand():
    place = sine_positions((2, 3), 8)
    assert place.shape == (6, 8)
    row, column = 1, 2
    angles = 2 * np.pi * np.array([(row + 1) / 2, (column + 1) / 3])
    # Two periods of each: 1, and the square root of 10,000.
    expected = [f(a / period) for a in angles for period in (1, 100) for f in (np.sin, np.cos)]
    np.testing.assert_allclose(place[row * 3 + column], expected, atol=1e-5)
