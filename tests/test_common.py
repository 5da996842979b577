"""scikit-learn's own checks, with no expected failure."""

from sklearn.base import clone
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_ctran import CTranClassifier

#: Nothing random but the weights at first, and exact sums. As for its own (MLPClassifier, KMeans,
#: ...), scikit-learn lets the check of its name run with settings that make fits comparable to the
#: seventh digit: masks and dropout of repeated samples are never those of weighted ones.
EXACT = {
    "unknown_fraction": None,
    "dropout": 0.0,
    "input_dropout": 0.0,
    "shortcut": False,
    "precision": "float64",
}
#: Enough for checks of the interface, and for those of classes that are easy to learn. Only the
#: one that trains without any other condition takes the time of the defaults.
SMALL = {"d_model": 16, "n_layers": 1, "max_epochs": 4}
LEARNS = {"n_layers": 1, "max_epochs": 20}


@parametrize_with_checks([CTranClassifier()])
def test_scikit_learn_checks(estimator, check):
    name = getattr(check, "func", check).__name__
    is_the_same_for_other_data = bool(getattr(check, "keywords", None))
    if name == "check_classifiers_train" and not is_the_same_for_other_data:
        params = {}
    else:
        params = dict(LEARNS if name.startswith("check_classifiers") else SMALL)
    if "sample_weight_equivalence" in name:
        params |= EXACT
    estimator = clone(estimator).set_params(**params)  # all checks are given the same one
    check(estimator)  # the check asserts


def test_known_labels_make_a_difference():
    assert get_tags(CTranClassifier()).uses_known_labels
