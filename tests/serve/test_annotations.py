"""Annotations are on the disk, and vote."""

import pytest

from sklearn_ctran._serve.annotations import AnnotatedPhoto, AnnotationStore


@pytest.fixture
def open_store(tmp_path):
    stores = []

    def open_store():
        stores.append(AnnotationStore(tmp_path / "annotations.sqlite"))
        return stores[-1]

    yield open_store
    for store in stores:
        store.close()


def test_another_process_finds_them(open_store):
    open_store().put([(1, 5, 2, "a.png", {"cat": 1, "dog": 0}), (2, 6, 2, "b.png", {"cat": 0})])
    store = open_store()
    assert len(store) == store.n_changes == 2
    assert store.photos() == [
        AnnotatedPhoto("a.png", {"cat": 1, "dog": 0}),
        AnnotatedPhoto("b.png", {"cat": 0}),
    ]


def test_annotators_of_a_task_vote(open_store):
    store = open_store()
    store.put(
        [
            (1, 5, 2, "a.png", {"cat": 1, "dog": 0}),
            (2, 5, 2, "a.png", {"cat": 1, "dog": 1}),
            (3, 5, 2, "new/a.png", {"cat": 0, "cow": 1}),
            (4, 5, 3, "other.png", {}),
        ]
    )
    assert store.photos() == [
        AnnotatedPhoto("new/a.png", {"cat": 1, "cow": 1}),
        AnnotatedPhoto("other.png", {}),
    ]


def test_replacing_and_removing_are_changes(open_store):
    store = open_store()
    store.put([(1, 5, 2, "a.png", {"cat": 1})])
    store.put([(1, 5, 2, "a.png", {"cat": 0})])
    assert store.photos() == [AnnotatedPhoto("a.png", {"cat": 0})] and store.n_changes == 2
    store.remove("annotation", [7])
    assert store.n_changes == 2
    store.put([(2, 6, 2, "b.png", {}), (3, 7, 8, "c.png", {})])
    store.remove("task", [5])
    store.remove("project", [8])
    assert store.photos() == [AnnotatedPhoto("b.png", {})] and store.n_changes == 6


def test_all_or_none(open_store):
    store = open_store()
    with pytest.raises(TypeError):
        store.put([(1, 5, 2, "a.png", {}), (2, 5, 2, "a.png", {"cat": object()})])
    assert len(store) == store.n_changes == 0
    store.put([(1, 5, 2, "a.png", {})])
    assert len(store) == 1


def test_other_files(tmp_path):
    path = tmp_path / "annotations.sqlite"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(ValueError, match="is no store of annotations"):
        AnnotationStore(path)
    path.unlink()
    store = AnnotationStore(path)
    store._database.execute("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(ValueError, match="version 99, not 1"):
        AnnotationStore(path)
