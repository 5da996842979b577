"""The parts of a fine-tuned model that are scored, and how digit scenes are moved."""

import numpy as np
import pytest
import torch


def test_parts_are_the_models_and_mix_with_the_memory_of_frozen_tokens():
    from fine_tuning import MEMORY_SHARE, parts_of

    rng = np.random.RandomState(0)
    network, memory, frozen_network, frozen_memory = rng.normal(size=(4, 5, 3))

    def whole(of_network, of_memory):
        return (1 - MEMORY_SHARE) * of_network + MEMORY_SHARE * of_memory

    answers = {50: [whole(network, memory), network]}
    frozen = {50: [whole(frozen_network, frozen_memory), frozen_network]}
    parts = parts_of(answers, frozen)
    np.testing.assert_allclose(parts[", memory alone"][50], memory)
    np.testing.assert_allclose(parts[", network alone"][50], network)
    mixed = parts[", memory of frozen tokens"][50]
    np.testing.assert_allclose(mixed, whole(network, frozen_memory))
    assert ", memory of frozen tokens" not in parts_of(frozen, frozen)


def test_answers_are_of_the_whole_model_and_of_its_network():
    from fine_tuning import answer, parts_of, score

    from sklearn_ctran import CTranClassifier

    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 8)).astype(np.float32)
    Y = (X[:, :4] > 0).astype(int)
    model = CTranClassifier(None, max_epochs=1, random_state=0).fit(X, Y)
    found = answer(model, X, Y, 0)
    parts = parts_of(found, None)
    alone = CTranClassifier(None, max_epochs=1, memory=None, random_state=0).fit(X, Y)
    expected = alone.predict_proba(X)
    shown = 1 / (1 + np.exp(-parts[", network alone"][0]))
    np.testing.assert_allclose(shown, expected, atol=1e-5)
    scores = score(Y, parts[""], 0)
    assert list(scores) == [0, 25, 50, 75] and scores[0] > 90


def test_a_shift_moves_each_image_by_a_few_pixels():
    from fine_tuning import SHIFT, shift

    torch.manual_seed(0)
    images = torch.zeros(20, 3, 16, 16, dtype=torch.uint8)
    images[:, :, 8, 8] = 255
    moved = shift(images)
    assert moved.shape == images.shape and moved.dtype == torch.uint8
    places = {tuple(image[0].nonzero()[0].tolist()) for image in moved}
    assert len(places) > 5
    assert all(abs(row - 8) <= SHIFT and abs(column - 8) <= SHIFT for row, column in places)


@pytest.mark.parametrize("dataset", ["digits"])
def test_digit_scenes_are_of_64_pixels_and_two_parts(dataset, tmp_path):
    from fine_tuning import read

    X, Y, train = read(dataset, tmp_path, 0)
    assert X.shape == (3000, 64, 64) and Y.shape == (3000, 10) and train.sum() == 2000
