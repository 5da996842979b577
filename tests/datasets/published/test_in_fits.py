"""What a reader returns goes into an estimator and into a comparison as it is."""

import numpy as np
import pytest
from PIL import Image

from sklearn_ctran import CTranClassifier, compare
from sklearn_ctran.datasets import load_cub, load_voc
from sklearn_ctran.datasets._published.voc import _CLASSES


@pytest.fixture
def data(tmp_path):
    """Small photos in VOC's folders; in each list there are cars, and those hard to see."""
    folder = tmp_path / "VOCdevkit/VOC2012"
    lists, photos = folder / "ImageSets/Main", folder / "JPEGImages"
    lists.mkdir(parents=True)
    photos.mkdir()
    for part, n in (("train", 12), ("val", 6)):
        for name in _CLASSES:
            codes = [(-1, 0, 1)[i % 3] if name == "car" else (-1, 1)[i % 2] for i in range(n)]
            lines = [f"{part}_{i} {code:2d}\n" for i, code in enumerate(codes)]
            (lists / f"{name}_{part}.txt").write_text("".join(lines))
        for i in range(n):
            Image.new("RGB", (16, 16), (20 * i,) * 3).save(photos / f"{part}_{i}.jpg")
    return load_voc(
        tmp_path, year=2012, difficult="unknown", check_counts=False, on_missing_file="raise"
    )


def test_a_fit(data):
    is_train = data.split == "train"
    images = np.array(data.images)
    model = CTranClassifier("small", image_size=16, max_epochs=1, random_state=0)
    model.fit(images[is_train], data.target[is_train])
    cars = data.target["car"][~is_train]
    proba = model.predict_proba_frame(images[~is_train], known_labels={"car": cars})
    assert proba.columns.tolist() == data.target_names.tolist()
    is_known = cars.notna().to_numpy()
    np.testing.assert_array_equal(proba["car"][is_known], cars[is_known])
    assert is_known.tolist() == [True, False, True] * 2


def test_a_comparison(data):
    model = CTranClassifier("small", image_size=16, max_epochs=1, random_state=0)
    split = (data.split == "train", data.split == "val")
    result = compare({"ours": model}, data.images, data.target, split=split, known_fractions=[0])
    assert np.isfinite(result.to_frame()["mean"]).all()


def test_birds_with_attributes_that_are_known_in_groups(tmp_path):
    folder = tmp_path / "CUB_200_2011"
    (folder / "attributes").mkdir(parents=True)
    (folder / "images").mkdir()
    files = {
        "images.txt": [f"{i} {i}.png" for i in range(12)],
        "train_test_split.txt": [f"{i} {int(i < 8)}" for i in range(12)],
        "image_class_labels.txt": [f"{i} {i % 2}" for i in range(12)],
        "classes.txt": ["0 Gull", "1 Wren"],
        "attributes/attributes.txt": ["1 size::large", "2 size::small", "3 eye::red"],
        "attributes/image_attribute_labels.txt": [
            f"{i} {a} {int((i + a) % 3 > 0)} {1 + (i + a) % 4} 1"
            for i in range(12)
            for a in (1, 2, 3)
        ],
    }
    for name, lines in files.items():
        (folder / name).write_text("\n".join(lines))
    for i in range(12):
        Image.new("RGB", (16, 16), (20 * i,) * 3).save(folder / "images" / f"{i}.png")
    data = load_cub(
        tmp_path, attributes="photo", selection="all", not_visible="unknown", check_counts=False,
        on_missing_file="raise",
    )  # fmt: skip
    is_train, images = data.split == "train", np.array(data.images)
    model = CTranClassifier(
        "small", image_size=16, max_epochs=1, random_state=0, label_groups=data.groups
    )
    model.fit(images[is_train], data.target[is_train], extra_labels=data.extra[is_train])
    proba = model.predict_proba(images[~is_train], extra_labels=data.extra[~is_train][["eye::red"]])
    assert proba.shape == (4, 2)
    assert list(model.label_groups_["size"]) == ["size::large", "size::small"]
