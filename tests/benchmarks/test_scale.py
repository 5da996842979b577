"""How fits grow: made-up data, fits that are not run to their end, and where they cross."""

from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest

from sklearn_ctran import CTranClassifier

TINY = {"images": 70, "labels": 3, "tokens": 2, "width": 8}
POINT = {"train ms": 1.0, "predict ms": 2.0, "attention %": 25.0, "memory MB": 123.0, "fit s": 0.5}


def test_labels_depend_on_the_mean_token():
    from _fits import make_data

    X, Y = make_data(TINY | {"images": 6000, "labels": 600}, seed=0)
    assert X.shape == (6000, 2, 256) and X.dtype == np.float32
    assert Y.shape == (6000, 600) and Y.dtype == np.int8
    for labels in (Y[:, :500], Y[:, 500:]):  # They are made in parts.
        assert labels.mean() == pytest.approx(0.2, abs=0.01)
    mean = X.mean(axis=1)
    weights = np.linalg.lstsq(mean[:5000], Y[:5000, 599] - 0.2, rcond=None)[0]
    assert np.corrcoef(mean[5000:] @ weights, Y[5000:, 599])[0, 1] > 0.5


def test_the_seconds_of_a_whole_fit(monkeypatch):
    import _fits
    import memory
    from _fits import fit_seconds, make_data

    # A clock that goes on by a second whenever somebody looks.
    clock = SimpleNamespace(perf_counter=count().__next__)
    monkeypatch.setattr(_fits, "time", clock)
    monkeypatch.setattr(memory, "time", clock)
    X, Y = make_data(TINY, seed=0)
    model = CTranClassifier(None, d_model=8, n_layers=1, random_state=0)
    whole, step = fit_seconds(model, X, Y, batch=4, n_steps=3)
    # 70 images are two batches of 64, in each of 60 epochs; the steps had 4 images instead of 64.
    assert step == 1 and whole == 1 + 60 * 2 * 16
    assert model.predict_proba(X[:2]).shape == (2, 3)
    assert len(model.history_) == 1


def test_measure():
    from scale import KINDS, make_settings, measure

    assert make_settings("tokens", 577)["batch"] == make_settings("labels", 300)["batch"] == 64
    many = make_settings("labels", 10_000)
    assert many == {
        "images": 2000, "labels": 10_000, "tokens": 10, "width": 128,
        "batch": 2, "steps": 3, "predicted": 4,
    }  # fmt: skip
    assert make_settings("images", 100_000)["predicted"] == 10_000
    point, megabytes = measure(TINY | {"batch": 4, "steps": 2, "predicted": 5}, seed=0)
    assert set(point) == set(KINDS) - {"memory MB"}
    assert min(point.values()) > 0
    assert megabytes == pytest.approx((70 * 2 * 256 * 4 + 70 * 3) / 1e6)


@pytest.mark.parametrize(
    "name", ["logistic regression", "classifier chain", "masked linear", "MLP"]
)
def test_rivals(name, monkeypatch):
    import _rivals

    monkeypatch.setattr(_rivals, "DEFAULTS", TINY)
    monkeypatch.setattr(_rivals, "AXES", {"labels": (2, 3, 5)})
    assert set(_rivals.RIVALS) >= {name}
    assert list(_rivals.measure_rival(name, "labels", 0, longest=100)) == [2, 3, 5]
    kept = [2, 3, 5] if name == "MLP" else [2, 3]
    assert list(_rivals.measure_rival(name, "labels", 0, longest=0)) == kept


def test_what_would_take_too_long_is_extrapolated():
    from _rivals import extrapolated

    times = {10: 1.0, 20: 1.0, 40: 4.0}
    assert extrapolated(times, [10, 40, 80, 400]) == pytest.approx(
        {10: 1.0, 40: 4.0, 80: 16.0, 400: 400.0}
    )


def test_crossing():
    from _rivals import crossing

    rival = {10: 1.0, 100: 10.0, 1000: 100.0}
    never = crossing({10: 2.0, 100: 20.0, 1000: 300.0}, rival)
    assert never == "slower at 10 (2 times); slower at 1,000 (3 times)"
    # Of equal distance to the rival, on a logarithmic scale, at 10 and at 1,000.
    once = crossing({10: 10.0, 100: 10.0, 1000: 10.0}, rival)
    assert once == "slower at 10 (10 times), faster from 100 on; faster at 1,000 (10 times)"
    twice = crossing({10: 4.0, 100: 2.5, 1000: 400.0}, rival)
    assert twice.startswith("slower at 10 (4 times), faster from 30 on, slower from 300 on;")


def test_tables(capsys):
    from scale import KINDS, growth_rows, print_rst, race_rows

    sizes = (10, 100, 1000, 10_000)
    points = {size: POINT | {"fit s": 0.01 * size**2} for size in sizes}
    rows = growth_rows("labels", points)
    assert rows["10,000 labels"] == ["1", "2", "25", "123", "1,000,000"]
    assert rows["exponent of labels"] == ["0.00", "0.00", "", "0.00", "2.00"]
    race = race_rows("labels", {1: 0.123, 2: 45.6}, {"chain": {1: 1.0, 2: 2.0}})
    assert race == {"1 labels": ["0.123", "1"], "2 labels": ["45.6", "2"]}
    race = race_rows("labels", {4: 1.0}, {"chain": {1: 1.0, 2: 2.0}})
    assert race == {"4 labels": ["1", "~4"]}
    print_rst(rows, KINDS)
    printed = capsys.readouterr().out
    assert printed.startswith("\n=====") and "\\ " in printed.splitlines()[2]
