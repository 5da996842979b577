"""Frames and columns of polars and pyarrow mean what those of pandas mean, wherever they go."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.model_selection import GridSearchCV
from small_models import quick

from sklearn_ctran import ImageTokens, metrics
from sklearn_ctran.baselines import MaskedLinear
from sklearn_ctran.datasets import read_codes
from sklearn_ctran.inspection import complete_labels, find_label_errors
from sklearn_ctran.model_selection import (
    MultilabelCalibrator,
    MultilabelStratifiedKFold,
    TunedThresholds,
    multilabel_train_test_split,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
STATES = {
    name: [
        None if gap else bool(value)
        for value, gap in zip(column, RNG.random(40) < 0.1, strict=True)
    ]
    for name, column in zip("abc", (X + RNG.normal(size=(40, 3)) > 0).T, strict=True)
}
EXTRA = {"x": [1, 0] * 20, "z": [None, 1, 0, 0] * 10}
KNOWN = {"b": [1, None, 0, None] * 10}
CLASSES = ["cat", "dog", "emu", "dog"] * 10


@pytest.fixture(params=["polars", "pyarrow"])
def other(request):
    """A frame and a column of another package, as functions of a dict and a list."""
    package = pytest.importorskip(request.param)
    if request.param == "polars":
        return package.DataFrame, package.Series
    return package.table, package.array


def pandas_frame(columns):
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})


FORMS = pandas_frame, pd.Series


def same(other, use):
    """Assert that ``use(frame, column)`` returns the same with pandas and another package."""
    np.testing.assert_array_equal(np.asarray(use(*other)), np.asarray(use(*FORMS)))


def test_fit_and_predict(other):
    def use(frame, column):
        table = frame({name: values.tolist() for name, values in zip("uvw", X.T, strict=True)})
        weight = column([1.0, 2.0] * 20)
        model = MaskedLinear(random_state=0)
        model.fit(table, frame(STATES), extra_labels=frame(EXTRA), sample_weight=weight)
        assert model.label_names_.tolist() == ["a", "b", "c"]
        assert model.extra_label_names_.tolist() == ["x", "z"]
        assert model.feature_names_in_.tolist() == ["u", "v", "w"]
        assert model.score(table, frame(STATES), frame(KNOWN)) > 0.5
        first = model.predict_proba(table, frame(KNOWN), frame(EXTRA))
        known = {"b": column(KNOWN["b"])}
        return first, model.predict_proba(table, known, {"x": column(EXTRA["x"])})

    same(other, use)


def test_classes(other):
    def use(frame, column):
        model = quick().fit(X, column(CLASSES))
        log_score = model.log_score(X, column(CLASSES))
        return [model.score(X, column(CLASSES)), *log_score, *model.predict_proba(X).ravel()]

    same(other, use)


def test_images(other, tmp_path):
    paths = [str(tmp_path / f"{i}.png") for i in range(40)]
    for i, path in enumerate(paths):
        Image.new("RGB", (8, 8), (6 * i, 0, 99)).save(path)
    model = quick("small", image_size=8).fit(paths, pandas_frame(STATES))
    tokens = ImageTokens("small", image_size=8, pool="mean", random_state=0).fit(paths)
    frame, column = other
    for images in (column(paths), frame({"path": paths})):
        np.testing.assert_array_equal(model.predict_proba(images), model.predict_proba(paths))
        np.testing.assert_array_equal(tokens.transform(images), tokens.transform(paths))
    with pytest.raises(ValueError, match=r"2 columns.*X\['path'\]"):
        model.predict_proba(frame({"path": paths, "id": list(range(40))}))
    with pytest.raises(TypeError, match="row 0 is a NoneType"):
        model.predict_proba(column([None, *paths[1:]]))


def test_splits(other):
    def use(frame, column):
        folds = MultilabelStratifiedKFold(4).split(X, frame(STATES))
        _, _, y_train, y_test = multilabel_train_test_split(X, frame(STATES), random_state=0)
        assert type(y_train) is type(y_test) is type(frame(STATES))
        of_classes = MultilabelStratifiedKFold(4).split(X, column(CLASSES))
        return [test for _, test in (*folds, *of_classes)]

    same(other, use)


@pytest.mark.parametrize("meta", [TunedThresholds, MultilabelCalibrator])
def test_thresholds_and_calibration(other, meta):
    def use(frame, column):
        weight = column([1.0, 0.0, 2.0, 1.0] * 10)
        model = meta(MaskedLinear(random_state=0), cv=2, random_state=0)
        model.fit(X, frame(STATES), extra_labels=frame(EXTRA), sample_weight=weight)
        return model.predict_proba(X, frame(KNOWN), frame(EXTRA))

    same(other, use)


def test_searches(other):
    scorer = metrics.partial_label_scorer(metrics.mean_average_precision, known_fraction=0.5)

    def use(frame, column):
        table = frame({name: values.tolist() for name, values in zip("uvw", X.T, strict=True)})
        search = GridSearchCV(
            MaskedLinear(), {"random_state": [0, 1]}, cv=MultilabelStratifiedKFold(3)
        )
        search.set_params(scoring=scorer, error_score="raise")
        return search.fit(table, frame(STATES)).cv_results_["mean_test_score"]

    same(other, use)


@pytest.mark.parametrize(
    "metric", ["mean_average_precision", "hamming_loss", "labels_without_positive"]
)
def test_metrics(other, metric):
    proba = {name: X[:, i].clip(0, 1).tolist() for i, name in enumerate("abc")}

    def use(frame, column):
        scores = [] if metric == "labels_without_positive" else [frame(proba)]
        weight = column([1.0, 2.0] * 20)
        function = getattr(metrics, metric)
        return function(frame(STATES), *scores, known_labels=frame(KNOWN), sample_weight=weight)

    same(other, use)


def test_metrics_match_columns_by_name(other):
    frame, _ = other
    proba = {name: X[:, i].clip(0, 1).tolist() for i, name in enumerate("abc")}
    expected = metrics.hamming_loss(frame(STATES), frame(proba))
    turned = frame({name: proba[name] for name in "cab"})
    assert metrics.hamming_loss(frame(STATES), turned) == expected
    with pytest.raises(ValueError, match="'d'"):
        metrics.hamming_loss(frame(STATES), frame({name: [0.5] * 40 for name in ("a", "b", "d")}))


def test_inspection(other):
    def use(frame, column):
        model = MaskedLinear(random_state=0).fit(X, frame(STATES))
        completed = complete_labels(model, X, frame(STATES))
        assert type(completed) is type(frame(STATES))
        errors = find_label_errors(
            quick(implies={"a": "b"}),
            X,
            frame(STATES),
            extra_labels=frame(EXTRA),
            cv=2,
            n_repeats=1,
            random_state=0,
        )
        return [*errors.rows, *errors.labels, *np.asarray(completed).ravel()]

    same(other, use)


def test_codes(other):
    def use(frame, column):
        texts = {"a": ["yes", "no", None], "b": ["no", "?", "yes"]}
        read = read_codes(frame(texts), positive="yes", negative="no", unknown="?")
        assert type(read) is type(frame(texts))
        one = read_codes(column(texts["a"]), positive="yes", negative="no")
        return np.column_stack([np.asarray(read), np.asarray(one)])

    same(other, use)
    with pytest.raises(ValueError, match="row 1, label 'b', holds '!'"):
        read_codes(other[0]({"a": ["yes", "no"], "b": ["no", "!"]}), positive="yes", negative="no")


def test_wrong_values_name_row_and_label(other):
    frame, _ = other
    with pytest.raises(ValueError, match="row 1, label 'b' holds 2"):
        MaskedLinear().fit(X[:3], frame({"a": [0, 1, 1], "b": [0, 2, None]}))
    with pytest.raises(ValueError, match="known_labels names 'd'"):
        MaskedLinear().fit(X, frame(STATES)).predict_proba(X, frame({"d": [1] * 40}))
