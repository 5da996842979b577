"""Open Images' files: answers of people and machines, classes, photos and versions.

What ``open_images_table.py`` makes of answers is tested here too.
"""

import numpy as np
import pytest

from sklearn_ctran.datasets import load_open_images
from sklearn_ctran.datasets._published import open_images, open_images_rows
from sklearn_ctran.datasets._published.download import Download

CAT, DOG, SUN, OTHER = "/m/01yrx", "/m/0bt9lr", "/m/06m_p", "/m/0sun2"
CLASSES = ["LabelName,DisplayName", f"{CAT},Cat", f'{DOG},"Dog, any"', f"{SUN},Sun", f"{OTHER},Sun"]
HEADER = "ImageID,Source,LabelName,Confidence"
A, B, C, D = (f"{digit * 16}" for digit in "a1c2")


def rows(*answers):
    lines = [f"{photo},verification,{label},{answer}" for photo, label, answer in answers]
    return [HEADER, *lines]


@pytest.fixture
def home(tmp_path):
    write(tmp_path, "oidv7-class-descriptions.csv", CLASSES)
    train = [(B, CAT, 1), (A, DOG, 0), (B, DOG, 0), (A, CAT, "1.0")]
    write(tmp_path, "oidv7-train-annotations-human-imagelabels.csv", rows(*train))
    write(tmp_path, "oidv7-val-annotations-human-imagelabels.csv", rows((C, SUN, 1), (C, CAT, 0)))
    write(tmp_path, "oidv7-test-annotations-human-imagelabels.csv", rows((D, DOG, 1)))
    machine = [(A, SUN, 0.7), (A, DOG, 0.9), (A, OTHER, 0.6), (D, OTHER, 0.8)]
    write(tmp_path, "oidv7-train-annotations-machine-imagelabels.csv", rows(*machine))
    for part in ("val", "test"):
        name = f"oidv7-{part}-annotations-machine-imagelabels.csv"
        write(tmp_path, name, rows((C, DOG, 0.1)))
    return tmp_path


def write(home, name, lines):
    path = home / "OpenImages" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def load(home, **arguments):
    return load_open_images(home, **{"check_counts": False, **arguments})


NAN = np.nan


@pytest.mark.parametrize("rows_at_once", [1, 1_000_000])
def test_answers_of_people(home, monkeypatch, rows_at_once):
    monkeypatch.setattr(open_images_rows, "_ROWS_AT_ONCE", rows_at_once)
    data = load(home)
    folder = home / "OpenImages"
    expected = [f"train/{B}", f"train/{A}", f"validation/{C}", f"test/{D}"]
    assert data.images == [str(folder / f"{photo}.jpg") for photo in expected]
    assert data.target_names.tolist() == ["Cat", "Dog, any", "Sun"]
    target = [[1, 0, NAN], [1, 0, NAN], [0, NAN, 1], [NAN, 1, NAN]]
    np.testing.assert_array_equal(data.target, target)
    assert data.split.tolist() == ["train", "train", "validation", "test"]
    assert data.extra is data.extra_names is data.groups is None
    assert "CC BY 4.0" in data.DESCR


def test_answers_of_machines_count_where_nobody_has_answered(home):
    data = load(home, subsets=["train"], machine=0.7)
    assert data.target_names.tolist() == ["Cat", f"Sun ({SUN})", f"Sun ({OTHER})"]
    np.testing.assert_array_equal(data.target, [[1, NAN, NAN], [1, 1, NAN], [NAN, NAN, 1]])
    assert data.target.index[-1] == f"train/{D}.jpg"
    data = load(home, subsets=["train"], machine=0.75)
    assert data.target_names.tolist() == ["Cat", "Sun"]


def test_answers_that_contradict_each_other_are_unknown(home):
    more = rows((B, CAT, 1), (A, CAT, 1), (A, CAT, 0), (A, CAT, 1), (A, DOG, 1), (B, CAT, 1))
    write(home, "oidv7-train-annotations-human-imagelabels.csv", more)
    write(home, "oidv7-train-annotations-machine-imagelabels.csv", rows((A, CAT, 1)))
    for machine in (None, 0.5):
        data = load(home, subsets=["train"], machine=machine)
        np.testing.assert_array_equal(data.target, [[1, NAN], [NAN, 1]])


def test_chosen_labels(home):
    assert load(home, labels=["Sun", CAT]).target_names.tolist() == ["Cat", "Sun"]
    data = load(home, labels=["Sun", CAT], min_positive=0)
    assert data.target_names.tolist() == ["Cat", f"Sun ({SUN})", f"Sun ({OTHER})"]
    assert len(data.target) == 3  # None of them was looked for in the last photo.
    data = load(home, min_positive=2)
    assert data.target_names.tolist() == ["Cat"] and len(data.target) == 3
    assert load(home, names="code").target_names.tolist() == [CAT, DOG, SUN]
    with pytest.raises(ValueError, match="labels has 'cat'.*Did you mean 'Cat'"):
        load(home, labels=["cat"])
    with pytest.raises(ValueError, match="labels is empty"):
        load(home, labels=[])
    with pytest.raises(TypeError, match="labels must be a list"):
        load(home, labels="Cat")
    with pytest.raises(ValueError, match=r"No label has 3 positive photo\(s\) or more"):
        load(home, min_positive=3)


def test_chosen_photos(home, tmp_path):
    assert load(home, photos=[f"train/{A}", D]).target.index.tolist() == [
        f"train/{A}.jpg", f"test/{D}.jpg",
    ]  # fmt: skip
    path = tmp_path / "photos.txt"
    path.write_text(f"validation/{C}\n")
    assert len(load(home, photos=path).target) == 1
    missing = "0" * 16
    with pytest.raises(ValueError, match=f"photos has '{missing}', which no file of these"):
        load(home, photos=[A, missing])
    with pytest.raises(ValueError, match="photos has 'x', which is no identifier"):
        load(home, photos=["x"])
    with pytest.raises(ValueError, match="photos is empty"):
        load(home, photos=[])


def test_where_photos_are(home):
    data = load(home, images="all/{photo}.png")
    assert data.target.index[0] == f"all/{B}.png"


@pytest.mark.parametrize("begin", ["oidv6-", ""])
def test_files_of_older_versions(home, begin):
    folder = home / "OpenImages"
    for path in folder.iterdir():
        name = path.name.removeprefix("oidv7-").replace("val-", "validation-")
        path.rename(folder / f"{begin}{name}")
    write(home, f"{begin}class-descriptions.csv", CLASSES[1:])
    assert load(home, machine=0.7).target.shape == (5, 4)


def test_counts(home):
    with pytest.raises(ValueError, match="val-.* has 1 photos, but 41,620 are published"):
        load(home, check_counts=True)
    assert len(load(home, subsets=["train"], check_counts=True).target) == 2


def test_missing_files_are_named_and_downloaded(home, web, monkeypatch):
    name = "oidv7-val-annotations-human-imagelabels.csv"
    (home / "OpenImages" / name).rename(web.folder / name)
    with pytest.raises(FileNotFoundError, match=f"{name}.*download_v7.html.*download=True"):
        load(home)

    def here(url):
        assert url == f"https://storage.googleapis.com/openimages/v7/{url.rpartition('/')[2]}"
        return Download(f"{web.url}/{url.rpartition('/')[2]}")

    monkeypatch.setattr(open_images, "Download", here)
    assert len(load(home, download=True).target) == 4
    assert (home / "OpenImages" / name).is_file()


def test_tables_that_are_too_large(home, monkeypatch):
    monkeypatch.setattr(
        "sklearn_ctran.datasets._published.open_images_table.free_memory", lambda: 12 * 12 - 1
    )
    with pytest.raises(MemoryError, match=r"4 photos with 3 labels .*Choose labels=\[...\]"):
        load(home)
    assert len(load(home, min_positive=2).target) == 3


@pytest.mark.parametrize(
    "arguments, error",
    [
        ({"subsets": "train"}, TypeError), ({"subsets": []}, TypeError),
        ({"subsets": ["train", "train"]}, TypeError), ({"subsets": ["val"]}, ValueError),
        ({"machine": 0}, ValueError), ({"machine": True}, ValueError),
        ({"min_positive": -1}, ValueError), ({"names": "x"}, ValueError),
        ({"images": "x"}, ValueError), ({"check_counts": 1}, TypeError),
        ({"download": 1}, TypeError), ({"subsets": 5}, TypeError),
        ({"subsets": [["train"]]}, ValueError), ({"photos": 5}, TypeError),
        ({"labels": 5}, TypeError),
    ],
    ids=str,
)  # fmt: skip
def test_wrong_arguments(home, arguments, error):
    with pytest.raises(error, match=next(iter(arguments))):
        load(home, **arguments)
