"""KGGR's network: classifiers that hear of one another."""

import torch

from sklearn_ctran.modules.kggr import KGGRModel

SIZES = {"n_dimensions": 2, "learned": True, "d_model": 4, "n_attention": 3, "n_output": 5}


def made(**params):
    torch.manual_seed(0)
    params = SIZES | {"n_steps": 1, "n_classifier_steps": 1, "dropout": 0.0} | params
    module = KGGRModel(3, 6, **params)
    torch.nn.init.normal_(module.settle.weight)
    module.set_graph(torch.tensor([[0.0, 1, 0], [0, 0, 0], [0, 0, 0]]))
    return module


def test_a_classifier_reaches_those_of_its_neighbors():
    module = made()
    before = module.label_classifiers()
    module.classifiers.data[1] += 1
    changed = (module.label_classifiers() - before).abs().amax(dim=1) > 1e-6
    assert changed.tolist() == [True, True, False]
    alone = made(n_classifier_steps=0)
    before = alone.label_classifiers()
    alone.classifiers.data[1] += 1
    changed = (alone.label_classifiers() - before).abs().amax(dim=1) > 1e-6
    assert changed.tolist() == [False, True, False]


def test_training_starts_at_the_log_odds():
    torch.manual_seed(0)
    module = KGGRModel(3, 6, n_steps=1, n_classifier_steps=1, dropout=0.0, **SIZES)
    module.set_prior(torch.tensor([1.0, -2.0, 0.5]))
    logits = module(torch.randn(4, 2, 6), torch.full((4, 3), -1))
    torch.testing.assert_close(logits, torch.tensor([1.0, -2.0, 0.5]).expand(1, 4, 3))


def test_stages():
    module = made(few_shot=(2,))
    assert module.learned_labels().all()
    module.set_stage(1)
    assert module.learned_labels().tolist() == [True, True, False]
    module.set_stage(2)
    assert module.learned_labels().all()
    trained = {name for name, each in module.named_parameters() if each.requires_grad}
    assert {name.partition(".")[0] for name in trained} == {
        "classifiers", "bias", "relate", "settle"
    }  # fmt: skip
    module.set_stage(None)
    assert all(each.requires_grad for each in module.parameters())
