"""The public API is annotated, as ``py.typed`` promises; ``make lint`` checks the annotations."""

import inspect
from importlib import import_module

import pytest

PACKAGES = ("", ".baselines", ".metrics", ".inspection", ".model_selection", ".datasets")


def public_functions():
    """Public functions, methods, getters and constructors of this package, by qualified name."""
    functions = {}
    for package in PACKAGES:
        module = import_module(f"sklearn_ctran{package}")
        for thing in (getattr(module, name) for name in module.__all__):
            members = inspect.getmembers_static(thing) if inspect.isclass(thing) else [("", thing)]
            for name, member in members:
                member = member.fget if isinstance(member, property) else member
                member = inspect.unwrap(getattr(member, "__func__", member))
                is_public = name == "__init__" or not name.startswith("_")
                if not (is_public and inspect.isfunction(member)):
                    continue
                if member.__module__.startswith("sklearn_ctran."):
                    functions[member.__qualname__] = member
    return functions


FUNCTIONS = public_functions()


def test_finds_inherited_decorated_and_class_methods():
    expected = {
        "Baseline.fit",
        "CTranClassifier.__init__",
        "CTranClassifier.from_official_checkpoint",
        "LabelPredictions.label_names_",
        "LabelPredictions.predict_proba",
        "LearnedOutOfFold.fit",
        "make_digit_scenes",
        "mean_average_precision",
    }
    assert expected <= set(FUNCTIONS)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_public_function_is_annotated(name):
    signature = inspect.signature(FUNCTIONS[name])
    missing = [
        parameter.name
        for parameter in signature.parameters.values()
        if parameter.annotation is parameter.empty and parameter.name not in ("self", "cls")
    ]
    assert missing == []
    assert signature.return_annotation is not signature.empty
