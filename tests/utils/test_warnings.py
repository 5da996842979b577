import warnings

import pytest

from sklearn_ctran._utils.warnings import warn


def define(module, body, **names):
    """A function ``f`` of some code, as if it were defined in a module of that name."""
    space = {"__name__": module, **names}
    exec(compile(f"def f():\n    {body}\n", f"{module}.py", "exec"), space)
    return space["f"]


def filename_of_warning(*modules):
    """The file that a warning points at if the first module issues it and the last one calls."""
    function = define(modules[0], "warn('later', FutureWarning)", warn=warn)
    for module in modules[1:]:
        function = define(module, "inner()", inner=function)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function()
    assert [str(each.message) for each in caught] == ["later"]
    assert caught[0].category is FutureWarning
    return caught[0].filename


@pytest.mark.parametrize(
    "between", ["sklearn_ctran._task", "sklearn.base", "skorch.net", "torch.nn.modules.module"]
)
def test_points_at_the_first_caller_outside(between):
    modules = "sklearn_ctran._labels.weights", between, "sklearn_ctran._protocol"
    assert filename_of_warning(*modules, "my_script", "sklearn.base") == "my_script.py"


def test_a_package_of_a_similar_name_is_outside():
    modules = "sklearn_ctran._labels.weights", "sklearn_ctran_tools", "my_script"
    assert filename_of_warning(*modules) == "sklearn_ctran_tools.py"
