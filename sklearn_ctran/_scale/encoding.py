"""encode_tokens: a backbone's pass over many images, into a cache that others will read."""

import math
import os
from collections.abc import Iterable
from contextlib import closing
from itertools import islice
from numbers import Integral
from typing import Any, Literal, NamedTuple

from torch import nn

from sklearn_ctran._cache.segments import DTYPES
from sklearn_ctran._cache.sizes import format_size
from sklearn_ctran._cache.token_cache import TokenCache, resolve_cache
from sklearn_ctran._images.errors import Unreadable, summary, unreadable
from sklearn_ctran._images.image_tokens import ImageTokens
from sklearn_ctran._images.readable import all_unreadable
from sklearn_ctran._images.rows import SomeRows, as_rows, check_is_set, is_read_lazily
from sklearn_ctran._scale.parts import check_client, in_parts
from sklearn_ctran._utils.progress import Progress
from sklearn_ctran._utils.typing import (
    EncoderEngine,
    FilePath,
    ImageSize,
    OnError,
)
from sklearn_ctran._utils.warnings import warn

#: Images of one part: a minute or so on a processor, seconds on a GPU.
_PART = 512


def encode_tokens(
    paths: Iterable[Any],
    backbone: str | nn.Module = "resnet50",
    *,
    cache: FilePath | TokenCache,
    client: Any = None,
    weights: FilePath | None = "DEFAULT",
    image_size: ImageSize = 224,
    batch_size: int = 64,
    device: str = "auto",
    precision: Literal["auto", "float32", "bfloat16"] = "auto",
    encoder_engine: EncoderEngine = "torch",
    n_views: Literal[1, 2] = 1,
    n_jobs: int | None = None,
    on_error: OnError = "raise",
    random_state: int | None = None,
    verbose: int | None = None,
) -> dict[int, str]:
    """Pass images through a frozen backbone once, on one machine or on many, into a cache.

    What is fitted or predicted afterwards with the same parameters and the same `cache` makes no
    pass. What is in the cache is not computed again: after an interruption, call it again.

    Parameters
    ----------
    paths : iterable
        Images: paths, or the bytes of files; a list, array, column or generator of them, or those
        of :func:`~sklearn_ctran.datasets.load_shards`. Only some hundred of them are in memory, as
        tokens, at a time.
    backbone, weights, image_size, precision, encoder_engine, n_views, random_state
        As of :class:`ImageTokens` and :class:`CTranClassifier`, and equal to those of the later
        estimator.
    cache : path-like or TokenCache with a location
        Where tokens are kept. With a `client`, a directory that this machine and all workers have
        under this path, on a file system with locks (NFS 4 or Lustre with ``flock``, for instance).
    client : dask.distributed.Client, default=None
        Its workers pass the images (``pip install "sklearn-ctran[cluster]"``). If one dies, others
        pass what it had not finished: a batch is lost. None: this process does.
    batch_size, device, n_jobs
        As of :class:`ImageTokens`; "auto" and -1 go by the worker's machine.
    on_error : {"raise", "skip", "warn"}, default="raise"
        What to do about images that cannot be read. "raise": an error names them after all others
        are in the cache. "skip": they are returned. "warn": they are returned, with a warning.
    verbose : int or None, default=None
        1: progress on standard error, a bar or lines of a log; 0: none. None: only on a terminal or
        in a notebook.

    Returns
    -------
    skipped : dict of int to str
        Number of each row that could not be read -> what is wrong with its image, and its path.

    Raises
    ------
    ValueError, TypeError, FileNotFoundError
        If an argument cannot be used, or an image cannot be read; if workers compute other tokens
        than this machine would; if the tokens do not fit into the cache.

    Examples
    --------
    >>> from PIL import Image
    >>> from torch import nn
    >>> from sklearn_ctran import CTranClassifier, encode_tokens
    >>> from sklearn_ctran.datasets import make_digit_scenes
    >>> scenes = make_digit_scenes(20, image_size=24, random_state=0)
    >>> paths = [f"{row}.png" for row in range(20)]
    >>> for path, image in zip(paths, scenes.images):
    ...     Image.fromarray(image).save(path)
    >>> settings = {"backbone": nn.PixelUnshuffle(8), "image_size": 24, "cache": "tokens"}
    >>> encode_tokens(paths, **settings)  # on a cluster: client=
    {}
    >>> model = CTranClassifier(**settings, max_epochs=1).fit(paths, scenes.Y)  # no pass
    """
    tokens = ImageTokens(
        backbone,
        weights=weights,
        image_size=image_size,
        batch_size=batch_size,
        device=device,
        precision=precision,
        encoder_engine=encoder_engine,
        n_views=n_views,
        n_jobs=n_jobs,
        on_error=on_error,
        cache=cache,
        random_state=random_state,
    )
    check_client(client)
    _check(tokens, client)
    items, n_images = _items(paths)
    tokens._hold(tokens._new_backbone())
    errors, n_done, is_checked = {}, 0, False
    parts = in_parts(_encode_part, (tokens, tokens._space()), _parts(items), client)
    bar = Progress("image tokens", n_images, " images", verbose=verbose)
    with closing(parts), bar:
        for part in parts:
            if part.file is not None and not is_checked:
                _check_stored(tokens.cache, part, n_images)
                is_checked = True
            n_done += part.n
            errors |= part.errors
            bar.update(part.n)
    if not n_done:
        raise ValueError("paths is empty: there are no images.")
    return _skipped(errors, n_done, on_error)


class _Encoded(NamedTuple):
    """What became of a part: `file`, one of its files, and `shape`, (P, C), may be None."""

    n: int
    errors: dict  # number of a row -> Unreadable
    file: str | None
    shape: tuple | None


def _check(tokens, client):
    """Raise ValueError or TypeError if parameters are wrong, or would be of no use later."""
    tokens._validate_params()
    tokens._check_backbone()
    if tokens.cache is None or resolve_cache(tokens.cache).location is None:
        raise ValueError(
            f"cache={tokens.cache!r} does not outlive the call on other machines: name a directory."
        )
    tokens.cache = resolve_cache(tokens.cache)  # Workers have another working directory.
    is_random = tokens.weights is None or (tokens.backbone == "small")
    if is_random and not isinstance(tokens.random_state, Integral):
        raise ValueError(
            "The backbone has random weights, and without a number as random_state, no later fit "
            "has the same: set random_state, here and there."
        )


def _items(paths):
    """An iterable of images, and their number; None for a generator's."""
    if hasattr(paths, "__next__"):
        return paths, None
    check_is_set(paths)
    rows = as_rows(paths)
    if is_read_lazily(rows):
        raise TypeError("paths is a dataset, whose images this process would read: give the paths.")
    return rows, len(rows)


def _parts(items):
    """Pairs of the number of the first image, and a list of images."""
    items, first = iter(items), 0
    while part := list(islice(items, _PART)):
        yield first, part
        first += len(part)


def _encode_part(tokens, space, first, items):
    """Pass some images, of which the first has a number, into the cache; an _Encoded."""
    if tokens._space() != space:
        raise ValueError(
            "A worker computes other tokens than this machine would, which would not find them: "
            "another device, library or version, or a backbone of code that is in no installed "
            "package. Set device, precision and encoder_engine, and install the same versions."
        )
    images = SomeRows(dict(enumerate(items, first)), range(first, first + len(items)))
    errors, found = {}, None
    while len(images) and found is None:
        try:
            found = tokens._encode(images)
        except Unreadable as error:
            if not (error.n_images and error.is_complete):
                error = all_unreadable(images, error, tokens.n_jobs)
            errors |= {row: type(error)(text) for row, text in error.messages.items()}
            left = [row for row in images.numbers if row not in errors]
            images = SomeRows(images.source, left)
    if found is not None and None in found.files:
        raise OSError(
            f"{tokens.cache!r} has no room for more tokens, or cannot be written. Make room, set a "
            "larger max_size, or use dtype='bfloat16'; what it has stays."
        )
    if found is None:
        return _Encoded(len(items), errors, None, None)
    return _Encoded(len(items), errors, found.files[0], found.shape[1:])


def _check_stored(cache, part, n_images):
    """Raise an error unless a part's tokens are on this machine too, with room for all."""
    if not os.path.exists(part.file):
        raise FileNotFoundError(
            f"A worker has written {part.file}, but this machine has no such file: cache must be "
            "a directory that all machines share."
        )
    n_bytes = (n_images or 0) * math.prod(part.shape) * DTYPES[cache.dtype].itemsize
    limit = cache.info().max_size
    if n_bytes > limit:
        raise ValueError(
            f"The tokens of {n_images:,} images take {format_size(n_bytes)}, but {cache!r} holds "
            f"at most {format_size(limit)}, and would drop the first ones: set a larger max_size, "
            "or dtype='bfloat16' for half the bytes."
        )


def _skipped(errors, n_images, on_error):
    """What is wrong with images, by their numbers; an error or a warning if `on_error` says so."""
    if errors and on_error == "raise":
        raise unreadable(errors, n_images, is_complete=True)
    skipped = {row: str(errors[row]) for row in sorted(errors)}
    if errors and on_error == "warn":
        warn(f"{summary(skipped, n_images)}\nThey have no tokens.")
    return skipped
