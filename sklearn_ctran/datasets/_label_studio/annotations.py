"""What annotators say of one task: which annotations count, and what is ticked in them."""

from dataclasses import dataclass

from sklearn_ctran.datasets._tags.json_files import check_kind
from sklearn_ctran.modules.label_states import NEGATIVE, POSITIVE

#: What is in the values of results about a region of the image.
_REGIONS = frozenset(("x", "points", "start"))


@dataclass(frozen=True)
class Rules:
    """What of a choice that is not ticked; the arguments of ``load_label_studio``.

    Attributes
    ----------
    unticked : {"negative", "unknown"}
        In a control in which something is ticked.
    empty : {"negative", "unknown"}
        In a control in which nothing is ticked.
    """

    unticked: str = "negative"
    empty: str = "unknown"


def submitted(task, where="the task"):
    """The annotations of a task (dict) that count: one of each annotator, the last.

    Annotations that were cancelled or skipped, predictions and drafts do not count. An annotation
    that is marked as ground truth stands for all others.
    """
    annotations = task.get("annotations", task.get("completions"))
    annotations = check_kind(
        [] if annotations is None else annotations, list, f"{where}, annotations"
    )
    last = {}
    for number, annotation in enumerate(annotations):
        check_kind(annotation, dict, f"{where}, annotation {number}")
        if annotation.get("skipped") or annotation.get("was_cancelled"):
            continue
        key = annotator(annotation)
        key = ("annotation", number) if key is None else key
        last[key] = _later(last.get(key), annotation)
    true = [annotation for annotation in last.values() if annotation.get("ground_truth")]
    return true or list(last.values())


def annotator(annotation):
    """Who made an annotation: a number or a text; None if it is not said."""
    who = annotation.get("completed_by")
    who = who.get("id", who.get("email")) if isinstance(who, dict) else who
    return who if isinstance(who, (int, str)) else None


def _later(one, other):
    """The later of two annotations, by their dates, which sort as texts; else the second."""
    if one is None:
        return other
    times = [str(each.get("updated_at") or each.get("created_at") or "") for each in (one, other)]
    return one if times[0] > times[1] else other


def ticks(results, where="the annotation"):
    """The choices that are ticked in an annotation's ``result``: control -> list of choices.

    Choices of regions, and other kinds of results, are passed over.
    """
    found = {}
    for number, result in enumerate(check_kind(results, list, f"{where}, result")):
        check_kind(result, dict, f"{where}, result {number}")
        value = result.get("value")
        if result.get("type", "choices") != "choices":
            continue
        if isinstance(value, dict) and not _REGIONS.isdisjoint(value):
            continue
        choices = value.get("choices") if isinstance(value, dict) else None
        is_list = isinstance(choices, list) and all(isinstance(each, str) for each in choices)
        if not is_list:
            name = result.get("from_name")
            raise ValueError(
                f"{where}: the result of {name!r} has no list of choices: {value!r:.80}."
            )
        found.setdefault(str(result.get("from_name")), []).extend(choices)
    return found


def marks_of(task, where="the task"):
    """The ticks of each annotation of a task that counts (:func:`submitted`), a list of dicts."""
    marks = []
    for number, annotation in enumerate(submitted(task, where)):
        results = annotation.get("result")
        place = f"{where}, annotation {annotation.get('id', number)}"
        marks.append(ticks([] if results is None else results, place))
    return marks


def states_of(ticked, config, rules=None):
    """Label -> 1 or 0 of the choices that one annotator ticked; labels that are not in it are gaps.

    ``ticked`` is what :func:`ticks` returns. Choices that the configuration does not have are
    passed over. A control that may have been hidden says nothing if it is empty. Whoever ticked a
    choice that is gone saw other choices than those of today, so that what was not ticked is a gap.
    """
    rules = rules or Rules()
    states = {}
    for name, control in config.controls.items():
        on = {choice for choice in ticked.get(name, ()) if choice in control.labels}
        if not on:
            are_negative = rules.empty == "negative" and not control.is_hidden
        elif control.is_single:
            are_negative = True
        else:
            saw_others = any((name, choice) in config.gone for choice in on)
            are_negative = rules.unticked == "negative" and not saw_others
        for choice in control.labels:
            if choice in on:
                states[config.labels[name, choice]] = POSITIVE
            elif are_negative and (name, choice) not in config.gone:
                states[config.labels[name, choice]] = NEGATIVE
    return states
