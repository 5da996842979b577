"""What can be wrong with a fitted estimator or its data: the facts, and a rule for each symptom.

A rule is a function of :class:`Facts` that returns a :class:`Finding`, or None if all is well. It
raises NotAsked, with the reason, where it cannot tell.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ctran._utils.names import listed
from sklearn_ctran.inspection._contents import features_of, row_keys
from sklearn_ctran.metrics import mean_average_precision
from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN

#: Less predicted positives than this share of the true ones are hardly any.
HARDLY_ANY = 0.2
#: True positives from which this is no chance.
ENOUGH_POSITIVES = 10
#: A loss that falls by less than this share of its first value is flat.
LEAST_FALL = 0.02
#: A last loss of so many times the lowest one has risen.
MOST_RISE = 1.2
#: Epochs from which a course of the loss can be seen.
ENOUGH_EPOCHS = 3
#: A gap of mAP between training and other images that comes from over-fitting.
MOST_GAP = 0.2
#: Images that a classifier tells from training images with this area under the ROC curve are far.
FAR = 0.8
#: Rows of each kind that this needs, and has at most.
ENOUGH_ROWS, MOST_ROWS = 20, 2000


@dataclass(frozen=True)
class Finding:
    """Something that looks wrong, and what to do about it.

    Attributes
    ----------
    rule : str
        What was looked for.
    finding : str
        What was found, in words and numbers.
    remedy : str
        What to do.
    labels : tuple
        Names of the labels concerned, if it is about some of them.
    rows : tuple of int
        Rows of `X` concerned, if it is about some of them.
    """

    rule: str
    finding: str
    remedy: str
    labels: tuple = ()
    rows: tuple[int, ...] = ()


class NotAsked(Exception):
    """A rule cannot tell; its text says why."""


@dataclass(frozen=True, eq=False)
class Facts:
    """What rules look at.

    `estimator` is fitted, and `final` what is inside of its wrappers; `X` are images with true
    `states` (n_samples, n_labels), and `train` is None or the same two of what it was fitted on.
    Both are as `final` gets them; `given` are the images of both as users have them, or None.
    `predict` and `score` are functions: ``predict()`` returns decisions (n_samples, n_labels) for
    `X`, and ``score(X, states)`` the mAP of the estimator without its memory.
    """

    names: np.ndarray
    exclusive: bool
    X: object
    states: np.ndarray
    train: tuple | None
    given: tuple | None
    final: object
    history: list
    predict: object
    score: object

    @cached_property
    def learned_states(self):
        """The true states that the estimator has learned from, as far as they are known."""
        return self.states if self.train is None else self.train[1]

    @property
    def where(self):
        """What `learned_states` are of, in words."""
        return "y" if self.train is None else "the training labels"

    def need_train(self):
        """Raise NotAsked without training data."""
        if self.train is None:
            raise NotAsked("pass train=(X, y), what the estimator was fitted on")

    def losses(self):
        """Training losses by epoch; NotAsked if there are too few."""
        losses = [epoch["train_loss"] for epoch in self.history]
        if len(losses) < ENOUGH_EPOCHS:
            raise NotAsked(f"the estimator has no history of at least {ENOUGH_EPOCHS} epochs")
        return np.array(losses)


def labels_without_positives(facts):
    """Labels that cannot be learned, or cannot be scored."""
    parts = []
    labels = facts.names[~(facts.learned_states == POSITIVE).any(axis=0)].tolist()
    if labels:
        parts.append(f"{listed(labels)} in {facts.where}")
    others = facts.names[~(facts.states == POSITIVE).any(axis=0)].tolist()
    others = [name for name in others if facts.train is not None and name not in labels]
    if others:
        parts.append(f"{listed(others)} in y")
    if not parts:
        return None
    return Finding(
        "labels without positives",
        f"There is no positive of {', nor of '.join(parts)}.",
        "Annotate some, or leave these labels out. What has no positive in training is never "
        "predicted; what has none in y is not scored.",
        (*labels, *others),
    )


def labels_with_one_positive(facts):
    """Labels of which there is a single positive."""
    counts = (facts.learned_states == POSITIVE).sum(axis=0)
    labels = facts.names[counts == 1].tolist()
    if not labels:
        return None
    return Finding(
        "labels with one positive",
        f"A single row of {facts.where} is positive of {listed(labels)}.",
        "One photo is learned by heart, and a split leaves a part without it: annotate more, merge "
        "such labels into a wider one, or leave them out.",
        tuple(labels),
    )


def hardly_any_positive_predictions(facts):
    """Decisions that are nearly all negative."""
    if facts.exclusive:
        raise NotAsked("y is 1-D, and each image gets a class")
    is_given = facts.states != UNKNOWN
    n_true = np.count_nonzero(facts.states == POSITIVE)
    if n_true < ENOUGH_POSITIVES:
        raise NotAsked(f"y has less than {ENOUGH_POSITIVES} positives")
    n_predicted = np.count_nonzero((facts.predict() == 1) & is_given)
    if n_predicted >= HARDLY_ANY * n_true:
        return None
    return Finding(
        "hardly any positive predictions",
        f"{n_predicted} labels are predicted as positive, where {n_true} are.",
        "Probabilities of rare labels seldom exceed 0.5: tune thresholds "
        "(sklearn_ctran.model_selection.TunedThresholds), or set pos_weight='balanced'. If mAP is "
        "low too, the model has not learned: look at its loss.",
    )


def flat_loss(facts):
    """A training loss that hardly falls."""
    losses = facts.losses()
    fall = (losses[0] - losses.min()) / abs(losses[0])
    if fall >= LEAST_FALL:
        return None
    return Finding(
        "flat loss",
        f"The training loss went from {losses[0]:.3g} to {losses.min():.3g} at best, in "
        f"{len(losses)} epochs.",
        "Find a learning rate (sklearn_ctran.model_selection.find_lr), train for more epochs, and "
        "see whether the rows of X and y belong together.",
    )


def diverging_loss(facts):
    """A training loss that ends far above its lowest value."""
    losses = facts.losses()
    if losses[-1] <= MOST_RISE * losses.min():
        return None
    return Finding(
        "diverging loss",
        f"The training loss was {losses.min():.3g} after epoch {losses.argmin() + 1}, and "
        f"{losses[-1]:.3g} at the end.",
        "Lower lr (and backbone_lr); sklearn_ctran.model_selection.find_lr suggests one. "
        "lr_schedule='one_cycle' lowers it towards the end.",
    )


def over_fit(facts):
    """A model that is much better on what it was trained on."""
    text = _gap_of_losses(facts.history)
    if text is None and facts.train is not None and facts.history and not facts.exclusive:
        trained, other = facts.score(*facts.train), facts.score(facts.X, facts.states)
        if trained - other > MOST_GAP:
            text = f"mAP is {trained:.2f} on the training images, and {other:.2f} on X."
    elif text is None and not any("valid_loss" in epoch for epoch in facts.history):
        raise NotAsked(
            "it needs a neural estimator, and early_stopping=True or train=(X, y) of several labels"
        )
    if text is None:
        return None
    return Finding(
        "over-fit",
        text,
        "Train for fewer epochs or with early_stopping=True (which keeps the best one), raise "
        "dropout or weight_decay, augment images if the backbone is trained, or annotate more. If "
        "X is far from training, see there.",
    )


def _gap_of_losses(history):
    """A held-out loss that rises while that of training falls, in words; None if it does not."""
    losses = [(each["train_loss"], each["valid_loss"]) for each in history if "valid_loss" in each]
    if not losses:
        return None
    trained, held_out = map(np.array, zip(*losses, strict=True))
    best = int(held_out.argmin())
    if held_out[-1] <= MOST_RISE * held_out[best] or trained[-1] >= trained[best]:
        return None
    return (
        f"From epoch {best + 1} to {len(losses)} the loss of the training images went from "
        f"{trained[best]:.3g} to {trained[-1]:.3g}, and that of the held-out images from "
        f"{held_out[best]:.3g} to {held_out[-1]:.3g}."
    )


def far_from_training(facts):
    """Images that a simple classifier tells from the training images."""
    facts.need_train()
    samples = [_some_rows(features_of(facts.final, X)) for X in (facts.train[0], facts.X)]
    if any(rows is None for rows in samples):
        raise NotAsked("the estimator has no features of its images")
    if min(map(len, samples)) < ENOUGH_ROWS:
        raise NotAsked(f"it needs at least {ENOUGH_ROWS} rows of each")
    is_test = np.repeat([0, 1], [len(rows) for rows in samples])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    proba = cross_val_predict(
        model, np.concatenate(samples), is_test, cv=folds, method="predict_proba"
    )
    area = roc_auc_score(is_test, proba[:, 1])
    if area <= FAR:
        return None
    return Finding(
        "far from training",
        "By features alone, a linear classifier tells rows of X from training rows with an area "
        f"under the ROC curve of {area:.2f}; 0.5 would be chance.",
        "Scores on X say little of images like those of training, and training little of X: look "
        "at some of both (camera, crop, size, preprocessing), and train on images like X too.",
    )


def _some_rows(features):
    if features is None or len(features) <= MOST_ROWS:
        return features
    chosen = np.random.RandomState(0).choice(len(features), MOST_ROWS, replace=False)
    return features[np.sort(chosen)]


def duplicates_of_training(facts):
    """Rows with the very content of a training row."""
    facts.need_train()
    keys, train_keys = map(row_keys, facts.given)
    known = set(train_keys) - {None}
    rows = tuple(row for row, key in enumerate(keys) if key in known)
    if not rows:
        return None
    return Finding(
        "duplicates of training",
        f"{len(rows)} rows of X are in training too, such as row(s) {listed(rows, most=5)}.",
        "Scores on them are too good: leave them out. Split so that copies stay together "
        "(sklearn_ctran.model_selection.MultilabelStratifiedGroupKFold).",
        rows=rows,
    )


def spelling_variants(facts):
    """Labels whose names differ in case, spaces, punctuation, accents or a plural only."""
    groups = {}
    for name in facts.names.tolist():
        if isinstance(name, str):
            groups.setdefault(_plain(name), []).append(name)
    same = [names for names in groups.values() if len(names) > 1]
    if not same:
        return None
    return Finding(
        "spelling variants",
        "These look like one label each: " + "; ".join(" = ".join(map(repr, n)) for n in same[:10]),
        "Merge each into one column (positive where any is), before the table is made of tags.",
        tuple(name for names in same for name in names),
    )


def _plain(name):
    """A name without case, accents, spaces, punctuation and the endings of plurals."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(letter for letter in letters if letter.isalnum())
    if len(letters) > 4 and letters.endswith("ies"):
        return letters[:-3] + "y"
    if len(letters) > 4 and re.search(r"(s|x|z|ch|sh)es$", letters):
        return letters[:-2]
    return letters[:-1] if len(letters) > 3 and re.search(r"[^s]s$", letters) else letters


RULES = (
    labels_without_positives,
    labels_with_one_positive,
    hardly_any_positive_predictions,
    flat_loss,
    diverging_loss,
    over_fit,
    far_from_training,
    duplicates_of_training,
    spelling_variants,
)


def mean_precision(states, proba):
    """mAP of the labels with a positive; NaN without any."""
    if not (states == POSITIVE).any():
        return np.nan
    return float(np.nanmean(mean_average_precision(states, proba, average=None)))
