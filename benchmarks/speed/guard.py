"""Whether a change has made the package slower: its speed ratios, against saved ones.

Each ratio compares two things that take turns in one run, so that it says little of the day and of
other processes. More is better:

- encoder: the time of the plain formulation, divided by ours, of a training step and of a
  prediction, in float32 and, where the processor multiplies it, in bfloat16;
- backbone: a MobileNetV2 as torchvision made it, divided by how the package passes images through;
- question: a plain forward pass of one image, divided by ``predict_proba`` for one encoded image;
- import: the seconds of importing the dependencies, divided by those of ``CTranClassifier``.

Saved ratios are those of an instruction set and a number of threads. A ratio counts as lost if it
is below 85 % of the saved one in three measurements. The exit status is 0 if no ratio is lost, 1
if one is, and 3 if nothing is saved for the processor: run the script with ``--save`` on the
version before the change. Of the sets that this processor has, ``ATEN_CPU_CAPABILITY=avx2
ONEDNN_MAX_CPU_ISA=AVX2`` measures a lesser one.

Usage (3 minutes)::

    python benchmarks/speed/guard.py
    python benchmarks/speed/guard.py --save
"""

import argparse
import json
import sys
import tempfile
import warnings
from itertools import count
from pathlib import Path

import numpy as np
import torch
from _speed import (
    describe_machine,
    instruction_set,
    print_table,
    speed_ratio,
    time_interleaved,
    write_json,
)
from encoder import PLAIN, PlainCTran, Size, make_batch, make_step, make_variants, predict
from latency import IMPORTS, N_LABELS, ask, fitted_model, in_new_processes

from sklearn_ctran._images.engines import make_engine
from sklearn_ctran._utils.memory import keep_freed_memory
from sklearn_ctran.modules.backbone import make_backbone

SAVED = Path(__file__).parents[1] / "results" / "guard.json"
SIZES = (Size(64, 24, 74, 128), Size(16, 49, 80, 512), Size(2, 324, 80, 2048))
BFLOAT16 = ("amx_bf16", "avx512_bf16")  # instruction sets
LEAST, N_TRIES = 0.85, 3
LOST, UNKNOWN = 1, 3  # exit statuses; argparse has 2


def main():
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    keep_freed_memory()  # As every fit does. Both sides of a ratio gain from it.
    warnings.simplefilter("ignore")
    processor = instruction_set()
    key = f"{processor}, {arguments.threads} thread{'s' * (arguments.threads > 1)}"
    saved = read_saved(arguments.file)
    expected = {} if arguments.save else saved.get(key, {}).get("ratios", {})
    if not arguments.save and not expected:
        print(f"nothing is saved for {key}: this measures only", flush=True)
    precisions = ("float32", "bfloat16") if processor in BFLOAT16 else ("float32",)
    torch.manual_seed(arguments.seed)
    ratios = measure_all(measurements(precisions, arguments.seed), expected)
    machine = describe_machine(arguments.seed)
    rows = {name: [ratio, expected.get(name, "")] for name, ratio in ratios.items()}
    print_table(rows, ("ratio", "saved"), machine)
    write_json(arguments.json, ratios, machine)
    if arguments.save:
        saved[key] = {"ratios": {name: round(r, 3) for name, r in ratios.items()}, **machine}
        text = json.dumps(dict(sorted(saved.items())), indent=2)
        Path(arguments.file).write_text(text + "\n", encoding="utf-8")
        print(f"saved for {key} in {arguments.file}")
    else:
        sys.exit(judge(key, saved, ratios))


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--save", action="store_true", help="save the ratios, compare nothing")
    parser.add_argument("--threads", type=int, default=1, help="of torch (1, the steadiest)")
    parser.add_argument("--file", default=SAVED, help="the saved ratios (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights and inputs (0)")
    parser.add_argument("--json", metavar="FILE", help="write the ratios to this file too")
    return parser.parse_args()


def read_saved(path):
    """The saved ratios: "instruction set, threads" -> dict with "ratios" and the machine."""
    return json.loads(Path(path).read_text(encoding="utf-8")) if Path(path).exists() else {}


def measurements(precisions, seed):
    """What is measured: functions without arguments, each of which gives name -> ratio."""
    encoders = [lambda size=size: encoder_ratios(size, precisions) for size in SIZES]
    return [
        *encoders,
        lambda: backbone_ratios(precisions),
        lambda: question_ratio(precisions[-1], seed),
        import_ratio,
    ]


def measure_all(functions, expected):
    """Measure all ratios, and again, up to N_TRIES times, where one seems to be lost.

    Noise makes some ratios smaller and others larger, a loss all of them smaller. Each ratio is
    therefore the largest of its measurements.
    """
    ratios = {}
    for function in functions:
        found = function()
        for _ in range(N_TRIES - 1):
            if not any(is_lost(found[name], expected.get(name, 0)) for name in found):
                break
            found = {name: max(found[name], again) for name, again in function().items()}
        for name, ratio in found.items():
            print(f"{name}: {ratio:.3g}", flush=True)
        ratios |= found
    return ratios


def judge(key, saved, ratios):
    """Print the verdict, and return the exit status."""
    if key not in saved:
        print(
            f"NOT COMPARED: nothing is saved for {key}, only for {'; '.join(saved) or 'no other'}. "
            "Run this with --save on the version before your change, then without."
        )
        return UNKNOWN
    faults = find_faults(ratios, saved[key]["ratios"])
    if not faults:
        print(f"no ratio of {key} is lost")
        return 0
    print("\n".join(faults))
    print(f"saved on: {saved[key].get('processor')}, torch {saved[key].get('torch')}")
    return LOST


def is_lost(ratio, saved):
    """Whether a ratio is too much smaller than the saved one."""
    return ratio < LEAST * saved


def find_faults(ratios, expected):
    """Say what is lost, and what cannot be compared: one text each."""
    faults = [
        f"LOST: {name}: {ratios[name]:.3g}, saved {saved:.3g} "
        f"({100 * (ratios[name] / saved - 1):+.0f} %)"
        for name, saved in expected.items()
        if name in ratios and is_lost(ratios[name], saved)
    ]
    for name in sorted(expected.keys() ^ ratios.keys()):
        what = "measured, but not saved" if name in ratios else "saved, but not measured"
        faults.append(f"NOT COMPARED: {name} is {what}: use --save once it is as it should be")
    return faults


def encoder_ratios(size, precisions, repeats=None):
    """Plain / ours in training and prediction, in each precision."""
    batch = make_batch(size)
    variants = make_variants(size, precisions[-1])
    repeats = repeats or (3 if size.d_model >= 1024 else 9)
    ratios = {}
    for what, training in (("training", True), ("prediction", False)):
        steps = {
            name: make_step(module, optimizer, batch, precision, training)
            for name, (module, optimizer, precision) in variants.items()
            if name in (PLAIN, *(f"ours, drops channels, {each}" for each in precisions))
        }
        seconds = time_interleaved(steps, repeats)
        plain = seconds.pop(PLAIN)
        for name, times in seconds.items():
            precision = name.rpartition(" ")[2]
            ratios[f"encoder, {size}: {what}, {precision}"] = speed_ratio(times, plain)
    return ratios


def backbone_ratios(precisions, n_images=16, side=224):
    """Plain / ours of a pass through a frozen MobileNetV2 on torch, in each precision."""
    images = torch.randint(256, (n_images, 3, side, side), dtype=torch.uint8)
    backbone = make_backbone("mobilenet_v2", None).freeze().eval()
    engines = {
        precision: make_engine("torch", backbone, "cpu", precision, (side, side))
        for precision in precisions
    }

    @torch.inference_mode()
    def plain():
        backbone(images)

    functions = {"plain": plain}
    functions |= {name: (lambda engine=engine: engine(images)) for name, engine in engines.items()}
    seconds = time_interleaved(functions, 5)
    return {
        f"backbone, {precision}": speed_ratio(seconds[precision], seconds["plain"])
        for precision in precisions
    }


def question_ratio(precision, seed, backbone="resnet50", n_questions=150):
    """A plain forward pass of one image / a question about one encoded image, default sizes."""
    model, images = fitted_model(np.random.RandomState(seed), backbone, precision)
    encoded = model.encode(images[:10])
    batch = make_batch(Size(1, 10, N_LABELS, model.d_model))  # ten tokens, of default regions
    plain = PlainCTran(N_LABELS, model.d_model).eval()
    numbers = count()
    seconds = time_interleaved(
        {
            "plain": lambda: predict(plain, batch),
            "ours": lambda: ask(model, encoded, next(numbers)),
        },
        n_questions,
        n_warm_up=50,
    )
    return {"question": speed_ratio(seconds["ours"], seconds["plain"])}


def import_ratio(n_repeats=3):
    """Processor time of importing what we depend on / of importing ours too, in new processes."""
    codes = {name: IMPORTS[name] for name in ("and small ones", "CTranClassifier")}
    with tempfile.TemporaryDirectory() as folder:
        seconds = in_new_processes(codes, folder, n_repeats)
    (_, dependencies), (_, ours) = seconds.values()
    return {"import": dependencies / ours}


if __name__ == "__main__":
    main()
