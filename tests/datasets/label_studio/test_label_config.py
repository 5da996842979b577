"""Labeling configurations: labels, groups, and what is refused."""

import pytest

from sklearn_ctran.datasets._label_studio.config import Choices
from sklearn_ctran.datasets._label_studio.label_config import LabelConfig, read_label_config

CONFIG = """
<View>
  <Image name="img" value="$photo"/>
  <Header value="What is it?"/>
  <Choices name="tags" toName="img" choice="multiple">
    <Choice value="cat"/><Choice value="Dogs &amp; co" alias="dog"/><Choice value="other"/>
  </Choices>
  <View visibleWhen="choice-selected" whenTagName="tags" whenChoiceValue="cat">
    <Choices name="coat" toName="img"><Choice value="black"/><Choice value="white"/></Choices>
  </View>
  <RectangleLabels name="box" toName="img"><Label value="ear"/></RectangleLabels>
  <Choices name="ear" toName="img" perRegion="true"><Choice value="left"/></Choices>
</View>
"""


def test_labels_and_groups():
    config = read_label_config(CONFIG)
    assert (config.image, config.image_key) == ("img", "photo")
    assert config.label_names == ["cat", "dog", "other", "black", "white"]
    assert config.places["white"] == ("coat", "white")
    assert config.groups == {"tags": ("cat", "dog", "other"), "coat": ("black", "white")}
    assert config.exclusive_groups == ["coat"]


def test_a_file_is_the_same(tmp_path):
    (tmp_path / "config.xml").write_text(CONFIG, encoding="utf-8")
    assert read_label_config(tmp_path / "config.xml").labels == read_label_config(CONFIG).labels


def test_what_is_hidden_and_what_is_about_regions():
    config = read_label_config(CONFIG)
    assert {name: control.is_hidden for name, control in config.controls.items()} == {
        "tags": False,
        "coat": True,
    }


def test_two_controls_with_one_choice():
    choices = [Choices("tags", ("cat", "other"), False), Choices("coat", ("other",), True)]
    config = LabelConfig(choices)
    assert config.label_names == ["cat", "tags=other", "coat=other"]
    assert config.places["coat=other"] == ("coat", "other")
    assert config.exclusive_groups == []  # One choice has nothing to exclude.


def test_choices_that_are_gone():
    config = LabelConfig([Choices("tags", ("cat",), False)], image_key="photo")
    more = config.extended([("tags", "dog"), ("old", "cat"), ("old", "sun")])
    assert more.label_names == ["cat", "dog", "old=cat", "sun"]
    assert ("tags", "dog") in more and ("tags", "dog") not in config
    assert more.gone == {("tags", "dog"), ("old", "cat"), ("old", "sun")}
    assert more.image_key == "photo"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("<View>" * 2000 + "<Image name='a' value='$a'/>" + "</View>" * 2000, "too deeply"),
        ("<View>", "is no XML"),
        ("<View/>", "has 0 <Image> tags"),
    ],
)
def test_what_is_refused(config, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        read_label_config(config)
    (tmp_path / "config.xml").write_text(config)
    with pytest.raises(ValueError, match=f"config.xml: .*{message}"):
        read_label_config(tmp_path / "config.xml")


def test_a_path_or_xml():
    with pytest.raises(FileNotFoundError, match="no file"):
        read_label_config("config.xml")
    with pytest.raises(TypeError, match="label_config must be XML"):
        read_label_config(3)
