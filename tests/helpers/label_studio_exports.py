"""What Label Studio exports, and a configuration with labels dog and cat, day or night."""

CONFIG = """<View>
  <Image name="img" value="$photo"/>
  <Choices name="tags" toName="img" choice="multiple">
    <Choice value="dog"/><Choice value="cat"/>
  </Choices>
  <Choices name="light" toName="img"><Choice value="day"/><Choice value="night"/></Choices>
</View>"""


def result(*choices, name="tags"):
    """A result that ticks some choices."""
    return {
        "id": "x1",
        "from_name": name,
        "to_name": "img",
        "type": "choices",
        "value": {"choices": list(choices)},
    }


def annotation(*results, who=1, **more):
    """An annotation by somebody."""
    return {"id": 5, "completed_by": who, "result": list(results), "was_cancelled": False, **more}


def task(name, *annotations, number=1, key="photo"):
    """A task on an image, as exports have it."""
    address = name if "/" in name else f"/data/upload/1/0a1b2c3d-{name}"
    return {
        "id": number,
        "data": {key: address},
        "annotations": list(annotations),
        "predictions": [{"result": [result("cat")]}],
        "drafts": [{"result": [result("cat")]}],
    }
