"""``encode``: images through a backbone, once, into a cache."""

from pathlib import Path
from typing import Annotated

import typer

import sklearn_ctran
from sklearn_ctran._cli.options import Backbone, Photos, Running
from sklearn_ctran._cli.output import Result

EXAMPLE = "sklearn-ctran encode photos --cache tokens --skip-unreadable"


def run(
    console,
    images: Photos,
    cache: Annotated[Path, typer.Option(help="The folder that keeps the tokens.")],
    backbone: Backbone,
    running: Running,
):
    """Pass images through a frozen backbone, once, into a cache.

    What is fitted or predicted later with the same --backbone, --weights, --image-size, --n-views,
    --precision, --encoder-engine and --seed, and with this --cache, makes no pass. After an
    interruption, run the command again: what is in the cache is not computed again.
    """
    from sklearn_ctran._images.folders import find_images

    paths = find_images(images)
    parameters = backbone.parameters() | running.parameters() | {"cache": cache}
    skipped = sklearn_ctran.encode_tokens(paths, verbose=console.verbose, **parameters)
    n_encoded = len(paths) - len(skipped)
    text = f"The cache {cache} has the tokens of {n_encoded:,} of {len(paths):,} images."
    data = {"cache": cache, "images": len(paths), "encoded": n_encoded}
    named = [{"path": paths[row], "reason": skipped[row]} for row in skipped]
    return Result(text, data | {"skipped": named})
