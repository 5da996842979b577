"""Fits at once in new processes: settings reach them, and figures come back."""

import os

SIZE = {"images": 70, "labels": 3, "tokens": 2}


def test_settings_reach_new_processes_only(monkeypatch):
    from contention import environment

    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with environment({"OMP_WAIT_POLICY": "PASSIVE"}):
        assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
        assert "OMP_NUM_THREADS" not in os.environ
    assert os.environ["OMP_NUM_THREADS"] == "1"
    assert "OMP_WAIT_POLICY" not in os.environ


def test_two_fits_at_once():
    from contention import environment, fit_at_once

    with environment({"OMP_NUM_THREADS": "1"}):
        figures = fit_at_once(2, SIZE, 1, 0)
    assert len(figures) == 2
    for seconds, processor, waiting in figures:
        assert seconds > 0 and processor > 0 and 0 <= waiting < 100


def test_search():
    from contention import search

    result = search(1, SIZE, 1, 0)
    assert result["seconds"] > 0 and result["threads"] >= 1
