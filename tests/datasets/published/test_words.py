"""Words of captions: what NLTK is asked. A made-up NLTK stands in for it."""

import sys
from types import ModuleType

import pytest

from sklearn_ctran.datasets._published.words import NltkWords, is_no_mark


class Lemmatizer:
    asked = []

    def lemmatize(self, word):
        self.asked.append(word)
        return word.removesuffix("s")


class StopWords:
    """Like NLTK's, it looks for its data when `words` is looked up."""

    is_there = True

    @property
    def words(self):
        if not self.is_there:
            raise LookupError("Resource stopwords not found.")
        return {"english": ["a", "the"]}.get


def stand_in(monkeypatch, split=str.split):
    modules = {name: ModuleType(name) for name in ("nltk", "nltk.corpus", "nltk.stem")}
    modules["nltk.tokenize"] = ModuleType("nltk.tokenize")
    modules["nltk.corpus"].stopwords = StopWords()
    modules["nltk.stem"].WordNetLemmatizer = Lemmatizer
    modules["nltk.tokenize"].word_tokenize = split
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)


def test_words_in_small_letters_and_singular(monkeypatch):
    stand_in(monkeypatch)
    monkeypatch.setattr(Lemmatizer, "asked", [])
    words = NltkWords()
    assert words("Two Dogs . dogs") == ["two", "dog", ".", "dog"]
    assert words("the dogs") == ["the", "dog"]
    assert Lemmatizer.asked == ["two", "dogs", ".", "the"]  # each once
    assert [word for word in words("the dogs . ''") if words.is_label(word)] == ["dog", "''"]


def test_without_nltk(monkeypatch):
    monkeypatch.setitem(sys.modules, "nltk.corpus", None)
    with pytest.raises(ImportError, match=r"'sklearn-ctran\[captions\]'; or .* words=\.\.\."):
        NltkWords()


def test_without_its_data(monkeypatch):
    def split(caption):
        raise LookupError("Resource punkt_tab not found.")

    stand_in(monkeypatch, split)
    monkeypatch.setattr(StopWords, "is_there", False)
    words = NltkWords()
    for ask in (words, words.is_label):
        with pytest.raises(LookupError, match=r"nltk\.download\('punkt_tab'\)"):
            ask("a dog")


def test_stop_words_are_read_only_if_asked_for(monkeypatch):
    stand_in(monkeypatch)
    monkeypatch.setattr(StopWords, "is_there", False)
    assert NltkWords()("a dog") == ["a", "dog"]


def test_another_error_stays_what_it_is(monkeypatch):
    def split(caption):
        raise KeyError("dog")

    stand_in(monkeypatch, split)
    with pytest.raises(KeyError, match="dog"):
        NltkWords()("a dog")


def test_marks():
    assert [word for word in ("a", ".", "''", "`", "co-op") if is_no_mark(word)] == [
        "a",
        "''",
        "co-op",
    ]
