"""How long the paper's Table 1 takes here: an epoch on made photos of COCO's sizes.

C-Tran by the recipe of COCO-80 (ResNet-101, trained, 576 pixels, batches of 16, crops and flips;
random weights, which take as long) learns from JPEG files, once decoding them and once from the
same pixels in memory. The second is the time of the steps; what the first takes longer is spent
waiting for data. Photos have the sizes of COCO's (640 x 480 and 640 x 427, a quarter of them
upright) and about as many bytes. From images a second the script projects the hours of 82,081
training images in as many epochs as the recipe has, for C-Tran and for the eleven rows of the
table, whose backbone takes nearly all of the time. Usage::

    python benchmarks/speed/coco_epoch.py --device auto --json coco_epoch.json

Its output with ``--n-images 12 --batch-size 4 --n-repeats 1``, on an idle machine::

    images/s                     0.289
    images/s from memory         0.298
    waiting for data, %           3.14
    kB a photo                     130
    hours of C-Tran, 50 epochs   3,944
    hours of the 11 rows        43,384

    processor AMD EPYC, features avx2 avx512f avx512_bf16, cores 2, threads 2, torch 2.14.1
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from _speed import describe_machine, print_table, write_json
from PIL import Image

from sklearn_ctran import CTranClassifier, recipes

N_TRAINING_IMAGES = 82_081
N_ROWS = 11
SIZES = ((640, 480), (640, 427), (640, 480), (480, 640))
#: About the bytes of a photo of COCO at this quality.
QUALITY = 90
#: Roughness of the made photos: a coarse picture, enlarged, and noise of so many grey levels.
COARSE, NOISE = 40, 14
TINY = {"backbone": "resnet18", "image_size": (72, 64), "d_model": 32}


def main():
    arguments = parse_arguments()
    recipe = recipes.COCO80 | {"weights": None, "max_epochs": 1, "device": arguments.device}
    if arguments.batch_size:
        recipe["batch_size"] = arguments.batch_size
    if arguments.tiny:
        recipe |= TINY
    side = recipe["image_size"][0]
    labels = np.random.RandomState(arguments.seed).rand(arguments.n_images, 80) < 0.04
    labels[np.arange(80) % arguments.n_images, np.arange(80)] = True  # Each is there at least once.
    with tempfile.TemporaryDirectory() as folder:
        paths = make_photos(Path(folder), arguments.n_images, arguments.seed)
        kilobytes = np.mean([Path(path).stat().st_size for path in paths]) / 1e3
        pixels = np.stack([as_pixels(path, side) for path in paths])
        seconds = {name: [] for name in ("from files", "from memory")}
        for _ in range(arguments.n_repeats):
            for name, images in zip(seconds, (paths, pixels), strict=True):
                seconds[name].append(epoch_seconds(recipe, images, labels, arguments.seed))
    of_files, of_memory = (np.median(each) for each in seconds.values())
    epochs = recipes.COCO80["max_epochs"]
    hours = epochs * N_TRAINING_IMAGES / (arguments.n_images / of_files) / 3600
    results = {
        "images/s": arguments.n_images / of_files,
        "images/s from memory": arguments.n_images / of_memory,
        "waiting for data, %": 100 * max(0.0, 1 - of_memory / of_files),
        "kB a photo": kilobytes,
        f"hours of C-Tran, {epochs} epochs": hours,
        f"hours of the {N_ROWS} rows": N_ROWS * hours,
    }
    machine = describe_machine(arguments.seed)
    print_table({name: [value] for name, value in results.items()}, [""], machine)
    write_json(arguments.json, results, machine)


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="auto", help="where the network is trained (auto)")
    parser.add_argument("--n-images", type=int, default=64, help="photos of the epoch (64)")
    parser.add_argument("--batch-size", type=int, help="images a step (16, the recipe's)")
    parser.add_argument("--n-repeats", type=int, default=3, help="epochs of each kind (3)")
    parser.add_argument("--tiny", action="store_true", help="a small network: does this work?")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def make_photos(folder, n_images, seed):
    """Write photos of made content; return their paths."""
    rng = np.random.RandomState(seed)
    paths = []
    for number in range(n_images):
        width, height = SIZES[number % len(SIZES)]
        coarse = rng.randint(256, size=(height // COARSE, width // COARSE, 3), dtype=np.uint8)
        smooth = np.asarray(Image.fromarray(coarse).resize((width, height), Image.BICUBIC))
        noisy = np.clip(smooth + rng.normal(0, NOISE, smooth.shape), 0, 255).astype(np.uint8)
        paths.append(str(folder / f"{number}.jpg"))
        Image.fromarray(noisy).save(paths[-1], quality=QUALITY)
    return paths


def as_pixels(path, side):
    """A photo's pixels in the size that crops are cut from."""
    with Image.open(path) as photo:
        return np.asarray(photo.resize((side, side), Image.BILINEAR))


def epoch_seconds(recipe, images, labels, seed):
    """Seconds of an epoch of training, without what comes before the first."""
    model = CTranClassifier(**recipe, random_state=seed).fit(images, labels.astype(int))
    return model.history_[-1]["dur"]


if __name__ == "__main__":
    main()
