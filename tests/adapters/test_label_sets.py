"""Label sets, of a distribution that is known exactly."""

import itertools

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from sklearn_ctran._adapters import label_sets
from sklearn_ctran._adapters.questions import Questions
from sklearn_ctran._rules.reading import read_rules
from sklearn_ctran._task import LabelTask

SETS = np.array(list(itertools.product([0, 1], repeat=4)))


def questions(model, known_labels=None):
    return Questions(model, np.arange(len(model.joint)), known_labels)


def test_a_wide_beam_finds_the_most_probable_sets(exact_model):
    model = exact_model(n_images=50)
    found = label_sets.decode(questions(model), beam_width=16)
    np.testing.assert_array_equal(found, SETS[model.joint.argmax(axis=1)])
    assert found.dtype == np.int64


def test_greedy_decoding_fixes_the_most_confident_label_and_asks_again(exact_model):
    model = exact_model(n_images=50, sharpness=1.0)
    found = label_sets.decode(questions(model), beam_width=1)
    for image, labels in enumerate(found):
        known = np.full((1, 4), -1)
        while (known < 0).any():
            p = model.predict_proba(np.array([image]), known)[0]
            label = np.where(known[0] < 0, np.abs(p - 0.5), -1).argmax()
            known[0, label] = p[label] > 0.5
        np.testing.assert_array_equal(labels, known[0])
    probability = model.joint[np.arange(50), (found[:, None] == SETS).all(axis=2).argmax(axis=1)]
    independent = model.predict_proba(np.arange(50), np.full((50, 4), -1)) > 0.5
    at = (independent[:, None] == SETS).all(axis=2).argmax(axis=1)
    assert probability.mean() > model.joint[np.arange(50), at].mean()


def test_a_wider_beam_finds_no_less_probable_sets(exact_model):
    model = exact_model(n_images=200, seed=1)
    means = []
    for width in (1, 2, 16):
        found = label_sets.decode(questions(model), beam_width=width)
        at = (found[:, None] == SETS).all(axis=2).argmax(axis=1)
        means.append(model.joint[np.arange(200), at].mean())
    assert means[0] < means[1] <= means[2]


def test_decoding_keeps_what_is_known(exact_model):
    model = exact_model()
    known = np.array([[1, -1, -1, 0], [-1] * 4, [0, 1, 1, 0]])
    found = label_sets.decode(questions(model, known), beam_width=16)
    for image in range(3):
        agrees = ((known[image] == SETS) | (known[image] < 0)).all(axis=1)
        expected = SETS[(model.joint[image] * agrees).argmax()]
        np.testing.assert_array_equal(found[image], expected)


def test_labels_that_are_certain_cost_one_question_together(exact_model):
    model = exact_model(n_images=1, sharpness=50)
    assert label_sets.decode(questions(model), 1).tolist() == [
        SETS[model.joint[0].argmax()].tolist()
    ]
    assert model.n_asked == 1


def test_labels_under_rules_are_not_fixed_together():
    """None of 150 exclusive labels is likely, but one must be there."""
    n_labels = 150
    logits = np.random.RandomState(0).randn(4, n_labels).astype(np.float32) * 0.1
    rules = read_rules(np.arange(n_labels), classes=n_labels)

    class OneOfMany(BaseEstimator):
        label_names_ = np.arange(n_labels)

        def __init__(self):
            classes = np.tile([0, 1], (n_labels, 1))
            self.task_ = LabelTask(self.label_names_, classes, False, np.array([]), rules)

        def fit(self, X, y):
            return self

        def predict_proba(self, X, known_labels):
            return rules.probabilities(logits[X], rules.propagate(known_labels))

    for width in (1, 2):
        found = label_sets.decode(Questions(OneOfMany(), np.arange(4)), width)
        assert (found.sum(axis=1) == 1).all()


@pytest.mark.parametrize("n_sweeps, blocks", [(0, []), (1, []), (1, [(0, 2)])])
def test_samples_are_distributed_like_the_joint(exact_model, n_sweeps, blocks):
    model = exact_model()
    rng = np.random.RandomState(0)
    asked = questions(model)
    asked.components = blocks
    labels = label_sets.sample(asked, 4000, n_sweeps, rng)
    assert labels.shape == (3, 4000, 4)
    assert labels.dtype == np.int64
    for image in range(3):
        counts = (labels[image][:, None] == SETS).all(axis=2).mean(axis=0)
        np.testing.assert_allclose(counts, model.joint[image], atol=0.03)


def test_sweeps_mend_samples_of_conditionals_that_begin_wrong(exact_model):
    """Without sweeps labels are drawn from wrong first conditionals, with sweeps from the last."""

    class Biased(exact_model):
        def predict_proba(self, X, known_labels=None, extra_labels=None):
            proba = super().predict_proba(X, known_labels)
            few_known = (known_labels >= 0).sum(axis=1, keepdims=True) < 3
            return np.where(few_known, 0.99, proba)

    model = Biased(sharpness=0.5)
    errors = []
    for n_sweeps in (0, 4):
        labels = label_sets.sample(questions(model), 500, n_sweeps, np.random.RandomState(0))
        marginals = model.joint @ SETS
        errors.append(np.abs(labels.mean(axis=1) - marginals).mean())
    assert errors[1] < 0.5 * errors[0]


def test_blocks_are_forgotten_together(exact_model):
    """Two labels that are always equal never change one by one, but do together."""
    model = exact_model(n_images=1)
    model.joint[:] = np.where((SETS[:, 0] == SETS[:, 1]), 1.0, 0.0) / 8
    stuck = label_sets.sample(questions(model), 300, 3, np.random.RandomState(0))
    assert (stuck[..., 0] == stuck[..., 1]).all()
    seen = []

    class Watching(exact_model):
        def predict_proba(self, X, known_labels=None, extra_labels=None):
            seen.append(np.asarray(known_labels).copy())
            return super().predict_proba(X, known_labels)

    asked = questions(Watching(n_images=1))
    asked.components = [(0, 1)]
    label_sets.sample(asked, 1, 1, np.random.RandomState(0))
    sweep = np.concatenate(seen[4:])
    assert (sweep[:, :2] < 0).all(axis=1).sum() == 1


def test_samples_keep_what_is_known(exact_model):
    known = np.array([[1, -1, -1, 0], [-1] * 4, [0, 1, 1, 0]])
    labels = label_sets.sample(questions(exact_model(), known), 20, 1, np.random.RandomState(0))
    told = np.broadcast_to((known >= 0)[:, None], labels.shape)
    assert (labels == known[:, None])[told].all()


def test_pseudo_log_likelihood(exact_model):
    model = exact_model()
    sets = np.array([[1, 0, 1, 1], [0, 0, 1, 0], [1, -1, 0, 1]])
    scores = label_sets.pseudo_log_likelihood(questions(model, sets))
    for image, labels in enumerate(sets):
        for label in range(4):
            if labels[label] < 0:
                assert np.isnan(scores[image, label])
                continue
            hidden = np.where(np.arange(4) == label, -1, labels)
            p = model.predict_proba(np.array([image]), hidden[None])[0, label]
            expected = np.log(p if labels[label] else 1 - p)
            assert scores[image, label] == pytest.approx(expected, abs=1e-6)
