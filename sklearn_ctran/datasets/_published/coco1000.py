"""load_coco1000: the words of COCO's captions, the paper's COCO-1000."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Literal

import numpy as np
from sklearn.utils import Bunch

from sklearn_ctran._utils.progress import Progress
from sklearn_ctran._utils.typing import FilePath
from sklearn_ctran.datasets._formats.coco import coco_entries
from sklearn_ctran.datasets._published.build import About, build
from sklearn_ctran.datasets._published.captions import Captions
from sklearn_ctran.datasets._published.coco_files import FOLDER, YEAR, annotation_file
from sklearn_ctran.datasets._published.official import OfficialFile, SetFolder
from sklearn_ctran.datasets._published.pickles import read_pickle
from sklearn_ctran.datasets._published.words import NltkWords, is_no_mark
from sklearn_ctran.datasets._tags.forms import check_choice
from sklearn_ctran.datasets._tags.json_files import check_kind, entry, read_json
from sklearn_ctran.modules.label_states import POSITIVE

_ABOUT = About(
    title="COCO-1000",
    text="""COCO-1000: photos of everyday scenes, and which of 1,000 words are in their captions.

Wang et al., "Feedback-prop: Convolutional Neural Network Inference under Partial Evidence" (CVPR
2018), https://github.com/uvavision/feedbackprop; C-Tran (CVPR 2021) uses it. Captions are those of
https://cocodataset.org under CC BY 4.0; the photos are those of Flickr's users, under their terms.
Which 10,000 photos the authors validated and tested on is not published.""",
    counts={"train": 82_081, "val": 5_000, "test": 5_000},
    n_labels=1000,
)

_WORDS = OfficialFile(
    "coco_words_vocabulary.p", "in coco_multilabel of https://github.com/uvavision/feedbackprop"
)
_DIVISION = OfficialFile(
    "dataset_coco.json",
    "in caption_datasets.zip of https://cs.stanford.edu/people/karpathy/deepimagesent",
)


def load_coco1000(
    data_home: FilePath | None = None,
    *,
    division: Literal["authors", "karpathy"] = "authors",
    vocabulary: Literal["published", "counted"] = "published",
    words: Callable[[str], Iterable[str]] | None = None,
    download: bool = False,
    check_counts: bool = True,
    on_missing_file: Literal["keep", "raise", "skip"] = "keep",
    verbose: int | None = None,
) -> Bunch:
    """COCO of 2014: 82,081 photos for training, 5,000 and 5,000 for validation and testing.

    The 1,000 labels are words. A photo has those that are in at least one of its five captions.

    Parameters
    ----------
    data_home : path-like, default=None
        As of :func:`load_coco80`. This set is in ``coco``, with the photos of that set.
    division : {"authors", "karpathy"}, default="authors"
        Which photos are for what. "authors": what is in the files that C-Tran's published code
        reads, ``annotations_pytorch/captions_train2014.json``, ``captions_val2014.json`` and
        ``captions_test2014.json``. They are not published; COCO has other files of the first two
        names. "karpathy": 5,000 and 5,000 of COCO's validation photos by ``dataset_coco.json`` of
        Karpathy and Li (CVPR 2015), in the order of ``annotations/captions_val2014.json``; and
        those of ``captions_train2014.json`` that have an object in ``instances_train2014.json``,
        which are 82,081 as well.
    vocabulary : {"published", "counted"}, default="published"
        Which words are labels: those of ``coco_words_vocabulary.p`` of the authors, most frequent
        first, or the most frequent ones of the training captions of these files.
    words : callable, default=None
        Takes a caption and returns its words. None: those of NLTK, as in the authors' code: in
        small letters, nouns in their singular; and for a vocabulary that is counted, no stop words
        and punctuation marks (``pip install "sklearn-ctran[captions]"``); that takes about a
        minute. Words of a function of your own all count, but for punctuation marks.
    download : bool, default=False
        As of :func:`load_coco80`. Files of others than COCO never are.
    check_counts, on_missing_file
        As of :func:`load_coco80`.
    verbose : int, default=None
        1 shows how many captions are done, 0 nothing. None: 1 where a person looks.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        As of :func:`load_tags`. ``split`` is "train", "val" or "test". ``extra``, ``extra_names``
        and ``groups`` are None.

    Raises
    ------
    FileNotFoundError
        If a file is not there; the message says what it is called and where it is published.
    ValueError
        If a file is broken, or not the published one.
    ImportError, LookupError
        If NLTK or its data are not installed.
    ConnectionError
        If a download fails.

    References
    ----------
    Wang et al., "Feedback-prop: Convolutional Neural Network Inference under Partial Evidence",
    CVPR 2018.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> from sklearn_ctran.datasets import load_coco1000
    >>> home = tempfile.TemporaryDirectory()
    >>> folder = pathlib.Path(home.name, "coco", "annotations_pytorch")
    >>> folder.mkdir(parents=True)
    >>> captions = {"train": "a dog sees a dog", "val": "a cat", "test": "a dog"}
    >>> for part, caption in captions.items():
    ...     content = {
    ...         "images": [{"id": 7, "file_name": f"{part}.jpg"}],
    ...         "annotations": [{"image_id": 7, "id": 1, "caption": caption}],
    ...     }
    ...     _ = (folder / f"captions_{part}2014.json").write_text(json.dumps(content))
    >>> data = load_coco1000(
    ...     home.name, vocabulary="counted", words=str.split, check_counts=False
    ... )
    >>> data.target.reset_index()
                      path    a  dog  sees
    0  train2014/train.jpg  1.0  1.0   1.0
    1      val2014/val.jpg  1.0  0.0   0.0
    2     val2014/test.jpg  1.0  1.0   0.0
    >>> home.cleanup()
    """
    check_choice("division", division, ["authors", "karpathy"])
    check_choice("vocabulary", vocabulary, ["published", "counted"])
    if words is not None and not callable(words):
        raise TypeError(f"words must be a function of a caption, got {words!r}.")
    folder = SetFolder(_ABOUT.title, FOLDER, data_home, download)
    labels = _read_words(folder.find(_WORDS)) if vocabulary == "published" else None
    files = _caption_files(folder, division)
    rows_of = _read_division(folder) if division == "karpathy" else None
    words = NltkWords() if words is None else words
    read = {}
    with Progress("words of captions", unit="captions", verbose=verbose) as progress:
        for path in dict.fromkeys(files.values()):
            read[path] = Captions(path, words, progress)
    if labels is None:
        is_label = words.is_label if isinstance(words, NltkWords) else is_no_mark
        labels = read[files["train"]].commonest(_ABOUT.n_labels, is_label)
    entries = {path: captions.entries(labels) for path, captions in read.items()}
    parts = {part: entries[path] for part, path in files.items()}
    if rows_of is not None:
        parts = {part: _only(entries, rows_of[part]) for part, entries in parts.items()}
    parts = {part: _in_folder(entries, part) for part, entries in parts.items()}
    return build(_ABOUT, parts, folder, check_counts=check_counts, on_missing_file=on_missing_file)


def _caption_files(folder, division):
    """The path of the captions of each part."""
    if division == "karpathy":
        train, val = (folder.find(annotation_file("captions", part)) for part in YEAR)
        return {"train": train, "val": val, "test": val}
    return {
        part: folder.find(
            OfficialFile(
                f"annotations_pytorch/captions_{part}2014.json",
                "by nobody: C-Tran's authors have it (https://github.com/QData/C-Tran); "
                "division='karpathy' does without",
            )
        )
        for part in _ABOUT.counts
    }


def _read_words(path):
    """The words of the authors' vocabulary: a tuple of dicts, the first of which has them."""
    content = read_pickle(path)
    words = content[0] if isinstance(content, tuple) and content else None
    is_list = isinstance(words, dict) and {*words} == {*range(len(words))}
    if not is_list or not all(isinstance(word, str) for word in words.values()):
        raise ValueError(
            f"{path} must hold a tuple whose first item is a dict from 0, 1, ... to words."
        )
    return [words[number] for number in range(len(words))]


def _read_division(folder):
    """The names of the photos of each part, by Karpathy's file and COCO's instances."""
    path = folder.find(_DIVISION)
    content = check_kind(read_json(path, _without_sentences), dict, f"{_DIVISION.name}, all of it,")
    names = {"train": set(), "val": set(), "test": set(), "restval": set()}
    for number, photo in enumerate(entry(content, "images", list, _DIVISION.name)):
        where = f"{_DIVISION.name}, image {number}"
        part = entry(check_kind(photo, dict, where), "split", str, where)
        if part not in names:
            raise ValueError(f"{where} has the split {part!r}, which is none of {[*names]}.")
        names[part].add(entry(photo, "filename", str, where))
    instances, _ = coco_entries(folder.find(annotation_file("instances", "train")))
    has_object = (instances.states == POSITIVE).any(axis=1)
    names["train"] = {instances.paths[row] for row in np.flatnonzero(has_object)}
    return names


def _without_sentences(item):
    """An object without captions, which the other files have."""
    item.pop("sentences", None)
    return item


def _only(entries, names):
    """The Entries of photos with some names."""
    rows = [row for row, name in enumerate(entries.paths) if name in names]
    return entries.take(np.array(rows, dtype=np.int64))


def _in_folder(entries, part):
    """Entries whose paths have the folder of the photos: that of "val" for tests too."""
    year = YEAR.get(part, YEAR["val"])
    return replace(entries, paths=[f"{year}/{name}" for name in entries.paths])
