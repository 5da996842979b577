"""Label Studio's HTTP interface of a machine learning backend."""

import base64
import binascii
import hmac
import json
import threading

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Route

from sklearn_ctran._serve.errors import RequestError
from sklearn_ctran._serve.messages import config_of, is_number, numbers_of, questions_of, rows_of

_MOST_BYTES = 1 << 26


class Backend:
    """What the server does, without HTTP.

    Parameters
    ----------
    folder : ServerFolder
    source : PhotoSource
    empty : {"unknown", "negative"}
        What a control without a tick means in an annotation.
    """

    def __init__(self, folder, source, empty="unknown"):
        self._folder, self._source, self._empty = folder, source, empty
        self._served = folder.load(folder.current["version"])
        self._lock = threading.Lock()
        self.trainer = None

    @property
    def served(self):
        """The ServedModel that answers."""
        with self._lock:
            return self._served

    def swap(self, served):
        """Answer with another ServedModel from the next request on."""
        with self._lock:
            self._served = served

    def health(self, _):
        """That the server is there."""
        served = self.served
        kind = type(served.estimator).__name__
        return {"status": "UP", "model_class": kind, "model_version": served.version}

    def setup(self, request):
        """Whether the model fits a labeling configuration."""
        served = self.served
        served.check_config(config_of(request.get("schema")))
        return {"model_version": served.version}

    def predict(self, request):
        """Predictions of tasks."""
        config = config_of(request.get("label_config"))
        questions = questions_of(request, config)
        served = self.served
        places, known = zip(*questions, strict=True)
        results = served.predict(places, self._source.read, known, config)
        return {"results": results, "model_version": served.version}

    def webhook(self, request):
        """Keep an annotation, drop one, or begin training."""
        action, project = request.get("action"), request.get("project")
        if action == "START_TRAINING":
            return self._train()
        if action in ("ANNOTATION_CREATED", "ANNOTATIONS_CREATED", "ANNOTATION_UPDATED"):
            config = config_of(project.get("label_config") if isinstance(project, dict) else None)
            given = request.get("annotation")
            given = given if isinstance(given, list) else [given]
            tasks = request.get("task")
            tasks = tasks if isinstance(tasks, list) else [tasks] * len(given)
            if len(tasks) != len(given):
                raise RequestError("The request has another number of tasks than of annotations.")
            pairs = [(task, [annotation]) for task, annotation in zip(tasks, given, strict=True)]
            return self._keep(pairs, config, project.get("id"))
        if action == "ANNOTATIONS_DELETED":
            self._folder.annotations.remove(
                "annotation", numbers_of(request.get("annotations", request.get("annotation")))
            )
        elif action == "TASKS_DELETED":
            self._folder.annotations.remove(
                "task", numbers_of(request.get("tasks", request.get("task")))
            )
        elif action == "PROJECT_DELETED":
            self._folder.annotations.remove("project", numbers_of([project]))
        else:
            return {"status": "ignored"}
        self.trainer.note_change()
        return {"status": "ok"}

    def train(self, request):
        """Keep the annotations of all tasks of a request, and begin training."""
        tasks = request.get("annotations")
        if tasks:
            config = config_of(request.get("label_config"))
            if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
                raise RequestError("The annotations must be a list of tasks.")
            pairs = [(task, task.get("annotations", [])) for task in tasks]
            project = next((task.get("project") for task in tasks), None)
            self._keep(pairs, config, project)
        return self._train()

    def status(self, _):
        """How far the training is, and what is kept."""
        annotations = self._folder.annotations
        return {
            "model_version": self.served.version,
            "annotations": len(annotations),
            "new_annotations": annotations.n_changes - self._folder.current["n_changes"],
            "training": self.trainer.state,
        }

    def versions(self, _):
        """The versions of the model."""
        return {"versions": self._folder.versions}

    def _train(self):
        self.trainer.ask()
        return {"status": "ok", "job": self._folder.next_version}

    def _keep(self, pairs, config, project):
        project = project if is_number(project) else -1
        rows, gone = [], []
        for task, annotations in pairs:
            more = rows_of(task, annotations, config, project, self._empty)
            rows += more[0]
            gone += more[1]
        self._folder.annotations.put(rows)
        self._folder.annotations.remove("annotation", gone)
        self.trainer.note_change()
        return {"status": "ok", "annotations": len(rows)}


def make_app(backend, token=None):
    """The ASGI application of a Backend.

    `token` is the first part of every path, ``/TOKEN/predict``, or the password of basic
    authentication; None: nobody is asked for one. Label Studio sends webhooks without a password,
    to the address that it was given: hence the path.
    """

    def route(path, method, answer):
        async def endpoint(request):
            _check_no_page(request)
            _check_token(request, token)
            body = {} if method == "GET" else await _read(request)
            return JSONResponse(await run_in_threadpool(answer, body))

        paths = [path] if token is None else [path, "/{token}" + path]
        return [Route(each, endpoint, methods=[method]) for each in paths]

    return Starlette(
        routes=[
            *route("/", "GET", backend.health),
            *route("/health", "GET", backend.health),
            *route("/versions", "GET", backend.versions),
            *route("/status", "GET", backend.status),
            *route("/setup", "POST", backend.setup),
            *route("/predict", "POST", backend.predict),
            *route("/webhook", "POST", backend.webhook),
            *route("/train", "POST", backend.train),
        ],
        exception_handlers={
            RequestError: lambda _, error: _told(str(error), error.status),
            HTTPException: lambda _, error: _told(error.detail, error.status_code),
            Exception: lambda *_: _told("The server failed; its own output says how.", 500),
        },
    )


def _told(message, status):
    headers = {"WWW-Authenticate": "Basic"} if status == 401 else None
    return JSONResponse({"error": message, "detail": message}, status, headers)


def _check_no_page(request):
    """Any page that a person opens can send something to this machine; Label Studio is no page."""
    origin = request.headers.get("origin")
    if origin is not None:
        raise RequestError(f"Pages in a browser may not ask, got one of {origin!r:.80}.", 403)


def _check_token(request, token):
    if token is None:
        return
    given = [request.path_params.get("token", ""), _password(request)]
    if not any(hmac.compare_digest(each.encode(), token.encode()) for each in given):
        raise RequestError(
            "The token is wrong or missing: the address of this backend is http://HOST:PORT/TOKEN.",
            401,
        )


def _password(request):
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


async def _read(request):
    """The object in a request's body; raises RequestError."""
    too_large = RequestError(f"The request has more than {_MOST_BYTES:,} bytes.", 413)
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > _MOST_BYTES:
        raise too_large
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            raise too_large
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestError("The request is no JSON.") from None
    if not isinstance(content, dict):
        raise RequestError(f"The request must be an object, got {type(content).__name__}.")
    return content
