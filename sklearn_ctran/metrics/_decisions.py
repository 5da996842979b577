"""From probabilities to predicted labels: thresholds and top-k."""

import numpy as np

from sklearn_ctran._utils.checks import check_count


def decide(entries, threshold, top_k):
    """Whether each entry counts and is predicted, (n_samples, n_labels), bool.

    An entry is predicted if its probability is above the threshold, as in ``predict``, and, if
    `top_k` is given, among the `top_k` highest that count in the row. Of equal scores the first
    columns are taken. `threshold`, a number or (n_labels,), is in [0, 1], `top_k` in [1, n_labels];
    otherwise ValueError is raised.
    """
    n_labels = entries.score.shape[1]
    predicted = (entries.score > read_threshold(threshold, n_labels)) & entries.counted
    if top_k is None:
        return predicted
    check_count("top_k", top_k)
    if top_k > n_labels:
        raise ValueError(f"top_k is {top_k}, but there are only {n_labels} labels.")
    return predicted & _highest(np.where(entries.counted, entries.score, -np.inf), top_k)


def read_threshold(threshold, n_labels):
    """Check a threshold, a number or (n_labels,), and repeat it for all labels, float64.

    Raises ValueError if the shape is another or a value is not in [0, 1].
    """
    try:
        values = np.asarray(threshold, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"threshold must be a number, or one per label: {error}.") from error
    if values.shape not in ((), (n_labels,)):
        raise ValueError(
            f"threshold must be one number, or one for each of {n_labels} labels, got shape "
            f"{values.shape}."
        )
    values = np.broadcast_to(values, (n_labels,))
    wrong = ~((values >= 0) & (values <= 1))
    if wrong.any():
        label = int(np.argmax(wrong))
        raise ValueError(f"threshold must be in [0, 1], got {values[label]:g} for label {label}.")
    return values


def _highest(score, k):
    """Mask of exactly the k highest of each row; a partition is faster than sorting."""
    least = np.partition(score, -k, axis=1)[:, [-k]]
    above, tied = score > least, score == least
    left = k - above.sum(axis=1, keepdims=True)
    return above | (tied & (tied.cumsum(axis=1) <= left))
