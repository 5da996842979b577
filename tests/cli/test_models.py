"""Saved models, and what they are asked about. predicting.py is tested by ``predict``."""

import pytest
from sklearn.datasets import make_multilabel_classification

from sklearn_ctran import ImageTokens
from sklearn_ctran._cli.models import load_model
from sklearn_ctran._cli.options import Asking, Running
from sklearn_ctran._cli.output import Console
from sklearn_ctran.baselines import MaskedLinear
from sklearn_ctran.model_selection import TunedThresholds


@pytest.fixture
def table():
    """Features and labels."""
    return make_multilabel_classification(40, n_classes=3, random_state=0)


def test_the_model_runs_as_the_options_say(tmp_path, table):
    MaskedLinear(random_state=0).fit(*table).save(tmp_path / "m")
    model = load_model(tmp_path / "m", Running(jobs=2), Asking(), Console())
    assert model.predict_proba(table[0]).shape == (40, 3)
    TunedThresholds(MaskedLinear(random_state=0), cv=2).fit(*table).save(tmp_path / "t")
    model = load_model(tmp_path / "t", Running(jobs=2), Asking(), Console())
    assert model.n_jobs == 2


def test_what_predicts_no_labels(tmp_path, photos):
    ImageTokens("small", image_size=8, random_state=0).fit(photos[0][:2]).save(tmp_path / "m")
    with pytest.raises(ValueError, match="holds a ImageTokens, which predicts no labels"):
        load_model(tmp_path / "m", Running(), Asking(), Console())


def test_options_of_a_model_of_images(tmp_path, photos):
    from sklearn_ctran import CTranClassifier

    estimator = CTranClassifier("small", image_size=8, max_epochs=1, d_model=8, random_state=0)
    estimator.fit(*photos).save(tmp_path / "m")
    running = Running(batch_size=7, jobs=2, skip_unreadable=True)
    model = load_model(tmp_path / "m", running, Asking(cache=tmp_path / "c"), Console())
    assert (model.batch_size, model.n_jobs, model.on_error) == (7, 2, "warn")
    assert model.cache == tmp_path / "c"
    model = load_model(tmp_path / "m", Running(device="cpu"), Asking(), Console(is_quiet=True))
    assert (model.device, model.cache, model.verbose) == ("cpu", "memory", 0)
