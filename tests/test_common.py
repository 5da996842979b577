"""scikit-learn's own checks, with no expected failure."""

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
SETTINGS = {"check_sample_weight_equivalence_on_dense_data": EXACT}


@parametrize_with_checks([CTranClassifier()])
def test_scikit_learn_checks(estimator, check):
    name = getattr(check, "func", check).__name__
    check(estimator.set_params(**SETTINGS.get(name, {})))  # the check asserts
