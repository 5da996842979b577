"""The paper's data sets in their official files, small: photos that are noise, labels at random."""

import json
import pickle

import numpy as np
from PIL import Image

from sklearn_ctran.datasets._published.coco_files import CATEGORIES
from sklearn_ctran.datasets._published.voc import _CLASSES

#: Each label is drawn at this rate, but everything has one.
RATE = 0.3
#: The share of CUB's attributes that annotators could not see.
UNSEEN = 0.2
WORDS = tuple(f"word{number}" for number in range(12))
N_GROUPS, N_ATTRIBUTES = 28, 312


def write_paper_sets(home, n=8, seed=0):
    """Write the sets, and VOC 2007, into a folder, `n` photos a part."""
    rng = np.random.RandomState(seed)
    for part in ("train2014", "val2014"):
        _write_coco(home / "coco", part, n, rng)
    _write_captions(home / "coco", n, rng)
    _write_vg(home / "VG", n, rng)
    _write_news(home / "NEWS", n, rng)
    _write_cub(home / "CUB_200_2011", n, rng)
    _write_voc(home / "VOCdevkit" / "VOC2007", n, rng)


def _photos(folder, names, rng):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.randint(256, size=(40, 48, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(path, quality=50)


def _labels(n, n_labels, rng):
    """For each photo the labels that it has, at least one; the first ten are frequent."""
    return [
        sorted({int(rng.randint(min(10, n_labels))), *np.flatnonzero(rng.rand(10) < RATE).tolist()})
        for _ in range(n)
    ]


def _write_coco(folder, part, n, rng):
    names = [f"COCO_{part}_{i:012d}.jpg" for i in range(n)]
    _photos(folder / part, names, rng)
    pairs = enumerate(_labels(n, 80, rng))
    content = {
        "images": [{"id": i, "file_name": name} for i, name in enumerate(names)],
        "categories": [{"id": i + 1, "name": name} for i, name in enumerate(CATEGORIES)],
        "annotations": [
            {"id": 100 * i + label, "image_id": i, "category_id": label + 1}
            for i, own in pairs
            for label in own
        ],
    }
    path = folder / "annotations" / f"instances_{part}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))


def _write_captions(folder, n, rng):
    (folder / "annotations_pytorch").mkdir()
    numbers = dict(enumerate(WORDS))
    vocabulary = numbers, {word: i for i, word in numbers.items()}, dict.fromkeys(numbers, 1)
    (folder / "coco_words_vocabulary.p").write_bytes(pickle.dumps(vocabulary, 0))
    halves = {"train": range(n), "val": range(n // 2), "test": range(n // 2, n)}
    for part, photos in halves.items():
        year = "train2014" if part == "train" else "val2014"
        texts = [[WORDS[label] for label in own] for own in _labels(n, len(WORDS), rng)]
        content = {
            "images": [{"id": i, "file_name": f"COCO_{year}_{i:012d}.jpg"} for i in photos],
            "annotations": [
                {"id": i, "image_id": i, "caption": " ".join(texts[i])} for i in photos
            ],
        }
        path = folder / "annotations_pytorch" / f"captions_{part}2014.json"
        path.write_text(json.dumps(content))


def _write_vg(folder, n, rng):
    labels = {f"{i}.jpg": own for i, own in enumerate(_labels(2 * n, 500, rng))}
    _photos(folder / "VG_100K", labels, rng)
    names = list(labels)
    (folder / "train_list_500.txt").write_text("\n".join(names[:n]))
    (folder / "test_list_500.txt").write_text("\n".join(names[n:]))
    (folder / "vg_category_500_labels_index.json").write_text(json.dumps(labels))


def _write_news(folder, n, rng):
    folder.mkdir()
    for part in ("train", "val", "test"):
        names = [f"2014/{part}_{i}.jpg" for i in range(n)]
        _photos(folder, names, rng)
        states = np.zeros((n, 500))
        for row, own in enumerate(_labels(n, 500, rng)):
            states[row, own] = 1
        photos = [
            {"file_path": f"/localtmp/data/data/{name}", "image_id": i, "caption": "x"}
            for i, name in enumerate(names)
        ]
        (folder / f"{part}_split.p").write_bytes(pickle.dumps(photos, 2))
        np.save(folder / f"caption_{part}_space.npy", states)


def _write_cub(folder, n, rng):
    names = [f"s/{i}.jpg" for i in range(2 * n)]
    _photos(folder / "images", names, rng)
    (folder / "attributes").mkdir()
    rows = range(1, 2 * n + 1)
    has = rng.rand(2 * n, N_ATTRIBUTES) < 0.5
    certainty = np.where(rng.rand(2 * n, N_ATTRIBUTES) < UNSEEN, 1, 4)
    species = [f"{i} {i:03d}.Bird" for i in range(1, 5)]
    groups = [f"{i + 1} has_{i * N_GROUPS // N_ATTRIBUTES}::{i}" for i in range(N_ATTRIBUTES)]
    files = {
        "images.txt": [f"{row} {name}" for row, name in zip(rows, names, strict=True)],
        "train_test_split.txt": [f"{row} {int(row <= n)}" for row in rows],
        "image_class_labels.txt": [f"{row} {1 + row % 4}" for row in rows],
        "classes.txt": species,
        "attributes/attributes.txt": groups,
        "attributes/image_attribute_labels.txt": [
            f"{row + 1} {attribute + 1} {int(has[row, attribute])} {certainty[row, attribute]} 1"
            for row, attribute in np.ndindex(has.shape)
        ],
    }
    for name, lines in files.items():
        (folder / name).write_text("\n".join(lines) + "\n")


def _write_voc(folder, n, rng):
    (folder / "ImageSets" / "Main").mkdir(parents=True)
    for part in ("train", "val", "test"):
        names = [f"{part}{i}" for i in range(n)]
        _photos(folder / "JPEGImages", [f"{name}.jpg" for name in names], rng)
        # The first classes are of the photos that come first, so that a rehearsal has all of them.
        own = [
            {*labels, *range(20 * (i % 4) // 4, 20 * (i % 4 + 1) // 4)}
            for i, labels in enumerate(_labels(n, 20, rng))
        ]
        for label, category in enumerate(_CLASSES):
            codes = [1 if label in labels else rng.choice([-1, 0]) for labels in own]
            lines = [f"{name} {code:2d}" for name, code in zip(names, codes, strict=True)]
            path = folder / "ImageSets" / "Main" / f"{category}_{part}.txt"
            path.write_text("\n".join(lines) + "\n")
