"""CUB's files: species, attributes of species or photos, groups and the split."""

import numpy as np
import pytest

from sklearn_ctran.datasets import load_cub

#: Photo -> number, path, whether it is for training, species.
PHOTOS = [(1, "a", 1, 1), (2, "b", 1, 1), (3, "c", 1, 1), (4, "d", 0, 1), (5, "e", 1, 2),
          (7, "f", 0, 2)]  # fmt: skip
NAMES = ["has_size::large", "has_size::small", "has_eye_color::red"]
#: Of photo and attribute: is present, certainty.
ANNOTATED = {
    1: [(1, 4), (0, 4), (0, 1)],
    2: [(1, 3), (0, 4), (0, 1)],
    3: [(0, 2), (1, 2), (1, 1)],
    4: [(0, 4), (1, 4), (0, 1)],
    5: [(0, 4), (0, 4), (0, 1)],
    7: [(1, 4), (1, 4), (1, 4)],
}


def annotations():
    lines = [
        f"{photo} {number} {is_present} {certainty} 1.5"
        for photo, of_photo in ANNOTATED.items()
        for number, (is_present, certainty) in enumerate(of_photo, start=1)
    ]
    lines[4] = "2 2 0 4 0 17.2"  # as some lines of the official file are
    return lines


@pytest.fixture
def home(tmp_path):
    write(tmp_path, "images.txt", [f"{number} x/{name}.jpg" for number, name, *_ in PHOTOS])
    write(tmp_path, "train_test_split.txt", [f"{p[0]} {p[2]}" for p in PHOTOS])
    write(tmp_path, "image_class_labels.txt", [f"{p[0]} {p[3]}" for p in PHOTOS])
    write(tmp_path, "classes.txt", ["1 001.Gull", "2 002.Wren"])
    names = [f"{number} {name}" for number, name in enumerate(NAMES, start=1)]
    write(tmp_path, "attributes/attributes.txt", names)
    write(tmp_path, "attributes/image_attribute_labels.txt", annotations())
    return tmp_path


def write(home, name, lines):
    path = home / "CUB_200_2011" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def load(home, **arguments):
    return load_cub(home, **{"selection": "all", "check_counts": False, **arguments})


def test_species_and_split(home):
    data = load(home)
    folder = home / "CUB_200_2011" / "images"
    assert data.images == [str(folder / "x" / f"{name}.jpg") for name in "abcedf"]
    assert data.split.tolist() == ["train"] * 4 + ["test"] * 2
    assert data.target_names.tolist() == ["001.Gull", "002.Wren"]
    assert data.target["002.Wren"].tolist() == [0, 0, 0, 1, 0, 1]
    assert (data.target.sum(axis=1) == 1).all()
    assert "Koh et al." in data.DESCR


def test_attributes_of_species_are_those_of_most_training_photos(home):
    """The third has one vote of Gull, and none of Wren, which is a tie; ties are present."""
    gull, wren = [1, 0, 1], [0, 0, 1]
    np.testing.assert_array_equal(load(home).extra, [gull, gull, gull, wren, gull, wren])


def test_ties_are_present(home):
    lines = annotations()
    lines[3] = "2 1 0 3 1"
    lines[6:9] = ["3 1 0 1 9", "3 2 1 2 9", "3 3 1 1 9"]
    write(home, "attributes/image_attribute_labels.txt", lines)
    assert load(home).extra.iloc[0].tolist() == [1, 0, 1]


def test_attributes_of_photos(home):
    expected = [[value for value, _ in ANNOTATED[number]] for number in (1, 2, 3, 5, 4, 7)]
    np.testing.assert_array_equal(load(home, attributes="photo").extra, expected)


@pytest.mark.parametrize("attributes", ["class", "photo"])
def test_what_cannot_be_seen_may_be_unknown(home, attributes):
    data = load(home, attributes=attributes, not_visible="unknown")
    expected = [[certainty == 1 for _, certainty in ANNOTATED[x]] for x in (1, 2, 3, 5, 4, 7)]
    np.testing.assert_array_equal(data.extra.isna(), expected)
    assert not load(home, attributes=attributes).extra.isna().any(axis=None)


def test_frequent_attributes_and_groups(home):
    data = load(home)
    assert data.groups == {
        "has_size": ("has_size::large", "has_size::small"),
        "has_eye_color": ("has_eye_color::red",),
    }
    data = load(home, selection="frequent", min_classes=1)
    assert data.extra_names.tolist() == ["has_size::large", "has_eye_color::red"]
    assert data.groups["has_size"] == ("has_size::large",)
    data = load(home, selection="frequent", min_classes=2)
    assert data.extra_names.tolist() == ["has_eye_color::red"]


def test_the_published_112_attributes(home):
    with pytest.raises(ValueError, match="has 3 attributes, but selection='published' needs"):
        load(home, selection="published")
    names = [f"{i + 1} has_{i // 12}::{i}" for i in range(312)]
    write(home, "attributes/attributes.txt", names)
    lines = [f"{photo} {i + 1} {i % 2} 4 1" for photo in ANNOTATED for i in range(312)]
    write(home, "attributes/image_attribute_labels.txt", lines)
    data = load(home, selection="published")
    assert data.extra.shape == (6, 112)
    assert data.extra_names[:3].tolist() == ["has_0::1", "has_0::4", "has_0::6"]
    assert data.extra.iloc[0, :3].tolist() == [1, 0, 0]


def test_names_of_attributes_may_be_outside(home):
    inside = home / "CUB_200_2011" / "attributes" / "attributes.txt"
    for place in (home / "CUB_200_2011" / "attributes.txt", home / "attributes.txt"):
        inside.rename(place)
        assert load(home).extra_names.tolist() == NAMES
        inside = place
    inside.unlink()
    with pytest.raises(FileNotFoundError, match=r"attributes/attributes\.txt.*CUB_200_2011\.tgz"):
        load(home)


def test_counts(home):
    with pytest.raises(ValueError, match="has 4 images in 'train', but 5,994 are published"):
        load(home, check_counts=True)


@pytest.mark.parametrize(
    "name, line, text, message",
    [
        ("images.txt", 0, "1 x/b.jpg", r"is the photo 'images/x/b.jpg', which .* is too"),
        ("images.txt", 0, "9 x/a.jpg", r"has the number 9, which is not in .*train_test_split"),
        ("train_test_split.txt", 1, "2 2", "photo 2 must have 1 for training or 0"),
        ("train_test_split.txt", 1, "", r"number 2, which is not in .*train_test_split\.txt"),
        ("image_class_labels.txt", 1, "2 Gull", "photo 2 must have the number of a species"),
        ("image_class_labels.txt", 1, "2 ²", "photo 2 must have the number of a species"),
        ("image_class_labels.txt", 1, "2 " + "9" * 30, "photo 2 must have the number of a"),
        ("image_class_labels.txt", 1, "2 3", r"photo 2, has the number 3, .* not in .*classes"),
        ("attributes/image_attribute_labels.txt", 1, "1 2 0", "must have a photo, an attribute"),
        ("attributes/image_attribute_labels.txt", 1, "1 2 0 x 1", "must have a photo, an attri"),
        ("attributes/image_attribute_labels.txt", 1, "1 2 2 4 1", "entry 2: the 'is present'"),
        ("attributes/image_attribute_labels.txt", 1, "1 2 1 5 1", "entry 2: the 'certainty'"),
        ("attributes/image_attribute_labels.txt", 1, "6 2 1 4 1", r"entry 2 has the number 6"),
        ("attributes/image_attribute_labels.txt", 1, "1 9 1 4 1", r"entry 2 has the number 9"),
        ("attributes/image_attribute_labels.txt", 1, "1 1 1 4 1", r"'x/a.jpg' 2 times, but each"),
        ("attributes/image_attribute_labels.txt", 1, "", r"'x/a.jpg' 0 times, but each photo"),
    ],
)  # fmt: skip
def test_broken_files(home, name, line, text, message):
    path = home / "CUB_200_2011" / name
    lines = path.read_text().splitlines()
    lines[line] = text
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        load(home)


def test_attributes_need_photos_for_training(home):
    write(home, "train_test_split.txt", [f"{p[0]} 0" for p in PHOTOS])
    with pytest.raises(ValueError, match="train_test_split.txt has no photo for training"):
        load(home)


@pytest.mark.parametrize(
    "arguments",
    [{"attributes": "x"}, {"selection": "x"}, {"not_visible": "x"}, {"min_classes": 0}],
)
def test_wrong_arguments(home, arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        load(home, **arguments)
