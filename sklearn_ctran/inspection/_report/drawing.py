"""Pictures inside the page: displays as SVG, photos as small JPEG files."""

import base64
import io
import re

from PIL import Image

from sklearn_ctran.inspection._displays.canvas import import_pyplot

#: A colour that no picture has. It becomes that of the page's texts, light or dark.
_INK = "#010203"
_LOOK = {
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor"), _INK),
    **dict.fromkeys(("xtick.color", "ytick.color", "legend.edgecolor"), _INK),
    **dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), "none"),
    "svg.fonttype": "none",  # Texts stay texts: they can be found, read aloud and copied.
    "svg.hashsalt": "sklearn-ctran",
    "axes.spines.top": False,
    "axes.spines.right": False,
}
#: Nothing about time and software, and no address.
_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))
#: Longest side of a photo in pixels, and quality of its JPEG file.
THUMBNAIL, _QUALITY = 240, 80


def draw(plot, size, key):
    """What ``plot(ax)`` draws as an SVG element; `size` in inches, `key` unique in the page."""
    import_pyplot()
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # The page does not look like the user's other pictures.
        matplotlib.rcParams.update(_LOOK)
        figure = Figure(figsize=size, layout="constrained")
        plot(figure.add_subplot())
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata=_METADATA)
    return _for_page(buffer.getvalue(), key)


def _for_page(svg, key):
    """An SVG file as an element of a page, in which no two have the same id."""
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{key}-', svg)
    svg = re.sub(r'href="#', f'href="#{key}-', svg).replace("url(#", f"url(#{key}-")
    # As wide as it was drawn where there is room, and no wider.
    tag, end, rest = svg.partition(">")
    tag = re.sub(r' height="[^"]*"', "", tag)
    tag = re.sub(r' width="([^"]*)"', r' style="max-width: \1"', tag)
    svg = tag + end + rest
    return svg.replace(_INK, "currentColor")


def thumbnail(picture):
    """A picture (height, width, 3), uint8, as a data address of a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
