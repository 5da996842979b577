"""What all baselines have in common: scikit-learn's checks, and the protocol."""

import inspect

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_ctran import CTranClassifier, ImageTokens, baselines
from sklearn_ctran.baselines import ConceptBottleneck, FeedbackProp, LinearHead, StandardMLP
from sklearn_ctran.baselines._neural_baseline import NeuralBaseline

CLASSES = [getattr(baselines, name) for name in baselines.__all__ if name[0].isupper()]
#: Those that look at images themselves.
NEURAL = [each for each in CLASSES if issubclass(each, (NeuralBaseline, FeedbackProp))]
#: Nothing random but the weights at first; see tests/test_common.py.
EXACT = {"dropout": 0.0, "precision": "float64", "batch_size": 1000}


def made(kind, **params):
    """An instance, seeded; `params` are of networks, which learn enough in fewer steps."""
    if kind is FeedbackProp:
        return kind(made(LinearHead, **params))
    model = kind(**{"max_epochs": 60, "lr": 0.02} | params) if kind in NEURAL else kind()
    return model.set_params(random_state=0) if hasattr(model, "random_state") else model


ALL = [made(kind) for kind in CLASSES]
all_baselines = pytest.mark.parametrize("baseline", ALL, ids=lambda each: type(each).__name__)
META = [each for each in ALL if hasattr(each, "estimator") and type(each) not in NEURAL]
wrapping = pytest.mark.parametrize("baseline", META, ids=lambda each: type(each).__name__)


@parametrize_with_checks(ALL)
def test_scikit_learn_checks(estimator, check):
    name = getattr(check, "func", check).__name__
    if type(estimator) in NEURAL and "sample_weight_equivalence" in name:
        estimator = made(type(estimator), **EXACT)
    if type(estimator) is ConceptBottleneck and "sample_order_invariance" in name:
        # Two layers of float32 differ by 2e-7 for rows in another order; the check allows 1e-7.
        estimator.set_params(precision="float64")
    check(estimator)  # the check asserts


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    X = rng.randn(120, 4)
    Y = (X[:, :3] + rng.randn(120, 3) > 0.3).astype(int)
    Y[:, 2] = Y[:, 0] ^ (rng.rand(120) < 0.1)  # hardly to be seen in X, but told by label 0
    return X, Y


@all_baselines
def test_known_labels_come_back(baseline, table):
    X, Y = table
    model = clone(baseline).fit(X, Y)
    known = np.where(np.random.RandomState(1).rand(*Y.shape) < 0.5, Y, -1)
    proba = model.predict_proba(X, known_labels=known)
    assert proba.shape == Y.shape
    np.testing.assert_array_equal(proba[known >= 0], known[known >= 0])
    assert ((proba >= 0) & (proba <= 1)).all()
    np.testing.assert_array_equal(model.predict(X, known_labels=known), proba > 0.5)
    logits = model.decision_function(X, known_labels=known)
    assert logits.dtype == np.float32
    np.testing.assert_array_equal(logits > 0, proba > 0.5)
    everything = model.predict(X, known_labels=Y)
    np.testing.assert_array_equal(everything, Y)
    np.testing.assert_array_equal(model.classes_, [[0, 1]] * 3)


@all_baselines
def test_the_tag_tells_whether_known_labels_make_a_difference(baseline, table):
    X, Y = table
    model = clone(baseline).fit(X, Y)
    unknown = model.predict_proba(X)
    known = model.predict_proba(X, known_labels={0: Y[:, 0]})
    differs = not np.array_equal(unknown[:, 1:], known[:, 1:])
    assert get_tags(model).uses_known_labels == differs
    if differs:  # and for the better
        truth = Y[:, 2]
        errors = [np.abs(proba[:, 2] - truth).mean() for proba in (unknown, known)]
        assert errors[1] < 0.9 * errors[0]


def test_the_tag_of_c_tran():
    assert get_tags(CTranClassifier()).uses_known_labels


@all_baselines
def test_data_frames_names_and_dictionaries(baseline, table):
    X, Y = table
    frame, labels = pd.DataFrame(X, columns=list("abcd")), pd.DataFrame(Y, columns=list("xyz"))
    model = clone(baseline).fit(frame, labels)
    assert list(model.label_names_) == list("xyz")
    assert list(model.feature_names_in_) == list("abcd")
    plain = clone(baseline).fit(X, Y)
    told = np.full(Y.shape, -1)
    told[:, 1] = Y[:, 1]
    expected = plain.predict_proba(X, known_labels=told)
    for known in ({"y": Y[:, 1]}, labels[["y"]]):
        np.testing.assert_allclose(model.predict_proba(frame, known_labels=known), expected)
    with pytest.raises(ValueError, match="'q', which is not one of its labels"):
        model.predict_proba(frame, known_labels={"q": 1})


@all_baselines
def test_extra_labels_are_learned_and_may_be_told(baseline, table):
    X, Y = table
    extra = {"echo": Y[:, 0]}  # tells label 0, and with it label 2
    model = clone(baseline).fit(X, Y, extra_labels=extra)
    assert list(model.extra_label_names_) == ["echo"]
    assert model.predict_proba(X).shape == Y.shape
    proba = model.predict_extra_proba(X)
    assert proba.shape == (len(X), 1)
    if type(model) is StandardMLP:  # which learns nothing else
        assert len(np.unique(proba)) == 1
        assert abs(proba.mean() - Y[:, 0].mean()) < 0.02
    else:
        assert ((proba[:, 0] > 0.5) == Y[:, 0]).mean() > 0.7
    told = model.predict_proba(X, extra_labels=extra)
    assert (model.predict_extra_proba(X, extra_labels=extra)[:, 0] == Y[:, 0]).all()
    if get_tags(model).uses_known_labels:
        assert ((told[:, 0] > 0.5) == Y[:, 0]).mean() > 0.9
    with pytest.raises(ValueError, match="fitted without extra labels"):
        clone(baseline).fit(X, Y).predict_proba(X, extra_labels=extra)
    with pytest.raises(ValueError, match="0 is a label of y and of extra_labels"):
        clone(baseline).fit(X, Y, extra_labels={0: Y[:, 0]})


@all_baselines
@pytest.mark.parametrize("n_classes", [2, 3])
def test_classes_exclude_each_other(baseline, table, n_classes):
    X, _ = table
    y = np.array(["p", "q", "r"])[:n_classes][X[:, :n_classes].argmax(axis=1)]
    extra = {f"is {name}": y == name for name in "pqr"[:n_classes]}
    model = clone(baseline).fit(X, y, extra_labels=extra)
    proba = model.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert (model.predict(X) == y).mean() > 0.8
    without = model.predict_proba(X, known_labels={"p": 0})
    assert (without[:, 0] == 0).all()
    np.testing.assert_allclose(without.sum(axis=1), 1)
    assert set(model.predict(X, known_labels={"q": 1})) == {"q"}
    assert model.decision_function(X).shape == ((len(X),) if n_classes == 2 else proba.shape)
    if get_tags(model).uses_known_labels:
        assert (model.predict(X, extra_labels=extra) == y).mean() > (model.predict(X) == y).mean()


@all_baselines
def test_label_sets_can_be_decoded_drawn_and_scored(baseline, table):
    X, Y = table
    model = clone(baseline).fit(X, Y)
    for decoding in ("greedy", "beam"):
        assert model.predict(X[:5], decoding=decoding).shape == (5, 3)
    drawn = model.sample_labels(X[:4], 2, known_labels={1: 1}, random_state=0)
    assert drawn.shape == (4, 2, 3)
    assert (drawn[..., 1] == 1).all()
    assert (model.log_score(X[:5], Y[:5]) <= 0).all()
    assert 0.5 < model.score(X, Y) <= 1
    assert model.score(X, Y, known_labels={0: Y[:, 0]}) <= 1


@all_baselines
@pytest.mark.filterwarnings("ignore:No entry of label")
def test_missing_entries_and_labels_of_one_state(baseline, table):
    X, Y = table
    Y = np.column_stack([Y, np.zeros(len(Y)), np.ones(len(Y))])
    Y[:8, 1] = np.nan
    Y[5:12, 3] = np.nan
    model = clone(baseline).fit(X, Y)
    proba = model.predict_proba(X)
    assert (proba[:, 3] < 0.02).all()
    assert (proba[:, 4] > 0.98).all()
    assert ((proba[:, 1] > 0.5) == Y[:, 1])[8:].mean() > 0.7
    scores = cross_val_score(model, X, Y, cv=KFold(3), error_score="raise")
    assert np.isfinite(scores).all()


@all_baselines
def test_weights_are_repetitions(baseline, table):
    X, Y = table
    Y = Y.astype(float)
    Y[::7, 1] = np.nan
    weight = np.random.RandomState(0).randint(3, size=len(X))
    precise = LogisticRegression(tol=1e-10, max_iter=1000)
    if type(baseline) in NEURAL:
        model = made(type(baseline), **EXACT)
    elif "estimator" in baseline.get_params():
        model = clone(baseline).set_params(estimator=precise)
    else:
        model = clone(baseline).set_params(tol=1e-10)
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


@all_baselines
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
        assert routed.score(images, Y, known_labels=known) <= 1
    if type(baseline) in NEURAL:
        return
    with pytest.raises(ValueError, match=r"X holds images, .* ImageTokens\(pool='mean'\)"):
        clone(baseline).fit(images, Y)
    with pytest.raises(ValueError, match="X holds tokens, .*pool them"):
        clone(baseline).fit(images[..., 0] / 255.0, Y)


@all_baselines
def test_a_failed_fit_changes_nothing(baseline, table, tmp_path):
    X, Y = table
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
def test_what_is_wrapped_must_fit(baseline, table):
    X, Y = table
    with pytest.raises(TypeError, match=r"CalibratedClassifierCV\(LinearSVC\(\)\) may serve"):
        clone(baseline).set_params(estimator=LinearSVC()).fit(X, Y)
    with pytest.raises(TypeError, match=r"an instance: LogisticRegression\(\)"):
        clone(baseline).set_params(estimator=LogisticRegression).fit(X, Y)
    model = clone(baseline).set_params(estimator=KNeighborsClassifier()).fit(X, Y)
    assert model.predict_proba(X).shape == Y.shape
    with pytest.raises(ValueError, match="KNeighborsClassifier.fit does not take it"):
        model.fit(X, Y, sample_weight=np.ones(len(X)))


@all_baselines
def test_sparse_features_are_refused(baseline, table):
    X, Y = table
    with pytest.raises(TypeError, match=r"X is sparse.*X.toarray\(\)"):
        clone(baseline).fit(sparse.csr_array(X), Y)


@all_baselines
def test_extra_labels_and_weights_come_third_and_fourth(baseline):
    parameters = list(inspect.signature(baseline.fit).parameters)
    assert parameters[:4] == ["X", "y", "extra_labels", "sample_weight"]
