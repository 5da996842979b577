"""Sheets of photos: sheet.py, contact_sheet.py, label_errors.py."""

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import make_multilabel_classification

from sklearn_ctran.baselines import MaskedLinear
from sklearn_ctran.inspection import ContactSheetDisplay, LabelErrorsDisplay, find_label_errors
from sklearn_ctran.inspection._displays.canvas import RIGHT, WRONG


@pytest.fixture
def photos():
    return np.random.RandomState(0).randint(256, size=(30, 12, 16, 3), dtype=np.uint8)


@pytest.fixture
def labels():
    rng = np.random.RandomState(0)
    y_true = rng.randint(2, size=(30, 4))
    y_true[:, 3] = -1
    return y_true, rng.randint(2, size=(30, 4))


def test_right_wrong_and_missed(photos, labels):
    y_true, y_pred = labels
    display = ContactSheetDisplay.from_predictions(photos, y_true, y_pred, n_photos=5)
    np.testing.assert_array_equal(display.is_found, (y_true == 1) & (y_pred == 1))
    np.testing.assert_array_equal(display.is_false, (y_true == 0) & (y_pred == 1))
    np.testing.assert_array_equal(display.is_missed, (y_true == 1) & (y_pred == 0))
    assert display.rows_.tolist() == [0, 1, 2, 3, 4] and len(display.axes_) == 5
    for row, ax in zip(display.rows_, display.axes_, strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), photos[row])


def test_what_is_known_is_neither_right_nor_wrong(photos, labels, texts_of):
    y_true, y_pred = labels
    known = np.full(y_true.shape, -1)
    known[:, 0] = y_true[:, 0].clip(0)
    display = ContactSheetDisplay.from_predictions(photos, y_true, y_pred, known_labels=known)
    for mask in (display.is_found, display.is_false, display.is_missed):
        assert not mask[:, 0].any()
    texts = texts_of(display.figure_)
    assert "=" in texts and any("=\xa0known" in text for text in texts)


def test_frames_tell_photos_with_mistakes(photos):
    y_true = np.array([[1, 0], [0, 1]])
    display = ContactSheetDisplay.from_predictions(photos[:2], y_true, [[1, 0], [1, 1]])
    from matplotlib.colors import to_hex

    colours = [to_hex(ax.spines["left"].get_edgecolor()).upper() for ax in display.axes_]
    assert colours == [RIGHT, WRONG]


def test_texts_under_a_photo(photos, texts_of):
    display = ContactSheetDisplay.from_predictions(
        photos[:1],
        [[1, 0, 1, 0]],
        [[1, 1, 0, 0]],
        y_score=[[0.9, 0.8, 0.3, 0.1]],
        label_names=["cat", "dog", "cow", "ant"],
    )
    texts = texts_of(display.figure_)
    for text in ("row 0", "0.90 cat", "0.80 dog", "0.30 cow", "✓", "✗", "○"):
        assert text in texts
    assert not any(text[-3:] == "ant" for text in texts)
    assert "0.90 cat" not in texts_of(display.plot(labels=["dog"]).figure_)


def test_the_worst_first_and_chosen_rows(photos, labels):
    y_true, y_pred = labels
    display = ContactSheetDisplay.from_predictions(photos, y_true, y_pred, rows="worst", n_photos=4)
    n_wrong = (display.is_false | display.is_missed).sum(axis=1)
    assert display.rows_.tolist() == np.argsort(-n_wrong, kind="stable")[:4].tolist()
    assert display.plot(rows=[7, 3]).rows_.tolist() == [7, 3]
    with pytest.raises(ValueError, match="no row 30: there are 30 rows"):
        display.plot(rows=[30])
    with pytest.raises(ValueError, match="'given' or 'worst', got 'best'"):
        display.plot(rows="best")


def test_from_an_estimator_and_files(tmp_path, photos, texts_of):
    X, Y = make_multilabel_classification(n_samples=30, n_classes=3, random_state=0)
    model = MaskedLinear(random_state=0).fit(X, Y)
    paths = [tmp_path / f"photo{i}.png" for i in range(30)]
    for path, photo in zip(paths, photos, strict=True):
        Image.fromarray(photo).save(path)
    display = ContactSheetDisplay.from_estimator(model, X, Y, photos=paths, known_labels={0: 1})
    proba = model.predict_proba(X, known_labels={0: 1})
    np.testing.assert_array_equal(display.y_pred, proba > 0.5)
    np.testing.assert_array_equal(display.y_score, proba)
    assert (display.known_labels[:, 0] == 1).all()
    assert "photo0.png" in texts_of(display.figure_)
    higher = ContactSheetDisplay.from_estimator(model, X, Y, photos=paths, threshold=0.8)
    np.testing.assert_array_equal(higher.y_pred, model.predict_proba(X) > 0.8)


@pytest.mark.parametrize("n_labels", [6, 74, 374])
def test_a_caption_is_never_longer_than_its_room(photos, n_labels, texts_of):
    ones = np.ones((30, n_labels), dtype=int)
    names = [f"{i} {'name ' * 8}"[:40] for i in range(n_labels)]
    display = ContactSheetDisplay.from_predictions(photos, ones, ones, label_names=names)
    texts = texts_of(display.figure_)
    assert len(texts) < 30 * 40
    if n_labels > 6:
        assert f"… {n_labels - 5} more" in texts


def test_shapes_are_checked(photos, labels):
    y_true, y_pred = labels
    with pytest.raises(ValueError, match="y_pred must have the shape of y_true"):
        ContactSheetDisplay.from_predictions(photos, y_true, y_pred[:, :2])
    with pytest.raises(ValueError, match="There are 29 photos, but 30 rows"):
        ContactSheetDisplay.from_predictions(photos[1:], y_true, y_pred)
    with pytest.raises(ValueError, match="n_photos must be an integer above 0"):
        ContactSheetDisplay.from_predictions(photos, y_true, y_pred, n_photos=0)
    with pytest.raises(ValueError, match="numbers, not images"):
        ContactSheetDisplay.from_predictions(np.zeros((30, 5)), y_true, y_pred)


@pytest.fixture(scope="module")
def errors():
    X = np.random.RandomState(0).randn(30, 2)
    Y = (X > 0).astype(int)
    Y[7, 1], Y[12, 0] = 1 - Y[7, 1], 1 - Y[12, 0]
    return find_label_errors(MaskedLinear(random_state=0), X, Y, random_state=0)


def test_suspicious_labels_in_their_order(errors, photos, texts_of):
    display = LabelErrorsDisplay.from_errors(errors, photos, n_photos=3)
    assert display.rows_.tolist() == errors.rows[:3].tolist()
    proba = errors.probabilities[errors.rows[0], errors.labels[0]]
    expected = [
        f"row {errors.rows[0]}",
        str(errors.labels[0]),
        f"given {errors.given_label[0]}, P = {proba:.2f}",
    ]
    assert display.captions_[0] == expected
    assert set(expected) <= set(texts_of(display.figure_))
    for row, ax in zip(display.rows_, display.axes_, strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), photos[row])
    assert display.plot(skip=1, n_photos=1).rows_.tolist() == [errors.rows[1]]


def test_errors_for_people(errors, photos):
    with pytest.raises(ValueError, match="There are 29 photos, but the errors are of 30"):
        LabelErrorsDisplay.from_errors(errors, photos[1:])
    with pytest.raises(ValueError, match="skip=99 leaves none"):
        LabelErrorsDisplay.from_errors(errors, photos, skip=99)
