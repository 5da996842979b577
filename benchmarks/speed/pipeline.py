"""Speed of decoding, resizing and normalising images, compared with only decoding them.

From paths of JPEG files, the script makes uint8 batches, and the floats that a backbone reads. It
compares their speed with that of decoding the same files to RGB pixels by the fastest installed
decoder, in as many threads. "ratio" is floats/s divided by bare/s. It needs the Corel5k photos and
a minute::

    python benchmarks/speed/pipeline.py --shared ../shared

                                   bare/s          by  uint8/s  floats/s  ratio
    192 x 128 -> 224, 1 thread     10,144  simplejpeg    3,122     2,589  0.256
    192 x 128 -> 128, 1 thread     10,097  simplejpeg    4,594     4,231  0.433
    1024 x 768 -> 224, 1 thread       589  simplejpeg      504       495  0.802
    4000 x 3000 -> 224, 1 thread     40.3  simplejpeg      104       104   2.66
    192 x 128 -> 224, 2 threads    12,128  simplejpeg    3,667     2,520  0.196
    192 x 128 -> 128, 2 threads    11,779  simplejpeg    3,716     3,166  0.228
    1024 x 768 -> 224, 2 threads      996  simplejpeg      740       702  0.714
    4000 x 3000 -> 224, 2 threads    84.5  simplejpeg      173       199   2.31

    processor AMD EPYC, features avx2 avx512f avx512_bf16, cores 2, python 3.11.7, torch 2.14.1

The package decodes by simplejpeg if it is installed, otherwise by PIL.

The ratio is low for small photos. Decoding 192 x 128 pixels takes only 0.1 ms, and at 224 pixels
the result has twice as many. Resizing takes as long as decoding, writing the batch and normalising
it another two thirds, and Python code between these steps does not run in parallel. The ratio of
large photos is above 1, because they are decoded at a half or a quarter of their size.
"""

import argparse
import importlib
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from _speed import describe_machine, print_table, speed_ratio, time_interleaved, write_json
from PIL import Image
from torch import nn

from sklearn_ctran._images.images import check_images
from sklearn_ctran._images.preprocessing import Preprocessing
from sklearn_ctran.modules.backbone import Backbone

BATCH_SIZE = 32  # as in the estimator's passes through a backbone on a CPU
# (name, size to which photos are enlarged, number of photos, image_size)
CASES = (
    ("192 x 128 -> 224", None, 256, 224),
    ("192 x 128 -> 128", None, 256, 128),
    ("1024 x 768 -> 224", (1024, 768), 64, 224),
    ("4000 x 3000 -> 224", (4000, 3000), 6, 224),
)


def main():
    arguments = parse_arguments()
    photos = sorted((Path(arguments.shared) / "data" / "corel5k" / "images").glob("*.jpeg"))
    decoders = find_decoders()
    backbone = Backbone(nn.Identity())
    rows, results = {}, {}
    for n_threads in (1, 2):
        torch.set_num_threads(n_threads)
        for what, size, n, image_size in CASES:
            with tempfile.TemporaryDirectory() as folder:
                paths = photos[:n] if size is None else enlarge(photos[:n], size, folder)
                result = compare(paths, image_size, n_threads, decoders, backbone)
            name = f"{what}, {n_threads} thread{'s' * (n_threads > 1)}"
            print(f"{name}: {result['ratio']:.2f} of {result['fastest']}", flush=True)
            results[name] = result
            rows[name] = [result[key] for key in ("bare", "fastest", "batches", "all", "ratio")]
    machine = describe_machine(seed=None)
    print_table(rows, ("bare/s", "by", "uint8/s", "floats/s", "ratio"), machine)
    write_json(arguments.json, results, machine)


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder with data/corel5k")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def find_decoders():
    """Return name -> function from a path to uint8 RGB pixels, for all installed libraries."""
    decoders = {"PIL": _decode_pil}
    for module, make in (
        ("torchvision.io", _make_torchvision),
        ("cv2", _make_opencv),
        ("simplejpeg", _make_simplejpeg),
        ("turbojpeg", _make_turbojpeg),
    ):
        # A package may be installed without the library that it calls.
        try:
            decoders[module] = make(importlib.import_module(module))
        except (ImportError, OSError, RuntimeError):
            continue
    return decoders


def _decode_pil(path):
    with Image.open(path) as image:
        return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _make_torchvision(io):
    def decode(path):
        return io.decode_jpeg(io.read_file(str(path)), mode=io.ImageReadMode.RGB)

    return decode


def _make_opencv(cv2):
    cv2.setNumThreads(1)

    def decode(path):
        return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)

    return decode


def _make_simplejpeg(simplejpeg):
    return lambda path: simplejpeg.decode_jpeg(path.read_bytes(), "RGB")


def _make_turbojpeg(turbojpeg):
    decoder = turbojpeg.TurboJPEG()
    return lambda path: decoder.decode(path.read_bytes(), pixel_format=turbojpeg.TJPF_RGB)


def enlarge(photos, size, folder):
    """Save photos at another size; portraits are rotated to landscapes."""
    paths = []
    for photo in photos:
        with Image.open(photo) as image:
            image = image.convert("RGB")
            if image.height > image.width:
                image = image.transpose(Image.Transpose.ROTATE_90)
            paths.append(Path(folder) / photo.with_suffix(".jpg").name)
            image.resize(size, Image.Resampling.BICUBIC).save(paths[-1], quality=90)
    return paths


def compare(paths, image_size, n_threads, decoders, backbone):
    """Measure images per second of decoders, of the package's batches, and of normalised ones."""
    images = check_images(paths, n_jobs=n_threads, decode=False)
    preprocessing = Preprocessing(image_size)
    batches = np.array_split(np.arange(len(paths)), -(-len(paths) // BATCH_SIZE))

    def load():
        for rows in batches:
            images.batch(rows, preprocessing)

    def load_and_normalise():
        with torch.inference_mode():
            for rows in batches:
                backbone(images.batch(rows, preprocessing))

    variants = {name: bare(decoder, paths, n_threads) for name, decoder in decoders.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchvision's decoder will move to another package.
        seconds = time_interleaved(variants | {"batches": load, "all": load_and_normalise})
    speeds = {name: len(paths) / float(np.median(values)) for name, values in seconds.items()}
    fastest = max(decoders, key=speeds.get)
    return {
        "fastest": fastest,
        "bare": speeds[fastest],
        **speeds,
        "ratio": speed_ratio(seconds["all"], seconds[fastest]),
    }


def bare(decoder, paths, n_threads):
    """Make a function that decodes all paths in threads and discards the pixels."""

    def decode(share):
        for path in share:
            decoder(path)

    def decode_all():
        with ThreadPoolExecutor(n_threads) as pool:
            list(pool.map(decode, [paths[start::n_threads] for start in range(n_threads)]))

    return decode_all


if __name__ == "__main__":
    main()
