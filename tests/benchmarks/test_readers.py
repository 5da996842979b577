"""The benchmark of readers writes files that they read."""

import numpy as np
import pytest

SHAPES = {
    "COCO-80": (122, 80),
    "COCO-1000": (92, 1000),
    "VG-500": (108, 500),
    "NEWS-500": (171, 500),
    "VOC 2012": (10, 20),
    "CUB-312": (11, 200),
    "NUS-WIDE-81": (268, 81),
    "Open Images, test": (123, 300),
    "Corel5k": (5, 374),
    "ARFF, dense": (100, 100),
    "ARFF, sparse": (100, 208),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_thousandth(name, tmp_path):
    from readers import SETS

    write, read = SETS[name]
    write(tmp_path, 0.001, np.random.default_rng(0))
    data = read(tmp_path)
    n_photos, n_labels = data.target.shape
    assert n_labels == SHAPES[name][1] and abs(n_photos - SHAPES[name][0]) <= 3
    assert (data.target == 1).any(axis=None)


def test_some_sets(monkeypatch, capsys, tmp_path):
    import readers

    asked = ["--share", "0.001", "--folder", str(tmp_path), "--sets", "Corel5k"]
    monkeypatch.setattr("sys.argv", ["readers.py", *asked])
    monkeypatch.setattr(readers, "in_new_process", lambda measure, *args: (measure(*args), 9.0))
    readers.main()
    printed = capsys.readouterr().out
    assert "Corel5k" in printed and "COCO" not in printed


def test_its_table(monkeypatch, capsys, tmp_path):
    import readers

    monkeypatch.setattr("sys.argv", ["readers.py", "--share", "0.001", "--folder", str(tmp_path)])
    monkeypatch.setattr(readers, "in_new_process", lambda measure, *args: (measure(*args), 9.0))
    readers.main()
    printed = capsys.readouterr().out
    assert "MB peak" in printed and all(name in printed for name in SHAPES)
