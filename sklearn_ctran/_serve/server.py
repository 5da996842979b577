"""The server: its parts put together, and run."""

import ipaddress
import socket
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from sklearn_ctran._serve.app import Backend, make_app
from sklearn_ctran._serve.folder import ServerFolder
from sklearn_ctran._serve.trainer import Trainer


@contextmanager
def application(
    model, folder=None, *, source=None, token=None, table=None, train_every=0, empty="unknown"
):
    """The ASGI application of a model file; its folder and its training end with the block.

    Parameters
    ----------
    model : path-like
        A file of ``save``.
    folder : path-like or None
        Of :class:`ServerFolder`. None: beside the model, ``model.ctran.serve``.
    source : PhotoSource
        Stays open.
    token : str or None
        Of :func:`make_app`.
    table, train_every
        Of :class:`Trainer`.
    empty : {"unknown", "negative"}
        Of :class:`Backend`.
    """
    model = Path(model)
    if not model.is_file():
        raise FileNotFoundError(f"There is no model file {str(model)!r}.")
    folder = ServerFolder(f"{model}.serve" if folder is None else folder, model)
    trainer = None
    try:
        backend = Backend(folder, source, empty)
        trainer = Trainer(folder, source.read, backend.swap, table, train_every)
        backend.trainer = trainer
        trainer.start()
        yield make_app(backend, token)
    finally:
        if trainer is not None:
            trainer.stop()
        folder.close()


def check_reachable(host, token):
    """Raise ValueError if others than this machine could ask the server without a token."""
    try:
        is_local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_local = False
    if not is_local and token is None:
        raise ValueError(
            f"At {host} other machines can ask the server: give it a --token, which becomes part "
            "of its address."
        )


def run(app, host, port, *, quiet=False):
    """Answer requests until the process is interrupted; raises OSError if the port is in use."""
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=kind)
    except OSError as error:
        raise OSError(f"Port {port} of {host} cannot be had: {error.strerror or error}.") from None
    with listener:
        level = "warning" if quiet else "info"
        uvicorn.Server(uvicorn.Config(app, log_level=level, access_log=False)).run([listener])
