"""The page as a whole; what is in its sections is in the files beside this one."""

import re

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ctran.baselines import (
    BinaryRelevance,
    ClassifierChain,
    LabelPowerset,
    LinearHead,
    MaskedLinear,
    MemoryClassifier,
    MLkNN,
)
from sklearn_ctran.inspection import report
from sklearn_ctran.inspection._report import sections

SECTIONS = [
    "overview",
    "findings",
    "scores",
    "calibration",
    "photos",
    "effects",
    "training",
    "data",
    "model",
]
HOSTILE = '<script>alert("1")</script>&amp;\''


@pytest.fixture(scope="module")
def photo_page(network, scenes, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    return report(network, scenes.images[40:], scenes.Y[40:], path).read_text(encoding="utf-8")


@pytest.fixture
def page(photo_page, read):
    return read(photo_page)


def test_has_all_sections_and_a_link_to_each(page):
    assert page.sections == SECTIONS
    links = [attrs["href"] for tag, attrs in page.elements if tag == "a" and "href" in attrs]
    assert links == [f"#{key}" for key in SECTIONS]
    assert len(page.ids) == len(set(page.ids))


def test_asks_for_nothing_elsewhere(page):
    for _, attrs in page.elements:
        for name in ("src", "href", "xlink:href", "action", "data"):
            assert attrs.get(name, "#").startswith(("#", "data:"))
        assert not any(name.startswith("on") for name in attrs)
    assert "url(" not in re.sub(r"url\(#[\w-]+\)", "", page.source)
    assert "@import" not in page.source and "fetch(" not in page.source
    (policy,) = (a["content"] for _, a in page.elements if "http-equiv" in a)
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_ids_within_pictures_lead_somewhere(page):
    ids = set(page.ids)
    assert set(re.findall(r"url\(#([\w-]+)\)", page.source)) <= ids
    assert {
        a["xlink:href"][1:] for _, a in page.elements if a.get("xlink:href", "")[:1] == "#"
    } <= ids


def test_headings_of_tables_are_buttons(page):
    heads = page.source.count('<th scope="col"')
    assert heads > 10
    buttons = re.findall(r'<th scope="col"[^>]*><button type="button">', page.source)
    assert len(buttons) == heads


def test_two_reports_are_the_same_but_for_times(network, scenes, tmp_path, photo_page):
    path = report(network, scenes.images[40:], scenes.Y[40:], tmp_path / "again.html")

    def without_times(text):
        text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "", text)
        return re.sub(r"a step [^<]*", "", text)

    assert without_times(path.read_text(encoding="utf-8")) == without_times(photo_page)


def test_texts_of_users_are_escaped(linear, table, write):
    X, Y = table
    names = [HOSTILE, "b", "$title", "d"]
    model = MaskedLinear(random_state=0).fit(X[:60], pd.DataFrame(Y[:60], columns=names))
    page = write(model, X[60:], pd.DataFrame(Y[60:], columns=names), title=HOSTILE)
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert HOSTILE in page.by_label()
    assert "$title" in page.by_label()
    assert page.words.count(HOSTILE) == 3  # the title twice, and the table


@pytest.mark.parametrize("old", ["an older page", None])
def test_a_failure_leaves_what_was_there(linear, table, tmp_path, monkeypatch, old):
    def fail(evidence):
        raise RuntimeError("no model")

    monkeypatch.setattr(sections, "model", fail)
    path = tmp_path / "report.html"
    if old is not None:
        path.write_text(old, encoding="utf-8")
    with pytest.raises(RuntimeError, match="no model"):
        report(linear, *table, path)
    files = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()}
    assert files == ({} if old is None else {"report.html": old})


def test_replaces_an_older_page(linear, table, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("an older page", encoding="utf-8")
    assert report(linear, *table, str(path)) == path
    assert "older" not in path.read_text(encoding="utf-8")


def test_the_page_is_in_the_working_directory_by_default(linear, table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert report(linear, *table).resolve() == tmp_path / "report.html"


@pytest.mark.parametrize(
    "model",
    [
        BinaryRelevance(LogisticRegression()),
        ClassifierChain(LogisticRegression()),
        LabelPowerset(LogisticRegression(C=0.01)),
        MLkNN(),
        MemoryClassifier(random_state=0),
        LinearHead(backbone=None, max_epochs=2, random_state=0),
        make_pipeline(StandardScaler(), MaskedLinear(random_state=0)),
    ],
    ids=lambda model: type(model).__name__,
)
def test_reports_on_any_estimator(model, table, write):
    X, Y = table[0], np.abs(table[1])
    page = write(model.fit(X[:60], Y[:60]), X[60:], sparse.csr_matrix(Y[60:]))
    trained = ["training"] if hasattr(model, "history_") else []
    left_out = {"photos", "training"} - set(trained)
    assert page.sections == [key for key in SECTIONS if key not in left_out]
    assert len(page.by_label()) == 4


def test_says_which_class_and_when(linear, table, write):
    page = write(linear, *table)
    assert "Report on MaskedLinear" in page.words
    assert re.search(r"MaskedLinear, \d{4}-\d\d-\d\d \d\d:\d\d", page.words)


def test_changes_nothing_but_the_file(linear, table, write, capfd):
    import matplotlib.pyplot as plt

    before, state = dict(mpl.rcParams), np.random.get_state()[1].copy()
    figures = plt.get_fignums()
    write(linear, *table)
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == figures
    assert (np.random.get_state()[1] == state).all()
    assert capfd.readouterr() == ("", "")


def test_says_how_far_it_is(linear, table, write, capfd):
    write(linear, *table, verbose=1)
    captured = capfd.readouterr()
    assert captured.out == "" and "report: 100% 9/9" in captured.err


@pytest.mark.parametrize(
    ("params", "error", "words"),
    [
        ({"n_photos": -1}, ValueError, "n_photos must be an integer of at least 0"),
        ({"n_photos": 201}, ValueError, "n_photos must be at most 200"),
        ({"path": "."}, IsADirectoryError, "name a file in it"),
        ({"path": "no/such/report.html"}, FileNotFoundError, "There is no folder no/such"),
        ({"train": 3}, ValueError, "train must be a pair"),
    ],
)
def test_refuses(linear, table, tmp_path, monkeypatch, params, error, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=words):
        report(linear, *table, **params)
    assert list(tmp_path.iterdir()) == []


def test_refuses_what_it_cannot_report_on(table, tmp_path):
    X, Y = table
    with pytest.raises(NotFittedError):
        report(MaskedLinear(), X, Y, tmp_path / "report.html")
    with pytest.raises(TypeError, match="BinaryRelevance wraps others"):
        report(LogisticRegression().fit(X, X[:, 0] > 2), X, Y, tmp_path / "report.html")


def test_refuses_labels_that_are_all_missing(linear, table, tmp_path):
    with pytest.raises(ValueError, match="all are missing"):
        report(linear, table[0], np.full_like(table[1], -1), tmp_path / "report.html")


def test_what_cannot_be_a_path_or_photos(linear, table, tmp_path, monkeypatch):
    X, Y = table
    with pytest.raises(TypeError, match=r"path must say where the page is written.*got None"):
        report(linear, X, Y, None)
    page = tmp_path / "report.html"
    with pytest.raises(ValueError, match="photos has 3 rows, and X has 120"):
        report(linear, X, Y, page, photos=np.zeros((3, 8, 8, 3), dtype=np.uint8))
    # Root may write everywhere.
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(PermissionError, match="cannot be written to: choose another path"):
        report(linear, X, Y, page)
    assert not page.exists()
