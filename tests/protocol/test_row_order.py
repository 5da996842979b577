"""Every public function that takes several arguments with rows compares their order."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from small_models import quick

from sklearn_ctran import ImageTokens, compare, inspection, metrics
from sklearn_ctran.baselines import BinaryRelevance, FeedbackProp, LinearHead, MaskedLinear
from sklearn_ctran.model_selection import MultilabelCalibrator, TunedThresholds

rng = np.random.RandomState(0)
INDEX = rng.permutation(60)
X = pd.DataFrame(rng.randn(60, 3), index=INDEX, columns=["x", "y", "z"])
Y = pd.DataFrame((X.to_numpy() + 0.5 * rng.randn(60, 3) > 0).astype(int), INDEX, list("abc"))
E = pd.DataFrame({"extra": rng.randint(2, size=60)}, INDEX)
W = pd.Series(rng.rand(60) + 0.5, INDEX)
#: The same rows in another order.
Y_, E_, W_ = (table.sort_index() for table in (Y, E, W))
K, K_ = Y[["a"]], Y_[["a"]]

model = MaskedLinear(random_state=0).fit(X, Y, E)
classes = MaskedLinear(random_state=0).fit(X, Y["a"])
tuned = TunedThresholds(model, cv="prefit").fit(X, Y, E)
forests = BinaryRelevance()
scorer = metrics.make_multilabel_scorer(metrics.mean_average_precision)
partial = metrics.partial_label_scorer(metrics.mean_average_precision)
proba = pd.DataFrame(model.predict_proba(X), INDEX, list("abc"))
images = pd.Series(list(rng.randint(256, size=(60, 8, 8, 3), dtype=np.uint8)), INDEX)
seeing = quick("small", image_size=None).fit(images, Y)

CALLS = {
    "fit": lambda y, e, w, k: quick().fit(X, y, e, w),
    "fit, classes": lambda y, e, w, k: forests.fit(X, y["a"]),
    "baseline": lambda y, e, w, k: forests.fit(X, y, e, w),
    "feedback": lambda y, e, w, k: FeedbackProp(LinearHead(max_epochs=1)).fit(X, y, e, w),
    "thresholds": lambda y, e, w, k: TunedThresholds(forests).fit(X, y, e, w),
    "calibration": lambda y, e, w, k: MultilabelCalibrator(forests).fit(X, y, e, w),
    "compare": lambda y, e, w, k: compare({"one": forests}, X, y, extra_labels=e),
    "image tokens": lambda y, e, w, k: ImageTokens("small", image_size=None).fit(images, y),
    "predict_proba": lambda y, e, w, k: model.predict_proba(X, k, e),
    "predict_extra_proba": lambda y, e, w, k: model.predict_extra_proba(X, k, e),
    "predict": lambda y, e, w, k: model.predict(X, k, e),
    "decision_function": lambda y, e, w, k: model.decision_function(X, k, e),
    "beam": lambda y, e, w, k: model.predict(X, k, decoding="beam"),
    "a dict": lambda y, e, w, k: model.predict_proba(X, {"b": 1, "a": k["a"]}),
    "encoded": lambda y, e, w, k: seeing.predict_proba(seeing.encode(images), k),
    "sample_labels": lambda y, e, w, k: model.sample_labels(X, 1, k, random_state=0),
    "log_score": lambda y, e, w, k: model.log_score(X, y),
    "log_score, classes": lambda y, e, w, k: classes.log_score(X, y["a"]),
    "score": lambda y, e, w, k: model.score(X, y, k),
    "score, weights": lambda y, e, w, k: model.score(X, Y, sample_weight=w),
    "score, classes": lambda y, e, w, k: classes.score(X, y["a"]),
    "tuned": lambda y, e, w, k: tuned.predict(X, k, e),
    "tuned, extra": lambda y, e, w, k: tuned.predict_extra_proba(X, k, e),
    "metric": lambda y, e, w, k: metrics.mean_average_precision(y, proba),
    "metric, known": lambda y, e, w, k: metrics.overall_f1(Y, proba, known_labels=k),
    "metric, weights": lambda y, e, w, k: metrics.hamming_loss(Y, proba, sample_weight=w),
    "without positive": lambda y, e, w, k: metrics.labels_without_positive(Y, known_labels=k),
    "report": lambda y, e, w, k: metrics.multilabel_report(y, proba, top_k=None),
    "scorer": lambda y, e, w, k: scorer(model, X, y),
    "scorer, weights": lambda y, e, w, k: partial(model, X, Y, sample_weight=w),
    "effects": lambda y, e, w, k: inspection.label_effects(model, X, known_labels=k),
    "intervene": lambda y, e, w, k: inspection.intervene(model, X, {"b": 1}, known_labels=k),
    "suggest": lambda y, e, w, k: inspection.suggest_labels(model, X, k, n_candidates=1),
    "simulate": lambda y, e, w, k: inspection.simulate_annotation(model, X, y, n_questions=1),
    "errors": lambda y, e, w, k: inspection.find_label_errors(forests, X, y, cv=2),
    "complete": lambda y, e, w, k: inspection.complete_labels(model, X, y),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_rows_in_another_order_are_an_error(call):
    call(Y, E, W, K)
    with pytest.raises(ValueError, match="the same rows in different orders"):
        call(Y_, E_, W_, K_)


def test_answers_of_a_simulation_and_known_labels_are_compared():
    with pytest.raises(ValueError, match="known_labels and y have the same rows"):
        inspection.simulate_annotation(
            model, X.to_numpy(), Y, n_questions=1, known_labels=Y_[["a"]] * 0 - 1
        )


def test_splits_and_searches_stay_silent():
    """What scikit-learn slices alike has one index."""
    parts = train_test_split(X, Y, E, W, random_state=0)
    X_train, X_test, Y_train, Y_test, E_train, E_test, W_train, W_test = parts
    fitted = BinaryRelevance().fit(X_train, Y_train, E_train, W_train)
    fitted.score(X_test, Y_test, Y_test[["a"]], E_test, W_test)
    pipe = make_pipeline(StandardScaler(), BinaryRelevance())
    grid = {"binaryrelevance__estimator__C": [0.1, 1.0]}
    pipe.set_params(binaryrelevance__estimator=LogisticRegression())
    unnamed, named = X.reset_index(drop=True), Y.set_axis([f"i{i}" for i in INDEX])
    for table, labels in [
        (X, Y),
        (X, Y.reset_index(drop=True)),
        (X, Y.to_numpy()),
        (unnamed, Y),
        (unnamed, named),
    ]:
        GridSearchCV(pipe, grid, cv=3, scoring=scorer).fit(table, labels)


def test_a_pipeline_from_images_compares_their_order():
    pipe = make_pipeline(
        ImageTokens("small", image_size=None, pool="mean", random_state=0),
        MultiOutputClassifier(LogisticRegression()),
    )
    pipe.fit(images, Y)
    with pytest.raises(ValueError, match="X and y have the same rows"):
        pipe.fit(images, Y_)


def test_a_frame_of_known_labels_by_file_name(photos):
    """The frame is in the order of its names, the photos are not."""
    paths, Y = photos
    labels = pd.DataFrame(Y, [path.rpartition("/")[2] for path in paths], list("abcd"))
    model = quick("small", image_size=None).fit(paths, labels)
    shuffled = [paths[row] for row in np.random.RandomState(0).permutation(30)]
    for X in (shuffled, pd.DataFrame({"path": shuffled}), model.encode(shuffled)):
        with pytest.raises(ValueError, match="the file of each row of X"):
            model.predict_proba(X, known_labels=labels[["a"]])
        names = [path.rpartition("/")[2] for path in shuffled]
        known = labels[["a"]].loc[names]
        np.testing.assert_array_equal(model.predict_proba(X, known)[:, 0], known["a"])
