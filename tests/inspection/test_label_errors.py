"""Suspicious labels, of distributions that are known exactly: which, and in which order."""

import sys

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline

from sklearn_ctran import CTranClassifier
from sklearn_ctran.inspection import find_label_errors


def test_what_contradicts_its_copy_comes_first(find, make_copies):
    X, y = make_copies()
    errors = find(y, X)
    np.testing.assert_array_equal(errors.rows[:2], [17, 17])
    assert set(errors.labels[:2]) == {"a", "b"}
    np.testing.assert_array_equal(errors.given_label[:2], y.loc[17, errors.labels[:2]])
    assert (errors.label_quality[:2] < 0.05).all()
    assert set(errors.labels[2:]) == {"c"}


@pytest.mark.parametrize("random_state", [0, 1])
def test_probabilities_are_those_of_a_model_of_the_other_rows_told_the_other_labels(
    random_state, find, make_copies, Joint
):
    X, y = make_copies()
    errors = find(y, X, cv=4, random_state=random_state)
    # The int is the seed of a RandomState, whose first use is the folds.
    folds = KFold(4, shuffle=True, random_state=np.random.RandomState(random_state)).split(X)
    expected = np.empty(y.shape)
    for train, test in folds:
        model = Joint().fit(X[train], y.iloc[train])
        for label in range(3):
            known = y.to_numpy()[test]
            known[:, label] = -1
            expected[test, label] = model.predict_proba(X[test], known)[:, label]
    np.testing.assert_allclose(errors.probabilities, expected, rtol=1e-6)
    assert errors.probabilities.dtype == np.float32


def test_entries_are_those_the_model_disagrees_with_in_ascending_quality(find, make_copies):
    X, y = make_copies()
    errors = find(y, X)
    quality = np.where(y == 1, errors.probabilities, 1 - errors.probabilities)
    np.testing.assert_array_equal(errors.label_quality_scores, quality)
    disagrees = (errors.probabilities > 0.5) != y.to_numpy()
    assert 2 < len(errors) == disagrees.sum() < y.size
    columns = y.columns.get_indexer(errors.labels)
    assert len(set(zip(errors.rows, columns, strict=True))) == len(errors)
    assert disagrees[errors.rows, columns].all()
    np.testing.assert_array_equal(errors.label_quality, quality[errors.rows, columns])
    order = np.lexsort((columns, errors.rows, errors.label_quality))
    np.testing.assert_array_equal(order, np.arange(len(errors)))
    assert (np.diff(errors.label_quality) == 0).any()
    np.testing.assert_array_equal(errors.given_label, y.to_numpy()[errors.rows, columns])
    np.testing.assert_array_equal(errors.predicted_label, 1 - errors.given_label)
    np.testing.assert_array_equal(errors.label_names, ["a", "b", "c"])


def test_table(find, make_copies):
    errors = find(make_copies()[1])
    table = errors.to_frame()
    assert list(table) == [
        *("row", "label", "label_quality", "given_label", "predicted_label", "breaks_rules")
    ]
    assert len(table) == len(errors)
    for column, values in zip(
        table,
        [
            *(errors.rows, errors.labels, errors.label_quality, errors.given_label),
            *(errors.predicted_label, errors.breaks_rules),
        ],
        strict=True,
    ):
        np.testing.assert_array_equal(table[column], values)
    assert not errors.breaks_rules.any()


def test_table_has_the_paths_of_images(find, make_copies):
    y = make_copies()[1]
    paths = [f"photos/{row}.png" for row in range(len(y))]
    errors = find(y, paths)
    table = errors.to_frame()
    assert table.index.name == "image"
    assert table.index.tolist() == [paths[row] for row in errors.rows]


def test_table_has_the_index_of_labels(find, make_copies):
    y = make_copies()[1]
    y.index = [f"photo {row}" for row in range(len(y))]
    errors = find(y)
    assert errors.to_frame().index.tolist() == [f"photo {row}" for row in errors.rows]


def test_table_without_pandas(monkeypatch, find, make_copies):
    errors = find(make_copies()[1])
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"sklearn-ctran\[pandas\]"):
        errors.to_frame()


def test_text_says_how_many(find, make_copies):
    y = make_copies()[1].astype(float)
    y.loc[0, "a"] = np.nan
    errors = find(y)
    assert repr(errors) == f"<LabelErrors: {len(errors)} of 179 given labels are suspicious>"


def test_nothing_suspicious(find):
    y = np.tile([[1, 1], [0, 0]], (20, 1))
    errors = find(y)
    assert len(errors) == 0
    assert len(errors.to_frame()) == 0


@pytest.mark.parametrize(
    "convert",
    [
        np.asarray,
        lambda y: y.to_numpy(dtype=float),
        sparse.csr_matrix,
        sparse.coo_array,
        lambda y: pd.DataFrame(y.to_numpy(), index=y.index[::-1]),
    ],
)
def test_labels_of_every_form_are_the_same(convert, find, make_copies):
    X, y = make_copies()
    errors = find(convert(y), X)
    np.testing.assert_array_equal(errors.probabilities, find(y, X).probabilities)
    assert set(errors.labels[:2].tolist()) == {0, 1}


def test_lists_of_rows(find, make_copies, Joint):
    X, y = make_copies()
    errors = find_label_errors(
        Joint(), X, y.to_numpy().tolist(), hidden_fraction=None, random_state=0
    )
    np.testing.assert_array_equal(errors.probabilities, find(y, X).probabilities)


@pytest.mark.parametrize(
    "X",
    [
        [f"{i}.jpg" for i in range(60)],
        np.arange(60),
        pd.DataFrame({"x": np.arange(60)}, index=np.arange(60)[::-1]),
    ],
)
def test_images_of_every_form_are_split(X, find, make_copies):
    y = make_copies()[1]
    np.testing.assert_array_equal(find(y, X).rows, find(y).rows)


@pytest.mark.parametrize("missing", [np.nan, -1])
def test_missing_labels_are_neither_told_nor_ranked(missing, asked, find, make_copies):
    X, y = make_copies()
    y = y.astype(float)
    y.iloc[17, 0] = missing
    errors = find(y, X, cv=2)
    assert np.isnan(errors.label_quality_scores[17, 0])
    assert np.isnan(errors.label_quality_scores).sum() == 1
    assert not ((errors.rows == 17) & (errors.labels == "a")).any()
    # Row 17 lacks "a" in every question, and without it nothing speaks against "b".
    assert sum((known == -1).sum() for known in asked) == y.size + 2
    assert 0.2 < errors.label_quality_scores[17, 1] < 0.8
    assert (errors.probabilities[17, 0] > 0.9) == (y.iloc[17, 1] == 1)


def test_labels_that_rules_tie_do_not_vouch_for_each_other(find, make_copies):
    X, y = make_copies()
    y = pd.DataFrame({"day": y["a"], "night": 1 - y["a"], "sun": y["a"]})
    y.loc[5, "sun"] = 1 - y.loc[5, "sun"]
    model = CTranClassifier(
        None,
        d_model=8,
        n_layers=1,
        n_heads=2,
        max_epochs=1,
        exclusive_groups={("day", "night"): "exactly_one"},
        memory=None,  # It finds in the image what this network has not learned yet.
        random_state=0,
    )
    errors = find(y, X, model, cv=2)
    # Told that it is night, the model could only find that it is not day.
    tied = errors.probabilities[:, :2]
    assert ((tied > 0.01) & (tied < 0.99)).all()
    np.testing.assert_allclose(tied.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("convert", [lambda y: y, np.asarray, sparse.csr_matrix, list])
@pytest.mark.parametrize("wrap", [lambda model: model, make_pipeline])
def test_rows_that_break_the_rules_come_first(convert, wrap, animals, tiny):
    X, y = animals
    implies = {"cat": "animal"} if convert(y) is y else {0: 1}
    model = wrap(CTranClassifier(None, lr=1e-2, max_epochs=40, implies=implies, **tiny))
    table = y.to_numpy().tolist() if convert is list else convert(y)
    errors = find_label_errors(model, X, table, cv=2, random_state=0)
    # Of each row the model finds the label that is wrong, whichever of the two that is.
    assert sorted(errors.rows[errors.breaks_rules]) == [17, 40]
    assert errors.breaks_rules[:2].all() and not errors.breaks_rules[2:].any()
    wrong = dict(zip(errors.rows[:2].tolist(), errors.labels[:2], strict=True))
    assert wrong == {17: errors.label_names[1], 40: errors.label_names[0]}
    assert (np.diff(errors.label_quality[:2]) >= 0).all()
    assert (np.diff(errors.label_quality[2:]) >= 0).all()
    assert not np.isnan(errors.label_quality_scores).any()


@pytest.mark.filterwarnings("ignore:There is no positive")
def test_rules_between_targets_and_extra_labels(animals, tiny):
    X, y = animals
    y, extra = y[["cat", "coin"]], y[["animal"]].assign(day=1, night=0)
    extra.loc[0, ["day", "night"]] = 0, 1
    model = CTranClassifier(
        None,
        max_epochs=1,
        implies={"cat": "animal"},
        exclusive_groups={("day", "night"): "exactly_one"},
        **tiny,
    )
    errors = find_label_errors(model, X, y, extra_labels=extra, cv=KFold(2), random_state=0)
    assert set(errors.rows[errors.breaks_rules]) <= {17, 40}
    assert set(errors.labels[errors.breaks_rules]) <= {"cat"}
    extra.loc[50, "night"] = 1
    with pytest.raises(ValueError, match="extra_labels, row 50: 'day' and 'night' are both"):
        find_label_errors(model, X, y, extra_labels=extra, cv=KFold(2))


def test_ctran_finds_the_flipped_one_of_two_copies(make_copies):
    X, y = make_copies(n=200)
    model = CTranClassifier(
        None, d_model=8, n_layers=1, n_heads=2, lr=1e-2, max_epochs=60, random_state=0
    )
    errors = find_label_errors(model, X, y, cv=2, hidden_fraction=None, random_state=0)
    np.testing.assert_array_equal(errors.rows[:2], [17, 17])
    assert set(errors.labels[:2]) == {"a", "b"}
    assert errors.label_quality[0] < 0.1
