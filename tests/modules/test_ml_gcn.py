"""ML-GCN's network: as the authors', and as the paper's equations."""

import numpy as np
import torch

from sklearn_ctran.modules.ml_gcn import MLGCNModel, normalized_graph, reweighted_graph


def test_edges_count_by_threshold_and_neighbors_have_a_share():
    graph = torch.tensor([[0.9, 0.4, 0.5], [0.3, 0.0, 1.0], [0.3, 0.3, 0.0]])
    expected = torch.tensor([[0.8, 0.1, 0.1], [0.0, 0.8, 0.2], [0.0, 0.0, 0.8]])
    torch.testing.assert_close(reweighted_graph(graph, 0.4, 0.2), expected)
    # A label without neighbours hears itself as loudly as others hear themselves and neighbours.
    normalized = normalized_graph(expected)
    torch.testing.assert_close(normalized[2], torch.tensor([0.0, 0.0, 1.0]))
    torch.testing.assert_close(normalized[0, 2], torch.tensor(0.1 / 0.8**0.5))


def test_computes_what_the_authors_do(shared):
    with np.load(shared / "reference" / "rivals" / "ml_gcn_tiny.npz") as file:
        theirs = {name: torch.from_numpy(file[name]) for name in file.files if name != "threshold"}
    with np.load(shared / "data" / "label_graphs" / "voc_adj_glove.npz") as file:
        words = torch.from_numpy(file["glove"])
        counts, n_photos = file["adj"], file["nums"]
    module = MLGCNModel(
        20, 24, n_dimensions=300, learned=False, n_hidden=16, pool="max", dropout=0.5
    ).eval()
    module.vectors.give(words)
    module.load_state_dict(
        {f"{mine}.weight": theirs[f"state/{name}.weight"] for mine, name in _LAYERS},
        strict=False,
    )
    module.propagation.copy_(theirs["A_normalised"])
    states = torch.full((5, 20), -1, dtype=torch.int8)
    logits = module(theirs["features"][:, None], states)
    torch.testing.assert_close(logits[0], theirs["logits"], atol=1e-5, rtol=0)
    # Their matrix: divided by the sums of columns, and transposed.
    edges = torch.from_numpy(counts / n_photos[:, None] >= 0.4).double()
    divided = 0.25 * edges / (edges.sum(dim=0) + 1e-6) + torch.eye(20, dtype=torch.float64)
    torch.testing.assert_close(divided, theirs["A"])
    scale = divided.sum(dim=1).rsqrt()
    transposed = scale[:, None] * divided.T * scale
    torch.testing.assert_close(transposed.float(), theirs["A_normalised"], atol=1e-5, rtol=0)


_LAYERS = (("first", "gc1"), ("second", "gc2"))
