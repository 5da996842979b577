"""The data sets of MULAN: ARFF files of features and labels, and an XML file that names labels."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from scipy import sparse as sp
from sklearn.utils import Bunch

from sklearn_ctran._utils.names import as_names
from sklearn_ctran._utils.typing import FilePath
from sklearn_ctran.datasets._published.arff import ArffFile
from sklearn_ctran.datasets._published.mulan_labels import PUBLISHED, labels_of
from sklearn_ctran.datasets._published.official import OfficialFile, SetFolder
from sklearn_ctran.datasets._tags.bunch import states_frame
from sklearn_ctran.datasets._tags.forms import check_choice
from sklearn_ctran.modules.label_states import UNKNOWN

#: Rows and labels of the sets, as MULAN's page has them.
_COUNTS = {
    "bibtex": (7395, 159),
    "birds": (645, 19),
    "bookmarks": (87856, 208),
    "cal500": (502, 174),
    "corel5k": (5000, 374),
    "delicious": (16105, 983),
    "emotions": (593, 6),
    "enron": (1702, 53),
    "flags": (194, 7),
    "genbase": (662, 27),
    "mediamill": (43907, 101),
    "medical": (978, 45),
    "scene": (2407, 6),
    "tmc2007": (28596, 22),
    "yeast": (2417, 14),
}
#: Part -> the end of its file's name.
_ENDS = (("train", "-train"), ("test", "-test"), ("all", ""))

_DESCR = """\
{title}

{n_rows:,} rows, {n_features:,} features, {n_labels:,} labels, read from {files}.
Published {published}: G. Tsoumakas et al., "Mulan: A Java Library for Multi-Label Learning", JMLR
12, 2011. Labels are in the order of the XML file.
"""


def load_mulan(
    name: FilePath,
    data_home: FilePath | None = None,
    *,
    labels: FilePath | Sequence[str] | None = None,
    sparse: Literal["auto"] | bool = "auto",
    dtype: Literal["float32", "float64"] = "float32",
    check_counts: bool = True,
) -> Bunch:
    """Features and labels of a data set of MULAN's collection, or of any ARFF file like these.

    Files are dense or sparse, and are read in blocks: the most memory that is needed is some twice
    what is returned.

    Parameters
    ----------
    name : str or path-like
        The name of a set, such as "scene" or "corel5k": its files are ``scene-train.arff`` and
        ``scene-test.arff``, or else ``scene.arff``, and ``scene.xml``, in the folder ``mulan`` of
        `data_home`, or in ``mulan/scene``; names that end in ``-sparse.arff`` are found too. Or the
        path of an ARFF file, ending in ".arff".
    data_home : path-like, default=None
        The folder of all published sets. None: that of the environment variable
        SKLEARN_CTRAN_DATA, or ``~/sklearn_ctran_data``.
    labels : path-like or list of str, default=None
        Which attributes are labels: an XML file, or their names. None: the XML file of the set's
        name; if there is none, what the relation's name says by MEKA's option ``-C``.
    sparse : bool or "auto", default="auto"
        Whether ``data`` is sparse. "auto": as the file is.
    dtype : {"float32", "float64"}, default="float32"
        Of ``data``.
    check_counts : bool, default=True
        Whether the numbers of rows and labels of a set must be those that MULAN's page has. Sets
        that are not in the collection's table have none, nor have paths.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : ndarray or csr_array of shape (n_samples, n_features)
            NaN where a value is missing. Nominal features are numbers: those that their values
            spell, or else positions among the values. Estimators of this package read dense ones.
        feature_names : ndarray of shape (n_features,)
            Of the columns of ``data``.
        nominal : dict
            Nominal feature -> a dict from each value, in the file's order, to its number.
        texts : dict
            Attribute of the type "string" or "date" -> its texts. They are no features.
        target : DataFrame of shape (n_samples, n_labels), float32
            1, 0, and NaN where a value is missing.
        target_names : ndarray of shape (n_labels,)
            Of the columns of ``target``.
        extra, extra_names, groups : None
            There are none.
        implies : dict or None
            Label -> the label above it, where the XML file has a hierarchy: the `implies` of
            :class:`~sklearn_ctran.CTranClassifier`.
        split : ndarray of shape (n_samples,), or None
            "train" and "test", if there are files of both.
        DESCR : str
            About the set.

    Raises
    ------
    FileNotFoundError
        If a file is not there; the message says what it is called, and where it is published.
    ValueError
        If a file is broken, with its line; if the training and the test file differ in their
        attributes; if counts differ from those that are published.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sklearn_ctran.datasets import load_mulan
    >>> rows = ["{0 0.5, 2 1}", "{1 2, 3 1}", "{}"]
    >>> columns = ["width numeric", "height numeric", "cat {0, 1}", "dog {0, 1}"]
    >>> lines = ["@relation pets", *[f"@attribute {each}" for each in columns], "@data", *rows]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "pets.arff")
    ...     _ = file.write_text("\\n".join(lines))
    ...     pets = load_mulan(file, labels=["cat", "dog"])
    >>> pets.target
       cat  dog
    0  1.0  0.0
    1  0.0  1.0
    2  0.0  0.0
    >>> pets.data.toarray()
    array([[0.5, 0. ],
           [0. , 2. ],
           [0. , 0. ]], dtype=float32)
    """
    check_choice("sparse", sparse, ["auto", True, False])
    check_choice("dtype", dtype, ["float32", "float64"])
    if not isinstance(check_counts, bool):
        raise TypeError(f"check_counts must be True or False, got {check_counts!r}.")
    paths, beside = _paths(name, data_home)
    files = [ArffFile(path) for path in paths.values()]
    names, implies = labels_of(labels, beside, files[0])
    _check_alike(files)
    parts = [_Part(file, names, sparse, dtype) for file in files]
    states = np.concatenate([part.states for part in parts])
    if check_counts:
        _check_counts(os.fspath(name), states.shape, paths)
    first, title = parts[0], f"MULAN's data set {Path(name).stem!r}"
    data = _stack([part.data for part in parts])
    split = [word for word, part in zip(paths, parts, strict=True) for _ in part.states]
    return Bunch(
        data=data,
        feature_names=as_names([each.name for each in first.features]),
        nominal={each.name: dict(each.codes) for each in first.features if each.codes},
        texts={
            text: as_names(sum((part.texts[text] for part in parts), [])) for text in first.texts
        },
        target=states_frame(states, None, names),
        target_names=as_names(names),
        extra=None,
        extra_names=None,
        groups=None,
        implies=implies or None,
        split=np.array(split, dtype=object) if len(parts) > 1 else None,
        DESCR=_DESCR.format(
            title=f"{title}\n{'-' * len(title)}",
            n_rows=len(states),
            n_features=data.shape[1],
            n_labels=len(names),
            files=" and ".join(paths.values()),
            published=PUBLISHED,
        ),
    )


def _paths(name, data_home):
    """Part -> the path of its ARFF file, and the path of the XML file that belongs to them."""
    if not isinstance(name, (str, os.PathLike)):
        raise TypeError(f"name must be the name of a set or the path of a file, got {name!r}.")
    name = os.fspath(name)
    if name.lower().endswith(".arff"):
        if not os.path.isfile(name):
            raise FileNotFoundError(f"There is no file {name!r}.")
        return {"all": name}, f"{name[:-5]}.xml"
    folder = SetFolder(f"MULAN's {name}", "mulan", data_home)
    below = f"{name}/" if os.path.isdir(folder.joined(name)) else ""
    files = {part: _file(folder, f"{below}{name}{end}") for part, end in _ENDS}
    is_one = folder.has(files["all"]) and not any(map(folder.has, list(files.values())[:2]))
    parts = ["all"] if is_one else ["train", "test"]
    xml = folder.joined(f"{below}{name}.xml")
    return {part: folder.find(files[part]) for part in parts}, xml


def _file(folder, name):
    """The OfficialFile of a name without an ending; the sparse one if only that is there."""
    dense, sparse_one = (OfficialFile(f"{name}{end}.arff", PUBLISHED) for end in ("", "-sparse"))
    return sparse_one if folder.has(sparse_one) and not folder.has(dense) else dense


def _check_alike(files):
    """Raise ValueError if files have other attributes."""
    for file in files[1:]:
        if file.attributes != files[0].attributes:
            pairs = zip(files[0].attributes, file.attributes, strict=False)
            one, other = next(((a, b) for a, b in pairs if a != b), (None, None))
            what = "their numbers differ" if one is None else f"{one.name!r} and {other.name!r}"
            raise ValueError(f"{files[0].path} and {file.path} have other attributes: {what}.")


class _Part:
    """What a file says: features, states of labels, and texts."""

    def __init__(self, file, names, sparse, dtype):
        labels = file.index(names)
        for column in labels:
            _check_label(file, file.attributes[column])
        is_text = np.array([attribute.is_text for attribute in file.attributes])
        is_feature = ~is_text
        is_feature[labels] = False
        columns = np.flatnonzero(is_feature)
        self.features = [file.attributes[column] for column in columns]
        self.texts = {file.attributes[column].name: [] for column in np.flatnonzero(is_text)}
        data, states = [], []
        for block in file.blocks():
            data.append(_as_asked(block.values[:, columns], sparse, dtype))
            states.append(_states(block.values[:, labels], file, names))
            for column, texts in block.texts.items():
                self.texts[file.attributes[column].name] += texts
        if not data:
            raise ValueError(f"{file.path} has no rows.")
        self.data, self.states = _stack(data), np.concatenate(states)


def _check_label(file, attribute):
    if attribute.is_text or (attribute.codes is not None and not _is_binary(attribute)):
        values = "a text" if attribute.is_text else "{" + ", ".join(attribute.values) + "}"
        raise ValueError(
            f"{file.path}: the label {attribute.name!r} is {values}, but labels are {{0, 1}}."
        )


def _is_binary(attribute):
    return attribute.is_spelled and {*attribute.codes.values()} <= {0.0, 1.0}


def _as_asked(values, sparse, dtype):
    if sparse is False and sp.issparse(values):
        values = values.toarray()
    elif sparse is True:
        values = sp.csr_array(values)
    return values.astype(dtype)


def _stack(tables):
    if len(tables) == 1:
        return tables[0]
    return (sp.vstack if sp.issparse(tables[0]) else np.concatenate)(tables)


def _states(values, file, names):
    """States of the labels, int8, of a block."""
    values = values.toarray() if sp.issparse(values) else values
    wrong = ~np.isnan(values) & (values != 0) & (values != 1)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise ValueError(
            f"{file.path}: the label {names[column]!r} is {values[row, column]:g} in a row, but "
            "labels are 0 and 1."
        )
    return np.where(np.isnan(values), UNKNOWN, values).astype(np.int8)


def _check_counts(name, shape, paths):
    expected = _COUNTS.get(name.lower())
    if expected is not None and shape != expected:
        raise ValueError(
            f"{' and '.join(paths.values())} have {shape[0]:,} rows and {shape[1]:,} labels, but "
            f"{expected[0]:,} and {expected[1]:,} are published. Are they the official files, and "
            "complete? check_counts=False reads them as they are."
        )
