"""``fit``."""

import json

import pytest

from sklearn_ctran import TokenCache, load

#: Of so few images some labels are in no held-out one, of which a command warns.
pytestmark = pytest.mark.filterwarnings("default")

QUICK = ("--max-epochs", "1", "--set", "d_model=16", "--set", "memory=null")


@pytest.fixture
def fit(cli, desk, tags, small):
    """A function that fits a model to the table of tags, and returns what is said."""

    def run(*arguments):
        common = ("--images", "photos", "--missing", "negative", "--out", "model.ctran")
        shown = cli("fit", tags, *common, *small, *QUICK, *arguments)
        print(shown.stderr)  # For whoever looks at a test that failed.
        return shown

    return run


def test_scores_and_a_model(fit, scenes):
    shown = fit()
    assert shown.exit_code == 0, shown.stderr
    for name in ("mAP (%), by share known", "majority", "binary relevance", "C-Tran", "50 %"):
        assert name in shown.stdout
    assert shown.stdout.endswith("model.ctran: a model of 10 labels, learned from 60 images.\n")
    model = load("model.ctran")
    assert model.label_names_.tolist() == [f"digit {digit}" for digit in range(10)]
    assert (model.cache, model.verbose) == ("memory", 0)
    assert model.get_params()["d_model"] == 16 and model.memory is None


def test_json(fit):
    told = json.loads(fit("--json", "--known-fraction", "0.25", "--test-size", "0.1").stdout)
    assert {row["known_fraction"] for row in told["scores"]} == {0.25}
    assert {row["method"] for row in told["scores"]} == {"majority", "binary relevance", "C-Tran"}
    assert (told["images"], told["held_out"]) == (60, 6)
    assert told["labels"][0] == "digit 0" and told["table"]["n_rows"] == 60


def test_without_scores(fit):
    assert fit("--test-size", "0").stdout.startswith("model.ctran: a model of 10 labels")


def test_each_image_is_encoded_once(fit):
    fit("--cache", "tokens")
    assert [space["images"] for space in TokenCache("tokens").info().spaces] == [60]


def test_images_of_scores_are_held_out(fit):
    assert "learned from 45 images" in fit("--holdout", "--test-size", "0.25").stdout


def test_a_part_that_the_table_names(fit, desk, tags):
    lines = tags.read_text().splitlines()
    parts = ["part", *(["test"] * 15 + ["train"] * 45)]
    tags.write_text("\n".join(f"{line},{part}" for line, part in zip(lines, parts, strict=True)))
    shown = fit("--column", "tags", "--split-column", "part", "--holdout", "--json")
    told = json.loads(shown.stdout)
    assert (told["images"], told["held_out"]) == (45, 15)


def test_extra_labels(fit, tags):
    lines = tags.read_text().splitlines()
    cities = ["city", *(["Rome", "Oslo"] * 30)]
    tags.write_text("\n".join(f"{line},{city}" for line, city in zip(lines, cities, strict=True)))
    shown = fit("--column", "tags", "--extra-columns", "city")
    assert "50 %, extra 100 %" in shown.stdout
    model = load("model.ctran")
    assert model.extra_label_names_.tolist() == ["city=Oslo", "city=Rome"]
    assert model.label_groups_ == {"city": ("city=Oslo", "city=Rome")}


def test_images_that_cannot_be_read(fit, desk):
    (desk / "photos" / "003.png").write_text("no")
    shown = fit()
    assert shown.exit_code == 1 and "003.png: cannot be read as an image" in shown.stderr
    shown = fit("--skip-unreadable")
    assert "learned from 59 images" in shown.stdout
    assert "warning: 1 of 60 images cannot be read" in shown.stderr


def test_the_same_command_gives_the_same_model(fit, scenes):
    fit("--test-size", "0")
    first = load("model.ctran").predict_proba(scenes.images)
    fit("--test-size", "0")
    assert (load("model.ctran").predict_proba(scenes.images) == first).all()


def test_what_is_wrong_is_found_before_the_work(cli, fit, desk, tags, small):
    shown = cli("fit", tags, "--images", "photos", "--out", "model.ctran", *small)
    assert shown.exit_code == 1
    assert "Say --missing negative if somebody looked for every tag" in shown.stderr
    shown = fit("--out", "no/model.ctran")
    assert shown.exit_code == 1 and "There is no folder no" in shown.stderr
    shown = fit("--set", "lrr=1")
    assert shown.exit_code == 2 and "Did you mean 'lr'?" in shown.stderr
    assert fit("--set", "lr").exit_code == 2
    assert fit("--known-fraction", "1").exit_code == 2
    assert fit("--set", "lr=-1").exit_code == 1
    assert not (desk / "model.ctran").exists()


def test_choices_of_label_studio_exclude_each_other(cli, desk, small):
    """As the configuration says of controls with one choice."""
    controls = (
        '<Choices name="size" toName="i" choice="single"><Choice value="big"/>'
        '<Choice value="small"/></Choices>'
    )
    config = f'<View><Image name="i" value="$image"/>{controls}</View>'
    (desk / "config.xml").write_text(config)
    tasks = [
        {
            "id": row,
            "data": {"image": f"{row:03}.png"},
            "annotations": [
                {
                    "result": [
                        {
                            "type": "choices",
                            "from_name": "size",
                            "to_name": "i",
                            "value": {"choices": ["big" if row % 2 else "small"]},
                        }
                    ]
                }
            ],
        }
        for row in range(60)
    ]
    (desk / "export.json").write_text(json.dumps(tasks))
    arguments = ("--format=label-studio", "--label-config=config.xml", "--images=photos")
    shown = cli("fit", "export.json", *arguments, "--out=model.ctran", *small, *QUICK)
    assert shown.exit_code == 0, shown.stderr
    proba = load("model.ctran").predict_proba(["photos/000.png"])
    assert proba.sum() <= 1 + 1e-6


def test_parts_of_yolo(cli, desk, small):
    """They are the format's own, without --split-column."""
    for part, rows in (("train", range(40)), ("val", range(40, 60))):
        (desk / "images" / part).mkdir(parents=True)
        (desk / "labels" / part).mkdir(parents=True)
        for row in rows:
            (desk / "photos" / f"{row:03}.png").rename(desk / "images" / part / f"{row:03}.png")
            (desk / "labels" / part / f"{row:03}.txt").write_text(f"{row % 2} 0.5 0.5 0.1 0.1\n")
    text = "path: .\ntrain: images/train\nval: images/val\nnames: [cat, dog]\n"
    (desk / "data.yaml").write_text(text)
    common = ("data.yaml", "--format=yolo", "--test-part=val")
    told = cli("fit", *common, "--holdout", "--json", "--out=m.ctran", *small, *QUICK)
    assert told.exit_code == 0, told.stderr
    told = json.loads(told.stdout)
    assert (told["images"], told["held_out"]) == (40, 20)
    assert json.loads(cli("report", "m.ctran", *common, "--json").stdout)["images"] == 20


def test_a_table_without_rows(cli, desk):
    (desk / "empty.csv").write_text("file,tags\n")
    shown = cli(
        "fit", "empty.csv", "--images", "photos", "--missing", "negative", "--out", "m.ctran"
    )
    assert shown.exit_code == 1 and "'empty.csv' has no row of an image" in shown.stderr
