"""C-Tran against binary relevance and a classifier chain on scenes of handwritten digits.

The digits of a scene tend to come in pairs, and half of them are too faint to be seen. The script
prints the mean average precision over the unknown labels, with 0 / 25 / 50 / 75 % of each test
scene's labels known. It needs no download. Run it with ``make demo``, or::

    python benchmarks/digit_scenes.py --json digit_scenes.json
"""

import argparse

import numpy as np
from _common import (
    PERCENTS_KNOWN,
    compare,
    describe_machine,
    hide_labels,
    make_digit_parts,
    make_rivals,
    print_table,
    score_percent,
    timed,
    write_json,
)
from sklearn.preprocessing import StandardScaler

from sklearn_ctran import CTranClassifier

N_TEST = 1000
# A smaller difference between "partner present" and "partner absent" counts as nothing learned.
SMALLEST_EFFECT = 0.1


def main():
    arguments = parse_arguments()
    seed = arguments.seed
    with timed(f"Composing {arguments.n_train} training scenes and {N_TEST} test scenes"):
        train, test = make_digit_parts(arguments.n_train, N_TEST, seed)
    faint_share = train.is_faint.sum() / train.Y.sum()
    print(f"    {train.Y.sum(axis=1).mean():.1f} digits per scene, {faint_share:.0%} of them faint")

    scaler = StandardScaler().fit(_flatten(train.images))
    pixels = scaler.transform(_flatten(train.images)), scaler.transform(_flatten(test.images))
    # C is the best of 1e-4 to 1e-2 on 500 of 2,000 training scenes.
    rivals = make_rivals(C=3e-4, seed=seed)
    ctran = CTranClassifier(
        backbone="small",
        image_size=None,
        augment=None,  # A mirrored digit is not a digit.
        max_epochs=12,
        random_state=seed,
        verbose=1,
    )
    methods = {
        "binary relevance": (rivals["logistic regression"], *pixels),
        "classifier chain": (rivals["classifier chain"], *pixels),
        "C-Tran": (ctran, train.images, test.images),
    }
    results = compare(methods, train.Y, test.Y, seed)
    lesson = summarise(ctran, test, seed)
    machine = describe_machine(seed)
    print_table(results, machine)
    print(lesson)
    write_json(arguments.json, results, machine, n_train=arguments.n_train, n_test=N_TEST)


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n-train", type=int, default=2000, help="training scenes (2000)")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to this file too")
    return parser.parse_args()


def _flatten(images):
    return images.reshape(len(images), -1) / 255.0


def summarise(ctran, scenes, seed):
    """Describe in one line what was learned, from two interventions on the same test scenes."""
    with timed("Measuring the effect of a digit on its partner"):
        with_partner, without_partner = partner_effect(ctran, scenes.images[:200])
        percent = PERCENTS_KNOWN[-1]
        known = hide_labels(scenes.Y, percent, seed)
        alone = score_percent(scenes.Y, ctran.predict_proba(scenes.images), known)
        told = score_percent(
            scenes.Y, ctran.predict_proba(scenes.images, known_labels=known), known
        )
    learned = with_partner - without_partner > SMALLEST_EFFECT
    claim = "digits come in pairs that sum to nine" if learned else "no pairs of digits"
    return (
        f"What was learned: {claim}. In the same scenes a digit gets probability "
        f"{with_partner:.2f} if its partner is known to be present and {without_partner:.2f} if it "
        f"is known to be absent. With {percent} % of the labels known, the mAP of the others goes "
        f"from {alone:.1f} to {told:.1f}."
    )


def partner_effect(ctran, images):
    """Return the mean probability of a digit with its partner known to be present, and absent."""
    effect = []
    for state in (1, 0):
        probabilities = []
        for digit in range(10):
            known = np.full((len(images), 10), -1)
            known[:, 9 - digit] = state
            probabilities.append(ctran.predict_proba(images, known_labels=known)[:, digit].mean())
        effect.append(float(np.mean(probabilities)))
    return effect


if __name__ == "__main__":
    main()
