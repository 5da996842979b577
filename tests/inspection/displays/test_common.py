"""What holds for all pictures: canvas.py, choice.py, documentation.py."""

import inspect
import subprocess
import sys

import numpy as np
import pytest

from sklearn_ctran import inspection
from sklearn_ctran.inspection._displays.canvas import COLOURS, series_style, shortened
from sklearn_ctran.inspection._displays.choice import chosen

DISPLAYS = [name for name in inspection.__all__ if name.endswith("Display")]


def run(code):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_matplotlib_is_imported_when_something_is_drawn():
    code = f"""
import sys
from sklearn_ctran import inspection
print("sklearn_ctran.inspection._displays" in sys.modules)
for name in {DISPLAYS}:
    getattr(inspection, name)
print("matplotlib" in sys.modules)
"""
    assert run(code).split() == ["False", "False"]


def test_without_matplotlib_an_error_says_what_to_install():
    code = """
import sys
sys.modules["matplotlib"] = None
from sklearn_ctran.inspection import AveragePrecisionDisplay, TrainingCurveDisplay
display = TrainingCurveDisplay([{"train_loss": 1.0}])
for draw in (display.plot, lambda: AveragePrecisionDisplay.from_predictions([[1, 0]], [[0.5, 0]])):
    try:
        draw()
    except ImportError as error:
        print(error)
"""
    lines = run(code).splitlines()
    assert len(lines) == 2
    assert all('pip install "sklearn-ctran[plot]"' in line for line in lines)


def test_names_that_are_there_and_others():
    assert set(DISPLAYS) <= set(dir(inspection))
    with pytest.raises(AttributeError, match="has no attribute 'Display'"):
        _ = inspection.Display


@pytest.mark.parametrize("name", DISPLAYS)
def test_the_convention_of_scikit_learn(name):
    kind = getattr(inspection, name)
    assert inspect.signature(kind.plot).parameters["ax"].default is None
    makers = [key for key in vars(kind) if key.startswith("from_")]
    assert makers
    for maker in makers:
        assert "ax" in inspect.signature(getattr(kind, maker)).parameters
        text = getattr(kind, maker).__doc__
        assert "{" not in text.replace("{0: 1}", "").replace('{"', "") and "Returns" in text
    for attribute in ("ax_ :", "figure_ :"):
        assert attribute in kind.__doc__


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_texts_have_the_colour_of_the_style(plt, scored, style):
    import matplotlib.text
    from matplotlib.colors import to_rgb

    y, score, names = scored(6)
    photos = np.zeros((60, 8, 8), dtype=np.uint8)
    with plt.style.context(style):
        displays = [
            inspection.AveragePrecisionDisplay.from_predictions(y, score, label_names=names),
            inspection.LabelPrecisionRecallDisplay.from_predictions(y, score),
            inspection.ReliabilityDisplay.from_predictions(y, score),
            inspection.ContactSheetDisplay.from_predictions(photos, y, y, n_photos=3),
            inspection.LabelMapDisplay.from_embeddings(score.T, names, method="pca"),
            inspection.TrainingCurveDisplay([{"train_loss": 1.0}]).plot(),
        ]
        background = np.array(to_rgb(plt.rcParams["figure.facecolor"]))
        for display in displays:
            display.figure_.draw_without_rendering()
            for text in display.figure_.findobj(matplotlib.text.Text):
                if text.get_text() and text.get_text() not in "✓✗○":
                    assert np.abs(np.array(to_rgb(text.get_color())) - background).max() > 0.5


def test_axes_of_ones_own_are_used(plt, scored):
    y, score, _ = scored(6)
    figure, axes = plt.subplots(1, 2, layout="constrained")
    display = inspection.AveragePrecisionDisplay.from_predictions(y, score, ax=axes[1])
    assert display.ax_ is axes[1] and display.figure_ is figure
    panels = inspection.LabelPrecisionRecallDisplay.from_predictions(y, score, ax=axes[0])
    assert panels.ax_ is axes[0] and panels.figure_ is figure
    part = plt.figure(layout="constrained").subfigures(1, 2)[1]
    for draw in (
        inspection.LabelPrecisionRecallDisplay.from_predictions,
        lambda *data, ax: inspection.LabelMapDisplay.from_embeddings(y.T, range(6), ax=ax),
    ):
        assert draw(y, score, ax=part.subplots()).figure_ is part
    free = plt.figure().add_axes([0.1, 0.1, 0.5, 0.5])
    panels = inspection.LabelPrecisionRecallDisplay.from_predictions(y, score, ax=free)
    for panel in panels.axes_.values():
        box = panel.get_position()
        assert box.x0 >= 0.1 and box.x1 <= 0.6 + 1e-6 and box.y1 <= 0.6 + 1e-6


def test_shortened_names_stay_different():
    names = ["short", "the same beginning one", "the same beginning two", "a $ and $ more"]
    texts = shortened(names, 14)
    assert texts[0] == "short" and texts[3] == r"a \$ and \$ more"
    assert all(len(text.replace("\\", "")) <= 14 for text in texts)
    assert len(set(shortened([f"aaaaaaaaaaaaa{i}aaaaaaaaaaaa" for i in range(9)], 9))) == 9
    assert shortened(["two\nlines"], 20) == ["two lines"]


def test_many_series_look_different():
    looks = {
        (style["color"], str(style["linestyle"]), style["marker"])
        for style in map(series_style, range(40))
    }
    assert len(looks) == 40 and len(COLOURS) == 7


def test_which_labels_are_chosen():
    order, names = [2, 0, 1], ["a", "b", "c"]
    assert chosen(order, names, None, "auto", 2) == [2, 0]
    assert chosen(order, names, None, "auto", 0) == [2]
    assert chosen(order, names, None, 1, 3) == [2]
    assert chosen(order, names, ["b", "a"], 1, 1) == [1, 0]
    with pytest.raises(ValueError, match="labels is empty"):
        chosen(order, names, [], 1, 1)


@pytest.mark.parametrize("wrong", ["figure", "array of axes"])
def test_what_is_no_axes_is_refused(wrong):
    plt = pytest.importorskip("matplotlib.pyplot")
    figure, axes = plt.subplots(1, 2)
    display = inspection.KnownLabelDisplay([0.0, 0.5], {"C-Tran": [0.5, 0.6]})
    with pytest.raises(TypeError, match=r"ax must be one matplotlib Axes, got (Figure|ndarray)"):
        display.plot(ax=figure if wrong == "figure" else axes)
    assert display.plot(ax=axes[1]).ax_ is axes[1]
    plt.close(figure)
