"""Binary relevance: one classifier per label."""

from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed

from sklearn_ctran._utils.typing import Estimator
from sklearn_ctran.baselines._base import Baseline, check_wrapped
from sklearn_ctran.baselines._single_label import SingleLabelClassifier
from sklearn_ctran.modules.label_states import POSITIVE


class BinaryRelevance(Baseline):
    """One classifier per label, each on its own [1]_.

    Known labels do not change the predictions of other labels (tag ``uses_known_labels=False``).
    With nothing known, it equals :class:`sklearn.multioutput.MultiOutputClassifier`, with two
    differences: samples that nobody annotated for a label are left out for this label, and a label
    that always had one state gets this state with probability 1. A 1-D `y` is read as one label
    per class, and probabilities are scaled to sum to 1, as in
    :class:`sklearn.multiclass.OneVsRestClassifier`.

    Parameters
    ----------
    estimator : classifier, default=None
        With ``predict_proba``; a clone is fitted for each label. None for
        ``LogisticRegression(max_iter=1000)``.
    n_jobs : int or None, default=None
        Processes that fit labels side by side; None means 1, -1 all cores.

    Attributes
    ----------
    estimators_ : list of SingleLabelClassifier
        One for each label, then one for each extra label; the fitted clone is ``estimator_`` of
        each, except for labels that always had one state. A 1-D `y` with two classes has one
        classifier, of the second class.
    classes_ : ndarray
        ``[[0, 1]] * n_labels``; for a 1-D `y` the classes, of shape (n_classes,).
    n_labels_ : int
        Number of labels; of classes for a 1-D `y`.
    label_names_ : ndarray of shape (n_labels,)
        The columns of a data frame `y`, else 0, 1, ...; the classes of a 1-D `y`.
    extra_label_names_ : ndarray of shape (n_extra_labels,)
        The columns of a data frame or dict `extra_labels`, else "extra0", "extra1", ...
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Only if `X` was a data frame.

    See Also
    --------
    ClassifierChain : Makes use of known labels that come earlier in a chain.

    References
    ----------
    .. [1] G. Tsoumakas, I. Katakis: Multi-Label Classification: An Overview. International Journal
       of Data Warehousing and Mining 3(3), 2007.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn_ctran.baselines import BinaryRelevance
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> model = BinaryRelevance().fit(X, Y)
    >>> model.predict_proba(X, known_labels={0: 1}).shape
    (100, 5)
    """

    _parameter_constraints = {
        "estimator": "no_validation",
        "n_jobs": [Integral, None],
    }

    def __init__(self, estimator: Estimator = None, *, n_jobs: int | None = None) -> None:
        self.estimator = estimator
        self.n_jobs = n_jobs

    def _fit_labels(self, X, states, sample_weight):
        classifier = SingleLabelClassifier(check_wrapped(self.estimator, sample_weight))
        columns = list(states.T)
        if self.task_.n_classes == 2:
            del columns[0]
        self.estimators_ = Parallel(n_jobs=self.n_jobs)(
            delayed(_fitted)(classifier, X, column, sample_weight) for column in columns
        )

    def _label_probabilities(self, X, states):
        columns = [each.predict_proba(X)[:, POSITIVE] for each in self.estimators_]
        if self.task_.n_classes == 2:
            columns.insert(0, 1 - columns[0])
        proba = np.stack(columns, axis=1)
        return self.task_.scale_classes(proba, states)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.uses_known_labels = False
        return tags


def _fitted(classifier, X, column, sample_weight):
    return clone(classifier).fit(X, column, sample_weight)
