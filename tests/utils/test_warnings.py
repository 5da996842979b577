import subprocess
import sys
import warnings

import pytest

from sklearn_ctran._utils.warnings import each_once, warn


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


# Fits of a search each run inside of catch_warnings, which makes Python forget what it has shown.
SEARCH = """
import warnings
from sklearn_ctran._utils.warnings import warn

def search():
    for candidate in range(50):
        with warnings.catch_warnings():
            warn("in every fit", UserWarning)

search()
for shown in range(3):
    with warnings.catch_warnings(record=True) as caught:
        search()
    assert len(caught) == 50
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    warn("at first ignored")
for action, n_errors in (("always", 0), ("error", 1)):
    warnings.simplefilter(action)
    try:
        warn("each time")
        warn("each time")
    except UserWarning:
        print("raised")
"""


def test_a_warning_of_all_fits_of_a_search_is_shown_once():
    """pytest records warnings, so this runs without it."""
    run = subprocess.run(
        [sys.executable, "-W", "default", "-c", SEARCH], capture_output=True, text=True, check=True
    )
    assert run.stderr.count("in every fit") == 1
    assert run.stderr.count("at first ignored") == 0
    assert run.stderr.count("each time") == 2
    assert run.stdout == "raised\n"


def test_each_different_warning_is_issued_once():
    with pytest.warns() as caught, each_once(), each_once(leave_out="three"):
        for _ in range(5):
            warn("one")
            warn("two", FutureWarning)
            warn("three, and what follows")
        assert len(caught) == 2  # at once, not at the end
    assert [(str(each.message), each.category) for each in caught] == [
        ("one", UserWarning),
        ("two", FutureWarning),
    ]
    assert {each.filename for each in caught} == {__file__}
    with pytest.warns(match="one"):
        warn("one")
    with pytest.raises(ValueError, match="inside"), each_once("one"):
        raise ValueError("inside")
    with pytest.warns(match="one"):
        warn("one")


# The numbers in these differ from fold to fold. A loop over data sets is no search.
FOLDS = """
import numpy as np
from sklearn.model_selection import KFold, cross_validate
from sklearn_ctran.baselines import LabelPowerset

X, Y = np.random.RandomState(0).randn(2, 60, 2)
Y = np.where(Y > 1.5, np.nan, Y > 0)
cross_validate(LabelPowerset(), X, Y, cv=KFold(5))
for n in (30, 40, 50):
    LabelPowerset().fit(X[:n], Y[:n])
"""


def test_a_topic_is_shown_once_for_all_folds():
    run = subprocess.run(
        [sys.executable, "-W", "default", "-c", FOLDS], capture_output=True, text=True, check=True
    )
    assert run.stderr.count("LabelPowerset leaves out") == 1 + 3
    with pytest.warns(match="1 row") as caught, each_once():
        for n_rows in (1, 2):
            warn(f"{n_rows} row(s)", topic="rows")
    assert len(caught) == 1
