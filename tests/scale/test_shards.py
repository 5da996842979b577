"""predict_shards: the numbers of predict_proba, in files that an interruption leaves whole."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from filelock import FileLock
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from small_models import quick
from tars import write_shards

from sklearn_ctran import predict_shards
from sklearn_ctran._scale import shards
from sklearn_ctran.datasets import load_shards

pyarrow = pytest.importorskip("pyarrow", reason="needs pyarrow")

NAMES = ["cat", "dog", "sun", "rain"]
RULES = {"label_groups": {"weather": ["sun", "rain"]}}


@pytest.fixture(scope="module")
def features():
    rng = np.random.RandomState(0)
    return rng.randn(50, 6), pd.DataFrame(rng.randint(2, size=(50, 4)), columns=NAMES)


@pytest.fixture(scope="module")
def model(features):
    return quick(backbone=None, **RULES).fit(*features)


@pytest.fixture(scope="module")
def photo_model():
    rng = np.random.RandomState(1)
    X, Y = rng.randint(256, size=(20, 10, 14, 3), dtype=np.uint8), rng.randint(2, size=(20, 4))
    return quick("small", image_size=12, cache=None, device="cpu").fit(X, Y)


def read(files):
    return pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)


def test_paths(photo_model, photos, tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "_ROWS", 4)
    out = tmp_path / "out"
    files = predict_shards(photo_model, photos[0], out, shard_size=11)
    assert [Path(file).name for file in files] == [f"shard-00000{i}.parquet" for i in range(3)]
    assert sorted(os.listdir(out)) == [".lock", *(Path(file).name for file in files)]
    table = read(files)
    assert table["row"].tolist() == list(range(30))
    assert table["path"].tolist() == photos[0]
    proba = photo_model.predict_proba(photos[0])
    assert table.columns[2:].tolist() == ["0", "1", "2", "3"]
    assert table.dtypes.iloc[2] == np.float32
    assert table.iloc[:, 2:].to_numpy() == pytest.approx(proba, abs=1e-6)
    assert pd.read_parquet(out).equals(table)


KNOWN = {
    "a value": {"cat": 1},
    "a column": {"cat": np.arange(50) % 3 - 1, "sun": 0},
    "a tuple": {"cat": tuple([0, 1] * 25)},
    "a group": {"weather": ("sun", "rain")},
    "a column of a group": {"weather": ["sun", None] * 25},
    "a table": np.arange(200).reshape(50, 4) % 3 - 1,
    "a frame": pd.DataFrame({"dog": np.arange(50) % 2}),
}


@pytest.mark.parametrize("known", KNOWN.values(), ids=KNOWN)
def test_known_labels(model, features, tmp_path, known, monkeypatch):
    monkeypatch.setattr(shards, "_ROWS", 7)
    X, _ = features
    files = predict_shards(model, X, tmp_path / "out", known_labels=known, shard_size=20)
    table = read(files)
    assert table[NAMES].to_numpy() == pytest.approx(model.predict_proba(X, known), abs=1e-6)
    assert table["path"].isna().all()


@pytest.mark.parametrize("size", [2, 50])
def test_a_group_of_as_many_labels_as_rows(model, features, tmp_path, size):
    X, _ = features
    known = {"weather": ("sun", "rain")}
    files = predict_shards(model, X[:2], tmp_path / "a", known_labels=known, shard_size=size)
    files += predict_shards(model, iter([X[:2]]), tmp_path / "b", known_labels=known)
    assert (read(files)[["sun", "rain"]] == 1).all(axis=None)


def test_images_in_tar_files(photo_model, tmp_path):
    """Each shard of predictions gets the places of its images only, and names them."""
    pattern, _ = write_shards(tmp_path)
    images = load_shards(pattern, labels=None).images
    files = predict_shards(photo_model, images, tmp_path / "out", shard_size=25)
    table = read(files)
    assert table["path"].tolist() == [image.path for image in images]
    assert table["path"][59] == f"{tmp_path}/photos-02.tar/00059.png"
    np.testing.assert_allclose(table.iloc[:, 2:], photo_model.predict_proba(images), atol=1e-6)
    before = [os.stat(file).st_mtime_ns for file in files]
    again = load_shards(pattern, labels=None).images
    assert predict_shards(photo_model, again, tmp_path / "out", shard_size=25) == files
    assert [os.stat(file).st_mtime_ns for file in files] == before


def test_extra_labels(features, tmp_path):
    X, Y = features
    extra = {"night": np.arange(50) % 2}
    model = quick(backbone=None).fit(X, Y, extra_labels=extra)
    files = predict_shards(model, X, tmp_path / "out", extra_labels=extra, shard_size=20)
    proba = model.predict_proba(X, extra_labels=extra)
    assert read(files)[NAMES].to_numpy() == pytest.approx(proba, abs=1e-6)


def test_shards_of_a_generator(model, features, tmp_path):
    X, _ = features
    known = np.arange(200).reshape(50, 4) % 3 - 1
    files = predict_shards(
        model,
        iter(np.split(X, [5, 30])),
        tmp_path / "out",
        known_labels=iter(np.split(known, [5, 30])),
        extra_labels=None,
    )
    assert [len(pd.read_parquet(file)) for file in files] == [5, 25, 20]
    table = read(files)
    assert table["row"].tolist() == list(range(50))
    assert table[NAMES].to_numpy() == pytest.approx(model.predict_proba(X, known), abs=1e-6)
    one = predict_shards(model, iter([X]), tmp_path / "one", known_labels={"cat": 1})
    assert (read(one)["cat"] == 1).all()


def test_estimators_of_scikit_learn(features, tmp_path):
    X, Y = features
    model = MultiOutputClassifier(LogisticRegression()).fit(X, Y)
    table = read(predict_shards(model, X, tmp_path / "many"))
    assert np.array_equal(table["3"], model.predict_proba(X)[3][:, 1])
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y["cat"] + 5)
    table = read(predict_shards(model, X, tmp_path / "classes"))
    assert np.array_equal(table[["5", "6"]], model.predict_proba(X))
    with pytest.raises(TypeError, match="LogisticRegression takes no known_labels"):
        predict_shards(model, X, tmp_path / "known", known_labels={"5": 1})


def test_it_goes_on_where_it_was(model, features, tmp_path, monkeypatch):
    """Finished shards are not predicted again, and no broken file is left."""
    X, _ = features
    n_predicted = []

    def predict(estimator, n_labels, X, *known):
        n_predicted.append(len(X))
        if len(n_predicted) == 3:
            raise KeyboardInterrupt
        return np.zeros((len(X), n_labels))

    monkeypatch.setattr(shards, "_predict", predict)
    with pytest.raises(KeyboardInterrupt):
        predict_shards(model, X, tmp_path, shard_size=20)
    assert len(list(tmp_path.glob("*.parquet"))) == 2
    (tmp_path / ".1234.tmp").write_bytes(b"of a process that was killed")
    predict_shards(model, X, tmp_path, shard_size=20)
    assert n_predicted == [20, 20, 10, 10]
    assert len(list(tmp_path.iterdir())) == 4


def test_a_file_that_cannot_be_written_is_not_there(model, features, tmp_path, monkeypatch):
    def fail(*args):
        raise OSError("No space left on device")

    monkeypatch.setattr(shards.os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        predict_shards(model, features[0], tmp_path)
    assert os.listdir(tmp_path) == [".lock"]


def test_other_jobs_are_refused(model, features, tmp_path):
    X, Y = features
    predict_shards(model, X, tmp_path, shard_size=20)
    other = quick(backbone=None, max_epochs=1, **RULES).fit(X, Y)
    refused = [
        (other, X, {}),
        (model, X + 1, {}),
        (model, X, {"known_labels": {"cat": 1}}),
        (model, X, {"extra_labels": {}}),
    ]
    for estimator, rows, known in refused:
        with pytest.raises(ValueError, match="predictions of another model, or for other images"):
            predict_shards(estimator, rows, tmp_path, shard_size=20, **known)
    with pytest.raises(ValueError, match="has 'shard-000001.parquet', but there are 1 shards"):
        predict_shards(model, X[:20], tmp_path, shard_size=20)
    with pytest.raises(ValueError, match="has 'shard-000001.parquet', but there are 1 shards"):
        predict_shards(model, iter([X[:20]]), tmp_path)
    (tmp_path / "shard-000002.parquet").write_bytes(b"not ours")
    with pytest.raises(ValueError, match="000002.parquet has predictions of another"):
        predict_shards(model, X, tmp_path, shard_size=20)


def test_two_calls_at_a_time(model, features, tmp_path):
    with FileLock(tmp_path / ".lock"), pytest.raises(RuntimeError, match="Another call"):
        predict_shards(model, features[0], tmp_path)


@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_images_that_cannot_be_read(photo_model, photos, tmp_path, on_error):
    paths, _ = photos
    Path(paths[25]).write_bytes(b"no image")
    photo_model.set_params(on_error=on_error)
    arguments = photo_model, paths, tmp_path / "out"
    if on_error == "raise":
        with pytest.raises(ValueError, match=r"row 5: .*25\.png") as raised:
            predict_shards(*arguments, shard_size=20)
        assert raised.value.__notes__ == ["Its rows are counted from row 20 of all images."]
        return
    with pytest.warns(UserWarning, match=r"(?s)25\.png.*NaN"):
        table = read(predict_shards(*arguments, shard_size=20))
    assert table.index[table["0"].isna()].tolist() == [25]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"X": []}, "X is empty"),
        ({"X": iter(())}, "X has no shards"),
        ({"shard_size": 0}, "shard_size"),
        ({"known_labels": {"cat": [1, 0]}}, r"known_labels\['cat'\] has 2 rows, and X has 50"),
        ({"known_labels": np.zeros((49, 4))}, "known_labels has 49 rows, and X has 50"),
        ({"known_labels": {"cow": 1}}, "cow"),
        ({"X": iter([np.ones((2, 6))]), "known_labels": np.ones((2, 4))}, "must be one too"),
        ({"X": iter([np.ones((2, 6))]), "known_labels": iter(())}, "for fewer shards"),
        ({"X": iter([np.ones((2, 6))]), "known_labels": iter([None] * 2)}, "for more shards"),
        ({"client": 1}, "client must be None"),
    ],
)
def test_errors(model, features, tmp_path, changes, message):
    arguments = {"estimator": model, "X": features[0], "out": tmp_path} | changes
    with pytest.raises((ValueError, TypeError), match=message):
        predict_shards(**arguments)


def test_names_that_columns_have_already(features, tmp_path):
    X, Y = features
    model = quick(backbone=None).fit(X, Y.rename(columns={"cat": "row"}))
    with pytest.raises(ValueError, match="Two columns would have the name 'row'"):
        predict_shards(model, X, tmp_path)


def test_paths_that_are_no_text(tmp_path):
    strange = os.fsdecode(b"\xff.png")
    image = Image.new("RGB", (2, 2))
    assert shards._paths([strange, image, b"x", Path("a")]) == ["\\udcff.png", None, None, "a"]
    assert shards._paths(np.array([["a"], ["b"]])) == ["a", "b"]
    assert shards._paths(pd.Series(["a"], index=[7])) == ["a"]
    assert shards._paths(pyarrow.array(["a", "b"])) == ["a", "b"]
    assert shards._paths(range(3)) == [None] * 3


@pytest.mark.parametrize(
    "frame", [pd.DataFrame, pl.DataFrame, pyarrow.table], ids=["pandas", "polars", "pyarrow"]
)
def test_frames_of_features(features, tmp_path, frame):
    X, Y = features
    X = frame({name: X[:, i] for i, name in enumerate("abcdef")})
    model = quick(backbone=None).fit(X, Y)
    table = read(predict_shards(model, X, tmp_path, shard_size=20))
    assert table[NAMES].to_numpy() == pytest.approx(model.predict_proba(X), abs=1e-6)
    assert table["path"].isna().all()


def test_without_pyarrow(model, features, tmp_path, monkeypatch):
    def import_module(name):
        raise ImportError

    monkeypatch.setattr(shards.importlib, "import_module", import_module)
    with pytest.raises(ImportError, match=r"pip install 'sklearn-ctran\[parquet\]'"):
        predict_shards(model, features[0], tmp_path)


def test_progress_counts_what_was_done_before(model, features, tmp_path, capsys):
    predict_shards(model, features[0], tmp_path, shard_size=20)
    assert capsys.readouterr() == ("", "")
    os.remove(tmp_path / "shard-000001.parquet")
    predict_shards(model, features[0], tmp_path, shard_size=20, verbose=1)
    out, err = capsys.readouterr()
    assert out == "" and "predicted: 50 images" in err
