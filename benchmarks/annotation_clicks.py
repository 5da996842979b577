"""Clicks that an annotator of Corel5k photos needs, with a model beside the form and without one.

A simulated annotator, who makes no mistake, labels the 499 test photos with 74 words. A click ticks
a box, clears one, or answers a question. C-Tran with default settings is fitted on the 4,500
training photos (tokens of a frozen MobileNetV2). The desks are:

- empty form: every true label is a click;
- prefilled once: labels above 0.5 are ticked. The annotator clears wrong ticks, then ticks what is
  missing. With calibrated probabilities 0.5 makes the expected clicks fewest;
- prefilled again: the same, but once no wrong tick is left, what is ticked and what was cleared is
  known to the model, and the other boxes are filled in anew, after each click;
- questions (suggest, uncertain): the model asks about one label after the other, a click answers,
  and the boxes that were not asked about are filled in anew. Labels are chosen by `suggest_labels`,
  or by the probability that is nearest to 0.5.

Each round is one click on each photo that is not done. Printed are the clicks per photo until 95 %
of all true labels are ticked and 95 % of all ticks are true, and until every photo is right, or as
far as the last round came. Clicks within a round are interpolated. Usage::

    python benchmarks/annotation_clicks.py --shared ../shared --json annotation_clicks.json

A sample of its output (AMD EPYC with AVX-512 BF16, seed 0; 2.65 true labels per photo)::

                                   before                 clicks to       clicks       photos
                                   recall    precision         95 %       in all    right (%)
    empty form                        0.0          0.0         2.52         2.65        100.0
    prefilled once                   52.9         79.4         1.48         1.61        100.0
    prefilled again                  52.9         79.4         1.45         1.59        100.0
    questions (suggest)              52.9         79.4  not reached        10.47         70.2
    questions (uncertain)            52.9         79.4         4.68         5.54         96.6

Ticks are cheap where photos have few labels: a question costs a click too, and most answers are no.
But nobody has to look through 74 boxes for it. Adding a label's own entropy to the gain that
`suggest_labels` computes makes its questions about as good as the most uncertain ones (4.82).
"""

import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from _common import describe_machine, timed
from corel5k import compute_tokens, read_corel5k

from sklearn_ctran import CTranClassifier
from sklearn_ctran.inspection import suggest_labels

THRESHOLD = 0.5
ENOUGH = 0.95


def main():
    arguments = parse_arguments()
    folder = Path(arguments.shared) / "data"
    paths, Y, train, words = read_corel5k(folder / "corel5k")
    train = train.astype(bool)
    with timed("Computing image tokens"):
        tokens = compute_tokens(paths, folder / "weights" / "mobilenet_v2-imagenet.pth", 224)
    with timed("Fitting C-Tran"):
        model = CTranClassifier(None, random_state=arguments.seed)
        model.fit(tokens[train], Y[train])
    truth = Y[~train].astype(bool)
    print(f"{len(truth)} photos, {truth.sum(axis=1).mean():.2f} true labels of {len(words)} each")
    photos = model.encode(tokens[~train])
    campaigns = {}
    for name, desk in DESKS.items():
        with timed(name):
            rng = np.random.RandomState(arguments.seed)
            campaigns[name] = run(desk(model, photos, truth, rng), arguments.rounds)
    machine = describe_machine(arguments.seed)
    print_table(campaigns)
    print("\n" + ", ".join(f"{key} {value}" for key, value in machine.items()))
    if arguments.json:
        write_report(arguments.json, campaigns, machine)


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", required=True, help="folder that holds data/")
    parser.add_argument("--rounds", type=int, default=25, help="most clicks on a photo (25)")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


class EmptyForm:
    """A form whose boxes stay as the annotator leaves them.

    Attributes
    ----------
    ticked : ndarray of shape (n_photos, n_labels), bool
        The form of each photo as it is now.
    clicked : ndarray of the same shape, bool
        The boxes that the annotator has clicked or answered for.
    """

    def __init__(self, model, photos, truth, rng):
        self.model, self.photos, self.truth, self.rng = model, photos, truth, rng
        self.clicked = np.zeros_like(truth)
        self.ticked = self.prefill()

    def prefill(self):
        """The form before the first click."""
        return np.zeros_like(self.truth)

    def click(self):
        """Correct one box of each photo that has a wrong one, wrong ticks first; count them."""
        wrong = self.ticked != self.truth
        priority = self.rng.random_sample(wrong.shape) + self.ticked
        box = np.where(wrong, priority, -1).argmax(axis=1)
        rows = np.flatnonzero(wrong.any(axis=1))
        self.set(rows, box[rows])
        return len(rows)

    def set(self, rows, boxes):
        """Set one box of each of these photos to the truth, by a click."""
        self.ticked[rows, boxes] = self.truth[rows, boxes]
        self.clicked[rows, boxes] = True

    def predict(self, rows, known):
        """Probabilities for these photos, given states of their labels: 1, 0 and -1."""
        return self.model.predict_proba(self.photos[rows], known_labels=known)


class PrefilledOnce(EmptyForm):
    """A form that the model has filled in before the annotator sees it."""

    def prefill(self):
        return self.model.predict_proba(self.photos) >= THRESHOLD


class PrefilledAgain(PrefilledOnce):
    """A form whose other boxes are filled in anew after each click."""

    def click(self):
        before = self.clicked.sum(axis=1)
        n_clicks = super().click()
        is_asking = (self.clicked.sum(axis=1) > before) & ~(self.ticked & ~self.truth).any(axis=1)
        rows = np.flatnonzero(is_asking)
        if len(rows):
            known = np.where(self.ticked | self.clicked, self.ticked.astype(int), -1)[rows]
            proba = self.predict(rows, known)
            self.ticked[rows] = np.where(known == -1, proba >= THRESHOLD, known == 1)
        return n_clicks


class Questions(PrefilledOnce):
    """A form whose clicks answer questions, one after the other."""

    def prefill(self):
        self.proba = self.model.predict_proba(self.photos)
        return self.proba >= THRESHOLD

    def click(self):
        rows = np.flatnonzero(~self.clicked.all(axis=1) & (self.ticked != self.truth).any(axis=1))
        if len(rows):
            self.set(rows, self.choose(rows, self.known(rows)))
            known = self.known(rows)
            self.proba[rows] = self.predict(rows, known)
            self.ticked[rows] = np.where(known == -1, self.proba[rows] >= THRESHOLD, known == 1)
        return len(rows)

    def known(self, rows):
        """The answers so far, -1 where nothing was asked."""
        return np.where(self.clicked, self.truth.astype(int), -1)[rows]

    def choose(self, rows, known):
        """The label that each photo's question is about."""
        positions = suggest_labels(self.model, self.photos[rows], known).positions[:, 0]
        # No question is left where every other label is sure: the first one will do.
        return np.where(positions >= 0, positions, (known == -1).argmax(axis=1))


class UncertainQuestions(Questions):
    """Questions about the label whose probability is nearest to 0.5."""

    def choose(self, rows, known):
        distance = np.abs(self.proba[rows] - 0.5)
        return np.where(known == -1, distance, np.inf).argmin(axis=1)


DESKS = {
    "empty form": EmptyForm,
    "prefilled once": PrefilledOnce,
    "prefilled again": PrefilledAgain,
    "questions (suggest)": Questions,
    "questions (uncertain)": UncertainQuestions,
}


@dataclass
class Campaign:
    """What became of all forms, after each round.

    Attributes
    ----------
    clicks : list of float
        Clicks per photo so far.
    recall, precision : list of float
        Share of true labels that are ticked, and of ticks that are true; in [0, 1].
    complete : list of float
        Share of photos without a wrong box; in [0, 1].
    """

    clicks: list = field(default_factory=list)
    recall: list = field(default_factory=list)
    precision: list = field(default_factory=list)
    complete: list = field(default_factory=list)

    def note(self, form, n_clicks):
        """Note how the forms are now."""
        right = (form.ticked & form.truth).sum()
        self.clicks.append(n_clicks / len(form.truth))
        self.recall.append(right / form.truth.sum())
        self.precision.append(right / max(form.ticked.sum(), 1))
        self.complete.append((form.ticked == form.truth).all(axis=1).mean())

    def clicks_until_enough(self):
        """Clicks per photo until recall and precision stay at 0.95; NaN if they did not."""
        return max(_crossing(self.clicks, self.recall), _crossing(self.clicks, self.precision))


def _crossing(clicks, share):
    """Clicks from which on a share stays at ENOUGH or above; NaN if it ends below."""
    share = np.asarray(share)
    below = np.flatnonzero(share < ENOUGH)
    if not len(below):
        return clicks[0]
    last = below[-1]
    if last == len(share) - 1:
        return np.nan
    return float(np.interp(ENOUGH, share[last : last + 2], clicks[last : last + 2]))


def run(form, n_rounds):
    """Click until every form is right, or for so many rounds."""
    campaign, total = Campaign(), 0
    campaign.note(form, total)
    for _ in range(n_rounds):
        n_clicks = form.click()
        if not n_clicks:
            break
        total += n_clicks
        campaign.note(form, total)
    return campaign


def print_table(campaigns):
    """Print a row for each desk."""
    columns = ("before", "", "clicks to", "clicks", "photos")
    units = ("recall", "precision", "95 %", "in all", "right (%)")
    for header in (columns, units):
        print(f"\n{'':24}" + "".join(f"{cell:>13}" for cell in header), end="")
    print()
    for name, campaign in campaigns.items():
        enough = campaign.clicks_until_enough()
        print(
            f"{name:24}{100 * campaign.recall[0]:>13.1f}{100 * campaign.precision[0]:>13.1f}"
            f"{'not reached' if np.isnan(enough) else f'{enough:.2f}':>13}"
            f"{campaign.clicks[-1]:>13.2f}{100 * campaign.complete[-1]:>13.1f}"
        )


def write_report(path, campaigns, machine):
    """Write every curve as JSON."""
    curves = {
        name: vars(campaign) | {"clicks_until_enough": campaign.clicks_until_enough()}
        for name, campaign in campaigns.items()
    }
    Path(path).write_text(json.dumps({"desks": curves, **machine}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
