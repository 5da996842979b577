"""``export``: a model for programs without Python."""

from pathlib import Path
from typing import Annotated

import typer

from sklearn_ctran._cli.options import Model
from sklearn_ctran._cli.output import Result

EXAMPLE = "sklearn-ctran export model.ctran model.onnx"


def run(
    console,
    *,
    model: Model,
    out: Annotated[Path, typer.Argument(help="The ONNX file. One that is there is replaced.")],
    weights: Annotated[
        str | None, typer.Option(help="Of the backbone, if the model was saved without them.")
    ] = None,
):
    """Save what a model predicts as an ONNX file, for programs without Python or torch.

    From images and known labels to probabilities. The file's metadata say how images are made.
    """
    import sklearn_ctran
    from sklearn_ctran._export.onnx import metadata_of
    from sklearn_ctran._utils.files import writable

    out = writable(out, "model.onnx")
    sklearn_ctran.export_onnx(sklearn_ctran.load(model, weights=weights), out)
    told = metadata_of(out)
    size = out.stat().st_size
    text = f"{out}: from {told['input']} to {len(told['labels'])} labels, {size / 1e6:,.1f} MB."
    return Result(text, {"model": out, "bytes": size} | told)
