import base64
import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sklearn_ctran.baselines import MaskedLinear
from sklearn_ctran.inspection import ContactSheetDisplay, find_label_errors
from sklearn_ctran.inspection._report import photos


def opened(attrs):
    kind, data = attrs["src"].split(",", 1)
    assert kind == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_shows_the_photos_with_most_wrong_labels(network, scenes, write):
    X, Y = scenes.images[40:], scenes.Y[40:]
    page = write(network, X, Y, n_photos=5)
    display = ContactSheetDisplay(X, Y, network.predict(X))
    n_wrong = (display.is_false | display.is_missed).sum(axis=1)
    worst = np.argsort(-n_wrong, kind="stable")[:5]
    assert [photo["alt"] for photo in page.photos] == [f"row {row}" for row in worst]
    assert "The 5 of 20 images" in page.words
    shown = np.asarray(opened(page.photos[0])).astype(float)
    expected = np.asarray(Image.fromarray(np.asarray(X[worst[0]])).convert("RGB")).astype(float)
    assert np.abs(shown - expected).mean() < 12


@pytest.mark.parametrize("kind", ["paths", "pil"])
def test_large_photos_become_small(linear, table, tmp_path, write, kind):
    rng = np.random.RandomState(0)
    pictures = [Image.fromarray(rng.randint(256, size=(700, 500, 3), dtype=np.uint8))] * 3
    if kind == "paths":
        names = ["a & b.png", "<i>.png", "c.png"]
        for picture, name in zip(pictures, names, strict=True):
            picture.save(tmp_path / name)
        pictures = [str(tmp_path / name) for name in names]
    page = write(linear, table[0][:3], table[1][:3], photos=pictures)
    assert len(page.photos) == 3
    for photo in page.photos:
        assert max(opened(photo).size) == 240
        assert (int(photo["width"]), int(photo["height"])) == opened(photo).size
        assert len(photo["src"]) < 60_000  # noise, which compresses worst
    if kind == "paths":
        assert {photo["alt"] for photo in page.photos} == set(names)


@pytest.mark.parametrize("params", [{"n_photos": 0}, {"photos": None}])
def test_no_photos(network, linear, scenes, table, write, params):
    if "photos" in params:
        page = write(linear, *table, **params)
    else:
        page = write(network, scenes.images[40:], scenes.Y[40:], **params)
    assert page.photos == [] and "photos" not in page.sections


def test_label_errors_only_if_asked_for(linear, table, write, monkeypatch):
    def fit_nothing(*args, **kwargs):
        raise AssertionError("fits folds")

    monkeypatch.setattr(photos, "find_label_errors", fit_nothing)
    assert "errors" not in write(linear, *table).sections
    with pytest.raises(AssertionError, match="fits folds"):
        write(linear, *table, label_errors=True)


def test_label_errors_of_features_are_a_table(linear, table, write):
    X, Y = table[0], np.abs(table[1])
    page = write(linear, X, Y, label_errors=True, n_photos=7)
    expected = find_label_errors(MaskedLinear(random_state=0), X, Y, random_state=0)
    rows = page.tables["Suspicious labels"]
    assert len(rows) == 7 and f"{len(expected)} given labels" in page.words
    for i, (row, label, given, quality) in enumerate(rows):
        assert (row, label) == (expected.rows[i], str(expected.labels[i]))
        assert given == expected.given_label[i]
        assert quality == pytest.approx(expected.label_quality[i])


def test_label_errors_of_photos_are_a_sheet(linear, table, scenes, write):
    X, Y = table[0][:60], np.abs(table[1][:60])
    page = write(linear, X, Y, photos=scenes.images, label_errors=True, n_photos=4)
    expected = find_label_errors(MaskedLinear(random_state=0), X, Y, random_state=0)
    assert len(page.photos) == 8
    assert [photo["alt"] for photo in page.photos[4:]] == [f"row {i}" for i in expected.rows[:4]]
    assert f"given {expected.given_label[0]}, P = " in page.words


def test_says_that_no_label_looks_wrong(write):
    X = np.repeat(np.eye(2), 40, axis=0)
    Y = pd.DataFrame((10 * X > 5).astype(int), columns=["a", "b"])
    model = MaskedLinear(C=1000, random_state=0).fit(X, Y)
    page = write(model, X, Y, label_errors=True)
    assert "None looks wrong." in page.words
