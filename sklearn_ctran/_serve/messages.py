"""What Label Studio's requests hold, checked."""

from typing import NamedTuple

from sklearn_ctran._serve.errors import RequestError
from sklearn_ctran.datasets._label_studio.config import read_config
from sklearn_ctran.datasets._label_studio.results import is_annotation, states_of, ticked
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE, UNKNOWN

_MOST_TASKS = 1000
#: Where an entry of a prediction says, for the next request, what the model and what people said.
SOURCES = "sklearn_ctran"


class Question(NamedTuple):
    """An image that a prediction is wanted of.

    Attributes
    ----------
    place : str
    known : dict of str to int
        What the annotator has ticked so far, label -> 1, or unticked, label -> 0.
    """

    place: str
    known: dict


def config_of(text):
    """The LabelingConfig of a request; raises RequestError."""
    try:
        return read_config(text)
    except ValueError as error:
        raise RequestError(str(error), 422) from None


def questions_of(request, config):
    """The Questions of a request to predict.

    What is ticked comes from the context of an interactive request, else from the newest draft.
    """
    tasks = request.get("tasks")
    if not isinstance(tasks, list) or not tasks:
        raise RequestError("The request has no list of tasks.")
    if len(tasks) > _MOST_TASKS:
        raise RequestError(f"The request has more than {_MOST_TASKS:,} tasks.", 413)
    params = request.get("params")
    context = params.get("context") if isinstance(params, dict) else None
    context = context.get("result") if isinstance(context, dict) else None
    if context and len(tasks) > 1:
        raise RequestError("The request has a context, but more than one task.")
    questions = []
    for task in tasks:
        result = context or _newest_draft(task)
        questions.append(Question(place_of(task, config), _known(result or [], config)))
    return questions


def _known(result, config):
    """What the annotator, not the model, has said in a result: label -> 1 or 0.

    Label Studio fills a form with a prediction and sends all of it back. What the prediction had
    ticked is in its entries (``meta``), which Label Studio keeps: only what differs was said by
    the annotator. What stayed ticked may not have been looked at.
    """
    try:
        found = ticked(_entries(result), config)
    except ValueError as error:
        raise _as_request_error(error) from None
    known = {}
    for name, labels in found.items():
        told, before = _sources(result, name)
        known |= {label: state for label, state in before.items() if label in config.labels}
        known |= dict.fromkeys(labels - told, POSITIVE)
        known |= dict.fromkeys((told - labels) & set(config.labels), NEGATIVE)
    return known


def _sources(result, name):
    """What a prediction had ticked in a control, and what was known then."""
    told, known = set(), {}
    for entry in result:
        meta = entry.get("meta") if entry.get("from_name") == name else None
        sources = meta.get(SOURCES) if isinstance(meta, dict) else None
        if sources is None:
            continue
        try:
            told.update(map(str, sources["ticked"]))
            known |= {
                str(label): {0: NEGATIVE, 1: POSITIVE}[state]
                for label, state in sources["known"].items()
            }
        except (KeyError, TypeError, AttributeError):
            raise RequestError(
                f"The meta data of {name!r} are not those of a prediction: {sources!r:.80}.", 422
            ) from None
    return told, known


def place_of(task, config):
    """Where the image of a task is; raises RequestError."""
    data = task.get("data") if isinstance(task, dict) else None
    if not isinstance(data, dict) or config.field not in data:
        raise RequestError(
            f"Task {_number(task)} has no {config.field!r} in its data, where the labeling "
            "configuration says that the image is.",
            422,
        )
    place = data[config.field]
    if not isinstance(place, str) or not place or not _is_text(place):
        raise RequestError(f"The image of a task must be an address or a path, got {place!r:.80}.")
    return place


def rows_of(task, annotations, config, project, empty):
    """Rows of the AnnotationStore of a task's annotations, and numbers of those that are none.

    Skipped annotations are none. `empty` is that of ``states_of``. Raises RequestError.
    """
    rows, gone = [], []
    if not isinstance(annotations, list):
        raise RequestError("The annotations of a task must be a list.")
    for annotation in annotations:
        number = annotation.get("id") if isinstance(annotation, dict) else None
        if not is_number(number):
            raise RequestError(f"An annotation has no number: {annotation!r:.80}.")
        if not is_annotation(annotation):
            gone.append(number)
            continue
        try:
            states = states_of(_entries(annotation["result"]), config, empty).tolist()
        except ValueError as error:
            raise _as_request_error(error) from None
        given = zip(config.labels, states, strict=True)
        known = {label: state for label, state in given if state != UNKNOWN}
        rows.append((number, _number(task), project, place_of(task, config), known))
    return rows, gone


def numbers_of(items):
    """The numbers (``id``) of some objects of a request; raises RequestError."""
    if not isinstance(items, list):
        raise RequestError("The request has no list of what was deleted.")
    numbers = [item.get("id") if isinstance(item, dict) else item for item in items]
    if not all(map(is_number, numbers)):
        raise RequestError("What was deleted must be named by numbers.")
    return numbers


def is_number(value):
    """Whether it can be the number of an annotation, task or project."""
    return isinstance(value, int) and abs(value) < 1 << 63


def _newest_draft(task):
    drafts = task.get("drafts") if isinstance(task, dict) else None
    drafts = drafts if isinstance(drafts, list) else []
    drafts = [draft for draft in drafts if isinstance(draft, dict) and draft.get("result")]
    newest = max(drafts, key=lambda draft: str(draft.get("updated_at", "")), default={})
    return newest.get("result")


def _entries(result):
    """A result whose entries have names of controls; relations have none."""
    for entry in result if isinstance(result, list) else ():
        name = entry.get("from_name", "") if isinstance(entry, dict) else ""
        if not isinstance(name, str):
            raise RequestError(f"An entry of a result is from {name!r:.80}, which is no control.")
    return result


def _as_request_error(error):
    return error if isinstance(error, RequestError) else RequestError(str(error), 422)


def _is_text(text):
    """Whether it can be written: JSON may hold halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _number(task):
    number = task.get("id") if isinstance(task, dict) else None
    return number if is_number(number) else -1
