"""At home among scikit-learn's tools."""

import subprocess
import sys

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_ctran import CTranClassifier

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
    pipeline = make_pipeline(FunctionTransformer(), model).fit(paths, Y)
    assert pipeline.predict(paths).shape == Y.shape


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_grid_search(table, n_jobs):
    X, Y = table
    search = GridSearchCV(
        CTranClassifier(**QUICK), {"d_model": [4, 8], "dropout": [0.0]}, cv=3, n_jobs=n_jobs
    )
    search.fit(X, Y)
    scores = search.cv_results_["mean_test_score"]
    assert ((scores > 0) & (scores <= 1)).all()
    assert search.best_estimator_.predict(X).shape == Y.shape


def test_cross_validation_of_files(files):
    paths, Y = files
    model = CTranClassifier("small", image_size=10, **QUICK)
    scores = cross_val_score(model, paths, Y, cv=KFold(3))
    assert len(scores) == 3
    assert np.isfinite(scores).all()


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
    scores = cross_val_score(CTranClassifier(**QUICK), X, Y, cv=KFold(3), error_score="raise")
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("n_labels", [1, 2, 3])
def test_cross_val_predict_and_string_scorers(table, n_labels):
    X, Y = table[0], table[1][:, :n_labels]
    model = CTranClassifier(**QUICK)
    proba = cross_val_predict(model, X, Y, cv=3, method="predict_proba")
    assert proba.shape == Y.shape
    model.fit(X, Y)
    for name in ("average_precision", "f1_macro", "roc_auc", "accuracy"):
        assert np.isfinite(get_scorer(name)(model, X, Y))


@pytest.mark.parametrize("n_labels", [2, 3])
def test_stacking(table, n_labels):
    X, Y = table[0], table[1][:, :n_labels]
    final = CTranClassifier(**QUICK)
    stack = StackingClassifier([("ctran", CTranClassifier(**QUICK))], final, cv=3)
    assert stack.fit(X, Y).predict(X).shape == Y.shape


def test_stacking_of_classes(table):
    X, Y = table
    stack = StackingClassifier([("ctran", CTranClassifier(**QUICK))], LogisticRegression(), cv=3)
    assert 0.4 < stack.fit(X, Y[:, 0]).score(X, Y[:, 0]) <= 1


def test_html_representation(table):
    model = CTranClassifier(**QUICK)
    assert "CTranClassifier" in model._repr_html_()
    assert "fitted" in model.fit(*table)._repr_html_()
    assert "d_model=8" in repr(model)


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
