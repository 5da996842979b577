"""Labeling configurations are read, and others refused in words."""

import pytest

from sklearn_ctran.datasets._label_studio.config import Choices, read_config

TWO = """
<View>
  <Header value="What is in it?"/>
  <Image name="photo" value="$image" zoom="true"/>
  <Choices name="things" toName="photo" choice="multiple">
    <Choice value="rain coat"/><Choice value="Truck" alias="truck"/>
  </Choices>
  <View><Choices name="light" toName="photo">
    <Choice value="day"/><Choice value="night"/>
  </Choices></View>
  <TextArea name="note" toName="photo"/>
</View>
"""


def test_controls_become_groups():
    config = read_config(TWO)
    assert (config.image, config.field) == ("photo", "image")
    assert config.controls == (
        Choices("things", ("rain coat", "truck"), False),
        Choices("light", ("day", "night"), True),
    )
    assert config.labels == ("rain coat", "truck", "day", "night")
    assert config.control_of("night").name == "light"


def made(image='<Image name="i" value="$image"/>', choices='<Choice value="a"/>', **attributes):
    given = {"name": "c", "toName": "i"} | attributes
    text = " ".join(f'{name}="{value}"' for name, value in given.items() if value is not None)
    return f"<View>{image}<Choices {text}>{choices}</Choices></View>"


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        ("", "is empty"),
        (None, "is empty"),
        ("<View>", "is no XML: no element found"),
        ("{}", "is no XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]>' + made(), "declares entities"),
        (f"<View>{' ' * 1_000_001}</View>", "more than 1,000,000 characters"),
        (made(image=""), "has 0 <Image> tags"),
        (made(image='<Image name="i" value="$a"/><Image name="j" value="$b"/>'), "has 2 <Image>"),
        (made(image='<Image name="i" value="image"/>'), "a value such as"),
        (made(image='<Image value="$image"/>'), "needs a name"),
        (made(toName="text"), 'There is no <Choices> with toName="i"'),
        (made(toName=None), "There is no <Choices>"),
        (made(name=None), "A <Choices> has no name"),
        (made(value="$options"), r"come from the task \(\$options\)"),
        (made(choices=""), "has no <Choice>"),
        (made(choices="<Choice/>"), "has no <Choice>, or one without a value"),
        (made(choices='<Choice value="a"/>' * 2), "has the choice 'a' twice"),
        (made(choice="double"), "has choice='double'"),
    ],
)
def test_what_cannot_be_used(xml, message):
    with pytest.raises(ValueError, match=message):
        read_config(xml)
