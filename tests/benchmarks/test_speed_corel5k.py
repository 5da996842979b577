"""The speed benchmarks on Corel5k at sizes that take no time: they run, and their verdicts hold."""

import numpy as np
import pytest
from PIL import Image
from torch import nn

from sklearn_ctran import CTranClassifier


@pytest.fixture
def photos(tmp_path):
    """Paths of twelve little photos, and eight labels of each."""
    rng = np.random.RandomState(0)
    paths = [str(tmp_path / f"{row}.png") for row in range(12)]
    for path in paths:
        Image.fromarray(rng.randint(256, size=(16, 16, 3), dtype=np.uint8)).save(path)
    return paths, np.tile([[0, 1], [1, 0]], (6, 4))


@pytest.fixture
def model():
    """C-Tran with a frozen backbone that needs no weights."""
    backbone = nn.Sequential(nn.Conv2d(3, 4, 3, stride=4), nn.ReLU())
    return CTranClassifier(
        backbone, train_backbone=False, image_size=16, d_model=8, n_layers=1, max_epochs=1
    )


def _result(scores, seconds):
    return {"mAP": dict(zip((0, 50), scores, strict=True)), "fit_seconds": seconds}


def test_race():
    from time_to_map import describe_race, race

    results = {
        "rival": _result((60, 60), 20),
        "slow": _result((70, 70), 50),
        "uneven": _result((55, 75), 10),
        "weak": _result((50, 50), 1),
    }
    winners = race(results, "rival", ["slow", "uneven", "weak"])
    assert winners == {"the mean": "uneven", "every share": "slow"}
    text = describe_race(results, "rival", winners)
    assert "reaches the mean in 10.0 s, 2 x as fast (uneven)" in text
    nobody = race(results, "slow", ["weak"])
    assert nobody == {"the mean": None, "every share": None}
    assert "never reaches every share" in describe_race(results, "slow", nobody)


def test_budgets_grow():
    from time_to_map import BEFORE, COLUMNS, DEFAULT, make_budgets, make_rows

    budgets = make_budgets(seed=0)
    assert list(budgets)[-2:] == [DEFAULT, BEFORE]
    assert budgets[BEFORE].memory is None
    assert budgets[DEFAULT].get_params() == CTranClassifier(None, random_state=0).get_params()
    rows = make_rows(
        {"rival": {"mAP": dict.fromkeys(range(4), 60.0), "fit_seconds": 2.0, "predict_seconds": 1}},
        token_seconds=30,
    )
    assert rows == {"rival": ["60.0"] * 5 + ["2.0", "33.0"]}
    assert len(rows["rival"]) == len(COLUMNS)


def test_search_passes_each_photo_once(photos, model, monkeypatch):
    import search

    monkeypatch.setattr(search, "CANDIDATES", {"lr": (1e-3, 2e-3)})
    paths, Y = photos
    # Another photo with the same content does not count.
    n_distinct, paths, Y = len(paths), [*paths, paths[0]], np.vstack([Y, Y[:1]])
    head = CTranClassifier(None, d_model=8, n_layers=1, max_epochs=1)
    tokens = np.random.RandomState(0).rand(len(paths), 4, 5).astype(np.float32)
    heads, found = search.take_turns(head, tokens, model, paths, Y)
    assert (heads["images"], found["images"]) == (0, n_distinct)
    for result in (heads, found):
        assert min(result["fit"], result["score"]) > 0
        assert result["fit"] + result["score"] < result["seconds"]
    again = search.search_in_processes(model, paths, Y, n_jobs=1)
    assert again["images"] == n_distinct


def test_one_pass(monkeypatch, shared):
    import search
    from corel5k import read_corel5k

    paths, *_ = read_corel5k(shared / "data" / "corel5k")
    weights = shared / "data" / "weights" / "mobilenet_v2-imagenet.pth"
    monkeypatch.setattr(search, "IMAGE_SIZE", 32)
    once, tokens = search.pass_once(paths[:3], weights)
    assert once["images"] == 3 and once["seconds"] > 0
    assert tokens.shape == (3, 1, 1280)


@pytest.mark.filterwarnings("ignore:Label.s. .* have no positive among")  # 16 photos
def test_masks(photos, model):
    from masks import COLUMNS, compare_masks, describe, fill_cache, make_rows

    paths, Y = photos
    data = [(paths[:8], Y[:8]), (paths[8:], Y[8:])]
    fill_cache(model, data)
    assert not hasattr(model, "net_")
    results = compare_masks("flipped", model.set_params(augment="flip"), data, n_epochs=1, seed=0)
    assert [result["n_masks"] for result in results.values()] == [1, 2, 4, 1]
    *_, longest = results.values()
    assert longest["n_epochs"] >= 2
    rows = make_rows(results)
    assert [len(cells) for cells in rows.values()] == 4 * [len(COLUMNS)]
    assert rows["flipped, 1 mask, 1 epochs"][-1] == ""
    assert describe("flipped", results).startswith("flipped: 4 masks ")


def test_gain_per_second():
    from masks import describe, make_rows

    def result(mean, seconds, n_masks, n_epochs):
        return {
            "mAP": {0: mean, 50: mean}, "mean": mean, "fit_seconds": seconds,
            "n_masks": n_masks, "n_epochs": n_epochs,
        }  # fmt: skip

    results = {
        "1 mask": result(50.0, 10.0, 1, 4),
        "4 masks": result(54.0, 18.0, 4, 4),
        "more epochs": result(53.0, 18.0, 1, 7),
    }
    rows = make_rows(results)
    assert [cells[-1] for cells in rows.values()] == ["", "0.500", "0.375"]
    text = describe("photos", results)
    assert text.endswith("7 epochs 53.0 in 18 s: masks gain 1.0 points more")
