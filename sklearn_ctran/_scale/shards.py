"""predict_shards: probabilities of more images than memory holds, as Parquet files."""

import importlib
import os
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from filelock import FileLock, Timeout
from sklearn.utils.validation import _num_samples, check_is_fitted

from sklearn_ctran._adapters.probabilities import label_probabilities, takes_known_labels
from sklearn_ctran._adapters.unwrap import unwrap
from sklearn_ctran._images.tar_images import TarImages
from sklearn_ctran._scale.cutting import cut, cut_into_shards
from sklearn_ctran._scale.model_digest import digest_of_model
from sklearn_ctran._scale.parts import check_client, in_parts
from sklearn_ctran._utils.checks import check_count
from sklearn_ctran._utils.files import replacing
from sklearn_ctran._utils.frames import plain
from sklearn_ctran._utils.progress import Progress
from sklearn_ctran._utils.typing import Estimator, FilePath, Images, KnownLabels

#: Rows that are predicted at a time: features of more images would only take memory.
_ROWS = 512

_KEY = b"sklearn_ctran"


def predict_shards(
    estimator: Estimator,
    X: Images | Iterator[Images],
    out: FilePath,
    *,
    known_labels: KnownLabels | Iterator[KnownLabels] = None,
    extra_labels: KnownLabels | Iterator[KnownLabels] = None,
    shard_size: int = 10_000,
    client: Any = None,
    verbose: int | None = None,
) -> list[str]:
    """Predict any number of images, on one machine or on many, into Parquet files.

    Each file, a shard, has the columns ``row``, the number of the image; ``path``, null if it is no
    path; and one for each label, with the probabilities of ``predict_proba``. A file is written
    completely or not at all. After an interruption, call it again: finished shards are skipped.
    ``pandas.read_parquet(out)`` reads all of them.

    Parameters
    ----------
    estimator : estimator
        Fitted; of this package, around one of it, or of scikit-learn.
    X : array-like, or iterator of array-likes
        What ``predict_proba`` takes; it is cut into shards. A generator yields shard by shard.
    out : path-like
        Folder of the files, made if it does not exist. With a `client`, this machine and all
        workers must have it under this path.
    known_labels, extra_labels : array-like, DataFrame, dict or iterator of these, default=None
        As of ``predict_proba``. If `X` is an iterator: a dict of one value for each label, or an
        iterator too, with those of each shard.
    shard_size : int, default=10000
        Images of one file, if `X` is no iterator.
    client : dask.distributed.Client, default=None
        Its workers predict (``pip install "sklearn-ctran[cluster]"``). None: this process does.
    verbose : int or None, default=None
        1: progress on standard error, a bar or lines of a log; 0: none. None: only on a terminal or
        in a notebook.

    Returns
    -------
    files : list of str
        Paths of the files, in the order of the rows.

    Raises
    ------
    ImportError
        If pyarrow is not installed (``pip install "sklearn-ctran[parquet]"``).
    ValueError, TypeError, FileNotFoundError
        As of ``predict_proba``; or if `out` has shards of other images, known labels or another
        model. Files of images count by their paths, not by what they hold.
    RuntimeError
        If another call is writing to `out`.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran import predict_shards
    >>> from sklearn_ctran.baselines import MaskedLinear
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> model = MaskedLinear(random_state=0).fit(X, Y)
    >>> files = predict_shards(model, X, "answers", shard_size=40)  # on a cluster: client=
    >>> len(files)
    3
    """
    _import_parquet()
    check_is_fitted(estimator)
    check_client(client)
    check_count("shard_size", shard_size)
    folder, names = Path(os.path.abspath(out)), _column_names(estimator)
    groups = getattr(unwrap(estimator)[0], "label_groups_", ())
    shards, n_shards = cut_into_shards(X, known_labels, extra_labels, shard_size, groups)
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RuntimeError(f"Another call of predict_shards is writing to {folder}.") from None
    with lock, Progress("predicted", unit=" images", verbose=verbose) as bar:
        for unfinished in folder.glob(".*.tmp"):
            unfinished.unlink()
        if n_shards is not None:
            _check_no_others(folder, n_shards)
        model, files = digest_of_model(estimator), []
        parts = _unfinished(shards, folder, (model, names), files, bar)
        predicted = in_parts(_predict_shard, (estimator, names), parts, client)
        with closing(predicted):
            for file, n_rows in predicted:
                if not os.path.exists(file):
                    raise FileNotFoundError(
                        f"A worker has written {file}, but this machine has no such file: out must "
                        "be a folder that all machines share."
                    )
                bar.update(n_rows)
        _check_no_others(folder, len(files))
    return files


def _import_parquet():
    try:
        return importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise ImportError(
            "predict_shards writes Parquet files, which needs pyarrow: "
            "pip install 'sklearn-ctran[parquet]'."
        ) from error


def _column_names(estimator):
    """Names of the columns of probabilities, list of str."""
    inner, _ = unwrap(estimator)
    names = getattr(inner, "label_names_", None)
    if names is None:
        names = inner.classes_
        names = range(len(names)) if isinstance(names, list) else names
    names = [str(name) for name in names]
    twice = [name for i, name in enumerate(names) if name in ("row", "path", *names[:i])]
    if twice:
        raise ValueError(
            f"Two columns would have the name {twice[0]!r}: 'row' and 'path' are columns of each "
            "file, and names of labels are texts there. Fit with other names."
        )
    return names


def _unfinished(shards, folder, job, files, bar):
    """The arguments of `_predict_shard` for shards that are not finished.

    `files` gets the paths of all. `job` is all that is the same for all shards. Raises ValueError
    if a file is of another job.
    """
    first = 0
    for number, shard in enumerate(shards):
        n_rows = _num_samples(shard[0])
        path = str(folder / f"shard-{number:06}.parquet")
        files.append(path)
        digest = joblib.hash((job, first, shard), hash_name="sha1")
        found = _digest_in(path)
        if found is None:
            yield path, digest, first, *shard
        elif found != digest:
            raise ValueError(
                f"{path} has predictions of another model, or for other images or known labels: "
                "name another folder, or remove the file to have it written again."
            )
        else:
            bar.update(n_rows)
        first += n_rows
    if not first:
        raise ValueError("X has no shards.")


def _digest_in(path):
    """The digest of the shard in a file; None if there is no file, "" in what is no shard."""
    with suppress(FileNotFoundError):
        try:
            metadata = _import_parquet().read_schema(path).metadata or {}
            return metadata.get(_KEY, b"").decode()
        except FileNotFoundError:
            raise
        except (OSError, ValueError):  # pyarrow's errors of damaged files
            return ""
    return None


def _check_no_others(folder, n_shards):
    """Raise ValueError if a folder has more shards than there are."""
    last = f"shard-{n_shards:06}.parquet"
    others = sorted(path.name for path in folder.glob("*.parquet") if path.name >= last)
    if others:
        raise ValueError(
            f"{folder} has {others[0]!r}, but there are {n_shards} shards: name another folder, or "
            "remove the file."
        )


def _predict_shard(estimator, names, path, digest, first, X, known_labels, extra_labels):
    """Write the file of some rows, of which the first has a number; its path and their number."""
    n = _num_samples(X)
    answers = []
    for each in cut((X, known_labels, extra_labels), n, _ROWS):
        try:
            answers.append(_predict(estimator, len(names), *each))
        except Exception as error:
            start = first + len(answers) * _ROWS
            error.add_note(f"Its rows are counted from row {start} of all images.")
            raise
    columns = {"row": np.arange(first, first + n), "path": _paths(X)}
    columns |= zip(names, np.concatenate(answers).T, strict=True)
    parquet = _import_parquet()
    pyarrow = importlib.import_module("pyarrow")
    columns["path"] = pyarrow.array(columns["path"], type=pyarrow.string())
    table = pyarrow.table(columns).replace_schema_metadata({_KEY: digest})
    with replacing(Path(path)) as unfinished, open(unfinished, "wb") as file:
        parquet.write_table(table, file)
    return path, n


def _predict(estimator, n_labels, X, known_labels, extra_labels):
    extra = {} if extra_labels is None else {"extra_labels": extra_labels}
    if known_labels is not None:
        estimator, X = unwrap(estimator, X)
        if not takes_known_labels(estimator):
            raise TypeError(f"{type(estimator).__name__} takes no known_labels.")
    return label_probabilities(estimator, X, n_labels, known_labels, **extra)


def _paths(X):
    """The paths of images, None for those that are none."""
    if isinstance(X, TarImages):
        return [_as_text(image.path) for image in X]
    rows = plain(X)
    if hasattr(rows, "to_numpy") or hasattr(rows, "columns"):
        rows = np.asarray(rows)
    if isinstance(rows, np.ndarray) and rows.ndim == 2 and rows.shape[1] == 1:
        rows = rows[:, 0]
    if not isinstance(rows, (list, tuple, np.ndarray)):
        return [None] * _num_samples(X)  # Reading the rows of a dataset may take long.
    return [
        _as_text(os.fsdecode(row)) if isinstance(row, (str, os.PathLike)) else None for row in rows
    ]


def _as_text(path):
    return path.encode(errors="backslashreplace").decode()
