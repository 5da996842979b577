"""Options that several commands share."""

import inspect
from dataclasses import fields

from sklearn_ctran import CTranClassifier, encode_tokens
from sklearn_ctran._cli.options import Backbone, Running


def test_defaults_are_those_of_the_package():
    parameters = inspect.signature(CTranClassifier).parameters
    for name, value in Backbone().parameters().items():
        if name != "random_state":  # A command gives the same result twice.
            assert parameters[name].default == value
    for name in ("device", "batch_size"):
        assert parameters[name].default == Running().parameters()[name]


def test_every_option_is_a_parameter():
    both = Backbone().parameters() | Running().parameters()
    assert set(both) <= set(inspect.signature(encode_tokens).parameters)
    assert len(both) == len(fields(Backbone)) + len(fields(Running))


def test_values():
    backbone = Backbone(weights="none", image_size="none", seed=3).parameters()
    assert backbone["weights"] is None and backbone["image_size"] is None
    assert backbone["random_state"] == 3
    assert Running().parameters()["on_error"] == "raise"
    assert Running(skip_unreadable=True, jobs=2).parameters()["on_error"] == "warn"
    assert Running(jobs=2).parameters()["n_jobs"] == 2
