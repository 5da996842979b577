"""What all baselines have in common in fitting (`_base.py`), and scikit-learn's checks."""

import inspect

import joblib
import numpy as np
import pytest
import sklearn
from rivals import ALL, EXACT, META, NEURAL, all_baselines, brief, brief_baselines, made, wrapping
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_ctran import ImageTokens
from sklearn_ctran.baselines import CSRA, SSGRL, ConceptBottleneck, TokenNeighbours

#: Checks of what is learned.
LEARNS = ("check_classifiers_train", "check_classifiers_classes", "check_classifiers_one_label")

#: Those that learn in small steps.
SLOW = (CSRA, SSGRL)


@parametrize_with_checks(ALL)
def test_scikit_learn_checks(estimator, check):
    name = getattr(check, "func", check).__name__
    if type(estimator) in NEURAL:
        # Checks of the interface need not wait until something is learned.
        make = made if name.startswith(LEARNS) else brief
        params = EXACT | {"max_epochs": 4} if "sample_weight_equivalence" in name else {}
        if name == "check_classifiers_train":  # Three hundred samples, so many steps an epoch.
            params = {"max_epochs": 45 if type(estimator) in SLOW else 25}
        estimator = make(type(estimator), **params)
    if type(estimator) is ConceptBottleneck and "sample_order_invariance" in name:
        # Two layers of float32 differ by 2e-7 for rows in another order; the check allows 1e-7.
        estimator.set_params(precision="float64")
    check(estimator)  # the check asserts


@pytest.mark.filterwarnings("ignore:LabelPowerset leaves out")
@all_baselines
def test_weights_are_repetitions(baseline, told_table):
    X, Y = told_table
    Y = Y.astype(float)
    Y[::7, 1] = np.nan
    weight = np.random.RandomState(0).randint(3, size=len(X))
    precise = LogisticRegression(tol=1e-10, max_iter=1000)
    if type(baseline) in NEURAL:
        model = made(type(baseline), **EXACT)
    elif baseline in META:
        model = clone(baseline).set_params(estimator=precise)
    else:
        model = clone(baseline)
        model.set_params(**{name: 1e-10 for name in model.get_params() if name == "tol"})
    weighted = clone(model).fit(X, Y, sample_weight=weight)
    repeated = clone(model).fit(np.repeat(X, weight, axis=0), np.repeat(Y, weight, axis=0))
    known = np.where(np.random.RandomState(1).rand(*Y.shape) < 0.5, np.nan_to_num(Y), -1)
    np.testing.assert_allclose(
        weighted.predict_proba(X, known), repeated.predict_proba(X, known), atol=1e-6
    )
    plain = clone(model).fit(X, Y).predict_proba(X, known)
    assert not np.allclose(plain, weighted.predict_proba(X, known), atol=1e-3)
    with pytest.raises(ValueError, match="zero"):
        clone(model).fit(X, Y, sample_weight=np.zeros(len(X)))
    only_missing = np.where(np.isnan(Y[:, 1]), 1.0, 0.0)
    with pytest.raises(ValueError, match="Label 1 is annotated in samples of weight 0 only"):
        clone(model).fit(X, Y, sample_weight=only_missing)


@brief_baselines
def test_images_come_in_through_a_pipeline(baseline):
    rng = np.random.RandomState(0)
    images = rng.randint(256, size=(40, 16, 16, 3), dtype=np.uint8)
    Y = rng.randint(2, size=(40, 3))
    Y[:, 1] = Y[:, 0]
    features = ImageTokens("small", image_size=None, pool="mean", random_state=0)
    pipeline = make_pipeline(features, clone(baseline)).fit(images, Y)
    known = np.where(np.arange(3) == 0, Y, -1)
    proba = pipeline.predict_proba(images, known_labels=known)
    np.testing.assert_array_equal(proba[:, 0], Y[:, 0])
    expected = pipeline[-1].predict_proba(pipeline[0].transform(images), known)
    np.testing.assert_array_equal(proba, expected)
    with sklearn.config_context(enable_metadata_routing=True):
        last = clone(baseline).set_predict_proba_request(known_labels=True)
        last.set_fit_request(extra_labels=True, sample_weight=True)
        last.set_score_request(known_labels=True)
        routed = make_pipeline(features, last)
        routed.fit(images, Y, extra_labels=Y[:, :1], sample_weight=np.ones(40))
        proba = routed.predict_proba(images, known_labels=known)
        np.testing.assert_array_equal(proba[:, 0], Y[:, 0])
        score = routed[-1].score(routed[0].transform(images), Y, known_labels=known)
        assert routed.score(images, Y, known_labels=known) == score
    if type(baseline) in NEURAL:
        return
    with pytest.raises(ValueError, match=r"X holds images, .* ImageTokens\(pool='mean'\)"):
        clone(baseline).fit(images, Y)
    if type(baseline) is TokenNeighbours:  # It pools them itself.
        return
    with pytest.raises(ValueError, match="X holds tokens, .*pool them"):
        clone(baseline).fit(images[..., 0] / 255.0, Y)


@brief_baselines
def test_a_failed_fit_changes_nothing(baseline, told_table, tmp_path):
    X, Y = told_table
    model = clone(baseline).fit(X, Y)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match="row 0, label 1 holds 8"):
        model.fit(X, np.where(np.arange(3) == 1, 8, Y))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(X[:50], Y)
    np.testing.assert_array_equal(model.predict_proba(X), before)
    joblib.dump(model, tmp_path / "model.joblib")
    again = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(again.predict_proba(X), before)


@wrapping
def test_what_is_wrapped_must_fit(baseline, told_table):
    X, Y = told_table
    with pytest.raises(TypeError, match=r"CalibratedClassifierCV\(LinearSVC\(\)\) may help"):
        clone(baseline).set_params(estimator=LinearSVC()).fit(X, Y)
    with pytest.raises(TypeError, match=r"an instance: LogisticRegression\(\)"):
        clone(baseline).set_params(estimator=LogisticRegression).fit(X, Y)
    model = clone(baseline).set_params(estimator=KNeighborsClassifier(1)).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), Y)  # each sample is its own neighbour
    with pytest.raises(ValueError, match="KNeighborsClassifier.fit does not take it"):
        model.fit(X, Y, sample_weight=np.ones(len(X)))


@all_baselines
def test_sparse_features_are_refused(baseline, told_table):
    X, Y = told_table
    with pytest.raises(TypeError, match=r"X is sparse.*X.toarray\(\)"):
        clone(baseline).fit(sparse.csr_array(X), Y)


@all_baselines
def test_masked_features_are_refused(baseline, told_table):
    X, Y = told_table
    with pytest.raises(ValueError, match=r"X has masked entries.*X.filled\(0\)"):
        clone(baseline).fit(np.ma.masked_greater(X, 1), Y)


@all_baselines
def test_extra_labels_and_weights_come_third_and_fourth(baseline):
    parameters = list(inspect.signature(baseline.fit).parameters)
    assert parameters[:4] == ["X", "y", "extra_labels", "sample_weight"]
