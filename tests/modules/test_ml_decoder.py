"""ML-Decoder's network: as the authors', and its zero-shot form."""

import numpy as np
import pytest
import torch

from sklearn_ctran.modules.ml_decoder import MLDecoderModel

_SIZES = {"d_model": 16, "n_heads": 8, "n_hidden": 32, "layer_dropout": 0.1, "dropout": 0.5}
KINDS = "weight", "bias"


@pytest.mark.parametrize(("file", "n_groups"), [("full", 100), ("6", 6)])
def test_computes_what_the_authors_do(shared, file, n_groups):
    path = shared / "reference" / "rivals" / f"ml_decoder_{file}_groups_tiny.npz"
    with np.load(path) as held:
        theirs = {
            name.removeprefix("state/decoder."): torch.from_numpy(held[name]) for name in held.files
        }
    module = MLDecoderModel(20, 12, n_dimensions=None, n_groups=n_groups, **_SIZES).eval()
    layer = "layers.0."
    ours = {"queries": theirs["query_embed.weight"], "readout": theirs["duplicate_pooling"]}
    ours["bias"] = theirs["duplicate_pooling_bias"]
    names = {
        "project": "embed_standart",
        "norm": f"{layer}norm1",
        "layer.norm1": f"{layer}norm2",
        "layer.norm2": f"{layer}norm3",
        "layer.linear1": f"{layer}linear1",
        "layer.linear2": f"{layer}linear2",
        "layer.attention.out": f"{layer}multihead_attn.out_proj",
    }
    for kind in KINDS:
        ours |= {f"{name}.{kind}": theirs[f"{its}.{kind}"] for name, its in names.items()}
        parts = theirs[f"{layer}multihead_attn.in_proj_{kind}"].chunk(3)
        for name, part in zip(("query", "key", "value"), parts, strict=True):
            ours[f"layer.attention.{name}.{kind}"] = part
    ours |= {name: getattr(module, name) for name in ("feature_mean", "feature_scale")}
    module.load_state_dict(ours)
    tokens = theirs["feature_map"].flatten(2).transpose(1, 2)
    logits = module(tokens, torch.full((4, 20), -1, dtype=torch.int8))[0]
    torch.testing.assert_close(logits, theirs["logits"], atol=1e-5, rtol=0)


def test_queries_do_not_learn():
    module = MLDecoderModel(5, 4, n_dimensions=None, n_groups=2, **_SIZES)
    assert module.queries.shape == (2, 16)
    assert "queries" not in dict(module.named_parameters())
    assert module.readout.shape == (2, 16, 3)  # for 6 labels, of which the last is none


def test_in_the_zero_shot_form_nothing_but_the_bias_belongs_to_a_label():
    torch.manual_seed(0)
    module = MLDecoderModel(3, 4, n_dimensions=5, n_groups=100, **_SIZES).eval()
    torch.nn.init.normal_(module.readout)
    module.set_prior(torch.tensor([-1.0, -2.0, -3.0]))
    vectors, tokens = torch.randn(3, 5), torch.randn(2, 6, 4)
    module.vectors.give(vectors)
    logits = module(tokens, torch.full((2, 3), -1))[0]
    new = module.new_logits(tokens, vectors.flip(0))
    torch.testing.assert_close(new.flip(1) + 2, logits + torch.tensor([1.0, 2.0, 3.0]))
