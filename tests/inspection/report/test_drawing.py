import re

import numpy as np

from sklearn_ctran.inspection._report.drawing import draw, thumbnail


def plot(ax):
    ax.plot([0, 1], [0, 1])
    ax.imshow(np.zeros((2, 2)))
    ax.set_xlabel("a <b> label")


def test_texts_have_the_colour_of_the_page_and_stay_texts():
    svg = draw(plot, (3, 2), "one")
    assert svg.startswith("<svg ") and "#010203" not in svg and "currentColor" in svg
    assert "a &lt;b&gt; label</text>" in svg
    assert "background" not in svg


def test_no_two_drawings_share_an_id():
    one, two = (set(re.findall(r'\bid="([^"]+)"', draw(plot, (3, 2), key))) for key in ("a", "b"))
    assert one and not one & two


def test_is_the_same_each_time_and_says_nothing_of_software():
    svg = draw(plot, (3, 2), "one")
    assert svg == draw(plot, (3, 2), "one")
    assert "metadata" not in svg and "matplotlib.org" not in svg


def test_is_as_wide_as_there_is_room():
    tag = draw(plot, (3, 2), "one").partition(">")[0]
    assert 'viewBox="0 0 216 144"' in tag and "max-width: 216pt" in tag
    assert " width=" not in tag and " height=" not in tag


def test_a_thumbnail_is_a_data_address():
    assert thumbnail(np.zeros((8, 8, 3), np.uint8)).startswith("data:image/jpeg;base64,/9j/")
