"""Each rule on data that triggers it, and on data that does not.

Tests of _symptoms.py and _contents.py too.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from sklearn_ctran import CTranClassifier, ImageTokens
from sklearn_ctran.baselines import BinaryRelevance, LinearHead, MaskedLinear
from sklearn_ctran.inspection import Diagnosis, diagnose
from sklearn_ctran.inspection._contents import row_keys
from sklearn_ctran.inspection._symptoms import RULES
from sklearn_ctran.model_selection import TunedThresholds

QUICK = {"backbone": None, "random_state": 0, "device": "cpu"}
LEARNED = {"max_epochs": 20, "lr": 0.02, "batch_size": 32}


def make_table(seed=0, n=200, n_labels=3):
    rng = np.random.RandomState(seed)
    X = rng.randn(n, 6).astype(np.float32)
    return X, (X[:, :n_labels] + 0.3 * rng.randn(n, n_labels) > 0).astype(int)


@pytest.fixture(scope="module")
def train():
    return make_table()


@pytest.fixture(scope="module")
def test():
    return make_table(1)


@pytest.fixture(scope="module")
def model(train):
    return LinearHead(**QUICK, **LEARNED).fit(*train)


def rules(diagnosis):
    return [finding.rule for finding in diagnosis]


def found(diagnosis, rule):
    (finding,) = (each for each in diagnosis if each.rule == rule)
    return finding


def test_nothing_looks_wrong(model, train, test):
    diagnosis = diagnose(model, *test, train=train)
    assert isinstance(diagnosis, Diagnosis)
    assert len(diagnosis) == 0 and list(diagnosis) == [] and diagnosis.not_asked == {}
    assert len(diagnosis.asked) == len(RULES) == 9
    assert "Nothing looks wrong." in repr(diagnosis) and "wrong" in diagnosis._repr_html_()
    assert diagnosis.to_frame().columns.tolist() == ["rule", "finding", "remedy", "labels", "rows"]


def test_labels_without_positives(train, test):
    def given(table, *labels):
        Y = table[1].copy()
        Y[:, list(labels)] = 0
        return table[0], Y

    rule = "labels without positives"
    params = {"y": given(test, 1), "train": given(train, 0)}
    with pytest.warns(UserWarning, match="no positive to learn from"):
        model = LinearHead(**QUICK, **LEARNED).fit(*params["train"])
    finding = found(diagnose(model, *params["y"], train=params["train"]), rule)
    assert finding.labels == (0, 1)
    assert finding.finding == "There is no positive of 0 in the training labels, nor of 1 in y."
    assert found(diagnose(model, *params["y"]), rule).labels == (1,)
    assert rule not in rules(diagnose(model, *test, train=train))


def test_labels_with_one_positive(model, train, test):
    rule = "labels with one positive"
    X, Y = train[0], train[1].copy()
    Y[1:, 2] = 0
    Y[0, 2] = 1
    assert found(diagnose(model, *test, train=(X, Y)), rule).labels == (2,)
    assert found(diagnose(model, X, Y), rule).labels == (2,)
    Y[1, 2] = 1
    assert rule not in rules(diagnose(model, X, Y))
    # A single positive of y is no matter, if there are more in training.
    assert rule not in rules(diagnose(model, test[0][:2], np.eye(2, 3, dtype=int), train=train))


def test_hardly_any_positive_predictions(train, test):
    rule = "hardly any positive predictions"
    rng = np.random.RandomState(0)
    Y = (rng.random_sample((200, 3)) < 0.2).astype(int)
    model = LinearHead(**QUICK, max_epochs=3).fit(train[0], Y)
    finding = found(diagnose(model, test[0], Y), rule)
    assert finding.finding == f"0 labels are predicted as positive, where {Y.sum()} are."
    assert "TunedThresholds" in finding.remedy
    # The remedy helps.
    tuned = TunedThresholds(model, cv=2, random_state=0).fit(train[0], Y)
    assert rule not in rules(diagnose(tuned, test[0], Y))
    few = diagnose(model, test[0][:3], np.eye(3, dtype=int))
    assert "less than 10 positives" in few.not_asked[rule]


def test_missing_entries_are_not_counted(model, train, test):
    X, Y = test
    positive = np.where(Y == 1, 1.0, np.nan)  # All that is annotated is positive.
    positive[:3] = Y[:3]
    assert rules(diagnose(model, X, positive, train=train)) == []


@pytest.mark.parametrize(("lr", "is_flat"), [(1e-9, True), (0.02, False)])
def test_flat_loss(train, test, lr, is_flat):
    model = LinearHead(**QUICK, **LEARNED | {"lr": lr}).fit(*train)
    diagnosis = diagnose(model, *test)
    assert ("flat loss" in rules(diagnosis)) == is_flat
    if is_flat:
        assert "find_lr" in found(diagnosis, "flat loss").remedy


class Faster(Callback):
    """Doubles the learning rate in each epoch."""

    def on_epoch_end(self, net, **kwargs):
        for group in net.optimizer_.param_groups:
            group["lr"] *= 2


@pytest.mark.parametrize("diverges", [False, True])
def test_diverging_loss(train, test, diverges):
    callbacks = [Faster()] if diverges else None
    params = LEARNED | {"max_epochs": 12, "lr_schedule": None, "callbacks": callbacks}
    model = LinearHead(**QUICK, **params).fit(*train)
    diagnosis = diagnose(model, *test)
    assert ("diverging loss" in rules(diagnosis)) == diverges
    if diverges:
        losses = [epoch["train_loss"] for epoch in model.history_]
        best = f"{min(losses):.3g} after epoch {np.argmin(losses) + 1}"
        assert best in found(diagnosis, "diverging loss").finding


def test_short_histories_tell_nothing(train, test):
    model = LinearHead(**QUICK, max_epochs=2).fit(*train)
    diagnosis = diagnose(model, *test)
    for rule in ("flat loss", "diverging loss"):
        assert "at least 3 epochs" in diagnosis.not_asked[rule]


@pytest.fixture(scope="module")
def noise():
    """More features than rows, and labels of which they say nothing."""
    rng = np.random.RandomState(0)
    return rng.randn(60, 100).astype(np.float32), rng.randint(2, size=(60, 3))


@pytest.fixture(scope="module")
def learned_by_heart(noise):
    return LinearHead(**QUICK, max_epochs=60, lr=0.02, dropout=0.0, weight_decay=0.0).fit(*noise)


def test_over_fit_by_scores(noise, learned_by_heart, train, model, test):
    X, Y = noise
    other = np.random.RandomState(1).randn(60, 100).astype(np.float32)
    diagnosis = diagnose(learned_by_heart, other, Y, train=noise)
    finding = found(diagnosis, "over-fit")
    assert finding.finding.startswith("mAP is 1.00 on the training images, and 0.")
    assert "over-fit" in diagnose(learned_by_heart, other, Y).not_asked
    assert "over-fit" in diagnose(model, *test, train=train).asked


def test_over_fit_by_losses(noise, train, test):
    params = {"early_stopping": True, "validation_fraction": 0.3, "max_epochs": 60, "lr": 0.1}
    by_heart = {"dropout": 0.0, "weight_decay": 0.0, "lr_schedule": None}
    few = LinearHead(**QUICK, **params, **by_heart).fit(*noise)
    losses = [epoch["valid_loss"] for epoch in few.history_]
    finding = found(diagnose(few, *noise), "over-fit")
    assert f"From epoch {np.argmin(losses) + 1} to {len(losses)} the loss" in finding.finding
    assert f"held-out images from {min(losses):.3g} to {losses[-1]:.3g}." in finding.finding
    well = LinearHead(**QUICK, **params).fit(*train)
    diagnosis = diagnose(well, *test)
    assert "over-fit" in diagnosis.asked and "over-fit" not in rules(diagnosis)


def test_a_memory_is_no_over_fit(train, test):
    """It knows the very rows of training."""
    model = CTranClassifier(**QUICK, d_model=16, n_layers=1, max_epochs=5).fit(*train)
    assert model.memory_ is not None
    diagnosis = diagnose(model, *test, train=train)
    assert "over-fit" in diagnosis.asked and "over-fit" not in rules(diagnosis)
    assert model.memory_ is not None


def test_far_from_training(model, train, test):
    rule = "far from training"
    finding = found(diagnose(model, test[0] + 2, test[1], train=train), rule)
    assert "under the ROC curve of 0.9" in finding.finding or "of 1.00" in finding.finding
    diagnosis = diagnose(model, *test, train=train)
    assert rule in diagnosis.asked and rule not in rules(diagnosis)
    few = diagnose(model, test[0][:19], test[1][:19], train=train)
    assert "at least 20 rows" in few.not_asked[rule]


def test_duplicates_of_training(model, train, test):
    rule = "duplicates of training"
    X, Y = test[0].copy(), test[1]
    X[[4, 9]] = train[0][[7, 7]]
    finding = found(diagnose(model, X, Y, train=train), rule)
    assert finding.rows == (4, 9)
    assert "2 rows of X are in training too, such as row(s) 4, 9" in finding.finding
    assert rule not in rules(diagnose(model, *test, train=train))


@pytest.fixture
def photos(tmp_path):
    rng = np.random.RandomState(0)
    paths = []
    for i in range(24):
        path = tmp_path / f"{i}.png"
        Image.fromarray(rng.randint(256, size=(12, 12, 3), dtype=np.uint8)).save(path)
        paths.append(str(path))
    return paths, rng.randint(2, size=(24, 2))


@pytest.mark.parametrize("as_pipeline", [False, True])
def test_duplicates_of_photos_have_other_names(photos, as_pipeline):
    paths, Y = photos
    copy = Path(paths[0]).with_name("copy.png")
    copy.write_bytes(Path(paths[3]).read_bytes())
    params = {"image_size": 12, "random_state": 0, "device": "cpu", "cache": None}
    if as_pipeline:
        head = BinaryRelevance(LogisticRegression())
        model = make_pipeline(ImageTokens("small", pool="mean", **params), head)
    else:
        model = LinearHead("small", train_backbone=False, max_epochs=1, **params)
    model.fit(paths[:20], Y[:20])
    test = [*paths[20:], str(copy)]
    labels = np.vstack([Y[20:], Y[3:4]])
    diagnosis = diagnose(model, test, labels, train=(paths[:20], Y[:20]))
    assert found(diagnosis, "duplicates of training").rows == (4,)


def test_keys_of_rows(photos):
    paths, _ = photos
    keys = row_keys([paths[0], paths[1], paths[0], paths[0] + ".gone"])
    assert keys[0] == keys[2] != keys[1] and keys[3] is None
    pixels = np.stack([np.asarray(Image.open(path)) for path in paths[:2]])
    keys = row_keys(np.concatenate([pixels, pixels[:1]]))
    assert keys[0] == keys[2] != keys[1]
    frame = pd.DataFrame([[1.0, 2.0], [1.0, 3.0], [1.0, 2.0]])
    keys = row_keys(frame)
    assert keys[0] == keys[2] != keys[1]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["Sky", "sky", "tree"], ("Sky", "sky")),
        (["traffic light", "tree", "traffic_light"], ("traffic light", "traffic_light")),
        (["car", "cars", "bus"], ("car", "cars")),
        (["berry", "berries", "box"], ("berry", "berries")),
        (["boxes", "box", "café"], ("boxes", "box")),
        (["cafe", "café", "x"], ("cafe", "café")),
        (["glass", "glas", "gas"], None),
        (["label 1", "label 2", "label 11"], None),
        (["red", "bed", "reed"], None),
        (["gas", "ga", "as"], None),
        ([1, 2, "1"], None),
    ],
)
def test_spelling_variants(train, test, names, expected):
    frames = [(X, pd.DataFrame(Y, columns=names)) for X, Y in (train, test)]
    model = MaskedLinear(random_state=0).fit(*frames[0])
    diagnosis = diagnose(model, *frames[1])
    assert "spelling variants" in diagnosis.asked
    if expected is None:
        assert rules(diagnosis) == []
    else:
        assert found(diagnosis, "spelling variants").labels == expected


def test_classes(train, test):
    """A 1-D y, of which a class is always predicted."""
    y = np.where(train[1][:, 0], "a", "b").astype(object)
    y[0] = "rare"
    other = np.where(test[1][:, 0], "a", "b")
    model = LinearHead(**QUICK, **LEARNED).fit(train[0], y)
    diagnosis = diagnose(model, test[0], other, train=(train[0], y))
    assert found(diagnosis, "labels with one positive").labels == ("rare",)
    assert found(diagnosis, "labels without positives").labels == ("rare",)
    assert "1-D" in diagnosis.not_asked["hardly any positive predictions"]


def test_wrapped_estimators(train, test):
    inner = LinearHead(**QUICK, **LEARNED | {"lr": 1e-9})
    pipeline = make_pipeline(StandardScaler(), inner).fit(*train)
    assert rules(diagnose(pipeline, *test, train=train)) == ["flat loss"]
    tuned = TunedThresholds(inner, cv=2, random_state=0).fit(*train)
    assert rules(diagnose(tuned, *test, train=train)) == ["flat loss"]


def test_it_prints_well(train, test):
    model = LinearHead(**QUICK, **LEARNED | {"lr": 1e-9}).fit(*train)
    Y = pd.DataFrame(train[1], columns=["<b>", "Sky", "sky"])
    model = LinearHead(**QUICK, **LEARNED | {"lr": 1e-9}).fit(train[0], Y)
    diagnosis = diagnose(model, test[0], Y)
    text = repr(diagnosis)
    assert max(map(len, text.splitlines())) < 80
    assert text.startswith("flat loss\n  The training loss went from")
    assert "\n  -> Find a learning rate" in text
    assert "Looked at: labels without positives," in text
    assert "Not looked at: far from training (pass train=(X, y)" in text
    frame = diagnosis.to_frame()
    assert frame["rule"].tolist() == ["flat loss", "spelling variants"]
    assert frame["labels"].tolist() == [(), ("Sky", "sky")]
    assert frame.loc[0, "remedy"] == diagnosis.findings[0].remedy
    html = diagnosis._repr_html_()
    assert "<td style='text-align: left'>flat loss</td>" in html and "Not looked at" in html
    assert "&#x27;Sky&#x27;" in html


def test_what_cannot_be_diagnosed(model, train, test):
    with pytest.raises(NotFittedError):
        diagnose(LinearHead(), *test)
    with pytest.raises(ValueError, match=r"train must be a pair \(X, y\), got ndarray"):
        diagnose(model, *test, train=train[0])
    with pytest.raises(ValueError, match="y has no label of 0, 1, 2: all are missing"):
        diagnose(model, test[0], np.full((200, 3), np.nan))
    with pytest.raises((ValueError, TypeError)):
        diagnose(model, test[0], test[1][:, :2])
    with pytest.raises(ValueError, match="y must have shape") as raised:
        diagnose(model, *test, train=(train[0], train[1][:3]))
    assert raised.value.__notes__ == ["X and y are those of train=(X, y)."]
    other = MultiOutputClassifier(LogisticRegression()).fit(*train)
    with pytest.raises(TypeError, match="diagnose needs an estimator of this package"):
        diagnose(other, *test)
