"""The paper's tables: every script rehearses on small files of the true formats; what is shown."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from paper_sets import UNSEEN, write_paper_sets
from PIL import Image

FOLDER = Path(__file__).parents[2] / "benchmarks" / "paper"
SCRIPTS = ("table1", "table2", "table3", "table4", "table5", "layers", "figure4")
N = 8


@pytest.fixture(scope="module")
def paper():
    """The modules of the folder, which are imported by their bare names."""
    before = list(sys.path)
    sys.path[:0] = [str(FOLDER), str(FOLDER.parent)]
    import _cells
    import _data
    import _scores
    import _tables
    import draw
    import figure4
    import intervals
    import recipes
    import render

    yield {
        "cells": _cells, "data": _data, "scores": _scores, "tables": _tables, "figure4": figure4,
        "recipes": recipes, "render": render, "intervals": intervals, "draw": draw,
    }  # fmt: skip
    sys.path[:] = before


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The folder of the data sets."""
    folder = tmp_path_factory.mktemp("home")
    write_paper_sets(folder, N)
    return folder


@pytest.fixture(scope="module")
def results(home, paper):
    """The folder of results after a rehearsal of every table."""
    out = home / "results"
    common = ["--data-home", str(home), "--subset", str(N), "--out", str(out), "--device", "cpu"]
    for name in SCRIPTS[:-1]:
        paper["tables"].run_table(name, "A table.", common)
    paper["figure4"].main([*common, "--plot", str(home / "figure4.png")])
    assert (home / "figure4.png").stat().st_size > 1000
    return out


pytestmark = [
    pytest.mark.filterwarnings("ignore:There is no positive"),
    pytest.mark.filterwarnings("ignore:There is no negative"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning"),
]


def test_a_rehearsal_fills_every_cell(results, paper):
    cells = paper["render"].read_cells(results, N)
    found = {(cell["dataset"], cell["row"]) for cell in cells}
    for table in paper["tables"].TABLES.values():
        for dataset in table.datasets:
            for row in paper["tables"].rows_of(table, dataset, None):
                assert (dataset, row) in found
    text = paper["render"].render_all(cells, list(paper["tables"].TABLES))
    assert "not run" not in text
    assert (sum(cell["n_train"] for cell in cells)) == N * len(cells)


def test_what_is_there_is_not_computed_again(results, paper, monkeypatch):
    monkeypatch.setattr(paper["cells"], "fit", None)
    home = results.parent
    common = ["--data-home", str(home), "--subset", str(N), "--out", str(results)]
    paper["tables"].run_table("layers", "Layers.", [*common, "--device", "cpu"])


def test_ours_and_the_papers_figures_and_their_difference(tmp_path, paper):
    render = paper["render"]
    text = render.render_all([], ["table3"])
    assert "not run (85.1)" in text and "not run (39.1)" in text
    for seed, value in enumerate((84.0, 86.0)):
        cell = {
            "dataset": "coco80", "row": "C-Tran", "seed": seed, "subset": None,
            "scores": {"partial": {"0": value, "25": 80.0, "50": 80.0, "75": 80.0}},
        }  # fmt: skip
        path = tmp_path / "coco80" / f"c-tran-labels-seed{seed}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(cell))
    text = render.render_all(render.read_cells(tmp_path), ["table3"])
    assert "85.0 ± 1.4 (85.1, -0.1)" in text
    assert "80.0 ± 0.0 (86.0, -6.0)" in text
    assert render.read_cells(tmp_path, subset=8) == []
    text = render.render_all(render.read_cells(tmp_path), ["table3"], ["digits"])
    assert "digits (%)" in text and "coco80" not in text


def test_published_decisions_are_from_a_half_on_and_keep_ties(paper):
    scores = paper["scores"]
    truth = np.array([[1, 0, 1, 0], [0, 1, 0, 1]])
    proba = np.array([[0.5, 0.2, 0.9, 0.1], [0.6, 0.6, 0.6, 0.6]])
    ours = scores._all_metrics(truth, proba, "paper")
    theirs = scores._all_metrics(truth, proba, "published")
    assert ours["OR"] == pytest.approx(75) and theirs["OR"] == pytest.approx(100)
    assert theirs["OP3"] == pytest.approx(100 * 4 / 6)  # All four ties of the second row.
    assert ours["mAP"] == theirs["mAP"]


def test_known_labels_are_a_share_of_each_row_and_the_same_for_all(paper):
    truth = np.random.RandomState(0).randint(2, size=(50, 8))
    known = paper["scores"].draw_known(truth, 0.25, 3)
    assert ((known >= 0).sum(axis=1) == 2).all()
    assert (known[known >= 0] == truth[known >= 0]).all()
    np.testing.assert_array_equal(known, paper["scores"].draw_known(truth, 0.25, 3))
    assert (known != paper["scores"].draw_known(truth, 0.25, 4)).any()


class Watching:
    """Answers with the class that an image is, and remembers the extra labels it was told."""

    def __init__(self):
        self.seen = []

    def predict_proba(self, X, extra_labels):
        self.seen.append(extra_labels)
        return np.eye(3)[X]


def told(paper, **how):
    """A Watching model after four photos, its scores, and what was to be seen of 28 pairs."""
    model, rng = Watching(), np.random.RandomState(0)
    extra = rng.randint(2, size=(4, 56)).astype(float)
    seen = np.where(rng.rand(4, 56) < 0.3, np.nan, extra)
    part = paper["data"].Part(np.array([0, 1, 2, 0]), np.eye(3)[[0, 1, 2, 2]], extra, seen)
    groups = {f"g{i}": [f"extra{2 * i}", f"extra{2 * i + 1}"] for i in range(28)}
    return model, paper["scores"].score_extra(model, part, groups, 0, **how), seen


def test_extra_labels_are_known_by_groups(paper):
    model, found, _ = told(paper)
    assert found["extra metric"] == "accuracy"
    assert list(found["extra"].values()) == [75.0] * 4
    known = [np.isfinite(shown).sum(axis=1).tolist() for shown in model.seen]
    assert known == [[0] * 4, [20] * 4, [30] * 4, [40] * 4]
    pairs = np.isfinite(model.seen[1]).reshape(4, 28, 2)
    assert (pairs[..., 0] == pairs[..., 1]).all()
    assert (pairs != pairs[0]).any()


def test_one_draw_of_known_groups_for_all_photos(paper):
    model, _, _ = told(paper, known_groups="once")
    for shown, n_known in zip(model.seen, (0, 20, 30, 40), strict=True):
        is_known = np.isfinite(shown)
        assert (is_known == is_known[0]).all() and is_known[0].sum() == n_known


def test_what_cannot_be_seen_is_not_known(paper):
    plain, _, seen = told(paper)
    model, _, _ = told(paper, not_visible="unknown")
    for shown, expected in zip(model.seen, plain.seen, strict=True):
        np.testing.assert_array_equal(shown, np.where(np.isnan(seen), np.nan, expected))


def test_what_birds_annotators_could_not_see_is_read(home, paper):
    data = paper["data"].read("cub312", str(home), 0, N)
    for part in (data.train, data.test):
        assert not part.extra.isna().any(axis=None)
        assert part.seen.isna().to_numpy().mean() == pytest.approx(UNSEEN, abs=0.05)
        assert (part.seen.isna() | (part.seen == part.extra)).all(axis=None)


def test_middles_of_photos_are_not_resized(home, paper):
    data = paper["data"].read("cub312", str(home), 0, N)
    with Image.open(data.test.X[0]) as photo:
        whole = np.asarray(photo.convert("RGB"))
    small, large = (paper["data"].cut_from_the_middle(data.test, side).X for side in (20, 299))
    np.testing.assert_array_equal(np.asarray(small[0]), whole[10:30, 14:34])  # of 40 x 48
    padded = np.asarray(large[0])
    assert padded.shape == (299, 299, 3) and padded.any(axis=2).sum() <= whole.shape[0] * 48
    assert paper["data"].cut_from_the_middle(data.test, None) is data.test


@pytest.mark.parametrize(
    "dataset, kind, of_which",
    [("coco80", "labels", "test"), ("coco1000", "labels", "val"), ("cub312", "extra", "train")],
)
def test_the_best_epoch_is_chosen_by_the_part_of_the_recipe(
    home, paper, monkeypatch, dataset, kind, of_which
):
    recipe = paper["recipes"].RECIPES[dataset]["C-Tran, published"]
    assert recipe["best_epoch"] == of_which
    assert recipe["params"]["early_stopping"] == "score"
    assert recipe["params"]["net_params"]["patience"] is None
    data = paper["data"].read(dataset, str(home), 0, N)

    class Watching:
        def fit(self, X, Y, **more):
            self.X, self.Y, self.more = X, Y, more

    model, plain = Watching(), Watching()
    paper["cells"].fit(model, data, kind == "extra", recipe)
    held_out, part = model.more["held_out"], data.part(of_which)
    assert held_out.tolist() == [False] * N + [True] * len(part.X) and part.X
    assert [model.X[row] for row in range(N)] == data.train.X
    np.testing.assert_array_equal(model.Y[held_out], part.Y)
    np.testing.assert_array_equal(model.Y[~held_out], data.train.Y)
    if kind == "extra":
        assert model.X[N].size == (299, 299)
        np.testing.assert_array_equal(model.more["extra_labels"][held_out], part.extra)
    else:
        assert model.X[N:] == part.X
    paper["cells"].fit(plain, data, False, paper["recipes"].RECIPES[dataset]["C-Tran"])
    assert plain.X == data.train.X and plain.more == {}


def test_cub_is_tested_as_its_recipe_says(home, paper, monkeypatch, tmp_path):
    told = []

    class Nothing:
        def fit(self, X, Y, **more):
            return self

    def score(model, test, groups, seed, **how):
        told.append((test.X[0], how))
        return {}

    monkeypatch.setattr(paper["cells"], "make_model", lambda *args: Nothing())
    monkeypatch.setattr(paper["cells"], "score_extra", score)
    data = paper["data"].read("cub312", str(home), 0, N)
    parse, table = paper["tables"].parse_arguments, paper["tables"].TABLES["table4"]
    arguments = parse(table, "", ["--out", str(tmp_path)])
    for row, of_which in (("C-Tran", None), ("C-Tran, published", "train")):
        cell = paper["cells"].run_cell(data, "cub312", row, 0, arguments, is_extra=True, machine={})
        assert cell["best_epoch"] == of_which  # The file says by which images it was chosen.
    (whole, ours), (middle, theirs) = told
    assert ours == {"not_visible": "keep", "known_groups": "each row"}
    assert theirs == {"not_visible": "unknown", "known_groups": "once"}
    assert whole == data.test.X[0] and middle.size == (299, 299)


def test_voc_is_rehearsed_with_two_batches_a_step(home, paper):
    row, dataset = "C-Tran, published", "voc2007"
    assert paper["recipes"].RECIPES[dataset][row]["params"]["net_params"]["accumulate"] == 2
    data = paper["data"].read(dataset, str(home), 0, 3 * N)  # All that there is.
    assert (len(data.train.X), len(data.test.X)) == (2 * N, N)
    assert not data.train.Y.isna().any(axis=None)  # Difficult ones are negative.
    out = home / "voc"
    common = ["--data-home", str(home), "--subset", str(N), "--out", str(out), "--device", "cpu"]
    paper["tables"].run_table("table3", "", [*common, "--dataset", dataset, "--rows", row])
    text = paper["render"].render_all(paper["render"].read_cells(out, N), ["table3"])
    assert "voc2007" in text and "voc2007" not in paper["render"].render_all([], ["table3"])


@pytest.mark.parametrize("script", [*SCRIPTS, "render", "intervals", "draw"])
def test_help(script, paper, capsys):
    import runpy

    old, sys.argv = sys.argv, [script, "--help"]
    try:
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(FOLDER / f"{script}.py"), run_name="__main__")
    finally:
        sys.argv = old
    assert ended.value.code == 0
    assert "--out" in capsys.readouterr().out


def test_recipes_make_what_they_say(paper):
    made = paper["recipes"].RECIPES
    assert made["vg500"]["C-Tran, published"]["params"]["unknown_fraction"] is None
    assert made["coco80"]["C-Tran, published"]["params"]["unknown_fraction"] == (0.25, 1.0)
    published = made["coco80"]["C-Tran, published"]["params"]
    assert published["net_params"]["reduction"] == "sum"
    assert published["augment"] == "flip+scale"
    assert "reduction" not in made["coco80"]["C-Tran"]["params"]["net_params"]
    assert made["corel5k"]["C-Tran"]["params"]["memory"] is None


def test_augmentation_of_cub_is_per_image_and_keeps_the_shape(paper):
    batch = torch.arange(2 * 3 * 20 * 20, dtype=torch.int64).remainder(256).to(torch.uint8)
    batch = batch[: 3 * 400].reshape(1, 3, 20, 20).expand(4, -1, -1, -1)
    torch.manual_seed(0)
    changed = paper["recipes"].cub_augment(batch)
    assert changed.shape == batch.shape and changed.dtype == torch.uint8
    assert len({image.numpy().tobytes() for image in changed}) == 4
    made = paper["recipes"].RECIPES["cub312"]["C-Tran, published"]["params"]
    assert made["augment"] is paper["recipes"].cub_augment
    assert made["mask_groups"] == 0 and "reduction" not in made["net_params"]
    # 0 to 84 of 112 attributes, one by one, and never the class.
    assert made["unknown_fraction"] == (1.0, 1.0)
    assert made["net_params"]["extra_unknown_fraction"] == (0.25, 1.0)


def test_nearer_in_groups(paper):
    embeddings = np.array([[1.0, 0], [1, 0.1], [0, 1], [0.1, 1]])
    assert paper["figure4"].nearness(embeddings, ["a", "a", "b", "b"]) > 0.8
    names = ["one", "two", "three"]
    assert paper["figure4"].members(["x", "y", "x"], names) == {"x": ["one", "three"], "y": ["two"]}
    assert sum(paper["figure4"].COCO_GROUPS.values()) == 80


@pytest.mark.parametrize(
    "script, arguments, message",
    [
        ("table1", ["--subset", "0"], "--subset: must be 1 or more, got 0"),
        ("table1", ["--epochs", "0"], "--epochs: must be 1 or more, got 0"),
        ("table1", ["--seeds", "0", "-1"], "--seeds: must be from 0 to .*, got -1"),
        ("table1", ["--dataset", "coco80", "--rows", "C-Tran, memory"], "coco80 has no 'C-Tran, m"),
        ("table1", ["--out", "a_file/results"], "--out: results cannot be written to 'a_file/res"),
        ("table1", [], r"(?s)coco80 cannot be read: .*instances.*--data-home names the folder"),
        ("table1", ["--dataset", "scene"], "scene cannot be read: .*scene.npz"),
        (
            "table1",
            ["--epochs", "1"],
            r"^--epochs: SRN trains in 4 stages and needs 4 or more",
        ),
        ("table1", ["--device", "foo"], r"^--device: device='foo' is not available: [^\n]*$"),
    ],
    ids=range(9),
)
def test_what_cannot_be_is_said_before_the_first_fit(
    script, arguments, message, tmp_path, paper, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("a_file").touch()
    monkeypatch.setattr(paper["tables"], "run_cell", None)
    with pytest.raises(SystemExit, match=message):
        paper["tables"].run_table(script, "", ["--data-home", "nowhere", *arguments])


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--plot", "no/f.png"], "--plot: There is no folder no"),
        (["--plot", "f.png", "--dataset", "coco80", "digits"], "name one --dataset"),
    ],
)
def test_a_plot_that_cannot_be(arguments, message, tmp_path, paper, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(paper["figure4"], "run_table", None)
    with pytest.raises(SystemExit, match=message):
        paper["figure4"].main(arguments)


def test_a_map_of_one_row_is_drawn(tmp_path, paper):
    names = ["one", "two", "three", "four"]
    embeddings = np.random.RandomState(0).randn(4, 3)
    paper["figure4"].draw({"C-Tran": (embeddings, names)}, None, tmp_path / "map.png")
    assert (tmp_path / "map.png").stat().st_size > 1000


def test_rows_without_a_common_seed_have_no_interval(paper):
    assert paper["intervals"].difference({0: {}}, {1: {}}, "0") == "no seed in common"


def test_embeddings_that_are_not_there(tmp_path, paper):
    tables = paper["tables"]
    arguments = tables.parse_arguments(tables.TABLES["figure4"], "", ["--out", str(tmp_path)])
    with pytest.raises(SystemExit, match="embeddings.npz: 'ResNet101' has no embeddings of labels"):
        paper["figure4"].read_embeddings(arguments, "coco80", "ResNet101")


def test_fits_of_other_epochs_are_other_cells(paper, tmp_path):
    parse, table = paper["tables"].parse_arguments, paper["tables"].TABLES["table1"]
    paths = {
        paper["cells"].cell_path(parse(table, "", more), "digits", "SRN", 0, False).name
        for more in ([], ["--epochs", "2"], ["--subset", "2"], ["--subset", "2", "--epochs", "2"])
    }
    assert len(paths) == 4 and "srn-labels-seed0.json" in paths
    (tmp_path / "digits").mkdir()
    cell = {"dataset": "digits", "row": "SRN", "subset": None, "scores": {}}
    for name, more in (("old", {}), ("new", {"asked_epochs": 2})):
        (tmp_path / "digits" / f"{name}.json").write_text(json.dumps(cell | more))
    render = paper["render"]
    assert render.read_cells(tmp_path) == [cell | {"file": "old.json"}]
    assert [each["asked_epochs"] for each in render.read_cells(tmp_path, epochs=2)] == [2]


def test_intervals_of_differences_are_over_seeds_and_test_images(paper, tmp_path, capsys):
    (tmp_path / "digits").mkdir()
    rng = np.random.RandomState(0)
    for seed in (0, 1):
        truth = rng.randint(2, size=(200, 10))
        for row, noise in (("C-Tran", 0.1), ("ResNet101", 0.5), ("SRN", 0.1)):
            cell = {"dataset": "digits", "row": row, "seed": seed, "subset": None, "scores": {}}
            path = tmp_path / "digits" / f"{row}-{seed}.json"
            path.write_text(json.dumps(cell))
            answer = truth + noise * rng.normal(size=truth.shape)
            np.savez(path.with_suffix(".answers.npz"), truth=truth, **{"0": answer})
    paper["intervals"].main(["--out", str(tmp_path), "--dataset", "digits", "--tables", "table1"])
    shown = capsys.readouterr().out
    line = next(line for line in shown.splitlines() if line.startswith("linear head"))
    mean, low, high = (float(text.strip("(),")) for text in line.split()[2:] if text != "to")
    assert low < mean < high < 0 and mean < -5
    assert "ResNet101" not in shown and "SRN  " in shown and "CSRA" not in shown
    with pytest.raises(SystemExit, match="no answers of 'KGGR'"):
        paper["intervals"].main(
            ["--out", str(tmp_path), "--dataset", "digits", "--against", "KGGR"]
        )


def test_sets_of_everyone_have_all_shares_and_a_linear_head_beside_the_ablations(paper):
    table, rows_of = paper["tables"].TABLES["table5"], paper["tables"].rows_of
    assert rows_of(table, "digits", None) == [
        "ResNet101", "C-Tran, no image", "C-Tran, no LMT", "C-Tran", "C-Tran, memory",
    ]  # fmt: skip
    assert table.columns_of("digits") == ("0", "25", "50", "75")
    assert table.columns_of("coco80") == ("0", "50")
    assert "ResNet101" not in rows_of(table, "coco80", None)
    assert paper["tables"].TABLES["table1"].columns_of("digits")[0] == "mAP"


def test_curves_are_drawn_of_what_was_run(paper, tmp_path):
    (tmp_path / "digits").mkdir()
    for seed, score in enumerate((60.0, 70.0)):
        partial = {"0": score, "25": 70.0, "50": 80.0, "75": 90.0}
        cell = {"dataset": "digits", "row": "ResNet101", "subset": None}
        cell["scores"] = {"partial": partial}
        (tmp_path / "digits" / f"{seed}.json").write_text(json.dumps(cell))
    cells = paper["render"].read_cells(tmp_path)
    assert paper["draw"].curves_of(cells, "corel5k") == {}
    curves = paper["draw"].curves_of(cells, "digits")
    assert list(curves) == ["linear head"] and curves["linear head"].shape == (2, 4)
    folder = tmp_path / "pictures"
    paper["draw"].main(["--out", str(tmp_path), "--folder", str(folder)])
    assert [path.name for path in folder.iterdir()] == ["digits.svg"]
    drawn = (folder / "digits.svg").read_text()
    paper["draw"].main(["--out", str(tmp_path), "--folder", str(folder)])
    assert (folder / "digits.svg").read_text() == drawn  # The same results, the same file.
    with pytest.raises(SystemExit, match="--folder: "):
        file = str(tmp_path / "digits" / "0.json")
        paper["draw"].main(["--out", str(tmp_path), "--folder", file])


def test_known_sets_have_names_and_extra_labels_keep_theirs(paper):
    data = paper["data"].read("digits", None, 0, subset=20)
    assert list(data.train.Y) == [str(digit) for digit in range(10)]
    split = paper["data"].with_extra_labels(data, 0)
    assert len(split.groups) == 3 and list(split.test.extra) == list(split.groups)
    for part, whole in ((split.train, data.train), (split.test, data.test)):
        for name in whole.Y:
            kept = part.extra if name in split.groups else part.Y
            np.testing.assert_array_equal(kept[name], whole.Y[name])


def test_texts_of_a_recipe_are_read_by_name(paper, tmp_path):
    (tmp_path / "label_graphs").mkdir()
    np.savez(
        tmp_path / "label_graphs" / "corel5k_minilm.npz",
        label_names=np.array(["sky", "sea"]), photo_text=np.eye(2),
    )  # fmt: skip
    tables = paper["tables"]
    arguments = tables.parse_arguments(
        tables.TABLES["table1"], "", ["--data-home", str(tmp_path), "--out", str(tmp_path)]
    )
    recipe = paper["recipes"].RECIPES["corel5k"]["SSGRL"]
    model = paper["cells"].make_model(recipe, "corel5k", 3, arguments, tmp_path / "x")
    assert set(model.label_embeddings) == {"sky", "sea"} and model.random_state == 3
    assert model.weights == "DEFAULT"  # No file of weights is there.


def test_what_cannot_be_rendered(paper, tmp_path):
    render = paper["render"]
    with pytest.raises(SystemExit, match="--out: there is no folder"):
        render.main(["--out", str(tmp_path / "no")])
    with pytest.raises(SystemExit, match="--rst: There is no folder"):
        render.main(["--out", str(tmp_path), "--rst", str(tmp_path / "no" / "x.rst")])
    (tmp_path / "digits").mkdir()
    for text in ("{", "[]", "3", "{}"):
        (tmp_path / "digits" / "x.json").write_text(text)
        with pytest.raises(SystemExit, match=r"x\.json is no file of a cell, or damaged"):
            render.read_cells(tmp_path)
