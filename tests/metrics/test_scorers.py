"""Scorers, of whatever predicts probabilities of labels."""

import copy
import functools
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, label_ranking_loss
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.metadata_routing import (
    MetadataRequest,
    _MetadataRequester,
    get_routing_for_object,
)

from sklearn_ctran import CTranClassifier, metrics
from sklearn_ctran.baselines import MaskedLinear
from sklearn_ctran.metrics import (
    class_f1,
    class_recall,
    expected_calibration_error,
    hamming_loss,
    make_multilabel_scorer,
    mean_average_precision,
    one_error,
    overall_f1,
    partial_label_scorer,
)
from sklearn_ctran.model_selection import TunedThresholds

QUICK = {"d_model": 8, "n_layers": 1, "n_heads": 2, "max_epochs": 2, "random_state": 0}
LOSSES = [
    "hamming_loss", "ranking_loss", "coverage_error", "one_error", "expected_calibration_error"
]  # fmt: skip
SCORES = [
    name
    for name in metrics.__all__
    if name not in (*LOSSES, "labels_without_positive", "make_multilabel_scorer")
    and name not in ("multilabel_report", "MultilabelReport", "partial_label_scorer")
]


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    X = rng.randn(90, 5).astype(np.float32)
    Y = (X[:, :4] + rng.randn(90, 4) > 0).astype(int)
    Y[:, 0], Y[::2, 0] = 1 - Y[:, 1], Y[::2, 1]
    return X, Y


class Told(ClassifierMixin, BaseEstimator):
    """Gives back what it is told, and what it learned to say elsewhere; remembers what it was."""

    def __init__(self, say=0.5):
        self.say = say

    def fit(self, X, y):
        self.told_, self.n_labels_ = [], np.shape(y)[1]
        return self

    def predict_proba(self, X, known_labels=None):
        self.told_.append(known_labels)
        proba = np.tile(self.say + np.asarray(X)[:, [0]] * 0, (1, self.n_labels_))
        return proba if known_labels is None else np.where(known_labels < 0, proba, known_labels)


def told(table, known_fraction, Y=None, **more):
    X, own = table
    model = Told().fit(X, own)
    scorer = partial_label_scorer(one_error, known_fraction, **more)
    scorer(model, X, own if Y is None else Y)
    return model.told_[0]


@pytest.mark.parametrize("name", [*LOSSES, *SCORES])
@pytest.mark.parametrize("partial", [False, True])
def test_every_metric_makes_a_scorer(name, partial, table):
    X, Y = table
    metric = getattr(metrics, name)
    make = partial_label_scorer if partial else make_multilabel_scorer
    model = OneVsRestClassifier(LogisticRegression()).fit(X, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Rows without a positive among the hidden entries.
        score = make(metric)(model, X, Y)
        known = told(table, 0.5) if partial else None
        expected = metric(Y, model.predict_proba(X), known_labels=known)
    assert score == (-expected if name in LOSSES else expected)


def test_keyword_arguments_and_direction(table):
    X, Y = table
    model = OneVsRestClassifier(LogisticRegression()).fit(X, Y)
    proba = model.predict_proba(X)
    scorer = make_multilabel_scorer(class_f1, top_k=2, threshold=0.3)
    assert scorer(model, X, Y) == class_f1(Y, proba, top_k=2, threshold=0.3)
    assert make_multilabel_scorer(class_f1, greater_is_better=False)(model, X, Y) == -class_f1(
        Y, proba
    )
    for make in (make_multilabel_scorer, partial_label_scorer):
        loss = make(hamming_loss, greater_is_better=True)(model, X, Y)
        assert loss == -make(hamming_loss)(model, X, Y) > 0
    partial = partial_label_scorer(class_f1, top_k=1)
    known = told(table, 0.5)
    assert partial(model, X, Y) == class_f1(Y, proba, known_labels=known, top_k=1)


def test_other_metrics_too(table):
    X, Y = table
    model = OneVsRestClassifier(LogisticRegression()).fit(X, Y)
    expected = average_precision_score(Y, model.predict_proba(X))
    assert make_multilabel_scorer(average_precision_score)(model, X, Y) == expected
    top = functools.partial(class_f1, top_k=1)
    assert "top_k=1" in repr(make_multilabel_scorer(top))
    loss = functools.partial(functools.partial(hamming_loss, top_k=1), threshold=0.3)
    assert make_multilabel_scorer(loss)(model, X, Y) < 0


# ------------------------------------------------------------------ what is told


@pytest.mark.parametrize("fraction, n_known", [(0, 0), (0.25, 1), (0.5, 2), (0.74, 2), (0.99, 3)])
def test_a_share_of_the_annotated_labels_of_each_row_is_told(table, fraction, n_known):
    known = told(table, fraction)
    assert ((known >= 0).sum(axis=1) == n_known).all()
    assert (known[known >= 0] == table[1][known >= 0]).all()


def test_shares_are_not_rounded_down_by_floating_point():
    X, Y = np.zeros((5, 1)), np.tile([0, 1], (5, 50))
    assert ((told((X, Y), 0.29) >= 0).sum(axis=1) == 29).all()


def test_missing_labels_are_neither_told_nor_taken_into_account(table):
    X, Y = table
    gaps = Y.astype(float)
    gaps[:, 1] = np.nan
    gaps[:5, 0] = np.nan
    known = told(table, 0.5, gaps)
    assert (known[np.isnan(gaps)] == -1).all()
    assert ((known >= 0).sum(axis=1) == 1).all()
    filled = np.where(np.isnan(gaps), -1, gaps)
    np.testing.assert_array_equal(told(table, 0.5, filled), known)


def test_random_state_says_which_and_more_includes_less(table):
    known = told(table, 0.5)
    np.testing.assert_array_equal(told(table, 0.5), known)
    assert (told(table, 0.5, random_state=1) != known).any()
    quarter = told(table, 0.25)
    assert (known[quarter >= 0] == quarter[quarter >= 0]).all()
    share = (known >= 0).mean(axis=0)
    assert ((share > 0.3) & (share < 0.7)).all()


def test_what_is_told_is_not_scored(table):
    X, Y = table
    model = Told(say=0.0).fit(X, Y)
    # Nothing else than what it was told is right where it says yes.
    scorer = partial_label_scorer(class_recall, zero_division=0)
    assert scorer(model, X, Y) == 0.0
    assert make_multilabel_scorer(class_recall)(model, X, Y) == 0.0
    assert model.told_[-1] is None


@pytest.mark.parametrize("wrap", [lambda model: model, FrozenEstimator])
def test_pipelines_and_searches_tell_their_estimator(table, wrap):
    X, Y = table
    scorer = partial_label_scorer(mean_average_precision)
    inner = wrap(Told(say=0.3).fit(X, Y))
    expected = scorer(inner, X, Y)
    pipeline = make_pipeline(StandardScaler(), "passthrough", inner).fit(X, Y)
    assert scorer(pipeline, X, Y) == expected
    assert scorer(make_pipeline(pipeline).fit(X, Y), X, Y) == expected
    for routing in (False, True):
        with sklearn.config_context(enable_metadata_routing=routing):
            assert scorer(make_pipeline(StandardScaler(), inner).fit(X, Y), X, Y) == expected
    search = GridSearchCV(Told(), {"say": [0.3]}, scoring=scorer, cv=2).fit(X, Y)
    assert scorer(search, X, Y) == expected
    assert (search.best_estimator_.told_[0] >= 0).any()


@pytest.mark.parametrize("routing", [False, True])
def test_pipelines_that_end_in_ctran(table, routing):
    X, Y = table
    with sklearn.config_context(enable_metadata_routing=routing):
        pipeline = make_pipeline(StandardScaler(), CTranClassifier(**QUICK)).fit(X, Y)
        score = partial_label_scorer(mean_average_precision)(pipeline, X, Y)
    known = told(table, 0.5)
    proba = pipeline[-1].predict_proba(pipeline[0].transform(X), known)
    assert score == mean_average_precision(Y, proba, known_labels=known)


ESTIMATORS = [
    OneVsRestClassifier(LogisticRegression()),
    MultiOutputClassifier(LogisticRegression()),
    RandomForestClassifier(5, random_state=0),
    make_pipeline(StandardScaler(), MultiOutputClassifier(LogisticRegression())),
    CTranClassifier(**QUICK),
]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_all_estimators_are_scored_on_the_same_entries(table, estimator):
    X, Y = table
    seen = []

    def metric(y_true, y_score, *, known_labels, sample_weight=None):
        assert np.shape(y_score) == Y.shape
        seen.append(known_labels)
        return mean_average_precision(y_true, y_score, known_labels=known_labels)

    scorer = partial_label_scorer(metric)
    assert 0.5 < scorer(clone(estimator).fit(X, Y), X, Y) <= 1
    np.testing.assert_array_equal(seen[0], told(table, 0.5))


# ------------------------------------------------------------------ forms of answers and of y


def test_lists_of_probabilities_are_of_class_one(table):
    X, Y = table
    Y = Y.copy()
    Y[:60, 1], Y[:60, 2] = 0, 1
    forest = RandomForestClassifier(5, random_state=0).fit(X[:60], Y[:60])
    proba = np.column_stack([forest.predict_proba(X)[i][:, -1] for i in range(4)])
    proba[:, 1], proba[:, 2] = 0, 1
    scorer = make_multilabel_scorer(hamming_loss)
    assert scorer(forest, X, Y) == -hamming_loss(Y, proba)


@pytest.mark.parametrize("wrap", [MultiOutputClassifier, OneVsRestClassifier])
def test_one_label(table, wrap):
    X, Y = table[0], table[1][:, [2]]
    model = wrap(LogisticRegression())
    model.fit(X, Y if wrap is MultiOutputClassifier else Y[:, 0])
    expected = LogisticRegression().fit(X, Y[:, 0]).predict_proba(X)[:, [1]]
    score = make_multilabel_scorer(mean_average_precision)(model, X, Y)
    assert score == mean_average_precision(Y, expected)


def test_y_in_any_form(table):
    X, Y = table
    model = OneVsRestClassifier(LogisticRegression()).fit(X, Y)
    frame = pd.DataFrame(Y, columns=list("abcd"))
    for make in (make_multilabel_scorer, partial_label_scorer):
        scorer = make(mean_average_precision)
        expected = scorer(model, X, Y)
        for other in (frame, frame.astype("Int8"), sparse.csr_matrix(Y), Y.tolist()):
            assert scorer(model, X, other) == expected


def test_columns_are_those_of_fit(table):
    X, Y = table
    frame = pd.DataFrame(Y, columns=list("abcd"))
    pipeline = make_pipeline(StandardScaler(), CTranClassifier(**QUICK)).fit(X, frame)
    scorer = partial_label_scorer(mean_average_precision)
    assert scorer(pipeline, X, frame) == scorer(pipeline, X, Y)
    with pytest.raises(ValueError, match="y lacks 'd'"):
        scorer(pipeline, X, frame[list("bac")])


def test_columns_are_matched_by_name(table):
    X, Y = table
    frame = pd.DataFrame(Y, columns=list("abcd"))
    shuffled = frame[list("cadb")]
    model = TunedThresholds(MaskedLinear(random_state=0), random_state=0).fit(X, frame)
    for metric in (mean_average_precision, overall_f1):
        scorer = make_multilabel_scorer(metric)
        assert scorer(model, X, shuffled) == pytest.approx(scorer(model, X, frame), abs=1e-12)
        # The draw of known labels depends on the columns' order, the score of a draw does not.
        partial = partial_label_scorer(metric, 0.5)
        known = partial._known(shuffled, np.array(list("cadb")))
        known = pd.DataFrame(known, columns=list("cadb"))
        proba = model.predict_proba(X, known_labels=known)
        cuts = {"threshold": model.thresholds_} if metric is overall_f1 else {}
        expected = metric(frame, proba, known_labels=known, **cuts)
        assert partial(model, X, shuffled) == pytest.approx(expected, abs=1e-12)


# ------------------------------------------------------------------ scikit-learn's tools


def test_searches_and_cross_validation(table):
    X, Y = table
    gaps = np.where(np.random.RandomState(0).rand(*Y.shape) < 0.1, np.nan, Y)
    cv = KFold(3)
    for scorer in (
        make_multilabel_scorer(mean_average_precision),
        partial_label_scorer(mean_average_precision),
    ):
        search = GridSearchCV(
            CTranClassifier(**QUICK), {"d_model": [8, 16]}, scoring=scorer, cv=cv
        ).fit(X, gaps)
        assert (search.cv_results_["mean_test_score"] > 0).all()
        again = GridSearchCV(
            MultiOutputClassifier(LogisticRegression()), {"estimator__C": [1]}, scoring=scorer
        ).fit(X, Y)
        assert again.best_score_ > 0.5
    scoring = {
        "mAP": make_multilabel_scorer(mean_average_precision),
        "hamming": make_multilabel_scorer(hamming_loss),
        "half": partial_label_scorer(mean_average_precision),
    }
    scores = cross_validate(
        CTranClassifier(**QUICK), X, gaps, scoring=scoring, cv=cv, n_jobs=2,
        return_estimator=True, return_indices=True,
    )  # fmt: skip
    for fold, (model, test) in enumerate(
        zip(scores["estimator"], scores["indices"]["test"], strict=True)
    ):
        for name, scorer in scoring.items():
            assert scores[f"test_{name}"][fold] == scorer(model, X[test], gaps[test])
    assert (scores["test_hamming"] < 0).all()


def test_sample_weight(table):
    X, Y = table
    weight = np.arange(90) % 4 + 0.5
    model = OneVsRestClassifier(LogisticRegression()).fit(X, Y)
    proba, known = model.predict_proba(X), told(table, 0.5)
    score = make_multilabel_scorer(mean_average_precision)(model, X, Y, sample_weight=weight)
    assert score == mean_average_precision(Y, proba, sample_weight=weight)
    score = partial_label_scorer(mean_average_precision)(model, X, Y, sample_weight=weight)
    assert score == mean_average_precision(Y, proba, known_labels=known, sample_weight=weight)


def test_sample_weight_by_routing(table):
    X, Y = table
    weight = np.random.RandomState(0).rand(90)
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = make_multilabel_scorer(mean_average_precision).set_score_request(
            sample_weight=True
        )
        scores = cross_validate(
            Told(), X, Y, cv=KFold(3), params={"sample_weight": weight},
            scoring={"mAP": scorer}, return_indices=True,
        )  # fmt: skip
    for score, test in zip(scores["test_mAP"], scores["indices"]["test"], strict=True):
        half = np.full((len(test), 4), 0.5)
        assert score == mean_average_precision(Y[test], half, sample_weight=weight[test])


@pytest.mark.parametrize("alias", ["unset", True, False, None, "w"])
def test_requests_equal_those_of_scikit_learns_mixin(alias):
    class Theirs(_MetadataRequester):
        def set_score_request(self, *, sample_weight):
            self._metadata_request = self._get_metadata_request()
            self._metadata_request.score.add_request(param="sample_weight", alias=sample_weight)

    def requests(consumer):
        if alias != "unset":
            consumer.set_score_request(sample_weight=alias)
        routing = get_routing_for_object(consumer)
        assert type(routing) is MetadataRequest
        return {method: getattr(routing, method).requests for method in ("fit", "score")}

    ours = requests(make_multilabel_scorer(hamming_loss))
    assert ours == requests(Theirs())
    assert ours["score"] == ({} if alias == "unset" else {"sample_weight": alias})


def test_a_search_that_weights_its_scores_asks_whether_it_can():
    assert make_multilabel_scorer(hamming_loss)._accept_sample_weight()
    assert not make_multilabel_scorer(lambda y_true, y_score: 0.0)._accept_sample_weight()


@pytest.mark.parametrize(
    "scorer, text",
    [
        (
            make_multilabel_scorer(class_f1, top_k=3, threshold=0.4),
            "make_multilabel_scorer(class_f1, top_k=3, threshold=0.4)",
        ),
        (
            make_multilabel_scorer(hamming_loss, greater_is_better=True),
            "make_multilabel_scorer(hamming_loss, greater_is_better=True)",
        ),
        (
            partial_label_scorer(expected_calibration_error, 0.25, 7, n_bins=5),
            "partial_label_scorer(expected_calibration_error, known_fraction=0.25, "
            "random_state=7, n_bins=5)",
        ),
    ],
)
def test_pickles_copies_and_repr(table, scorer, text):
    X, Y = table
    model = OneVsRestClassifier(LogisticRegression()).fit(X, Y)
    assert repr(scorer) == text
    for again in (pickle.loads(pickle.dumps(scorer)), copy.deepcopy(scorer)):
        assert repr(again) == text
        assert again(model, X, Y) == scorer(model, X, Y)
    search = GridSearchCV(model, {"estimator__C": [1]}, scoring=scorer)
    assert repr(clone(search).scoring) == text
    assert repr(eval(text, vars(metrics))) == text


# ------------------------------------------------------------------ errors


@pytest.mark.parametrize("make", [make_multilabel_scorer, partial_label_scorer])
def test_bad_metrics(make):
    with pytest.raises(TypeError, match="metric must be a function, got 'mAP'"):
        make("mAP")
    with pytest.raises(TypeError, match="class_f1 does not take these arguments.*topk"):
        make(class_f1, topk=3)
    for name in ("known_labels", "sample_weight"):
        with pytest.raises(TypeError, match=f"{name} cannot be fixed in a scorer"):
            make(class_f1, **{name: [1]})


@pytest.mark.parametrize("make", [make_multilabel_scorer, partial_label_scorer])
def test_direction_is_a_boolean(make):
    with pytest.raises(TypeError, match="greater_is_better must be a boolean, got 'no'"):
        make(class_f1, greater_is_better="no")


def test_the_name_of_a_loss_turns_it_round(table):
    X, Y = table
    model = OneVsRestClassifier(LogisticRegression()).fit(X, Y)
    assert make_multilabel_scorer(label_ranking_loss)(model, X, Y) < 0
    assert make_multilabel_scorer(label_ranking_loss, greater_is_better=True)(model, X, Y) > 0


def test_a_metric_without_known_labels_cannot_score_partly_known_ones():
    with pytest.raises(TypeError, match="average_precision_score.*known_labels"):
        partial_label_scorer(average_precision_score)


@pytest.mark.parametrize("fraction", [1, -0.1, np.nan, "half"])
def test_bad_fraction(fraction):
    with pytest.raises(ValueError, match=r"known_fraction must be in \[0, 1\)"):
        partial_label_scorer(hamming_loss, fraction)


@pytest.mark.parametrize("random_state", [None, -1, 0.5, np.random.RandomState(0)])
def test_bad_random_state(random_state):
    with pytest.raises(ValueError, match="random_state must be an integer"):
        partial_label_scorer(hamming_loss, random_state=random_state)


def test_bad_results(table):
    X, Y = table
    model = OneVsRestClassifier(LogisticRegression()).fit(X, Y)
    scorer = make_multilabel_scorer(mean_average_precision, average=None)
    with pytest.raises(ValueError, match=r"array of shape \(4,\).*average='macro'"):
        scorer(model, X, Y)
    with pytest.raises(ValueError, match=r"y must be of shape .*, got \(90,\)"):
        scorer(model, X, Y[:, 0])


def test_missing_labels_that_were_taken_for_a_class(table):
    X, Y = table
    model = MultiOutputClassifier(LogisticRegression()).fit(X, np.where(X[:, :4] > 1, -1, Y))
    with pytest.raises(ValueError, match=r"classes \[-1, 0, 1\] of label 0.*took it for a class"):
        make_multilabel_scorer(hamming_loss)(model, X, Y)
