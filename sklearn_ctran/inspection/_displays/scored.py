"""Probabilities and truth of the pictures of scores: of an estimator, or given."""

from sklearn_ctran._adapters.probabilities import label_probabilities
from sklearn_ctran._adapters.unwrap import unwrap
from sklearn_ctran._labels.states import in_order
from sklearn_ctran._utils.frames import columns_of
from sklearn_ctran._utils.names import as_names
from sklearn_ctran._utils.rows import check_rows
from sklearn_ctran.metrics._inputs import read_entries, table_shape
from sklearn_ctran.metrics._own_threshold import own_thresholds


def predict_for(estimator, X, y, known_labels, extra_labels):
    """Arguments of ``from_predictions`` that an estimator gives, a dict.

    They are ``y_true``, in the order of its labels, ``y_score``, ``known_labels`` as states, or
    None, ``label_names``, or None, and ``threshold``, of TunedThresholds or 0.5. Raises ValueError
    if the columns of `y` are not the estimator's labels.
    """
    check_rows(X=X, y=y, known_labels=known_labels, extra_labels=extra_labels)
    n_labels = table_shape(y, "y")[1]
    final, _ = unwrap(estimator)
    names = getattr(final, "label_names_", None)
    names = columns_of(y) if names is None else names
    given = {} if extra_labels is None else {"extra_labels": extra_labels}
    proba = label_probabilities(estimator, X, n_labels, known_labels, **given)
    if columns_of(y) is not None and names is not None:
        y = in_order(y, names)
    if known_labels is not None and hasattr(final, "task_"):
        states = final.task_.given_states(known_labels, extra_labels, len(proba))
        known_labels = states[:, :n_labels]
    return {
        "y_true": y,
        "y_score": proba,
        "known_labels": known_labels,
        "label_names": names,
        "threshold": own_thresholds(final),
    }


def entries_of(y_true, y_score, known_labels, sample_weight, label_names):
    """The Entries of the arguments of ``from_predictions``; raises ValueError or TypeError."""
    n_labels = table_shape(y_true, "y_true")[1]
    names = None if label_names is None else as_names(label_names)
    if names is not None and len(names) != n_labels:
        raise ValueError(f"label_names has {len(names)} names for {n_labels} labels.")
    return read_entries(
        y_true, y_score, known_labels, sample_weight, probabilities=True, names=names
    )
