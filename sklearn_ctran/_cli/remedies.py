"""What is slow on a machine, why, and what helps: rules over the facts of ``machine``."""

from dataclasses import dataclass

#: Bytes: below, a cache in memory is moved to the disk, and batches may not fit.
_LITTLE = 2 * 10**9


@dataclass(frozen=True)
class Finding:
    """`what` is slow or missing, `why` that matters, and the `remedy`."""

    what: str
    why: str
    remedy: str


def findings(facts):
    """The Findings that apply to the facts of :func:`~sklearn_ctran._cli.machine.examine`."""
    return [finding for rule in _RULES if (finding := rule(facts)) is not None]


def _unused_gpu(facts):
    if facts["has_unused_gpu"]:
        return Finding(
            "The NVIDIA card is not used",
            "the installed torch cannot use it, or its driver is missing",
            "install torch for your card, see https://pytorch.org/get-started",
        )
    return None


def _no_gpu(facts):
    if facts["device"] == "cpu" and not facts["has_unused_gpu"]:
        return Finding(
            "There is no GPU",
            "the pass of images through the backbone takes most of the time on a processor",
            "pass them once, into a cache: encode PHOTOS --cache DIR, then --cache DIR elsewhere",
        )
    return None


def _no_openvino(facts):
    if facts["device"] == "cpu" and not facts["versions"].get("openvino"):
        return Finding(
            "OpenVINO is not installed",
            "it passes images through frozen backbones faster on processors (experimental)",
            'pip install "sklearn-ctran[openvino]", then --encoder-engine openvino',
        )
    return None


def _no_bfloat16(facts):
    if facts["device"] == "cpu" and not facts["processor"]["bfloat16"]:
        return Finding(
            "The processor has no bfloat16",
            "all computes in float32, slower than processors with AVX-512 BF16 or AMX in bfloat16",
            "a smaller backbone, such as --backbone mobilenet_v2, or another machine",
        )
    slow = [gpu["device"] for gpu in facts["devices"] if not gpu["bfloat16"]]
    if facts["device"] != "cpu" and slow:
        return Finding(
            f"No bfloat16 on {', '.join(slow)}",
            "all computes in float32 there",
            "none; results are the same",
        )
    return None


def _no_simplejpeg(facts):
    if not facts["versions"].get("simplejpeg"):
        return Finding(
            "simplejpeg is not installed",
            "it decodes small JPEG files in less than half the time",
            'pip install "sklearn-ctran[fast]"',
        )
    return None


def _few_threads(facts):
    cores, threads = facts["processor"]["cores"], facts["processor"]["threads"]
    if threads < cores:
        return Finding(
            f"torch uses {threads} of {cores} cores",
            "a variable such as OMP_NUM_THREADS says so",
            f"OMP_NUM_THREADS={cores}, unless other programs need the cores",
        )
    if threads > cores:
        return Finding(
            f"torch uses {threads} threads on {cores} cores",
            "threads wait for one another: a container limits the cores, which torch does not see",
            f"OMP_NUM_THREADS={cores}",
        )
    return None


def _little_memory(facts):
    free = facts["memory"]["free"]
    if free is not None and free < _LITTLE:
        return Finding(
            "Little memory is free",
            "batches of images and the model's memory of training rows may not fit",
            "end other programs, or --batch-size 16",
        )
    return None


def _tokens_on_disk(facts):
    place = facts["places"]["tokens"]
    is_in_memory = place["path"] == "/dev/shm"
    if facts["system"]["platform"].startswith("Linux") and not is_in_memory:
        return Finding(
            "Tokens of a session are kept on the disk",
            "/dev/shm has less than 2 GB free",
            "--cache DIR keeps them for later sessions too; in a container, --shm-size=4g",
        )
    return None


def _little_disk(facts):
    full = [name for name, place in facts["places"].items() if place["free"] < _LITTLE]
    if full:
        return Finding(
            f"Little room for: {', '.join(full)}",
            "the tokens of a photo take 0.4 MB with the default backbone",
            "make room, or name another --cache",
        )
    return None


def _no_weights(facts):
    weights = facts["default_weights"]
    if not weights["exist"]:
        return Finding(
            "The weights of the default backbone are not here yet",
            f"the first use downloads them from {weights['url']}",
            f"without a network: copy that file to {weights['path']}, or --weights FILE",
        )
    return None


_RULES = (
    _unused_gpu,
    _no_gpu,
    _no_openvino,
    _no_bfloat16,
    _no_simplejpeg,
    _few_threads,
    _little_memory,
    _tokens_on_disk,
    _little_disk,
    _no_weights,
)
