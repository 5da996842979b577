"""load_label_studio: exports of both forms, with their configuration or not (load.py, tasks.py)."""

import json

import numpy as np
import pytest
from label_studio_exports import annotation, result, task

from sklearn_ctran.datasets import load_label_studio

NAN = np.nan


@pytest.fixture
def tasks():
    return [
        task("a.jpg", annotation(result("cat"), result("day", name="light"))),
        task("b.jpg", annotation(result("night", name="light")), number=2),
        task("c.jpg", annotation(result("dog"), was_cancelled=True), number=3),
    ]


def test_states_names_and_groups(tasks, config, write, folder):
    data = load_label_studio(write(tasks), label_config=config)
    assert data.images == [str(folder / name) for name in ("a.jpg", "b.jpg", "c.jpg")]
    assert data.target.index.tolist() == ["a.jpg", "b.jpg", "c.jpg"]
    assert data.target_names.tolist() == ["dog", "cat", "day", "night"]
    expected = [[0, 1, 1, 0], [NAN, NAN, 0, 1], [NAN] * 4]
    np.testing.assert_array_equal(data.target, expected)
    np.testing.assert_array_equal(data.votes, expected)
    np.testing.assert_array_equal(data.n_votes, [[1] * 4, [0, 0, 1, 1], [0] * 4])
    assert data.groups == {"tags": ("dog", "cat"), "light": ("day", "night")}
    assert data.exclusive_groups == ["light"]
    assert "1 task without a submitted annotation" in data.DESCR


def test_without_a_configuration_labels_are_what_was_ticked(tasks, write):
    data = load_label_studio(write(tasks))
    assert data.target_names.tolist() == ["cat", "day", "night"]
    np.testing.assert_array_equal(data.target, [[1, 1, 0], [NAN, 0, 1], [NAN] * 3])
    assert data.exclusive_groups == []


def test_json_min_is_the_same(tasks, config, write):
    rows = [
        {"photo": "/data/upload/1/0a1b2c3d-a.jpg", "id": 1, "tags": "cat", "light": "day"},
        {"photo": "/data/upload/1/0a1b2c3d-b.jpg", "id": 2, "light": {"choices": ["night"]}},
        {"photo": "c.jpg", "id": 3},
    ]
    for row in rows[:2]:
        row |= {"annotator": 1, "annotation_id": 9, "created_at": "2026-01-01", "lead_time": 2.5}
    expected = load_label_studio(write(tasks), label_config=config)
    data = load_label_studio(write(rows), label_config=config)
    assert data.images == expected.images
    np.testing.assert_array_equal(data.target, expected.target)
    with pytest.raises(ValueError, match="task 1 has no 'data': it is JSON_MIN"):
        load_label_studio(write(rows))


def test_json_min_has_a_row_for_each_annotator(config, write):
    row = {"photo": "a.jpg", "id": 1, "annotation_id": 1}
    rows = [
        row | {"annotator": 1, "tags": {"choices": ["cat", "dog"]}},
        row | {"annotator": 2, "tags": ["cat", {"choices": ["dog"]}]},
        row | {"annotator": 3, "tags": "cat"},
        row | {"annotator": 4},
    ]
    data = load_label_studio(write(rows), label_config=config, empty="negative")
    assert data.votes.loc["a.jpg", ["dog", "cat"]].tolist() == [0.5, 0.75]
    assert data.target.loc["a.jpg", "cat"] == 1 and np.isnan(data.target.loc["a.jpg", "dog"])
    assert data.n_votes.loc["a.jpg"].tolist() == [4, 4, 4, 4]


def test_unticked_and_empty(tasks, config, write):
    export = write(tasks)
    ticked = load_label_studio(export, label_config=config, unticked="unknown").target
    np.testing.assert_array_equal(ticked.loc["a.jpg"], [NAN, 1, 1, 0])
    empty = load_label_studio(export, label_config=config, empty="negative").target
    np.testing.assert_array_equal(empty.loc["b.jpg"], [0, 0, 0, 1])
    for name in ("unticked", "empty"):
        with pytest.raises(ValueError, match=f"{name} must be one of 'negative', 'unknown'"):
            load_label_studio(export, **{name: None})


def test_choices_that_are_gone(config, write):
    tasks = [
        task("a.jpg", annotation(result("bird", "cat")), number=1),
        task("b.jpg", annotation(result("cat")), number=2),
    ]
    data = load_label_studio(write(tasks), label_config=config)
    assert data.target["bird"].isna().tolist() == [False, True]
    np.testing.assert_array_equal(data.target["dog"], [NAN, 0])
    assert "1 label ('bird') no longer in the configuration" in str(data.summary)
    data = load_label_studio(write([task("a.jpg", annotation(result("day")))]), label_config=config)
    assert data.target.loc["a.jpg"].dropna().to_dict() == {"tags=day": 1}


def test_tasks_with_one_image_vote_together(config, write):
    tasks = [
        task("a.jpg", annotation(result("cat")), number=1),
        task("a.jpg", annotation(result("dog")), number=2),
        task("a.jpg", annotation(result("cat")), number=3),
    ]
    data = load_label_studio(write(tasks), label_config=config)
    np.testing.assert_allclose(data.votes.loc["a.jpg", ["dog", "cat"]], [1 / 3, 2 / 3])
    assert "1 image ('a.jpg') in several tasks" in str(data.summary)


@pytest.mark.parametrize(
    "address",
    [
        "/data/local-files/?d=photos%2Fsunny%20day.jpg",
        "/data/upload/7/01234567-sunny%20day.jpg",
        "http://localhost:8080/data/upload/sunny%20day.jpg?token=1",
        "photos/sunny day.jpg",
        "photos\\sunny day.jpg",
    ],
)
def test_where_images_are(address, config, write, folder):
    name = "photos/sunny day.jpg" if "photos" in address else "sunny day.jpg"
    (folder / "photos").mkdir()
    (folder / name).touch()
    given = {"id": 1, "data": {"photo": address}}
    data = load_label_studio(write([given]), label_config=config)
    assert data.images == [str(folder / name)]


def test_images_and_on_missing_file(tasks, config, write, folder):
    (folder / "more").mkdir()
    (folder / "more" / "a.jpg").touch()
    export = write(tasks)
    with pytest.raises(FileNotFoundError, match="export.json, task 2: there is no file"):
        load_label_studio(export, images=folder / "more", label_config=config)
    data = load_label_studio(
        export, images=folder / "more", label_config=config, on_missing_file="skip"
    )
    assert data.images == [str(folder / "more" / "a.jpg")]
    assert len(data.votes) == len(data.n_votes) == 1
    web = load_label_studio(
        write([task("http://a.org/x.jpg")]), label_config=config, on_missing_file="keep"
    )
    assert web.images == ["http://a.org/x.jpg"]


def test_the_entry_of_the_image(write):
    first = task("a.jpg", key="left")
    first["data"] |= {"right": "b.jpg", "text": "a cat"}
    export = write([first])
    with pytest.raises(ValueError, match="not clear which entry .* image_key='...'"):
        load_label_studio(export)
    assert load_label_studio(export, image_key="right").target.index.tolist() == ["b.jpg"]
    with pytest.raises(ValueError, match="task 1 has no image: its data has None as 'photo'"):
        load_label_studio(export, image_key="photo")


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ({"id": 1}, "export.json, all of it, must be a list"),
        ([3], "export.json, task 0 must be an object"),
        ([{"id": 4, "data": []}], "export.json, task 4, 'data' must be an object"),
        ([task("a.jpg") | {"annotations": {}}], "task 1, annotations must be a list"),
        ([task("a.jpg", [])], "task 1, annotation 0 must be an object"),
        ([task("a.jpg", annotation() | {"result": 3})], "result must be a list"),
    ],
)
def test_broken_exports(tasks, message, config, write):
    with pytest.raises(ValueError, match=message):
        load_label_studio(write(tasks), label_config=config)


def test_twenty_thousand_annotations_take_seconds(config, tmp_path):
    n = 10_000
    both = [annotation(result("cat"), who=1), annotation(result("dog", "cat"), who=2)]
    tasks = [task(f"{number}.jpg", *both, number=number) for number in range(n)]
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    data = load_label_studio(tmp_path / "export.json", label_config=config, on_missing_file="keep")
    assert data.target["cat"].sum() == n
