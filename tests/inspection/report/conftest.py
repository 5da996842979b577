"""Pages of reports, read again."""

from html.parser import HTMLParser
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from sklearn.datasets import make_multilabel_classification

from sklearn_ctran import CTranClassifier
from sklearn_ctran.baselines import MaskedLinear
from sklearn_ctran.datasets import make_digit_scenes
from sklearn_ctran.inspection import report

_EMPTY = {"meta", "link", "img", "br"}


class Page(HTMLParser):
    """What is in a page; AssertionError unless each element ends where it should.

    `tables` has a list of rows for each caption, in which cells are texts, or numbers where the
    page sorts by one.
    """

    def __init__(self, source):
        super().__init__()
        self.source = source
        self.open, self.elements, self.ids, self.tables, self.words = [], [], [], {}, ""
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in _EMPTY:
            self.open.append(tag)
        if tag == "caption":
            self._caption = ""
        elif tag == "tr":
            self._row = []
        elif tag in ("td", "th"):
            self._cell, self._value = "", dict(attrs).get("data-value")

    def handle_startendtag(self, tag, attrs):
        attrs = dict(attrs)
        self.elements.append((tag, attrs))
        if "id" in attrs:
            self.ids.append(attrs["id"])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag == "caption":
            self.tables[self._caption] = self._rows = []
        elif tag in ("td", "th"):
            self._row.append(self._cell if self._value is None else float(self._value))
        elif tag == "tr" and "thead" not in self.open and self.tables:
            self._rows.append(self._row)

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.words += data
        if "caption" in self.open:
            self._caption += data
        if {"td", "th"} & set(self.open):
            self._cell += data

    @property
    def sections(self):
        return [attrs["id"] for tag, attrs in self.elements if tag == "section"]

    @property
    def photos(self):
        return [attrs for tag, attrs in self.elements if tag == "img"]

    def by_label(self):
        """The rows of the table of labels, by name."""
        rows = self.tables["Press the head of a column to sort by it"]
        return {name: values for name, *values in rows}


@pytest.fixture(autouse=True)
def without_screen():
    matplotlib.use("agg")


@pytest.fixture
def read():
    return Page


@pytest.fixture
def write(tmp_path):
    """Write a report, and read it again."""

    def page(*args, **params):
        path = report(*args, tmp_path / "report.html", **params)
        assert path == tmp_path / "report.html"
        return Page(Path(path).read_text(encoding="utf-8"))

    return page


@pytest.fixture(scope="session")
def table():
    """Features and labels, some of them missing."""
    X, Y = make_multilabel_classification(120, n_classes=4, random_state=0)
    Y = Y.astype(np.int64)
    Y[np.random.RandomState(0).rand(*Y.shape) < 0.1] = -1
    return X, Y


@pytest.fixture(scope="session")
def linear(table):
    """A model of a table of features."""
    X, Y = table
    return MaskedLinear(random_state=0).fit(X[:60], Y[:60])


@pytest.fixture(scope="session")
def scenes():
    return make_digit_scenes(60, random_state=0)


@pytest.fixture(scope="session")
def network(scenes):
    """A model of images."""
    params = {"d_model": 8, "n_heads": 2, "max_epochs": 2, "random_state": 0}
    model = CTranClassifier("small", image_size=None, augment=None, **params)
    return model.fit(scenes.images[:40], scenes.Y[:40])
