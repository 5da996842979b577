"""Mean average precision with image tokens stored in 16 bits instead of 32.

A frozen MobileNetV2 computes tokens of the Corel5k training photos at 224 pixels. They are rounded
as ``TokenCache(dtype=...)`` would store them: float32, bfloat16 (half the size, 8 bits of
precision) and float16 (half the size, 11 bits, up to 65,504). With each, C-Tran is trained on 3,600
of the training photos and scored on the other 900, never on the test part. There are several seeds,
because seeds differ more than dtypes do. Usage::

    python benchmarks/speed/storage.py --shared ../shared --json storage.json

Its output (two cores, six minutes; two seeds; the means differ by less than seeds do)::

    float32      251 kB a photo  58.39 / 60.31 / 63.55 / 67.50  +0.00
    bfloat16     125 kB a photo  58.58 / 60.40 / 63.63 / 67.51  +0.09
    float16      125 kB a photo  58.29 / 60.13 / 63.53 / 67.57  -0.06
    standard deviation between seeds, float32: 0.60
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from _speed import describe_machine, write_json
from corel5k import read_corel5k

# isort: split
from _common import PERCENTS_KNOWN, hide_labels, score_percent  # in a folder that _speed finds

from sklearn_ctran import CTranClassifier
from sklearn_ctran._images.encoder import Encoder
from sklearn_ctran._images.images import check_images
from sklearn_ctran._images.preprocessing import Preprocessing
from sklearn_ctran.modules.backbone import make_backbone

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
N_VALIDATION = 900


def main():
    arguments = parse_arguments()
    data = Path(arguments.shared) / "data"
    paths, Y, is_training, _ = read_corel5k(data / "corel5k")
    rows = np.flatnonzero(is_training)
    paths, Y = [paths[row] for row in rows], Y[rows]
    backbone = make_backbone("mobilenet_v2", data / "weights" / "mobilenet_v2-imagenet.pth")
    encoder = Encoder(backbone.freeze(), Preprocessing(224), batch_size=32, verbose=1)
    tokens = encoder.encode(check_images(paths, decode=False)).values
    order = np.random.RandomState(0).permutation(len(tokens))
    valid, train = order[:N_VALIDATION], order[N_VALIDATION:]
    results = {}
    for seed in range(arguments.seeds):
        for name, dtype in DTYPES.items():
            score = score_storage(tokens, Y, train, valid, dtype, seed, arguments.epochs)
            results.setdefault(name, []).append(score)
            print(f"seed {seed}  {name:9} " + " / ".join(f"{s:.1f}" for s in score), flush=True)
    print(
        "\nmAP (%) by share of labels known, mean over seeds; difference of the mean from float32"
    )
    exact = np.mean(results["float32"])
    for name, scores in results.items():
        means = " / ".join(f"{mean:.2f}" for mean in np.mean(scores, axis=0))
        size = tokens[0].size * DTYPES[name].itemsize / 1e3
        print(f"{name:9} {size:6.0f} kB a photo  {means}  {np.mean(scores) - exact:+.2f}")
    spread = np.std([np.mean(scores) for scores in results["float32"]])
    machine = describe_machine(0)
    print(f"standard deviation between seeds, float32: {spread:.2f}")
    print(", ".join(f"{key} {value}" for key, value in machine.items()))
    write_json(arguments.json, results, machine)


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/corel5k")
    parser.add_argument("--seeds", type=int, default=2, help="training seeds (2)")
    parser.add_argument("--epochs", type=int, default=6, help="passes through the photos (6)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def score_storage(tokens, Y, train, valid, dtype, seed, epochs):
    """Fit on tokens stored as `dtype`; return mAP in percent at each share of known labels."""
    stored = torch.from_numpy(tokens).to(dtype).float().numpy()
    model = CTranClassifier(backbone=None, max_epochs=epochs, random_state=seed)
    encoded = model.fit(stored[train], Y[train]).encode(stored[valid])
    known = [hide_labels(Y[valid], percent, seed=0) for percent in PERCENTS_KNOWN]
    return [score_percent(Y[valid], model.predict_proba(encoded, k), k) for k in known]


if __name__ == "__main__":
    main()
