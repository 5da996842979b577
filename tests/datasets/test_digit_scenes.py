"""Digit scenes: what is drawn, what the labels say, how digits come together."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.datasets import load_digits

from sklearn_ctran.datasets import make_digit_scenes


def test_shapes_and_types():
    scenes = make_digit_scenes(7, random_state=0)
    assert scenes.images.shape == (7, 32, 32)
    assert scenes.images.dtype == np.uint8
    assert scenes.Y.shape == (7, 10)
    assert scenes.Y.dtype == np.int64
    assert set(np.unique(scenes.Y)) == {0, 1}
    assert list(scenes.label_names) == list("0123456789")
    assert "sum to nine" in scenes.DESCR


def test_same_seed_same_scenes():
    first, again, other = (make_digit_scenes(20, random_state=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.images, again.images)
    np.testing.assert_array_equal(first.Y, again.Y)
    assert not np.array_equal(first.images, other.images)


def test_global_generator_is_left_alone():
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    make_digit_scenes(5, random_state=3)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_train_and_test_share_no_handwriting():
    used = {
        subset: np.unique(make_digit_scenes(3000, subset=subset, random_state=0).digit_rows)
        for subset in ("train", "test", "all")
    }
    train, test = (used[subset][used[subset] >= 0] for subset in ("train", "test"))
    assert not np.intersect1d(train, test).size
    # 3,000 scenes hold about 10,000 digits, so nearly every handwriting was drawn.
    assert len(train) == pytest.approx(0.7 * 1797, rel=0.02)
    assert len(test) == pytest.approx(0.3 * 1797, rel=0.02)
    assert len(used["all"]) > len(train)


def test_a_split_is_made_of_the_handwriting_of_both_subsets():
    scenes = make_digit_scenes(1000, subset="split", random_state=0)
    assert scenes.split.tolist() == ["train"] * 700 + ["test"] * 300
    for subset in ("train", "test"):
        rows = scenes.digit_rows[scenes.split == subset]
        own = make_digit_scenes(9000, subset=subset, random_state=1).digit_rows
        assert np.isin(rows, own).all()
    assert make_digit_scenes(5, subset="train", random_state=0).split is None


def test_scenes_have_the_names_of_published_sets_too():
    scenes = make_digit_scenes(5, random_state=0)
    assert scenes.target is scenes.Y and scenes.target_names is scenes.label_names
    assert scenes.extra is scenes.extra_names is None
    assert scenes.groups["3 and 6"] == ("3", "6") and len(scenes.groups) == 5


def test_handwriting_shows_the_digit_of_its_label():
    scenes = make_digit_scenes(200, random_state=0)
    present = scenes.Y == 1
    np.testing.assert_array_equal(scenes.digit_rows >= 0, present)
    written = load_digits().target[scenes.digit_rows[present]]
    np.testing.assert_array_equal(written, np.nonzero(present)[1])


@pytest.mark.parametrize("image_size, zoom", [(24, 1), (32, 1), (64, 2)])
def test_present_digits_are_on_the_canvas_and_nothing_else(image_size, zoom):
    scenes = make_digit_scenes(10, image_size=image_size, noise=0, faint_share=0, random_state=0)
    digits = np.kron(load_digits().images, np.ones((zoom, zoom)))
    side = 8 * zoom
    for image, rows in zip(scenes.images.astype(float), scenes.digit_rows, strict=True):
        unexplained = image - image.min()
        for digit in digits[rows[rows >= 0]]:
            windows = sliding_window_view(image, (side, side))
            match = _correlation(windows, digit)
            top, left = np.unravel_index(match.argmax(), match.shape)
            assert match[top, left] > 0.995
            unexplained[top : top + side, left : left + side] = 0
        assert unexplained.max() == 0


def _correlation(windows, template):
    """Correlation of a template with each window, 0 where a window is flat."""
    windows = windows - windows.mean(axis=(-2, -1), keepdims=True)
    template = template - template.mean()
    norm = np.sqrt((windows**2).sum(axis=(-2, -1)) * (template**2).sum())
    product = (windows * template).sum(axis=(-2, -1))
    return np.divide(product, norm, out=np.zeros_like(product), where=norm > 0)


@pytest.mark.parametrize("togetherness", [0.0, 0.8, 1.0])
def test_co_occurrence_is_as_documented(togetherness):
    Y = make_digit_scenes(8000, togetherness=togetherness, random_state=0).Y
    assert Y.mean(axis=0) == pytest.approx(0.2 * (1 + togetherness), abs=0.03)
    for digit in range(10):
        with_partner = Y[Y[:, 9 - digit] == 1, digit]
        without_partner = Y[Y[:, 9 - digit] == 0, digit]
        expected = 2 * togetherness / (1 + togetherness)
        assert with_partner.mean() == pytest.approx(expected, abs=0.03)
        expected = (1 - togetherness) / (4 - togetherness)
        assert without_partner.mean() == pytest.approx(expected, abs=0.03)


def test_one_to_three_pairs_per_scene():
    Y = make_digit_scenes(3000, random_state=0).Y
    n_pairs = np.maximum(Y, Y[:, ::-1])[:, :5].sum(axis=1)
    values, counts = np.unique(n_pairs, return_counts=True)
    assert list(values) == [1, 2, 3]
    assert counts / 3000 == pytest.approx(1 / 3, abs=0.04)


def test_share_of_faint_digits():
    scenes = make_digit_scenes(2000, faint_share=0.3, random_state=0)
    assert not scenes.is_faint[scenes.Y == 0].any()
    assert scenes.is_faint[scenes.Y == 1].mean() == pytest.approx(0.3, abs=0.03)


def test_faint_digits_drown_in_the_noise():
    clear, faint = (
        make_digit_scenes(50, faint_share=share, random_state=0).images for share in (0, 1)
    )
    assert clear.max(axis=(1, 2)).mean() > faint.max(axis=(1, 2)).mean() + 40


@pytest.mark.parametrize(
    "argument, value",
    [
        ("n_samples", 0),
        ("n_samples", 1.5),
        ("subset", "validation"),
        ("image_size", 23),
        ("togetherness", 1.1),
        ("faint_share", -0.1),
        ("noise", -1),
        ("random_state", "seed"),
    ],
)
def test_wrong_arguments_are_named(argument, value):
    with pytest.raises(ValueError, match=f"'{argument}' parameter"):
        make_digit_scenes(**{argument: value})
