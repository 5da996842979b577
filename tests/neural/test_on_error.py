"""Images that cannot be read: named all at once, or left out with their labels and weights."""

import warnings

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import sparse
from skorch.callbacks import Callback
from small_models import quick
from torch.utils.data import Dataset

from sklearn_ctran.baselines import FeedbackProp, LinearHead
from sklearn_ctran.metrics import (
    make_multilabel_scorer,
    mean_average_precision,
    partial_label_scorer,
)
from sklearn_ctran.model_selection import TunedThresholds

N = 24
BAD = [3, 10, 17]
GOOD = np.setdiff1d(np.arange(N), BAD)


@pytest.fixture
def files(pictures, tmp_path):
    """Paths of 24 pictures; nothing is wrong yet."""
    paths = [tmp_path / f"{i}.png" for i in range(N)]
    for path, image in zip(paths, pictures[0], strict=False):
        Image.fromarray(image).save(path)
    return paths


@pytest.fixture
def broken(files):
    """The same paths: a file is missing, one has no header, one has half of its pixels."""
    files[BAD[0]].unlink()
    files[BAD[1]].write_bytes(b"no image")
    half(files[BAD[2]])
    return files


def half(path):
    """Cut a file off after its header."""
    path.write_bytes(path.read_bytes()[:60])


@pytest.fixture
def Y(pictures):
    return pictures[1][:N]


@pytest.fixture(params=[True, False], ids=["trained", "frozen"])
def model(request):
    """An estimator of images whose backbone is trained, or not."""
    return quick("small", image_size=12, train_backbone=request.param)


def of(rows, paths):
    return [paths[row] for row in rows]


def quiet(method, *args, **kwargs):
    """What a method returns while its warnings are ignored."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return method(*args, **kwargs)


def test_an_error_names_all_of_them(model, broken, Y):
    with pytest.raises(FileNotFoundError) as raised:
        model.fit(broken, Y)
    message = str(raised.value)
    assert message.startswith("3 of 24 images cannot be read:\nrow 3: ")
    assert all(f"row {row}: {broken[row]}: " in message for row in BAD)
    assert message.endswith("(With on_error='skip', fit does so itself.)")
    assert not hasattr(model, "net_") and not hasattr(model, "task_")


def test_an_error_names_the_first_twenty(model, files, Y):
    for path in files[1:]:
        path.write_bytes(b"")
    with pytest.raises(ValueError, match="23 of 24 images") as raised:
        model.fit(files, Y)
    message = str(raised.value)
    assert f"row 20: {files[20]}" in message and "row 21" not in message
    assert "... and 3 more." in message


def test_a_fit_without_them_is_that_of_the_others(model, broken, Y):
    expected = model.fit(of(GOOD, broken), Y[GOOD]).predict_proba(of(GOOD, broken))
    assert model.skipped_ == {}
    model.set_params(on_error="skip").fit(broken, Y)
    assert list(model.skipped_) == BAD
    assert model.skipped_[3] == f"row 3: {broken[3]}: there is no such file."
    np.testing.assert_array_equal(model.predict_proba(of(GOOD, broken)), expected)
    model.fit(of(GOOD, broken), Y[GOOD])
    assert model.skipped_ == {}


FORMS = {
    "list": np.ndarray.tolist,
    "frame": lambda Y: pd.DataFrame(Y, index=np.arange(N) + 7, columns=list("abc")),
    "csr": sparse.csr_matrix,
    "coordinates": sparse.coo_matrix,
    "classes": lambda Y: np.array(["cat", "dog"])[Y[:, 0]],
    "column": lambda Y: pd.Series(Y[:, 0], index=np.arange(N) + 7),
}


@pytest.mark.parametrize("form", FORMS)
def test_labels_and_weights_go_along(broken, Y, form):
    weights = np.linspace(0.5, 1.5, N)
    extra = {"place": Y[:, 2].tolist(), "time": pd.Series(1 - Y[:, 1])}
    model = quick("small", image_size=12, on_error="skip")
    model.fit(broken, FORMS[form](Y), extra, weights)
    known = {"place": Y[:, 2]}
    got = quiet(model.predict_proba, broken, None, known)
    rest = {"place": Y[GOOD, 2].tolist(), "time": 1 - Y[GOOD, 1]}
    y = FORMS[form](Y)
    y = y.tocsr()[GOOD] if sparse.issparse(y) else np.asarray(y)[GOOD]
    model.fit(of(GOOD, broken), y, rest, weights[GOOD])
    expected = model.predict_proba(of(GOOD, broken), None, {"place": Y[GOOD, 2]})
    np.testing.assert_array_equal(got[GOOD], expected)
    assert np.isnan(got[BAD]).all()


def test_labels_of_other_packages_go_along(broken, Y):
    pa, pl = pytest.importorskip("pyarrow"), pytest.importorskip("polars")
    model = quick("small", image_size=12, on_error="skip").fit(broken, Y)
    expected = model.predict_proba(of(GOOD, broken))
    columns = dict(zip("abc", Y.T, strict=True))
    for y in (pa.table(columns), pa.RecordBatch.from_pydict(columns), pl.DataFrame(columns)):
        model.fit(pa.array(map(str, broken)), y)
        np.testing.assert_array_equal(model.predict_proba(of(GOOD, broken)), expected)


def test_a_warning_names_them(model, broken, Y):
    with pytest.warns(UserWarning, match=r"(?s)3 of 24 images .*row 17.*left out, with their lab"):
        model.set_params(on_error="warn").fit(broken, Y)
    assert list(model.skipped_) == BAD


def test_predictions_are_nan(model, broken, files, Y):
    model.set_params(on_error="skip").fit(broken, Y, extra_labels=Y[:, :1])
    known = np.full((N, 3), -1)
    known[:, 1] = Y[:, 1]
    for method in ("predict_proba", "predict_extra_proba", "decision_function", "predict"):
        with pytest.warns(UserWarning, match=r"(?s)3 of 24 .*row 10.*predictions are NaN"):
            values = getattr(model, method)(broken, known)
        assert np.isnan(values[BAD]).all()
        expected = getattr(model, method)(of(GOOD, broken), known[GOOD])
        np.testing.assert_array_equal(values[GOOD], expected)
        assert values.dtype == (np.float64 if method == "predict" else np.float32)
    model.set_params(on_error="raise")
    with pytest.raises(FileNotFoundError, match="[23] of 24"):
        model.predict(broken)


def test_predicted_classes_are_nan(broken, Y):
    names = np.array(["cat", "dog"])[Y[:, 0]]
    model = quick("small", image_size=12, on_error="skip").fit(broken, names)
    classes = quiet(model.predict, broken)
    assert classes.dtype == object and all(value != value for value in classes[BAD])
    assert set(classes[GOOD]) <= {"cat", "dog"}
    assert np.isnan(quiet(model.decision_function, broken)[BAD]).all()
    accuracy = np.mean(classes[GOOD] == names[GOOD])
    assert quiet(model.score, broken, names) == accuracy
    with pytest.warns(UserWarning), pytest.raises(ValueError, match="no prediction of row.* 3, 10"):
        model.sample_labels(broken, random_state=0)
    assert np.isnan(quiet(model.log_score, broken, names)[BAD]).all()


def test_scores_leave_them_out(model, broken, Y):
    model.set_params(on_error="skip").fit(broken, Y)
    score = quiet(model.score, broken, Y, {0: Y[:, 0]})
    assert score == pytest.approx(model.score(of(GOOD, broken), Y[GOOD], {0: Y[GOOD, 0]}))
    with pytest.raises(ValueError, match="finite"):
        mean_average_precision(Y, quiet(model.predict_proba, broken))


def test_what_has_no_room_for_nan_raises(model, broken, Y):
    model.set_params(on_error="skip").fit(broken, Y)
    for use in (
        model.encode,
        model.sample_labels,
        lambda X: model.predict(X, decoding="greedy"),
        lambda X: model.log_score(X, Y),
    ):
        with pytest.raises(FileNotFoundError, match="[23] of 24"):
            use(broken)


def test_thresholds_learn_from_the_others_and_decide_on_no_gap(broken, Y):
    model = quick("small", image_size=12, on_error="skip")
    tuned = quiet(TunedThresholds(model, cv=2, random_state=0).fit, broken, Y)
    with (
        pytest.warns(UserWarning),
        pytest.raises(ValueError, match=r"no prediction of row\(s\) 3, 10"),
    ):
        tuned.predict(broken)
    assert tuned.predict(of(GOOD, broken)).shape == (21, 3)
    names = np.array(["cat", "dog"])[Y[:, 0]]
    tuned = quiet(TunedThresholds(model, cv=2, random_state=0).fit, broken, names)
    assert set(tuned.sample_labels(of(GOOD, broken), random_state=0).ravel()) <= {"cat", "dog"}
    with pytest.warns(UserWarning), pytest.raises(ValueError, match="no prediction"):
        tuned.sample_labels(broken, random_state=0)


@pytest.mark.parametrize("on_error", ["raise", "skip", "warn"])
def test_none_is_left(model, files, Y, on_error):
    for path in files:
        path.write_bytes(b"")
    model.set_params(on_error=on_error)
    with pytest.raises(ValueError, match="24 of 24 images cannot be read"):
        model.fit(files, Y)
    assert not hasattr(model, "net_")


def test_a_label_may_lose_its_last_annotation(broken, Y):
    Y = Y.astype(float)
    Y[GOOD, 1] = np.nan
    with pytest.raises(ValueError, match=r"No sample is annotated for label\(s\) 1"):
        quick("small", image_size=12, on_error="skip").fit(broken, Y)


def test_lengths_that_differ_are_said_first(broken, Y):
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[24, 20\]"):
        quick("small", image_size=12, on_error="skip").fit(broken, Y[:20])


@pytest.mark.parametrize("is_one_class", [True, False])
@pytest.mark.parametrize("rules", [{}, {"exclusive_groups": [[0, 1]], "implies": {2: 1}}])
def test_predictions_of_no_image_at_all(broken, Y, is_one_class, rules):
    first, second = Y[:, 0], 1 - Y[:, 0]
    table = np.stack([first, second, second * Y[:, 1]], axis=1)  # obeys the rules
    y = np.array(["cat", "dog"])[first] if is_one_class else table
    params = {} if is_one_class else rules
    model = quick("small", image_size=12, on_error="skip", **params).fit(broken, y)
    for method in ("predict_proba", "decision_function", "predict"):
        values = quiet(getattr(model, method), of(BAD, broken))
        some = quiet(getattr(model, method), broken)
        assert values.shape == (3, *some.shape[1:]) and values.dtype == some.dtype
        assert (values != values).all()
    with pytest.raises(ValueError, match="othing to score"):
        quiet(model.score, of(BAD, broken), y[BAD])


class Breaks(Callback):
    """Breaks files in the second epoch."""

    def __init__(self, paths, how):
        self.paths, self.how = paths, how

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 2:
            for path in self.paths:
                if path.exists():
                    self.how(path)


@pytest.mark.parametrize("how", [half, lambda path: path.unlink()])
@pytest.mark.parametrize("n_workers", [0, 1])
def test_files_that_break_during_the_training(files, Y, how, n_workers):
    params = {"image_size": 12, "net_params": {"iterator_train__num_workers": n_workers}}
    model = quick("small", callbacks=[Breaks(of(BAD, files), how)], **params)
    before = {path: path.read_bytes() for path in files}
    with pytest.raises((ValueError, FileNotFoundError), match=r"(?s)3 of 24 .*row 3.*row 17"):
        model.fit(files, Y)
    assert not hasattr(model, "net_")
    for path in before:
        path.write_bytes(before[path])
    with pytest.warns(UserWarning, match="3 of 24"):
        model.set_params(on_error="warn").fit(files, Y)
    assert list(model.skipped_) == BAD
    expected = quick("small", **params).fit(of(GOOD, files), Y[GOOD])
    np.testing.assert_array_equal(
        model.predict_proba(of(GOOD, files)), expected.predict_proba(of(GOOD, files))
    )


def test_files_that_break_during_the_prediction(files, Y, monkeypatch):
    model = quick("small", image_size=12, on_error="skip").fit(files, Y)
    expected = model.predict_proba(files)
    read = type(model)._read_X

    def read_and_break(self, X):
        data = read(self, X)
        half(files[5])
        return data

    monkeypatch.setattr(type(model), "_read_X", read_and_break)
    with pytest.warns(UserWarning, match="1 of 24"):
        proba = model.predict_proba(files)
    assert np.isnan(proba[5]).all()
    np.testing.assert_array_equal(np.delete(proba, 5, axis=0), np.delete(expected, 5, axis=0))


class Flaky(Dataset):
    """Arrays, some of which cannot be read, always or once."""

    def __init__(self, images, always=(), once=()):
        self.images, self.always, self.once = images, set(always), set(once)
        self.n_reads = 0

    def __len__(self):
        return len(self.images)

    def __getitem__(self, row):
        self.n_reads += 1
        if row in self.always or (row in self.once and self.n_reads == N + 2 + row):
            raise OSError("the network is down")
        return self.images[row]


def test_rows_of_a_dataset(model, pictures, Y):
    X = pictures[0][:N]
    expected = model.fit(X[GOOD], Y[GOOD]).predict_proba(X[GOOD])
    model.set_params(on_error="skip").fit(Flaky(X, always=BAD), Y)
    assert model.skipped_[17] == "row 17: X[17] raises OSError: the network is down"
    np.testing.assert_array_equal(model.predict_proba(X[GOOD]), expected)


def test_an_error_that_goes_away_is_no_reason_to_leave_an_image_out(pictures, Y):
    model = quick("small", image_size=12, on_error="skip", train_backbone=False, cache=None)
    with pytest.raises(ValueError, match=r"row 2: X\[2\] raises OSError: the network is down"):
        model.fit(Flaky(pictures[0][:N], once=[2]), Y)


def test_arrays_of_pixels(model, pictures, Y):
    X = pictures[0][:N] / 255.0
    expected = model.fit(X[GOOD], Y[GOOD]).predict_proba(X[GOOD])
    X[BAD] *= np.nan
    with pytest.raises(ValueError, match=r"(?s)3 of 24 .*row 17 has NaN"):
        model.fit(X, Y)
    model.set_params(on_error="skip").fit(X, Y)
    assert list(model.skipped_) == BAD
    np.testing.assert_array_equal(quiet(model.predict_proba, X)[GOOD], expected)


def test_rows_without_an_image(model, files, Y):
    paths = [None if row in BAD else str(path) for row, path in enumerate(files)]
    model.set_params(on_error="skip").fit(pd.Series(paths, index=np.arange(N) + 7), Y)
    assert list(model.skipped_) == BAD


def test_warm_start_goes_on(broken, Y):
    model = quick("small", image_size=12, warm_start=True, on_error="skip")
    model.fit(broken, Y).fit(broken, Y)
    expected = quick("small", image_size=12, warm_start=True)
    for _ in range(2):
        expected.fit(of(GOOD, broken), Y[GOOD])
    got = model.predict_proba(of(GOOD, broken))
    np.testing.assert_array_equal(got, expected.predict_proba(of(GOOD, broken)))


def test_early_stopping(broken, Y):
    params = {"image_size": 12, "early_stopping": True, "validation_fraction": 0.3}
    model = quick("small", on_error="skip", **params).fit(broken, Y)
    expected = quick("small", **params).fit(of(GOOD, broken), Y[GOOD])
    got = model.predict_proba(of(GOOD, broken))
    np.testing.assert_array_equal(got, expected.predict_proba(of(GOOD, broken)))


def test_baselines(broken, Y):
    head = LinearHead("small", image_size=12, max_epochs=1, random_state=0, on_error="skip")
    model = FeedbackProp(head).fit(broken, Y)
    assert list(model.estimator_.skipped_) == BAD
    with pytest.raises(FileNotFoundError, match="[23] of 24"):
        model.predict(broken)


def test_features_have_nothing_to_skip(table):
    assert quick(on_error="warn").fit(*table).skipped_ == {}


def test_other_values_are_refused(table):
    with pytest.raises(ValueError, match="The 'on_error' parameter"):
        quick(on_error="ignore").fit(*table)


@pytest.mark.parametrize("known_fraction", [None, 0.5])
def test_scorers_leave_rows_out(broken, Y, known_fraction):
    kind, more = make_multilabel_scorer, {}
    if known_fraction:
        kind, more = partial_label_scorer, {"known_fraction": known_fraction}
    scorer = kind(mean_average_precision, **more)
    weight = np.arange(1.0, N + 1)
    model = quick("small", image_size=12, on_error="skip").fit(broken, Y)
    for y in (Y, Y.tolist(), sparse.csr_matrix(Y)):
        with pytest.warns(UserWarning, match="Their predictions are NaN"):
            score = scorer(model, broken, y, sample_weight=weight)
        if not known_fraction:  # Others are known in a table of fewer rows.
            expected = scorer(model, of(GOOD, broken), Y[GOOD], sample_weight=weight[GOOD])
            assert score == pytest.approx(expected)
        assert 0 < score <= 1
    model.on_error = "raise"
    with pytest.raises(FileNotFoundError, match="3 of 24|2 of 24"):
        scorer(model, broken, Y)


def test_no_image_is_left(broken):
    with pytest.raises(FileNotFoundError, match=r"2 of 2 .*\n.*\n.*\nToo few images are left\.$"):
        quick("small", image_size=12, on_error="skip").fit(of(BAD[:2], broken), [[1, 0], [0, 1]])


def test_skipped_rows_are_in_order(broken, Y):
    model = quick("small", image_size=12, on_error="skip", train_backbone=False).fit(broken, Y)
    assert list(model.skipped_) == BAD
