"""scikit-learn's own checks of the meta-estimators, with no expected failure.

The equivalence of weights and repetitions among them: it gives folds that repeat rows together.
"""

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_ctran.model_selection import MultilabelCalibrator, TunedThresholds

pytestmark = pytest.mark.filterwarnings("ignore:y is 1-D, one class a sample")


@parametrize_with_checks(
    [
        TunedThresholds(LogisticRegression(), cv=2),
        MultilabelCalibrator(LogisticRegression(), cv=2, ensemble=True),
        *(
            MultilabelCalibrator(estimator, method=method, cv=2)
            for estimator in (LogisticRegression(), GaussianNB())
            for method in ("sigmoid", "isotonic", "temperature")
        ),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)  # the check asserts
