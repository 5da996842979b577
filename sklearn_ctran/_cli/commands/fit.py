"""``fit``: a model of a table of tags."""

from pathlib import Path
from typing import Annotated

import typer

from sklearn_ctran._cli.options import Backbone, Learning, Part, Running
from sklearn_ctran._cli.output import Result
from sklearn_ctran._cli.tag_tables import Table, TagTable

EXAMPLE = "sklearn-ctran fit tags.csv --images photos --missing negative --out model.ctran"


def run(
    console,
    *,
    table: Table,
    out: Annotated[
        Path, typer.Option(help="The file of the model. One that is there is replaced.")
    ],
    test_size: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of the images that scores are made of.")
    ] = 0.2,
    known_fraction: Annotated[
        list[float] | None,
        typer.Option(min=0, max=0.99, help="Shares of labels known in scores.  [default: 0, 0.5]"),
    ] = None,
    holdout: Annotated[
        bool, typer.Option("--holdout", help="Keep the images of the scores out of the model.")
    ] = False,
    part: Part,
    learning: Learning,
    backbone: Backbone,
    tags: TagTable,
    running: Running,
):
    """Fit a model to a table of tags and a folder of images.

    A fifth of the images, or those of --test-part, are set aside to score the model on, beside two
    simple rivals: the majority, which knows only how frequent labels are, and binary relevance, a
    logistic regression for each label on the same tokens. Then the model is fitted on all images,
    or, with --holdout, on the others only.
    """
    from sklearn_ctran._cli import fitting
    from sklearn_ctran._export.fit_card import fit_card
    from sklearn_ctran._utils.files import writable

    out = writable(out, "model.ctran")
    data = tags.read(table, console, split_column=part.split_column)
    examples = fitting.Examples(data.images, data.target, data.extra, data.split)
    with fitting.estimator_parameters(backbone, running, learning, data, console) as parameters:
        is_scored = test_size > 0 or examples.split is not None
        if is_scored or running.skip_unreadable:
            examples = fitting.encoded(examples, parameters, console.verbose)
        parts = fitting.parts_of(examples, test_size, part.test_part, backbone.seed)
        comparison = None
        if parts is not None:
            shares = known_fraction or [0.0, 0.5]
            comparison = fitting.scores(examples, parts, parameters, shares, console.verbose)
        learned = examples.rows(parts[0]) if holdout and parts is not None else examples
        console.say(f"The model learns from {len(learned):,} images.")
        model = fitting.fitted(learned, parameters)
    told = [] if comparison is None else comparison.rows
    model.save(out, card=fit_card(learned.labels, told))
    return _result(out, data, learned, parts, comparison)


def _result(out, data, learned, parts, comparison):
    """What was learned, and how well it does."""
    n_labels = len(data.target_names)
    line = f"{out}: a model of {n_labels} labels, learned from {len(learned):,} images."
    text = line if comparison is None else f"{comparison}\n\n{line}"
    told = {
        "model": out,
        "labels": data.target_names,
        "extra_labels": data.extra_names,
        "images": len(learned),
        "held_out": 0 if parts is None else len(parts[1]),
        "scores": [] if comparison is None else comparison.rows,
        "table": vars(data.summary),
    }
    return Result(text, told)
