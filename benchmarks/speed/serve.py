"""How fast the backend of Label Studio answers, and whether it stays right and small under load.

A server process of the default model on Corel5k photos (frozen MobileNetV2, 74 words; fitted to
--n-images training photos) is asked on the loopback, as Label Studio asks: one task a request.
Measured are the seconds until the answer for a new photo and for one seen before; then --clients
clients ask at once for --seconds, about photos drawn from 200, with random ticks. Every answer is
compared with that of the model in this process. The memory of the server is read before and after
(Linux). Usage::

    python benchmarks/speed/serve.py --shared ../shared --json serve.json

A sample of its output (two idle cores of an AMD EPYC with AVX-512 BF16, torch 2.14.1, seed 0)::

    new photo, median (ms)                 123.898
    new photo, slowest (ms)                400.014
    photo seen before, median (ms)         51.9816
    photo seen before, slowest (ms)        59.6894
    clients at once                             20
    answers                                   5693
    failed                                       0
    wrong                                        0
    answers a second                       94.8833
    median under load (ms)                 171.709
    95th percentile under load (ms)        433.635
    memory before (MB)                     1049.64
    memory after (MB)                      1095.19
"""

import argparse
import json
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
from _speed import describe_machine
from corel5k import read_corel5k

# isort: split
from _common import timed  # in a folder that _speed makes known

from sklearn_ctran import CTranClassifier

MOST_TICKS = 3


def main():
    arguments = parse_arguments()
    folder = Path(arguments.shared) / "data"
    paths, Y, train, words = read_corel5k(folder / "corel5k")
    train = np.flatnonzero(train)
    rows = train[: arguments.n_images]
    photos = [paths[row] for row in np.setdiff1d(np.arange(len(paths)), train)]
    words = [str(word) for word in words]
    with tempfile.TemporaryDirectory() as place:
        model = CTranClassifier(
            "mobilenet_v2",
            weights=folder / "weights" / "mobilenet_v2-imagenet.pth",
            random_state=arguments.seed,
            device="cpu",
        )
        with timed("Fitting the model"):
            model.fit([paths[row] for row in rows], pd.DataFrame(Y[rows], columns=words))
        file = Path(place) / "model.ctran"
        model.save(file)
        figures = measure(file, folder / "corel5k", photos, words, model, arguments)
    machine = describe_machine(arguments.seed)
    print()
    for name, figure in figures.items():
        print(f"{name:36}{figure:>10.6g}")
    print("\n" + ", ".join(f"{key} {value}" for key, value in machine.items()))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(figures | machine, indent=2) + "\n", "utf-8")


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/")
    parser.add_argument("--n-images", type=int, default=1000, help="training photos (1000)")
    parser.add_argument("--clients", type=int, default=20, help="clients at once (20)")
    parser.add_argument("--seconds", type=float, default=60, help="how long they ask (60)")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def measure(file, folder, photos, words, model, arguments):
    """Start a server of a model file, and ask it; figures by name."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "sklearn_ctran", "serve", str(file), "--quiet"]
    server = subprocess.Popen([*command, "--port", str(port), "--local-files", str(folder)])
    try:
        ask = Asker(f"http://127.0.0.1:{port}", words, model)
        ask.wait()
        return {
            **latencies(ask, photos),
            **under_load(ask, photos[-200:], server.pid, arguments),
        }
    finally:
        server.terminate()
        server.wait()


class Asker:
    """Asks the server about photos, and knows the right answers."""

    def __init__(self, address, words, model):
        self.address, self.words, self.model = address, words, model
        choices = "".join(f'<Choice value="{word}"/>' for word in words)
        self.config = (
            '<View><Image name="photo" value="$image"/><Choices name="words" toName="photo" '
            f'choice="multiple">{choices}</Choices></View>'
        )

    def wait(self):
        """Wait until the server is there."""
        for _ in range(600):
            try:
                return httpx.get(f"{self.address}/health").raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.1)
        raise RuntimeError("The server did not start.")

    def __call__(self, client, photo, ticks=()):
        """Seconds until the answer, and what is ticked in it."""
        result = {"from_name": "words", "type": "choices", "value": {"choices": list(ticks)}}
        request = {
            "tasks": [{"id": 1, "data": {"image": photo}}],
            "label_config": self.config,
            "params": {"context": {"result": [result] if ticks else []}},
        }
        start = time.perf_counter()
        answer = client.post(f"{self.address}/predict", json=request)
        seconds = time.perf_counter() - start
        (told,) = answer.raise_for_status().json()["results"]
        return seconds, {label for entry in told["result"] for label in entry["value"]["choices"]}

    def right(self, photo, ticks):
        """What may be ticked for a photo: surely, and perhaps (0.5 but for rounding)."""
        known = dict.fromkeys(ticks, 1)
        p = self.model.predict_proba([photo], known_labels=known or None)[0]
        names = np.array(self.words)
        return set(names[p > 0.501]), set(names[p > 0.499])


def latencies(ask, photos, n=60):
    """Milliseconds for photos that are new, and for the same again."""
    with httpx.Client(timeout=60) as client:
        ask(client, photos[0])  # The first answer of a server is slow.
        new = [ask(client, photo)[0] for photo in photos[1 : n + 1]]
        again = [ask(client, photo, ask.words[:1])[0] for photo in photos[1 : n + 1]]
    return {
        "new photo, median (ms)": 1000 * np.median(new),
        "new photo, slowest (ms)": 1000 * max(new),
        "photo seen before, median (ms)": 1000 * np.median(again),
        "photo seen before, slowest (ms)": 1000 * max(again),
    }


def under_load(ask, photos, pid, arguments):
    """Many clients at once: answers a second, wrong ones, failures, memory."""
    rng = np.random.RandomState(arguments.seed)
    cases = [
        (photo, tuple(rng.choice(ask.words, rng.randint(MOST_TICKS + 1), replace=False)))
        for photo in photos
    ]
    right = [ask.right(*case) for case in cases]
    with httpx.Client(timeout=60) as client:
        for case in cases:
            ask(client, *case)
    before = resident_mb(pid)
    times, wrong, failed = [], [], []
    end = time.monotonic() + arguments.seconds

    def work(seed):
        own = np.random.RandomState(seed)
        with httpx.Client(timeout=60) as client:
            while time.monotonic() < end:
                number = own.randint(len(cases))
                try:
                    seconds, ticked = ask(client, *cases[number])
                except httpx.HTTPError as error:
                    failed.append(error)
                    continue
                times.append(seconds)
                surely, perhaps = right[number]
                if not surely <= ticked <= perhaps:
                    wrong.append(number)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(arguments.clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {
        "clients at once": arguments.clients,
        "answers": len(times),
        "failed": len(failed),
        "wrong": len(wrong),
        "answers a second": len(times) / arguments.seconds,
        "median under load (ms)": 1000 * np.median(times),
        "95th percentile under load (ms)": 1000 * np.percentile(times, 95),
        "memory before (MB)": before,
        "memory after (MB)": resident_mb(pid),
    }


def resident_mb(pid):
    """Resident memory of a process in MB; NaN where the system does not say."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return float("nan")
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1000


if __name__ == "__main__":
    main()
