"""Labels that are one label in several spellings (spellings.py, summary.py, image_folder.py)."""

import numpy as np
import pytest

from sklearn_ctran.datasets._tags.image_folder import ImageFolder, is_image_name
from sklearn_ctran.datasets._tags.spellings import key_of, renamed, variants
from sklearn_ctran.datasets._tags.summary import TagSummary, counted


@pytest.mark.parametrize(
    ("name", "other"),
    [("Sunset", "sunset "), ("sun set", "Sun_Set"), ("sun-set", "sun  set"), ("Straße", "STRASSE"),
     ("e\u0301t\u00e9", "\u00e9te\u0301"), ("ﬁsh", "fish")],
)  # fmt: skip
def test_one_label(name, other):
    assert key_of(name) == key_of(other)


def test_other_labels():
    assert len({key_of(name) for name in ("cat", "cats", "-", "_", "c at")}) == 5


def test_the_most_frequent_comes_first():
    states = np.array([[1, 1, 0], [0, 1, 0]], dtype=np.int8)
    assert variants(["Cat", "cat", "dog"], states) == [["cat", "Cat"]]


def test_renamed_labels_stay_in_their_order():
    states = np.array([[1, 0, 0]], dtype=np.int8)
    names, states, _ = renamed(["a", "b", "c"], states, {"c": "a", "b": "d"}, is_explicit=False)
    assert (names, states.tolist()) == (["a", "d"], [[1, 0]])


def test_a_summary_without_findings():
    summary = TagSummary("t.csv", "2 label columns", n_rows=1, n_images=1, n_labels=2, n_positive=2)
    assert (
        str(summary)
        == repr(summary)
        == (
            "t.csv: 1 row, 2 label columns\n"
            "1 image, 2 labels: 2 positive, 0 negative and 0 unknown entries"
        )
    )
    assert counted(1234, "entry", "entries") == "1,234 entries"


def test_images_of_a_folder(folder):
    (folder / "more" / "deep").mkdir()
    (folder / "more" / "deep" / "e.webp").touch()
    files = ImageFolder(str(folder))
    assert files.images() == ["a.jpg", "b.jpg", "c.jpg", "more/d.JPG", "more/deep/e.webp"]
    assert files.find("more\\deep\\e.webp") == str(folder / "more/deep/e.webp")
    assert files.find("x.jpg") is None
    assert ImageFolder(str(folder), ".jpg").find("a") == str(folder / "a.jpg")
    assert not is_image_name("jpg.txt") and is_image_name("x.JPEG")
