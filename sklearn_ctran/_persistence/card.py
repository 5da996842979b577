"""Model cards: what people should know of a saved model, in its file."""

import json
import math
from dataclasses import dataclass, field, fields
from typing import Any

from sklearn_ctran._persistence.card_text import as_markdown, as_text
from sklearn_ctran._persistence.container import as_path, read_card
from sklearn_ctran._utils.typing import FilePath

#: A card is for reading. Names of 10,000 labels fit.
MOST_TEXT = 1 << 20

_PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True)
class ModelCard:
    """What people should know of a saved model: ``save(path, card=ModelCard(...))``.

    All fields may be left out. What the model itself knows is added when it is saved:
    see `automatic`.

    Parameters
    ----------
    name : str, default=""
        One line.
    description : str, default=""
        What the model is for and how it was made; Markdown.
    licence : str, default=""
        Of the model, as by `SPDX <https://spdx.org/licenses/>`_: "cc-by-4.0", "mit", ...
    authors : list of str, default=[]
    data : dict of str to str, int, float, bool or None, default={}
        What is to be said of the training data: their number, source, licence, ...
    label_counts : dict of str to int, default={}
        For how many training images each label was annotated as positive.
    scores : list of dict, default=[]
        A row of a table in each dict: names of columns -> str or number. Such are
        ``Comparison.rows``.
    intended_use, limits : str, default=""
        What the model should be used for, and what it cannot do; Markdown.
    created : str, default=""
        When, such as "2026-11-28". It is not added by itself, so that equal models make equal
        files.

    Attributes
    ----------
    automatic : dict
        Added by ``save``: "model", the class; "labels" and "extra_labels", their names as texts;
        "parameters" that are plain values; "versions" of packages. Empty before.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran import ModelCard, load_card
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> X, Y = make_multilabel_classification(n_classes=3, random_state=0)
    >>> model = MaskedLinear(random_state=0).fit(X, Y)
    >>> card = ModelCard(name="Example", licence="mit", scores=[{"mAP": 0.71}])
    >>> model.save("model.ctran", card=card)
    >>> load_card("model.ctran").automatic["labels"]
    ['0', '1', '2']
    """

    name: str = ""
    description: str = ""
    licence: str = ""
    authors: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
    label_counts: dict[str, int] = field(default_factory=dict)
    scores: list[dict[str, Any]] = field(default_factory=list)
    intended_use: str = ""
    limits: str = ""
    created: str = ""
    automatic: dict[str, Any] = field(default_factory=dict, init=False)

    def __post_init__(self):
        _check(self)

    def to_dict(self) -> dict[str, Any]:
        """The card as a dict of JSON values.

        Returns
        -------
        card : dict
            Its keys are the fields, `automatic` too.
        """
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def to_markdown(self) -> str:
        """The card as Markdown, with the header that the Hugging Face hub reads.

        Returns
        -------
        text : str
            HTML in it is shown as it is written, as the file may come from anybody.
        """
        return as_markdown(self.to_dict())

    def __str__(self):
        return as_text(self.to_dict())


def load_card(path: FilePath) -> ModelCard:
    """Read the card of a saved model, without the model.

    Only texts are read, at most a megabyte, so that the file may come from anybody. Nobody has
    checked what a card says.

    Parameters
    ----------
    path : str or path-like
        A file that ``save(path, card=...)`` wrote.

    Returns
    -------
    card : ModelCard

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no such file, or has no card; the message names it.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran import ModelCard, load_card
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> X, Y = make_multilabel_classification(n_classes=3, random_state=0)
    >>> MaskedLinear(random_state=0).fit(X, Y).save("model.ctran", card=ModelCard(name="Mine"))
    >>> print(load_card("model.ctran").name)
    Mine
    """
    file = as_path(path)
    if not file.exists():
        raise FileNotFoundError(f"There is no file {str(file)!r}.")
    stored = _stored_in(file)
    try:
        if stored is None:
            raise ValueError("it was saved without one: save(path, card=ModelCard(...))")
        return _from_dict(stored)
    except ValueError as error:
        raise _unreadable(file, error) from error


def _stored_in(file):
    """What a file has for a card; None if it has none."""
    try:
        return read_card(file)
    except ValueError as error:
        raise _unreadable(file, error) from error


def _unreadable(file, error):
    reason = str(error)[:500].rstrip(".")
    return ValueError(f"The card of {str(file)!r} cannot be read: {reason}.")


def card_in(path):
    """The card of a saved model, or of one without a card, what the model tells of itself.

    Raises as :func:`load_card` and :func:`sklearn_ctran.load`.
    """
    from sklearn_ctran._persistence.savable import load  # It imports this module.

    file = as_path(path)
    if file.exists() and _stored_in(file) is None:
        card = ModelCard()
        card.automatic.update(_told_by(load(path)))
        return card
    return load_card(path)


def card_to_store(card, estimator, versions):
    """A ModelCard as JSON values, with what a fitted estimator and versions of packages tell.

    Raises TypeError if `card` is no ModelCard, ValueError if it is larger than what is read.
    """
    if not isinstance(card, ModelCard):
        raise TypeError(f"card must be a ModelCard or None, got a {type(card).__name__}.")
    stored = card.to_dict() | {"automatic": _told_by(estimator) | {"versions": versions}}
    size = len(json.dumps(stored))
    if size > MOST_TEXT:
        raise ValueError(f"The card has {size:,} bytes, but a card has at most {MOST_TEXT:,}.")
    return stored


def _told_by(estimator):
    """What a fitted estimator tells of itself."""
    names = {
        "labels": getattr(estimator, "label_names_", ()),
        "extra_labels": getattr(estimator, "extra_label_names_", ()),
    }
    params = estimator.get_params()
    return {
        "model": type(estimator).__name__,
        **{what: [str(name) for name in held] for what, held in names.items()},
        "parameters": {name: value for name, value in params.items() if _is_plain(value)},
    }


def _from_dict(stored):
    """A ModelCard of JSON values from anywhere; ValueError if they are no card."""
    names = [each.name for each in fields(ModelCard)]
    if not isinstance(stored, dict) or set(stored) != set(names):
        raise ValueError("it has other entries")
    given = dict(stored)
    automatic = given.pop("automatic")
    if not isinstance(automatic, dict):
        raise ValueError("it has other entries")
    if len(json.dumps(stored)) > MOST_TEXT:
        raise ValueError(f"it has more than {MOST_TEXT:,} bytes")
    try:
        card = ModelCard(**given)
    except TypeError as error:
        raise ValueError(str(error)) from error
    card.automatic.update(automatic)
    return card


def _check(card):
    """Raise TypeError or ValueError unless the fields of a card are what they should be."""
    for name in ("name", "description", "licence", "intended_use", "limits", "created"):
        if not isinstance(getattr(card, name), str):
            raise TypeError(f"{name} of a card must be a text, got {getattr(card, name)!r}.")
    if not _are(list, card.authors, lambda author: isinstance(author, str)):
        raise TypeError(f"authors of a card must be a list of texts, got {card.authors!r}.")
    for name, what in (("data", _is_plain), ("label_counts", _is_count)):
        if not _are(dict, getattr(card, name), what):
            kind = "numbers, 0 or above" if name == "label_counts" else "texts and numbers"
            raise TypeError(f"{name} of a card must be a dict from names to {kind}.")
    if not _are(list, card.scores, lambda row: _are(dict, row, _is_plain)):
        raise TypeError("scores of a card must be a list of dicts from names to numbers or texts.")


def _are(kind, values, is_so):
    """Whether a list, or a dict with texts as keys, has only such values."""
    if not isinstance(values, kind):
        return False
    if kind is dict:
        return all(isinstance(key, str) and is_so(value) for key, value in values.items())
    return all(map(is_so, values))


def _is_plain(value):
    is_number = isinstance(value, float) and not math.isfinite(value)
    return type(value) in _PLAIN and not is_number


def _is_count(value):
    return type(value) is int and value >= 0
