"""Made sets: labels have the distribution that the set says, and settings do what they say."""

import numpy as np
import pytest

from sklearn_ctran.datasets import make_known_joint

KINDS = ("pairwise", "mixture", "fields")


@pytest.mark.parametrize("kind, n_labels", [("pairwise", 10), ("mixture", 12), ("fields", 8)])
def test_label_sets_have_the_probabilities_that_are_given(kind, n_labels):
    made = make_known_joint(1500, kind=kind, n_labels=n_labels, random_state=0)
    log_proba = made.joint.log_proba(made.data)
    sets = made.joint.label_sets
    codes = made.target @ (1 << np.arange(n_labels))
    np.testing.assert_array_equal(sets[codes], made.target)
    # The log-loss of a distribution on its own draws is its entropy.
    losses = -log_proba[np.arange(len(codes)), codes]
    entropies = -(np.exp(log_proba) * log_proba).sum(axis=1)
    surplus = losses - entropies
    assert abs(surplus.mean()) < 3 * surplus.std() / np.sqrt(len(surplus))
    # Neither nothing nor everything is known of labels from the features.
    marginals = np.exp(log_proba) @ sets
    assert (marginals.std(axis=0) > 0.05).all() and entropies.mean() > 1


def test_shapes_types_and_names():
    made = make_known_joint(7, kind="mixture", n_labels=5, random_state=0)
    assert made.data.shape == (7, 16) and made.data.dtype == np.float32
    assert made.target.shape == (7, 5) and made.target.dtype == np.int64
    assert made.target_names.tolist() == ["label0", "label1", "label2", "label3", "label4"]
    assert made.extra is made.extra_names is made.groups is made.split is None
    assert "7 made rows of 16 features and 5 labels" in made.DESCR


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_makes_the_same_set(kind):
    first, second, other = (
        make_known_joint(20, kind=kind, random_state=seed) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first.data, second.data)
    np.testing.assert_array_equal(first.target, second.target)
    assert not np.array_equal(first.data, other.data)


@pytest.mark.parametrize("kind", ["pairwise", "fields"])
def test_coupling_makes_labels_depend_on_one_another(kind):
    """Without it, a known label says nothing of others, given the features or before them."""
    before = {"noise": 1e6} if kind == "pairwise" else {}  # features that say nothing
    gains = []
    for coupling in (0, 3):
        made = make_known_joint(
            300, kind=kind, n_labels=6, coupling=coupling, random_state=0, **before
        )
        known = made.target.copy()
        known[:, 0] = -1
        alone, told = (
            made.joint.predict_proba(made.data, states)[:, 0] for states in (None, known)
        )
        gains.append(np.abs(told - alone).mean())
    independent, coupled = gains
    assert independent < 1e-5 and coupled > 0.1


@pytest.mark.parametrize("kind", ["pairwise", "mixture"])
def test_noise_hides_labels(kind):
    def mean_surprise(noise):
        made = make_known_joint(300, kind=kind, n_labels=6, noise=noise, random_state=0)
        proba = made.joint.predict_proba(made.data)
        return np.abs(proba - made.target).mean()

    assert mean_surprise(0.3) + 0.05 < mean_surprise(3.0)


@pytest.mark.parametrize(
    "kind, default", [("pairwise", {"coupling": 1.5, "noise": 1.2}), ("mixture", {"noise": 1.3}),
                      ("fields", {"coupling": 1.0})],
)  # fmt: skip
def test_defaults_are_as_documented(kind, default):
    first = make_known_joint(10, kind=kind, random_state=0)
    second = make_known_joint(10, kind=kind, random_state=0, **default)
    np.testing.assert_array_equal(first.data, second.data)
    np.testing.assert_array_equal(first.target, second.target)


@pytest.mark.parametrize("kind, setting", [("mixture", "coupling"), ("fields", "noise")])
def test_a_setting_of_another_kind_is_refused(kind, setting):
    with pytest.raises(ValueError, match=f"kind='{kind}' has no {setting}"):
        make_known_joint(10, kind=kind, **{setting: 1.0})


@pytest.mark.parametrize(
    "argument, value",
    [
        ("n_samples", 0), ("kind", "triples"), ("n_labels", 3), ("n_labels", 17),
        ("coupling", -1), ("noise", 0), ("random_state", "seed"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(argument, value):
    with pytest.raises(ValueError, match=f"'{argument}' parameter"):
        make_known_joint(**{argument: value})
