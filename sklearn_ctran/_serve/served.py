"""The model that answers, and what Label Studio is told."""

import hashlib
import io
import threading
import warnings
from collections import OrderedDict

import numpy as np
from PIL import Image

from sklearn_ctran._adapters.questions import Questions
from sklearn_ctran._adapters.unwrap import unwrap
from sklearn_ctran._serve.errors import RequestError
from sklearn_ctran._serve.messages import SOURCES
from sklearn_ctran._utils.names import listed
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN

#: Encoded images that are kept: some 50 kB each.
_MOST_ENCODED = 512

#: Pixels of the largest image: of one that is resized, and of one that goes through as it is.
_MOST_PIXELS, _MOST_PIXELS_AS_THEY_ARE = 100_000_000, 4_000_000


class ServedModel:
    """A fitted estimator, one prediction at a time.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    version : str
        What predictions are said to be from.

    Attributes
    ----------
    labels : list of str
        Names of its labels.
    """

    def __init__(self, estimator, version):
        self.estimator, self.version = estimator, version
        final, _ = unwrap(estimator)
        if getattr(final, "task_", None) is not None and final.task_.exclusive:
            raise ValueError(
                "The model learned one class an image (a 1-D y): Label Studio's backend is for "
                "several labels an image."
            )
        self.labels = [str(name) for name in final.label_names_]
        self._encoded = OrderedDict()
        # torch uses all cores for one prediction: two at once would only wait for each other.
        self._lock = threading.Lock()

    def check_config(self, config):
        """Raise RequestError if a configuration has labels that were not learned."""
        unknown = [label for label in config.labels if label not in self.labels]
        if unknown:
            raise RequestError(
                f"The model {self.version} has not learned {listed(unknown)} of the labeling "
                f"configuration. Its labels are {listed(self.labels)}. Annotate some images and "
                "train, or take the label out.",
                422,
            )

    def predict(self, places, read, known, config):
        """What Label Studio is told of some images, a list of dict.

        `places` (list of str) name the images, `read(place)` gives their bytes, and `known` (list
        of dict of label to 1 or 0) what the annotator has said of them. An image of a place is
        read and passed through the backbone once. Raises RequestError.
        """
        self.check_config(config)
        states = np.full((len(places), len(self.labels)), UNKNOWN, dtype=np.int8)
        for row, given in enumerate(known):
            for label, value in given.items():
                states[row, self.labels.index(label)] = value
        photos = {place: read(place) for place in dict.fromkeys(places) if not self._has(place)}
        with self._lock:
            try:
                images = [self._encode(place, photos) for place in places]
                answers = [self._answer(*each) for each in zip(images, states, strict=True)]
            except RequestError:
                raise
            except (ValueError, TypeError, OSError) as error:
                raise RequestError(str(error), 422) from None
        return [
            self._for_label_studio(*answer, given, config)
            for answer, given in zip(answers, states, strict=True)
        ]

    def _has(self, place):
        with self._lock:
            return _key(place) in self._encoded

    def _check_size(self, image):
        """Raise RequestError for an image with more pixels than a server should hold in memory."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                width, height = Image.open(image).size
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return  # The estimator says what is wrong with it.
        finally:
            image.seek(0)
        # Without resizing, the network's own layers are as large as the image.
        is_resized = self.estimator.get_params().get("image_size") is not None
        most = _MOST_PIXELS if is_resized else _MOST_PIXELS_AS_THEY_ARE
        if width * height > most:
            raise RequestError(
                f"An image of {width} x {height} pixels is too large for this server: at most "
                f"{most:,} pixels.",
                413,
            )

    def _encode(self, place, photos):
        """One image, as the estimator reads it: from the place's bytes or from before."""
        key = _key(place)
        if key in self._encoded:
            self._encoded.move_to_end(key)
            return self._encoded[key]
        # Bytes alone could be those of a path, and a stranger's image a file of this machine.
        images = [io.BytesIO(photos[place])]
        self._check_size(images[0])
        if hasattr(self.estimator, "encode"):
            images = self.estimator.encode(images)
        self._encoded[key] = images
        if len(self._encoded) > _MOST_ENCODED:
            self._encoded.popitem(last=False)
        return images

    def _answer(self, image, states):
        """Probabilities and decisions (n_labels,) of an image."""
        questions = Questions(self.estimator, image, states[None])
        proba = questions.ask(np.zeros(1, int), questions.states)[0]
        return proba, questions.decide()[0]

    def _for_label_studio(self, proba, decided, states, config):
        p = dict(zip(self.labels, proba.tolist(), strict=True))
        is_on = dict(zip(self.labels, decided == POSITIVE, strict=True))
        given = dict(zip(self.labels, states.tolist(), strict=True))
        result = []
        for control in config.controls:
            labels = [label for label in control.labels if is_on[label]]
            if control.is_single:
                labels = sorted(labels, key=lambda label: -p[label])[:1]
            if labels:
                result.append(
                    {
                        "from_name": control.name,
                        "to_name": config.image,
                        "type": "choices",
                        "value": {"choices": labels},
                        "score": min(p[label] for label in labels),
                        "meta": {
                            "probabilities": {label: p[label] for label in labels},
                            SOURCES: {"ticked": labels, "known": _said(control, given)},
                        },
                    }
                )
        asked = [label for label in config.labels if given[label] == UNKNOWN]
        # Clicks are fewest where each answers what is least sure (benchmarks/annotation_clicks.py).
        ask = min(asked, key=lambda label: abs(p[label] - 0.5), default=None)
        sure = [max(p[label], 1 - p[label]) for label in asked]
        return {
            "result": result,
            "score": float(np.mean(sure)) if sure else 1.0,
            "model_version": self.version,
            "ask": None if ask is None else {"label": ask, "probability": p[ask]},
        }


def _said(control, states):
    """What was said of the labels of a control: label -> 1 or 0."""
    return {label: states[label] for label in control.labels if states[label] != UNKNOWN}


def _key(place):
    """What an image is kept under: its place, or a digest of one that holds the image itself."""
    return place if len(place) < 1000 else hashlib.sha256(place.encode()).hexdigest()
