"""What ``fit`` does: scores on held-out images, beside two simple rivals, and a model of all."""

import contextlib
import tempfile
from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_ctran._cli.models import rows_of_part
from sklearn_ctran._cli.parsing import parse_settings
from sklearn_ctran._compare.compare import compare
from sklearn_ctran._images.image_tokens import ImageTokens
from sklearn_ctran._neural.classifier import CTranClassifier
from sklearn_ctran._scale.encoding import encode_tokens
from sklearn_ctran._utils.frames import take, to_frame
from sklearn_ctran._utils.progress import speaks
from sklearn_ctran.baselines import BinaryRelevance
from sklearn_ctran.metrics import class_f1, overall_f1
from sklearn_ctran.model_selection import multilabel_train_test_split

#: The methods of the comparison, the one that is kept last.
MAJORITY, ALONE, OURS = "majority", "binary relevance", "C-Tran"
#: A label that is never predicted counts as 0, without a warning.
METRICS = {
    "mAP": "mAP",
    "CF1": partial(class_f1, zero_division=0),
    "OF1": partial(overall_f1, zero_division=0),
}


@dataclass(frozen=True)
class Examples:
    """Images, by paths, and frames of their labels; all else may be None.

    `extra` is a frame of extra labels, `split`, an array, says of which part each image is.
    """

    images: list
    labels: object
    extra: object = None
    split: object = None

    @property
    def names(self):
        """What the table calls the images."""
        return self.labels.index.to_numpy()

    def __len__(self):
        return len(self.images)

    def extra_labels(self):
        """The argument for extra labels, a dict; it is empty if there are none."""
        return {} if self.extra is None else {"extra_labels": self.extra}

    def rows(self, numbers):
        """The Examples of some rows, ndarray of int."""
        images = [self.images[number] for number in numbers]
        others = (take(each, numbers) for each in (self.labels, self.extra, self.split))
        return Examples(images, *others)


@contextlib.contextmanager
def estimator_parameters(backbone, running, learning, data, console):
    """The parameters of the estimator, as groups of options and a Bunch of labels say.

    The cache is a folder, so that each image passes the backbone once: `learning.cache`, or one
    that lasts as long as the block.
    """
    given = parse_settings(learning.settings, "--set", CTranClassifier().get_params())
    with contextlib.ExitStack() as places:
        folder = learning.cache
        if folder is None:
            # Windows does not remove files that are still open.
            place = tempfile.TemporaryDirectory(prefix="ctran-", ignore_cleanup_errors=True)
            folder = places.enter_context(place)
        yield {
            **backbone.parameters(),
            **running.parameters(),
            "max_epochs": learning.max_epochs or "auto",
            "label_groups": data.groups,
            "exclusive_groups": data.get("exclusive_groups") or None,
            "verbose": int(speaks(console.verbose)),
            **given,
            "cache": folder,
        }


def encoded(examples, parameters, verbose):
    """Pass all images through the backbone, into the cache; the Examples that could be read."""
    names = set(ImageTokens().get_params()) - {"pool", "gem_power", "verbose"}
    arguments = {name: value for name, value in parameters.items() if name in names}
    skipped = encode_tokens(examples.images, verbose=verbose, **arguments)
    return examples.rows(np.setdiff1d(np.arange(len(examples)), list(skipped)))


def parts_of(examples, test_size, test_part, seed):
    """Numbers of the rows of a training part and of a held-out one; None without the latter.

    The held-out part has the images whose `split` is `test_part`, or without a `split` a share
    `test_size`, stratified by labels. Raises ValueError if a part is empty.
    """
    if examples.split is not None:
        return _named_parts(examples.split, test_part)
    if not test_size:
        return None
    rows = np.arange(len(examples))
    train, test, _, _ = multilabel_train_test_split(
        rows, examples.labels, test_size=test_size, random_state=seed
    )
    return train, test


def _named_parts(split, name):
    test = rows_of_part(split, name)
    train = np.setdiff1d(np.arange(len(split)), test)
    if not len(train):
        raise ValueError(f"All images are in the part {name!r}: none is left to learn from.")
    return train, test


def scores(examples, parts, parameters, known_fractions, verbose):
    """The Comparison of the model and two rivals, fitted on one part and scored on the other."""
    methods = {
        MAJORITY: make_pipeline(
            FunctionTransformer(_nothing), BinaryRelevance(DummyClassifier(strategy="prior"))
        ),
        ALONE: make_pipeline(_pooled(parameters), StandardScaler(), BinaryRelevance()),
        OURS: CTranClassifier(**parameters),
    }
    return compare(
        methods,
        examples.images,
        examples.labels,
        split=parts,
        metrics=METRICS,
        known_fractions=known_fractions,
        **examples.extra_labels(),
        extra_known_fractions=None if examples.extra is None else (0.0, 1.0),
        random_state=parameters["random_state"],
        verbose=verbose,
    )


def fitted(examples, parameters):
    """The model of all Examples. It names no folder of this machine's cache."""
    model = CTranClassifier(**parameters)
    model.fit(examples.images, examples.labels, **examples.extra_labels())
    return model.set_params(cache="memory", verbose=0)


def _nothing(images):
    """Features that tell nothing of an image."""
    return np.zeros((len(images), 1))


def _pooled(parameters):
    """What gives the mean of each image's tokens, those that the model reads."""
    names = set(ImageTokens().get_params())
    return ImageTokens(
        **{name: value for name, value in parameters.items() if name in names}, pool="mean"
    )


def error_frame(errors, names):
    """A frame of LabelErrors, the most suspicious first, with the images' names in the table."""
    return to_frame(
        {
            "path": names[errors.rows],
            "label": errors.labels,
            "given": errors.given_label,
            "probability_of_given": errors.label_quality,
        }
    )
