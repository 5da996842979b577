"""CSRA's network: as the authors', and as its equations."""

import numpy as np
import pytest
import torch

from sklearn_ctran.modules.csra import CSRAModel, attended_scores


@pytest.mark.parametrize("n_heads", [1, 2, 4])
def test_computes_what_the_authors_do(shared, n_heads):
    path = shared / "reference" / "rivals" / f"csra_{n_heads}_heads_tiny.npz"
    with np.load(path) as file:
        theirs = {name: torch.from_numpy(file[name]) for name in file.files}
    weight = float(theirs["lam"])
    module = CSRAModel(7, 12, n_heads=n_heads, residual_weight=weight, dropout=0.5).eval()
    heads = [theirs[f"state/multi_head.{i}.head.weight"].flatten(1) for i in range(n_heads)]
    module.classifiers.data = torch.stack(heads)
    tokens = theirs["feature_map"].flatten(2).transpose(1, 2)
    logits = module(tokens, torch.full((4, 7), -1, dtype=torch.int8))[0]
    torch.testing.assert_close(logits, theirs["logits"], atol=1e-5, rtol=0)


def test_attention_is_between_mean_and_maximum():
    scores = torch.tensor([[[0.0], [1.0], [3.0]]])
    assert attended_scores(scores, 1e-6).item() == pytest.approx(4 / 3, abs=1e-4)
    assert attended_scores(scores, float("inf")).item() == 3
    weights = np.exp([0, 2, 6]) / np.exp([0, 2, 6]).sum()
    assert attended_scores(scores, 2.0).item() == pytest.approx(weights @ [0, 1, 3])
