"""Ranks of methods over sets, whether they differ by more than chance, and paired bootstraps.

Ranks, the Friedman test and the critical difference of Nemenyi's test are those of J. Demsar:
Statistical Comparisons of Classifiers over Multiple Data Sets. JMLR 7, 2006.
"""

from dataclasses import dataclass

import numpy as np
from _common import seeded
from scipy.stats import friedmanchisquare, rankdata, studentized_range

from sklearn_ctran.metrics._known import draw_known_labels

#: Between the seeds of draws, as in ``sklearn_ctran.compare``.
_DRAW_STEP = 1_000_003


@dataclass(frozen=True)
class Ranks:
    """Ranks of methods over sets at one share of known labels.

    Attributes
    ----------
    methods : list of str
        Best first: those that have a score on every set.
    mean : ndarray of shape (n_methods,)
        Mean rank of each method; 1 is best.
    p_value : float
        Of the Friedman test: how probable ranks as different as these are if all methods are alike.
    critical_difference : float
        Methods whose mean ranks differ by less do not differ (Nemenyi's test at 5 %).
    n_sets : int
    """

    methods: list
    mean: np.ndarray
    p_value: float
    critical_difference: float
    n_sets: int


def rank_methods(scores, alpha=0.05):
    """Rank methods by their scores, a dict of set -> dict of method -> score, higher is better.

    Methods without a score on one of the sets are left out, since ranks among fewer methods are
    not comparable. Raises ValueError if fewer than 3 methods or 2 sets are left.
    """
    in_all = set.intersection(*(set(of_set) for of_set in scores.values()))
    methods = [name for name in next(iter(scores.values())) if name in in_all]
    if len(methods) < 3 or len(scores) < 2:
        raise ValueError(
            f"Ranks need 3 methods that have a score on all of 2 sets or more; there are "
            f"{len(methods)} on {len(scores)} sets."
        )
    table = np.array([[of_set[name] for name in methods] for of_set in scores.values()])
    mean = rankdata(-table, axis=1).mean(axis=0)
    order = np.argsort(mean, kind="stable")
    return Ranks(
        methods=[methods[position] for position in order],
        mean=mean[order],
        p_value=float(friedmanchisquare(*table.T).pvalue),
        critical_difference=critical_difference(len(methods), len(scores), alpha),
        n_sets=len(scores),
    )


def critical_difference(n_methods, n_sets, alpha=0.05):
    """The difference of mean ranks from which on two methods differ (Nemenyi's test)."""
    q = studentized_range.ppf(1 - alpha, n_methods, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(n_methods * (n_methods + 1) / (6 * n_sets)))


def groups_alike(ranks):
    """First and last position of each longest run of methods that do not differ."""
    runs = []
    for first, rank in enumerate(ranks.mean):
        within = np.flatnonzero(ranks.mean - rank < ranks.critical_difference)
        last = int(within.max())
        if last > first and (not runs or last > runs[-1][1]):
            runs.append((first, last))
    return runs


def render_ranks(by_share):
    """Render mean ranks, one row per method, of a dict of share -> Ranks."""
    methods = sorted(
        next(iter(by_share.values())).methods,
        key=lambda name: sum(each.mean[each.methods.index(name)] for each in by_share.values()),
    )
    width = max(map(len, [*methods, "critical difference"]))
    lines = [
        f"\nMean rank over {next(iter(by_share.values())).n_sets} sets, by share known\n",
        " " * width + "".join(f"{100 * share:6.0f} %" for share in by_share),
    ]
    for name in methods:
        cells = (f"{each.mean[each.methods.index(name)]:8.2f}" for each in by_share.values())
        lines.append(f"{name:{width}}{''.join(cells)}")
    for title, form, attribute in (
        ("critical difference", "8.2f", "critical_difference"),
        ("Friedman's p", "8.1g", "p_value"),
    ):
        cells = (f"{getattr(each, attribute):{form}}" for each in by_share.values())
        lines.append(f"{title:{width}}{''.join(cells)}")
    return "\n".join(lines)


def plot_ranks(by_share, path):
    """Draw a critical-difference diagram for each share into a file; needs matplotlib."""
    from matplotlib.figure import Figure  # not needed for anything else

    n_methods = max(len(each.methods) for each in by_share.values())
    height = 1.2 + 0.17 * n_methods
    figure = Figure(figsize=(9, height * len(by_share)), layout="constrained")
    for axes, (share, ranks) in zip(
        np.atleast_1d(figure.subplots(len(by_share))), by_share.items(), strict=True
    ):
        _draw_ranks(axes, ranks)
        axes.set_title(f"mean ranks over {ranks.n_sets} sets, {100 * share:.0f} % known", size=9)
    figure.savefig(path)


def _draw_ranks(axes, ranks):
    """Methods on a line of ranks, better half named on the left; bars join those that are alike."""
    n_methods = len(ranks.methods)
    half = (n_methods + 1) // 2
    runs = groups_alike(ranks)
    floor = -0.5 - 0.25 * len(runs)  # below the bars
    axes.set(xlim=(0, n_methods + 1), ylim=(floor - half, 1.6))
    axes.axis("off")
    axes.hlines(0, 1, n_methods, color="black", linewidth=1)
    for rank in range(1, n_methods + 1):
        axes.vlines(rank, 0, 0.15, color="black", linewidth=1)
        axes.text(rank, 0.25, str(rank), ha="center", va="bottom", size=7)
    for position, (name, rank) in enumerate(zip(ranks.methods, ranks.mean, strict=True)):
        is_left = position < half
        y = floor - (position if is_left else n_methods - 1 - position)
        end = 0.9 if is_left else n_methods + 0.1
        axes.plot([rank, rank, end], [0, y, y], color="grey", linewidth=0.8)
        axes.text(
            end, y, f" {name} ({rank:.2f}) ", ha="right" if is_left else "left", va="center", size=7
        )
    for number, (first, last) in enumerate(runs):
        y = -0.3 - 0.25 * number
        axes.hlines(
            y, ranks.mean[first] - 0.05, ranks.mean[last] + 0.05, color="black", linewidth=3
        )
    axes.hlines(1.2, 1, 1 + ranks.critical_difference, color="black", linewidth=2)
    axes.text(1, 1.3, f"CD = {ranks.critical_difference:.2f}", va="bottom", size=7)


def predict_shares(estimator, X, Y, split, shares, seeds, n_draws=1):
    """Fit a method for each seed; return share -> list of (known labels, probabilities).

    Seeds, known labels and thus the probabilities are those of ``sklearn_ctran.compare`` with the
    same arguments, which keeps scores only. Every method has the same known labels. `X` is an
    array or a list.
    """
    train, test = split
    answers = {share: [] for share in shares}
    for seed in seeds:
        model = seeded(estimator, seed).fit(_take(X, train), Y[train])
        for share in shares:
            for draw in range(n_draws if share else 1):
                known = draw_known_labels(Y[test], share, (seed + draw * _DRAW_STEP) % 2**32)
                proba = model.predict_proba(_take(X, test), known_labels=known)
                answers[share].append((known, proba))
    return answers


def _take(X, rows):
    return [X[row] for row in rows] if isinstance(X, list) else X[rows]


def bootstrap_difference(Y, answers, other_answers, n_resamples=1000, seed=0, level=0.95):
    """Difference in mAP between two methods, and its interval over samples of the test rows.

    Parameters
    ----------
    Y : ndarray of shape (n_rows, n_labels), or a list of them
        True labels of the test rows; a list has those of each answer, all of as many rows.
    answers, other_answers : list of (known_labels, probabilities)
        Of each method, with the same known labels, as :func:`predict_shares` returns them. The
        difference is the mean over the list.
    n_resamples : int, default=1000
        How often as many rows are drawn with replacement, the same ones for both methods.

    Returns
    -------
    difference, low, high : float
        In points (percent): of all rows, and the interval of the resamples.
    """
    for (known, _), (other_known, _) in zip(answers, other_answers, strict=True):
        if not np.array_equal(known, other_known):
            raise ValueError("The two methods had other labels known: their scores are no pair.")
    n_rows = len(answers[0][1])
    rows = np.random.RandomState(seed).randint(n_rows, size=(n_resamples, n_rows))
    counts = np.stack([np.bincount(each, minlength=n_rows) for each in rows])
    counts = np.vstack([np.ones(n_rows), counts])
    differences = mean_precisions(Y, answers, counts) - mean_precisions(Y, other_answers, counts)
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(differences[1:], [tail, 100 - tail])
    return tuple(float(100 * each) for each in (differences[0], low, high))


def mean_precisions(Y, answers, counts):
    """Mean over `answers` of the mAP in which each row counts as often as `counts` says.

    `Y` is as in :func:`bootstrap_difference`. `counts` is (n_resamples, n_rows); the result
    (n_resamples,).
    """
    truths = Y if isinstance(Y, list) else [Y] * len(answers)
    pairs = zip(truths, answers, strict=True)
    return np.mean([_precisions(truth, *answer, counts) for truth, answer in pairs], axis=0)


def _precisions(Y, known, proba, counts):
    """mAP of each resample: the mean over labels that have a positive in it."""
    by_label = []
    for label in range(Y.shape[1]):
        hidden = np.flatnonzero((known[:, label] < 0) & (Y[:, label] >= 0))
        by_label.append(
            _average_precisions(Y[hidden, label], proba[hidden, label], counts[:, hidden])
        )
    return np.nanmean(by_label, axis=0)


def _average_precisions(truth, score, counts):
    """Average precision (n_resamples,) of one label; NaN where no positive counts."""
    if not len(truth):
        return np.full(len(counts), np.nan)
    order = np.argsort(-score, kind="stable")
    truth, score, counts = truth[order], score[order], counts[:, order]
    # Rows of equal scores are one step.
    last = np.append(score[1:] != score[:-1], True)
    positives = np.cumsum(counts * truth, axis=1)[:, last]
    total = np.cumsum(counts, axis=1)[:, last]
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(total > 0, positives / total, 0.0)
        recall = positives / positives[:, -1:]
    steps = np.diff(recall, axis=1, prepend=0)
    return (steps * precision).sum(axis=1)
