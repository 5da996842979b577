"""How long the readers of published data sets take, and how much memory.

Files of made-up content are written in the authors' formats and sizes: COCO's instances with
604,907 and 291,875 objects, each with an outline of 26 points (525 MB of JSON), its captions (five
to a photo; words are split at spaces, so that the time is ours, not NLTK's), the lists of VG-500
and NEWS-500, and PASCAL VOC 2012; CUB's 3,677,856 annotations of attributes, NUS-WIDE's files of
269,648 rows, 1.6 million answers of Open Images (300 of its labels are kept), Corel5k, and ARFF
files of the shapes of mediamill and bookmarks, with 100,000 rows. Each reader runs in a process of
its own; seconds are those of the processor, "before" is the memory of the process with all imports,
"peak" the most that it had.
Usage::

    python benchmarks/speed/readers.py --json readers.json

Its output (an EPYC with two cores that others used too; photos are not looked for)::

               photos  labels  seconds  MB before  MB peak
    COCO-80    122,218      80     8.24        784    1,509
    COCO-1000   92,081   1,000     3.99        784    1,595
    VG-500     108,249     500     2.09        784    1,270
    NEWS-500   172,628     500      2.4        784    1,489
    VOC 2012    11,540      20    0.316        784      797

                        photos  labels  seconds  MB before  MB peak
    CUB-312             11,788     200    0.693        785      970
    NUS-WIDE-81        269,648      81     2.84        785    1,031
    Open Images, test  122,893     300     2.02        785    1,249
    Corel5k              5,000     374    0.218        785      808
    ARFF, dense        100,000     100    0.934        785      946
    ARFF, sparse       100,000     208     1.89        784    1,222

Tables of labels, float32, are part of it: 345 MB for NEWS-500, 368 MB for COCO-1000. The rest of
COCO-80 is the text of its larger file, twice, as bytes and decoded. Without torch, which the
benchmarks import, its process peaks at 840 MB.
"""

import argparse
import json
import pickle
import tempfile
import time
from pathlib import Path

import numpy as np
from _reader_sets import SETS as OTHERS
from _speed import describe_machine, in_new_process, print_table, write_json

from sklearn_ctran.datasets import (
    load_coco80,
    load_coco1000,
    load_news500,
    load_vg500,
    load_voc,
)
from sklearn_ctran.datasets._published.coco_files import CATEGORIES
from sklearn_ctran.datasets._published.voc import _CLASSES, _COUNTS


def main():
    arguments = parse_arguments()
    rng = np.random.default_rng(arguments.seed)
    results = {}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as home:
        for name in arguments.sets:
            write, _ = SETS[name]
            write(Path(home), arguments.share, rng)
            (seconds, before, shape), peak = in_new_process(measure, name, home)
            results[name] = [*shape, seconds, before, peak]
    columns = ["photos", "labels", "seconds", "MB before", "MB peak"]
    machine = describe_machine(arguments.seed)
    print_table(results, columns, machine)
    write_json(arguments.json, results, machine)


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--share", type=float, default=1.0, help="of the photos (1)")
    parser.add_argument("--sets", nargs="+", default=list(SETS), help="which (all)")
    parser.add_argument("--seed", type=int, default=0, help="of what the files hold (0)")
    parser.add_argument("--folder", help="where they are; default: for temporary files")
    parser.add_argument("--json", help="file for the results")
    return parser.parse_args()


def measure(name, home):
    """Seconds of the processor for a set, memory before it (MB), and the shape of its table."""
    from _speed import _peak_mb

    read = SETS[name][1]
    before, start = _peak_mb(), time.process_time()
    data = read(home)
    return time.process_time() - start, before, data.target.shape


def write_instances(home, share, rng):
    """COCO's instances."""
    folder = home / "coco/annotations"
    folder.mkdir(parents=True)
    categories = [{"id": i, "name": name} for i, name in enumerate(CATEGORIES, 1)]
    sizes = {"train2014": (82_081, 604_907), "val2014": (40_137, 291_875)}
    for part, (n_photos, n_objects) in sizes.items():
        n_photos, n_objects = int(n_photos * share), int(n_objects * share)
        photos = np.append(np.arange(n_photos), rng.integers(n_photos, size=n_objects - n_photos))
        with open(folder / f"instances_{part}.json", "w", encoding="utf-8") as file:
            file.write(f'{{"info": {{}}, "images": {json.dumps(_photos(part, n_photos))}, ')
            file.write(f'"categories": {json.dumps(categories)}, "annotations": [')
            for number, photo in enumerate(photos.tolist()):
                item = {
                    "segmentation": [np.round(rng.uniform(0, 640, 52), 2).tolist()],
                    "area": 702.1057499999998,
                    "iscrowd": 0,
                    "image_id": photo,
                    "bbox": [473.07, 395.93, 38.65, 28.67],
                    "category_id": number % 80 + 1,
                    "id": number,
                }
                file.write(", " * bool(number) + json.dumps(item))
            file.write("]}")


def write_captions(home, share, rng):
    """Captions of COCO's photos, and the authors' words."""
    folder = home / "coco/annotations_pytorch"
    folder.mkdir(parents=True)
    words = [f"word{number}" for number in range(9_000)]
    vocabulary = (dict(enumerate(words[:1000])), {}, {})
    (home / "coco/coco_words_vocabulary.p").write_bytes(pickle.dumps(vocabulary, 0))
    for part, n_photos in {"train": 82_081, "val": 5_000, "test": 5_000}.items():
        n_photos = int(n_photos * share)
        numbers = rng.geometric(0.002, size=(5 * n_photos, 11)).clip(1, len(words)) - 1
        annotations = [
            {"image_id": row // 5, "id": row, "caption": " ".join(words[i] for i in some)}
            for row, some in enumerate(numbers.tolist())
        ]
        year = "train2014" if part == "train" else "val2014"
        photos = [
            {**each, "file_name": f"{part}{each['id']}.jpg"} for each in _photos(year, n_photos)
        ]
        content = {"images": photos, "annotations": annotations}
        (folder / f"captions_{part}2014.json").write_text(json.dumps(content))


def write_vg(home, share, rng):
    """Lists of Visual Genome, 14 labels to a photo."""
    folder = home / "VG"
    folder.mkdir()
    labels = {}
    for part, n_photos in {"train": 98_249, "test": 10_000}.items():
        photos = [f"{len(labels) + i}.jpg" for i in range(int(n_photos * share))]
        numbers = rng.integers(500, size=(len(photos), 14)).tolist()
        labels |= dict(zip(photos, numbers, strict=True))
        (folder / f"{part}_list_500.txt").write_text("\n".join(photos) + "\n")
    (folder / "vg_category_500_labels_index.json").write_text(json.dumps(labels))


def write_news(home, share, rng):
    """Pickles and arrays of BBC News."""
    folder = home / "NEWS"
    folder.mkdir()
    for part, n_photos in {"train": 151_873, "val": 10_304, "test": 10_451}.items():
        n_photos = int(n_photos * share)
        photos = [
            {"file_path": f"/localtmp/data/data/{part}/{i}.jpg", "image_id": i}
            for i in range(n_photos)
        ]
        (folder / f"{part}_split.p").write_bytes(pickle.dumps(photos))
        states = rng.random((n_photos, 500), dtype=np.float32) < 0.01
        np.save(folder / f"caption_{part}_space.npy", states.astype(float))


def write_voc(home, share, rng):
    """Lists of PASCAL VOC 2012."""
    folder = home / "VOCdevkit/VOC2012/ImageSets/Main"
    folder.mkdir(parents=True)
    for part, n_photos in _COUNTS[2012].items():
        for name in _CLASSES:
            codes = rng.choice([-1, 0, 1], size=int(n_photos * share), p=[0.9, 0.02, 0.08]).tolist()
            lines = [f"{part}_{i:06d} {code:2d}\n" for i, code in enumerate(codes)]
            (folder / f"{name}_{part}.txt").write_text("".join(lines))


def _photos(part, n_photos):
    """What COCO says of its photos."""
    return [
        {
            "license": 5,
            "file_name": f"COCO_{part}_{number:012d}.jpg",
            "coco_url": f"http://images.cocodataset.org/{part}/COCO_{part}_{number:012d}.jpg",
            "height": 480,
            "width": 640,
            "date_captured": "2013-11-14 16:28:13",
            "flickr_url": "http://farm4.staticflickr.com/3153/2970773875_164f0c0b83_z.jpg",
            "id": number,
        }
        for number in range(n_photos)
    ]


#: Name -> what writes the files, and what reads them.
SETS = {
    "COCO-80": (write_instances, lambda home: load_coco80(home, check_counts=False)),
    "COCO-1000": (
        write_captions,
        lambda home: load_coco1000(home, words=str.split, check_counts=False),
    ),
    "VG-500": (write_vg, lambda home: load_vg500(home, check_counts=False)),
    "NEWS-500": (write_news, lambda home: load_news500(home, check_counts=False)),
    "VOC 2012": (
        write_voc,
        lambda home: load_voc(home, year=2012, difficult="unknown", check_counts=False),
    ),
    **OTHERS,
}


if __name__ == "__main__":
    main()
