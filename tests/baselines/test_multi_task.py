"""MultiTask: a perceptron whose hidden units learn from extra labels too."""

import torch

from sklearn_ctran.baselines import MultiTask, StandardMLP


def test_only_multi_task_learns_from_extra_labels(noisy_table):
    X, Y = noisy_table
    extra = Y[:, ::-1]
    params = {"max_epochs": 10, "lr": 0.02, "random_state": 0, "precision": "float64"}
    for kind, is_taught in ((StandardMLP, False), (MultiTask, True)):
        alone = kind(**params).fit(X, Y)
        taught = kind(**params).fit(X, Y, extra_labels=extra)
        hidden = [model.net_.module_.hidden.weight for model in (alone, taught)]
        assert torch.allclose(*hidden, atol=1e-4) != is_taught
