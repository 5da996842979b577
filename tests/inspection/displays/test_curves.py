"""Curves over questions and epochs: annotation.py and training.py."""

import numpy as np
import pytest
from sklearn.datasets import make_multilabel_classification

from sklearn_ctran import CTranClassifier
from sklearn_ctran.baselines import MaskedLinear
from sklearn_ctran.inspection import (
    AnnotationDisplay,
    TrainingCurveDisplay,
    simulate_annotation,
)
from sklearn_ctran.model_selection import TunedThresholds


def test_annotation_curves_are_those_simulated():
    X, Y = make_multilabel_classification(n_samples=60, random_state=0)
    model = MaskedLinear(random_state=0).fit(X[:40], Y[:40])
    options = {"n_questions": 2, "strategies": ["random", "uncertain"], "random_state": 0}
    curves = simulate_annotation(model, X[40:], Y[40:], **options)
    display = AnnotationDisplay.from_estimator(model, X[40:], Y[40:], **options)
    for name, line in display.lines_.items():
        np.testing.assert_array_equal(line.get_xdata(), [0, 1, 2])
        np.testing.assert_array_equal(line.get_ydata(), curves.table_mAP[name])
    assert list(display.lines_) == ["random", "uncertain"]
    display = AnnotationDisplay.from_curves(curves, measure="mAP")
    np.testing.assert_array_equal(display.lines_["random"].get_ydata(), curves.mAP["random"])
    with pytest.raises(ValueError, match="measure must be 'table_mAP' or 'mAP', got 'F1'"):
        display.plot(measure="F1")


@pytest.fixture(scope="module")
def model():
    X, Y = make_multilabel_classification(n_samples=60, random_state=0)
    model = CTranClassifier(
        d_model=8, n_layers=1, max_epochs=3, early_stopping=True, random_state=0
    )
    return model.fit(X, Y)


def test_losses_are_those_of_the_history(model, texts_of):
    display = TrainingCurveDisplay.from_estimator(model)
    assert display.epochs.tolist() == [1, 2, 3]
    for name in ("train_loss", "valid_loss"):
        expected = [row[name] for row in model.history_]
        np.testing.assert_array_equal(display.losses[name], expected)
        np.testing.assert_array_equal(display.lines_[name].get_ydata(), expected)
    best = int(np.argmin(display.losses["valid_loss"])) + 1
    assert display.best_epoch == best
    assert f"Dotted: epoch {best}, the lowest validation loss." in texts_of(display.figure_)
    assert list(display.scores) == ["valid_mAP"] and len(display.axes_) == 2


def test_scores_are_below_the_losses(texts_of):
    history = [
        {"epoch": 1, "train_loss": 1.0, "valid_mAP": 0.2, "valid_loss_best": True, "dur": 1.0},
        {"epoch": 2, "train_loss": 0.5, "valid_mAP": 0.6, "valid_batch_count": 3},
        {"epoch": 3, "train_loss": 0.4},
    ]
    display = TrainingCurveDisplay(history).plot()
    assert list(display.losses) == ["train_loss"] and list(display.scores) == ["valid_mAP"]
    np.testing.assert_array_equal(display.scores["valid_mAP"], [0.2, 0.6, np.nan])
    assert len(display.axes_) == 2 and display.best_epoch is None
    assert any(text.startswith("Nothing was held out") for text in texts_of(display.figure_))
    only = TrainingCurveDisplay(history).plot(series=["valid_mAP"])
    assert list(only.lines_) == ["valid_mAP"] and len(only.axes_) == 1
    with pytest.raises(ValueError, match="no 'valid_F1'; it has 'train_loss', 'valid_mAP'"):
        only.plot(series=["valid_F1"])


def test_inside_of_what_wraps_it():
    X, Y = make_multilabel_classification(n_samples=60, random_state=0)
    model = CTranClassifier(d_model=8, n_layers=1, max_epochs=2, random_state=0)
    tuned = TunedThresholds(model, cv=2, random_state=0).fit(X, Y)
    assert TrainingCurveDisplay.from_estimator(tuned).epochs.tolist() == [1, 2]
    with pytest.raises(TypeError, match="MaskedLinear has no history_"):
        TrainingCurveDisplay.from_estimator(MaskedLinear().fit(X, Y))
    with pytest.raises(ValueError, match="The history is empty"):
        TrainingCurveDisplay([])
