"""A fit by several processes: torchrun --nproc-per-node N launched_fit.py FOLDER BATCH [KILLED].

Each writes its losses and probabilities to FOLDER/rank.json; a process of rank KILLED kills itself.
BATCH "images" is a fit on images, "5x2" accumulates two batches of five.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np

RULES = {"label_groups": {"one": ["a", "b"]}, "exclusive_groups": {"one": "at_most_one"}}


def main(folder, batch_size, killed=None):
    import pandas as pd
    import torch
    from skorch.callbacks import Callback

    from sklearn_ctran import CTranClassifier

    class Killed(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == 3 and os.environ.get("RANK") == killed:
                os.kill(os.getpid(), signal.SIGKILL)

    torch.set_num_threads(1)
    folder, rank = Path(folder), os.environ.get("RANK", "0")
    rng = np.random.RandomState(0)
    X = rng.randn(131, 5, 12).astype(np.float32)
    Y = (X[:, 0, :4] + rng.randn(131, 4) > 0.5).astype(float)
    Y[:, 1] *= 1 - Y[:, 0]
    Y[rng.random_sample(Y.shape) < 0.2] = np.nan
    batch_size, _, accumulate = batch_size.partition("x")
    model = CTranClassifier(
        backbone=None,
        d_model=16,
        n_heads=2,
        n_layers=1,
        net_params={"accumulate": int(accumulate or 1)},
        max_epochs=4,
        batch_size=int(batch_size),
        # Without dropout, of which every process draws its own.
        dropout=0.0,
        input_dropout=0.0,
        shortcut=False,
        early_stopping=True,
        n_masks=2,
        device="cpu",
        checkpoint=folder / "checkpoint",
        distributed="accelerate",
        callbacks=[Killed()],
        random_state=None,
        verbose=1,
        **RULES,
    )
    if rank == "0":
        np.random.seed(0)  # The others take the first one's seed.
    model.fit(X, pd.DataFrame(Y, columns=list("abcd")), sample_weight=rng.uniform(0.5, 2, 131))
    result = {
        "losses": [[epoch["train_loss"], epoch["valid_loss"]] for epoch in model.history_],
        "scores": [epoch["valid_mAP"] for epoch in model.history_],
        "proba": model.predict_proba(X[:9], {"c": 1}).tolist(),
        "max_epochs": model.chosen_["max_epochs"],
    }
    (folder / f"{rank}.json").write_text(json.dumps(result))


def encode(folder):
    """Fit on images, with a frozen backbone, and write how many this process has encoded."""
    import torch

    from sklearn_ctran import CTranClassifier
    from sklearn_ctran._images import encoder

    n_encoded = []
    reported = encoder._Passes._report

    def report(self, n_images):
        n_encoded.append(n_images)
        return reported(self, n_images)

    encoder._Passes._report = report
    torch.set_num_threads(1)
    rng = np.random.RandomState(0)
    X = rng.randint(0, 255, size=(600, 16, 16, 3)).astype(np.uint8)
    CTranClassifier(
        "small",
        train_backbone=False,
        image_size=None,
        d_model=16,
        n_heads=2,
        max_epochs=1,
        memory=None,
        device="cpu",
        distributed="accelerate",
        random_state=0,
    ).fit(X, rng.randint(2, size=(600, 3)))
    path = Path(folder, os.environ["RANK"] + ".json")
    path.write_text(json.dumps({"n_encoded": sum(n_encoded)}))


def launch(n, folder, batch_size, killed=None):
    """What N processes wrote, by rank, and the finished job."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", str(n), __file__, str(folder), str(batch_size)]
    job = subprocess.run(
        command + ([] if killed is None else [killed]),
        capture_output=True,
        text=True,
        timeout=100,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    paths = sorted(Path(folder).glob("*.json"))
    return [json.loads(path.read_text()) for path in paths], job


if __name__ == "__main__":
    encode(sys.argv[1]) if sys.argv[2] == "images" else main(*sys.argv[1:])
