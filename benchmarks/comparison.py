"""C-Tran against every baseline of this package, on photos and features, with known labels.

Data are Corel5k photos (74 words with at least 50 training photos); MULAN's ``scene``, ``yeast``,
``emotions``, ``flags`` and ``corel5k`` (``corel5k features``: the 74 most frequent words), with
their official splits; and three made sets whose P(labels | features) is known
(``_synthetic.py``), where the exact conditional is a method too. On photos every method gets paths
and reads the same tokens of a frozen MobileNetV2, or their mean; features are standardised on the
training part. The script prints the mean average precision over the unknown labels, with 0 / 25 /
50 / 75 % of each test row's labels known. Known and scored labels are the same for every method.
For made sets it prints the Kullback-Leibler divergence from the exact conditional too. As in the
paper's Table 4, it then predicts 54 of the 74 words with the other 20 as extra labels, of which
none, half or all are known. Figures are means and standard deviations over seeds.

Networks and the masked linear model have their default settings; on photos those that
``rival_settings.py`` has chosen inside the training part, with three candidates for each. Settings
of the other methods are chosen by cross-validation of mAP inside the training part
(``_methods.py``): of the label powerset with nothing and with half the labels known, else with
nothing known. Kernel SVMs and boosted trees choose on at most 1,500 rows. On photos they read 512
and 64 principal components of the 1,280 features, and SVMs 256 of the 499 of ``corel5k features``.
With all of them SVMs are about twice as slow; trees are slower and worse on 256 of a photo's.

``--methods`` runs some of them; with ``--results-dir`` a later run has what earlier ones have done.

At the end methods are ranked over the sets at each share, with a Friedman test and the critical
difference of Nemenyi's test (``_ranks.py``). ``--plot`` draws them. ``--against METHOD`` fits this
method and its best rival at each share again, and prints the 95 % interval of their difference in
mAP, by a bootstrap over test rows. Usage::

    python benchmarks/comparison.py --shared ../shared --json comparison.json --rst comparison.rst

``docs/comparison.rst`` shows its output.
"""

import argparse
import json
import time
from functools import partial
from pathlib import Path
from textwrap import indent

import numpy as np
from _common import describe_machine
from _ranks import bootstrap_difference, plot_ranks, predict_shares, rank_methods, render_ranks
from _sets import EXTRA, SETS, read_set
from _synthetic import EXACT, SYNTHETIC, render_gaps

from sklearn_ctran import compare
from sklearn_ctran.metrics import (
    class_f1,
    hamming_loss,
    mean_average_precision,
    overall_f1,
)

SHARES = (0.0, 0.25, 0.5, 0.75)
METRICS = {
    "mAP": mean_average_precision,
    "CF1": partial(class_f1, zero_division=0),
    "OF1": partial(overall_f1, zero_division=0),
    "Hamming loss": hamming_loss,
}


def main():
    arguments = parse_arguments()
    folder = Path(arguments.shared) / "data"
    machine = describe_machine(arguments.seed)
    comparisons, seconds, intervals = {}, {}, {}
    for name in arguments.sets:
        print(f"\n{name}\n{'-' * len(name)}", flush=True)
        start = time.perf_counter()
        data = read_set(name, folder, arguments.seed, arguments.methods)
        if not data.methods:
            raise SystemExit(f"--methods: {name} has none of {', '.join(arguments.methods)}.")
        is_against = arguments.against and name != EXTRA
        if is_against and arguments.against not in data.methods:
            names = ", ".join(data.methods)
            raise SystemExit(f"--against: there is no {arguments.against!r}, but {names}.")
        comparison = comparisons[name] = run(data, arguments)
        if is_against:
            intervals[name] = compare_with_best(data, comparison, arguments)
        seconds[name] = time.perf_counter() - start
        print_set(name, comparison, seconds[name])
    ranks = rank_over_sets(comparisons)
    if ranks:
        print(render_ranks(ranks))
    print("\n" + ", ".join(f"{key} {value}" for key, value in machine.items()))
    print(f"{sum(seconds.values()) / 60:.0f} minutes in all")
    if arguments.plot:
        plot_ranks(ranks, arguments.plot)
    if arguments.json:
        report = {
            "scores": {name: each.rows for name, each in comparisons.items()},
            "intervals": intervals,
            "ranks": {
                str(share): dict(zip(each.methods, each.mean.tolist(), strict=True))
                for share, each in ranks.items()
            },
            "seconds": seconds,
            **machine,
        }
        Path(arguments.json).write_text(json.dumps(report) + "\n", encoding="utf-8")
    if arguments.rst:
        text = render(comparisons, ranks, seconds, machine)
        Path(arguments.rst).write_text(text, encoding="utf-8")


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS, help="which sets (all)")
    parser.add_argument("--methods", nargs="+", metavar="NAME", help="which methods (all)")
    parser.add_argument("--seeds", type=int, default=2, help="fits of each method (2)")
    parser.add_argument("--draws", type=int, default=5, help="draws of known labels a fit (5)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--results-dir", metavar="DIR", help="keep finished fits here")
    parser.add_argument("--against", metavar="METHOD", help="compare it with its best rivals")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    parser.add_argument("--rst", metavar="FILE", help="write the tables of mAP to this file too")
    parser.add_argument("--plot", metavar="FILE", help="draw the ranks into this file")
    arguments = parser.parse_args()
    if arguments.plot and len({*arguments.sets} - {EXTRA}) < 2:
        parser.error(f"--plot draws ranks over sets: give two --sets or more, besides {EXTRA!r}.")
    arguments.seeds = list(range(arguments.seed, arguments.seed + arguments.seeds))
    return arguments


def run(data, arguments):
    """Compare the methods on a data set."""
    return compare(
        data.methods,
        data.X,
        data.Y,
        split=data.split,
        extra_labels=data.extra_labels,
        known_fractions=SHARES if data.extra_labels is None else 0,
        metrics=METRICS | data.metrics,
        n_draws=arguments.draws,
        results_dir=arguments.results_dir,
        random_state=arguments.seeds,
        verbose=1,
    )


def print_set(name, comparison, seconds):
    """Print the tables of a data set."""
    for metric in comparison.metrics:
        form = {"scale": 1, "digits": 4} if metric == "KL" else {}
        print(comparison.to_markdown(metric, **form))
    if name in SYNTHETIC:
        print(render_gaps(comparison))
    print(f"{seconds:.0f} s", flush=True)


def compare_with_best(data, comparison, arguments):
    """Print and return the intervals of a method's difference to its best rival at each share."""
    name = arguments.against
    # "C-Tran, cells" and "C-Tran, no memory" are no rivals of "C-Tran".
    others = [each for each in data.methods if each.split(",")[0] not in (name, EXACT)]
    rivals = {
        share: max((each for each in others if each in of_share), key=of_share.get)
        for share, of_share in scores_of(comparison).items()
    }
    shares = {name: list(rivals)}
    for share, rival in rivals.items():
        shares.setdefault(rival, []).append(share)
    answers = {
        each: predict_shares(
            data.methods[each], data.X, data.Y, data.split, of_method, arguments.seeds,
            arguments.draws,
        )
        for each, of_method in shares.items()
    }  # fmt: skip
    truth, intervals = data.Y[~data.train], {}
    for share, rival in rivals.items():
        found = bootstrap_difference(truth, answers[name][share], answers[rival][share])
        intervals[str(share)] = {"rival": rival, "interval": found}
        difference, low, high = found
        print(
            f"{100 * share:3.0f} % known: {name} - {rival}: {difference:+.2f} points of mAP, "
            f"95 % between {low:+.2f} and {high:+.2f}"
        )
    return intervals


def scores_of(comparison):
    """Mean mAP, as a dict of share -> dict of method -> score."""
    scores = {}
    for row in comparison.rows:
        if row["metric"] == "mAP" and np.isfinite(row["mean"]):
            scores.setdefault(row["known_fraction"], {})[row["method"]] = row["mean"]
    return scores


def rank_over_sets(comparisons):
    """Rank the methods over all sets but the one of extra labels; share -> Ranks."""
    of_sets = {name: scores_of(each) for name, each in comparisons.items() if name != EXTRA}
    if len(of_sets) < 2:
        return {}
    return {
        share: rank_methods(
            {
                name: {method: score for method, score in scores[share].items() if method != EXACT}
                for name, scores in of_sets.items()
            }
        )
        for share in SHARES
    }


def render(comparisons, ranks, seconds, machine):
    """Render the tables of mAP, distances and ranks as reStructuredText."""
    parts = []
    for name, comparison in comparisons.items():
        parts.append(f"{name}\n{'~' * len(name)}\n\n{comparison.to_rst('mAP')}\n")
        if name in SYNTHETIC:
            parts.append(_as_literal(render_gaps(comparison)))
    if ranks:
        parts.append(f"Ranks\n~~~~~\n{_as_literal(render_ranks(ranks))}")
    described = ", ".join(f"{key} {value}" for key, value in machine.items())
    return "\n".join([*parts, f"{described}; {sum(seconds.values()) / 60:.0f} minutes in all.\n"])


def _as_literal(text):
    return "\n::\n\n" + indent(text.strip("\n"), "    ") + "\n"


if __name__ == "__main__":
    main()
