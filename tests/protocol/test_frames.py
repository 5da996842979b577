"""predict_proba_frame: probabilities under the names of rows and labels."""

import numpy as np
import pandas as pd
from PIL import Image

from sklearn_ctran import CTranClassifier
from sklearn_ctran.baselines import BinaryRelevance
from sklearn_ctran.model_selection import TunedThresholds


def check(frame, proba, index, columns):
    np.testing.assert_array_equal(frame, proba)
    assert frame.index.tolist() == index and frame.columns.tolist() == columns


def test_names_of_labels_and_rows(told, scenes):
    X, _, E = scenes
    known = pd.DataFrame({"cat": [1, np.nan]}, index=["a", "b"])
    extra = E[:2].set_axis(["a", "b"])
    frame = told.predict_proba_frame(X[:2], known, extra)
    proba = told.predict_proba(X[:2], known, extra)
    check(frame, proba, ["a", "b"], ["cat", "umbrella"])
    assert (frame.dtypes == proba.dtype).all() and frame.loc["a", "cat"] == 1
    check(told.predict_proba_frame(X[:2]), told.predict_proba(X[:2]), [0, 1], ["cat", "umbrella"])


def test_other_estimators(scenes):
    X, Y, _ = scenes
    X = pd.DataFrame(X, index=[f"{row}.jpg" for row in range(len(X))], columns=list("abcd"))
    Y = Y.set_axis(X.index)
    for model in (BinaryRelevance(), TunedThresholds(BinaryRelevance(), cv=2)):
        model.fit(X, Y)
        frame = model.predict_proba_frame(X[:3])
        check(frame, model.predict_proba(X[:3]), ["0.jpg", "1.jpg", "2.jpg"], list(Y))


def test_classes_are_columns(scenes):
    X = scenes[0]
    model = BinaryRelevance().fit(X, np.repeat(["no", "yes"], 100))
    check(model.predict_proba_frame(X[:1]), model.predict_proba(X[:1]), [0], ["no", "yes"])


def test_paths_are_the_index(tmp_path):
    paths = [str(tmp_path / f"{number}.png") for number in range(4)]
    for number, path in enumerate(paths):
        Image.new("RGB", (16, 16), (60 * number,) * 3).save(path)
    Y = pd.DataFrame({"dark": [1, 1, 0, 0], "bright": [0, 0, 1, 1]})
    model = CTranClassifier("small", image_size=16, max_epochs=1, random_state=0).fit(paths, Y)
    frame = model.predict_proba_frame(paths[1:])
    check(frame, model.predict_proba(paths[1:]), paths[1:], ["dark", "bright"])
