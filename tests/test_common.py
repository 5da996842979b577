"""scikit-learn's own checks, with no expected failure."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_ctran import CTranClassifier


@parametrize_with_checks([CTranClassifier()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)  # the check asserts
