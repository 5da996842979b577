"""Words of captions, as the authors of COCO-1000 take them."""

import string
from contextlib import contextmanager

#: What NLTK needs beside itself: older versions read the second instead of the first.
_DATA = ("punkt_tab", "punkt", "wordnet", "stopwords")


class NltkWords:
    """The words of a caption by NLTK: in small letters, each noun in its singular.

    Called with a caption, it returns a list of words and punctuation marks. Raises ImportError
    without NLTK, LookupError without its data.
    """

    def __init__(self):
        try:
            from nltk.corpus import stopwords
            from nltk.stem import WordNetLemmatizer
            from nltk.tokenize import word_tokenize
        except ImportError as error:
            raise ImportError(
                "Words of captions need NLTK: pip install 'sklearn-ctran[captions]'; or pass a "
                "function of your own, words=..., which returns other words."
            ) from error
        self._split, self._lemma = word_tokenize, WordNetLemmatizer().lemmatize
        self._corpus, self._stop_words = stopwords, None
        self._lemmas = {}

    def __call__(self, caption):
        with _naming_data():
            return [
                self._lemmas.get(token) or self._look_up(token)
                for token in self._split(caption.lower())
            ]

    def is_label(self, word):
        """Whether a word may be a label: it is neither a stop word nor a punctuation mark."""
        if self._stop_words is None:
            with _naming_data():
                self._stop_words = {*self._corpus.words("english")}
        return word not in self._stop_words and is_no_mark(word)

    def _look_up(self, token):
        self._lemmas[token] = self._lemma(token)
        return self._lemmas[token]


def is_no_mark(word):
    """Whether a word is not a single punctuation mark."""
    return len(word) != 1 or word not in string.punctuation


@contextmanager
def _naming_data():
    """Say which data are needed where NLTK finds none; it says that only of the first."""
    try:
        yield
    except LookupError as error:
        if type(error) is not LookupError:  # a KeyError is another mistake
            raise
        commands = ", ".join(f"nltk.download({name!r})" for name in _DATA)
        raise LookupError(f"NLTK lacks data for the words of captions: {commands}.") from error
