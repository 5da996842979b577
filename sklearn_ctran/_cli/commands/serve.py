"""``serve``: a model as a machine learning backend of Label Studio."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from sklearn_ctran._cli.output import Result
from sklearn_ctran._cli.tag_tables import TagTable

EXAMPLE = "sklearn-ctran serve model.ctran --port 9090 --label-studio http://localhost:8080"


def run(
    console,
    model: Annotated[Path, typer.Argument(help="The file of a model.")],
    tags: TagTable,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where it listens.")] = 9090,
    host: Annotated[
        str, typer.Option(help="The address that it listens at; other machines reach 0.0.0.0.")
    ] = "127.0.0.1",
    token: Annotated[
        str | None,
        typer.Option(
            envvar="SKLEARN_CTRAN_TOKEN",
            help="Who asks must know it: the backend's address is then http://HOST:PORT/TOKEN.",
        ),
    ] = None,
    label_studio: Annotated[
        str | None, typer.Option(help="The address of Label Studio, whose images may be read.")
    ] = None,
    label_studio_token: Annotated[
        str | None,
        typer.Option(envvar="LABEL_STUDIO_API_KEY", help="An access token of Label Studio."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="Another host whose images may be read: 'example.org:8000'."),
    ] = None,
    local_files: Annotated[
        list[Path] | None, typer.Option(help="A folder of this machine that may be read.")
    ] = None,
    max_megabytes: Annotated[int, typer.Option(min=1, help="Of the largest image.")] = 32,
    folder: Annotated[
        Path | None,
        typer.Option(help="Where annotations and new models are kept.  [default: MODEL.serve]"),
    ] = None,
    train_every: Annotated[
        int, typer.Option(min=0, help="New annotations after which it trains; 0: when asked to.")
    ] = 0,
    table: Annotated[
        Path | None,
        typer.Option(
            help="The table that the model was fitted to; each training learns it too. The other "
            "options say how it is read."
        ),
    ] = None,
):
    """Let Label Studio ask a model, and let it learn from the annotations.

    In Label Studio: Settings, Model, Connect Model, with the address of this server. It answers
    until Ctrl-C. Only the hosts and folders that are named here are asked for images.
    """
    from sklearn_ctran.datasets._label_studio.results import EMPTY

    if tags.empty not in EMPTY:
        raise typer.BadParameter(f"--empty is {' or '.join(map(repr, EMPTY))}, not {tags.empty!r}.")
    try:
        from sklearn_ctran._serve import server
        from sklearn_ctran._serve.photos import PhotoSource
    except ModuleNotFoundError as error:
        raise ImportError(
            f'serve needs {error.name}: pip install "sklearn-ctran[serve]".'
        ) from None

    server.check_reachable(host, token)
    rows = (
        None
        if table is None
        else _rows_of(replace(tags, empty=TagTable.empty).read(table, console))
    )
    source = PhotoSource(
        label_studio,
        label_studio_token,
        allow_host or (),
        local_files or (),
        max_bytes=max_megabytes << 20,
    )
    try:
        parts = {"source": source, "token": token, "table": rows}
        parts |= {"train_every": train_every, "empty": tags.empty}
        with server.application(model, folder, **parts) as app:
            secret = "" if token is None else f"/{token}"
            console.say(f"Label Studio finds the model at http://{host}:{port}{secret}")
            server.run(app, host, port, quiet=console.is_quiet)
    finally:
        source.close()
    return Result("")


def _rows_of(data):
    """Images, names of labels and states of a table, as the server takes them."""
    import numpy as np

    from sklearn_ctran._labels.states import read_states

    images = [str(path) for path in data.images]
    names = [str(name) for name in data.target.columns]
    states = read_states(data.target, np.array(names, dtype=object), "table")
    return images, names, states
