"""The guard of speed: which ratios are lost, which processor this is, and what the command says."""

import json
import sys

import pytest
import torch

INTEL = "avx2 avx512f avx512_bf16 amx_bf16 amx_int8"
ZEN4 = "avx2 avx512f avx512_bf16"


@pytest.mark.parametrize(
    "machine, capability, features, limit, name",
    [
        ("x86_64", "AVX512", INTEL, None, "amx_bf16"),
        ("x86_64", "AVX512", INTEL, "AVX512_CORE_AMX", "amx_bf16"),
        ("x86_64", "AVX512", INTEL, "AVX512_CORE_BF16", "avx512_bf16"),
        ("x86_64", "AVX512", INTEL, "avx512_core_fp16", "avx512_bf16"),
        ("x86_64", "AVX512", INTEL, "AVX512_CORE", "avx512"),
        ("x86_64", "AVX512", INTEL, "AVX512_CORE_VNNI", "avx512"),
        ("x86_64", "AVX2", INTEL, "AVX2", "avx2"),
        ("AMD64", "AVX512", ZEN4, None, "avx512_bf16"),
        ("x86_64", "AVX512", "avx2 avx512f", None, "avx512"),
        ("x86_64", "AVX512", "", None, "avx512"),
        ("x86_64", "AVX2", "avx2", None, "avx2"),
        ("arm64", "DEFAULT", "", None, "arm"),
        ("aarch64", "SVE256", "", None, "arm"),
        ("riscv64", "DEFAULT", "", None, "riscv64"),
    ],
)
def test_instruction_set(machine, capability, features, limit, name, monkeypatch):
    import _speed

    monkeypatch.setattr(_speed.platform, "machine", lambda: machine)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    monkeypatch.setattr(_speed, "_processor", lambda: {"features": features})
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    if limit:
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    assert _speed.instruction_set() == name


def test_a_ratio_is_lost_below_85_percent():
    from guard import find_faults

    expected = {"training": 2.0, "prediction": 1.0}
    assert find_faults({"training": 1.71, "prediction": 9.0}, expected) == []
    (fault,) = find_faults({"training": 1.69, "prediction": 0.86}, expected)
    assert fault == "LOST: training: 1.69, saved 2 (-16 %)"


def test_what_cannot_be_compared_is_no_success():
    from guard import find_faults

    gone, new = find_faults({"both": 1.0, "new": 1.0}, {"both": 1.0, "gone": 1.0})
    assert "gone is saved, but not measured" in gone
    assert "new is measured, but not saved" in new


@pytest.mark.parametrize(
    "found, n_calls, kept",
    [
        ([2.0], 1, 2.0),
        ([1.0, 1.9], 2, 1.9),  # noise
        ([1.0, 1.3, 1.2], 3, 1.3),  # lost
    ],
)
def test_what_seems_lost_is_measured_again(found, n_calls, kept):
    from guard import measure_all

    calls = []

    def function():
        calls.append(found[len(calls)])
        return {"ratio": calls[-1], "other": 1.0}

    assert measure_all([function], {"ratio": 2.0}) == {"ratio": kept, "other": 1.0}
    assert len(calls) == n_calls


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run the script on a made-up ratio; what is saved goes to a file of the test."""
    import guard

    threads = torch.get_num_threads()

    def run(ratio, *arguments, processor="avx2"):
        monkeypatch.setattr(guard, "instruction_set", lambda: processor)
        monkeypatch.setattr(guard, "measurements", lambda *_: [lambda: {"training": ratio}])
        monkeypatch.setattr(
            sys, "argv", ["guard.py", "--file", str(tmp_path / "guard.json"), *arguments]
        )
        guard.main()

    yield run
    torch.set_num_threads(threads)


def test_saved_and_compared(run, capsys, tmp_path):
    run(2.0, "--save")
    run(1.8, "--save", "--threads", "2")
    run(1.0, "--save", processor="amx_bf16")
    saved = json.loads((tmp_path / "guard.json").read_text())
    assert list(saved) == ["amx_bf16, 1 thread", "avx2, 1 thread", "avx2, 2 threads"]
    assert saved["avx2, 1 thread"]["ratios"] == {"training": 2.0}
    assert saved["avx2, 2 threads"]["threads"] == 2
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        run(1.8)
    assert ended.value.code == 0
    assert "no ratio of avx2, 1 thread is lost" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        run(1.6)
    assert ended.value.code == 1
    printed = capsys.readouterr().out
    assert "LOST: training: 1.6, saved 2 (-20 %)" in printed
    assert f"torch {torch.__version__}".split("+")[0] in printed


def test_an_unknown_processor_is_no_success(run, capsys):
    run(2.0, "--save")
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        run(2.0, processor="arm")
    assert ended.value.code == 3
    printed = capsys.readouterr().out
    assert "training: 2\n" in printed  # measured all the same
    assert "NOT COMPARED: nothing is saved for arm, 1 thread, only for avx2, 1 thread." in printed


def test_what_is_saved_in_the_repository():
    """All processors have the same ratios, but for bfloat16, and none that nobody measures."""
    from guard import SAVED, SIZES, read_saved

    for key, entry in read_saved(SAVED).items():
        names = set(entry["ratios"])
        precisions = ["float32"] + ["bfloat16"] * ("bf16" in key)
        assert names == {"question", "import"} | {
            name + precision
            for precision in precisions
            for name in (
                "backbone, ",
                *(
                    f"encoder, {size}: {what}, "
                    for size in SIZES
                    for what in ("training", "prediction")
                ),
            )
        }


def test_ratios_of_tiny_sizes():
    from guard import Size, backbone_ratios, encoder_ratios, question_ratio

    size = Size(batch=2, n_image_tokens=3, n_labels=5, d_model=8)
    precisions = "float32", "bfloat16"
    ratios = encoder_ratios(size, precisions, repeats=1)
    assert set(ratios) == {
        f"encoder, {size}: {what}, {precision}"
        for what in ("training", "prediction")
        for precision in precisions
    }
    ratios |= backbone_ratios(precisions, n_images=1, side=32)
    ratios |= question_ratio("float32", seed=0, backbone="mobilenet_v2", n_questions=1)
    assert len(ratios) == 7 and min(ratios.values()) > 0
