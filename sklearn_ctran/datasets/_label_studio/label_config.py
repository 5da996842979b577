"""The labels of a labeling configuration, or of what was ticked without one."""

import os
from collections import Counter
from dataclasses import replace

from sklearn_ctran.datasets._label_studio.config import Choices, read_config
from sklearn_ctran.datasets._tags.csv_files import read_text


class LabelConfig:
    """The labels of some controls.

    A label has the name of its choice. If two controls have one choice, it is "control=choice".

    Attributes
    ----------
    controls : dict of str to Choices
    labels : dict of (str, str) to str
        (control, choice) -> label, in the order of the configuration.
    places : dict of str to (str, str)
        The reverse.
    image : str
        Name of the image, ``to_name`` of results.
    image_key : str or None
        What a task calls the address of its image.
    gone : frozenset of (str, str)
        Choices that were ticked once, and are no longer there.
    """

    def __init__(self, controls, image="image", image_key=None):
        controls = list(controls)
        self.controls = {control.name: control for control in controls}
        self.image, self.image_key, self.gone = image, image_key, frozenset()
        times = Counter(choice for control in controls for choice in control.labels)
        self.labels = {
            (control.name, choice): choice if times[choice] == 1 else f"{control.name}={choice}"
            for control in controls
            for choice in control.labels
        }
        self.places = {label: place for place, label in self.labels.items()}

    def __contains__(self, place):
        """Whether a choice, (control, choice), is there."""
        return place in self.labels

    def extended(self, places):
        """The same configuration with choices that are gone, (control, choice), behind its own.

        Labels keep their names.
        """
        more = {}
        for name, choice in places:
            more.setdefault(name, []).append(choice)
        controls = dict(self.controls)
        for name, choices in more.items():
            control = controls.get(name, Choices(name, (), is_single=False))
            controls[name] = replace(control, labels=(*control.labels, *choices))
        config = LabelConfig(controls.values(), self.image, self.image_key)
        config.labels, config.gone = dict(self.labels), frozenset(places)
        for name, choice in places:
            is_free = choice not in config.labels.values()
            config.labels[name, choice] = choice if is_free else f"{name}={choice}"
        config.places = {label: place for place, label in config.labels.items()}
        return config

    @property
    def label_names(self):
        """All labels, a list of texts."""
        return list(self.labels.values())

    @property
    def groups(self):
        """Name of a control -> tuple of its labels."""
        return {
            name: tuple(self.labels[name, choice] for choice in control.labels)
            for name, control in self.controls.items()
        }

    @property
    def exclusive_groups(self):
        """Names of the controls of which one choice at most may be ticked, for ``CTranClassifier``.

        Controls with a single choice have nothing to exclude.
        """
        return [
            name
            for name, control in self.controls.items()
            if control.is_single and len(control.labels) > 1
        ]


def read_label_config(config):
    """The LabelConfig of XML, or of the path of a file of XML.

    Raises ValueError where it is broken, as :func:`read_config`, with the path.
    """
    if isinstance(config, str) and config.lstrip().startswith("<"):
        return _of(read_config(config))
    if not isinstance(config, (str, os.PathLike)):
        raise TypeError(
            f"label_config must be XML or the path of a file, got {type(config).__name__}."
        )
    try:
        return _of(read_config(read_text(config)))
    except ValueError as error:
        raise ValueError(f"{os.fspath(config)}: {error}") from None


def _of(config):
    return LabelConfig(config.controls, config.image, config.field)
