"""Files of made-up content for ``readers.py``: of CUB, NUS-WIDE, Open Images, Corel5k, MULAN."""

import numpy as np

from sklearn_ctran.datasets import (
    load_corel5k,
    load_cub,
    load_mulan,
    load_nus_wide,
    load_open_images,
)


def write_cub(home, share, rng):
    """CUB's lists, with an annotation of each of 312 attributes in each of 11,788 photos."""
    folder = home / "CUB_200_2011"
    n_photos = int(11_788 * share)
    numbers = range(1, n_photos + 1)
    _write(folder / "classes.txt", (f"{i} {i:03d}.Bird" for i in range(1, 201)))
    _write(folder / "images.txt", (f"{i} {i % 200 + 1:03d}.Bird/Bird_{i}.jpg" for i in numbers))
    _write(folder / "image_class_labels.txt", (f"{i} {i % 200 + 1}" for i in numbers))
    _write(folder / "train_test_split.txt", (f"{i} {int(i % 400 < 200)}" for i in numbers))
    names = (f"{i} has_{i // 12}::{i}" for i in range(1, 313))
    _write(folder / "attributes" / "attributes.txt", names)
    answers = rng.integers((0, 1), (2, 5), size=(n_photos, 312, 2)).tolist()
    lines = (
        f"{photo} {attribute} {is_present} {certainty} 12.345"
        for photo, of_photo in enumerate(answers, start=1)
        for attribute, (is_present, certainty) in enumerate(of_photo, start=1)
    )
    _write(folder / "attributes" / "image_attribute_labels.txt", lines)


def write_nus_wide(home, share, rng):
    """NUS-WIDE's lists, and a file of 0 and 1 for each of 81 concepts and each part."""
    folder = home / "NUS-WIDE"
    names = [f"concept{i}" for i in range(81)]
    _write(folder / "ConceptsList" / "Concepts81.txt", names)
    for part, n_photos in {"Train": 161_789, "Test": 107_859}.items():
        n_photos = int(n_photos * share)
        photos = (f"folder{i % 700}\\{i:04d}_{part}.jpg" for i in range(n_photos))
        _write(folder / "ImageList" / f"{part}Imagelist.txt", photos)
        for name in names:
            labels = map(str, (rng.random(n_photos) < 0.02).astype(int).tolist())
            file = f"Labels_{name}_{part}.txt"
            _write(folder / "Groundtruth" / "TrainTestLabels" / file, labels)


def write_open_images(home, share, rng):
    """Open Images' answers about the test photos of version 7: 13 about each, of 20,931 labels."""
    folder = home / "OpenImages"
    codes = [_code(i) for i in range(20_931)]
    classes = ["LabelName,DisplayName", *(f"{code},Label {code}" for code in codes)]
    _write(folder / "oidv7-class-descriptions.csv", classes)

    def lines():
        yield "ImageID,Source,LabelName,Confidence"
        for photo in rng.integers(2**63, size=int(125_436 * share)).tolist():
            labels = rng.geometric(0.001, size=13).clip(1, len(codes)) - 1
            for label, answer in zip(
                labels.tolist(), rng.integers(2, size=13).tolist(), strict=True
            ):
                yield f"{photo:016x},verification,{codes[label]},{answer}"

    _write(folder / "oidv7-test-annotations-human-imagelabels.csv", lines())


def write_corel5k(home, share, rng):
    """Corel5k's numbers of photos and of words."""
    folder = home / "Corel5k"
    _write(folder / "words", (f"word{i}" for i in range(374)))
    for begin, n_photos in {"": 4_500, "test_1_": 500}.items():
        n_photos = max(1, int(n_photos * share))
        photos = (str(1000 * (i + 1) + bool(begin)) for i in range(n_photos))
        _write(folder / f"{begin}image_nums", photos)
        words = rng.integers(1, 375, size=(n_photos, 4)).tolist()
        _write(folder / f"{begin}document_words", (f"{' '.join(map(str, w))} -99" for w in words))


def write_dense(home, share, rng):
    """100,000 dense rows of 120 numbers and 100 labels, as of MULAN's mediamill."""
    rows = (
        ",".join([*(f"{value:.4f}" for value in features), *map(str, labels)])
        for features, labels in zip(
            rng.random((int(100_000 * share), 120)),
            (rng.random((int(100_000 * share), 100)) < 0.04).astype(int).tolist(),
            strict=True,
        )
    )
    _write_arff(home, "dense", ["numeric"] * 120, 100, rows)


def write_sparse(home, share, rng):
    """100,000 sparse rows of 2,150 features and 208 labels, as of MULAN's bookmarks."""
    rows = (
        "{" + ",".join(f"{column} 1" for column in np.unique(rng.integers(2358, size=127))) + "}"
        for _ in range(int(100_000 * share))
    )
    _write_arff(home, "sparse", ["{0,1}"] * 2150, 208, rows)


def _write_arff(home, name, kinds, n_labels, rows):
    header = ["@relation x", *(f"@attribute f{i} {kind}" for i, kind in enumerate(kinds))]
    header += [*(f"@attribute l{i} {{0,1}}" for i in range(n_labels)), "@data"]
    _write(home / "mulan" / f"{name}.arff", (line for part in (header, rows) for line in part))
    labels = (f'<label name="l{i}"/>' for i in range(n_labels))
    _write(home / "mulan" / f"{name}.xml", ["<labels>", *labels, "</labels>"])


def _write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def _read_open_images(home):
    codes = [_code(i) for i in range(300)]
    return load_open_images(
        home, subsets=["test"], labels=codes, min_positive=0, check_counts=False
    )


def _code(number):
    return f"/m/0{number:05x}"


#: Name -> what writes the files, and what reads them.
SETS = {
    "CUB-312": (write_cub, lambda home: load_cub(home, check_counts=False)),
    "NUS-WIDE-81": (write_nus_wide, lambda home: load_nus_wide(home, check_counts=False)),
    "Open Images, test": (write_open_images, _read_open_images),
    "Corel5k": (write_corel5k, lambda home: load_corel5k(home, check_counts=False)),
    "ARFF, dense": (write_dense, lambda home: load_mulan("dense", home)),
    "ARFF, sparse": (write_sparse, lambda home: load_mulan("sparse", home)),
}
