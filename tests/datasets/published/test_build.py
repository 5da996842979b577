"""From parts of a published set to a Bunch."""

import numpy as np
import pytest

from sklearn_ctran.datasets._published.build import About, build
from sklearn_ctran.datasets._published.official import SetFolder
from sklearn_ctran.datasets._tags.entries import Entries

ABOUT = About("A set", "It is a set.", {"train": 2, "val": 1}, n_labels=2)


def part(source, paths, states, names=("cat", "dog"), **others):
    return Entries(
        source=source,
        paths=paths,
        place=lambda row: f"{source}, line {row + 1}",
        states=np.array(states, dtype=np.int8),
        names=list(names),
        form="lists of names",
        **others,
    )


@pytest.fixture
def parts():
    return {
        "train": part("train.txt", ["t/a.jpg", "t/b.jpg"], [[1, 0], [-1, 1]]),
        "val": part("val.txt", ["v/c.jpg"], [[0, 0]]),
    }


@pytest.fixture
def folder(tmp_path):
    return SetFolder("A set", "a_set", tmp_path)


def test_parts_follow_one_another(parts, folder, tmp_path):
    data = build(ABOUT, parts, folder)
    assert data.images == [str(tmp_path / "a_set" / x) for x in ("t/a.jpg", "t/b.jpg", "v/c.jpg")]
    np.testing.assert_array_equal(data.target, [[1, 0], [np.nan, 1], [0, 0]])
    assert data.target.index.tolist() == ["t/a.jpg", "t/b.jpg", "v/c.jpg"]
    assert data.target_names.tolist() == ["cat", "dog"]
    assert data.split.tolist() == ["train", "train", "val"]
    assert data.extra is data.extra_names is data.groups is None
    assert data.DESCR.startswith("It is a set.\n")
    assert str(data.summary).startswith("A set: 3 rows, lists of names\n")


def test_extra_labels_and_groups(folder):
    more = {"extra_names": ["sun"], "groups": {"pets": ("cat", "dog"), "sky": ("sun",)}}
    parts = {
        name: part(name, [f"{name}.jpg"], [[1, 0]], extra=np.array([[x]], dtype=np.int8), **more)
        for x, name in enumerate(("train", "val"))
    }
    data = build(ABOUT, parts, folder, check_counts=False)
    assert data.extra["sun"].tolist() == [0, 1]
    assert data.extra_names.tolist() == ["sun"]
    assert data.groups == {"pets": ("cat", "dog"), "sky": ("sun",)}


def test_counts_are_checked(parts, folder):
    parts["val"] = part("val.txt", ["c.jpg", "d.jpg"], np.zeros((2, 2)))
    message = r"val\.txt has 2 images in 'val', but 1 are published.*check_counts=False"
    with pytest.raises(ValueError, match=message):
        build(ABOUT, parts, folder)
    assert len(build(ABOUT, parts, folder, check_counts=False).images) == 4
    parts["val"] = part("val.txt", ["c.jpg"], np.zeros((1, 3)), names="abc")
    parts["train"] = part("train.txt", ["a.jpg", "b.jpg"], np.zeros((2, 3)), names="abc")
    with pytest.raises(ValueError, match=r"train\.txt has 3 labels in 'train', but 2 are"):
        build(ABOUT, parts, folder)
    with pytest.raises(TypeError, match="check_counts must be True or False"):
        build(ABOUT, parts, folder, check_counts=1)


def test_a_photo_listed_twice(parts, folder):
    parts["val"].paths = ["t/b.jpg"]
    with pytest.raises(ValueError, match=r"val\.txt, line 1 .*, which train\.txt, line 2"):
        build(ABOUT, parts, folder)


def test_parts_with_other_labels(parts, folder):
    parts["val"] = part("val.txt", ["c.jpg"], [[0, 0]], names=("cat", "sun"))
    with pytest.raises(ValueError, match=r"only one of them has 'dog', 'sun'"):
        build(ABOUT, parts, folder)
    parts["val"] = part("val.txt", ["c.jpg"], [[0, 0]], names=("dog", "cat"))
    with pytest.raises(ValueError, match=r"train\.txt and val\.txt .* their order differs"):
        build(ABOUT, parts, folder)


def test_photos_are_looked_for_if_asked(parts, folder, monkeypatch):
    folder.path.joinpath("t").mkdir(parents=True)
    folder.path.joinpath("t/b.jpg").touch()
    with pytest.raises(FileNotFoundError, match=r"train\.txt, line 1: .*t/a\.jpg.*a_set'\."):
        build(ABOUT, parts, folder, on_missing_file="raise")
    data = build(ABOUT, parts, folder, on_missing_file="skip")
    assert data.images == [folder.joined("t/b.jpg")] and data.split.tolist() == ["train"]
    monkeypatch.setattr("os.path.isfile", None)
    assert len(build(ABOUT, parts, folder).images) == 3
    with pytest.raises(ValueError, match="on_missing_file must be one of"):
        build(ABOUT, parts, folder, on_missing_file="no")


def test_the_place_of_a_row_of_a_later_part(parts, folder):
    with pytest.raises(FileNotFoundError, match=r"val\.txt, line 1"):
        folder.path.joinpath("t").mkdir(parents=True)
        for name in "ab":
            folder.path.joinpath(f"t/{name}.jpg").touch()
        build(ABOUT, parts, folder, on_missing_file="raise")


@pytest.mark.parametrize("path", ["/x.jpg", "../x.jpg", "t/../../x.jpg", "C:\\x.jpg", ".."])
def test_paths_that_lead_elsewhere(parts, folder, path):
    parts["val"].paths = [path]
    with pytest.raises(
        ValueError, match=r"val\.txt, line 1 has the path .* leads out of the folder"
    ):
        build(ABOUT, parts, folder)
    assert build(ABOUT, parts, folder, begin=None).target.index[2] == path


def test_paths_may_begin_as_the_user_wants(parts, folder):
    for each in parts.values():
        each.paths = [f"../photos/{path}" for path in each.paths]
    assert len(build(ABOUT, parts, folder, begin="../photos/").images) == 3
    parts["val"].paths = ["../photos/../x.jpg"]
    with pytest.raises(ValueError, match="leads out of the folder"):
        build(ABOUT, parts, folder, begin="../photos/")


def test_a_photo_listed_twice_in_other_words(parts, folder):
    parts["val"].paths = ["t/./b.jpg"]
    with pytest.raises(ValueError, match=r"val\.txt, line 1 .*, which train\.txt, line 2"):
        build(ABOUT, parts, folder)


def test_a_label_that_is_there_twice(parts, folder):
    for each in parts.values():
        each.names = ["cat", "cat"]
    with pytest.raises(ValueError, match="must have different names, but 'cat' are there twice"):
        build(ABOUT, parts, folder)


def test_no_photos(folder):
    empty = {name: part(name, [], np.zeros((0, 2))) for name in ("train", "val")}
    with pytest.raises(ValueError, match="A set: its files have no photos"):
        build(ABOUT, empty, folder, check_counts=False)
