"""Which attributes of an ARFF file are labels: MULAN's XML, a list of names, or MEKA's option."""

import os
import re
from collections.abc import Iterable
from xml.etree import ElementTree

PUBLISHED = "with MULAN's data sets, at http://mulan.sourceforge.net/datasets-mlc.html"

#: The option of the program MEKA, in the name of a relation: how many attributes are labels.
_MEKA = re.compile(r"-C\s+(-?\d+)")


def labels_of(labels, beside, file):
    """Names of the labels, and a dict from a label to the one above it.

    `labels` is the argument of ``load_mulan``, `beside` the path of the XML file that belongs to
    `file`, an ArffFile.
    """
    if labels is not None and not isinstance(labels, (str, os.PathLike)):
        return _given(labels), {}
    path = beside if labels is None else os.fspath(labels)
    if labels is None and not os.path.isfile(path):
        option = _MEKA.search(file.relation)
        n = int(option[1]) if option else 0
        if n:
            of_labels = file.attributes[:n] if n > 0 else file.attributes[n:]
            return [attribute.name for attribute in of_labels], {}
        raise FileNotFoundError(
            f"There is no file {path!r}, which says which attributes of {file.path} are labels. "
            f"It is published {PUBLISHED}. Or name the labels: labels=['...', ...]."
        )
    return _read_xml(path)


def _given(labels):
    names = list(labels) if isinstance(labels, Iterable) else []
    if not names or not all(isinstance(name, str) for name in names):
        raise TypeError(f"labels must be a path or a list of names of attributes, got {labels!r}.")
    return _once(names, "labels")


def _once(names, source):
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{source} has the label {twice!r} twice.")
    return names


def _read_xml(path):
    """Names of labels in an XML file, from top to bottom, and label -> the label above it."""
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise ValueError(f"{path} is no XML file, or damaged: {error}.") from error
    names, implies = [], {}
    for element in filter(_is_label, root.iter()):
        name = element.get("name")
        if not name:
            raise ValueError(f"{path}: a label has no name.")
        names.append(name)
        implies |= {each.get("name"): name for each in filter(_is_label, element)}
    if not names:
        raise ValueError(f"{path} has no <label name='...'>: is it the file of labels?")
    return _once(names, path), implies


def _is_label(element):
    return element.tag.rpartition("}")[2] == "label"
