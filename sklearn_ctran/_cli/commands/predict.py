"""``predict``: what a model says of images."""

from pathlib import Path
from typing import Annotated, Any

import typer

from sklearn_ctran._cli.options import Asking, Model, Places, Running
from sklearn_ctran._cli.output import Result
from sklearn_ctran._cli.tag_tables import TagTable

EXAMPLE = 'sklearn-ctran predict model.ctran photos --known "digit 3=1" --out predictions.csv'

_FORMS = ("probabilities", "decisions", "tags", "label-studio")


def run(
    console,
    *,
    model: Model,
    places: Places,
    out: Annotated[
        Path | None,
        typer.Option(
            help="A .csv, .tsv or .parquet file; .json for Label Studio. One that is there is "
            "replaced.  [default: standard output]"
        ),
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            help="probabilities or decisions (1, 0): a column for each label; tags: one column; "
            "label-studio: tasks with predictions, to import there."
        ),
    ] = "probabilities",
    top: Annotated[int | None, typer.Option(min=1, help="Tags of an image at most.")] = None,
    threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Of tags: probabilities above.  [default: the model's]"),
    ] = None,
    tag_sep: Annotated[str, typer.Option(help="What separates tags, one character.")] = ";",
    document_root: Annotated[
        Path | None,
        typer.Option(help="Label Studio's LOCAL_FILES_DOCUMENT_ROOT, in which the images are."),
    ] = None,
    priority: Annotated[
        str | None,
        typer.Option(help="Of Label Studio's tasks: 'uncertainty', or 'gain' as of suggest."),
    ] = None,
    asking: Asking,
    tags: TagTable,
    running: Running,
):
    """Predict the labels of images, given what is known of them.

    The result is a table with a row for each image. Labels that are known are pairs such as
    "rain coat=1,truck=0". A pair with a comma in it is in double quotes: '"red, white=1",truck=0'.
    What is behind its last "=" is the state, or the label of a group: --extra "city=Rome".
    """
    _check_usage(form, out, tags, top=top, threshold=threshold, priority=priority)
    from sklearn_ctran._cli import predicting
    from sklearn_ctran._cli.models import load_model, questions_about
    from sklearn_ctran._utils.files import writable
    from sklearn_ctran.datasets import save_predictions

    if out is not None:
        writable(out, "predictions.csv")
    loaded = load_model(model, running, asking, console)
    questions = questions_about(loaded, places, tags, asking, console)
    console.say(f"{model} looks at {len(questions):,} images.")
    if form == "decisions":
        frame = predicting.decisions(loaded, questions)
    else:
        frame = predicting.probabilities(loaded, questions)
    told = {"out": out, "form": form, "images": len(questions), "labels": loaded.label_names_}
    text = f"{out}: {form} of {len(frame.columns)} labels for {len(questions):,} images."
    if form == "label-studio":
        config = tags.label_config
        predicting.save_tasks(
            out, frame, loaded, questions, config, document_root, priority, model.name
        )
        return Result(text, told)
    kind: dict[str, Any] = {}
    if form == "tags":
        limits = predicting.thresholds_of(loaded) if threshold is None else threshold
        kind = {"form": "tags", "thresholds": limits, "top": top, "sep": tag_sep}
    if out is None:
        text = predicting.as_csv(frame, **kind)
        return Result(text.rstrip("\n"), {"predictions": predicting.records_of(text)})
    save_predictions(out, frame, **kind)
    return Result(text, told)


def _check_usage(form, out, tags, **options):
    """Wrong usage, if options do not go together."""
    if form not in _FORMS:
        raise typer.BadParameter(f"--form is one of {', '.join(_FORMS)}, not {form!r}.")
    for name, value in options.items():
        wanted = "label-studio" if name == "priority" else "tags"
        if value is not None and form != wanted:
            raise typer.BadParameter(f"--{name} is for --form {wanted}.")
    if form == "label-studio" and (out is None or tags.label_config is None):
        raise typer.BadParameter("--form label-studio needs --out and --label-config.")
    if options["priority"] not in (None, "uncertainty", "gain"):
        raise typer.BadParameter("--priority is uncertainty or gain.")
