"""Maps of labels."""

import numpy as np
import pytest
from sklearn.datasets import make_multilabel_classification
from sklearn.decomposition import PCA

from sklearn_ctran import CTranClassifier
from sklearn_ctran.inspection import LabelMapDisplay


def made(n_labels):
    """Embeddings in three heaps."""
    rng = np.random.RandomState(0)
    names = [f"{i} a label with a name of 40 characters"[:40] for i in range(n_labels)]
    return rng.randn(n_labels, 8) + 5 * rng.randn(3, 8)[np.arange(n_labels) % 3], names


def test_the_embeddings_of_the_estimator():
    X, Y = make_multilabel_classification(n_samples=40, random_state=0)
    model = CTranClassifier(
        d_model=8, n_layers=1, max_epochs=1, label_groups={"g": [0, 3]}, random_state=0
    ).fit(X, Y)
    display = LabelMapDisplay.from_estimator(model, method="pca")
    embeddings = model.net_.module_.label_embedding.label.detach().numpy()
    pca = PCA(2, svd_solver="full").fit(embeddings)
    np.testing.assert_allclose(np.abs(display.points), np.abs(pca.transform(embeddings)), atol=1e-5)
    np.testing.assert_allclose(display.explained_, pca.explained_variance_ratio_, atol=1e-5)
    assert display.group_of == ["g", None, None, "g", None]
    other = LabelMapDisplay.from_estimator(model, method="pca", groups={"h": [1]})
    assert other.group_of == [None, "h", None, None, None]


@pytest.mark.parametrize("n_labels", [6, 74, 374])
def test_every_label_is_a_point_and_names_do_not_touch(n_labels):
    embeddings, names = made(n_labels)
    groups = {f"g{i}": names[i::3] for i in range(2)}
    display = LabelMapDisplay.from_embeddings(embeddings, names, groups=groups, method="pca")
    points = np.vstack([each.get_offsets() for each in display.ax_.collections])
    assert sorted(map(tuple, points)) == sorted(map(tuple, display.points))
    assert len(display.ax_.collections) == 3
    boxes = [text.get_window_extent() for text in display.ax_.texts]
    assert len(boxes) == len(display.named_) >= 3
    for i, box in enumerate(boxes):
        for other in boxes[:i]:
            assert not box.overlaps(other)
    if n_labels > 6:
        assert f"{len(display.named_)} named" in display.ax_.get_title("left")


def test_which_names_are_written():
    embeddings, names = made(74)
    display = LabelMapDisplay(embeddings, names, method="pca")
    assert display.plot(labels=[names[40]], max_labels=1).named_ == [names[40]]
    assert len(display.plot(max_labels=1).named_) == len(display.ax_.texts) == 1
    distance = np.linalg.norm(display.points - display.points.mean(axis=0), axis=1)
    named = [names.index(name) for name in display.plot().named_]
    assert (np.diff(distance[named]) <= 0).all()


def test_tsne_with_a_seed():
    embeddings, names = made(12)
    maps = [LabelMapDisplay(embeddings, names, random_state=seed).points for seed in (0, 0)]
    np.testing.assert_array_equal(*maps)
    assert LabelMapDisplay(embeddings, names).explained_ is None


def test_errors_for_people():
    embeddings, names = made(4)
    with pytest.raises(ValueError, match="is in two groups, 'a' and 'b'"):
        LabelMapDisplay(embeddings, names, groups={"a": names[:2], "b": names[1:]})
    with pytest.raises(ValueError, match=r"'cat', in groups\['a'\], is not a label"):
        LabelMapDisplay(embeddings, names, groups={"a": ["cat"]})
    with pytest.raises(ValueError, match="method must be 'tsne' or 'pca', got 'umap'"):
        LabelMapDisplay(embeddings, names, method="umap")
    with pytest.raises(ValueError, match="at least 3 labels, got 2"):
        LabelMapDisplay(embeddings[:2], names[:2])
    with pytest.raises(ValueError, match="a row for each of 3 labels"):
        LabelMapDisplay(embeddings, names[:3])
