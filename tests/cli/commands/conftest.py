"""A folder to work in, with photos in it."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sklearn_ctran import CTranClassifier
from sklearn_ctran.datasets import make_digit_scenes

#: Options with which little pictures pass in no time.
SMALL = ("--backbone", "small", "--image-size", "none")


@pytest.fixture(scope="session")
def scenes():
    """Sixty digit scenes."""
    return make_digit_scenes(60, random_state=0)


@pytest.fixture
def desk(tmp_path, monkeypatch, scenes):
    """The working folder: photos/000.png ... photos/059.png are the scenes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for row, image in enumerate(scenes.images):
        Image.fromarray(image).save(tmp_path / "photos" / f"{row:03}.png")
    return tmp_path


@pytest.fixture
def small():
    """Options for little pictures."""
    return SMALL


@pytest.fixture
def tags(desk, scenes):
    """tags.csv: a column of files, and one of tags, "digit 0;digit 7"."""
    table = desk / "tags.csv"
    rows = [
        f"{row:03}.png,{';'.join(f'digit {digit}' for digit in labels.nonzero()[0])}"
        for row, labels in enumerate(scenes.Y)
    ]
    table.write_text("\n".join(["file,tags", *rows, ""]))
    return table


@pytest.fixture(scope="session")
def fitted(scenes):
    """A model of the scenes: labels "digit 0", ..., and extra labels "city=Oslo", "city=Rome"."""
    labels = pd.DataFrame(scenes.Y, columns=[f"digit {digit}" for digit in range(10)])
    rome = np.arange(60) % 2
    estimator = CTranClassifier(
        "small",
        image_size=None,
        augment=None,
        max_epochs=1,
        d_model=16,
        label_groups={"city": ["city=Oslo", "city=Rome"]},
        random_state=0,
    )
    extra = {"city=Oslo": 1 - rome, "city=Rome": rome}
    return estimator.fit(scenes.images, labels, extra_labels=extra)


@pytest.fixture
def model(fitted, desk):
    """model.ctran: the model, saved."""
    fitted.save(desk / "model.ctran")
    return desk / "model.ctran"
