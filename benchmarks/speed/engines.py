"""How fast engines pass photos through a frozen backbone, and what that does to mAP.

1. Images a second of ready images of 224 pixels, in batches of 32, for each network, engine and
   precision: the median of rounds in which all take turns; and the seconds that each engine needs
   to convert the network. "plain" is torch without its fused graph.
2. With ``--shared``, photos of Corel5k through a MobileNetV2 with ImageNet weights, decoding and
   resizing included (``ImageTokens``, no cache), what share that is of OpenVINO's rate for ready
   images, and mAP of a logistic regression per label on the mean token: trained on one half of the
   photos of the training part, scored on the other.

Engines that are not installed are left out. Usage (6 minutes; needs
``pip install "sklearn-ctran[openvino,onnxruntime]"`` for all)::

    python benchmarks/speed/engines.py --threads 2 --shared ../shared --json engines.json

"""

import argparse
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from _speed import describe_machine, print_table, time_interleaved, write_json
from corel5k import read_corel5k
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ctran import ImageTokens
from sklearn_ctran._images.engines import TorchEngine, make_engine
from sklearn_ctran.baselines import BinaryRelevance
from sklearn_ctran.metrics import mean_average_precision
from sklearn_ctran.modules.backbone import make_backbone

NETWORKS = ("mobilenet_v2", "resnet50", "efficientnet_b0", "vit_b_16")
VARIANTS = {
    f"{engine} {precision}": (engine, precision)
    for precision in ("float32", "bfloat16")
    for engine in ("plain", "torch", "openvino", "onnxruntime")
    if engine in ("plain", "torch") or find_spec(engine)
    if (engine, precision) != ("onnxruntime", "bfloat16")  # It would compute in float32.
}
#: Those that ``encoder_engine`` names.
CHOICES = {variant: choice for variant, choice in VARIANTS.items() if choice[0] != "plain"}
SIDE, BATCH = 224, 32


def main():
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads or torch.get_num_threads())
    machine = describe_machine(arguments.seed)
    networks = {name: measure_network(name, arguments.seed) for name in arguments.networks}
    for title, form in (("images/s", "{:.0f}"), ("seconds to convert", "{:.1f}")):
        print(f"\n{title}")
        rows = {name: [form.format(x) for x in r[title].values()] for name, r in networks.items()}
        print_table(rows, list(VARIANTS), machine)
    results = {"networks": networks}
    if arguments.shared:
        bare = networks.get("mobilenet_v2", {}).get("images/s", {})
        results["photos"] = measure_photos(arguments)
        rows = {}
        for name, photos in results["photos"].items():
            rate = bare.get(f"openvino {CHOICES[name][1]}")
            share = f"{photos['images/s'] / rate:.2f}" if rate else ""
            rows[name] = [f"{photos['images/s']:.0f}", share, f"{photos['mAP']:.2f}"]
        print(f"\n{arguments.photos} photos through MobileNetV2, decoding included")
        print_table(rows, ["images/s", "of OpenVINO's bare", "mAP (%)"], machine)
    write_json(arguments.json, results, machine)


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", help="folder that holds data/corel5k; without it, part 1 only")
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), help="of torchvision")
    parser.add_argument("--threads", type=int, help="of the engines and of decoding (torch's)")
    parser.add_argument("--photos", type=int, default=2000, help="to encode (2000)")
    parser.add_argument("--rounds", type=int, default=3, help="of encoding the photos (3)")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def measure_network(name, seed):
    """Images a second, and the seconds of the conversion, by variant."""
    torch.manual_seed(seed)
    backbone = make_backbone(name, None).freeze()
    images = torch.randint(256, (BATCH, 3, SIDE, SIDE), dtype=torch.uint8)
    engines, converting = {}, {}
    for variant, (engine, precision) in VARIANTS.items():
        start = time.perf_counter()
        engines[variant] = make(engine, backbone, precision)
        for _ in range(2):  # In float32, torch makes its graph after some batches.
            engines[variant](images)
        converting[variant] = time.perf_counter() - start
    seconds = time_interleaved(
        {variant: (lambda engine=engine: engine(images)) for variant, engine in engines.items()}
    )
    for variant in VARIANTS:
        converting[variant] = max(0.0, converting[variant] - 2 * float(np.median(seconds[variant])))
    return {
        "images/s": {v: BATCH / float(np.median(s)) for v, s in seconds.items()},
        "seconds to convert": converting,
    }


def make(engine, backbone, precision):
    """An engine by its name here."""
    if engine != "plain":
        return make_engine(engine, backbone, "cpu", precision, (SIDE, SIDE))
    plain = TorchEngine(backbone, "cpu", precision)
    plain._may_fuse = False
    return plain


def measure_photos(arguments):
    """Images a second and mAP by variant."""
    shared = Path(arguments.shared)
    paths, Y, train, _ = read_corel5k(shared / "data" / "corel5k")
    rows = np.random.RandomState(arguments.seed).permutation(np.flatnonzero(train))
    rows = rows[: arguments.photos]
    paths, Y, half = [paths[row] for row in rows], Y[rows], len(rows) // 2
    tokens, encoders = {}, {}
    for variant, (engine, precision) in CHOICES.items():
        encoders[variant] = ImageTokens(
            "mobilenet_v2",
            weights=shared / "data" / "weights" / "mobilenet_v2-imagenet.pth",
            image_size=SIDE,
            encoder_engine=engine,
            precision=precision,
            batch_size=BATCH,
            n_jobs=torch.get_num_threads(),
            pool="mean",
            cache=None,
            device="cpu",
        ).fit(paths)
        encoders[variant].transform(paths[: 3 * BATCH])  # Conversion is timed in part 1.

    def encode(variant):
        tokens[variant] = encoders[variant].transform(paths)

    seconds = time_interleaved(
        {variant: (lambda variant=variant: encode(variant)) for variant in CHOICES},
        n_repeats=arguments.rounds,
        n_warm_up=0,
    )
    return {
        variant: {
            "images/s": len(paths) / float(np.median(seconds[variant])),
            "mAP": 100 * score(tokens[variant], Y, half),
        }
        for variant in CHOICES
    }


def score(features, Y, half):
    """MAP on the second half of a model of the first, over the labels that both have."""
    kept = (Y[:half].sum(axis=0) > 0) & (Y[half:].sum(axis=0) > 0)
    model = BinaryRelevance(
        make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    )
    model.fit(features[:half], Y[:half][:, kept])
    return mean_average_precision(Y[half:][:, kept], model.predict_proba(features[half:]))


if __name__ == "__main__":
    main()
