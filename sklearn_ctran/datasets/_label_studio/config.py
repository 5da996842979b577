"""Labeling configurations of Label Studio, as far as they are about labels of an image."""

from dataclasses import dataclass
from functools import cached_property
from xml.etree import ElementTree

_MOST_CHARACTERS = 1_000_000

#: Attributes of a control, or of what is around it, that hide it until something is ticked.
_CONDITIONS = frozenset(("visibleWhen", "whenTagName", "whenChoiceValue", "whenLabelValue"))


@dataclass(frozen=True)
class Choices:
    """A control with choices.

    Attributes
    ----------
    name : str
        What results call it (``from_name``).
    labels : tuple of str
        Its choices, as results name them.
    is_single : bool
        Whether at most one of them can be ticked.
    is_hidden : bool
        Whether the control is hidden until something else is ticked.
    """

    name: str
    labels: tuple[str, ...]
    is_single: bool
    is_hidden: bool = False


@dataclass(frozen=True)
class LabelingConfig:
    """An image and the controls with its labels.

    Attributes
    ----------
    image : str
        Name of the image (``to_name`` of results).
    field : str
        Where the image is in the data of a task.
    controls : tuple of Choices
    """

    image: str
    field: str
    controls: tuple[Choices, ...]

    @cached_property
    def labels(self):
        """All labels, control by control, a tuple of str."""
        return tuple(label for control in self.controls for label in control.labels)

    def control_of(self, label):
        """The control that has a label."""
        return next(control for control in self.controls if label in control.labels)


def read_config(xml):
    """Read a labeling configuration.

    Raises ValueError, for people, unless it has one ``<Image>`` of a field of the task, and at
    least one ``<Choices>`` about it, whose labels are all different and written out.
    """
    if not isinstance(xml, str) or not xml.strip():
        raise ValueError("The labeling configuration is empty.")
    if len(xml) > _MOST_CHARACTERS:
        raise ValueError(
            f"The labeling configuration has more than {_MOST_CHARACTERS:,} characters."
        )
    if "<!DOCTYPE" in xml.upper() or "<!ENTITY" in xml.upper():
        raise ValueError("The labeling configuration declares entities, which are not read.")
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError as error:
        raise ValueError(f"The labeling configuration is no XML: {error}.") from None
    images = list(root.iter("Image"))
    if len(images) != 1:
        raise ValueError(f"The labeling configuration has {len(images)} <Image> tags, not one.")
    image, field = images[0].get("name"), images[0].get("value", "")
    if not image or not field.startswith("$") or len(field) < 2:
        raise ValueError('The <Image> needs a name, and a value such as "$image".')
    try:
        controls = tuple(_controls(root, image))
    except RecursionError:
        raise ValueError("The labeling configuration is nested too deeply.") from None
    if not controls:
        raise ValueError(f'There is no <Choices> with toName="{image}".')
    config = LabelingConfig(image, field[1:], controls)
    twice = sorted({label for label in config.labels if config.labels.count(label) > 1})
    if twice:
        raise ValueError(f"The labeling configuration has the choice {twice[0]!r} twice.")
    return config


def _controls(tag, image, is_hidden=False):
    """Yield the controls of an image; those of regions of it are left out."""
    is_hidden = is_hidden or not _CONDITIONS.isdisjoint(tag.keys())
    if tag.tag == "Choices":
        is_of_part = "true" in (tag.get("perRegion"), tag.get("perItem"))
        if image in _names(tag.get("toName")) and not is_of_part:
            yield _choices(tag, is_hidden)
        return
    for child in tag:
        yield from _controls(child, image, is_hidden)


def _choices(tag, is_hidden):
    name = tag.get("name")
    if not name:
        raise ValueError("A <Choices> has no name.")
    if tag.get("value"):
        raise ValueError(
            f"The choices of {name!r} come from the task ({tag.get('value')}): write them out."
        )
    # Results name a choice by its alias, if it has one.
    labels = tuple(choice.get("alias") or choice.get("value") for choice in tag.iter("Choice"))
    if not labels or not all(labels):
        raise ValueError(f"<Choices> {name!r} has no <Choice>, or one without a value.")
    kind = tag.get("choice", "single")
    if kind not in ("single", "single-radio", "multiple"):
        raise ValueError(f"<Choices> {name!r} has choice={kind!r}, not 'single' or 'multiple'.")
    return Choices(name, labels, kind != "multiple", is_hidden)


def _names(text):
    return [name.strip() for name in (text or "").split(",")]
