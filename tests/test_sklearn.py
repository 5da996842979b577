"""At home among scikit-learn's tools."""

import re
import subprocess
import sys
from numbers import Integral

import joblib
import numpy as np
import pytest
import sklearn
from rivals import CLASSES, made
from sklearn.base import clone
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score, get_scorer, roc_auc_score
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils._param_validation import (
    Interval,
    InvalidParameterError,
    validate_parameter_constraints,
)

from sklearn_ctran import CTranClassifier, ImageTokens

QUICK = {"d_model": 8, "n_layers": 1, "n_heads": 2, "max_epochs": 2, "random_state": 0}


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    X = rng.randn(90, 5).astype(np.float32)
    return X, (X[:, :3] + rng.randn(90, 3) > 0).astype(int)


@pytest.fixture
def files(tmp_path):
    from PIL import Image

    rng = np.random.RandomState(0)
    paths = [str(tmp_path / f"{i}.png") for i in range(24)]
    for path in paths:
        Image.fromarray(rng.randint(256, size=(10, 10, 3), dtype=np.uint8)).save(path)
    return paths, rng.randint(2, size=(24, 3))


def test_clone_and_set_params_after_fit(table):
    X, Y = table
    model = CTranClassifier(**QUICK).fit(X, Y)
    before = model.predict_proba(X)
    model.set_params(d_model=16, lr=0.1, n_layers=2)
    np.testing.assert_array_equal(model.predict_proba(X), before)
    assert not hasattr(clone(model), "net_")
    assert model.fit(X, Y).net_.module_.label_embedding.label.shape == (3, 16)


def test_joblib(table, tmp_path):
    X, Y = table
    model = CTranClassifier(**QUICK).fit(X, Y)
    joblib.dump(model, tmp_path / "model.joblib")
    again = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_pipeline_passes_known_labels_on(table):
    X, Y = table
    known = np.where(np.arange(3) == 1, Y, -1)
    with sklearn.config_context(enable_metadata_routing=True):
        model = CTranClassifier(**QUICK)
        model.set_predict_proba_request(known_labels=True).set_score_request(known_labels=True)
        pipeline = make_pipeline(StandardScaler(), model).fit(X, Y)
        proba = pipeline.predict_proba(X, known_labels=known)
        np.testing.assert_array_equal(proba[:, 1], Y[:, 1])
        expected = pipeline[-1].predict_proba(pipeline[0].transform(X), known)
        np.testing.assert_array_equal(proba, expected)
        assert pipeline.score(X, Y, known_labels=known) == pytest.approx(
            pipeline[-1].score(pipeline[0].transform(X), Y, known)
        )


def test_images_through_a_pipeline(files):
    paths, Y = files
    model = CTranClassifier("small", image_size=10, **QUICK)
    pipeline = make_pipeline(FunctionTransformer(lambda X: X[::-1]), model).fit(paths, Y[::-1])
    expected = clone(model).fit(paths[::-1], Y[::-1]).predict_proba(paths)
    np.testing.assert_array_equal(pipeline.predict_proba(paths[::-1]), expected)
    np.testing.assert_array_equal(pipeline.predict(paths[::-1]), expected > 0.5)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_grid_search(table, n_jobs):
    X, Y = table
    cv, grid = KFold(2), {"lr": [1e-6, 0.01]}
    model = CTranClassifier(**QUICK | {"max_epochs": 10})
    search = GridSearchCV(model, grid, cv=cv, n_jobs=n_jobs).fit(X, Y)
    expected = [
        np.mean(
            [
                clone(model).set_params(lr=lr).fit(X[train], Y[train]).score(X[test], Y[test])
                for train, test in cv.split(X)
            ]
        )
        for lr in grid["lr"]
    ]
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], expected)
    assert search.best_params_ == {"lr": 0.01}
    again = clone(model).set_params(lr=0.01).fit(X, Y)
    np.testing.assert_array_equal(search.predict_proba(X), again.predict_proba(X))


def test_cross_validation_of_files(files):
    paths, Y = files
    model = CTranClassifier("small", image_size=10, **QUICK)
    scores = cross_val_score(model, paths, Y, cv=KFold(2))
    paths = np.array(paths)
    for score, (train, test) in zip(scores, KFold(2).split(paths), strict=True):
        fitted = clone(model).fit(paths[train], Y[train])
        assert score == pytest.approx(fitted.score(paths[test], Y[test]))


def test_cross_validate_routes_known_labels_and_scores_unknown_entries(table):
    X, Y = table
    known = np.where(np.arange(3) < 2, Y, -1)
    with sklearn.config_context(enable_metadata_routing=True):
        model = CTranClassifier(**QUICK).set_score_request(known_labels=True)
        cv = KFold(3)
        result = cross_validate(
            model, X, Y, cv=cv, params={"known_labels": known}, return_estimator=True
        )
    for fitted, score, (_, test) in zip(
        result["estimator"], result["test_score"], cv.split(X), strict=True
    ):
        assert score == fitted.score(X[test], Y[test], known_labels=known[test])


def test_missing_labels_in_cross_validation(table):
    X, Y = table
    Y = Y.astype(float)
    Y[::4, 0] = np.nan
    model = CTranClassifier(**QUICK)
    scores = cross_val_score(model, X, Y, cv=KFold(3), error_score="raise")
    for score, (train, test) in zip(scores, KFold(3).split(X), strict=True):
        proba = clone(model).fit(X[train], Y[train]).predict_proba(X[test])
        seen = ~np.isnan(Y[test, 0])
        expected = [average_precision_score(Y[test][seen, 0], proba[seen, 0])]
        expected += [average_precision_score(Y[test, i], proba[:, i]) for i in (1, 2)]
        assert score == pytest.approx(np.mean(expected))


@pytest.mark.parametrize("n_labels", [1, 2, 3])
def test_cross_val_predict_and_string_scorers(table, n_labels):
    X, Y = table[0], table[1][:, :n_labels]
    model = CTranClassifier(**QUICK)
    proba = cross_val_predict(model, X, Y, cv=KFold(2), method="predict_proba")
    train, test = next(KFold(2).split(X))
    expected = clone(model).fit(X[train], Y[train]).predict_proba(X[test])
    np.testing.assert_array_equal(proba[test], expected)
    model.fit(X, Y)
    proba, predicted = model.predict_proba(X), model.predict(X)
    for name, expected in {
        "average_precision": average_precision_score(Y, proba),
        "roc_auc": roc_auc_score(Y, proba),
        "f1_macro": f1_score(Y, predicted, average="macro"),
        "accuracy": (predicted == Y).all(axis=1).mean(),
    }.items():
        assert get_scorer(name)(model, X, Y) == pytest.approx(expected), name


@pytest.mark.parametrize(
    ("n_labels", "method"), [(2, "predict_proba"), (2, "decision_function"), (3, "predict_proba")]
)
def test_stacking(table, n_labels, method):
    X, Y = table[0], table[1][:, :n_labels]
    model, cv = CTranClassifier(**QUICK), KFold(2)
    stack = StackingClassifier([("ctran", model)], clone(model), cv=cv, stack_method=method)
    stack.fit(X, Y)
    # Of the probabilities of two labels, scikit-learn takes the first for that of class 0 of two,
    # and leaves it out. Of logits it keeps both, as the guide to known labels says.
    first = 1 if (n_labels, method) == (2, "predict_proba") else 0
    assert stack.transform(X).shape == (len(X), n_labels - first)
    inner = cross_val_predict(model, X, Y, cv=cv, method=method)[:, first:]
    final = clone(model).fit(inner, Y)
    expected = final.predict_proba(getattr(clone(model).fit(X, Y), method)(X)[:, first:])
    is_clear = np.abs(expected - 0.5) > 1e-4
    assert is_clear.mean() > 0.9
    np.testing.assert_array_equal(stack.predict(X)[is_clear], expected[is_clear] > 0.5)


@pytest.mark.parametrize("kind", CLASSES)
def test_stacked_logits_of_baselines_are_of_both_labels(table, kind):
    X, Y = table[0], table[1][:, :2]
    model = made(kind, max_epochs=4)  # SRN has four stages.
    final = MultiOutputClassifier(LogisticRegression())
    stack = StackingClassifier(
        [("model", model)], final, cv=KFold(2), stack_method="decision_function"
    )
    expected = clone(model).fit(X, Y).decision_function(X)
    np.testing.assert_allclose(stack.fit(X, Y).transform(X), expected, rtol=1e-4, atol=1e-4)


def test_stacking_of_classes(table):
    X, y = table[0], table[1][:, 0]
    model = CTranClassifier(**QUICK | {"max_epochs": 20, "lr": 0.01})
    stack = StackingClassifier([("ctran", model)], LogisticRegression(), cv=2).fit(X, y)
    assert stack.score(X, y) > 0.7
    # Of two classes, the second one's probability goes on, and counts for it.
    assert stack.final_estimator_.coef_.shape == (1, 1)
    assert stack.final_estimator_.coef_[0, 0] > 0


def test_html_representation(table):
    model = CTranClassifier(**QUICK)
    status = re.compile(r"<span class=\"sk-estimator-doc-link ?(\w*)\">i<span>(Not fitted|Fitted)")
    assert status.search(model._repr_html_()).groups() == ("", "Not fitted")
    assert status.search(model.fit(*table)._repr_html_()).groups() == ("fitted", "Fitted")
    shown = eval(repr(model), {"CTranClassifier": CTranClassifier})
    assert shown.get_params() == model.get_params()


def test_importing_costs_no_more_than_what_it_is_built_on():
    """No package comes in that scikit-learn, skorch and torch do not depend on: no torchvision."""
    code = (
        "import sys, sklearn, skorch, torch, PIL, filelock;"
        "known = {*sys.stdlib_module_names, *(m.split('.')[0] for m in sys.modules)};"
        "import sklearn_ctran;"
        "print(sorted({m.split('.')[0] for m in sys.modules} - known))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "['sklearn_ctran']"


@pytest.mark.parametrize("kind", [*CLASSES, CTranClassifier, ImageTokens])
def test_a_boolean_is_no_number_of_things(kind):
    """True is 1 to Python, and nobody's number of layers or epochs."""
    constraints = kind._parameter_constraints
    counts = [
        name
        for name, allowed in constraints.items()
        if isinstance(allowed, list)
        and any(isinstance(each, Interval) and each.type is Integral for each in allowed)
        and "boolean" not in allowed
    ]
    for name in counts:
        with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter .* Got True"):
            validate_parameter_constraints({name: constraints[name]}, {name: True}, kind.__name__)
