"""Rows that a fit holds out: nothing is learned from them, and they choose the best epoch."""

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from small_models import quick

from sklearn_ctran import CTranClassifier
from sklearn_ctran.baselines import LinearHead
from sklearn_ctran.metrics import mean_average_precision

N = 90
HELD_OUT = np.arange(N) % 3 == 0


@pytest.fixture(scope="module")
def data():
    rng = np.random.RandomState(0)
    X = rng.randn(N, 6).astype(np.float32)
    return X, (X[:, :4] + rng.randn(N, 4) > 0).astype(float)


def with_noise(X, Y):
    """Other labels, and far-away features, in the rows that are held out."""
    X, Y = X.copy(), Y.copy()
    X[HELD_OUT] = 100 * X[HELD_OUT]
    Y[HELD_OUT] = 1 - Y[HELD_OUT]
    return X, Y


@pytest.mark.parametrize("label_embeddings", [None, np.eye(4)])
def test_nothing_is_learned_from_held_out_rows(data, label_embeddings):
    model = CTranClassifier(
        None, d_model=16, n_heads=2, max_epochs=2, label_embeddings=label_embeddings, random_state=0
    )
    first, second = (
        model.fit(*each, held_out=HELD_OUT).__sklearn_clone__().fit(*each, held_out=HELD_OUT)
        for each in (data, with_noise(*data))
    )
    assert not HELD_OUT[first.memory_.rows].any()
    np.testing.assert_array_equal(first.predict_proba(data[0]), second.predict_proba(data[0]))
    alone = model.fit(data[0][~HELD_OUT], data[1][~HELD_OUT])
    losses, expected = ([each["train_loss"] for each in m.history_] for m in (first, alone))
    assert losses == pytest.approx(expected)
    valid = [[each["valid_loss"] for each in m.history_] for m in (first, second)]
    assert valid[0] != valid[1] and "valid_loss" not in alone.history_[0]


class Weights(Callback):
    """The weights after each epoch."""

    def on_train_begin(self, net, **kwargs):
        self.kept_ = []

    def on_batch_end(self, net, training=False, **kwargs):
        if training:
            state = {name: value.clone() for name, value in net.module_.state_dict().items()}
            self.kept_[len(net.history) - 1 :] = [state]


def assert_weights(model, expected):
    for name, value in model.net_.module_.state_dict().items():
        assert torch.equal(value, expected[name]), name


def falling(X, Y, **params):
    """A fit whose score is best early, and whose training part teaches the wrong thing."""
    Y = Y.copy()
    Y[~HELD_OUT] = 1 - Y[~HELD_OUT]
    weights = Weights()
    params = {"max_epochs": 12, "lr": 0.05, "lr_schedule": None} | params
    model = quick(None, memory=None, callbacks=[weights], **params)
    return model.fit(X, Y, held_out=HELD_OUT), weights


def test_the_epoch_of_the_highest_score_is_kept(data):
    X, Y = data
    model, weights = falling(X, Y, early_stopping="score", net_params={"patience": None})
    scores = [epoch["valid_mAP"] for epoch in model.history_]
    losses = [epoch["valid_loss"] for epoch in model.history_]
    best = int(np.argmax(scores))
    assert len(scores) == 12 and best < 11
    assert best != int(np.argmin(losses))
    assert_weights(model, weights.kept_[best])
    proba = model.predict_proba(X[HELD_OUT])
    assert mean_average_precision(Y[HELD_OUT], proba) == pytest.approx(max(scores))
    # By default it waits for five epochs, and by the loss it is another epoch.
    stopped, _ = falling(X, Y, early_stopping="score")
    ends = (n for n in range(1, 13) if n - 1 - int(np.argmax(scores[:n])) == 5)
    assert [each["valid_mAP"] for each in stopped.history_] == scores[: next(ends)]
    by_loss, weights = falling(X, Y, early_stopping=True, net_params={"patience": None})
    assert_weights(by_loss, weights.kept_[int(np.argmin(losses))])
    without, weights = falling(X, Y)
    assert_weights(without, weights.kept_[-1])


def test_classes_are_scored_by_their_accuracy(data):
    X, Y = data
    model = LinearHead(None, early_stopping="score", max_epochs=6, lr=0.1, random_state=0)
    model.fit(X, Y[:, 0], held_out=HELD_OUT)
    accuracy = (model.predict(X[HELD_OUT]) == Y[HELD_OUT, 0]).mean()
    assert accuracy == pytest.approx(max(each["valid_accuracy"] for each in model.history_))


def test_a_fit_with_held_out_rows_goes_on(data, tmp_path, monkeypatch):
    class PowerCut(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == 5:
                raise RuntimeError("power cut")

    X, Y = data
    params = {"early_stopping": "score", "net_params": {"patience": None}}
    expected, _ = falling(X, Y, **params)
    model = quick(None, memory=None, max_epochs=12, lr=0.05, lr_schedule=None, **params)
    model.set_params(checkpoint=tmp_path)
    wrong = np.where(HELD_OUT[:, None], Y, 1 - Y)
    with pytest.raises(RuntimeError, match="power cut"):
        model.set_params(callbacks=[PowerCut()]).fit(X, wrong, held_out=HELD_OUT)
    monkeypatch.setattr(PowerCut, "on_epoch_begin", Callback.on_epoch_begin)
    for others in (~HELD_OUT, None):
        with pytest.raises(ValueError, match="another fit .*the held-out rows are others"):
            model.fit(X, wrong, held_out=others)
    model.fit(X, wrong, held_out=HELD_OUT)
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


def test_rows_that_are_skipped_keep_the_others_in_place(tmp_path):
    rng = np.random.RandomState(0)
    images = list(rng.randint(256, size=(12, 16, 16, 3)).astype(np.uint8))
    Y = np.tile([[0, 1], [1, 0]], (6, 1))
    seen = []

    class Watch(Callback):
        def on_epoch_end(self, net, dataset_valid=None, **kwargs):
            seen.append(dataset_valid.rows.tolist())

    images[1] = str(tmp_path / "missing.png")
    model = quick("small", image_size=None, augment=None, on_error="skip", callbacks=[Watch()])
    model.fit(images, Y, held_out=np.arange(12) >= 8)
    assert seen == [[7, 8, 9, 10]] * 2


@pytest.mark.parametrize(
    "held_out, message",
    [
        ([0, 5], r"one boolean for each sample.* int64 of shape \(2,\)"),
        (np.ones((N, 1), dtype=bool), r"bool of shape \(90, 1\)"),
        (np.ones(3, dtype=bool), "inconsistent numbers of samples"),
        (np.zeros(N, dtype=bool), "holds no sample out"),
        (np.ones(N, dtype=bool), "held_out leaves no sample to learn from"),
    ],
)
def test_what_cannot_be_held_out(data, held_out, message):
    with pytest.raises(ValueError, match=message):
        quick(None).fit(*data, held_out=held_out)


def test_what_held_out_rows_alone_have_is_told_before_images_are_read(data):
    X, Y = data
    missing = [f"missing{row}.png" for row in range(N)]
    unknown = np.where(HELD_OUT, Y[:, 1], np.nan)
    Y = np.column_stack([Y[:, 0], unknown, Y[:, 2:]])
    message = "Label 1 is annotated in samples that are held out or of weight 0 only"
    with pytest.raises(ValueError, match=message):
        quick("small").fit(missing, Y, held_out=HELD_OUT)
    for held_out, message in (HELD_OUT & False, "no sample out"), (HELD_OUT | True, "leaves no"):
        with pytest.raises(ValueError, match=message):
            quick("small").fit(missing, data[1], held_out=held_out)


def test_labels_whose_positives_are_all_held_out_are_named(data):
    X, Y = data
    Y = np.column_stack([Y[:, 0], np.where(HELD_OUT, Y[:, 1], 0)])
    with pytest.warns(UserWarning, match=r"no positive to learn from for label\(s\) 1,"):
        quick(None).fit(X, Y, held_out=HELD_OUT)
    classes = np.where(HELD_OUT, "c", np.where(Y[:, 0], "a", "b"))
    with pytest.warns(UserWarning, match=r"no positive to learn from for label\(s\) 'c',"):
        quick(None).fit(X, classes, held_out=HELD_OUT)


def test_scores_need_a_positive(data):
    X, Y = data
    Y = np.where(HELD_OUT[:, None], 0, Y)
    with pytest.raises(ValueError, match="early_stopping='score' needs a positive label among"):
        quick(None, early_stopping="score").fit(X, Y, held_out=HELD_OUT)
    with pytest.raises(ValueError, match="patience must be an integer above 0, got 0"):
        quick(None, net_params={"patience": 0}).fit(X, Y)
