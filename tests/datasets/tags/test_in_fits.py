"""What a table has, extra labels and groups too, goes into an estimator and comes back."""

import json

import numpy as np
import pytest
from PIL import Image

from sklearn_ctran import CTranClassifier
from sklearn_ctran.datasets import load_label_studio, load_tags, save_predictions


@pytest.fixture
def photos(tmp_path):
    """Ten photos, half of them dark."""
    for number in range(10):
        Image.new("RGB", (16, 16), (25 * number,) * 3).save(tmp_path / f"{number}.png")
    return tmp_path


def quick(**params):
    return CTranClassifier("small", image_size=16, max_epochs=1, random_state=0, **params)


def test_extra_labels_and_groups(photos):
    rows = [f"{i}.png,{'dark' if i < 5 else ''},{'Rome' if i % 2 else 'Oslo'}" for i in range(10)]
    (photos / "tags.csv").write_text("\n".join(["file,tags,city", *rows]))
    data = load_tags(photos / "tags.csv", missing="negative", extra_columns=["city"])
    model = quick(label_groups=data.groups)
    model.fit(data.images, data.target, extra_labels=data.extra)
    proba = model.predict_proba_frame(data.images, extra_labels={"city": "city=Rome"})
    save_predictions(photos / "p.csv", proba, relative_to=photos)
    back = load_tags(photos / "p.csv", label_columns=[])
    assert back.images == data.images == proba.index.tolist()


def test_label_studio(photos):
    def ticked(name, choice):
        return {"type": "choices", "from_name": name, "value": {"choices": [choice]}}

    def task(number):
        results = [ticked("tags", "photo"), ticked("light", "dark" if number < 5 else "bright")]
        return {
            "id": number,
            "data": {"image": f"{number}.png"},
            "annotations": [{"result": results[number % 2 :]}],
        }

    config = """<View><Image name="img" value="$image"/>
      <Choices name="tags" toName="img" choice="multiple"><Choice value="photo"/></Choices>
      <Choices name="light" toName="img"><Choice value="dark"/><Choice value="bright"/></Choices>
    </View>"""
    (photos / "export.json").write_text(json.dumps([task(number) for number in range(10)]))
    data = load_label_studio(photos / "export.json", label_config=config)
    model = quick(label_groups=data.groups, exclusive_groups=data.exclusive_groups)
    proba = model.fit(data.images, data.target).predict_proba_frame(data.images)
    assert (proba[["dark", "bright"]].sum(axis=1) <= 1 + 1e-6).all()
    assert np.isfinite(proba).all().all()
