"""Links from the HTML representation of estimators to the API reference."""

import inspect
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

import sklearn_ctran
from sklearn_ctran import CTranClassifier, baselines, model_selection

ROOT = Path(__file__).parents[2]
PLACES = [sklearn_ctran, baselines, model_selection]
ESTIMATORS = {
    f"{place.__name__}.{name}": getattr(place, name)
    for place in PLACES
    for name in place.__all__
    if inspect.isclass(getattr(place, name)) and issubclass(getattr(place, name), BaseEstimator)
}


def make(kind):
    needs_estimator = kind.__name__ in ("FeedbackProp", "MultilabelCalibrator", "TunedThresholds")
    return kind(LogisticRegression()) if needs_estimator else kind()


@pytest.fixture(scope="module")
def pages():
    """Names of the pages that Sphinx makes of docs/api.rst."""
    module, names = None, set()
    for line in (ROOT / "docs" / "api.rst").read_text(encoding="utf-8").splitlines():
        if line.startswith(".. currentmodule:: "):
            module = line.split()[-1]
        elif line.startswith("   ") and ":" not in line:
            names.add(f"{module}.{line.strip()}.html")
    return names


@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimators_link_to_their_page(name, pages):
    base = "https://sklearn-ctran.readthedocs.io/en/stable/"
    html = make(ESTIMATORS[name])._repr_html_()
    assert f'href="{base}generated/{name}.html"' in html
    assert f"{name}.html" in pages
    assert f'Documentation = "{base}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_classes_defined_elsewhere_have_no_link():
    mine = type("Mine", (CTranClassifier,), {"__module__": "my_project.models"})
    assert "readthedocs.io" not in mine()._repr_html_()
