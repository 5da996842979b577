"""Corel5k in the files of Duygulu et al. and of Guillaumin et al."""

import os

import numpy as np
import pytest

from sklearn_ctran.datasets import load_corel5k

WORDS = ["city", "sky", "sun"]
TRAIN, TEST = [[1, 1, 0], [0, 1, 0]], [[0, 0, 1], [1, 0, 0], [1, 0, 0]]


def write(home, annotation, train, test, words=WORDS):
    """Files of (number of photo, states of words) of both parts."""
    folder = home / "Corel5k"
    folder.mkdir(exist_ok=True)
    name = "words" if annotation == "eccv2002" else "corel5k_dictionary.txt"
    folder.joinpath(name).write_text("\n".join(words) + "\n")
    for part, (photos, states) in (("train", train), ("test", test)):
        if annotation == "eccv2002":
            begin = "test_1_" if part == "test" else ""
            lines = [(np.flatnonzero(row) + 1).tolist() for row in states]
            lines = [" ".join(map(str, [*line, -99])) for line in lines]
            folder.joinpath(f"{begin}image_nums").write_text("\n".join(photos) + "\n")
            folder.joinpath(f"{begin}document_words").write_text("\n".join(lines) + "\n")
        else:
            lines = [f"{int(photo) // 1000}000/{photo}" for photo in photos]
            folder.joinpath(f"corel5k_{part}_list.txt").write_text("\n".join(lines))
            vectors = np.insert(np.array(states), 0, len(words), axis=1)
            vectors.astype("<u2").tofile(folder / f"corel5k_{part}_annot.hvecs")
    return folder


@pytest.fixture(params=["eccv2002", "inria"])
def annotation(request):
    return request.param


@pytest.fixture
def folder(tmp_path, annotation):
    return write(
        tmp_path, annotation, (["1000", "153001"], TRAIN), (["7", "161092", "161092"], TEST)
    )


def load(folder, annotation, **arguments):
    arguments = {"check_counts": False, **arguments}
    return load_corel5k(folder.parent, annotation=annotation, **arguments)


def test_photos_words_and_split(folder, annotation):
    data = load(folder, annotation)
    photos = ["1000", "153001", "7", "161092"]
    assert data.images == [str(folder / "images" / f"{photo}.jpeg") for photo in photos]
    np.testing.assert_array_equal(data.target, TRAIN + TEST[:2])
    assert data.target_names.tolist() == WORDS
    assert data.split.tolist() == ["train"] * 2 + ["test"] * 2
    assert data.extra is data.extra_names is data.groups is None
    whose = {"eccv2002": "that of Duygulu et al", "inria": "that of Guillaumin et al"}
    assert whose[annotation] in data.DESCR


def test_where_photos_are(folder, annotation):
    data = load(folder, annotation, images="{disc}/{photo}.jpg")
    assert data.target.index.tolist()[:3] == ["1000/1000.jpg", "153000/153001.jpg", "0/7.jpg"]
    for wrong in ("images", None):
        with pytest.raises(ValueError, match="images must be a path with '{photo}' in it"):
            load(folder, annotation, images=wrong)


def test_counts(folder, annotation):
    with pytest.raises(ValueError, match="has 2 images in 'train', but 4,500 are published"):
        load(folder, annotation, check_counts=True)


def test_photos_that_are_listed_twice_with_other_words(tmp_path, annotation):
    test = (["7", "161092", "161092"], [[0, 0, 1], [1, 0, 0], [1, 1, 0]])
    folder = write(tmp_path, annotation, (["1000", "153001"], TRAIN), test)
    with pytest.raises(
        ValueError, match=r"line 3 is the photo 'images/161092.jpeg', which .*line 2"
    ):
        load(folder, annotation)
    folder = write(tmp_path, annotation, (["1000", "7"], TRAIN), (["7"], [[1, 1, 0]]))
    with pytest.raises(ValueError, match=r"line 1 is the photo 'images/7.jpeg', which .*line 2"):
        load(folder, annotation)


def test_missing_files_are_named(folder, annotation):
    for path in folder.iterdir():
        content = path.read_bytes()
        path.unlink()
        archive = {"eccv2002": "ECCV_2002_data", "inria": "corel5k.20091111"}[annotation]
        with pytest.raises(FileNotFoundError, match=f"{path.name}'.*{archive}"):
            load(folder, annotation)
        path.write_bytes(content)


def test_broken_lists(folder, annotation):
    path = folder / {"eccv2002": "image_nums", "inria": "corel5k_train_list.txt"}[annotation]
    path.write_text("1000\n")
    with pytest.raises(ValueError, match="has 1 photos, but the file of their words has 2 rows"):
        load(folder, annotation)
    path.write_text("1000\nx\n")
    with pytest.raises(ValueError, match="line 2 must be the number of a photo, got 'x'"):
        load(folder, annotation)
    path.write_text("1000\n" + "9" * 5000 + "\n")
    with pytest.raises(ValueError, match="line 2 must be the number of a photo, got '9"):
        load(folder, annotation)


def test_an_unknown_annotation(tmp_path):
    with pytest.raises(ValueError, match="annotation"):
        load_corel5k(tmp_path, annotation="mulan")


SHARED = os.environ.get("SKLEARN_CTRAN_SHARED")


@pytest.mark.skipif(SHARED is None, reason="SKLEARN_CTRAN_SHARED is not set")
def test_the_published_annotation_in_its_format(tmp_path):
    with np.load(os.path.join(SHARED, "data", "corel5k", "labels.npz")) as table:
        Y, train, ids, names = (table[key] for key in ("Y", "train", "ids", "label_names"))
    parts = [(ids[rows].tolist(), Y[rows]) for rows in (train, ~train)]
    folder = write(tmp_path, "eccv2002", *parts, words=names.tolist())
    photos = os.path.join(SHARED, "data", "corel5k", "images", "{photo}.jpeg")
    data = load(folder, "eccv2002", images=photos, check_counts=True, on_missing_file="raise")
    _, first = np.unique(ids, return_index=True)
    np.testing.assert_array_equal(data.target, Y[np.sort(first)])
    assert (data.split == "train").sum() == 4500
